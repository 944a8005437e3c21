"""What a point gives: figures, perhaps a whole Result, or an error; and how it is called, in whichever process."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.results.result import Result


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


def failed(parameters, error):
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
    except BaseException as error:  # noqa: BLE001 - whatever a user's function raises: the other points go on
        row = failed(parameters, error)
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
    """Return a number, a string, or an array of numbers."""
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
