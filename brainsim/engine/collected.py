"""What a simulation has recorded so far, in pieces: one for each call of `run` that recorded something."""

from dataclasses import dataclass, field

import numpy as np

from brainsim.engine.recording import sampled_steps


@dataclass
class Piece:
    """What one call of `run` has recorded.

    Attributes
    ----------
    traces : list of Recorded
    packed : list of ndarray of int64
        Spikes of each chunk, sorted: ``step << 32 | cell``.
    lags : list of ndarray of float64
        How long before the end of its step each spike was [ms]; empty if no spike has a time within its step.
    steps : list of ndarray of int64
        For each trace the steps at which it is sampled until the end of the piece.
    values : list of ndarray of float64
        For each trace the samples, (steps, cells).
    filled : list of int
        For each trace how many samples there are so far.
    """

    traces: list
    packed: list = field(default_factory=list)
    lags: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    values: list = field(default_factory=list)
    filled: list = field(default_factory=list)

    def whole(self):
        """Join the chunks, cut off the room that was not filled, and return the piece."""
        if len(self.packed) != 1:
            packed = [np.concatenate([np.empty(0, np.int64), *self.packed])]
            lags = [np.concatenate(self.lags)] if self.lags else []
            self.packed, self.lags = packed, lags
        self.steps = [steps[:n] for steps, n in zip(self.steps, self.filled, strict=True)]
        self.values = [values[:n] for values, n in zip(self.values, self.filled, strict=True)]
        return self


class Collected:
    """Spikes and samples of all partitions, from the start or the last reset.

    A chunk of a run counts when `commit` has returned: until then nothing of it is seen.

    Parameters
    ----------
    traces : list of Recorded
    spikes : bool
        Whether spikes are kept.
    lags : bool
        Whether spikes have times within their steps.
    """

    def __init__(self, traces, spikes, lags):
        self._traces, self._spikes, self._lags = traces, spikes, lags
        self.clear()

    def clear(self):
        """Forget everything."""
        self._pieces, self._first = [], None

    def copy(self):
        """Return a copy that goes on by itself; what is recorded already is shared."""
        new = Collected(self._traces, self._spikes, self._lags)
        new._pieces, new._first = list(self._pieces), self._first
        return new

    def emit(self, packed):
        """Take spikes at the time at which the simulation begins: they belong to its first piece."""
        self._first = packed if self._spikes and packed.size else None

    def begin(self, completed, stop):
        """Return a Piece with room for the samples of a run; `completed` is the last step that is sampled already."""
        piece = Piece(self._traces)
        for trace in self._traces:
            steps = sampled_steps(trace, completed, stop)
            piece.steps.append(steps)
            piece.values.append(np.empty((steps.size, trace.ids.size)))
            piece.filled.append(0)
        if self._first is not None:
            piece.packed.append(self._first)
            if self._lags:
                piece.lags.append(np.zeros(self._first.size))
        return piece

    def gather(self, piece, partitions, stop):
        """Copy the samples until `stop` into the room of the piece; return how many it then holds, spikes and lags."""
        taken = [partition.take_spikes() for partition in partitions]
        packed, lags = ([chunk for chunks in column for chunk in chunks] for column in zip(*taken, strict=True))
        if packed:
            packed = packed[0] if len(packed) == 1 else np.concatenate(packed)
            if self._lags:
                order = np.argsort(packed, kind="stable")
                packed, lags = packed[order], np.concatenate(lags)[order]
            else:
                packed.sort()
        filled = [self._sample(trace, number, piece, partitions, stop) for number, trace in enumerate(self._traces)]
        return filled, packed, lags

    def _sample(self, trace, number, piece, partitions, stop):
        begin = piece.filled[number]
        end = int(np.searchsorted(piece.steps[number], stop, side="right"))
        values = piece.values[number][begin:end]
        for partition in partitions:
            at, columns = partition.sample_places[number], partition.columns[number]
            samples = partition.recorder.samples[at : at + len(values) * columns.size]
            values[:, columns] = samples.reshape(len(values), columns.size)
        return end

    def commit(self, piece, filled, packed, lags):
        """Let a chunk that was gathered count."""
        if len(packed) and self._spikes:
            # first the lags: a spike without one would be taken for one at the end of its step
            if self._lags:
                piece.lags.append(lags)
            piece.packed.append(packed)
        piece.filled = filled

    def keep(self, piece):
        """Keep the piece of a run that has ended, also one that failed; its chunks are not joined yet."""
        if piece.packed or any(piece.filled):
            self._pieces.append(piece)
            self._first = None

    def all(self):
        """Return everything so far as one Piece, whose parts take the place of those it is made of."""
        if len(self._pieces) == 1:
            return self._pieces[0].whole()
        pieces = [piece.whole() for piece in self._pieces] or [self.begin(0, 0).whole()]
        columns = range(len(self._traces))
        joined = Piece(
            self._traces,
            [chunk for piece in pieces for chunk in piece.packed],
            [chunk for piece in pieces for chunk in piece.lags],
            [np.concatenate([piece.steps[k] for piece in pieces]) for k in columns],
            [np.concatenate([piece.values[k] for piece in pieces]) for k in columns],
            [sum(piece.filled[k] for piece in pieces) for k in columns],
        ).whole()
        if self._pieces:
            self._pieces = [joined]
        return joined
