"""Where the values of a trace come from: the state, an input, or a line of the equations that is computed from both."""

from dataclasses import dataclass, field

import numpy as np

from brainsim.core.arrays import times_of
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW, RANDOM
from brainsim.equations.system import lines_of
from brainsim.models.changing import OVER_TIME


class InState:
    """Values in the state; the row of the variable begins at `at` for the population."""

    def __init__(self, at):
        self._at = at

    def places(self, partition, ids):
        """Return calls that compute the values, the array in which they are, and where each cell's value is."""
        return [], partition.shared.state, self._at + ids


class Injected:
    """The injected current of each cell, in the step that ends at the sample; 0 at the beginning.

    `first` is the index of the first cell of the population in the network.
    """

    def __init__(self, first):
        self._first = first

    def places(self, partition, ids):
        """Return no calls, the injected currents, and where those of the cells are."""
        return [], partition.shared.current, self._first + ids


class OfInput:
    """The rate or the current of an input, by its name, in the step that begins at the sample."""

    depends_on = "inputs"

    def __init__(self, name, population):
        self._name, self._population = name, population

    def places(self, partition, ids):
        """Return the calls that bring the values of the input up to date, the array, and where those of the cells are."""
        # imported here: the operators import what recorders are
        from brainsim.engine.operators.registry import observed_of

        stimulus = next(s for s in partition.layout.inputs if s.name == self._name)
        seen = observed_of(partition, stimulus)
        order = np.full(stimulus.target.n, -1)
        order[seen.cells] = np.arange(seen.cells.size)
        return seen.calls, seen.values, seen.places[order[places_in(stimulus.target, self._population, ids)]]


class OfParameter:
    """A parameter of cells that may change in time, such as the rate of `Poisson`, in the step that begins at the sample."""

    depends_on = "parameters"

    def __init__(self, name, population):
        self._name, self._population = name, population

    def places(self, partition, ids):
        """Return the calls that bring the values up to date, the array, and where those of the cells are."""
        from brainsim.engine.operators.varying import observed_parameter

        return observed_parameter(partition, self._population, self._name, ids)


def places_in(view, population, ids):
    """Return the index in a view of each cell of a population, -1 for those that it does not have."""
    found, first = np.full(ids.size, -1), 0
    for owner, some in view.parts:
        if owner.name == population:
            order = np.argsort(some, kind="stable")
            at = np.minimum(np.searchsorted(some[order], ids), max(some.size - 1, 0))
            there = some[order[at]] == ids
            found[there] = first + order[at[there]]
        first += some.size
    return found


@dataclass
class ComputedLine:
    """A line of the equations, computed from samples.

    `tree` is in names of the system of the population; `sources` says what has to be sampled: name -> source.
    """

    population: str
    tree: object
    sources: dict = field(default_factory=dict)

    def compute(self, layout, ids, steps, samples):
        """Return the values, (steps, cells), of samples by name; the bits are the same on every processor."""
        member, known = layout.members[self.population], dict(samples)
        for name in lang.names_in(self.tree) - known.keys():
            known[name] = self._known(name, member, ids, steps, layout.dt)
        with np.errstate(all="ignore"):
            return np.broadcast_to(lang.compute(self.tree, known), (steps.size, ids.size))

    @staticmethod
    def _known(name, member, ids, steps, dt):
        """Return the value of a name that is not a variable."""
        if name == "t":
            return times_of(steps, dt)[:, None]
        if name in ("dt", "pi"):
            return dt / member.system.substeps if name == "dt" else np.pi
        if name.endswith(NOW):
            table = member.values[name.removesuffix(NOW)]
            row = np.minimum((steps / (table.dt / dt) + 1e-6).astype(int), len(table.values) - 1)
            values = table.values[row]
            return values[:, ids] if values.ndim > 1 else values[:, None]
        value = member.known[name]
        return value if np.ndim(value) == 0 else np.asarray(value)[ids]


def line_named(layout, population, name, label):
    """Return the ComputedLine that a population calls `name`, None without one; raise ValueError if that is impossible."""
    lines = lines_in(layout, population)
    return _line(layout, population, lines[name], label) if name in lines else None


def condition_line(layout, population, text):
    """Return the ComputedLine of a condition on variables, parameters, lines and currents of a cell."""
    label, member, lines = "EventRecord.condition", layout.members[population], lines_in(layout, population)
    if member.system is None:
        raise ValueError(f"{label}: {population!r} is a source of listed spikes, so it has no variables")
    own = {name for name in member.rows if "." not in name} | {name for name in lines if "." not in name}
    tree = lang.parse_expression(text, label)
    lang.check_names(tree, {*own, *member.population.model.parameters, "t", "dt", "pi"}, label)
    lang.check_kind(tree, label, condition=True)
    return _line(layout, population, lang.expand(tree, {name: lines[name] for name in own if name in lines}, label), label)


def _line(layout, population, tree, label):
    """Return the ComputedLine of a tree, with what has to be sampled for it."""
    member, group = layout.members[population], layout.groups[layout.group_of[population]]
    line = ComputedLine(population, tree)
    if lang.calls_in(line.tree) & RANDOM:
        raise ValueError(f"{label}: this line draws random numbers in each step, so it cannot be recorded")
    for used in sorted(lang.names_in(line.tree)):
        if used + OVER_TIME in member.values:
            raise ValueError(
                f"{label}: this line depends on {used!r}, which an expression changes in time, so it cannot be recorded"
            )
        if used == "I_ext":
            line.sources[used] = Injected(member.first)
        elif used in member.system.variables:
            row = member.system.variables.index(used)
            line.sources[used] = InState(group.state_at + row * group.n + member.first - group.first)
    return line


def lines_in(layout, population):
    """Return the trees of the lines of a population by name; an empty dict if its spikes are listed."""
    member = layout.members[population]
    if member.system is None:
        return {}
    receptors = [synapse.receptor_equations for synapse in member.synapses]
    return lines_of(member.population.model.cell_equations, receptors, member.labels, member.system.external_current)
