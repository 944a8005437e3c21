"""Options of training: how each one is checked, and what it means, said once for all networks that learn.

A class has an option if its constructor has an argument of this name, with a default value of its own. Options that mean the
same in all classes also have their text here: in the docstring of a class, an entry of names without a type, such as

    batch, epochs, patience
        Options of training.

becomes the entries of these options.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from brainsim.core.checks import integer, number
from brainsim.core.machine import MAX_THREADS

WIDTH = 114  # letters of a line of a docstring, without the indentation
ENTRY = re.compile(r"^( *)(\w+(?:, \w+)*)\n\1    Options of training\.\n", re.MULTILINE)


class Option(NamedTuple):
    """An option: its check, which takes a value and the label of messages, and its type and text in docstrings."""

    check: Callable[[Any, str], Any]
    kind: str = ""
    text: str = ""


def share(value: Any, label: str) -> float:
    """Return a number from 0 to below 1, or raise ValueError with `label` in the message."""
    value = number(value, label, at_least=0.0)
    if value >= 1.0:
        raise ValueError(f"{label}: must be below 1 (got {value})")
    return value


def at_least_1(value: Any, label: str) -> int:
    """Return a whole number of 1 or more, or raise TypeError or ValueError."""
    return integer(value, label, at_least=1)


OPTIONS: dict[str, Option] = {
    "learning_rate": Option(lambda value, label: number(value, label, above=0.0)),
    "batch": Option(at_least_1, "int", "Samples between two steps of the weights."),
    "epochs": Option(at_least_1, "int", "Largest number of passes over the training data."),
    "patience": Option(at_least_1, "int", "Number of epochs without a smaller validation loss after which training stops."),
    "validation": Option(
        share,
        "float",
        "Share of the training data used for validation, from 0 to below 1: the weights with the smallest validation loss "
        "are kept. 0 trains on everything, for all epochs.",
    ),
    "clip": Option(
        lambda value, label: number(value, label, at_least=0.0),
        "float",
        "Longest gradient of a batch, >= 0; longer ones are shortened. 0 for no limit.",
    ),
    "seed": Option(lambda value, label: integer(value, label, at_least=0)),
    "threads": Option(
        lambda value, label: integer(value, label, at_least=1, at_most=MAX_THREADS),
        "int",
        "Threads that share the samples of a batch; it does not change the bits.",
    ),
}


def checked(options: Mapping[str, Option], given: Mapping[str, Any], label: str) -> dict[str, Any]:
    """Return the values of all options that are given, checked one by one; `label` is the class in messages.

    Examples
    --------
    >>> checked(OPTIONS, {"batch": 8.0, "hidden": 3}, "MLP")
    {'batch': 8}
    """
    return {name: option.check(given[name], f"{label}.{name}") for name, option in options.items() if name in given}


def with_texts(docstring: str | None) -> str | None:
    r"""Return the docstring of a class with the entries of its options.

    Examples
    --------
    >>> print(with_texts("epochs, batch\n    Options of training.\n"), end="")
    epochs : int
        Largest number of passes over the training data.
    batch : int
        Samples between two steps of the weights.
    """
    return docstring and ENTRY.sub(_entries, docstring)


def _entries(found):
    indent, names = found.groups()
    lines = []
    for name in names.split(", "):
        lines += [f"{name} : {OPTIONS[name].kind}", *(f"    {line}" for line in textwrap.wrap(OPTIONS[name].text, WIDTH))]
    return "".join(f"{indent}{line}\n" for line in lines)
