"""How brainsim's functions become machine code.

Nothing is compiled before it is called, or its address is asked for. `brainsim.jit.cache` keeps the machine code, and
`brainsim.jit.background` lets Ctrl-C through while it is made.
"""

import hashlib
import linecache
import os
import sys
import threading
import types

from brainsim.core.garbage import gc_paused
from brainsim.jit.background import in_background
from brainsim.jit.bounds import raising
from brainsim.jit.cache import Store

with gc_paused():
    import numba  # 0.2 s
    from numba.core.ccallback import CFunc
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.sigutils import normalize_signature

# "numpy" removes the branch on a division by zero, which would keep loops from vectorising; fastmath stays off, since
# it would make the last bits depend on the width of the processor's vectors.
# No reference counting: Python holds every array while a kernel runs. Counting, which is atomic, took 1.5 of the 5
# microseconds of a step of 4,000 cells. Hence a compiled function may cut slices but not make arrays: scratch is passed in.
OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}
_loading = threading.Lock()


def helper(function):
    """Compile an inner function; it is kept as part of the kernels that call it, and cannot be called from Python.

    Without its wrappers the driver compiles in 3.5 s instead of 4.7.
    """
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **OPTIONS)(function)


def kernel(function):
    """Compile an entry function, called from Python; its machine code is kept on disk."""
    dispatcher = numba.njit(no_cfunc_wrapper=True, **OPTIONS)(function)
    dispatcher._cache = Store(function)
    compile_here = dispatcher.compile
    # Numba calls this for each new signature
    dispatcher.compile = lambda signature: _compiled(compile_here, signature)
    return raising(dispatcher) if numba.config.BOUNDSCHECK else dispatcher


def compiled_for(function, arguments):
    """Return what Numba compiled of a kernel for arguments of these types, compiling it if need be.

    It is called as the kernel is, but does not look at the types again, which takes 20 microseconds for a dozen tuples of
    arrays; other types crash.
    """
    if numba.config.BOUNDSCHECK:
        return function  # which raises
    signature = tuple(numba.typeof(argument) for argument in arguments)
    function.compile(signature)
    return function.overloads[signature].entry_point


def callback(signature):
    """Make a function with a fixed C signature; its ``.address`` is called by the driver."""
    return lambda function: Callback(function, signature)


class Callback:
    """A function with a fixed C signature, compiled when its address is first asked for and kept on disk."""

    def __init__(self, function, signature):
        self._function, self._signature, self._made = function, signature, None

    @property
    def address(self):
        """Where the machine code is."""
        return self._compiled().address

    def inspect_llvm(self):
        """Return the code as LLVM's text; of one that comes from the cache there is none."""
        return self._compiled().inspect_llvm()

    def _compiled(self):
        return self._made or _compiled(self._make)

    def _make(self):
        with global_compiler_lock:
            if self._made is None:
                made = CFunc(self._function, normalize_signature(self._signature), {}, {"error_model": "numpy"})
                made._cache = Store(self._function)
                made.compile()
                self._made = made
            return self._made


def _compiled(work, *given):
    """Compile behind the scenes; but who holds Numba's lock, being in the midst of compiling, would wait for himself."""
    return work(*given) if global_compiler_lock.is_locked() else in_background(work, *given)


def load_source(text):
    """Return `text` as a module named by its hash. It runs from memory; what lies on a disk is never run."""
    name = "kernel_" + hashlib.sha256(text.encode()).hexdigest()[:32]
    with _loading:
        if name not in sys.modules:
            module = types.ModuleType(name)
            module.__file__ = f"<brainsim {name}>"
            # for tracebacks, debuggers and the messages of Numba; without a time it is never looked for on a disk
            linecache.cache[module.__file__] = len(text), None, text.splitlines(keepends=True), module.__file__
            exec(compile(text, module.__file__, "exec"), module.__dict__)
            sys.modules[name] = module  # only when it is whole, since other threads may look
        return sys.modules[name]


if hasattr(os, "register_at_fork"):

    def _unlock():
        global _loading
        _loading = threading.Lock()
        global_compiler_lock.release()

    # a process that forks while a thread compiles would leave its child with locks that nobody opens
    os.register_at_fork(
        before=global_compiler_lock.acquire, after_in_parent=global_compiler_lock.release, after_in_child=_unlock
    )
