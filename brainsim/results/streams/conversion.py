"""Converting files of results from one format to another."""

from __future__ import annotations

import os
from pathlib import Path

from brainsim.core.files import check_free
from brainsim.results.formats import check_target, reader_for, write_recording
from brainsim.results.result import Result
from brainsim.results.streams.folder import Folder, opened
from brainsim.results.streams.recording import Recording, recording_of


def convert(
    source: str | os.PathLike, target: str | os.PathLike, *, overwrite: bool = False, option: str = "overwrite=True"
) -> Path:
    """Write what a file or a folder holds to a file of another format, and return its path.

    Parameters
    ----------
    source : str or Path
        A file that `Result.save` or ``simulate(..., to=)`` wrote, or the folder that a run left that did not end. It stays
        as it is.
    target : str or Path
        The file; its suffix says its format.
    overwrite : bool
        Whether a file that exists may be replaced, when the new one is complete.
    option : str
        What a message says that the user should write to overwrite it.

    Raises
    ------
    ValueError
        If the suffix is not known, or the source is damaged.
    FileNotFoundError
        If there is no source.
    FileExistsError
        If the target exists, and `overwrite` is not set.
    ImportError
        If the format needs a package that is not installed.
    """
    check_target(target, "convert")
    check_free(target, "convert", overwrite, option)
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(f"convert: there is no {str(source)!r}")
    reader = reader_for(source)
    held = opened(source) if reader is not None and reader.__name__ == Folder.__module__ else _Held(Result.load(source))
    write_recording(held, target, "convert")
    return Path(target)


class _Held:
    """A Result in the place of a folder."""

    def __init__(self, result: Result):
        self._result = result

    def result(self) -> Result:
        """Return the Result."""
        return self._result

    def recording(self) -> Recording:
        """Return it as a Recording."""
        return recording_of(self._result)
