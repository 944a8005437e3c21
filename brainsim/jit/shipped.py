"""Object code that comes with a wheel, so that a first process on a fresh machine compiles nothing of the built-in models.

It is in a folder for each level of x86-64 processors, in files as those of the cache (`brainsim.jit.cache`). A file is named
by what determines its code, but for what is fixed once a wheel is made: the version of Numba, which is not needed to run
object code, and the processor, for which the level stands. Python's bytecode differs between versions, so the sources of
the modules count instead. A source that was edited, a constant that was replaced, or a setting of Numba's thus leads to
another name, and the function is compiled. `tests.ship` fills the folder before a wheel is made.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import platform
import sys
import types
from pathlib import Path
from typing import Any

from brainsim.jit import cache, naming

FOLDER = Path(__file__).with_name("objects")
# which features of a processor a level has, by LLVM's names (x86-64 psABI, "Micro-Architecture Levels"); the best is first
V2 = ("cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3")
V3 = (*V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave")
V4 = (*V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")
LEVELS = {"x86-64-v4": V4, "x86-64-v3": V3}


def read(function: types.FunctionType, kinds: str) -> tuple[Any, bytes] | None:
    """Return what `cache.read` returns, for a function with arguments of these kinds; None if it does not come along."""
    best = level()
    if best is None or naming.assigned():
        return None
    name = name_of(function, kinds)
    return None if name is None else cache.read_file(FOLDER / best / f"{name}{cache.SUFFIX}", anyones=True)


def name_of(function: types.FunctionType, kinds: str) -> str | None:
    """Return the name of a function with arguments of these kinds; None if it, or what it names, is not of this package."""
    try:
        text = repr((naming.Texts(_known, _source).of_function(function), kinds, _translation()))
    except LookupError:
        return None
    return f"{function.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


_known: dict = {}  # the texts of functions that were named in this process


def _source(function):
    """Return a hash of the module that a function is of, and the names that the function reads."""
    return _hash_of(function.__module__), sorted(set(naming.read_code(function.__code__)[1]))


@functools.cache
def _hash_of(module):
    """Return a hash of the source of a module; LookupError if it is not of this package, or has none."""
    if getattr(sys.modules.get(module), "__file__", None) == f"<brainsim {module}>":  # its name is a hash of its text
        return module
    if naming.top_of(module) not in ("brainsim", *naming.LIBRARIES):
        raise LookupError(module)
    if naming.top_of(module) != "brainsim":
        return module
    loader = importlib.util.find_spec(module).loader
    try:
        return hashlib.sha256(loader.get_data(loader.get_filename(module))).hexdigest()
    except (AttributeError, OSError) as error:
        raise LookupError(module) from error


@functools.cache
def _translation():
    """Return a hash of the modules that translate functions."""
    return [_hash_of(f"brainsim.jit.{name}") for name in naming.TRANSLATORS]


@functools.cache
def level() -> str | None:
    """Return the best level that this processor has; None if there is no code for it, or Numba has settings."""
    if not FOLDER.is_dir() or sys.platform != "linux" or platform.machine() != "x86_64" or any(naming.settings()):
        return None
    import llvmlite.binding as llvm

    has = llvm.get_host_cpu_features()
    return next((level for level, needs in LEVELS.items() if all(has.get(each) for each in needs)), None)
