"""What to type instead of a name that brainsim does not have: names that are alike, and the words of `words.txt`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

MAX_OFFERED = 3  # known names that are offered for an unknown one


@functools.cache
def words_of(thing: str) -> dict[str, str]:
    """Return word -> answer for a class, such as ``"Network"``, or a module, such as ``"bs.plot"``.

    Examples
    --------
    >>> words_of("bs")["gaussian"]
    'the distribution is bs.Normal(mean, sd)'
    """
    found: dict[str, str] = {}
    section, words = "", list[str]()
    for line in (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section, words = line.strip("[]"), []
        elif section == thing and line.startswith("    "):
            found |= {word: f"{found.get(word, '')} {line.strip()}".lstrip() for word in words}
        elif not line.startswith(" "):
            words = [_fold(word) for word in line.split()]
    return found


def answer(name: str, names: Sequence[str], thing: str) -> str:
    """Return a hint about an unknown name as the end of a sentence, empty if nothing is close.

    Parameters
    ----------
    name : str
        What was typed.
    names : sequence of str
        The names that exist.
    thing : str
        What was asked, as in `words_of`.

    Examples
    --------
    >>> answer("Gaussian", ["Normal", "Uniform"], "bs")
    '; the distribution is bs.Normal(mean, sd)'
    >>> answer("Unifrom", ["Normal", "Uniform"], "bs")
    "; did you mean 'Uniform'?"
    """
    import difflib

    folded = _fold(name)
    near = [known for known in names if _fold(known) == folded]
    if not near:
        if folded in words_of(thing):
            return f"; {words_of(thing)[folded]}"
        by_folded = {_fold(known): known for known in reversed(names)}
        near = [by_folded[word] for word in difflib.get_close_matches(folded, by_folded, n=MAX_OFFERED, cutoff=0.65)]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def _fold(word):
    return word.casefold().replace("_", "")


def answer_in(module: str, names: Sequence[str]) -> Callable[[str], Any]:
    """Return ``__getattr__`` of a public module such as ``"bs.plot"``: it answers names that are not among `names`."""

    def get(name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        hint = answer(name, names, module)
        raise AttributeError(f"{module} has no {name!r}{hint or f'; help({module}) lists what it has'}")

    return get


class Answering:
    """Base of classes that answer an unknown attribute with what was probably meant."""

    if not TYPE_CHECKING:  # editors and type checkers find unknown names themselves

        def __getattr__(self, name):
            kind = type(self).__name__
            if name.startswith("_"):  # what copy, pickle, NumPy and notebooks look for
                raise AttributeError(f"{kind!r} object has no attribute {name!r}")
            names = {*dir(self), *getattr(type(self), "__dataclass_fields__", ())}
            if name in names:  # a property that failed, or a field that is not set yet
                raise AttributeError(f"{kind}.{name}: cannot be read yet")
            hint = answer(name, sorted(known for known in names if not known.startswith("_")), kind)
            raise AttributeError(f"{kind} has no {name!r}{hint or f'; see help(bs.{kind})'}")
