"""Groups: the populations of a network that share a kernel, with the parameters of their cells.

The equations of a population with its receptors, one step of its method, and the kernel are written once for each
combination. This takes longer than a short run, and none of them holds numbers, so all simulations of the same kinds of
cells share them.
"""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from brainsim.build.constants import check_against_dt, has_columns, kernel_constants, parameter_of_one, sample_parameter
from brainsim.build.timing import ON_GRID
from brainsim.equations.codegen import write_kernel
from brainsim.equations.steps.methods import method_named
from brainsim.equations.steps.pulse import compose_with_pulses, with_responses
from brainsim.equations.system import prefix_of
from brainsim.models.base import Model
from brainsim.models.changing import OVER_TIME, extremes, held_by
from brainsim.models.values import Distribution

MAX_KEPT = 512  # combinations of equations


@dataclass
class Member:
    """A population within its group."""

    population: object
    synapses: tuple  # the receptors, in the order of the kernel
    labels: tuple  # what each receptor is called: "ampa"
    rows: dict  # variable as the user names it ("v", "ampa.g") -> row of the state
    values: dict  # parameters under the names of the system, floats or arrays (before `fill` of one cell)
    constants: dict  # numbers of the kernel by name, floats or arrays (before `fill` of one cell)
    system: object
    step: object
    first: int = 0  # global index of its first cell
    trains: object = None  # the SpikeTrains with the listed spikes of its cells
    sums: dict = field(default_factory=dict)  # sums over the weights of each cell's couplings, by their names in the system

    @property
    def n(self):
        """Number of cells."""
        return self.population.n

    @property
    def known(self):
        """The parameters with the sums of weights, which follow from the synapses."""
        return self.values | self.sums if self.sums else self.values

    @property
    def threshold(self):
        """The threshold for pictures, None unless it is one number."""
        value = self.values.get("v_th")
        return float(value) if isinstance(value, int | float | np.floating) else None  # it may be over time, or a Curve

    @property
    def resets(self):
        """The variables that a spike resets, for pictures: their traces do not show the spike itself."""
        return sorted({name for name, _ in self.system.reset}) if self.system else []

    def label_variables(self):
        """Return what the user calls each variable, its name in the equations, and the kernel's constants."""
        names = zip(self.rows, self.system.variables, strict=True)
        return [(f"{self.population.name}.{label}", name, self.constants) for label, name in names]

    def fill(self, network, dt):
        """Compute the parameters and constants of all cells."""
        values = _values(self, network, dt, one_cell=False)
        for owner, prefix in _owners(self):
            own = {k: values[prefix + k] for k in owner.parameters}
            check_against_dt(owner, own, dt, self.step.method, self.system.fixed_time)
        self.sums = _sums(self, self.n)
        if self.sums or any(np.ndim(value) for value in values.values()):
            self.constants = kernel_constants(self.system, self.step, values | self.sums, dt, self.population.name)
        self.values = values


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
        """Number of cells, once all members are there; cached, since every projection needs it."""
        return sum(m.n for m in self.members)

    @property
    def system(self):
        """The system of equations that all members share, apart from numbers."""
        return self.members[0].system

    @property
    def n_variables(self):
        """Rows of the state."""
        return len(self.system.variables) if self.kernel else 0

    @property
    def n_receptors(self):
        """Rows of the inputs: receptors whose events go through a buffer."""
        return len(self.system.buffered) if self.kernel else 0

    def stack_constants(self, dtype):
        """Set `arrays`, the constants that differ between the cells: a row for each."""
        names = self.kernel.arrays if self.kernel else ()
        rows = [np.concatenate([np.broadcast_to(m.constants[name], m.n) for m in self.members]) for name in names]
        self.arrays = np.ascontiguousarray(rows, dtype=dtype) if rows else np.zeros((1, max(self.n, 1)), dtype)

    def let_differ(self, dtype):
        """Take another kernel, if constants that were numbers now differ between the cells: it reads one of each cell."""
        if any(np.ndim(member.constants[name]) for member in self.members for name in self.kernel.scalars):
            member = self.members[0]
            self.kernel = kernel_of(member.system, member.step, _differing(self.members), dtype == np.float32)
            self.stack_constants(dtype)


def form_groups(network, dt, dtype, timing=ON_GRID):
    """Sort the populations into groups, in the order in which they were added; `timing` as in `Layout`."""
    of_population = _receptors(network)
    currents, groups = _find_injected(network), {}
    for population in network.populations.values():
        if not isinstance(population.model, Model):  # SpikeTrains
            member = Member(population, (), (), {}, {}, {}, None, None, trains=population.model)
            groups[population.name, "listed"] = Group(None, [member])
            continue
        member = _member(network, population, of_population[population.name], population.name in currents, dt, timing)
        kernel = kernel_of(member.system, member.step, _differing([member]), dtype == np.float32)
        groups.setdefault(kernel.text, Group(kernel)).members.append(member)
    return list(groups.values())


def _differing(members):
    """Return the names of the constants that have a number for each cell, and of the tables that have a column for each."""
    constants = (item for member in members for item in member.constants.items())
    return frozenset(name for name, value in constants if np.ndim(value) or has_columns(value))


def _member(network, population, synapses, injected, dt, timing):
    """Compose the equations of a population with its receptors; the numbers are those of one cell."""
    model, name = population.model, population.name
    system, step = timing.of_cells(*step_of(model, synapses, injected, name), name)
    labels = _labels(synapses, name)
    names = [*model.initials, *(f"{label}.{v}" for label, s in zip(labels, synapses, strict=True) for v in s.variables)]
    rows = {variable: k for k, variable in enumerate(names)}
    member = Member(population, synapses, labels, rows, {}, {}, system, step)
    member.values = _values(member, network, dt, one_cell=True)
    member.sums = _sums(member, 1)
    member.constants = kernel_constants(system, step, member.known, dt, name)
    return member


def step_of(model, synapses, injected, label):
    """Return the System of a model with its synapses, and one Step of its method; `label` begins the messages of errors."""
    receptors = tuple(synapse.receptor_equations for synapse in synapses)
    return _step(model.cell_equations, receptors, injected, model.method, type(model).__name__, label)


@lru_cache(MAX_KEPT)
def _step(cell, receptors, injected, method, name, label):
    system = compose_with_pulses(cell, receptors, label=label, external_current=injected)
    return system, with_responses(method_named(method, name)(system, label), system, label)


@lru_cache(MAX_KEPT)
def kernel_of(system, step, per_cell, single):
    """Return the Kernel of a System and a Step; `per_cell`, a frozenset, names the constants that differ between cells."""
    return (step.written_by or write_kernel)(system, step, per_cell, single)


def _sums(member, n):
    """Return the sums of weights before there are any, of n cells."""
    summed = ((k, getattr(synapse, "summed", ())) for k, synapse in enumerate(member.synapses))
    return {prefix_of(k) + name: np.zeros(n) for k, names in summed for name in names}


def _owners(member):
    """Return the model and the synapses, each with the prefix of its parameters in the system."""
    return [(member.population.model, ""), *((s, prefix_of(k)) for k, s in enumerate(member.synapses))]


def _values(member, network, dt, one_cell):
    """Return the parameters of a member, checked: of one cell, which gives their shapes, or of all."""
    values, population, model = {}, member.population, member.population.model
    for owner, prefix in _owners(member):
        owner.check_cells(population.n, population.name)
        # keyed by the synapse itself: its index changes when others are added
        label = repr(owner) if prefix else ""
        if one_cell:
            parameters = {k: parameter_of_one(owner, k) for k in owner.parameters}
        else:
            parameters = {k: sample_parameter(network, population, owner, k, label) for k in owner.parameters}
        known = {k: v for k, v in parameters.items() if not isinstance(getattr(owner, k), str)}
        owner.check_values(known | extremes(owner) | {"dt": dt})
        values |= {prefix + k: v for k, v in parameters.items()}
        values |= {prefix + k + OVER_TIME: getattr(owner, k) for k in parameters if held_by(owner, k)}
    if isinstance(getattr(model, model.refractory or "", None), Distribution):
        values[model.refractory] = np.rint(values[model.refractory] / dt) * dt
    return values


def _labels(synapses, population):
    """Return what each receptor is called: the synapse's name, or its class in lower case, numbered if that is taken."""
    # both sides of a coupling on one population have one name
    both = [s.target_side() if hasattr(s, "target_side") else s for s in synapses]
    synapses = tuple(dict.fromkeys(both))
    names = [s.name for s in synapses if s.name]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{population}: two different synapses are named {name!r}; give them different names")
    labels = []
    for synapse in synapses:
        base, number = type(synapse).__name__.lower(), 1
        label = synapse.name or base
        while not synapse.name and (label in labels or label in names):
            number += 1
            label = f"{base}_{number}"
        labels.append(label)
    return tuple(labels[synapses.index(synapse)] for synapse in both)


def _receptors(network):
    """Return for each population its synapses; equal ones share a receptor. Their order is the same in all populations."""
    synapses = {name: {} for name in network.populations}
    order = {}
    uses = [use for p in network.projections for use in p.receptors]
    uses += [(s.target, s.input.synapse) for s in network.inputs if getattr(s.input, "synapse", None) is not None]
    for view, synapse in uses:
        order.setdefault(synapse, len(order))
        for population, _ in view.parts:
            synapses[population.name][synapse] = None
    return {name: tuple(sorted(own, key=order.get)) for name, own in synapses.items()}


def _find_injected(network):
    return {p.name for s in network.inputs if s.input.is_current for p, _ in s.target.parts}
