"""The cache of compiled code on disk: a process starts with what an earlier one has compiled.

There is one folder for each state of the sources, ``<cache>/brainsim/<fingerprint>``. Each compiled function is one file,
named by a hash of everything that determines its machine code: the function, the kinds of its arguments, the processor, the
versions and the settings of Numba, none of which needs Numba to be imported. A name therefore never changes its meaning: no
index can be corrupted by two processes, no locks are needed, and a file is written under a temporary name and moved into
place in one step. It holds a line that describes the function, and object code, in which the function has this name too.

A file is machine code, so it is used only if nobody but the user or the administrator can have written it, and only if its
content matches the hash stored in it. Otherwise the function is compiled again and the file replaced. If nothing can be
written, brainsim works without a cache and warns once.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
# folders of the package whose files can affect compiled code
SOURCES = ("core", "jit", "rng", "results", "analysis", "equations", "models", "network", "build", "engine", "learn", "ann")
# settings of Numba that change the code it generates, and names of the environment that set them, after "NUMBA_"
SETTINGS = ["OPT", "BOUNDSCHECK", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "CPU_NAME", "CPU_FEATURES"]
SETTINGS += ["DEBUGINFO_DEFAULT", "DISABLE_INTEL_SVML", "LLVM_REFPRUNE_PASS"]
NAMES = (*SETTINGS, "DEBUGINFO", "ENABLE_PROFILING")
SUFFIX = ".code"
HASH = hashlib.sha256
# do not follow links and do not wait for pipes; Windows has neither flag
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
ADVICE = "kernels are compiled again in each process. Set BRAINSIM_CACHE_DIR to a folder that only you can write to."


def user_cache() -> Path | None:
    """Return the folder with the compiled code of all versions, or None if the user has no home folder.

    It is ``BRAINSIM_CACHE_DIR`` if that is set, otherwise in the user's cache directory of the operating system.
    """
    if chosen := os.environ.get("BRAINSIM_CACHE_DIR"):
        base = Path(chosen)
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local") / "brainsim"
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches/brainsim")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "brainsim"
    try:
        return base.expanduser().absolute()
    except RuntimeError:  # HOME is not set and the system does not know the user
        return None


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder with the code compiled from the current sources; None if the user has no home folder."""
    folder = user_cache()
    return None if folder is None else folder / fingerprint()


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
def fingerprint() -> str:
    """Return a hash of every source file that can affect compiled code, and of Numba's version."""
    digest = HASH(numba_version().encode())
    for path in source_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def source_files() -> list[Path]:
    """Return the source files that can affect compiled code."""
    return [path for folder in SOURCES for path in sorted((PACKAGE / folder).rglob("*.py"))]


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
    versions = numba_version(), llvmlite.__version__
    return repr((versions, python, sys.platform, platform.machine(), processor, _settings(), _assigned()))


def _settings():
    """Return what the environment, or a file in this folder that Numba reads, says of its settings."""
    with contextlib.suppress(OSError):
        return *(os.environ.get(f"NUMBA_{name}") for name in NAMES), Path(".numba_config.yaml").read_bytes()
    return tuple(os.environ.get(f"NUMBA_{name}") for name in NAMES)


def _assigned():
    """Return the settings that this process has given other values than those of the environment."""
    if "numba" not in sys.modules:
        return []
    import runpy

    from numba.core import config

    usual = runpy.run_path(config.__file__)
    return [(name, repr(now)) for name in SETTINGS if repr(now := getattr(config, name)) != repr(usual[name])]


_waiting: list[Callable[[], None]] = []  # to be called when a function is not found, once each


@contextlib.contextmanager
def told_of_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` within the block before the first function is compiled that is not in the cache."""
    _waiting.append(tell)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # it was called
            _waiting.remove(tell)


def tell() -> None:
    """Say that a function is about to be compiled."""
    while _waiting:
        _waiting.pop()()


def name_of(function: Callable, kinds: str) -> str:
    """Return the name of the machine code of a function for arguments of these kinds."""
    own = _text_of(function, set())
    return f"{function.__name__}-{HASH(repr((own, kinds, _surroundings())).encode()).hexdigest()[:32]}"


def _text_of(function, seen):
    """Return what says which code a function has: of one from elsewhere, also that of the functions and constants it names.

    Those of the package are in the fingerprint.
    """
    code = function.__code__
    constants = [each for each in code.co_consts if not isinstance(each, type(code))]
    own = function.__module__, function.__qualname__, code.co_firstlineno, code.co_code.hex(), code.co_names, constants
    if function.__module__.split(".")[0] == PACKAGE.name or function in seen:
        return own
    seen.add(function)
    return own, [_text_of_global(function.__globals__[name], seen) for name in code.co_names if name in function.__globals__]


def _text_of_global(value, seen):
    """Return the same of what a function names: another function, with or without a decorator, an array, or a constant."""
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    if hasattr(value, "__code__"):
        return _text_of(value, seen)
    if hasattr(value, "tobytes"):
        return str(value.dtype), value.shape, HASH(value.tobytes()).hexdigest()
    if isinstance(value, type(sys)):
        return value.__name__
    kind = type(value)
    return repr(value) if kind.__module__.split(".")[0] in ("builtins", "numpy") else kind.__qualname__


def path_of(name: str) -> Path | None:
    """Return the file of the machine code with a name, None without a folder."""
    folder = cache_folder()
    return None if folder is None else folder / f"{name}{SUFFIX}"


def read(name: str) -> tuple[Any, bytes] | None:
    """Return what `write` has written under this name, None if the file does not exist or is not valid."""
    path = path_of(name)
    content = None if path is None else _read(path)
    if content is None:
        return None
    text, _, code = content.partition(b"\n")
    return json.loads(text), code


def write(name: str, description: Any, code: bytes) -> None:
    """Write a compiled function; if that fails, warn once and continue."""
    path = path_of(name)
    if path is None:
        _warn("brainsim: there is no home folder to store compiled code in")
        return
    try:
        _write(path, _sealed(path, json.dumps(description).encode() + b"\n" + code))
    except OSError as error:
        _warn(f"brainsim: the cache folder {path.parent} cannot be written ({error.strerror or error})")


def _sealed(path, content):
    """Return the content, preceded by a hash of it and of the file's name."""
    return HASH(path.name.encode() + content).digest() + content


def _read(path):
    """Return the content of a complete file that only the user can have written, else None."""
    try:
        if not _is_own_folder(path.parent):
            return None
        with open(os.open(path, FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or not _is_safe(status):
                return None
            sealed = file.read()
    except OSError:
        return None
    content = sealed[HASH().digest_size :]
    return content if _sealed(path, content) == sealed else None


def _write(path, content):
    """Write a file under a temporary name and move it into place, so that nobody reads half of it."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    # whatever the umask, others cannot write; they can read, so that an administrator can fill the cache of an image
    path.parent.mkdir(mode=0o755, exist_ok=True)
    if not _is_own_folder(path.parent):
        return
    temporary = path.with_name(f"{os.urandom(16).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(temporary, flags, 0o644), "wb") as file:
            file.write(content)
        _move(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _move(temporary, path):
    try:
        os.replace(temporary, path)
    except OSError:
        if path.is_dir() and not path.is_symlink():  # a folder in our folder with the name of our file
            shutil.rmtree(path)
            os.replace(temporary, path)
        elif sys.platform == "win32" and path.exists():  # another process has written the same file and is reading it
            temporary.unlink()
        else:
            raise


def _is_own_folder(folder):
    """Return whether the folder is one that only the user can write; warn if others can."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(status.st_mode) and _is_safe(status):
        return True
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(f"{folder} is not a folder")
    problem = "can be written by other users" if _is_ours(status) else "belongs to another user"
    _warn(f"brainsim: the cache folder {folder} {problem}, so no code is read from it")
    return False


def _is_ours(status):
    return not hasattr(os, "geteuid") or status.st_uid in (0, os.geteuid())


def _is_safe(status):
    """Return whether only the user or the administrator can have written a file or folder; on Windows the folder decides."""
    return _is_ours(status) and (os.name == "nt" or not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


@functools.cache
def _warn(message):
    """Warn once per process."""
    warnings.warn(f"{message}; {ADVICE}", stacklevel=2)
