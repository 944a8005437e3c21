"""Where a simulation streams what it records: the argument ``to``, checked before anything is built."""

import os
import shutil
from pathlib import Path

from brainsim.build.own import ALONE
from brainsim.core.aside import put_folder
from brainsim.engine.recorders.stream import Stream, is_locked
from brainsim.engine.recorders.stream_on_ranks import StreamOnRanks
from brainsim.results.formats import MARKS, check_target, write_recording
from brainsim.results.streams.folder import REST, opened


class Target:
    """The file that a run ends in, and the folder in which it is until then.

    Parameters
    ----------
    to : str or Path
        The file; or a folder, if it ends in a slash.
    ranks : Alone or Ranks
        The processes that write it; rank 0 looks whether they can.

    Attributes
    ----------
    path : Path
    folder : Path
        ``path.part``.
    raw : bool
        Whether the folder itself is wanted.
    """

    def __init__(self, to, ranks=ALONE):
        self.ranks, self.rows = ranks, None
        ranks.together(lambda: self._name(to))
        ranks.together(lambda: self._check(to) if ranks.rank == 0 else None)

    def _check(self, to):
        """Raise an error if nothing can be written there."""
        if self.raw:
            self._check_folder()
        else:
            check_target(to, "simulate.to")
        if not os.access(self.path.parent, os.W_OK):
            raise PermissionError(f"simulate.to: nothing can be written in {str(self.path.parent)!r}")
        if self.folder.exists():
            if is_locked(self.folder):
                raise BlockingIOError(f"simulate.to: {str(self.folder)!r} is being written by another run")
            raise FileExistsError(
                f"simulate.to: there is {str(self.folder)!r} of a run that did not end. `brainsim convert "
                f"{self.folder} {self.path.name}` makes a file of what it recorded; remove the folder if it is not needed"
            )

    def _name(self, to):
        """Take the names of the file and of the folder."""
        if not isinstance(to, str | os.PathLike):
            raise TypeError(f"simulate.to: must be the name of a file, e.g. 'run.h5' (got {to!r})")
        text = os.fspath(to)
        self.path = Path(text)
        if not self.path.name:
            raise ValueError(f"simulate.to: must be the name of a file or of a new folder (got {text!r})")
        self.raw = text.endswith(("/", os.sep)) or (self.path.is_dir() and self._is_ours())
        self.folder = self.path.with_name(self.path.name + ".part")

    def _is_ours(self):
        return any((self.path / mark).is_file() for mark in MARKS)

    def _check_folder(self):
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"simulate.to: there is no folder {str(self.path.parent)!r}")
        if self.path.exists() and not (self.path.is_dir() and (self._is_ours() or not any(self.path.iterdir()))):
            raise FileExistsError(
                f"simulate.to: {str(self.path)!r} exists and is not the folder of a run; it is not replaced"
            )

    @classmethod
    def continued(cls, to, rows, ranks=ALONE):
        """Return the target of a run that is continued from an earlier commit, see `Stream.reopen`; give it as ``to=``."""
        target = object.__new__(cls)
        target._name(to)
        target.rows, target.ranks = rows, ranks
        return target

    def open(self):
        """Return the Stream, whose folder is made when the run begins."""
        stream = Stream(self.folder) if self.ranks.size == 1 else StreamOnRanks(self.folder, self.ranks)
        return stream if self.rows is None else stream.reopen(self.rows)

    def finish(self, stream, rest):
        """Write what a Result holds besides columns, close the stream, and make the file of it.

        The folder is removed when the file is complete. If that fails, it stays, with everything. With ranks all call it;
        rank 0 writes.
        """
        try:
            stream.commit()
            stream.close()
            self.ranks.together(lambda: None)  # all have closed their files
            self.ranks.together(lambda: self._write(rest) if self.ranks.rank == 0 else None)
        except Exception as error:
            error.add_note(
                f"brainsim: everything that was recorded is in {str(self.folder)!r}; Result.load reads it, and "
                f"`brainsim convert {self.folder} FILE` makes a file of it"
            )
            raise
        if not self.raw and self.ranks.rank == 0:
            shutil.rmtree(self.folder)

    def _write(self, rest):
        """Make the file of the folder."""
        rest.save(self.folder / REST)
        if self.raw:
            put_folder(self.folder, self.path, "simulate.to")
        else:
            write_recording(opened(self.folder, check=False), self.path, "simulate.to")


def path_of(to):
    """Return the path that was given as ``to``, or that a Target has, as a string; None without."""
    return None if to is None else str(getattr(to, "path", to))


def checked_target(to, ranks):
    """Return the Target of a simulation, None without."""
    return to if to is None or isinstance(to, Target) else Target(to, ranks)
