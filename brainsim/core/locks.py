"""Locks on files, by which processes tell whether another one is still writing; the system frees them when it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed instead
    fcntl = None  # type: ignore[assignment]


def locked(file: IO) -> bool | None:
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
def seized(path: Path) -> Iterator[bool]:
    """Tell whether a file is not locked any more; if so, keep it from being locked until the end of the block."""
    try:
        file = path.open("r+b")
    except OSError:
        yield False
        return
    with file:
        if fcntl is not None:
            yield locked(file) is True
            return
    try:
        path.unlink()
    except OSError:
        yield False
    else:
        yield True
