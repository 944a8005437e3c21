"""The state between two runs: read and written by the user, saved into results, and taken over from them."""

import copy
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from brainsim.build.own import is_whole, members_here
from brainsim.core.checks import MissingName, integer, nearest, number, option
from brainsim.core.structure import check_array, check_structure
from brainsim.engine.states.sent import Sent, load_sent, save_sent
from brainsim.results.result import State
from brainsim.rng.streams import checked_seed

MAX_STEPS = 2**31 - 1  # spikes are kept as step << 32 | cell
Arrays = dict[str, np.ndarray]
PARTS = {  # of a State, and their structures
    "variables": dict[str, Arrays],
    "refractory": Arrays,
    "pending": dict[str, tuple[np.ndarray, np.ndarray]],
    "arriving": dict[str, Arrays],
    "network": dict[str, str],
    "extra": Arrays,
}
OF_CELLS = ("variables", "refractory", "pending", "arriving")  # those that have an entry for each population


def check_state(state, dt, seed):
    """Return a copy of the state to continue from; raise an error if its dt or seed differ."""
    if state is None:
        return None
    if not isinstance(state, State):
        raise TypeError(f"{option('state')}: must be the state of a result: result.state (got a {type(state).__name__})")
    check_clock(state)
    if state.dt != dt:
        raise ValueError(f"{option('dt')}: the state was saved with dt = {state.dt:g} ms (got {dt:g} ms)")
    if seed is not None and seed != state.seed:
        raise ValueError(
            f"{option('seed')}: must be the seed of the state, {state.seed} (got {seed}); leave seed out, or begin from "
            f"state.with_seed({seed}), with which all random numbers from now on are others"
        )
    return copy.deepcopy(state)  # `reset` goes back to it, whatever becomes of the one that was given


def check_clock(state):
    """Raise TypeError or ValueError if the step, the dt or the seed of a state is impossible."""
    step = integer(state.step, "state.step", at_least=0)
    check_end(step, number(state.dt, "state.dt", "ms", above=0.0), "state.step")
    checked_seed(state.seed, "state.seed")


def check_end(step, dt, label):
    """Raise ValueError if a simulation would go beyond the last step that fits into a packed spike."""
    if step > MAX_STEPS:
        raise ValueError(
            f"{label}: a simulation has at most 2**31 - 1 steps, {MAX_STEPS * dt / 3.6e6:,.1f} hours with dt = {dt:g} ms "
            f"(got {step:,} steps); continue with a larger dt, or with a new Simulation from what the state holds"
        )


class Variables(Mapping):
    """The state between two runs: population -> variable -> array, read and written in place."""

    def __init__(self, layout, shared, population=None):
        self._layout, self._shared, self._population = layout, shared, population

    def __getitem__(self, name):
        if self._population is None:
            if name not in self._layout.members:
                raise MissingName(f"state: no population named {name!r}{nearest(name, self._layout.members)}")
            return Variables(self._layout, self._shared, name)
        at, n = self._layout.state_row(self._population, name, "state")
        if not isinstance(self._shared, Snapshot):
            self._shared.given_out.read(self._population, name)
        return self._shared.state[at : at + n]

    def __setitem__(self, name, values):
        if self._population is None:
            raise TypeError("state: set a variable, e.g. sim.state['cells']['v'] = -65.0")
        row, values = self[name], np.asarray(values)
        if values.ndim and values.shape != row.shape:
            raise ValueError(f"state: {self._population}.{name} has {row.size} cells (got an array of shape {values.shape})")
        row[:] = values

    def __getattr__(self, name):
        if name.startswith("_") or name not in list(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        place = "" if self._population is None else f"[{self._population!r}]"
        raise AttributeError(f"state: write sim.state{place}[{name!r}]")

    def __iter__(self):
        return iter(self._layout.members if self._population is None else self._layout.variables(self._population))

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        if self._population is None:
            return f"state of {', '.join(map(repr, self))}"
        return f"state of {self._population!r}: {', '.join(self)}"


def not_finite_here(layout, shared):
    """Return "" if all variables in this process are finite, else the first that is not, with {} for the reason."""
    if is_whole(layout) and np.isfinite(shared.state[: layout.n_state]).all():
        return ""
    here, found = members_here(layout), ""
    for name in layout.members:
        for variable in layout.variables(name) if not found else ():
            at, n = layout.state_row(name, variable, "state")
            bad = np.flatnonzero(~np.isfinite(shared.state[at : at + n][here[name]]))
            if bad.size:
                cell = int(bad[0]) + here[name].start
                found = f"{name}.{variable}: {{}} (cell {cell}: {shared.state[at + cell]})"
                break
    return found


class Snapshot(NamedTuple):
    """A copy of what changes from step to step."""

    state: np.ndarray  # variables of all groups and buffers of inputs
    refractory: np.ndarray  # int32
    recent: Sent  # the spikes that may still be under way
    extra: object  # dict of name -> array, see State, or what returns it by `arrays`


def save_state(layout, snapshot, step, seed, network):
    """Return the State of a run that was at `step` when the snapshot was taken."""
    variables = Variables(layout, snapshot)
    state = State(step, layout.dt, seed, network=network, extra=arrays_of(snapshot.extra))
    save_sent(snapshot.recent, state, layout)
    for name, member in layout.members.items():
        state.refractory[name] = snapshot.refractory[member.first : member.first + member.n]
        state.variables[name] = dict(variables[name])
        state.arriving[name] = {label: snapshot.state[slots] for label, slots in layout.buffers(name).items()}
    return state


def arrays_of(extra, unsorted=()):
    """Return what a snapshot holds of operators and kinds of synapses, as a dict of arrays; `unsorted` as in `Extra`."""
    return extra if isinstance(extra, dict) else extra.arrays(unsorted)


def load_state(state, layout, shared):
    """Take over variables, refractory times and buffers; return the spikes that are still under way."""
    here = members_here(layout)
    for name, member in layout.members.items():
        mine = here[name]
        for variable, values in state.variables[name].items():
            at, n = layout.state_row(name, variable, "state")
            shared.state[at : at + n][mine] = values[mine]
        for label, slots in layout.buffers(name).items():
            shared.state[slots[mine]] = state.arriving[name][label][mine]
        shared.refractory[member.first : member.first + member.n][mine] = state.refractory[name][mine]
    return load_sent(state, layout)


def take_array(extra, name, dtype, n):
    """Return an array of ``state.extra``; raise ValueError if it is missing, of another type or size, or contains NaN."""
    if name not in extra:
        raise ValueError(
            f"state.extra: lacks {name!r}, which this network needs; it was saved by another network or without an extension"
        )
    check_array(extra[name], dtype, (n,), f"state.extra[{name!r}]")
    values = np.asarray(extra[name])
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"state.extra[{name!r}]: must be numbers (got nan at {int(np.argmax(np.isnan(values)))})")
    return values


def check_fits(state, layout, network):
    """Raise ValueError unless a state is of this network, with arrays that kernels can use.

    `network` holds the fingerprint of each part.
    """
    for part, kind in PARTS.items():
        check_structure(getattr(state, part), kind, f"state.{part}")
    for name, member in layout.members.items():
        expected = set(member.rows), set(layout.buffers(name)), member.n
        actual = (
            set(state.variables.get(name, ())),
            set(state.arriving.get(name, ())),
            np.size(state.refractory.get(name, ())),
        )
        if expected != actual or not all(name in getattr(state, part) for part in OF_CELLS):
            raise ValueError(
                f"{option('state')}: is of another network: its population {name!r} has other cells or variables"
            )
        _check_arrays(state, name, member.n, layout.dtype)
    for name in (name for part in OF_CELLS for name in getattr(state, part)):
        if name not in layout.members:
            raise ValueError(f"{option('state')}: is of another network: it has a population {name!r}")
    _check_network(state, network)


def _check_arrays(state, name, n, dtype):
    """Check type, shape and range of all arrays of a population in a state, which may come from a file."""
    for variable, values in state.variables[name].items():
        values = np.asarray(values)
        if values.dtype != dtype and values.dtype in (np.float32, np.float64):
            saved = "single" if values.dtype == np.float32 else "double"
            raise ValueError(f"{option('precision')}: the state was saved in {saved} precision; write precision={saved!r}")
        _check_numbers(f"state.variables[{name!r}][{variable!r}]", values, dtype, n)
    for receptor, values in state.arriving[name].items():
        _check_numbers(f"state.arriving[{name!r}][{receptor!r}]", values, dtype, n)
    check_array(state.refractory[name], np.int32, (n,), f"state.refractory[{name!r}]")
    steps, ids = (np.asarray(values) for values in state.pending[name])
    for part, values, low, high in (("steps", steps, 0, state.step), ("ids", ids, 0, n - 1)):
        label = f"state.pending[{name!r}]: {part}"
        check_array(values, None, (steps.size,), label)
        if values.size and not (low <= values.min() and values.max() <= high):
            bad = values[(values < low) | (values > high)][0]
            raise ValueError(f"{label} must be {low} to {high} (got {bad})")


def _check_numbers(label, values, dtype, n):
    check_array(values, dtype, (n,), label)
    if not np.isfinite(values).all():
        cell = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"{label}: must be finite (got {values[cell]} for cell {cell})")


def _check_network(state, network):
    """Raise ValueError if a state was saved by a network that differs in any part that a run depends on."""
    saved = state.network
    if saved == network:
        return
    if not saved:
        raise ValueError(f"{option('state')}: does not name its network; save it again with this version of brainsim")
    changed = [part for part, print_ in network.items() if saved.get(part, print_) != print_]
    added, gone = [part for part in network if part not in saved], [part for part in saved if part not in network]
    texts = [("other values in", changed), ("added:", added), ("missing:", gone)]
    differences = "; ".join(f"{text} {', '.join(parts)}" for text, parts in texts if parts)
    raise ValueError(
        f"{option('state')}: is of another network ({differences}). Build the network as it was when the state was saved, "
        "including changes by Simulation.set"
    )
