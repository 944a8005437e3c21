"""How brainsim's functions become machine code.

The decorators only note a function. It becomes machine code when it is first called or its address is first read: code in
the cache (`brainsim.jit.cache`) is linked without Numba (`brainsim.jit.machine`). Otherwise Numba is imported and compiles
the function (`brainsim.jit.compiler`), while `brainsim.jit.background` keeps Ctrl-C responsive.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import linecache
import os
import sys
import threading
import types
from array import array
from collections.abc import Callable, Iterator
from typing import Any

from brainsim.jit import cache, machine, naming, shipped
from brainsim.jit.arguments import REAL, ArgumentRow, kind_of, text_of
from brainsim.jit.background import in_background
from brainsim.jit.bounds import call_and_raise, indices_are_checked

_noted: list | None = None  # what `note_needed` found
ROW = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)  # takes a row of words, returns 0 unless it failed
_loading = threading.Lock()
_compiling = threading.RLock()


class Noted:
    """A function that compiled functions call; Numba asks for its type when the first of them is compiled."""

    def __init__(self, function: Callable, make: str, *details: Any):
        functools.update_wrapper(self, function)  # type: ignore[arg-type]  # it cannot be called
        self._making = make, function, details

    @functools.cached_property
    def _numba_type_(self) -> Any:
        from brainsim.jit import compiler

        make, function, details = self._making
        return getattr(compiler, make)(function, *details)


def helper(function: Callable) -> Any:
    """Compile an inner function; it becomes part of the kernels that call it and cannot be called from Python.

    Without its wrappers the driver compiled in 3.5 s instead of 4.7; `brainsim.jit.inner` leaves out more.
    """
    return Noted(function, "type_of_helper", False)


def inlined(function: Callable) -> Any:
    """As `helper`, but always made part of its caller: for functions that take a tuple of many arrays, or are in a loop.

    Called, such a function gets each array as seven numbers; with 45 of them, a call takes as long as 300 additions. LLVM
    would call the elementary functions, which are long, and a loop with a call does not vectorise.
    """
    return Noted(function, "type_of_helper", True)


def intrinsic(function: Callable | None = None, **options: Any) -> Any:
    """Note a function that writes LLVM's code; when it is needed, `numba.extending.intrinsic` takes it."""
    if function is None:
        return functools.partial(intrinsic, **options)
    return Noted(function, "type_of_intrinsic", options)


class External:
    """A function of the system that compiled functions call; LLVM gets its address under a name of its own.

    An address in the code would be wrong in the next process that loads it from the cache.
    """

    def __init__(self, name: str, signature: str, address: int):
        import llvmlite.binding as llvm

        self._name, self._signature = machine.OWN + name, signature
        llvm.add_symbol(self._name, address)

    @functools.cached_property
    def _numba_type_(self) -> Any:
        from brainsim.jit import compiler

        return compiler.type_of_external(self._name, self._signature)


class Code:
    """Machine code in memory, for arguments of certain kinds."""

    def __init__(self, name: str, address: int, returns: Any, kinds: tuple):
        if not address:
            raise RuntimeError(f"the compiled function {name} needs a function of the system that does not exist")
        self.address, self._name, self.returns, self._kinds = address, name, returns, kinds
        self._call, self._checked = ROW(address), indices_are_checked()

    @functools.cached_property
    def layout(self) -> ArgumentRow:
        """How the arguments and the results of a function called from Python lie in a row."""
        return ArgumentRow(self._kinds, self.returns)

    def run(self, row: array) -> Any:
        """Call a function with a row of arguments; return what it returns."""
        address = row.buffer_info()[0]
        status = call_and_raise(self._call, address) if self._checked else self._call(address)
        if status:
            raise RuntimeError(f"the compiled function {self._name} failed with status {status}")
        return self.layout.unpack(row)


class NoCode:
    """Stands for machine code while functions are noted but not called: it does nothing, and returns 0."""

    address, layout = 0, property(lambda self: self)

    def pack(self, arguments: tuple) -> None:
        """Take arguments."""

    def run(self, row: None) -> int:
        """Return 0."""
        return 0


@contextlib.contextmanager
def note_needed() -> Iterator[list[tuple[str, Callable[[], object]]]]:
    """Note, within the block, the functions that have to be compiled, in a process that needs none of them.

    Each is noted by the name of its machine code, with a call that compiles it. Meanwhile compiled functions do nothing.
    """
    global _noted
    _noted = []
    try:
        yield _noted
    finally:
        _noted = None


class Entry(Noted):
    """A function with machine code of its own, one for each combination of the kinds of its arguments."""

    def __init__(self, function: Callable):
        if function.__closure__:  # its values would be part of the code
            raise TypeError(f"{function.__qualname__}: a compiled function must not have a closure")
        super().__init__(function, "type_of_helper", False)
        self._function = function
        # its name in object code, where each function has an object of its own; no function of a library has a hyphen
        self._symbol = f"{function.__name__}-entry"
        self._codes: dict[tuple, Code] = {}
        self.compiled = 0  # how many of them this process has compiled

    def _code(self, kinds, given):
        """Return the machine code for arguments of these kinds; `given` is what `_signature` takes."""
        code = self._codes.get(kinds)
        if code is None:
            if _noted is not None:
                return self._note(kinds, given)
            name = naming.name_of(self._function, text_of(kinds))
            code = self._stored(name, kinds) or in_background(self._compile, name, kinds, given)
            self._codes[kinds] = code
        return code

    def _stored(self, name, kinds):
        """Return the machine code with this name from the cache, or what the package brings; None if neither is usable."""
        with contextlib.suppress(ValueError, IndexError):  # a file of ours that holds something else
            returns, code = cache.read(name) or shipped.read(self._function, text_of(kinds)) or (None, b"")
            if address := machine.load(code, self._symbol):
                return Code(name, address, returns, kinds)
        return None

    def _note(self, kinds, given):
        """Note that machine code for arguments of these kinds is needed."""
        name = naming.name_of(self._function, text_of(kinds))
        if not shipped.read(self._function, text_of(kinds)):
            _noted.append((name, lambda: self._compile(name, kinds, given)))
        return NoCode()

    def _compile(self, name, kinds, given):
        with _compiling:  # for which a fork waits, so no child begins with half an import
            ahead = _load_ahead()
        cache.tell()
        if ahead.wait_for(name) and (code := self._stored(name, kinds)):
            return code
        with _compiling:
            if kinds in self._codes:  # another thread was faster
                return self._codes[kinds]
            from brainsim.jit import compiler

            name = naming.name_of(self._function, text_of(kinds), fresh=True)
            returns, code, lasting = compiler.compile_entry(self._function, self._signature(given), self._symbol)
            self.compiled += 1
            if lasting:
                cache.write(name, returns, code)
            self._codes[kinds] = Code(name, machine.load(code, self._symbol), returns, kinds)
            return self._codes[kinds]

    def name(self, kinds: tuple) -> str:
        """Return the name of the machine code for arguments of these kinds: a hash of all that determines it."""
        return naming.name_of(self._function, text_of(kinds))

    def portable(self, given: tuple) -> str:
        """Return LLVM's text for what `_signature` takes, not optimised for this processor; it is compiled again."""
        with _compiling:
            from brainsim.jit.portable import portable_text

            return portable_text(self._function, self._signature(given))

    def _signature(self, given):
        raise NotImplementedError

    def _text(self, given):
        from brainsim.jit import compiler

        with _compiling:
            return compiler.text_of_entry(self._function, self._signature(given))


class Kernel(Entry):
    """A compiled function that is called from Python; other threads of Python run meanwhile."""

    def __call__(self, *arguments: Any) -> Any:
        """Call the machine code for arguments of these kinds."""
        code = self._code(tuple(map(kind_of, arguments)), arguments)
        return code.run(code.layout.pack(arguments))

    def address_of_real(self, *arguments: Any) -> int:
        """Return the address of the machine code for arguments of these kinds, which must return a real number."""
        code = self._code(tuple(map(kind_of, arguments)), arguments)
        if isinstance(code, Code) and code.returns != REAL:
            raise TypeError(
                f"{self._function.__qualname__}: must return a float, such as 1.0 (its result is of another type)"
            )
        return code.address

    def bind(self, *arguments: Any) -> Callable[[], Any]:
        """Return a function that calls the kernel with these arguments: numbers as they are now, and the same arrays.

        It takes half a microsecond, a call 1 for each argument. Threads must not call it at the same time.
        """
        code = self._code(tuple(map(kind_of, arguments)), arguments)
        row = code.layout.pack(arguments)

        def call(held: tuple = arguments) -> Any:
            return code.run(row)

        return call

    def row(self, *arguments: Any) -> array:
        """Return the row of words with which machine code is called with these arguments; behind them is what it returns."""
        return self._code(tuple(map(kind_of, arguments)), arguments).layout.pack(arguments)

    def inspect_llvm(self, *arguments: Any) -> str:
        """Return the code for arguments of these kinds as LLVM's text; it is compiled again."""
        return self._text(arguments)

    def _signature(self, given):
        from brainsim.jit import compiler

        return compiler.signature_of_values(given)


def kernel(function: Callable) -> Any:
    """Compile an entry function, to be called from Python; its machine code is cached on disk."""
    return Kernel(function)


def load_source(text: str) -> types.ModuleType:
    """Return `text` as a module named by its hash. It is run from memory, never from a file."""
    name = naming.WRITTEN + hashlib.sha256(text.encode()).hexdigest()[:32]
    with _loading:
        if name not in sys.modules:
            module = types.ModuleType(name)
            module.__file__ = f"<brainsim {name}>"
            # for tracebacks, debuggers and Numba's messages; an entry without a time is never compared with a file
            linecache.cache[module.__file__] = len(text), None, text.splitlines(keepends=True), module.__file__
            exec(compile(text, module.__file__, "exec"), module.__dict__)
            sys.modules[name] = module  # only when it is complete, since other threads may import it
        return sys.modules[name]


if hasattr(os, "register_at_fork"):
    _held: list[Any] = []

    def _hold():
        """Take the locks of compiling, in the order in which a thread that compiles takes them."""
        if _held:  # it is registered a second time, see `_load_ahead`
            return
        numba_too = getattr(sys.modules.get("numba.core.compiler_lock"), "global_compiler_lock", None)
        for lock in (_compiling, numba_too, machine.lock):
            if lock is not None:
                lock.acquire()
                _held.append(lock)

    def _release():
        while _held:
            _held.pop().release()

    def _begin_in_child():
        global _loading
        _loading = threading.Lock()
        _release()

    def _guard_forks():
        # a process that forks while a thread compiles would leave its child with locks that nobody releases
        os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_begin_in_child)

    _guard_forks()


@functools.cache
def _load_ahead():
    """Return `brainsim.jit.ahead`, before the first function is compiled.

    Numba imports `logging`, whose lock a fork takes, too. What is registered last is called first: after `logging`, a fork
    takes the locks of compiling before that of `logging`, as a thread does that compiles.
    """
    import logging  # noqa: F401

    from brainsim.jit import ahead

    if hasattr(os, "register_at_fork"):
        _guard_forks()
    return ahead
