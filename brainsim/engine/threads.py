"""How the partitions of a run wait for each other: a barrier of our own instead of OpenMP's.

Each partition writes the number of the slice it has finished and waits until all others have written theirs, in three
stages. It spins, since the others are mostly a microsecond away; then it offers its processor to whoever wants it between
two looks; then it sleeps until it is woken by the partition that it waits for. All three are needed:

- Spinning alone keeps a thread of ours from running where there are more threads than processors, and sleeping alone costs
  ten microseconds, three times a slice of CUBA.
- An offer takes half a microsecond where only threads of ours want the processor. Where another program does, that program
  keeps it for up to three milliseconds. A thread whose offer took long makes none for a while.
- Of threads that only offer the system thinks that all are busy, and leaves two of them on one core for up to a second; it
  looks for a free core when one wakes up. So after a few dozen waits in a row that took an offer, a thread sleeps.

Slices of 3, 30 and 150 microseconds on two cores of which two other programs want a part: 4, 96 and 240 microseconds with
two threads. Offers without a limit took 7, 850 and 2,500; with four threads the ratio was 10 to 30.

No ``parallel=True`` anywhere: it compiles slowly, and Numba's layers cannot be told how to wait.
"""

import ctypes
import platform
import sys

import llvmlite.binding as llvm
import numpy as np
from numba import types

from brainsim.engine.atoms import fence, observe, publish
from brainsim.engine.clock import TICK, ticks
from brainsim.numbers.jit import helper

LINE = 8  # int64 numbers in a cache line: each partition has one of its own
# places in it; behind them two numbers for the clock. The line behind those of all partitions: aborted, longest sleep
FINISHED, ASLEEP, OFFERED, WARY, CLOCK = range(5)
ABORTED = np.int64(-1)
SPINS = 20_000  # 8 microseconds
OFFERS = 1000  # 0.5 milliseconds
SLOW = np.int64(5e-5 / TICK)  # an offer that took so many ticks was taken by another program
PATIENCE, CAUTION = 32, 2000  # waits in a row that took an offer; waits without offers after a slow one
SLEEP = 5_000_000  # nanoseconds: the longest sleep, after which an abort is noticed
# of the system's clock, where a thread cannot be woken: 20 microseconds, or on Windows 1 millisecond, the shortest there is
NAP = 1 if sys.platform == "win32" else 20

# Linux: number of the system call `futex`, 0 elsewhere
FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), 0) if sys.platform == "linux" else 0
FUTEX_WAIT, FUTEX_WAKE, EVERYBODY = 128, 129, 1 << 30  # among threads of this process


def _system_function(name, windows_name):
    """Return the address of a function of the C library, or of Windows."""
    if sys.platform == "win32":
        return ctypes.cast(getattr(ctypes.windll.kernel32, windows_name), ctypes.c_void_p).value
    return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value


# symbols instead of addresses in the code: an address would be wrong in the next process that loads it from the cache
llvm.add_symbol("brainsim_nap", _system_function("usleep", "Sleep"))
llvm.add_symbol("brainsim_offer", _system_function("sched_yield", "SwitchToThread"))
_nap = types.ExternalFunction("brainsim_nap", types.int32(types.uint32))
_offer = types.ExternalFunction("brainsim_offer", types.int32())
if FUTEX:
    llvm.add_symbol("brainsim_system", _system_function("syscall", ""))
    _system = types.ExternalFunction("brainsim_system", types.int64(*[types.int64] * 5))


@helper
def wait_for_all(barrier, partition, partitions, generation, spins):
    """Publish that `partition` has finished slice `generation`, wait for the others; return False if the run is aborted."""
    mine, common = np.intp(partition * LINE), np.intp(partitions * LINE)
    publish(barrier, mine, np.int64(generation))
    if FUTEX:
        _wake(barrier, partition, partitions)
    offers = OFFERS if barrier[mine + WARY] == 0 and barrier[mine + OFFERED] < PATIENCE else 0
    looks = 0
    for other in range(partitions):
        theirs = np.intp(other * LINE)
        while observe(barrier, theirs) < generation:
            looks += 1
            if looks <= spins:
                continue
            if looks <= spins + offers:
                offers = _offered(barrier, mine, offers)
            elif observe(barrier, common) == ABORTED:
                return False
            else:
                _sleep(barrier, mine, theirs, common, generation)
    offered = looks > spins and offers > 0
    barrier[mine + OFFERED] = barrier[mine + OFFERED] + 1 if offered else 0
    barrier[mine + WARY] = max(barrier[mine + WARY] - 1, 0)
    return True


@helper
def _offered(barrier, mine, offers):
    """Offer the processor; return how many offers may be made in this wait, from now on none if this one took long."""
    clock = barrier[mine + CLOCK :]
    began = ticks(clock)
    _offer()
    if ticks(clock) - began < SLOW:
        return offers
    barrier[mine + WARY] = CAUTION
    return 0


@helper
def _sleep(barrier, mine, theirs, common, generation):
    """Sleep until the partition that is waited for wakes this one."""
    if FUTEX:
        # who publishes looks for sleepers afterwards, who sleeps looks at the counter afterwards: one of them sees the other
        publish(barrier, mine + ASLEEP, np.int64(1))
        fence()
        seen = observe(barrier, theirs)
        if seen < generation:
            # the system looks once more, at the lower half of the counter, before it lets the thread sleep
            at, longest = barrier.ctypes.data + 8 * theirs, barrier.ctypes.data + 8 * (common + 1)
            _system(FUTEX, at, FUTEX_WAIT, seen & 0xFFFFFFFF, longest)
        publish(barrier, mine + ASLEEP, np.int64(0))
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
        _system(FUTEX, barrier.ctypes.data + 8 * np.int64(partition * LINE), FUTEX_WAKE, EVERYBODY, 0)


def new_barrier(partitions):
    """Return the shared array of a barrier: a line for each partition and a common one."""
    barrier = np.zeros((partitions + 1) * LINE, dtype=np.int64)
    barrier[-LINE + 1 : -LINE + 3] = 0, SLEEP  # seconds and nanoseconds
    return barrier


def abort(barrier):
    """Let every partition that waits give up; called where one of them failed."""
    barrier[-LINE] = ABORTED
