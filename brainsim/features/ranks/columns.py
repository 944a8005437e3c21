"""The columns of the ranks of an MPI run as those of one process.

A spike, an event, the samples of a cell and those of a synapse are in the columns of the rank that had the cell; sums over
cells are in those of rank 0.
"""

from __future__ import annotations

import numpy as np

from brainsim.core.arrays import freeze, places_among
from brainsim.core.deferred import defer
from brainsim.results.streams import columns as columns_module
from brainsim.results.streams.columns import Columns, Row
from brainsim.results.traces import Traces
from brainsim.results.weights import Weights

STEP_BITS = np.int64(32)


class ColumnsOfRanks(Columns):
    """Rows of the columns of all ranks of a run, which are put together when they are looked at."""

    def __init__(self, parts: list[Columns]):
        first = parts[0]
        super().__init__(first.header, {}, {}, first.start, first.stop)
        self.parts = parts

    def _blocks(self, names):
        """Yield steps, cells and lags of all ranks in blocks of whole steps, in the order of time and cell."""
        columns = [[part.arrays.get(name) for name in names] for part in self.parts]
        done, sizes = [0] * len(columns), [len(steps) for steps, *_ in columns]
        while done != sizes:
            # up to the step that the rank with the densest spikes reaches in a block
            reached = [
                steps[min(begin + columns_module.BLOCK, len(steps)) - 1]
                for (steps, *_), begin in zip(columns, done, strict=True)
                if begin < len(steps)
            ]
            until = int(min(reached))
            ends = [int(np.searchsorted(steps, until, side="right")) for steps, *_ in columns]
            found = []
            for part in range(len(names)):
                arrays = [of[part] for of in columns]
                some = [a[b:e] for a, b, e in zip(arrays, done, ends, strict=True) if a is not None]
                found.append(np.concatenate(some) if some else None)
            done, (steps, cells, lags) = ends, found
            order = np.argsort(steps.astype(np.int64) << STEP_BITS | cells.astype(np.int64), kind="stable")
            yield steps[order], cells[order], None if lags is None else lags[order]

    def traces(self, row: Row) -> Traces:
        """Return the Traces of a row of the header, whose values are read when they are looked at."""
        label, variable, ids = row["label"], row["variable"], freeze(np.asarray(row["ids"], np.int64))
        here = self._with_samples(row)
        times = freeze(here[0][0].sample_times(row)) if here else np.empty(0)
        known = {"name": label, "variable": variable, "unit": row["unit"], "times": times, "ids": ids}
        return defer(Traces, lambda: Traces(**known, values=freeze(self.samples(row, 0, times.size))), **known)

    def samples(self, row: Row, start: int, stop: int) -> np.ndarray:
        """Return the samples of a row of the header, from one number to another."""
        values = np.empty((stop - start, len(row["ids"])))
        for part, at in self._with_samples(row):
            some = part.arrays[row["column"]][start:stop]
            values[:, at] = some.reshape(len(some), at.size)
        return values

    def _with_samples(self, row):
        """Return (columns, which cells of the row) of the ranks that have any."""
        k = _index(self.header["traces"], row)
        cells = [(part, np.asarray(part.header["traces"][k]["at"], np.int64)) for part in self.parts]
        return [(part, at) for part, at in cells if at.size]

    def weights(self, row: Row) -> Weights:
        """Return the Weights of a row of the header."""
        k = _index(self.header["weights"], row)
        rows = [part.header["weights"][k] for part in self.parts]
        found = [part.weights(mine) for part, mine in zip(self.parts, rows, strict=True)]
        where = [np.concatenate([np.asarray(mine[name], np.int64) for mine in rows]) for name in ("synapses", "pre", "post")]
        order = places_among(np.asarray(row["wanted"], np.int64), where[0])
        values = np.concatenate([some.values for some in found], axis=1)[:, order]
        one = found[0]
        counts = sum(np.asarray(some.counts) for some in found)
        synapses, pre, post = (of[order] for of in where)
        return Weights(one.name, one.variable, one.unit, one.times, synapses, pre, post, values, one.edges, counts)


def _index(rows, row):
    """Return the index of a row of the header; its arrays are not compared."""
    return next(k for k, other in enumerate(rows) if other is row)
