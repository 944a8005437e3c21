"""Where the events of a network are added, from its description alone.

Populations whose kernels are the same form a group, which is cut into one stretch for each partition, a thread's share. The
state holds the variables of each group, one row a variable, and behind them the buffers of each partition.
"""

import numpy as np

from brainsim.equations.system import compose
from brainsim.models.inputs import CurrentInput, PoissonInput
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.values import is_number

ALIGNED = 16  # cells: the stretches of a group's first variable start at a cache line, of float64 and of float32


def cuts(n, partitions):
    """Return the borders of stretches of equally many of n cells, at multiples of a cache line.

    Weighting cells by their in-degree balances less well: in the microcircuit it is the rates of the sources that differ.
    """
    borders = np.round(np.linspace(0, n, partitions + 1) / ALIGNED).astype(np.int64) * ALIGNED
    borders[-1] = n
    return np.minimum(borders, n)


def receptors(network):
    """Return for each population its synapses; those that are equal share a receptor. Their order is one for the network."""
    found = {name: {} for name in network.populations}
    everywhere = {}
    uses = [(p.post, p.synapse) for p in network.projections]
    uses += [(s.target, s.input.synapse) for s in network.inputs if isinstance(s.input, PoissonInput)]
    for view, synapse in uses:
        everywhere.setdefault(synapse, len(everywhere))
        for population, _ in view.parts:
            found[population.name][synapse] = None
    return {name: tuple(sorted(mine, key=everywhere.get)) for name, mine in found.items()}


def injected(network):
    """Return the names of the populations into which a current is injected."""
    return {p.name for s in network.inputs if isinstance(s.input, CurrentInput) for p, _ in s.target.parts}


def buffer_places(at, rows, borders):
    """Return where each partition's buffers of each group begin, from `at` on, and where all of them end.

    Parameters
    ----------
    at : int
    rows : list of int
        How many buffers each cell of a group has.
    borders : list of ndarray
        Where the stretches of each group begin and end.
    """
    places = []
    for partition in range(len(borders[0]) - 1 if borders else 0):
        # partitions write next to each other, but never into one cache line
        at += -at % ALIGNED
        row = []
        for n, ends in zip(rows, borders, strict=True):
            row.append(at)
            at += n * int(ends[partition + 1] - ends[partition])
        places.append(row)
    return places, at


class Places:
    """The groups of a network, as they will most likely be: no kernel is written to find out.

    Parameters
    ----------
    network : Network
    partitions : int

    Attributes
    ----------
    numbers : int
        Size of the state with its buffers.
    """

    def __init__(self, network, partitions):
        self.partitions, self.numbers = partitions, 0
        self._synapses, self._of, self._views, groups = receptors(network), {}, {}, {}
        currents = injected(network)
        for population in network.populations.values():
            kind = _kind(population, self._synapses[population.name], population.name in currents)
            groups.setdefault(kind, []).append(population)
        self._groups = []  # (system, place in the state, cells, borders of the stretches)
        for populations in groups.values():
            first, n = 0, sum(p.n for p in populations)
            for population in populations:
                self._of[population.name] = len(self._groups), first
                first += population.n
            system = self._system(populations[0], currents)
            self._groups.append((system, self.numbers, n, cuts(n, partitions)))
            self.numbers += n * (len(system.variables) + bool(system.crossing)) if system else 0
        buffered = [len(system.buffered) if system else 0 for system, *_ in self._groups]
        self._buffers, self.numbers = buffer_places(self.numbers, buffered, [borders for *_, borders in self._groups])

    def onto(self, view, synapse):
        """Return which share of a view's cells lies in each partition, and the lowest and highest place of its events there.

        Where there is no cell the lowest place is above the highest.
        """
        if (view, synapse) not in self._views:
            share, high = np.zeros(self.partitions), np.full(self.partitions, -1)
            low = np.full(self.partitions, self.numbers)
            for population, ids in view.parts:
                group, first = self._of[population.name]
                borders, cells = self._groups[group][-1], np.sort(first + ids)
                ends = np.searchsorted(cells, borders)
                share += np.diff(ends) / view.n
                some = np.flatnonzero(np.diff(ends))
                begin = self._rows(population, synapse)[some]
                low[some] = np.minimum(low[some], begin + cells[ends[some]])
                high[some] = np.maximum(high[some], begin + cells[ends[some + 1] - 1])
            self._views[view, synapse] = share, low, high
        return self._views[view, synapse]

    def _rows(self, population, synapse):
        """Return for each partition where cell 0 of the group has its place, in the row to which a synapse adds."""
        group, _ = self._of[population.name]
        system, at, n, borders = self._groups[group]
        receptor = self._synapses[population.name].index(synapse)
        if system.direct[receptor]:
            return np.full(self.partitions, at + system.variables.index(system.arrivals[receptor][0][0]) * n)
        begin = np.array([of_partition[group] for of_partition in self._buffers])
        return begin + system.buffered.index(receptor) * np.diff(borders) - borders[:-1]

    def _system(self, population, currents):
        if isinstance(population.model, SpikeTrains):
            return None
        equations = [synapse.receptor_equations for synapse in self._synapses[population.name]]
        return compose(
            population.model.cell_equations, equations, external_current=population.name in currents, label=population.name
        )


def _kind(population, synapses, with_current):
    """Return what populations of one group have in common."""
    if isinstance(population.model, SpikeTrains):
        return population.name
    owners = (population.model, *synapses)
    varied = [(type(owner), *(k for k in owner.parameters if not is_number(getattr(owner, k)))) for owner in owners]
    return *varied, with_current
