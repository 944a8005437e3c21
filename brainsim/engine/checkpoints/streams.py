"""The stream of a run that continues from a checkpoint."""

import shutil

from brainsim.engine.checkpoints.file import read
from brainsim.engine.recorders.stream import is_locked
from brainsim.engine.target import Target
from brainsim.results.result import Result


def continued_target(to, rows, label):
    """Return the Target with which a stream goes on from a checkpoint, None without a stream.

    Parameters
    ----------
    to : str, Path or None
        As given by the user.
    rows : dict of str to int, or None
        How many rows of each column belong to the checkpoint; empty if nothing was recorded then, None without a stream.
    label : str
        How messages begin.
    """
    if to is None or rows is None:
        return to if to is None else Target(to)
    target = Target.continued(to, rows)
    if target.folder.exists() and is_locked(target.folder):
        raise BlockingIOError(f"{label}.to: {str(target.folder)!r} is being written by another run")
    if not rows:
        # what is there was recorded after the checkpoint, and will be again
        shutil.rmtree(target.folder, ignore_errors=True)
        return Target(to)
    if not target.folder.exists():
        raise FileNotFoundError(
            f"{label}.to: there is no folder {str(target.folder)!r} any more, in which the run was recorded; without to=, "
            "the run continues from the checkpoint, and its Result begins there"
        )
    return target


def finished_result(path, to, duration):
    """Return the Result of a run whose file was made already, None if it was not; refuse a run that would be longer."""
    if to is None or not (checkpoint := read(path)).plain.streams:
        return None
    target, state = Target.continued(to, checkpoint.plain.streams), checkpoint.state
    if target.folder.exists() or not target.path.exists():
        return None
    done = (state.step - checkpoint.plain.origin) * state.dt
    if duration > done + 0.5 * state.dt:
        raise ValueError(
            f"simulate.to: {str(target.path)!r} is complete after {done:g} ms, so a run of {duration:g} ms cannot go on in "
            "it; give another name"
        )
    return Result.load(target.path)
