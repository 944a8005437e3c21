"""Contexts: what a compiled function works on, as one record whose fields have names in Python and in compiled code.

A function that is called by address takes the addresses of records instead of a list of arguments. A field of a record is a
number, or an array, of which the record holds address and size. Numba reads fields by name at no cost: in the compiled code
they are loads from a constant offset.
"""

import functools
import hashlib
import weakref

import numpy as np

from brainsim.jit.bounds import call_and_raise, indices_are_checked
from brainsim.jit.decorators import Entry, intrinsic
from brainsim.jit.late import arrayobj, cgutils, ir, types
from brainsim.jit.machine import invoke


class Context:
    """A record in memory, with the arrays and the records that it points to.

    Fields are contiguous arrays of one dimension, numbers, or other records. Their types, in order, are the type of the
    record: a function is compiled for each type of record that it is called with. `pointers` are the arrays and records by
    name, `scratch` the names of arrays whose content means nothing between two calls, see `new_scratch`.
    """

    __slots__ = ("__weakref__", "_numbers", "pointers", "record", "scratch")
    made: "weakref.WeakSet[Context]" = weakref.WeakSet()  # all that there are: the garbage collector may not know some

    def __new__(cls, **fields):
        """Note a new record; `__init__` does not see copies."""
        context = super().__new__(cls)
        cls.made.add(context)
        return context

    def __init__(self, **fields):
        self.record = np.zeros(1, _record_type(tuple((name, _kind(value)) for name, value in fields.items())))
        # a view of each number, in which it is read and written in a third of the time
        self._numbers = {n: self.record[n] for n, v in fields.items() if not isinstance(v, np.ndarray | Context)}
        self.pointers, self.scratch = {}, {name for name, value in fields.items() if isinstance(value, Scratch)}
        for name, value in fields.items():
            self[name] = value

    def __getitem__(self, name):
        return self._numbers[name].item() if name in self._numbers else self.pointers[name]

    def __setitem__(self, name, value):
        if name in self._numbers:
            number = self._numbers[name]
            # NumPy would drop what is behind the point
            if isinstance(value, np.ndarray | Context) or (
                number.dtype.kind != "f" and isinstance(value, float | np.floating)
            ):
                raise TypeError(f"Context.{name}: must be a number of type {number.dtype} (got {value!r})")
            number[0] = value
            return
        kind, field = self.record.dtype[name]["kind"], self.record[name]
        fits = value.ndim == 1 and value.flags.c_contiguous if isinstance(value, np.ndarray) else isinstance(value, Context)
        if not fits or _kind(value) != kind:
            raise TypeError(f"Context.{name}: must be a contiguous array of {kind}, or a record of this type")
        self.pointers[name] = value.view(np.ndarray) if isinstance(value, Scratch) else value
        if isinstance(value, Context):
            field["address"] = value.address
        else:
            field["address"], field["size"] = value.ctypes.data, value.size

    @property
    def address(self):
        """The address of the record."""
        return self.record.ctypes.data

    @property
    def kind(self):
        """The type of the record."""
        return self.record.dtype

    @property
    def nbytes(self):
        """Size of the record and of the arrays that it points to."""
        return self.record.nbytes + sum(array.nbytes for array in self.pointers.values())


class Scratch(np.ndarray):
    """An array that a record gets as scratch; whoever reads it from the record gets a plain array."""


def new_scratch(size, kind="f8"):
    """Return an array of a record in which compiled functions keep what they need during a call, and nobody afterwards.

    It begins with zeros: what was in memory before would differ from one run to the next.
    """
    return np.zeros(size, kind).view(Scratch)


def _kind(value):
    if isinstance(value, np.ndarray):
        return value.dtype
    if isinstance(value, Context):
        return value.kind
    return "f8" if isinstance(value, float | np.floating) else "u8" if isinstance(value, np.uint64) else "i8"


@functools.cache
def _record_type(fields):
    """Return the dtype of a record; the field `kind` of an array says of which type its elements are, and is never read."""
    # Numba takes a record that starts with the fields of another one for that one; the name of the first field forbids it
    kinds = [(f"_{hashlib.sha256(repr(fields).encode()).hexdigest()[:12]}", "i8")]
    for name, kind in fields:
        if isinstance(kind, np.dtype):
            kind = np.dtype([("address", "i8"), ("size", "i8"), ("kind", kind)], align=True)
        kinds.append((name, kind))
    return np.dtype(kinds, align=True)


@intrinsic
def array_of(context, field):
    """Return the array that a field of a record stands for."""
    kind = types.Array(field.fields["kind"].type, 1, "C")

    def generate(target, builder, signature, arguments):
        return _array(target, builder, field, kind, arguments[0])

    return kind(field), generate


def _array(target, builder, field, kind, record):
    """Write the code that makes an array of the address and the size in a record."""
    numbers = []
    for name in ("address", "size"):
        pointer = cgutils.get_record_member(builder, record, field.offset(name), ir.IntType(64))
        numbers.append(builder.load(pointer))
    array = target.make_array(kind)(target, builder)
    item = ir.Constant(ir.IntType(64), target.get_abi_sizeof(target.get_data_type(kind.dtype)))
    data = builder.inttoptr(numbers[0], array.data.type)
    arrayobj.populate_array(array, data=data, shape=(numbers[1],), strides=(item,), itemsize=item, meminfo=None)
    return array._getvalue()


@intrinsic
def record_at(context, pointer):
    """Return the record that a pointer points to."""

    def generate(target, builder, signature, arguments):
        return builder.bitcast(arguments[0], target.get_value_type(pointer.dtype))

    return pointer.dtype(pointer), generate


@intrinsic
def address_of(context, record):
    """Return the address of a record."""

    def generate(target, builder, signature, arguments):
        return builder.ptrtoint(arguments[0], ir.IntType(64))

    return types.int64(record), generate


def call(address, *records):
    """Call a function that was made by `by_address` from Python; `records` are addresses."""
    return call_and_raise(invoke, address, *records) if indices_are_checked() else invoke(address, *records)


def by_address(function):
    """Make a function of records: it is called by address, with the addresses of its records, and returns an int64."""
    return ByAddress(function)


class ByAddress(Entry):
    """A function of pointers to records, compiled for each combination of their types when its address is asked for."""

    made: "weakref.WeakSet[ByAddress]" = weakref.WeakSet()

    def __init__(self, function):
        super().__init__(function)
        self.made.add(self)

    def address(self, *kinds):
        """Return the address of the machine code for records of these types."""
        return self._code(kinds, kinds).address

    def compiled_for(self):
        """Return a list of (kinds, address) of all machine code that there is."""
        return [(kinds, code.address) for kinds, code in self._codes.items()]

    def inspect_llvm(self, *kinds):
        """Return the code for records of these types as LLVM's text; it is compiled again."""
        return self._text(kinds)

    def _signature(self, given):
        from brainsim.jit import compiler

        return compiler.signature_of_records(given)


@intrinsic(prefer_literal=True)
def array_or_none(context, record, name):
    """Return the array that a record has under a name, None if it has no such field: what needs it is then not compiled."""
    if not isinstance(name, types.StringLiteral):
        return None
    if name.literal_value not in record.fields:
        return types.none(record, name), lambda target, builder, signature, arguments: target.get_dummy_value()
    field = record.typeof(name.literal_value)
    kind = types.Array(field.fields["kind"].type, 1, "C")

    def generate(target, builder, signature, arguments):
        inner = cgutils.get_record_member(
            builder, arguments[0], record.offset(name.literal_value), target.get_data_type(field)
        )
        return _array(target, builder, field, kind, inner)

    return kind(record, name), generate


@intrinsic(prefer_literal=True)
def record_or_none(context, record, name):
    """Return the record to which a field of a record points, None if it has no such field."""
    if not isinstance(name, types.StringLiteral):
        return None
    if name.literal_value not in record.fields:
        return types.none(record, name), lambda target, builder, signature, arguments: target.get_dummy_value()
    field = record.typeof(name.literal_value)
    kind = field.fields["kind"].type

    def generate(target, builder, signature, arguments):
        offset = record.offset(name.literal_value) + field.offset("address")
        pointer = cgutils.get_record_member(builder, arguments[0], offset, ir.IntType(64))
        return builder.inttoptr(builder.load(pointer), target.get_value_type(kind))

    return kind(record, name), generate
