"""The name of compiled code: a hash of everything that determines it.

That is what the function does, the functions and constants that it names, and what these name in turn; the kinds of the
arguments; how functions are translated; the processor; the versions and the settings of Numba. So after an edit, only the
functions that it changes and those that call them are compiled again. Comments, docstrings and line numbers do not count;
neither do names of variables in texts that brainsim wrote: models that differ only in names share their code.
Bytecode is read instead of source text, since packages in a zip file or without sources have it, too. Numba is not imported.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import os
import platform
import re
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from brainsim.jit.late import Late

# settings of Numba that change the code it generates, and names of the environment that set them, after "NUMBA_"
SETTINGS = ["OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "CPU_NAME", "CPU_FEATURES"]
SETTINGS += ["DEBUGINFO_DEFAULT", "DISABLE_INTEL_SVML", "LLVM_REFPRUNE_PASS"]
NAMES = (*SETTINGS, "DEBUGINFO", "ENABLE_PROFILING")
# modules of this folder that translate functions; Numba runs them, so a function does not name them
TRANSLATORS = ("arguments", "compiler", "entry", "inner", "passes", "portable", "reference_type")
LIBRARIES = ("numba", "llvmlite", "numpy", "math", "builtins")  # known by their versions
HAS_DOCSTRING = 0x4000000  # flag of a code object since Python 3.13; before, the first constant is the docstring or None
LINES = ("__doc__", "__firstlineno__", "__static_attributes__")  # what Python notes of a class besides what it does
PLAIN = (int, float, complex, str, bytes, types.NoneType, np.generic)
WRITTEN = "kernel_"  # so begin the names of modules that were made of a text, which calls functions by place, not by name
HASH = hashlib.sha256


_known: dict[Callable, str] = {}  # the texts of functions that were named in this process


def name_of(function: Callable, kinds: str, fresh: bool = False) -> str:
    """Return the name of the machine code of a function for arguments of these kinds.

    `fresh` is for code that is about to be made: nothing is remembered, in case a constant was replaced in the meantime.
    """
    text = repr((Texts({} if fresh else _known, _bytecode).of_function(function), kinds, _surroundings()))
    return f"{function.__name__}-{HASH(text.encode()).hexdigest()[:32]}"


# -- functions -------------------------------------------------------------------------------------------------------------


class Texts:
    """What functions do, and what they name: functions and constants, and what these name in turn.

    `known` remembers the texts of functions, and `read` returns what a function does and the names that it reads.
    """

    def __init__(self, known: dict, read: Callable[[types.FunctionType], tuple[str, Iterable[str]]]):
        self._known, self._read = known, read
        self._path: list = []  # functions whose names are being followed
        self._outermost = 0  # place in the path of the outermost function that was met again

    def of_function(self, function):
        """Return the text of a function: its name, and a hash of all that it does."""
        if function in self._known:
            return self._known[function]
        own, names = self._read(function)
        place = f"{WRITTEN if _is_written(function) else function.__module__}.{function.__qualname__}"
        if top_of(function.__module__) in LIBRARIES:
            return place, own
        if function in self._path:  # functions that call each other: its names are followed already
            self._outermost = min(self._outermost, self._path.index(function))
            return place, own
        outer, self._outermost = self._outermost, len(self._path) + 1
        self._path.append(function)
        text = place, HASH(repr((own, *self._of_named(function, names))).encode("utf-8", "surrogatepass")).hexdigest()
        self._path.pop()
        if self._outermost > len(self._path):  # the text does not depend on the function with which one begins
            self._known[function] = text
        self._outermost = min(outer, self._outermost)
        return text

    def _of_named(self, function, names):
        """Yield the texts of what a function reads besides its arguments: defaults, outer variables, global names."""
        yield [self.of(each) for each in (function.__defaults__, function.__kwdefaults__) if each]
        yield [self.of(cell.cell_contents) for cell in function.__closure__ or ()]
        for name in names:
            if name in function.__globals__:
                yield name, self.of(function.__globals__[name], names)

    def of(self, value, attributes=()):
        """Return the text of what a function names; of a module, that of the `attributes` that the function may read."""
        if isinstance(value, PLAIN):
            return repr(value)
        if isinstance(value, Late):
            return value.module
        if making := getattr(value, "_making", None):  # by which decorator, with which options: see `decorators.Noted`
            make, function, details = making
            return make, self.of(details), self.of_function(function)
        if isinstance(value, types.FunctionType):
            return self.of_function(getattr(value, "__wrapped__", value))
        if hasattr(value, "py_func"):  # a function that Numba compiles
            return _name(type(value)), self.of_function(value.py_func)
        if isinstance(value, tuple | list):
            return type(value).__qualname__, [self.of(each) for each in value]
        if isinstance(value, dict):
            return "dict", [(repr(key), self.of(each)) for key, each in value.items()]
        if isinstance(value, types.ModuleType):
            held = {} if top_of(value.__name__) in LIBRARIES else vars(value)
            return value.__name__, [(name, self.of(held[name])) for name in attributes if name in held]
        if hasattr(value, "tobytes"):
            return str(value.dtype), value.shape, HASH(value.tobytes()).hexdigest()
        if isinstance(value, type):
            return _name(value), getattr(value, "_fields", ()), repr(list(getattr(value, "__members__", {}).items()))
        if top_of(type(value).__module__) in LIBRARIES:
            return repr(value)
        # such as the name and the signature of an `External`
        return _name(type(value)), sorted((n, v) for n, v in getattr(value, "__dict__", {}).items() if isinstance(v, str))


def _name(kind):
    return f"{kind.__module__}.{kind.__qualname__}"


def top_of(module: str | None) -> str:
    """Return the package that a module is of."""
    return (module or "").partition(".")[0]


# -- bytecode --------------------------------------------------------------------------------------------------------------


def _bytecode(function):
    """Return a hash of what a function does, and the names that it reads."""
    return read_code(function.__code__, local=not _is_written(function))


def _is_written(function):
    return (function.__module__ or "").startswith(WRITTEN)


@functools.cache
def read_code(code: types.CodeType, local: bool = True) -> tuple[str, tuple[str, ...]]:
    """Return a hash of what a code object does, and the names that it reads: global ones, and those of attributes.

    An attribute may have the name of something global, which is then followed in vain. Unless `local`, the hash does not
    depend on how arguments and local variables are called: bytecode has their numbers, in the order in which they occur.
    """
    digest, names = HASH(), dict[str, None]()
    for each in _with_inner(code):
        digest.update(repr(_instructions(each, local)).encode("utf-8", "surrogatepass"))
        names |= dict.fromkeys(each.co_names)
    return digest.hexdigest(), tuple(names)


def _with_inner(code) -> Iterator[types.CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _with_inner(each)


def _instructions(code, local):
    """Return what a code object does, without docstrings and line numbers."""
    if "__qualname__" in code.co_names or code.co_name == "<module>":  # they store their docstring as any other value
        return code.co_name, _stored(code)
    constants = list(code.co_consts)
    documented = code.co_flags & HAS_DOCSTRING if sys.version_info >= (3, 13) else not code.co_name.startswith("<")
    if documented and constants and isinstance(constants[0], str):
        constants[0] = None
    own = code.co_varnames if local else (code.co_argcount, code.co_flags, len(code.co_varnames))
    names = code.co_names, own, code.co_freevars, code.co_cellvars
    return code.co_name, code.co_code, code.co_exceptiontable, names, [_constant(each) for each in constants]


def _stored(code):
    """Return the instructions of a module or of the body of a class, one by one."""
    import dis

    steps = [(each.opname, _constant(each.argval)) for each in dis.get_instructions(code)]
    ends = {k for k, (does, what) in enumerate(steps) if does == "STORE_NAME" and what in map(repr, LINES)}
    return [step for k, step in enumerate(steps) if k not in ends and k + 1 not in ends]


def _constant(value):
    """Return a constant as text that is the same in every process; inner code objects are read apart."""
    if isinstance(value, types.CodeType):
        return value.co_name
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    return repr(value)


# -- what all functions depend on ------------------------------------------------------------------------------------------


@functools.cache
def _surroundings():
    """Return, as text, what compiled code depends on besides the function and its arguments."""
    import llvmlite
    import llvmlite.binding as llvm

    python = sys.implementation.cache_tag, getattr(sys, "abiflags", ""), sys.maxsize
    try:
        processor = llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # LLVM does not know its features, and Numba uses none
        processor = llvm.get_process_triple(), llvm.get_host_cpu_name(), ""
    versions = numba_version(), llvmlite.__version__, _translation()
    return repr((versions, python, sys.platform, platform.machine(), processor, settings(), assigned()))


@functools.cache
def numba_version() -> str:
    """Return the version of Numba without importing it, which takes 0.2 s."""
    found = importlib.util.find_spec("numba")
    with contextlib.suppress(OSError, AttributeError, TypeError):
        text = Path(found.origin).with_name("_version.py").read_text(encoding="utf-8")  # type: ignore[union-attr, arg-type]
        if version := re.search(r'"version": "(.+?)"', text):
            return version[1]
    import numba

    return numba.__version__


@functools.cache
def _translation():
    """Return a hash of the modules that translate functions, which are not imported for it."""
    digest = HASH()
    for name in TRANSLATORS:
        found = importlib.util.find_spec(f"{__package__}.{name}")
        digest.update(read_code(found.loader.get_code(found.name))[0].encode())
    return digest.hexdigest()


def settings() -> tuple:
    """Return what the environment, or a file in this folder that Numba reads, says of its settings."""
    with contextlib.suppress(OSError):
        return *(os.environ.get(f"NUMBA_{name}") for name in NAMES), Path(".numba_config.yaml").read_bytes()
    return tuple(os.environ.get(f"NUMBA_{name}") for name in NAMES)


def assigned() -> list:
    """Return the settings that this process has given other values than those of the environment."""
    if "numba" not in sys.modules:
        return []
    import runpy

    from numba.core import config

    usual = runpy.run_path(config.__file__)
    return [(name, repr(now)) for name in SETTINGS if repr(now := getattr(config, name)) != repr(usual[name])]
