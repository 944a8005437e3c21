"""Memory that all ranks of an MPI run share, if they are on one machine: they exchange messages there without MPI.

A message is written to the slot of its rank, then the ranks wait for each other as threads do (`barrier`), and then each
reads the slots of all. There are two slots for each rank, used in turn: nobody writes to one before all have read it, since
they have waited for each other in between. So ranks leave the processor to others while they wait, as threads do, whatever
the MPI library: on two quiet processors an exchange of two ranks takes 0.4 microseconds, and 1.1 with MPICH; next to twenty
busy programs 23 and 1,400 at best (`benchmarks/exchange.py`).
"""

import numpy as np

from brainsim.engine.exchange.barrier import AMONG, LINE, PROCESSES, clear_barrier

WORDS = 1 << 14  # of a slot; the rest of a longer message goes through MPI
_segments: dict = {}  # handle of a communicator -> its Segment


class Segment:
    """What the ranks of a communicator share; they make it together.

    - `slots`: uint32, of all ranks, first those of even exchanges, then those of odd ones.
    - `exchanges`: int64, shape (1,): how many exchanges there were; each process counts them, over all its simulations.
    """

    def __init__(self, ranks):
        from mpi4py import MPI

        size, self.exchanges = ranks.size, np.zeros(1, np.int64)
        lines, slots = 8 * LINE * (size + 1), 4 * 2 * size * WORDS
        # whole, and at the beginning of a cache line, in the memory of rank 0
        self._window = MPI.Win.Allocate_shared(lines + slots + 64 if ranks.rank == 0 else 0, 1, comm=ranks.comm)
        memory = np.frombuffer(self._window.Shared_query(0)[0], np.uint8)
        memory = memory[-memory.ctypes.data % 64 :]
        self.barrier = memory[:lines].view(np.int64)
        self.slots = memory[lines:][:slots].view(np.uint32)
        if ranks.rank == 0:
            clear_barrier(self.barrier)
            self.barrier[-LINE + AMONG] = PROCESSES


def segment_of(ranks):
    """Return the Segment of some ranks, the same for each simulation; None if they cannot share memory."""
    from mpi4py import MPI

    if ranks.neighbours < ranks.size:
        return None
    key = MPI._handleof(ranks.comm)
    if key not in _segments:
        try:
            segment = Segment(ranks)
        except (MPI.Exception, OSError):  # e.g. a container without room for it
            segment = None
        _segments[key] = segment if all(ranks.all(segment is not None)) else None
    return _segments[key]
