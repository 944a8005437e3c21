"""Files that are to be written: checks before anything takes time, locks, and names that only complete files have.

What is written aside is in a hidden folder next to its place, ``.NAME.0.tmp``, and renamed at the end. The process that
writes holds a lock in that folder, so what a killed process has left can be told apart: the next one that writes to the same
place removes it. The system frees a lock when a process ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from brainsim.core.doors import show_by

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed instead
    fcntl = None  # type: ignore[assignment]

HTML = (".html", ".htm")
if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())  # Path itself can be derived from since Python 3.12


class PageFile(_Path):
    """The path of a page, which a notebook shows if it is the last line of a cell."""

    def __repr__(self) -> str:
        return repr(Path(self))

    _repr_html_ = show_by("HTML of a page")


def check_path(path: Any, label: str, example: str = "") -> Path:
    """Return the path of a file or a folder; raise TypeError if it is something else, ValueError if no file can have it.

    The system would refuse such a path in its own words, when it is opened. Messages show the `example` of a name.
    """
    such_as = f", such as {example!r}" if example else ""
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise TypeError(f"{label}: must be the path of a file{such_as} (got {path!r})")
    text = os.fspath(path)
    if not text:  # Path("") is the current folder
        raise ValueError(f"{label}: must be the path of a file{such_as} (got {text!r})")
    try:
        bad = "\0" if "\0" in text else ""
        os.fsencode(text)
    except UnicodeEncodeError as error:
        bad = text[error.start]
    if bad:
        raise ValueError(f"{label}: must not contain {bad!r}, which no name of a file can have (got {text!r})")
    return Path(path)


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
    target = Path(os.path.realpath(check_path(path, label)))
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


LOCK, OLD = "lock", "old"  # in the hidden folder: what the writer holds, and the folder that is being replaced
LONGEST = 200  # bytes of a name; file systems take 255


@contextlib.contextmanager
def write_aside(path: str | os.PathLike, label: str, keep: bool = False) -> Iterator[Path]:
    """Give a path to write to; the file there is put in the place of `path` at the end of the block, whole or not at all.

    A symbolic link is kept, and the file it points to is replaced; with `keep`, that file stays as `previous`. Errors
    are those of `writable`, or an OSError, such as of a full disk, that names `path`.
    """
    target = Path(os.path.realpath(writable(path, label)))
    with _hidden_folder(target, label) as folder:
        aside = folder / target.name
        yield aside
        _sync(aside)
        if keep and target.exists():
            _set_aside(target, folder / OLD)
        os.replace(aside, target)
    sync_folder(target.parent)


@contextlib.contextmanager
def write_folder_aside(path: Path, label: str, is_ours: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a new folder to write to, which is put in the place of `path` at the end of the block, whole or not at all.

    A folder there is replaced only if ``is_ours(path)`` is true, so that files of others are not removed by mistake.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{label}: there is no folder {str(path.parent)!r}")
    if path.exists() and not (path.is_dir() and (is_ours(path) or not any(path.iterdir()))):
        raise FileExistsError(f"{label}: {str(path)!r} exists and is not a folder of results; it is not replaced")
    with _hidden_folder(path, label) as hidden:
        aside = hidden / path.name
        aside.mkdir()
        yield aside
        for file in aside.iterdir():
            _sync(file)
        _exchange(aside, path, hidden / OLD)


def put_folder(folder: Path, path: Path, label: str) -> None:
    """Rename a folder to `path`, and remove the folder that was there."""
    with _hidden_folder(path, label) as hidden:
        _exchange(folder, path, hidden / OLD)


def remove_folder(folder: Path, path: Path, label: str) -> None:
    """Remove a folder, of which the file `path` was made: its name is gone at once, also if the process is killed."""
    with _hidden_folder(path, label) as hidden:
        os.rename(folder, hidden / folder.name)


def previous(path: str | os.PathLike) -> Path:
    """Return where `write_aside` keeps the file that it replaces, if asked to."""
    target = Path(os.path.realpath(path))
    return target.with_name(f"{target.name}.previous")


def remove_leftovers(path: str | os.PathLike) -> None:
    """Remove what processes have left that were killed while they wrote to `path`."""
    target = Path(os.path.realpath(path))
    for folder in itertools.takewhile(Path.exists, _names(target)):
        _remove_if_abandoned(folder, target)


def sync_folder(folder: str | os.PathLike) -> None:
    """Let the names in a folder survive a loss of power; Windows cannot, and some network file systems refuse."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _hidden_folder(target, label):
    """Give a new hidden folder next to `target`, locked by this process, and remove it at the end."""
    with _name(target, label):
        remove_leftovers(target)
        folder, lock = next(filter(None, map(_make, _names(target))))
        try:
            yield folder
        finally:
            if os.name == "nt":  # Windows removes no open file
                lock.close()
            _remove(folder)
            lock.close()


@contextlib.contextmanager
def _name(target, label):
    """Let an OSError name the file that was to be written, not a hidden one."""
    try:
        yield
    except OSError as error:
        hidden = any(part.startswith(".") and part.endswith(".tmp") for part in Path(str(error.filename)).parts)
        if error.errno is None or not (error.filename is None or hidden):
            raise
        text = f"{label}: {str(target)!r} could not be written: {error.strerror}"
        raise type(error)(error.errno, text) from error


def _names(target):
    """Return names of hidden folders next to `target`: the first, and others if several processes write there at once."""
    name = target.name
    if len(os.fsencode(name)) > LONGEST:
        name = hashlib.blake2b(os.fsencode(name), digest_size=16).hexdigest()
    return (target.with_name(f".{name}.{k}.tmp") for k in itertools.count())


def _make(folder):
    """Make a folder and lock it; return (folder, open lock), None if somebody else has it."""
    try:
        folder.mkdir()
    except FileExistsError:
        return None
    lock = None
    try:
        lock = (folder / LOCK).open("xb")
        if try_to_lock(lock) is not False and os.path.samestat(os.fstat(lock.fileno()), os.stat(folder / LOCK)):
            return folder, lock
    except FileNotFoundError:  # another process took it for abandoned before it was locked
        pass
    except BaseException:
        _remove(folder)
        raise
    if lock is not None:
        lock.close()
    return None


def _remove_if_abandoned(folder, target):
    """Remove a hidden folder of a process that has ended, and bring back the folder that it was about to replace."""
    with contextlib.suppress(OSError):
        folder.rmdir()  # it ended before it wrote anything
    with seize(folder / LOCK) as free:
        if not free:
            return
        if (folder / OLD).is_dir() and not target.exists():
            with contextlib.suppress(OSError):
                os.rename(folder / OLD, target)
        _remove(folder)


def _remove(folder):
    """Remove a hidden folder; the lock goes last, since without it no process could tell what the rest is."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != LOCK:
                path.unlink()
        (folder / LOCK).unlink(missing_ok=True)
        folder.rmdir()


def _exchange(folder, path, old):
    """Rename a folder to `path`; what was there is renamed to `old`, and comes back if that fails."""
    had = path.exists()
    if had:
        os.rename(path, old)
    try:
        os.rename(folder, path)
    except BaseException:
        if had:
            os.rename(old, path)
        raise
    sync_folder(path.parent)


def _set_aside(target, link):
    """Let the file `target` be `previous`; it keeps its own name too if the file system has links, so it never lacks."""
    try:
        os.link(target, link)
    except OSError:
        os.replace(target, previous(target))
    else:
        os.replace(link, previous(target))  # POSIX renames nothing if both are names of one file, as after a kill


def _sync(path):
    """Wait until the disk has what a file holds."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
