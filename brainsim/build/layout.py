"""The layout of a network: groups of cells, their state, their kernels and their partitions.

This is the only numbering: the engine and the estimate of memory use it. The groups follow from the description; the numbers
of the cells, which may be many, are computed by `Layout.fill`.

Populations whose kernel is the same lie in one *group*: a block of the state, one row per variable, one column per cell.
Cells are numbered through all groups (their *global index*), and each group is cut into one stretch per partition.
"""

from copy import copy
from dataclasses import replace

import numpy as np

from brainsim.build.constants import check_tables, kernel_constants, warn_where_inaccurate
from brainsim.build.groups import form_groups
from brainsim.build.own import ALIGNED, ALONE
from brainsim.build.timing import ON_GRID
from brainsim.core.checks import MissingName, nearest

MANY = 2000  # cells of a partition: visiting fewer takes less than finding out which of them are at rest


class Layout:
    """Groups, numbering and partitions of a network; each group is cut into as many stretches as there are `partitions`.

    `dtype`, float64 or float32, is that of the state and of the constants of kernels. With `filled`, `fill` is called now.
    `own` are the partitions of this process among the `ranks`. `timing` says how time is counted.
    """

    def __init__(self, network, dt, partitions, dtype=np.float64, filled=True, ranks=ALONE, timing=ON_GRID):
        self.network, self.dt, self.partitions, self.dtype, self.timing = network, dt, partitions, dtype, timing
        self.within_steps = timing.within_steps
        # delays are counted in ticks: a tick is a step, or less
        self.ticks = timing.ticks(dt)
        self.tick, self.delay_type = dt / self.ticks, timing.delay_type
        self.ranks, self.own = ranks, ranks.share(partitions)
        self.groups = form_groups(network, dt, dtype, timing)
        self.members = _members(network, self.groups)
        self.group_of = {m.population.name: k for k, g in enumerate(self.groups) for m in g.members}
        self.n_cells = self.n_state = 0
        for group in self.groups:
            group.first, group.state_at = self.n_cells, self.n_state
            for member in group.members:
                member.first = self.n_cells
                self.n_cells += member.n
            self.n_state += group.n_variables * group.n
        self.bounds = ranks.cut(self)
        self.input_at, self.n_numbers = self._buffer_places()
        self.inputs, self._reached = list(network.inputs), {}
        self.apart = {}  # projection whose weight will move -> the weight that orders its segments, which hold no other's
        if filled:
            self.fill()

    def _buffer_places(self):
        """Return where each partition's buffers of each group start, after the state, and where all of them end."""
        at, places = self.n_state, []
        for partition in range(self.partitions if self.groups else 0):
            # partitions write next to each other, but never into one cache line
            at += -at % ALIGNED
            row = []
            for group, bounds in zip(self.groups, self.bounds, strict=True):
                row.append(at)
                at += group.n_receptors * int(bounds[partition + 1] - bounds[partition])
            places.append(row)
        return places, at

    def fill(self):
        """Compute the parameters and constants of all cells."""
        if self.n_numbers >= 2**31:
            raise ValueError(f"Network: {self.n_numbers:,} state variables are too many; at most 2**31 - 1 can be numbered")
        for group in self.groups:
            for member in group.members if group.kernel else ():
                member.fill(self.network, self.dt)
            group.stack_constants(self.dtype)
        members = [member for group in self.groups if group.kernel for member in group.members if member.n]
        warn_where_inaccurate(members, self.dt)
        if self.dtype == np.float32:
            from brainsim.equations.precision import warn_where_coarse

            warn_where_coarse(variable for member in members for variable in member.label_variables())

    def reached(self, view, synapse):
        """Return how many cells of a view each partition has, and the lowest and highest place of a synapse's events there.

        If a partition has none, the lowest place is above the highest.
        """
        if (view, synapse) not in self._reached:
            places, parts = self.input_places(view, synapse)
            low, high = np.full(self.partitions, self.n_numbers), np.full(self.partitions, -1)
            np.minimum.at(low, parts, places)
            np.maximum.at(high, parts, places)
            self._reached[view, synapse] = np.bincount(parts, minlength=self.partitions), low, high
        return self._reached[view, synapse]

    def global_indices(self, view):
        """Return the global index of each cell of a view, int32."""
        parts = [self.members[population.name].first + ids for population, ids in view.parts]
        return np.concatenate(parts).astype(np.int32)

    def receptor(self, name, synapse):
        """Return (index of the receptor, whether events go to the state directly) of a synapse on a population."""
        member = self.members[name]
        index = member.synapses.index(synapse)
        return index, member.system.direct[index]

    def extra_step(self, projection):
        """Return how many steps later its events are filed: 1 if they go to the state directly, at points of the grid."""
        return int(projection.synapse.receptor_equations.direct and not self.within_steps)

    def input_places(self, view, synapse):
        """Return for each cell of a view where in the state events of a synapse are added (int32), and its partition."""
        places, parts = [], []
        for population, ids in view.parts:
            index = self.group_of[population.name]
            group, member, bounds = self.groups[index], self.members[population.name], self.bounds[index]
            cell = member.first - group.first + ids
            part = np.searchsorted(bounds[1:-1], cell, side="right")
            receptor, direct = self.receptor(population.name, synapse)
            if direct:
                row = member.system.variables.index(member.system.arrivals[receptor][0][0])
                place = group.state_at + row * group.n + cell
            else:
                row = member.system.buffered.index(receptor)
                start = np.array([at[index] for at in self.input_at])
                place = start[part] + row * np.diff(bounds)[part] + cell - bounds[part]
            places.append(place)
            parts.append(part)
        kind = np.uint8 if self.partitions <= 256 else np.uint16
        return np.concatenate(places).astype(np.int32), np.concatenate(parts).astype(kind)

    def input_slots(self, view, synapse, partition):
        """Return `input_places` of the cells of one partition, and -1 for those of the others."""
        places, parts = self.input_places(view, synapse)
        return np.where(parts == partition, places, np.int32(-1))

    def buffers(self, name):
        """Return receptor -> places in the state of the cells' buffers of inputs, if it has one."""
        member = self.members[name]
        places = {}
        for index, (label, synapse) in enumerate(zip(member.labels, member.synapses, strict=True)):
            if not member.system.direct[index]:
                places[label] = self.input_places(member.population, synapse)[0]
        return places

    def owned(self, partition):
        """Return for each group the (start, stop) global indices of the partition's cells."""
        return [(g.first + b[partition], g.first + b[partition + 1]) for g, b in zip(self.groups, self.bounds, strict=True)]

    def check_population(self, population, label):
        """Raise an error unless this population is in the network; another one may have the same name."""
        if population.name not in self.members:
            raise MissingName(f"{label}: no population named {population.name!r}{nearest(population.name, self.members)}")
        if population is not self.members[population.name].population:
            raise ValueError(f"{label}: this is not the population named {population.name!r} that is in the network")

    def state_row(self, name, variable, label):
        """Return (place of the row in the state, n) of a variable of a population, or raise MissingName."""
        if name not in self.members:
            raise MissingName(f"{label}: no population named {name!r}{nearest(name, self.members)}")
        member, group = self.members[name], self.groups[self.group_of[name]]
        if variable not in member.rows:
            raise MissingName(f"{label}: {name!r} has no variable {variable!r}{nearest(variable, member.rows)}")
        return group.state_at + member.rows[variable] * group.n + member.first - group.first, member.n

    def state_places(self, view, variable, label):
        """Return where in the state a variable of each cell of a view is, or raise MissingName."""
        rows = [self.state_row(population.name, variable, label)[0] + ids for population, ids in view.parts]
        return np.concatenate(rows).astype(np.int64)

    def change(self, name, values):
        """Change the parameters of a population: numbers may become arrays, for which its group takes another kernel."""
        member, group = self.members[name], self.groups[self.group_of[name]]
        check_tables(member, values)
        constants = kernel_constants(member.system, member.step, values | member.sums, self.dt, name)
        member.values, member.constants = values, constants
        group.let_differ(self.dtype)
        first = member.first - group.first
        for row, constant in enumerate(group.kernel.arrays):
            group.arrays[row, first : first + member.n] = member.constants[constant]

    def set_sums(self, name, sums):
        """Give the cells of a population the sums of the weights of their couplings, name in the system -> array."""
        member = self.members[name]
        member.sums = member.sums | sums
        self.change(name, member.values)

    def most_spikes(self):
        """Return how many spikes all cells may send in a step, besides listed ones."""
        return sum(int(member.constants.get("most_spikes", 1.0)) * member.n for member in self.members.values())

    def copy(self):
        """Return a layout whose parameters and inputs can change without changing those of this one."""
        new = copy(self)
        new.inputs = list(self.inputs)
        new.groups = [
            replace(group, members=[copy(member) for member in group.members], arrays=group.arrays.copy())
            for group in self.groups
        ]
        new.members = _members(new.network, new.groups)
        return new

    def variables(self, name):
        """Return the names of a population's variables."""
        return tuple(self.members[name].rows)

    def methods(self):
        """Return population -> name of the integration method."""
        return {name: m.step.method for name, m in self.members.items() if m.step is not None}


def has_many_cells(layout):
    """Return whether a network is so large that it may pay to skip the cells that no event reaches."""
    return not layout.within_steps and layout.n_cells >= MANY * layout.partitions and bool(layout.network.projections)


def _members(network, groups):
    """Return population name -> member in the order of the network, so that pictures of both have the same colours."""
    found = {member.population.name: member for group in groups for member in group.members}
    return _Members({name: found[name] for name in network.populations})


class _Members(dict):
    def __missing__(self, name):
        raise MissingName(f"no population {name!r} in this network{nearest(name, self)}")
