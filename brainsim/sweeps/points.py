"""The points of a sweep, a grid of parameters, listed combinations and seeds, and what a point gives."""

from __future__ import annotations

import inspect
import itertools
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.core.checks import integer, nearest
from brainsim.results.result import Result


@dataclass(frozen=True)
class Axis:
    """Parameters that change together: one of `over`, all of `zip`, or the seed.

    `values` holds, for each position on the axis, a value for each name.
    """

    names: tuple[str, ...]
    values: list[tuple]

    @property
    def name(self) -> str:
        """The name of the axis in arrays."""
        return "+".join(self.names)


def axes_of(over: Any, zipped: Any, seeds: Any) -> list[Axis]:
    """Return the axes of a sweep, the seeds last."""
    over = _check_lists("over", {} if over is None else over)
    zipped = _check_lists("zip", {} if zipped is None else zipped)
    axes = [Axis((name,), [(value,) for value in values]) for name, values in over.items()]
    if zipped:
        sizes = {name: len(values) for name, values in zipped.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"sweep.zip: lists must be equally long (got {sizes})")
        axes.append(Axis(tuple(zipped), list(zip(*zipped.values(), strict=True))))
    if seeds is not None:
        axes.append(Axis(("seed",), [(seed,) for seed in _check_seeds(seeds)]))
    names = [name for axis in axes for name in axis.names]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"sweep: {name!r} is given twice, in over=, zip= or as the seed of seeds=")
    if not axes:
        raise ValueError("sweep.over: name at least one parameter to vary, such as over={'g': [4.0, 5.0]}, or give seeds=5")
    return axes


def points_of(axes: list[Axis]) -> list[dict[str, Any]]:
    """Return the arguments of each point, in the order of nested loops: the last axis changes fastest."""
    return [
        {
            name: value
            for axis, chosen in zip(axes, values, strict=True)
            for name, value in zip(axis.names, chosen, strict=True)
        }
        for values in itertools.product(*(axis.values for axis in axes))
    ]


def check_function(function: Any, names: Sequence[str]) -> None:
    """Raise TypeError if a function cannot be called with these arguments alone."""
    if not callable(function):
        raise TypeError(f"sweep.function: must be a function of {', '.join(names)} (got {function!r})")
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions of C have no signature
        return
    label = getattr(function, "__name__", type(function).__name__)
    kinds = inspect.Parameter
    takes_all = any(parameter.kind is kinds.VAR_KEYWORD for parameter in parameters.values())
    known = [name for name, p in parameters.items() if p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)]
    unknown = [name for name in names if name not in known and not takes_all]
    if unknown:
        raise TypeError(f"sweep.function: {label}() has no argument {unknown[0]!r}{nearest(unknown[0], known)}")
    needed = [
        name
        for name, p in parameters.items()
        if p.default is kinds.empty and p.kind not in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD) and name not in names
    ]
    if needed:
        hint = "give seeds=5" if needed[0] == "seed" else f"give it in over=, as in over={{{needed[0]!r}: [1.0]}}"
        raise TypeError(f"sweep.function: {label}() also needs {needed[0]!r}; {hint}, or a default")


def _check_lists(field, given):
    """Return a dict name -> list of plain values."""
    if not isinstance(given, Mapping):
        raise TypeError(f"sweep.{field}: must be a dict such as {{'g': [4.0, 5.0]}} (got {given!r})")
    lists = {}
    for name, values in given.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"sweep.{field}: names of arguments must be strings such as 'g' (got {name!r})")
        if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__iter__"):
            raise TypeError(f"sweep.{field}[{name!r}]: must be a list of values (got {values!r}); write [{values!r}]")
        lists[name] = [value.item() if isinstance(value, np.generic) else value for value in values]
        if not lists[name]:
            raise ValueError(f"sweep.{field}[{name!r}]: must have at least one value")
    return lists


def _check_seeds(seeds):
    if isinstance(seeds, int | np.integer) and not isinstance(seeds, bool):
        return list(range(integer(seeds, "sweep.seeds", at_least=1)))
    if isinstance(seeds, str) or not hasattr(seeds, "__iter__"):
        raise TypeError(f"sweep.seeds: must be how many, or a list of seeds (got {seeds!r})")
    found = [integer(seed, "sweep.seeds", at_least=0) for seed in seeds]
    if not found:
        raise ValueError("sweep.seeds: must have at least one seed")
    return found


def describe_point(parameters: Mapping[str, Any], most: int = 60) -> str:
    """Return how a message names a point: its parameters, with values shortened to `most` letters."""
    texts = {name: repr(value) for name, value in parameters.items()}
    return ", ".join(f"{name}={text if len(text) <= most else text[: most - 3] + '...'}" for name, text in texts.items())


@dataclass
class Row:
    """One point of a sweep.

    Attributes
    ----------
    parameters : dict
        What the function was called with.
    values : dict of str to number, text or array
        What it returned; empty if it failed.
    error : str or None
        The last line of the traceback if it failed.
    traceback : str or None
        All of it.
    seconds : float
        How long it took.
    result : Result or None
        The whole result, with ``keep="result"``.
    is_result : bool
        Whether the function returned a Result, kept or not.
    """

    parameters: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    traceback: str | None = None
    seconds: float = 0.0
    result: Result | None = None
    is_result: bool = False


def failed_row(parameters, error):
    """Return the row of a point that failed with an error."""
    said = f"{type(error).__name__}: {error}".removesuffix(": ")
    return Row(parameters, error=said, traceback="".join(traceback.format_exception(error)))


def outcome(function, index, parameters, keep):
    """Return the index of a point and its row; an exception becomes a row, too, and so does an exit."""
    start = time.perf_counter()
    row = Row(parameters)
    try:
        returned = function(**parameters)
        row.values = figures_of(returned)
        row.is_result = isinstance(returned, Result)
        if keep == "result" and row.is_result:
            row.result = returned
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a user's function raises: the other points continue
        row = failed_row(parameters, error)
    row.seconds = time.perf_counter() - start
    return index, row


def figures_of(returned):
    """Return what a function returned as a dict of figures."""
    if isinstance(returned, Result):
        found = {}
        for name, spikes in returned.spikes.items():
            found |= {f"rate {name}": spikes.rate(), f"CV {name}": spikes.cv(), f"synchrony {name}": spikes.synchrony()}
        return found
    if not isinstance(returned, dict):
        returned = {"value": returned}
    return {str(name): _figure(name, value) for name, value in returned.items()}


def _figure(name, value):
    if value is None or isinstance(value, bool | int | float | str):
        return value
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biufcU":
        raise TypeError(
            f"sweep.function: must return a number, a dict of numbers and arrays, or a Result "
            f"(got a {type(value).__name__} as {name!r})"
        )
    return array.item() if array.ndim == 0 and array.dtype.kind != "c" else array
