"""Docstrings that are put together, so that what several functions explain alike is written once."""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from brainsim.core.doors import to_install

PARAMETERS = "Parameters\n----------\n"
ORDER = ("Parameters", "Returns", "Raises", "Notes", "Examples", "References")
_SECTION = re.compile(r"^(?=[A-Z][\w ]*\n-{3,}$)", re.MULTILINE)
_ENTRY = re.compile(r"\n(?=\S)")

Function = TypeVar("Function", bound=Callable[..., Any])


def sections_of(text: str) -> list[str]:
    """Return the description of a docstring, and its sections, without the empty lines between them."""
    return [part.strip("\n") for part in _SECTION.split(inspect.cleandoc(text))]


def explain_by(shared: Mapping[str, str], *sections: str) -> Callable[[Function], Function]:
    """Return a decorator that completes the docstring of a function.

    Parameters
    ----------
    shared : dict
        Argument -> its entry in the list of parameters; added for arguments that the docstring does not explain.
    *sections : str
        Sections that are added unless the docstring has one of this name.
    """

    def complete(function: Function) -> Function:
        if function.__doc__:
            description, *parts = sections_of(function.__doc__)
            found = {part.partition("\n")[0]: part for part in (*sections, *parts)}
            listed = _list_arguments(inspect.unwrap(function), found.get("Parameters", ""), shared)
            found |= {"Parameters": PARAMETERS + listed} if listed else {}
            names = [*(name for name in ORDER if name in found), *(name for name in found if name not in ORDER)]
            function.__doc__ = "\n\n".join([description, *(found[name] for name in names)])
        return function

    return complete


def needs(module: str) -> Callable[[Function], Function]:
    """Return a decorator that says in a docstring which package a function needs, and how it is installed.

    It stands before the examples. A plain run loads a dozen of such functions, so it does not take the docstring apart.
    """
    lines = ("Raises", "------", "ImportError", f"    Without {module}: ``{to_install(module)}``.")

    def complete(function: Function) -> Function:
        if function.__doc__:
            before, examples, after = function.__doc__.partition("Examples\n")
            indent = before[before.rfind("\n") + 1 :] if examples or before[-1:] == " " else ""
            section = f"\n{indent}".join(lines)
            function.__doc__ = f"{before.rstrip()}\n\n{indent}{section}\n\n{indent}{examples}{after}"
        return function

    return complete


def explanations_of(text: str) -> dict[str, str]:
    r"""Return argument -> what the list of parameters of a docstring says about it, in one line.

    Examples
    --------
    >>> explanations_of("Do it.\n\nParameters\n----------\na, b : float\n    How much [mV].")
    {'a': 'How much [mV].', 'b': 'How much [mV].'}
    """
    section = next((part for part in sections_of(text) if part.startswith(PARAMETERS)), PARAMETERS)
    entries = _ENTRY.split(section.removeprefix(PARAMETERS))
    return {name: " ".join(entry.partition("\n")[2].split()) for entry in entries for name in _names(entry)}


def _names(entry):
    return re.split(r", \*?", entry.partition(" :")[0].partition("\n")[0])


def _list_arguments(function, section, shared):
    """Return the entries of a list of parameters, with those that are shared, in the order of the signature."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    entries = _ENTRY.split(section.removeprefix(PARAMETERS)) if section else []
    known = {name: entry for entry in entries for name in _names(entry)}
    entries += [shared[name] for name in names if name in shared and name not in known]
    first = [re.match(r"\w+", entry) for entry in entries]
    places = [names.index(found[0]) if found and found[0] in names else len(names) for found in first]
    return "\n".join(entry for _, _, entry in sorted(zip(places, range(len(entries)), entries, strict=True)))
