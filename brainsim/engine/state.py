"""The state between two runs: read and written by the user, saved into results, and taken over from them."""

from collections.abc import Mapping

import numpy as np

from brainsim.numbers.checks import MissingName, nearest
from brainsim.numbers.results import State

STEP_BITS = 32  # spikes are kept as step << 32 | cell
CELL = 2**STEP_BITS - 1


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
        return self._shared.state[at : at + n]

    def __setitem__(self, name, values):
        if self._population is None:
            raise TypeError("state: set a variable, e.g. sim.state['cells']['v'] = -65.0")
        row, values = self[name], np.asarray(values)
        if values.ndim and values.shape != row.shape:
            raise ValueError(f"state: {self._population}.{name} has {row.size} cells (got an array of shape {values.shape})")
        row[:] = values

    def __iter__(self):
        return iter(self._layout.members if self._population is None else self._layout.variables(self._population))

    def __len__(self):
        return len(list(iter(self)))

    def __repr__(self):
        if self._population is None:
            return f"state of {', '.join(map(repr, self))}"
        return f"state of {self._population!r}: {', '.join(self)}"


def save_state(layout, shared, recent, step, dt, seed):
    """Return the State of a run that stands at `step`; `recent` are the packed spikes that may still be under way."""
    variables = Variables(layout, shared)
    steps, cells = recent >> STEP_BITS, recent & CELL
    state = State(step, dt, seed)
    for name, member in layout.members.items():
        mine = (cells >= member.first) & (cells < member.first + member.n)
        state.pending[name] = steps[mine], cells[mine] - member.first
        state.refractory[name] = shared.refractory[member.first : member.first + member.n].copy()
        state.variables[name] = {variable: values.copy() for variable, values in variables[name].items()}
        state.arriving[name] = {label: shared.state[slots] for label, slots in layout.buffers(name).items()}
    return state


def load_state(state, layout, shared):
    """Take over variables, refractory times and buffers; returns the packed spikes that are still under way."""
    packed = [np.empty(0, np.int64)]
    for name, member in layout.members.items():
        for variable, values in state.variables[name].items():
            at, n = layout.state_row(name, variable, "state")
            shared.state[at : at + n] = values
        for label, slots in layout.buffers(name).items():
            shared.state[slots] = state.arriving[name][label]
        shared.refractory[member.first : member.first + member.n] = state.refractory[name]
        steps, ids = state.pending[name]
        packed.append((steps << STEP_BITS) | (ids + member.first))
    return np.sort(np.concatenate(packed))


def check_fits(state, layout):
    """Raise ValueError unless a state is of a network with the same populations, variables and receptors."""
    for name, member in layout.members.items():
        wanted = set(member.rows), set(layout.buffers(name)), member.n
        found = set(state.variables.get(name, ())), set(state.arriving.get(name, ())), len(state.refractory.get(name, ()))
        if wanted != found:
            raise ValueError(f"simulate.state: is of another network: its population {name!r} has other cells or variables")
        for values in state.variables[name].values():
            if values.dtype != layout.dtype:
                given = "single" if values.dtype == np.float32 else "double"
                raise ValueError(f"simulate.precision: the state was saved in {given} precision; write precision={given!r}")
    for name in state.variables:
        if name not in layout.members:
            raise ValueError(f"simulate.state: is of another network: it has a population {name!r}")
