"""Where compiled code is kept, so that a process starts with what an earlier one has compiled.

All of it lies in one folder per state of the sources, ``<cache>/brainsim/<fingerprint>``. A compiled function is one file,
whose name is a hash of everything that its machine code follows from: the function, its signature, the processor, the
versions and the settings of Numba. A name therefore never changes its meaning: there is no index that two processes could
mix up, none needs a lock, and a file is written aside and moved to its place in one step.

A file is machine code, so it is used only if nobody but the user, or the administrator, can have written it, and only if
the hash of its content is the one it carries. All else is compiled anew, and replaced. Where nothing can be written,
brainsim works without a cache and says so once.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import platform
import shutil
import stat
import sys
import uuid
import warnings
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# the folders of the package whose files take part in compiled code
SOURCES = ("core", "jit", "rng", "results", "equations", "models", "network", "build", "engine", "ann")
# settings of Numba that change the code which it makes
SETTINGS = ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "ENABLE_AVX", "USING_SVML")
SUFFIX = ".code"
HASH = hashlib.sha256
# never follows a link to somewhere else, never waits for a pipe; Windows has neither flag
FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
ADVICE = "kernels are compiled anew in each process. Set BRAINSIM_CACHE_DIR to a folder that only you can write."


def user_cache():
    """Return the folder that holds the compiled code of all versions, or None if the user has no home folder.

    ``BRAINSIM_CACHE_DIR`` overrides the place, which else is the user's cache directory of the operating system.
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
    except RuntimeError:  # no HOME, and a user whom the system does not know
        return None


@functools.cache
def cache_folder():
    """Return the folder of what is compiled from the sources as they are; None if the user has no home folder."""
    folder = user_cache()
    return None if folder is None else folder / fingerprint()


@functools.cache
def fingerprint():
    """Return a hash of every source file that takes part in compiled code, and of Numba's version."""
    import numba

    digest = HASH(numba.__version__.encode())
    for path in source_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def source_files():
    """Return the source files that take part in compiled code."""
    return [path for folder in SOURCES for path in sorted((PACKAGE / folder).rglob("*.py"))]


@functools.cache
def _surroundings():
    """Return what compiled code depends on besides the function and the processor, as text."""
    import llvmlite
    import numba

    python = sys.implementation.cache_tag, getattr(sys, "abiflags", ""), sys.maxsize
    settings = [(name, repr(getattr(numba.config, name, None))) for name in SETTINGS]
    return repr((numba.__version__, llvmlite.__version__, python, sys.platform, platform.machine(), settings))


class Store:
    """The compiled forms of one function on disk; in the words by which Numba's dispatchers ask their cache.

    Parameters
    ----------
    function : function
        The Python function. It has no closure: its values would be part of the code.
    """

    def __init__(self, function):
        if function.__closure__:
            raise TypeError(f"{function.__qualname__}: a compiled function must not have a closure")
        code = function.__code__
        self._name = function.__name__
        self._function = repr((function.__module__, function.__qualname__, code.co_firstlineno, code.co_code.hex()))

    @property
    def cache_path(self):
        """The folder, as text; None if there is none."""
        return cache_folder() and str(cache_folder())

    def enable(self):
        """Do nothing: there is always a store."""

    disable = flush = enable

    def path(self, signature, codegen):
        """Return the file of the machine code for one signature and one processor; None if there is no folder."""
        folder = cache_folder()
        if folder is None:
            return None
        digest = HASH(repr((self._function, str(signature), codegen.magic_tuple(), _surroundings())).encode())
        return folder / f"{self._name}-{digest.hexdigest()[:32]}{SUFFIX}"

    def load_overload(self, signature, target):
        """Return the compiled function, or None if it is not there or not in order."""
        from numba.core.compiler import CompileResult

        target.refresh()
        path = self.path(signature, target.codegen())
        content = None if path is None else _read(path)
        if content is None:
            return None
        try:
            written_for, parts = pickle.loads(content)
            return CompileResult._rebuild(target, *parts) if written_for == signature else None
        except Exception:  # whatever is wrong with it, it is compiled anew and replaced
            return None

    def save_overload(self, signature, compiled):
        """Write a compiled function; if that fails, warn once and go on without."""
        from numba.core.serialize import dumps

        if compiled.library.has_dynamic_globals:  # addresses of this process
            return
        path = self.path(signature, compiled.codegen)
        if path is None:
            _warn("brainsim: there is no home folder to keep compiled code in")
            return
        content = dumps((signature, compiled._reduce()))
        try:
            _write(path, _sealed(path, content))
        except OSError as error:
            _warn(f"brainsim: the cache folder {path.parent} cannot be written ({error.strerror or error})")


def _sealed(path, content):
    """Return the content behind a hash of it and of its name."""
    return HASH(path.name.encode() + content).digest() + content


def _read(path):
    """Return the content of a file that only the user can have written and that is whole, else None."""
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
    """Write a file aside and move it to its place, so that nobody reads half of it."""
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    # whatever the umask, others cannot write; they may read, so that an image can be warmed by its administrator
    path.parent.mkdir(mode=0o755, exist_ok=True)
    if not _is_own_folder(path.parent):
        return
    aside = path.with_name(f"{uuid.uuid4().hex}.tmp")
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644), "wb") as file:
            file.write(content)
        _move(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


def _move(aside, path):
    try:
        os.replace(aside, path)
    except OSError:
        if path.is_dir() and not path.is_symlink():  # in the place of our file, in our folder
            shutil.rmtree(path)
            os.replace(aside, path)
        elif sys.platform == "win32" and path.exists():  # another process has written the same and is reading it
            aside.unlink()
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
    whose = "can be written by other users" if _is_ours(status) else "belongs to another user"
    _warn(f"brainsim: the cache folder {folder} {whose}, so no code is taken from it")
    return False


def _is_ours(status):
    return not hasattr(os, "geteuid") or status.st_uid in (0, os.geteuid())


def _is_safe(status):
    """Return whether only the user and the administrator can have written a file or folder. Windows guards by place."""
    return _is_ours(status) and (os.name == "nt" or not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


@functools.cache
def _warn(message):
    """Warn once in a process."""
    warnings.warn(f"{message}; {ADVICE}", stacklevel=2)
