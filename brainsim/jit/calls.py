"""Calls of compiled functions by address from compiled code: a network compiles only the functions that it uses."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def call_address(context, address, arguments):
    """Call the function at an address with a tuple of 64-bit integers and return a 64-bit integer.

    Addresses of arrays are passed as integers: on all processors that Numba supports, both use the same registers.
    """

    def generate(target, builder, signature, values):
        integer = ir.IntType(64)
        unpacked = [builder.extract_value(values[1], i) for i in range(len(signature.args[1]))]
        kind = ir.FunctionType(integer, [integer] * len(unpacked))
        return builder.call(builder.inttoptr(values[0], kind.as_pointer()), unpacked)

    return types.int64(types.int64, arguments), generate
