"""How the partitions of a run wait for each other: a barrier written here instead of OpenMP's.

Each partition writes the number of the slice it has finished, and the processor it is on, and waits until all others have
written theirs. It looks again and again, since the others are mostly a microsecond away; after a while it sleeps until the
partition that it waits for wakes it:

- Without looking, CUBA takes 0.25 s per second instead of 0.06, since waking takes 20 microseconds and a slice 3.
- Without sleeping, a partition keeps what it waits for from running, if there are more threads than processors or other
  programs; and the system leaves two threads that never sleep on one processor for up to a second.
- If both are on one processor, looking is useless, and a partition sleeps immediately; else two threads that start on one
  processor stay there, and take 0.15. (A sandbox may give wrong numbers: that costs time, nothing else.)
- Systems other than Linux have no sleep from which another thread wakes: there it offers the processor, later naps.
- Offering the processor (``sched_yield``) gives it to other programs for 3 milliseconds if they want it: CUBA takes 0.15
  instead of 0.10 next to one.

CUBA with two threads on two cores of a Xeon takes 0.06 s per second alone, 0.10 next to a program that never rests, 0.12
next to two of them, 0.10 next to another such run; with four threads 0.12, with eight 0.23 (`benchmarks/neighbours.py`).

No ``parallel=True`` anywhere: it compiles slowly, and Numba's layers do not let us choose how to wait.
"""

import ctypes
import platform
import sys

import numpy as np

from brainsim.jit.decorators import External, helper
from brainsim.jit.intrinsics import fence, observe, publish

LINE = 8  # int64 numbers in a cache line: one for each partition
# offsets in it: the last slice it finished, whether it may sleep, its processor
FINISHED, ASLEEP, PROCESSOR = range(3)
# in the line after those of all partitions: whether the run is aborted, the longest sleep, seconds and nanoseconds, and
# whether those who wait are threads of one process, or several processes that share the memory
ABORT, TIMEOUT, AMONG = 0, 1, 3
ABORTED = np.int64(-1)
SPINS = 20_000  # looks before a sleep: 8 microseconds
OFFERS = 1000  # if a thread cannot be woken: how often it offers its processor before it naps
SLEEP = 5_000_000  # nanoseconds: the longest sleep, after which an abort is noticed
# of the system's clock: 20 microseconds, or on Windows 1 millisecond, the shortest there is
NAP = 1 if sys.platform == "win32" else 20

# Linux: number of the system call `futex`, 0 elsewhere
FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), 0) if sys.platform == "linux" else 0
FUTEX_WAIT, FUTEX_WAKE, EVERYBODY = 0, 1, 1 << 30
THREADS, PROCESSES = 128, 0  # what is added to both: among threads of one process the system need not look who shares memory


def _system_function(name, windows_name):
    """Return the address of a function of the C library, or of Windows."""
    if sys.platform == "win32":
        return ctypes.cast(getattr(ctypes.windll.kernel32, windows_name), ctypes.c_void_p).value
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value


if FUTEX:
    _system = External("system", "int64(int64, int64, int64, int64, int64)", _system_function("syscall", ""))
    _processor = External("processor", "int32()", _system_function("sched_getcpu", ""))
else:
    _nap = External("nap", "int32(uint32)", _system_function("usleep", "Sleep"))
    _offer = External("offer", "int32()", _system_function("sched_yield", "SwitchToThread"))


@helper
def wait_for_all(barrier, partition, partitions, generation, spins):
    """Publish that `partition` has finished slice `generation`, wait for the others; return False if the run is aborted."""
    mine, common = np.intp(partition * LINE), np.intp(partitions * LINE)
    here = _processor_of(partition)
    publish(barrier, mine + PROCESSOR, here)
    publish(barrier, mine, np.int64(generation))
    if FUTEX:
        _wake(barrier, partition, partitions)
    for other in range(partitions):
        theirs, looks, waits = np.intp(other * LINE), 0, 0
        while observe(barrier, theirs) < generation:
            looks += 1
            if observe(barrier, theirs + PROCESSOR) != here and looks <= spins:
                continue
            if observe(barrier, common + ABORT) == ABORTED:
                return False
            waits += 1
            _sleep(barrier, mine, theirs, common, generation, waits)
            here = _processor_of(partition)
            publish(barrier, mine + PROCESSOR, here)
    return True


@helper
def _processor_of(partition):
    """Return the number of the processor that this thread is on; if it is not known, a different one for each thread."""
    number = _processor() if FUTEX else -1
    return np.int64(number) if number >= 0 else np.int64(-2 - partition)


@helper
def _sleep(barrier, mine, theirs, common, generation, waits):
    """Sleep until the partition that is waited for wakes this one; if that is impossible, offer the processor, later nap."""
    if FUTEX:
        # a publisher then looks for sleepers, a sleeper then looks at the counter: one of them sees the other
        publish(barrier, mine + ASLEEP, np.int64(1))
        fence()
        seen = observe(barrier, theirs)
        if seen < generation:
            # the system looks once more, at the lower half of the counter, before it lets the thread sleep
            at, longest = barrier.ctypes.data + 8 * theirs, barrier.ctypes.data + 8 * (common + TIMEOUT)
            _system(FUTEX, at, FUTEX_WAIT + observe(barrier, common + AMONG), seen & 0xFFFFFFFF, longest)
        publish(barrier, mine + ASLEEP, np.int64(0))
    elif waits <= OFFERS:
        _offer()
    else:
        _nap(np.uint32(NAP))


@helper
def _wake(barrier, partition, partitions):
    """Wake the partitions that may sleep until this one has finished its slice."""
    fence()
    asleep = np.int64(0)
    for other in range(partitions):
        asleep += observe(barrier, np.intp(other * LINE + ASLEEP))
    if asleep > 0:
        operation = FUTEX_WAKE + observe(barrier, np.intp(partitions * LINE + AMONG))
        _system(FUTEX, barrier.ctypes.data + 8 * np.int64(partition * LINE), operation, EVERYBODY, 0)


def new_barrier(partitions):
    """Return the shared array of a barrier: a line for each partition and a common one."""
    barrier = zeros_at_line((partitions + 1) * LINE, np.int64)
    clear_barrier(barrier)
    return barrier


def zeros_at_line(shape, kind):
    """Return an array of zeros that begins at a cache line, so that threads do not write to the same one."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    room = np.zeros(size + 64, np.uint8)
    return room[-room.ctypes.data % 64 :][:size].view(kind).reshape(shape)


def clear_barrier(barrier):
    """Go back to before the first slice."""
    barrier[:] = 0
    barrier[PROCESSOR:-LINE:LINE] = -1
    barrier[-LINE + TIMEOUT :][:3] = 0, SLEEP, THREADS


def abort(barrier):
    """Let every partition that waits give up; called when one of them failed."""
    barrier[-LINE + ABORT] = ABORTED
