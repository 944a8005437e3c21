"""The style sheet, colours and legends, and names as pictures show them."""

import functools
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import is_color_like, to_hex, to_rgb

from brainsim.results.colours import PALETTE, REST, colour

__all__ = ["DARK", "FAINT", "LUMA", "PALETTE", "REST", "colour", "ink", "legend_above", "shades", "style"]

MAX_COLUMNS = 8  # of a legend
FAINT = "#9a9a9a"  # thresholds, scale bars
NEURON, MACHINE = PALETTE[0], PALETTE[1]  # spiking and artificial networks, in pictures that compare them
LUMA, DARK = np.array([0.299, 0.587, 0.114]), 0.35  # weights of red, green and blue in the lightness of a colour, 0 to 1


@contextmanager
def style() -> Iterator[None]:
    """Return a context manager under which figures get the look of brainsim.

    It changes only the settings in its style sheet and restores them on exit. The first figure under it may choose a backend
    and turn on interactive plotting, as in a notebook; that stays.

    Examples
    --------
    >>> import brainsim as bs, matplotlib.pyplot as plt
    >>> spikes = bs.Spikes([10.0, 20.0, 150.0], [0, 1, 0], n=2, duration=200.0, name="cells")
    >>> with bs.plot.style():  # doctest: +SKIP
    ...     figure, ax = plt.subplots()
    ...     bs.plot.raster(spikes, ax=ax)
    """
    before = {key: matplotlib.rcParams[key] for key in _sheet()}
    matplotlib.rcParams.update(_sheet())
    try:
        yield
    finally:
        matplotlib.rcParams.update(before)


@functools.cache
def _sheet():
    sheet = Path(__file__).parents[1] / "brainsim.mplstyle"  # matplotlib finds it as brainsim.plot.brainsim
    return dict(matplotlib.rc_params_from_file(sheet, use_default_template=False))


def ink(base):
    """Return a colour for labels of what is drawn in `base`: a little darker, since letters are thin."""
    return to_hex(0.78 * np.array(to_rgb(base)))


def legend_above(ax, count, entries=None):
    """Put a legend of `count` lines above the axes, where it covers nothing; `entries` are (line, text), by default all.

    They are side by side as far as the width of the axes allows.
    """
    columns, room = min(count, MAX_COLUMNS), ax.get_window_extent().width
    while (excess := _legend(ax, columns, entries).get_window_extent().width / max(room, 1.0)) > 1.0 and columns > 1:
        columns = max(min(columns - 1, int(columns / excess)), 1)


def _legend(ax, columns, entries):
    return ax.legend(
        *(zip(*entries, strict=True) if entries else ()),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        borderaxespad=0.2,
        ncols=columns,
        fontsize="small",
        handlelength=1.2,
        columnspacing=1.2,
    )


def shades(base, count):
    """Return `count` shades of `base`: itself, then darker and lighter ones, none so light that thin lines fade on white.

    The second one differs most: it is lighter if the colour is dark, and else darker.
    """
    rgb = np.array(to_rgb(base))
    dark = rgb @ LUMA < DARK
    mixes = ([0.0, 0.36, -0.45, 0.2, -0.25] if dark else [0.0, -0.45, 0.22, -0.25, -0.62])[: max(count, 1)]
    family = [to_hex(rgb * (1 + mix) if mix < 0 else rgb + (1 - rgb) * mix) for mix in mixes]
    return [family[k % len(family)] for k in range(count)]


def choose_colours(colours, count, label, parts):
    """Return a list of at least `count` colours, given one for all or a list; `label` and `parts` are for messages."""
    if is_color_like(colours):
        return [colours] * count
    wanted = f"{label}: must be one colour or one for each of {count} {parts}"
    if isinstance(colours, (str, bytes)) or not hasattr(colours, "__iter__"):
        kind = ValueError if isinstance(colours, str) else TypeError
        raise kind(f"{wanted}, such as 'red', '#1a5ca6' or (0.1, 0.4, 0.7) (got {colours!r})")
    colours = list(colours)
    for one in colours:
        if not is_color_like(one):
            raise ValueError(f"{wanted}, such as 'red', '#1a5ca6' or (0.1, 0.4, 0.7) (got {one!r} among them)")
    if len(colours) < count:
        raise ValueError(f"{wanted} (got {len(colours)})")
    return colours


def choose_colour(colour, label):
    """Return a colour; raise ValueError if it is not one."""
    if not is_color_like(colour):
        raise ValueError(f"{label}: must be a colour, such as 'red', '#1a5ca6' or (0.1, 0.4, 0.7) (got {colour!r})")
    return colour


LONGEST = 28  # letters of a name at an axis or in a legend
WIDTH, LINES = 16, 2  # of a name in several lines


def shorten(name: str, longest: int = LONGEST) -> str:
    r"""Return a name for a label; a longer one loses letters of its middle, since ends such as numbers differ.

    Examples
    --------
    >>> shorten("inhibitory cells of the second layer, column 12")
    'inhibitory cells o…column 12'
    >>> shorten("cost $a$")  # matplotlib takes letters between two $ for mathematics, unless a backslash precedes them
    'cost \\$a\\$'
    """
    return _literal(_cut_middle(str(name), longest))


def wrap_name(name: str, width: int = WIDTH) -> str:
    r"""Return a name in at most two lines of `width` letters.

    Examples
    --------
    >>> wrap_name("inhibitory interneurons")
    'inhibitory\ninterneurons'
    """
    name = str(name)
    for longest in range(LINES * width, 0, -1):
        lines = textwrap.wrap(_cut_middle(name, longest), width)
        if len(lines) <= LINES:
            break
    return _literal("\n".join(lines))


def _cut_middle(name, longest):
    if len(name) <= longest:
        return name
    end = (longest - 1) // 3
    return name[: longest - 1 - end].rstrip() + "…" + name[len(name) - end :].lstrip()


def _literal(text):
    return text.replace("$", r"\$")
