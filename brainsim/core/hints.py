"""What to type instead of a name that brainsim does not have: names that are alike, and the words of `words.txt`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

T = TypeVar("T")

MAX_OFFERED = 3  # known names that are offered for an unknown one


@functools.cache
def words_of(thing: str) -> dict[str, str]:
    """Return word -> answer for a class, such as ``"Network"``, a module, such as ``"bs.plot"``, or the arguments of a call.

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
        elif thing in section.split() and line.startswith("    "):
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
        if said := word(name, names, thing):
            return said
        by_folded = {_fold(known): known for known in reversed(names)}
        near = [by_folded[word] for word in difflib.get_close_matches(folded, by_folded, n=MAX_OFFERED, cutoff=0.65)]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def word(name: str, names: Sequence[str], thing: str) -> str:
    """Return what `words.txt` says about an unknown name, as the end of a sentence, empty if it says nothing.

    Examples
    --------
    >>> word("E_L", ["v_rest", "v_th"], "Neuron")
    "; did you mean 'v_rest'?"
    """
    said = words_of(thing).get(_fold(name), "")
    if said.startswith("="):  # another word for a name that this thing may have
        return f"; did you mean {said[2:]!r}?" if said[2:] in names else ""
    return f"; {said}" if said else ""


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


def answers_calls(thing: T) -> T:
    """Decorate a public function, or a class with its public methods: a call with a wrong argument says which to type.

    The call itself is left to Python, so a right one costs no check.
    """
    if not isinstance(thing, type):
        return cast(T, _answering(thing))
    for name, value in list(vars(thing).items()):
        if inspect.isfunction(value) and (name == "__init__" or not name.startswith("_")):
            setattr(thing, name, _answering(value))
        elif isinstance(value, classmethod):
            setattr(thing, name, classmethod(_answering(value.__func__)))
    return thing


def _answering(function):
    @functools.wraps(function)
    def call(*args, **given):
        try:
            return function(*args, **given)
        except TypeError as error:
            fault = _fault_of_call(function, args, given)
            if not fault:
                raise
            raise TypeError(fault).with_traceback(error.__traceback__.tb_next) from None

    return call


def _fault_of_call(function, args, given):
    """Return what is wrong with the arguments of a call: one that is unknown or missing, or too many without a name."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return ""
    names = [p.name for p in parameters if not p.name.startswith("_") and p.name not in ("self", "cls")]
    label = function.__qualname__.removesuffix(".__init__")
    for name in given:
        if name not in names:
            listed = f"available: {', '.join(names)}"
            hint = answer(name, names, label) or f"; {words_of(label).get('*', listed)}"
            return f"{label}: there is no argument {name!r}{hint}"
    first = [p.name for p in parameters if p.kind != p.KEYWORD_ONLY]
    if len(args) <= len(first):
        needed = [
            p.name for p in parameters if p.default is p.empty and p.name not in given and p.name not in first[: len(args)]
        ]
        said = words_of(label).get("*", "")
        return f"{label}: {needed[0]} is missing; {said}" if needed and said else ""
    extra, free = args[len(first)], [name for name in names if name not in first and name not in given]
    few = ", ".join(f"{name}=..." for name in free[:3])
    if first in ([], ["self"], ["cls"]):
        return f"{label}: arguments are given by name: {label}({free[0]}={extra!r})"
    allowed = ", ".join(name for name in first if name in names)
    return f"{label}: only {allowed} may be given without a name; write {label}(..., {few})"
