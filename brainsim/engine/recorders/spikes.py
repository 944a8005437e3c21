"""Recording of spikes."""

import numpy as np

from brainsim.core.arrays import freeze
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.state import CELL, STEP_BITS
from brainsim.engine.time import times_of
from brainsim.results.result import Spikes


class SpikeRecorder(Recorder):
    """Keeps the spikes of all populations, or of chosen cells.

    A piece is a pair of lists of arrays: the spikes of each chunk, sorted, and their lags.

    Parameters
    ----------
    wanted : dict
        Name in the results -> (population, ids whose spikes are kept, None for all of them); empty if nothing is kept.
    lags : bool
        Whether spikes have times within their steps.
    """

    def __init__(self, wanted, lags):
        self.wanted, self._lags, self._first = wanted, lags, None

    def copy(self):
        """Return a copy; what is recorded already is shared."""
        new = SpikeRecorder(self.wanted, self._lags)
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
        """Return the spikes of the chunk and their lags."""
        return chunk.packed, chunk.lags

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
        if len(packed) != 1:
            packed = [np.concatenate([np.empty(0, np.int64), *packed])]
            lags = [np.concatenate(lags)] if lags else []
        return packed, lags

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
        return {"spikes": spikes_by_population(packed, lags, layout, self.wanted, start, stop)}


def spikes_by_population(packed, lags, layout, wanted, start, stop):
    """Split packed spikes (sorted) into Spikes of each wanted population; `lags` are before the ends of steps, or empty."""
    dt = layout.dt
    steps, cells = packed >> STEP_BITS, packed & CELL
    result = {}
    for label, (name, ids) in wanted.items():
        member, n = layout.members[name], layout.members[name].n
        mine = (cells >= member.first) & (cells < member.first + member.n) if len(layout.members) > 1 else slice(None)
        at, own, early = steps[mine], cells[mine] - member.first, lags[mine] if lags.size else None
        if ids is not None:
            places = np.full(n, -1)
            places[ids] = np.arange(len(ids))
            keep, n = places[own] >= 0, len(ids)
            at, own, early = at[keep], places[own[keep]], None if early is None else early[keep]
        times = freeze(_spike_times(at, early, dt))
        result[label] = Spikes(
            times, freeze(own), n=n, start=times_of(start, dt), duration=times_of(stop - start, dt), name=label
        )
    return result


def _spike_times(steps, lags, dt):
    """Return the times of spikes [ms]; rounding must not move a spike before the beginning of its step."""
    times = times_of(steps, dt)
    return times if lags is None else np.maximum(times - lags, times_of(steps - 1, dt))
