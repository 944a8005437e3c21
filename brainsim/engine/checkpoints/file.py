"""The file of a checkpoint: what it holds, written aside and renamed, and read back.

The last two are kept. If the last one is damaged or missing, the one before is read, with a warning.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from brainsim.core.aside import previous
from brainsim.core.checks import warn_user
from brainsim.results import archive
from brainsim.results.result import Result, State, pack, pack_state, unpack, unpack_state

KIND, FORMAT = "Checkpoint", 1
LABEL = "Simulation.load"


@dataclass
class Plain:
    """What a checkpoint holds as JSON.

    Attributes
    ----------
    begin, origin : int
        The step from which `Simulation.result` tells, and the one at which the run began.
    completed : bool
        Whether the point of time reached is complete: it is not before the first step.
    precision : str
    parts, details : dict
        Fingerprints of the network as it was described, see `Prints`.
    changes, rewired : dict
        See `changes`.
    requests : str
        Fingerprint of what is recorded.
    streams : dict or None
        How much of each file that is being written belongs to the checkpoint.
    seconds : float
        How long the simulation has run.
    versions : dict of str to str
    """

    begin: int
    origin: int
    completed: bool
    precision: str
    parts: dict
    details: dict
    changes: dict
    rewired: dict
    requests: str
    streams: dict | None
    seconds: float
    versions: dict


@dataclass
class Checkpoint:
    """What a file holds besides the `Plain` part.

    Attributes
    ----------
    plain : Plain
    state : State
    restored : State or None
        The state from which the simulation began, to which `reset` goes back.
    recorded : Result or None
        What was recorded so far.
    arrays : dict or Kept
        The arrays of changed values, by the name of their member.
    recorders : dict of str to ndarray
        What the recorders need besides.
    path : Path
        The file that was read.
    """

    plain: Plain
    state: State
    restored: State | None
    recorded: Result | None
    arrays: object
    recorders: dict
    path: Path | None = None

    def write(self, path):
        """Write the file, keep the one before, and return its path."""
        arrays, description = dict(self.arrays), asdict(self.plain)
        arrays |= {f"recorders/{name}": values for name, values in self.recorders.items()}
        for name, value, packed in (
            ("state", self.state, pack_state),
            ("restored", self.restored, pack_state),
            ("recorded", self.recorded, _pack_result),
        ):
            own = {}
            description[name] = None if value is None else packed(value, own)
            arrays |= {f"{name}/{key}": array for key, array in own.items()}
        description["cells"] = {name: int(steps.size) for name, steps in self.state.refractory.items()}
        return archive.write(path, KIND, FORMAT, description, arrays, keep=True, label="Simulation.save.path")


class Kept:
    """Arrays in memory, which are taken as those of an archive are."""

    def __init__(self, arrays):
        self._arrays = arrays

    def take(self, name):
        """Return an array."""
        return self._arrays[name]


def read(path):
    """Return the Checkpoint in a file, or else the one before; raise the error of the last one if both are unreadable."""
    path = checked_path(path, f"{LABEL}.path")
    try:
        return _read(path)
    except (ValueError, FileNotFoundError) as error:
        before = previous(path)
        if not before.exists():
            raise
        try:
            checkpoint = _read(before)
        except ValueError:
            raise error from None
        warn_user(f"{error}; continuing from the checkpoint before, {str(before)!r}, at {_time(checkpoint.state)}")
        return checkpoint


def checked_path(path, label):
    """Return the name of a file as a Path; raise TypeError if it is something else."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{label}: must be the name of a file such as 'run.ckpt' (got {path!r})")
    return Path(path)


def exists(path):
    """Return whether there is a checkpoint to continue from."""
    return Path(path).exists() or previous(path).exists()


def _time(state):
    return f"{state.step * state.dt:g} ms"


def _read(path):
    def build(description, arrays):
        cells = description["cells"]
        states = {
            name: description[name] and unpack_state(description[name], archive.Part(arrays, name), cells)
            for name in ("state", "restored")
        }
        recorded = description["recorded"] and unpack(description["recorded"], archive.Part(arrays, "recorded"))
        plain = Plain(**{name: description[name] for name in Plain.__dataclass_fields__})
        most = path.stat().st_size  # the file is not compressed
        listed = [name for name in arrays.names if name.startswith(("changes/", "rewired/"))]
        kept = Kept({name: arrays.take(name, most) for name in listed})
        begin = "recorders/"
        recorders = {n[len(begin) :]: arrays.take(n, most) for n in arrays.names if n.startswith(begin)}
        return Checkpoint(plain, states["state"], states["restored"], recorded, kept, recorders, path)

    return archive.read(path, KIND, FORMAT, build, LABEL)


def _pack_result(result, arrays):
    description, own = pack(result)
    arrays |= own
    return description
