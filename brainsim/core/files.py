"""Files that are to be written: whether that can work is checked before anything takes time."""

import os
from pathlib import Path


def writable(path: str | os.PathLike, label: str) -> Path:
    """Return the path of a file that can be written: its folder exists, and it is not a folder or a device itself.

    Symbolic links are followed.

    Parameters
    ----------
    path : str or Path
    label : str
        With which messages begin.

    Raises
    ------
    TypeError, FileNotFoundError, IsADirectoryError, OSError
        If it is not a path, its folder does not exist, it is a folder, or a device or a pipe.
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
    return Path(path)
