"""Numba's side of `brainsim.jit.decorators`: imported when a function is not in the cache and has to be compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brainsim.core.pauses import pause_gc
from brainsim.jit.arguments import NATURAL, REAL, WHOLE, Held

with pause_gc():
    import numba  # 0.2 s
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target
    from numba.core.sigutils import normalize_signature
    from numba.extending import intrinsic
    from numba.np import linalg
    from numba.np.numpy_support import from_dtype

    import brainsim.jit.reference_type  # noqa: F401 - tells Numba of it
    from brainsim.jit.entry import ENTRY, EntryCompiler
    from brainsim.jit.inner import InnerCompiler
    from brainsim.jit.late import types
    from brainsim.jit.passes import remember_types

    # Numba imports SciPy's linear algebra when it is first used, to see whether it is there: 0.17 s. It is; a function that
    # uses it imports it again
    _ensure_blas, linalg.ensure_blas = linalg.ensure_blas, lambda: None
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        linalg.ensure_blas = _ensure_blas

# "numpy" removes the branch for division by zero, which would keep loops from vectorising; fastmath stays off, since it
# would make the last bits depend on the width of the processor's vectors.
# No reference counting: Python holds every array while a kernel runs. Counting, which is atomic, took 1.5 of the 5
# microseconds of a step of 4,000 cells. So a compiled function may slice arrays but not create any: scratch is passed in.
OPTIONS = {"error_model": "numpy", "_nrt": False, "no_cpython_wrapper": True}
INNER = OPTIONS | {"no_cfunc_wrapper": True, "pipeline_class": InnerCompiler}
_kept: list[Any] = []  # to these, Numba's types have weak references


def type_of_helper(function: Callable, forceinline: bool) -> Any:
    """Return the type of a function that becomes part of those that call it."""
    options = INNER | ({"forceinline": True} if forceinline else {})
    made = numba.njit(**options)(function)
    _kept.append(made)
    return types.Dispatcher(made)


def type_of_intrinsic(function: Callable, options: dict[str, Any]) -> Any:
    """Return the type of a function that writes LLVM's code."""
    made, context = (intrinsic(**options) if options else intrinsic)(function), cpu_target.typing_context
    _kept.append(made)
    context.refresh()
    return context.resolve_value_type(made)


def type_of_external(name: str, signature: str) -> Any:
    """Return the type of the function that LLVM knows by this name."""
    arguments, result = normalize_signature(signature)
    return types.ExternalFunction(name, result(*arguments))


def signature_of_values(arguments: tuple) -> Any:
    """Return the signature of a function for arguments like these."""
    return tuple(numba.typeof(each.values if isinstance(each, Held) else each) for each in arguments)


def signature_of_records(kinds: tuple) -> Any:
    """Return the signature of a function that takes the addresses of records of these types, and returns a number."""
    return types.int64(*(types.CPointer(from_dtype(kind)) for kind in kinds))


def compile_entry(function: Callable, signature: Any, symbol: str) -> tuple[Any, bytes, bool]:
    """Compile a function; return what it returns (see `arguments.ArgumentRow`) and its object code, where it is `symbol`.

    The last value is False if the code contains addresses of this process.
    """
    with global_compiler_lock:
        compiled = _compiled(function, signature)
        library = compiled.library
        module = library._final_module
        for each in (*module.functions, *module.global_variables):
            if not each.is_declaration:
                each.linkage = "internal"  # no other object uses it
        entry = module.get_function(ENTRY)
        entry.linkage, entry.name = "external", symbol
        code = library.codegen._tm.emit_object(module)
        return _described(compiled.signature.return_type), code, not library.has_dynamic_globals


def text_of_entry(function: Callable, signature: Any) -> str:
    """Return the optimised code of a function as LLVM's text."""
    with global_compiler_lock:
        return str(_compiled(function, signature).library._final_module)


def _compiled(function, signature):
    if numba.config.DISABLE_JIT:
        raise RuntimeError(
            "NUMBA_DISABLE_JIT: brainsim's functions run compiled only; unset this variable of the environment"
        )
    dispatcher = numba.njit(pipeline_class=EntryCompiler, **OPTIONS)(function)
    with remember_types():
        dispatcher.compile(signature)
    (compiled,) = dispatcher.overloads.values()
    return compiled


def _described(kind):
    """Return the letters of a number or a tuple of numbers, None for nothing."""
    if isinstance(kind, types.NoneType):
        return None
    if isinstance(kind, types.BaseTuple):
        return [_described(each) for each in kind.types]
    if isinstance(kind, types.Float):
        return REAL
    return WHOLE if isinstance(kind, types.Boolean) or kind.signed else NATURAL


def provide_symbols() -> None:
    """Let LLVM know the symbols of Numba's runtime."""
    with global_compiler_lock:
        cpu_target.target_context  # noqa: B018 - its making tells LLVM
