"""References to tuples: a compiled function hands a tuple of many arrays to others as one address.

Numba hands on a tuple of 45 arrays as 300 numbers, of which each function makes a tuple again. The optimiser removes all of
that, but not for nothing: with references, the kernel of exact and surrogate gradients compiles in 22 s of processor time
instead of 32 s, and is as fast.
"""

from brainsim.jit.decorators import intrinsic
from brainsim.jit.late import cgutils


@intrinsic
def refer(typing, values):
    """Return a reference to a copy of a named tuple, which lives as long as the function that calls this runs.

    `values` is the tuple or a reference to it. A function with large loops makes such a copy of what it is given: nobody
    else can write to it, so the addresses of arrays stay in registers.
    """
    from brainsim.jit.reference_type import Reference

    given = isinstance(values, Reference)

    def write(context, builder, signature, arguments):
        return cgutils.alloca_once_value(builder, builder.load(arguments[0]) if given else arguments[0])

    return Reference(values.of if given else values)(values), write
