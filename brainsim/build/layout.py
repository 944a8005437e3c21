"""Where everything lies: from a network to groups of cells, their state, their kernels and their place in the partitions.

Populations whose kernel is the same lie in one *group*: a block of the state, one row a variable, one column a cell. Cells
are numbered through all groups (their *global index*), and each group is cut into one stretch a partition.
"""

from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from brainsim.build.constants import (
    check_against_dt,
    check_tables,
    drawn_parameter,
    has_columns,
    kernel_constants,
    with_tables,
)
from brainsim.build.places import buffer_places, cuts, injected, receptors
from brainsim.core.checks import MissingName, nearest
from brainsim.equations.codegen import BLOCK, write_kernel
from brainsim.equations.methods import method_named
from brainsim.equations.precision import in_single, warn_where_coarse
from brainsim.equations.system import compose, prefixed
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.values import Distribution
from brainsim.rng.streams import stream_key


@dataclass
class Member:
    """A population within its group."""

    population: object
    synapses: tuple  # the receptors, in the order of the kernel
    labels: tuple  # what each receptor is called: "ampa"
    rows: dict  # variable as the user names it ("v", "ampa.g") -> row of the state
    values: dict  # parameters under the names of the system, floats or arrays
    constants: dict  # numbers of the kernel by name, floats or arrays
    system: object
    step: object
    first: int = 0  # global index of its first cell

    @property
    def n(self):
        """Number of cells."""
        return self.population.n


@dataclass
class Group:
    """Populations that share a kernel; a group of listed spikes has none."""

    kernel: object
    members: list = field(default_factory=list)
    first: int = 0  # global index of its first cell
    state_at: int = 0  # place of its first number in the state
    arrays: np.ndarray | None = None  # (constants that differ from cell to cell, cells)

    @cached_property
    def n(self):
        """Number of cells, once all members are there: it is asked for by every projection, and members may be thousands."""
        return sum(m.n for m in self.members)

    @property
    def system(self):
        """The system of equations that all members share but for numbers."""
        return self.members[0].system

    @property
    def n_variables(self):
        """Rows of the state."""
        return len(self.system.variables) + bool(self.system.crossing) if self.kernel else 0

    @property
    def n_receptors(self):
        """Rows of the inputs: receptors whose events go through a buffer."""
        return len(self.system.buffered) if self.kernel else 0


class Layout:
    """Groups, numbering and partitions of a network.

    Parameters
    ----------
    network : Network
    dt : float
        Time step [ms].
    partitions : int
        Into how many stretches each group is cut.
    dtype : type
        ``np.float64`` or ``np.float32``: of the state and of the numbers of the kernels.
    """

    def __init__(self, network, dt, partitions, dtype=np.float64):
        self.network, self.dt, self.partitions, self.dtype = network, dt, partitions, dtype
        self.groups = _grouped(network, dt, dtype)
        self.members = {m.population.name: m for g in self.groups for m in g.members}
        self.group_of = {m.population.name: k for k, g in enumerate(self.groups) for m in g.members}
        self.n_cells = self.n_state = 0
        for group in self.groups:
            group.first, group.state_at = self.n_cells, self.n_state
            for member in group.members:
                member.first = self.n_cells
                self.n_cells += member.n
            self.n_state += group.n_variables * group.n
            group.arrays = _stacked(group, dtype)
        self.bounds = [cuts(group.n, partitions) for group in self.groups]
        self.input_at, self.n_numbers = buffer_places(self.n_state, [g.n_receptors for g in self.groups], self.bounds)
        self.inputs = list(network.inputs)
        if self.n_numbers >= 2**31:
            raise ValueError(f"Network: {self.n_numbers:,} state variables are more than the 2**31 that can be numbered")

    def global_indices(self, view):
        """Return the global index of each cell of a view, int32."""
        parts = [self.members[population.name].first + ids for population, ids in view.parts]
        return np.concatenate(parts).astype(np.int32)

    def receptor(self, name, synapse):
        """Return (number of the receptor, whether events go to the state directly) of a synapse on a population."""
        member = self.members[name]
        number = member.synapses.index(synapse)
        return number, member.system.direct[number]

    def input_places(self, view, synapse):
        """Return for each cell of a view where in the state events of a synapse are added (int32), and its partition."""
        places, parts = [], []
        for population, ids in view.parts:
            number = self.group_of[population.name]
            group, member, bounds = self.groups[number], self.members[population.name], self.bounds[number]
            cell = member.first - group.first + ids
            part = np.searchsorted(bounds[1:-1], cell, side="right")
            receptor, direct = self.receptor(population.name, synapse)
            if direct:
                row = member.system.variables.index(member.system.arrivals[receptor][0][0])
                place = group.state_at + row * group.n + cell
            else:
                row = member.system.buffered.index(receptor)
                begin = np.array([at[number] for at in self.input_at])
                place = begin[part] + row * np.diff(bounds)[part] + cell - bounds[part]
            places.append(place)
            parts.append(part)
        return np.concatenate(places).astype(np.int32), np.concatenate(parts).astype(np.uint8)

    def input_slots(self, view, synapse, partition):
        """Return `input_places` of the cells of one partition, and -1 for those of the others."""
        places, parts = self.input_places(view, synapse)
        return np.where(parts == partition, places, np.int32(-1))

    def buffers(self, name):
        """Return receptor -> place in the state of each cell's buffer of inputs, for those of a population that have one."""
        member = self.members[name]
        found = {}
        for number, (label, synapse) in enumerate(zip(member.labels, member.synapses, strict=True)):
            if not member.system.direct[number]:
                found[label] = self.input_places(member.population, synapse)[0]
        return found

    def owned(self, partition):
        """Return for each group the (first, last) global index of the partition's cells."""
        return [(g.first + b[partition], g.first + b[partition + 1]) for g, b in zip(self.groups, self.bounds, strict=True)]

    def check_population(self, population, where):
        """Raise unless this very population is in the network: one of the same name may be another one."""
        if population.name not in self.members:
            raise MissingName(f"{where}: no population named {population.name!r}{nearest(population.name, self.members)}")
        if population is not self.members[population.name].population:
            raise ValueError(f"{where}: this is not the population named {population.name!r} that is in the network")

    def state_row(self, name, variable, where):
        """Return (place of the row in the state, n) of a variable of a population; raise MissingName with the nearest."""
        if name not in self.members:
            raise MissingName(f"{where}: no population named {name!r}{nearest(name, self.members)}")
        member, group = self.members[name], self.groups[self.group_of[name]]
        if variable not in member.rows:
            raise MissingName(f"{where}: {name!r} has no variable {variable!r}{nearest(variable, member.rows)}")
        return group.state_at + member.rows[variable] * group.n + member.first - group.first, member.n

    def change(self, name, values):
        """Give a population other parameters: numbers where there were numbers, arrays where there were arrays."""
        member, group = self.members[name], self.groups[self.group_of[name]]
        check_tables(member, values)
        constants = kernel_constants(member.system, member.step, values, self.dt, name)
        member.values, member.constants = values, constants
        first = member.first - group.first
        for row, constant in enumerate(group.kernel.arrays):
            group.arrays[row, first : first + member.n] = member.constants[constant]

    def copy(self):
        """Return a layout whose parameters and inputs can change without changing those of this one."""
        new = copy(self)
        new.inputs = list(self.inputs)
        new.groups = [
            replace(group, members=[copy(member) for member in group.members], arrays=group.arrays.copy())
            for group in self.groups
        ]
        new.members = {member.population.name: member for group in new.groups for member in group.members}
        return new

    def lag_places(self):
        """Return for each cell where its last spike says how long before the end of the step it was; None with no such cell.

        -1 stands for cells whose spikes have the time of the end of the step.
        """
        places = np.full(self.n_cells, -1, np.int32)
        for group in (g for g in self.groups if g.kernel and g.system.crossing):
            first = group.state_at + len(group.system.variables) * group.n
            places[group.first : group.first + group.n] = first + np.arange(group.n)
        return places if (places >= 0).any() else None

    def variables(self, name):
        """Return the names of a population's variables."""
        return tuple(self.members[name].rows)

    def methods(self):
        """Return population -> name of the integration method."""
        return {name: m.step.method for name, m in self.members.items() if m.step is not None}


def cell_calls(layout, addresses, partition, store, seed):
    """Return the rows of kernel calls of a partition, without state: what changes is in `store`.

    Parameters
    ----------
    layout : Layout
    addresses : list of int
        Address of each group's kernel.
    partition : int
    store : object with arrays ``state``, ``refractory``, ``current`` (all cells), ``flags``, and a list ``kept``
        The scalars that the addresses point to are appended to ``kept``.
    seed : int
        Seed of the run, for kernels that draw random numbers.
    """
    rows = []
    for number, group in enumerate(layout.groups):
        low, high = (int(b) for b in layout.bounds[number][partition : partition + 2])
        if group.kernel is None or low == high:
            continue
        for begin, end, scalars, member in _runs(group):
            a, z = max(begin, low), min(end, high)
            if a >= z:
                continue
            numbers = np.array(scalars or (0.0,), layout.dtype)
            if group.kernel.tables:
                numbers = with_tables(numbers, group.kernel, member, a - begin, z - begin, layout.dt)
            store.kept.append(numbers)
            inputs = layout.input_at[partition][number] + a - low
            rows.append(
                [
                    _at(store.state, group.state_at + a),
                    _at(group.arrays, a),
                    _at(numbers, 0),
                    _at(store.refractory, group.first + a),
                    _at(store.state, inputs),
                    _at(store.current, group.first + a),
                    0,
                    _at(store.flags, 0),
                    int(stream_key(seed, "kernel", member.population.name).astype(np.int64)),
                    0,
                    group.n,
                    high - low,
                    group.first + a,
                    group.first + a - member.first,
                    z - a,
                    addresses[number],
                    number,
                ]
            )
    return np.array(rows, dtype=np.int64).reshape(len(rows), 17)


def flags_array():
    """Return the scratch array of spike flags of a partition."""
    return np.zeros(BLOCK, dtype=np.uint8)


def _at(array, index):
    """Return the address of an element of a flat array or of a column of a 2-d one."""
    return array.ctypes.data + index * array.itemsize


def _runs(group):
    """Return (first, last, scalars, member) of the stretches of a group that one call can advance."""
    runs, at = [], 0
    for member in group.members:
        scalars = tuple(float(member.constants[s]) for s in group.kernel.scalars)
        if runs and runs[-1][2] == scalars and not group.kernel.random and not group.kernel.tables:
            runs[-1] = (runs[-1][0], at + member.n, scalars, runs[-1][3])
        else:
            runs.append((at, at + member.n, scalars, member))
        at += member.n
    return runs


def _stacked(group, dtype):
    if group.kernel is None or not group.kernel.arrays:
        return np.zeros((1, max(group.n, 1)), dtype)
    rows = [np.concatenate([np.broadcast_to(m.constants[a], m.n) for m in group.members]) for a in group.kernel.arrays]
    return np.ascontiguousarray(rows, dtype=dtype)


def _grouped(network, dt, dtype):
    """Sort the populations into groups, in the order in which they were added."""
    of_population = receptors(network)
    currents, groups = injected(network), {}
    for population in network.populations.values():
        if isinstance(population.model, SpikeTrains):
            member = Member(population, (), (), {}, {}, {}, None, None)
            groups[population.name, "listed"] = Group(None, [member])
            continue
        member = _member(network, population, of_population[population.name], population.name in currents, dt)
        per_cell = {name for name, value in member.constants.items() if np.ndim(value) or has_columns(value)}
        kernel = write_kernel(member.system, member.step, per_cell)
        kernel = in_single(kernel) if dtype == np.float32 else kernel
        groups.setdefault(kernel.text, Group(kernel)).members.append(member)
    if dtype == np.float32:
        members = [member for group in groups.values() if group.kernel for member in group.members]
        warn_where_coarse(variable for member in members for variable in _labelled(member))
    return list(groups.values())


def _labelled(member):
    """Return what the user calls each variable of a population, its name in the equations, and the kernel's constants."""
    names = zip(member.rows, member.system.variables, strict=True)
    return [(f"{member.population.name}.{label}", name, member.constants) for label, name in names]


def _member(network, population, synapses, injected, dt):
    """Compose the equations of a population with its receptors and compute the numbers of its kernel."""
    model, name = population.model, population.name
    system = compose(model.cell_equations, [s.receptor_equations for s in synapses], label=name, external_current=injected)
    step = method_named(model.method, type(model).__name__)(system, name)
    values = {}
    for owner, prefix in [(model, ""), *((s, prefixed(k)) for k, s in enumerate(synapses))]:
        owner.check_cells(population.n, name)
        # keyed by the synapse itself: its number changes when others are added
        label = repr(owner) if prefix else ""
        drawn = {k: drawn_parameter(network, population, owner, k, label) for k in owner.parameters}
        owner.check_values(drawn | {"dt": dt})
        check_against_dt(owner, drawn, dt, step.method)
        values |= {prefix + k: v for k, v in drawn.items()}
    if isinstance(getattr(model, model.refractory or "", None), Distribution):
        values[model.refractory] = np.rint(values[model.refractory] / dt) * dt
    labels = _labels(synapses, name)
    names = [*model.initials, *(f"{label}.{v}" for label, s in zip(labels, synapses, strict=True) for v in s.variables)]
    rows = {variable: k for k, variable in enumerate(names)}
    return Member(population, synapses, labels, rows, values, kernel_constants(system, step, values, dt, name), system, step)


def _labels(synapses, where):
    """Return what each receptor is called: the synapse's name, or its class in lower case, numbered where that is taken."""
    given = [s.name for s in synapses if s.name]
    for name in given:
        if given.count(name) > 1:
            raise ValueError(f"{where}: two different synapses are named {name!r}; give them different names")
    labels = []
    for synapse in synapses:
        base, number = type(synapse).__name__.lower(), 1
        label = synapse.name or base
        while not synapse.name and (label in labels or label in given):
            number += 1
            label = f"{base}_{number}"
        labels.append(label)
    return tuple(labels)
