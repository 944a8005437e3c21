"""The function through which machine code is entered: it takes the address of a row of words, or the addresses of records.

Numba's own wrappers take Python's objects, and need its runtime. Here the words of `brainsim.jit.arguments` are read from
memory, and the results written behind them. What the entry returns says whether the function failed, which it does only if
indices are checked; for a function of records, it is what the function returns.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import config
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.lowering import Lower
from numba.np import arrayobj

from brainsim.jit.arguments import BITS
from brainsim.jit.inner import InnerLowering, Unaddressed
from brainsim.jit.late import types
from brainsim.jit.passes import passes_with

ENTRY = "brainsim_entry"
WORD = ir.IntType(BITS)
FAILED = -(1 << 63)  # returned by a function of records that failed


class EntryLower(Lower):
    """Writes the entry in place of Numba's wrapper for C."""

    def create_cfunc_wrapper(self) -> None:
        """Write it."""
        module, kinds, returned = self.context.create_module("entry"), self.fndesc.argtypes, self.fndesc.restype
        by_address = bool(kinds) and all(isinstance(kind, types.CPointer) for kind in kinds)
        callee = ir.Function(module, self.call_conv.get_function_type(returned, kinds), self.fndesc.llvm_func_name)
        taken = [WORD] * len(kinds) if by_address else [WORD.as_pointer()]
        entry = ir.Function(module, ir.FunctionType(WORD, taken), ENTRY)
        builder = ir.IRBuilder(entry.append_basic_block("entry"))
        if by_address:
            values = [builder.inttoptr(a, self.context.get_value_type(k)) for a, k in zip(entry.args, kinds, strict=True)]
        else:
            words = Words(self.context, builder, entry.args[0])
            values = [words.read(kind) for kind in kinds]
        status, result = self.call_conv.call_function(builder, callee, returned, kinds, values, attrs=("noinline",))
        if config.BOUNDSCHECK:
            with builder.if_then(status.is_error, likely=False):
                self._pass_on_error(builder, status)
        if by_address:
            builder.ret(builder.select(status.is_error, WORD(FAILED), result))
        else:
            words.write(returned, result)
            builder.ret(builder.select(status.is_error, builder.sext(status.code, WORD), WORD(0)))
        self.library.add_ir_module(module)

    def _pass_on_error(self, builder, status):
        """Give the error to Python's hook for errors that cannot be raised, as Numba's wrapper does."""
        api = self.context.get_python_api(builder)
        state = api.gil_ensure()
        self.call_conv.raise_error(builder, api, status)
        where = api.string_from_string(self.context.insert_const_string(builder.module, self.fndesc.qualname))
        api.err_write_unraisable(where)
        api.decref(where)
        api.gil_release(state)


class Words:
    """Writes the code that reads and writes a row of words, one after the other."""

    def __init__(self, target: Any, builder: Any, row: Any):
        self._target, self._builder, self._row, self.at = target, builder, row, 0

    def _place(self, kind):
        place = self._builder.gep(self._row, [WORD(self.at)])
        self.at += 1
        return self._builder.bitcast(place, kind.as_pointer())

    def read(self, kind: Any) -> Any:
        """Return the next value."""
        builder, target = self._builder, self._target
        if isinstance(kind, types.Array):
            return self._array(kind)
        if isinstance(kind, types.BaseTuple):
            return target.make_tuple(builder, kind, [self.read(each) for each in kind.types])
        if isinstance(kind, types.NoneType):
            return target.get_dummy_value()
        if isinstance(kind, types.Float):
            number = builder.load(self._place(ir.DoubleType()))
            return number if kind.bitwidth == 64 else builder.fptrunc(number, target.get_value_type(kind))
        number = builder.load(self._place(WORD))
        if isinstance(kind, types.Boolean):
            return builder.icmp_unsigned("!=", number, WORD(0))
        return number if kind.bitwidth == 64 else builder.trunc(number, target.get_value_type(kind))

    def _array(self, kind):
        """Return an array: its address and its shape, and its strides unless they follow from the shape."""
        builder, target = self._builder, self._target
        array = target.make_array(kind)(target, builder)
        data, *shape = (builder.load(self._place(WORD)) for _ in range(1 + kind.ndim))
        size = WORD(target.get_abi_sizeof(target.get_data_type(kind.dtype)))
        if kind.layout == "C":
            strides = [size] * kind.ndim
            for k in reversed(range(kind.ndim - 1)):
                strides[k] = builder.mul(strides[k + 1], shape[k + 1])
        else:
            strides = [builder.load(self._place(WORD)) for _ in range(kind.ndim)]
        data = builder.inttoptr(data, array.data.type)
        arrayobj.populate_array(array, data=data, shape=shape, strides=strides, itemsize=size, meminfo=None)
        return array._getvalue()

    def write(self, kind: Any, value: Any) -> None:
        """Write a number, or the numbers of a tuple."""
        builder = self._builder
        if isinstance(kind, types.BaseTuple):
            for k, each in enumerate(kind.types):
                self.write(each, builder.extract_value(value, k))
        elif isinstance(kind, types.Float):
            number = value if kind.bitwidth == 64 else builder.fpext(value, ir.DoubleType())
            builder.store(number, self._place(ir.DoubleType()))
        elif not isinstance(kind, types.NoneType):
            narrow = value.type.width < 64
            widen = builder.zext if isinstance(kind, types.Boolean) or not kind.signed else builder.sext
            builder.store(widen(value, WORD) if narrow else value, self._place(WORD))


@register_pass(mutates_CFG=True, analysis_only=False)
class EntryLowering(InnerLowering):
    """Translate a function and its entry into LLVM's language, and optimise both."""

    _name = "entry_lowering"
    library_class = Unaddressed

    @property
    def lowering_class(self) -> type[Lower]:
        """The class that writes the code."""
        return EntryLower


class EntryCompiler(CompilerBase):
    """Numba's compiler with `EntryLowering` in place of its own last step."""

    def define_pipelines(self) -> list[PassManager]:
        """Return the passes of Numba, one of them replaced."""
        return [passes_with(EntryLowering, self.state)]
