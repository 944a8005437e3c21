"""The stream of a run that continues from a checkpoint."""

import shutil

from brainsim.build.own import ALONE
from brainsim.core.files import check_free
from brainsim.engine.checkpoints.file import read
from brainsim.engine.recorders.stream import reject_if_locked
from brainsim.engine.target import Target, checked_target
from brainsim.results.elsewhere import Elsewhere
from brainsim.results.result import Result
from brainsim.results.streams.folder import PART


def continued_target(to, rows, label, ranks=ALONE, overwrite=False):
    """Return the Target with which a stream continues from a checkpoint, None without a stream.

    Parameters
    ----------
    to : str, Path or None
        As given by the user.
    rows : dict of str to int, or None
        How many rows of each column belong to the checkpoint; empty if nothing was recorded then, None without a stream.
    label : str
        How messages begin.
    ranks : Alone or Ranks
        The processes that continue.
    overwrite : bool
        Whether a file that is there may be replaced.
    """
    if to is None or rows is None:
        return checked_target(to, ranks, overwrite)
    target, number = Target.continued(to, rows, ranks, overwrite), _ranks_in(rows)
    if rows and number != ranks.size:
        was, now = (f"on {n} ranks" if n > 1 else "in one process" for n in (number, ranks.size))
        raise ValueError(
            f"{label}.to: {str(target.folder)!r} was written {was}, and cannot be continued {now}; without to=, the run "
            "continues from the checkpoint, and its Result begins there"
        )
    ranks.together(lambda: _check(target, label) if ranks.rank == 0 else None)
    return target if rows else Target(to, ranks, overwrite)


def _check(target, label):
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
    """Return how many ranks have written columns of these names."""
    return max(len({name.split("/")[0] for name in rows if name.startswith(PART)}), 1)


def finished_result(path, to, duration, ranks=ALONE):
    """Return the Result of a run whose file was made already, None if it was not; refuse a run that would be longer."""
    if to is None or not (checkpoint := read(path)).plain.streams:
        return None
    target, state = Target.continued(to, checkpoint.plain.streams), checkpoint.state
    if not ranks.first(target.path.exists() and not target.folder.exists()):
        return None
    done = (state.step - checkpoint.plain.origin) * state.dt
    if duration > done + 0.5 * state.dt:
        raise ValueError(
            f"simulate.to: {str(target.path)!r} is complete after {done:g} ms, so a run of {duration:g} ms cannot go on in "
            "it; give another name"
        )
    if ranks.rank == 0:
        return Result.load(target.path)
    known = {"duration": done, "dt": state.dt, "seed": state.seed, "stats": {"ranks": ranks.size}}
    return Elsewhere(ranks.rank, ranks.size, start=float(checkpoint.plain.begin * state.dt), **known)
