"""Intrinsics missing from Numba: ordered loads and stores, prefetching, and calling compiled functions by address.

What is called by address is compiled on its own, so that what a network does not use is neither compiled nor loaded.
"""

from brainsim.jit.decorators import intrinsic
from brainsim.jit.late import arrayobj, cgutils, ir, types


@intrinsic
def publish(context, array, index, value):
    """Store `value`; a thread that loads it with `observe` then also sees everything that was written before."""

    def generate(target, builder, signature, arguments):
        pointer = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        builder.store_atomic(arguments[2], pointer, "release", 8)
        return target.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def observe(context, array, index):
    """Load a number that another thread may have stored with `publish`."""

    def generate(target, builder, signature, arguments):
        pointer = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        return builder.load_atomic(pointer, "acquire", 8)

    return types.int64(array, types.intp), generate


@intrinsic
def fence(context):
    """Make all threads see the stores before the fence ahead of the loads after it."""

    def generate(target, builder, signature, arguments):
        builder.fence("seq_cst")
        return target.get_dummy_value()

    return types.void(), generate


@intrinsic
def wide_vectors(context):
    """Let the function that calls this be written with vectors of 512 bits, on processors where this is worthwhile.

    On processors by Intel LLVM prefers 256 bits, since the first ones with wider vectors (Skylake) lowered their clock for
    them. Those that know VBMI2 (Ice Lake and later) hardly do. Each number is computed in the same way, so no bit changes.
    """

    def generate(target, builder, signature, arguments):
        if "+avx512vbmi2" in target.codegen().magic_tuple()[2].split(","):
            # the method of llvmlite's set knows no attributes with values
            set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return target.get_dummy_value()

    return types.void(), generate


@intrinsic
def prefetch(context, array, index):
    """Request the cache line of an element that will be read soon; harmless for any index."""

    def generate(target, builder, signature, arguments):
        element = _element(target, builder, signature.args[0], arguments[0], arguments[1])
        return _prefetched(target, builder, builder.bitcast(element, ir.IntType(8).as_pointer()))

    return types.void(array, types.intp), generate


@intrinsic
def prefetch_address(context, address):
    """Request the cache line at an address; harmless for any address."""

    def generate(target, builder, signature, arguments):
        return _prefetched(target, builder, builder.inttoptr(arguments[0], ir.IntType(8).as_pointer()))

    return types.void(types.int64), generate


def _prefetched(target, builder, pointer):
    """Write the code that requests a cache line."""
    integer = ir.IntType(32)
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [pointer.type, integer, integer, integer]), "llvm.prefetch.p0"
    )
    # read, keep in all cache levels, data
    builder.call(function, [pointer, integer(0), integer(3), integer(1)])
    return target.get_dummy_value()


@intrinsic
def part_of(context, array, start, size):
    """Return the `size` elements of an array from `start` on, which must exist: a slice without the tests of Python's."""

    def generate(target, builder, signature, arguments):
        whole = target.make_array(array)(target, builder, arguments[0])
        part = target.make_array(array)(target, builder)
        data, item = builder.gep(whole.data, [arguments[1]]), whole.itemsize
        arrayobj.populate_array(part, data=data, shape=(arguments[2],), strides=(item,), itemsize=item, meminfo=None)
        return part._getvalue()

    return array(array, types.intp, types.intp), generate


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


@intrinsic
def call_sampler(context, address, bits, a, b):
    """Call the machine code of a `kernel` that makes a real number of 64 bits and two real numbers; see `jit.entry`."""

    def generate(target, builder, signature, values):
        word, real = ir.IntType(64), ir.DoubleType()
        row = cgutils.alloca_once(builder, word, size=4)  # three arguments, and the result behind them
        places = [builder.gep(row, [ir.Constant(word, k)]) for k in range(4)]
        for value, place in zip(values[1:], places, strict=False):
            builder.store(value, builder.bitcast(place, value.type.as_pointer()))
        entry = ir.FunctionType(word, [row.type])
        builder.call(builder.inttoptr(values[0], entry.as_pointer()), [row])
        return builder.load(builder.bitcast(places[3], real.as_pointer()))

    return types.float64(types.int64, types.uint64, types.float64, types.float64), generate


def _element(target, builder, kind, array, index):
    return builder.gep(target.make_array(kind)(target, builder, array).data, [index])
