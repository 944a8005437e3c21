"""How brainsim's functions become machine code.

A function is compiled when it is first called or its address is first read. `brainsim.jit.cache` stores the machine code,
and `brainsim.jit.background` keeps Ctrl-C responsive while LLVM works.
"""

from __future__ import annotations

import hashlib
import itertools
import linecache
import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from brainsim.core.pauses import pause_gc
from brainsim.jit.background import in_background
from brainsim.jit.cache import Store

with pause_gc():
    import numba  # 0.2 s
    from numba.core.bytecode import FunctionIdentity
    from numba.core.ccallback import CFunc
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.sigutils import normalize_signature

    from brainsim.jit.inner import InnerCompiler

# "numpy" removes the branch for division by zero, which would keep loops from vectorising; fastmath stays off, since it
# would make the last bits depend on the width of the processor's vectors.
# No reference counting: Python holds every array while a kernel runs. Counting, which is atomic, took 1.5 of the 5
# microseconds of a step of 4,000 cells. So a compiled function may slice arrays but not create any: scratch is passed in.
OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}
INNER = OPTIONS | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": InnerCompiler}
_loading = threading.Lock()


def helper(function: Callable) -> Any:
    """Compile an inner function; it becomes part of the kernels that call it and cannot be called from Python.

    Without its wrappers the driver compiled in 3.5 s instead of 4.7; `brainsim.jit.inner` leaves out more.
    """
    return numba.njit(**INNER)(function)


def inlined(function: Callable) -> Any:
    """As `helper`, but always made part of its caller: for functions that take a tuple of many arrays, or are in a loop.

    Called, such a function gets each array as seven numbers; with 45 of them, a call takes as long as 300 additions. LLVM
    would call the elementary functions, which are long, and a loop with a call does not vectorise.
    """
    return numba.njit(forceinline=True, **INNER)(function)


def kernel(function: Callable) -> Any:
    """Compile an entry function, to be called from Python; its machine code is cached on disk."""
    dispatcher = numba.njit(no_cfunc_wrapper=True, **OPTIONS)(function)
    dispatcher._cache = Store(function)
    compile_here = dispatcher.compile
    # Numba calls this for each new signature
    dispatcher.compile = lambda signature: _compiled(compile_here, signature)
    return raising(dispatcher) if numba.config.BOUNDSCHECK else dispatcher


def compiled_for(function: Any, arguments: tuple) -> Callable:
    """Return the compiled form of a kernel for arguments of these types, compiling it if necessary.

    It is called like the kernel, but skips the dispatch on types, which takes 20 microseconds for a dozen tuples of arrays.
    Arguments of other types crash the process.
    """
    if numba.config.BOUNDSCHECK:
        return function  # the compiled form alone would not raise
    signature = tuple(numba.typeof(argument) for argument in arguments)
    function.compile(signature)
    return function.overloads[signature].entry_point


def callback(signature: Any) -> Callable[[Callable], Callback]:
    """Make a function with a fixed C signature; the driver calls it by its ``.address``."""
    return lambda function: Callback(function, signature)


class Callback:
    """A function with a fixed C signature, compiled when its address is first read and cached on disk."""

    def __init__(self, function: Callable, signature: Any):
        self._function, self._signature = function, signature
        self._cfunc: CFunc | None = None

    @property
    def address(self) -> int:
        """Address of the machine code."""
        return self._compiled().address

    def inspect_llvm(self) -> str:
        """Return the code in LLVM's language; a function that comes from the cache has none."""
        return self._compiled().inspect_llvm()

    def _compiled(self):
        return self._cfunc or _compiled(self._compile)

    def _compile(self):
        with global_compiler_lock:
            if self._cfunc is None:
                cfunc = CFunc(self._function, normalize_signature(self._signature), {}, {"error_model": "numpy"})
                cfunc._cache = Store(self._function)
                cfunc.compile()
                self._cfunc = cfunc
            return self._cfunc


def _compiled(work, *arguments):
    """Compile in another thread; but in this one if it holds Numba's lock, since the other would wait for it forever."""
    return work(*arguments) if global_compiler_lock.is_locked() else in_background(work, *arguments)


def load_source(text: str) -> types.ModuleType:
    """Return `text` as a module named by its hash. It is run from memory, never from a file."""
    name = "kernel_" + hashlib.sha256(text.encode()).hexdigest()[:32]
    with _loading:
        if name not in sys.modules:
            module = types.ModuleType(name)
            module.__file__ = f"<brainsim {name}>"
            # for tracebacks, debuggers and Numba's messages; an entry without a time is never compared with a file
            linecache.cache[module.__file__] = len(text), None, text.splitlines(keepends=True), module.__file__
            exec(compile(text, module.__file__, "exec"), module.__dict__)
            sys.modules[name] = module  # only when it is complete, since other threads may import it
        return sys.modules[name]


def _number_apart():
    """Let Numba number the functions of this process from a random number on.

    Names in machine code hold this number and one for the type of a record; Numba counts both from 0 in each process. So
    files of the cache that two processes had written held functions of the same name for records of different forms. A
    process that read both used one function for both records, and crashed.
    """
    FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(6)))


_number_apart()


# -- bounds checking in every compiled function, for tests: with ``NUMBA_BOUNDSCHECK=1`` in the environment ----------------
#
# Numba then checks each index, which makes a run several times slower, and a function called from Python raises IndexError.
# A function called by address cannot raise: Numba passes its errors to ``sys.unraisablehook`` and continues. Here they are
# collected, and the function called from Python raises the first one when it returns.

_unraised = threading.local()  # errors: a list while this thread is within a function called from Python
_previous_hook = sys.unraisablehook


def raising(dispatcher: Any) -> Any:
    """Let a compiled function raise the errors of functions that it calls by address; returns the function."""
    kind = type(dispatcher)
    dispatcher.__class__ = type(kind.__name__, (kind,), {"__call__": _call})
    return dispatcher


def _call(self, *arguments):
    global _previous_hook
    if sys.unraisablehook is not _collect:  # others, such as pytest, set it too
        _previous_hook, sys.unraisablehook = sys.unraisablehook, _collect
    outer, _unraised.errors = getattr(_unraised, "errors", None), []
    try:
        result = super(type(self), self).__call__(*arguments)
        if _unraised.errors:
            raise _unraised.errors[0]
        return result
    finally:
        _unraised.errors = outer


def _collect(unraisable):
    if getattr(_unraised, "errors", None) is None:
        _previous_hook(unraisable)
    else:
        _unraised.errors.append(unraisable.exc_value)


if hasattr(os, "register_at_fork"):

    def _begin_in_child():
        global _loading
        _number_apart()
        _loading = threading.Lock()
        global_compiler_lock.release()

    # a process that forks while a thread compiles would leave its child with locks that nobody releases
    os.register_at_fork(
        before=global_compiler_lock.acquire, after_in_parent=global_compiler_lock.release, after_in_child=_begin_in_child
    )
