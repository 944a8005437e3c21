"""Words of the processor that Numba has not: loads and stores that other threads see in order, and prefetching."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def publish(context, array, index, value):
    """Store `value` so that all that was written before is seen by who loads it with `observe`."""

    def generate(target, builder, signature, arguments):
        pointer = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        builder.store_atomic(arguments[2], pointer, "release", 8)
        return target.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def observe(context, array, index):
    """Load a number that another thread may write."""

    def generate(target, builder, signature, arguments):
        pointer = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(array, types.intp), generate


@intrinsic
def fence(context):
    """Let all threads agree that what was stored before came before what is loaded behind."""

    def generate(target, builder, signature, arguments):
        builder.fence("seq_cst")
        return target.get_dummy_value()

    return types.void(), generate


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
