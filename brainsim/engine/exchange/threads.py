"""The exchange of spikes between threads, which share memory: a barrier at the end of each slice."""

import numpy as np

from brainsim.engine.exchange.barrier import SPINS, abort, clear_barrier, new_barrier, wait_for_all, zeros_at_line
from brainsim.engine.loop.program import ABANDONED, CONTINUE, Operator, Phase
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, by_address, record_at


def whole_lines(size):
    """Return a number of int32 numbers that fills whole cache lines."""
    return -(-max(size, 1) // 16) * 16


class Exchange:
    """How the partitions of a simulation learn of each other's spikes. Subclasses override `calls` and `exchange`.

    Parameters
    ----------
    layout : Layout
    capacity : int
        The largest number of spikes of a partition in a slice.
    slice_steps : int

    Attributes
    ----------
    written : ndarray of int32
        (partitions of this process, 2, capacity) the spikes of the last two slices, by global index.
    written_ends : ndarray of int32
        (partitions of this process, 2, steps * groups) where the spikes of each step and group end.
    written_lags : ndarray of float64 or None
        How long before the end of its step each of these spikes was [ms], if they have such times.
    spikes, ends, lags : ndarray of int32, and of float64 or None
        (lists, 2, ...) what all partitions read, in the order of the lists; here the same arrays.
    """

    def __init__(self, layout, capacity, slice_steps):
        shape = (len(layout.own), 2)
        # whole cache lines, so that threads do not share one
        room, ends = whole_lines(capacity), whole_lines(slice_steps * len(layout.groups))
        self.written, self.written_ends = zeros_at_line((*shape, room), np.int32), zeros_at_line((*shape, ends), np.int32)
        self.spikes, self.ends = self.written, self.written_ends
        self.lags = self.written_lags = zeros_at_line((*shape, room), np.float64) if layout.within_steps else None

    def written_fields(self, index):
        """Return the columns that a partition of this process writes."""
        found = {"spikes": self.written, "ends": self.written_ends}
        if self.written_lags is not None:
            found["lags"] = self.written_lags
        return {name: column[index].reshape(-1) for name, column in found.items()}

    def read_fields(self):
        """Return the fields of a record with which the spikes of a slice are read."""
        return {
            "all_spikes": self.spikes.reshape(-1),
            "all_ends": self.ends.reshape(-1),
            "lists": self.spikes.shape[0],
            "list_room": self.spikes.shape[2],  # for one slice
            "ends_room": self.ends.shape[2],
            **({} if self.lags is None else {"all_lags": self.lags.reshape(-1)}),
        }

    def carry(self, ring, stretches):
        """Let numbers that cells give travel with the spikes; here all partitions read them where they are written.

        Each row of the `ring` (rows, columns) holds what was given for one step. ``stretches(partitions)`` returns what some
        partitions write, int64 (stretches, 3): the first column, how many there are, and how many rows they lag behind.
        """

    def calls(self, partition):
        """Return the calls in the phase EXCHANGE of a partition, as `Operator.calls` does."""
        return []

    def exchange(self, partition):
        """Exchange the spikes of a slice that has ended, after one of the calls returned EXCHANGED."""

    def reset(self):
        """Go back to before the first slice."""

    def abort(self):
        """Let every partition that waits give up."""


class Threads(Exchange):
    """Partitions in threads of one process: each writes its own lists and reads those of all."""

    def __init__(self, layout, capacity, slice_steps):
        super().__init__(layout, capacity, slice_steps)
        self.barrier = new_barrier(len(layout.own))
        self._context = Context(barrier=self.barrier)

    def calls(self, partition):
        """Return the call that waits for the others, if there are any."""
        return [(Phase.EXCHANGE, 0, wait, self._context)] if self.spikes.shape[0] > 1 else []

    def reset(self):
        """Go back to before the first slice."""
        clear_barrier(self.barrier)

    def abort(self):
        """Let every partition that waits give up."""
        abort(self.barrier)


@by_address
def wait(threads_, progress_):
    """Wait until all partitions have finished this slice; return ABANDONED if one of them failed."""
    threads, p = record_at(threads_), record_at(progress_)
    if wait_for_all(array_of(threads.barrier), p.partition, p.partitions, p.generation, SPINS):
        return CONTINUE
    return ABANDONED


class EndOfSlice(Operator):
    """What a partition does when a slice ends: the part of the exchange that is compiled."""

    def __init__(self, partition):
        self._calls = partition.shared.exchange.calls(partition)

    @classmethod
    def build(cls, partition):
        """Return the operator, even if the exchange has nothing to call."""
        return cls(partition)

    def calls(self):
        """Return what the exchange calls."""
        return self._calls


@helper
def row_of(record, step, delay):
    """Return where the row of a ring begins that holds what was given some steps ago."""
    return ((step - delay) % record.depth) * record.width
