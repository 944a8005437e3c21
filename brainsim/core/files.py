"""Files that are to be written: checks before anything takes time, and locks, which the system frees when a process ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed instead
    fcntl = None  # type: ignore[assignment]

HTML = (".html", ".htm")


def check_free(path: str | os.PathLike, label: str, overwrite: bool, option: str = "overwrite=True") -> None:
    """Raise FileExistsError if there is something at `path`, except an empty folder, and it may not be replaced.

    The message names the `option` by which a user allows it.
    """
    if not isinstance(overwrite, bool):
        raise TypeError(f"{label.removesuffix('.to')}.overwrite: must be True or False (got {overwrite!r})")
    there = Path(path)
    if not overwrite and there.exists() and not (there.is_dir() and not any(there.iterdir())):
        raise FileExistsError(f"{label}: {str(path)!r} exists; {option} replaces it")


def writable(path: str | os.PathLike, label: str, suffixes: Sequence[str] = ()) -> Path:
    """Return the path of a file that can be written: its folder exists, and it is not a folder, a device or a pipe itself.

    Symbolic links are followed. Its name must end in one of `suffixes`, in lower or upper case, by default in anything.
    Raise TypeError, FileNotFoundError, IsADirectoryError, OSError or ValueError.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{label}: must be the path of a file (got {path!r})")
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{label}: there is no folder {str(target.parent)!r}")
    if target.is_dir():
        raise IsADirectoryError(f"{label}: {str(path)!r} is a folder; name a file in it")
    if target.exists() and not target.is_file():  # replacing a device or a pipe would remove it for everybody
        raise OSError(f"{label}: {str(path)!r} is a device or a pipe; give the name of a file")
    if suffixes and target.suffix.lower() not in suffixes and Path(path).suffix.lower() not in suffixes:
        raise ValueError(f"{label}: must end in {suffixes[0]} (got {str(path)!r})")
    return Path(path)


def try_to_lock(file: IO) -> bool | None:
    """Try to lock an open file until it is closed; False if somebody else has locked it, None if the system has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # file systems without locks
        return None
    return True


@contextlib.contextmanager
def seize(path: Path) -> Iterator[bool]:
    """Tell whether a file is not locked any more; if so, keep it from being locked until the end of the block."""
    try:
        file = path.open("r+b")
    except OSError:
        yield False
        return
    with file:
        if fcntl is not None:
            yield try_to_lock(file) is True
            return
    try:
        path.unlink()
    except OSError:
        yield False
    else:
        yield True
