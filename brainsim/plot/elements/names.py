"""Names that users chose, as pictures show them: not too long, and as they were typed."""

import textwrap

LONGEST = 28  # letters of a name at an axis or in a legend
WIDTH, LINES = 16, 2  # of a name in several lines


def shown(name: str, longest: int = LONGEST) -> str:
    r"""Return a name for a label; a longer one loses letters of its middle, since ends such as numbers differ.

    Examples
    --------
    >>> shown("inhibitory cells of the second layer, column 12")
    'inhibitory cells o…column 12'
    >>> shown("cost $a$")  # matplotlib takes letters between two $ for mathematics, unless a backslash precedes them
    'cost \\$a\\$'
    """
    return _literal(_shortened(str(name), longest))


def wrapped(name: str, width: int = WIDTH) -> str:
    r"""Return a name in at most two lines of `width` letters.

    Examples
    --------
    >>> wrapped("inhibitory interneurons")
    'inhibitory\ninterneurons'
    """
    name = str(name)
    for longest in range(LINES * width, 0, -1):
        lines = textwrap.wrap(_shortened(name, longest), width)
        if len(lines) <= LINES:
            break
    return _literal("\n".join(lines))


def _shortened(name, longest):
    if len(name) <= longest:
        return name
    end = (longest - 1) // 3
    return name[: longest - 1 - end].rstrip() + "…" + name[len(name) - end :].lstrip()


def _literal(text):
    return text.replace("$", r"\$")
