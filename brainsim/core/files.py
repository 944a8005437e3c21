"""Files that are to be written: whether that can work is checked before anything takes time."""

import os
from pathlib import Path


def writable(path: str | os.PathLike, label: str) -> Path:
    """Return the path of a file that can be written: its folder exists, and it is not a folder itself.

    Parameters
    ----------
    path : str or Path
    label : str
        With which messages begin.

    Raises
    ------
    TypeError, FileNotFoundError, IsADirectoryError
        If it is not a path, its folder does not exist, or it is a folder.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{label}: must be the path of a file (got {path!r})")
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise FileNotFoundError(f"{label}: there is no folder {str(target.absolute().parent)!r}")
    if target.is_dir():
        raise IsADirectoryError(f"{label}: {str(path)!r} is a folder; name a file in it")
    return target
