"""The state between two runs: read and written by the user, saved into results, and taken over from them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from brainsim.build.own import is_whole, members_here
from brainsim.core.checks import MissingName, nearest
from brainsim.engine.states.sent import Sent, load_sent, save_sent
from brainsim.results.result import State

MAX_STEPS = 2**31 - 1  # spikes are kept as step << 32 | cell


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
