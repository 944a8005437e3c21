"""How the partitions of a run wait for each other: a barrier of our own instead of OpenMP's.

Each partition writes the number of the slice it has finished and waits until all others have written theirs, in three
stages. It spins, since the others are mostly a microsecond away; then it offers its processor to whoever wants it between
two looks; then it naps, which leaves its core to a thread that another program keeps from running. With spinning and naps
alone, one of two cores taken by another program made CUBA, with slices of 5 microseconds, 15 to 30 times slower; with offers
it takes twice its time with one thread. Offering must outlast a nap of 60 microseconds: otherwise two threads that wait for
each other's naps go on napping for ever.

The system leaves two threads that only offer on one core for up to a second, as nobody seems to wait; it looks for a free
core when one wakes up. So after a few dozen waits in a row that took an offer, a thread naps once.

No ``parallel=True`` anywhere: it compiles slowly, and Numba's layers cannot be told how to wait.
"""

import ctypes
import sys

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from brainsim.numbers.jit import helper

LINE = 8  # int64 numbers in a cache line: each partition's counter has its own
SPINS = 20_000  # 8 microseconds
OFFERS = 1000  # 0.5 milliseconds
PATIENCE = 32  # waits in a row that took an offer
# of the system's clock: 20 microseconds, or on Windows 1 millisecond, the shortest there is
NAP = 1 if sys.platform == "win32" else 20
ABORTED = np.int64(-1)


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


@intrinsic
def _publish(context, array, index, value):
    """Store `value` so that all that was written before is seen by who loads it with `_observe`."""

    def generate(target, builder, signature, arguments):
        pointer = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        builder.store_atomic(arguments[2], pointer, "release", 8)
        return target.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def _observe(context, array, index):
    """Load a number that another thread may write."""

    def generate(target, builder, signature, arguments):
        pointer = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(array, types.intp), generate


@intrinsic
def prefetch(context, array, index):
    """Ask for the cache line of an element that will be read soon; harmless for any index."""

    def generate(target, builder, signature, arguments):
        pointer = builder.bitcast(
            _element(target, builder, signature.args[0], arguments[0], arguments[1]), ir.IntType(8).as_pointer()
        )
        number = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [pointer.type, number, number, number]), "llvm.prefetch.p0"
        )
        # read, keep in all cache levels, data
        builder.call(function, [pointer, number(0), number(3), number(1)])
        return target.get_dummy_value()

    return types.void(array, types.intp), generate


def _element(target, builder, kind, array, index):
    return builder.gep(target.make_array(kind)(target, builder, array).data, [index])


@helper
def wait_for_all(finished, partition, partitions, generation, spins):
    """Publish that `partition` has finished slice `generation`, wait for the others; return False if the run is aborted."""
    mine = np.intp(partition * LINE)
    _publish(finished, mine, np.int64(generation))
    looks = 0
    for other in range(partitions):
        while _observe(finished, np.intp(other * LINE)) < generation:
            looks += 1
            if looks <= spins:
                continue
            if looks <= spins + OFFERS:
                _offer()
            else:
                if _observe(finished, np.intp(partitions * LINE)) == ABORTED:
                    return False
                _nap(np.uint32(NAP))
    finished[mine + 1] = finished[mine + 1] + 1 if looks > spins else 0
    if finished[mine + 1] > PATIENCE:
        finished[mine + 1] = 0
        _nap(np.uint32(NAP))
    return True


def new_barrier(partitions):
    """Return the shared array of a barrier: a counter for each partition and one for an abort."""
    return np.zeros((partitions + 1) * LINE, dtype=np.int64)


def abort(barrier):
    """Let every partition that waits give up; called where one of them failed."""
    barrier[-LINE] = ABORTED
