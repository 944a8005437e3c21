"""The cache of compiled code on disk: a process starts with what an earlier one has compiled.

Each compiled function is one file in the folder ``<cache>/brainsim/functions-2``, named by a hash of everything that
determines its machine code (`brainsim.jit.naming`). A name therefore never changes its meaning: all versions share the
folder, no index can be corrupted by two processes, no locks are needed, and a file is written under a temporary name and
moved into place in one step. It holds a line that describes the function, and object code.

A file is machine code, so it is used only if nobody but the user or the administrator can have written it, and only if its
content matches the hash stored in it. Otherwise the function is compiled again and the file replaced. If nothing can be
written, brainsim works without a cache and warns once.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
FORMAT = "functions-2"  # another one if files are written differently
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
    if base.parts[:1] == ("~",) and os.environ.get("HOME") == "":  # "~" would be the root of the file system
        return None
    try:
        return base.expanduser().absolute()
    except RuntimeError:  # HOME is not set and the system does not know the user
        return None


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder with the compiled functions; None if the user has no home folder."""
    folder = user_cache()
    return None if folder is None else folder / FORMAT


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


def path_of(name: str) -> Path | None:
    """Return the file of the machine code with a name, None without a folder."""
    folder = cache_folder()
    return None if folder is None else folder / f"{name}{SUFFIX}"


def read(name: str) -> tuple[Any, bytes] | None:
    """Return what `write` has written under this name, None if the file does not exist or is not valid."""
    path = path_of(name)
    try:
        return read_file(path) if path is not None and _is_own_folder(path.parent) else None
    except OSError:
        return None


def read_file(path: Path, anyones: bool = False) -> tuple[Any, bytes] | None:
    """As `read`, for a file; `anyones` is for one that belongs to the package, whose owner is trusted anyway."""
    content = _read(path, anyones)
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
        _write(path, content_of(path, description, code))
    except OSError as error:
        _warn(f"brainsim: the cache folder {path.parent} cannot be written ({error.strerror or error})")


def content_of(path: Path, description: Any, code: bytes) -> bytes:
    """Return what a file with a compiled function contains."""
    return _sealed(path, json.dumps(description).encode() + b"\n" + code)


def _sealed(path, content):
    """Return the content, preceded by a hash of it and of the file's name."""
    return HASH(path.name.encode() + content).digest() + content


def _read(path, anyones):
    """Return the content of a complete file that only the user can have written, or anyone, else None."""
    try:
        with open(os.open(path, FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or not (anyones or _is_safe(status)):
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
