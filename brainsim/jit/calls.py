"""Calling compiled functions by address from compiled code: what a network does not use is then not compiled."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def call_address(context, address, arguments):
    """Call the function at an address with a tuple of 64-bit numbers and return a 64-bit number.

    Addresses of arrays are passed as numbers: on all processors that Numba runs on, both travel in the same registers.
    """

    def generate(target, builder, signature, values):
        number = ir.IntType(64)
        given = [builder.extract_value(values[1], i) for i in range(len(signature.args[1]))]
        kind = ir.FunctionType(number, [number] * len(given))
        return builder.call(builder.inttoptr(values[0], kind.as_pointer()), given)

    return types.int64(types.int64, arguments), generate
