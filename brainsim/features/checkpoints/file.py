"""The file of a checkpoint: what it holds, written aside and renamed, and read back.

The last two are kept. If the last one is damaged or missing, the one before is read, with a warning.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict, get_type_hints

from brainsim.core.checks import integer, warn_user
from brainsim.core.files import check_path, previous
from brainsim.engine.simulation.settings import PRECISE
from brainsim.engine.states.given import check_clock
from brainsim.features.checkpoints.changes import Changes, Lists, decode_changes, encode_changes
from brainsim.network.arguments import check_precision
from brainsim.results import archive
from brainsim.results.packing import OfResult, OfState, pack, pack_state, unpack, unpack_state
from brainsim.results.result import Result, State

KIND, FORMAT = "Checkpoint", 1
LABEL = "Simulation.load"
EXAMPLE = "run.ckpt"


@dataclass
class Plain:
    """What a checkpoint holds as JSON.

    - `begin`, `origin`: the step from which `Simulation.result` tells, and the one at which the run began.
    - `completed`: whether the point of time reached is complete: it is not before the first step.
    - `parts`, `details`: fingerprints of the network as it was described, see `Prints`.
    - `requests`: fingerprint of what is recorded.
    - `streams`: how much of each file that is being written belongs to the checkpoint.
    - `seconds`: how long the simulation has run.
    """

    begin: int
    origin: int
    completed: bool
    precision: str
    parts: dict[str, str]
    details: dict[str, dict[str, str]]
    requests: str
    streams: dict[str, int] | None
    seconds: float
    versions: dict[str, str]


class Rest(TypedDict):
    """What else is there as JSON."""

    state: OfState
    restored: OfState | None
    recorded: OfResult | None
    cells: dict[str, int]
    changes: Changes
    rewired: dict[str, Lists]


DESCRIPTION = get_type_hints(Plain) | get_type_hints(Rest)


@dataclass
class Checkpoint:
    """What a file holds apart from the `Plain` part, and the path from which it was read.

    - `restored`: the state from which the simulation began, to which `reset` goes back.
    - `recorded`: what was recorded so far.
    - `changes`, `rewired`: see `changes`.
    - `recorders`: what else the recorders need.
    """

    plain: Plain
    state: State
    restored: State | None
    recorded: Result | None
    changes: dict
    rewired: dict
    recorders: dict
    path: Path | None = None

    @property
    def settings(self):
        """The options of the run on which its bits depend, see `RunSettings`."""
        precise = PRECISE in self.plain.parts
        return {"dt": self.state.dt, "seed": self.state.seed, "precision": self.plain.precision, "precise": precise}

    def write(self, path):
        """Write the file, keep the one before, and return its path."""
        arrays, description = {}, asdict(self.plain)
        description["changes"], description["rewired"] = encode_changes(self.changes, self.rewired, arrays)
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


def read(path):
    """Return the Checkpoint in a file, or else the one before; raise the error of the last one if both are unreadable."""
    path = check_path(path, f"{LABEL}.path", EXAMPLE)
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


def exists(path):
    """Return whether there is a checkpoint to continue from."""
    return Path(path).exists() or previous(path).exists()


def _time(state):
    return f"{state.step * state.dt:g} ms"


def _read(path):
    def build(description, arrays):
        cells, states = description["cells"], {}
        for name in ("state", "restored"):
            with archive.part_of_it(f"its part {name!r}"):
                of = description[name]
                states[name] = None if of is None else unpack_state(of, archive.WithPrefix(arrays, name), cells)
                if of is not None:
                    check_clock(states[name])
        with archive.part_of_it("what it has recorded"):
            of = description["recorded"]
            recorded = None if of is None else unpack(of, archive.WithPrefix(arrays, "recorded"))
        plain = Plain(**{name: description[name] for name in Plain.__dataclass_fields__})
        _check_plain(plain, states["state"], states["restored"])
        most = path.stat().st_size  # the file is not compressed
        with archive.part_of_it("what set and rewire have changed"):
            changes = decode_changes(description["changes"], description["rewired"], lambda name: arrays.take(name, most))
        begin = "recorders/"
        recorders = {n[len(begin) :]: arrays.take(n, most) for n in arrays.names if n.startswith(begin)}
        return Checkpoint(plain, states["state"], states["restored"], recorded, *changes, recorders, path)

    return archive.read(path, KIND, FORMAT, build, LABEL, DESCRIPTION)


def _check_plain(plain, state, restored):
    """Raise ValueError if what a checkpoint says of its run is impossible."""
    check_precision(plain.precision, "its precision")
    for name in ("begin", "origin"):
        integer(getattr(plain, name), f"its {name}", at_least=0, at_most=state.step)
    if restored is not None and (restored.dt, restored.seed) != (state.dt, state.seed):
        raise ValueError("its parts 'state' and 'restored' must have the same dt and seed")
    if not plain.completed and state.step:
        raise ValueError(f"its point of time must be complete after {state.step} steps")


def reading(checkpoint):
    """Return a context in which errors name the file of a checkpoint; see `archive.reading`."""
    return archive.reading(checkpoint.path, LABEL, archive.in_words(KIND))


def _pack_result(result, arrays):
    description, own = pack(result)
    arrays |= own
    return description
