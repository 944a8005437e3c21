"""What a stream consists of: spikes and samples as columns of numbers, and a header that says what they mean.

A spike is a step (u4) and the index of the cell in the network (u4): 8 bytes. From them, and from the header, follow the
`Spikes` of each population. A sample is a row of float64, and its time follows from the interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.arrays import freeze, times_of
from brainsim.core.deferred import defer
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from brainsim.results.traces import Traces
    from brainsim.results.weights import Weights

BLOCK = 1 << 20  # rows that are converted at once
STEPS, CELLS, LAGS = "spikes.step.u4", "spikes.cell.u4", "spikes.lag.f8"

# other events have separate columns: their row has the beginning of the names, "of"
Row = dict[str, Any]  # of the header: what is recorded of one population, or one variable


def column(name: str, kind: str, width: int = 1) -> Row:
    """Return the description of a column; `kind` is a type of NumPy with its byte order."""
    return {"name": name, "kind": kind, "width": width}


def columns_of(row: Row) -> tuple[str, str, str]:
    """Return the names of the columns with the steps, cells and lags of a row of spikes or other events."""
    of = row.get("of", "spikes")
    return f"{of}.step.u4", f"{of}.cell.u4", f"{of}.lag.f8"


def window(row: Row, start: int, stop: int) -> tuple[int, int]:
    """Return the steps at which a row of a recording from `start` to `stop` begins and ends, by the row's own limits."""
    begin = start if row["start"] is None else min(max(start, row["start"]), stop)
    return begin, stop if row["stop"] is None else max(min(stop, row["stop"]), begin)


def belonging(row: Row, steps: np.ndarray, cells: np.ndarray) -> tuple[Any, np.ndarray]:
    """Return which spikes belong to a row, as a mask or a slice, and the ids that these cells have there.

    The row has ``first`` and ``n``, the cells of the population in the network; ``ids``, those that are kept, None for all;
    ``alone``, whether the network has no other population; ``start`` and ``stop``, the steps (start, stop] that are kept, or
    None. `cells` are cells in the network.
    """
    first, n = row["first"], row["n"]
    mine: Any = slice(None) if row["alone"] else (cells >= first) & (cells < first + n)
    if row["start"] is not None or row["stop"] is not None:
        low, high = -1 if row["start"] is None else row["start"], math.inf if row["stop"] is None else row["stop"]
        inside = (steps > low) & (steps <= high)
        mine = inside if row["alone"] else mine & inside
    own = cells[mine].astype(np.int64) - first
    if row["ids"] is None:
        return mine, own
    places = np.full(n, -1)
    places[row["ids"]] = np.arange(len(row["ids"]))
    ids = places[own]
    kept = ids >= 0
    at = np.arange(cells.size)[mine][kept]
    return at, ids[kept]


def spike_times(steps: np.ndarray, lags: np.ndarray | None, dt: float) -> np.ndarray:
    """Return the times of spikes [ms], from which `spike_steps` has the steps back.

    A spike is later than the beginning of its step, be it by the last bit: a cell that is above its threshold there, because
    somebody has written its state, fires at once, and the run before has told all spikes until then.
    """
    steps = steps.astype(np.int64, copy=False)
    times = times_of(steps, dt)
    return times if lags is None else np.maximum(times - lags, times_of(steps - 1, dt) + np.spacing(times))


def spike_steps(times: np.ndarray, dt: float) -> np.ndarray:
    """Return the step of each spike of `spike_times`: the first that does not end before it."""
    steps = np.ceil(times / dt).astype(np.int64)
    steps += times > times_of(steps, dt)  # by the rounding of the quotient
    return steps - (times <= times_of(steps - 1, dt))


def cells_of(row: Row) -> int:
    """Return how many cells a row has."""
    return row["n"] if row["ids"] is None else len(row["ids"])


def sampled_steps(row: Row, completed: int, rows: range) -> np.ndarray:
    """Return the steps of some samples of a trace, by number; `completed` is the last step before the first of all."""
    first = max(completed + 1, row["start"] or 0)
    return (-(-first // row["every"]) * row["every"]) + row["every"] * np.arange(rows.start, rows.stop)


def count_samples(row: Row, completed: int, stop: int) -> int:
    """Return how many samples of a trace are after `completed`, -1 before step 0, and not after `stop`."""
    first = -(-max(completed + 1, row["start"] or 0) // row["every"]) * row["every"]
    last = stop if row["stop"] is None else min(stop, row["stop"])
    return max((last - first) // row["every"] + 1, 0)


class Columns:
    """Rows of the columns of a log, as arrays, which may be mapped from files, for the steps `start` to `stop`.

    `first` leads from the name of a column to the number of the first of these rows.
    """

    def __init__(self, header: Row, arrays: dict[str, np.ndarray], first: dict[str, int], start: int, stop: int):
        self.header, self.arrays, self.start, self.stop = header, arrays, start, stop
        self._first = first

    def lookups(self) -> dict[str, dict]:
        """Return spikes, traces and weights by their keys, made when they are looked at, and the numbers of cells."""
        spikes = {row["label"]: self._later(row) for row in self.header["spikes"]}
        traces = {(row["label"], row["variable"]): self.traces(row) for row in self.header["traces"]}
        weights = {(row["projection"], row["variable"]): self.weights(row) for row in self.header["weights"]}
        sizes = {row["label"]: cells_of(row) for row in self.header["spikes"]}
        return {"spikes": spikes, "traces": traces, "weights": weights, "sizes": sizes}

    def _later(self, row):
        """Return the Spikes of a row, which are read when they are looked at."""
        (duration, start), name = self.span(row), row["label"]
        return defer(Spikes, partial(self.spikes, row), n=cells_of(row), duration=duration, start=start, name=name)

    def spikes(self, row: Row) -> Spikes:
        """Return the Spikes of a row of the header."""
        blocks = [(times, ids) for _, times, ids in self.spike_blocks([row])]
        times = np.concatenate([np.empty(0), *(times for times, _ in blocks)])
        ids = np.concatenate([np.empty(0, np.int64), *(ids for _, ids in blocks)])
        return Spikes(freeze(times), freeze(ids), cells_of(row), *self.span(row), row["label"])

    def span(self, row: Row) -> tuple[float, float]:
        """Return the duration and the start of the recording of a row [ms]."""
        begin, end = window(row, self.start, self.stop)
        return float(times_of(end - begin, self.header["dt"])), float(times_of(begin, self.header["dt"]))

    def spike_blocks(self, rows: list[Row]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield (index in `rows`, times, ids) in the order of time, never more than a block at once."""
        dt = self.header["dt"]
        for k, row, steps, cells, lags in self._parts(rows):
            mine, ids = belonging(row, steps, cells)
            if ids.size:
                yield k, spike_times(steps[mine], None if lags is None else lags[mine], dt), ids

    def _parts(self, rows):
        """Yield (index in `rows`, row, steps, cells, lags or None) for each block of the columns, and each row in it."""
        groups: dict[tuple, list] = {}
        for k, row in enumerate(rows):
            groups.setdefault(columns_of(row), []).append((k, row))
        for names, some in groups.items():
            for blocks in self._blocks(names):
                yield from ((k, row, *blocks) for k, row in some)

    def _blocks(self, names):
        """Yield blocks of columns of spikes in the order of time, with None for a column that does not exist."""
        arrays = [self.arrays.get(name) for name in names]
        for begin in range(0, len(arrays[0]), BLOCK):
            yield [None if array is None else array[begin : begin + BLOCK] for array in arrays]

    def counts(self, rows: list[Row]) -> list[int]:
        """Return how many spikes each row has."""
        found = [0] * len(rows)
        for k, row, steps, cells, _ in self._parts(rows):
            found[k] += belonging(row, steps, cells)[1].size
        return found

    def traces(self, row: Row) -> Traces:
        """Return the Traces of a row of the header; the values stay where they are."""
        from brainsim.results.traces import Traces

        ids, times = np.asarray(row["ids"], np.int64), freeze(self.sample_times(row))
        values = self.arrays[row["column"]].reshape(times.size, ids.size)
        return Traces(row["label"], row["variable"], row["unit"], times, ids, values)

    def sample_times(self, row: Row) -> np.ndarray:
        """Return the times of the samples of a row of the header [ms]."""
        first, n = self._first.get(row["column"], 0), len(self.arrays[row["column"]])
        return times_of(sampled_steps(row, self.header["completed"], range(first, first + n)), self.header["dt"])

    def samples(self, row: Row, start: int, stop: int) -> np.ndarray:
        """Return the samples of a row of the header, from one number to another."""
        return self.arrays[row["column"]][start:stop].reshape(-1, len(row["ids"]))

    def weights(self, row: Row) -> Weights:
        """Return the Weights of a row of the header."""
        from brainsim.results.weights import Weights

        name = row["column"]
        steps, values, counts = (self.arrays.get(f"{name}.{part}") for part in ("step.i8", "value.f8", "count.i8"))
        assert steps is not None
        samples = len(steps)
        shape = samples, max(len(row["edges"]) - 1, 0)
        return Weights(
            row["projection"],
            row["variable"],
            row["unit"],
            times_of(np.asarray(steps), self.header["dt"]),
            row["synapses"],
            row["pre"],
            row["post"],
            np.empty((samples, 0)) if values is None else values.reshape(samples, len(row["synapses"])),
            row["edges"],
            np.empty(shape, np.int64) if counts is None else counts.reshape(shape),
        )
