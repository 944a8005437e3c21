"""Where a simulation streams what it records: the argument ``to``, checked before anything is built."""

import errno
import os
import shlex
import shutil

from brainsim.build.own import ALONE
from brainsim.core.arrays import times_of
from brainsim.core.checks import option
from brainsim.core.doors import through
from brainsim.core.files import check_free, check_path, put_folder, remove_folder
from brainsim.features.streams.folder import PART, REST, open_stream
from brainsim.features.streams.stream import Stream, reject_if_locked
from brainsim.results.formats import MARKS, check_target, write


class Target:
    """The file that a run ends in, and the folder in which it is until then.

    `to` is a folder if it ends in a slash. Rank 0 checks whether it can be written; `overwrite` lets the complete new file
    replace what is there. ``path`` is absolute, because the process may change its folder; ``raw`` says that the folder
    itself is wanted.
    """

    def __init__(self, to, ranks=ALONE, overwrite=False):
        self.ranks, self.rows, self.overwrite, self.label = ranks, None, overwrite, option("to")
        ranks.together(lambda: self._name(to))
        ranks.together(lambda: self._check(to) if ranks.rank == 0 else None)

    def _check(self, to):
        if self.raw:
            self._check_folder()
        else:
            check_target(to, self.label, or_folder=True)
        if not os.access(self.path.parent, os.W_OK):
            raise PermissionError(f"{self.label}: nothing can be written in {str(self.path.parent)!r}")
        self.check_free()

    def check_free(self):
        """Raise an error if the names of the file and the folder are taken, perhaps by a run since the last look."""
        check_free(self.path, self.label, self.overwrite)
        if self.folder.exists():
            reject_if_locked(self.folder, self.label)
            raise FileExistsError(
                f"{self.label}: there is {str(self.folder)!r} of a run that did not end. `{self._command()}` makes a file "
                "of what it recorded; remove the folder if it is not needed"
            )

    def _command(self):
        """Return what to type to make the file from the folder."""
        path = self.path.with_suffix(".h5") if self.raw else self.path
        return shlex.join(["brainsim", "convert", str(self.folder), str(path)])

    def _name(self, to):
        path = check_path(to, self.label, "run.h5")
        text = os.fspath(to)
        if not path.name:
            raise ValueError(f"{self.label}: must be the name of a file or of a new folder (got {text!r})")
        self.path = path.absolute()
        self.raw = text.endswith(("/", os.sep)) or (path.is_dir() and self._is_ours())
        self.folder = self.path.with_name(self.path.name + ".part")

    def _is_ours(self):
        return any((self.path / mark).is_file() for mark in MARKS)

    def _check_folder(self):
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"{self.label}: there is no folder {str(self.path.parent)!r}")
        if self.path.exists() and not (self.path.is_dir() and (self._is_ours() or not any(self.path.iterdir()))):
            raise FileExistsError(
                f"{self.label}: {str(self.path)!r} exists and is not the folder of a run; it is not replaced"
            )

    @classmethod
    def continued(cls, to, rows, ranks=ALONE, overwrite=False):
        """Return the target of a run that is continued from an earlier commit, see `Stream.reopen`; give it as ``to=``."""
        target = object.__new__(cls)
        target.rows, target.ranks, target.overwrite, target.label = rows, ranks, overwrite, option("to")
        target._name(to)
        return target

    def may_replace(self):
        """Return whether a run that is continued may replace the file: if asked to, or if it had begun to make it."""
        return self.overwrite or (self.folder / REST).is_file()

    def open(self):
        """Return the Stream, whose folder is made when the run begins."""
        if self.ranks.size > 1:
            stream = through("stream on ranks", self.label)(self.folder, self.ranks, self.check_free)
        else:
            stream = Stream(self.folder, self.check_free)
        return stream if self.rows is None else stream.reopen(self.rows)

    def finish(self, stream, rest):
        """Write what a Result holds apart from its columns, close the stream, and make the file.

        The folder is removed when the file is complete. If that fails, it stays, with everything in it. `rest` returns the
        Result without its columns. With ranks all call this and rank 0 writes; `rest` may return None on the others.
        """
        try:
            held = rest()
            stream.commit()
            stream.close()
            self.ranks.together(lambda: None)  # all have closed their files
            self.ranks.together(lambda: self._write(stream, held) if self.ranks.rank == 0 else None)
        except Exception as error:
            if (told := self._told(error)) is error:
                raise
            raise told from error

    def _told(self, error):
        """Return an error that also says where everything is, and what to do later."""
        if not self.folder.exists():
            return error
        where = f"what was recorded is in {str(self.folder)!r}: `{self._command()}` makes a file of it"
        if isinstance(error, OSError) and error.errno is not None:
            when = " when there is room" if error.errno == errno.ENOSPC else ""
            return type(error)(error.errno, f"{error.strerror}; {where}{when}")
        if type(error) in (OSError, FileExistsError, ValueError, RuntimeError):
            return type(error)(f"{error}; {where}")
        error.add_note(f"brainsim: {where}")
        return error

    def _write(self, stream, rest):
        """Make the file from the folder, unless somebody else has changed the folder."""
        check_free(self.path, self.label, self.may_replace())
        try:
            held = open_stream(self.folder, strict=True)
        except ValueError as error:
            raise ValueError(f"{self.label}: {str(error).removeprefix('Result.load: ')}") from None
        if held.step != stream.step:
            times = [f"{times_of(step, held.header['dt']):,.6g}" for step in (held.step, stream.step)]
            raise ValueError(
                f"{self.label}: the log of {str(self.folder)!r} was changed: it ends at {times[0]} of {times[1]} ms"
            )
        rest.save(self.folder / REST)
        if self.raw:
            put_folder(self.folder, self.path, self.label)
        else:
            write(held.recording(), self.path, self.label)
            del held  # and the maps of the columns, without which Windows removes nothing
            remove_folder(self.folder, self.path, self.label)


def checked_target(to, ranks, overwrite):
    """Return the Target of a simulation."""
    return to if isinstance(to, Target) else Target(to, ranks, overwrite)


def continued_target(to, rows, label, ranks=ALONE, overwrite=False):
    """Return the Target with which a stream continues from a checkpoint, None without a stream.

    `rows` says how many rows of each column belong to the checkpoint: empty if nothing was recorded then, None without a
    stream. Messages begin with `label`.
    """
    if to is None:
        return None
    if rows is None:
        return checked_target(to, ranks, overwrite)
    target, number = Target.continued(to, rows, ranks, overwrite), _ranks_in(rows)
    if rows and number != ranks.size:
        was, now = (f"on {n} ranks" if n > 1 else "in one process" for n in (number, ranks.size))
        raise ValueError(
            f"{label}.to: {str(target.folder)!r} was written {was}, and cannot be continued {now}; without to=, the run "
            "continues from the checkpoint, and its Result begins there"
        )
    ranks.together(lambda: _check_may_continue(target, label) if ranks.rank == 0 else None)
    return target if rows else Target(to, ranks, overwrite)


def _check_may_continue(target, label):
    """Raise an error if the folder of a stream is not there, or is being written to; remove one that is to be empty."""
    if target.folder.exists():
        reject_if_locked(target.folder, f"{label}.to")
    if not target.rows:
        # what is there was recorded after the checkpoint, and will be again
        shutil.rmtree(target.folder, ignore_errors=True)
    elif not target.folder.exists():
        raise FileNotFoundError(
            f"{label}.to: there is no folder {str(target.folder)!r} any more, in which the run was recorded; without to=, "
            "the run continues from the checkpoint, and its Result begins there"
        )
    check_free(target.path, f"{label}.to", target.may_replace())


def _ranks_in(rows):
    return max(len({name.split("/")[0] for name in rows if name.startswith(PART)}), 1)
