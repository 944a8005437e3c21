"""Recording of spikes."""

from itertools import zip_longest

import numpy as np

from brainsim.core.arrays import freeze, times_of
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.wanted import kept_cells
from brainsim.engine.states.state import CELL, STEP_BITS
from brainsim.results.result import Spikes
from brainsim.results.streams.columns import CELLS, LAGS, STEPS, belonging, cells_of, column, spike_times, window


class SpikeRecorder(Recorder):
    """Keeps the spikes of all populations, or of chosen cells.

    A piece is a pair of lists of arrays: the spikes of each chunk, sorted, and their lags.

    Parameters
    ----------
    wanted : list of dict
        What is kept, see `wanted_spikes`; empty if nothing is.
    lags : bool
        Whether spikes have times within their steps.
    n_cells : int
        Number of cells of the network.
    """

    def __init__(self, wanted, lags, n_cells):
        self.wanted, self._lags, self._n, self._first = wanted, lags, n_cells, None
        self._kept = kept_cells(wanted, n_cells)

    def copy(self):
        """Return a copy; what is recorded already is shared."""
        new = SpikeRecorder(self.wanted, self._lags, self._n)
        new._first = self._first
        return new

    def clear(self, packed):
        """Forget everything, and take spikes at the time at which the simulation begins: they belong to its first piece."""
        self._first = packed if packed is not None and packed.size and self.wanted else None

    def begin(self, completed, stop):
        """Return a piece, with the spikes at the beginning of the simulation if it is the first one."""
        if self._first is None:
            return [], []
        return [self._first], [np.zeros(self._first.size)] if self._lags else []

    def kept(self):
        """Note that the piece with the first spikes is kept."""
        self._first = None

    def gather(self, piece, chunk):
        """Return the spikes of the chunk that are kept, and their lags."""
        if self._kept is None or not chunk.packed.size:
            return chunk.packed, chunk.lags
        low, high = self._kept
        steps, cells = chunk.packed >> STEP_BITS, chunk.packed & CELL
        kept = (steps > low[cells]) & (steps <= high[cells])
        return chunk.packed[kept], chunk.lags[kept] if self._lags else chunk.lags

    def commit(self, piece, gathered):
        """Add the spikes of a chunk."""
        packed, lags = gathered
        if packed.size and self.wanted:
            # first the lags: a spike without a lag would count as one at the end of its step
            if self._lags:
                piece[1].append(lags)
            piece[0].append(packed)

    def joined(self, pieces):
        """Return all spikes in one array."""
        packed, lags = ([chunk for piece in pieces for chunk in piece[k]] for k in (0, 1))
        if len(packed) > 1:
            packed, lags = [np.concatenate(packed)], [np.concatenate(lags)] if lags else []
        return packed or [np.empty(0, np.int64)], lags

    def gathered(self, piece, layout):
        """Return the spikes of all ranks, sorted, on rank 0."""
        packed, lags = layout.ranks.gathered(piece[0][0]), layout.ranks.gathered(piece[1][0] if piece[1] else np.empty(0))
        if packed is None:
            return piece
        packed, lags = np.concatenate(packed), np.concatenate(lags)
        order = np.argsort(packed, kind="stable")
        return [packed[order]], [lags[order]] if lags.size else []

    def result(self, piece, layout, start, stop):
        """Return the Spikes of each wanted population."""
        packed, lags = piece[0][0], piece[1][0] if piece[1] else np.empty(0)
        steps, cells = packed >> STEP_BITS, packed & CELL
        return {"spikes": {row["label"]: _spikes(row, steps, cells, lags, layout.dt, start, stop) for row in self.wanted}}

    def latest(self, pieces, layout, start, stop):
        """Return the Spikes of each wanted population after a step."""
        first, packed, lags = np.int64(start + 1) << STEP_BITS, [], []
        chunks = [chunk for piece in pieces for chunk in zip_longest(*piece)]  # without lags, None stands for them
        for steps_and_cells, of_chunk in reversed(chunks):
            since = np.searchsorted(steps_and_cells, first)
            packed.insert(0, steps_and_cells[since:])
            if of_chunk is not None:
                lags.insert(0, of_chunk[since:])
            if since:  # all earlier chunks are before the first step
                break
        return self.result(self.joined([(packed, lags)]), layout, start, stop)

    def columns(self, piece):
        """Return the columns of a stream: the step and the cell of each spike, and its lag if there are any."""
        columns = [column(STEPS, "<u4"), column(CELLS, "<u4"), *([column(LAGS, "<f8")] if self._lags else [])]
        rows = [row | {"ids": None if row["ids"] is None else np.asarray(row["ids"]).tolist()} for row in self.wanted]
        return {"columns": columns if rows else [], "spikes": rows}

    def rows(self, piece):
        """Return the spikes of a piece, by column."""
        (packed,), lags = self.joined([piece])
        rows = {STEPS: (packed >> STEP_BITS).astype("<u4"), CELLS: packed.astype("<u4")}
        return rows | ({LAGS: lags[0] if lags else np.empty(0)} if self._lags else {})


def _spikes(row, steps, cells, lags, dt, start, stop):
    """Return the Spikes of a row."""
    mine, ids = belonging(row, steps, cells)
    times = spike_times(steps[mine], lags[mine] if lags.size else None, dt)
    begin, end = window(row, start, stop)
    return Spikes(freeze(times), freeze(ids), cells_of(row), times_of(end - begin, dt), times_of(begin, dt), row["label"])
