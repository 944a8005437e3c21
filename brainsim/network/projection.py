"""Projections and stimuli: the parts of a network besides its cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np

from brainsim.core.arrays import plural, short_repr
from brainsim.core.checks import MissingName, known_as, number, warn_user
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.doors import show_by, through
from brainsim.core.identity import Identified
from brainsim.models.packed import Unpacked
from brainsim.models.rules import AllToAll, FixedProbability

if TYPE_CHECKING:
    from brainsim.features.couplings.models.base import Coupling
    from brainsim.features.pairs.couplings_and_plasticity.rate_rules import RatePlasticity
    from brainsim.features.plasticity.models.base import Plasticity
    from brainsim.features.plasticity.models.homeostasis import Homeostasis
    from brainsim.models.base import Synapse
    from brainsim.models.inputs import Input
    from brainsim.models.rules import Rule
    from brainsim.models.values import Distribution
    from brainsim.network.population import Population, View
    from brainsim.results.synapses import SynapseTable

LOOK_BACK = 50  # of possibly thousands of projections: a repetition by mistake follows soon after the original


@dataclass(frozen=True, eq=False, repr=False)
class Projection(Identified):
    """Synapses of one kind from the cells of one view to those of another, as ``Network.connect`` returns them.

    Attributes
    ----------
    pre, post : Population or View
        The sources and the targets.
    rule : Rule
        Which pairs are connected.
    weight, delay : float, ndarray (read-only) or Distribution
        In the unit of the synapse, and in ms; what was given as an expression of the distance has its text as ``.text``.
        Of a million synapses or more with at most 65,536 different values, each reading makes a new array.
    synapse : Synapse or Coupling
        What a spike does to its target, or how cells act on others without spikes.
    name : str
        The name in results, on which its random numbers depend.
    storage : str
        ``"stored"`` or ``"procedural"``.
    plasticity : Plasticity, RatePlasticity or None
        How spikes, or rates, change the synapses; None if they stay as they are.
    dendritic_delay : float or "all"
        How much of `delay` is dendritic [ms].
    modulator : Population or View, or None
        The cells whose spikes act on the modulator of the rule.
    modulator_delay : float
        Time after which they do [ms].
    homeostasis : Homeostasis or None
        What multiplies the weights at regular times.
    seed : int or None
        That of the network, on which its random numbers depend.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> bs.Network(seed=1).connect(cells, cells, bs.FixedIndegree(10), weight=0.1, delay=1.5, synapse=bs.Delta())
    Projection('cells->cells', FixedIndegree(10), Delta(), weight=0.1 mV, delay=1.5 ms, 1,000 synapses)
    """

    pre: View
    post: View
    rule: Rule
    weight: float | np.ndarray | Distribution
    delay: float | np.ndarray | Distribution
    synapse: Synapse | Coupling
    name: str
    storage: str = "stored"
    plasticity: Plasticity | RatePlasticity | None = None
    dendritic_delay: float | Literal["all"] = 0.0
    modulator: View | None = None
    modulator_delay: float = 1.0
    homeostasis: Homeostasis | None = None
    seed: int | None = None
    _connected: Projection | None = field(default=None, repr=False, compare=False)

    if not TYPE_CHECKING:
        weight, delay = Unpacked(), Unpacked()

    def __repr__(self) -> str:
        return (
            f"Projection({self.name!r}, {self.rule}, {effect_of(self)}, weight={short_repr(self.weight)} "
            f"{self.synapse.weight_unit}, delay={short_repr(self.delay)} ms, {number_of_synapses(self)}"
            f"{', procedural' * (self.storage == 'procedural')})"
        )

    _repr_html_ = show_by("HTML of a projection")

    def _as_connected(self) -> Projection:
        """Return what `Network.connect` returned, with numbers or distributions, if this lists its synapses since."""
        return self._connected or self

    def synapses(self, dt: float = 0.1) -> SynapseTable:
        """Return the synapses as they will be when a simulation begins: who is connected to whom, weights and delays.

        They follow from the seed of the network, so no simulation is needed; ``sim.synapses(projection)`` returns the same
        ones, in the same order, and the weights of synapses that learn as they are then.

        Parameters
        ----------
        dt : float
            Time step [ms], of which delays are multiples.

        Returns
        -------
        SynapseTable

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(100, bs.LIF(), name="cells")
        >>> wires = bs.Network(seed=1).connect(cells, cells, bs.FixedIndegree(5), weight=0.5, delay=1.5, synapse=bs.Delta())
        >>> table = wires.synapses()
        >>> len(table), table.weight[0], table.delay[0], table.matrix().shape
        (500, np.float64(0.5), np.float64(1.5), (100, 100))
        """
        return draw_synapses(self, dt, "Projection.synapses")

    @cached_property
    def expected(self) -> float:
        """The expected number of synapses; of gap junctions, that of pairs."""
        expected = self.rule.expected_between(self.pre, self.post)
        if self.is_coupling and tries_both_orders(self):
            common, itself = self.pre.in_common(self.post), int(self.rule.autapses)
            pairs = self.pre.n * self.post.n - (1 - itself) * common
            expected *= 1.0 - (0.5 * (common - 1) + itself) * common / max(1, pairs)
        return expected

    @property
    def is_coupling(self) -> bool:
        """Whether it acts without spikes."""
        return is_coupling(self.synapse)

    @property
    def by_spikes(self) -> bool:
        """Whether it acts by spikes, as synapses do, which are stored or sampled; what does not has a handler."""
        return not self.is_coupling

    @property
    def receptors(self) -> list[tuple[View, Synapse | Coupling]]:
        """What the connected cells have of the synapse, with these cells: targets a receptor, sources perhaps a gate."""
        found: list[tuple[View, Synapse | Coupling]] = [(self.post, self.synapse)]
        if is_coupling(self.synapse):
            found += [(self.pre, self.synapse)] if self.synapse.symmetric else []
            found += [(self.pre, self.synapse.gate_side())] if self.synapse.texts()["gate"] else []
        return found


@dataclass(frozen=True, eq=False)
class Stimulus:
    """An input and its target cells, under a name that results use and on which its random numbers depend.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    >>> net.stimulate(cells, bs.CurrentInput(400.0))
    >>> net.inputs[0].name
    'CurrentInput->cells'
    """

    target: View
    input: Input
    name: str


def is_coupling(synapse: Any) -> TypeGuard[Coupling]:
    """Return whether something acts without spikes: a coupling, or the class of one, which was given by mistake."""
    return getattr(synapse, "without_spikes", False)


def handler_of(synapse: Any, label: str = "brainsim") -> Any:
    """Return the module that checks and builds what acts without spikes, None for a synapse."""
    return through("couplings", label) if is_coupling(synapse) else None


def handler_among(projections: Iterable[Projection]) -> Any:
    """Return the handler of those projections that act without spikes, None if all are synapses."""
    return next((handler_of(p.synapse) for p in projections if not p.by_spikes), None)


def tries_both_orders(projection: Projection) -> bool:
    """Return whether a rule decides of two cells twice, once in each order, so that one of them has to be left out."""
    rule = projection.rule
    each = isinstance(rule, AllToAll | FixedProbability) or (rule.text is not None and getattr(rule, "k", None) is None)
    return is_coupling(projection.synapse) and projection.synapse.symmetric and each


@within(default_arithmetic)
def draw_synapses(projection: Projection, dt: float, label: str) -> SynapseTable:
    """Return the SynapseTable of a projection, see `Projection.synapses`."""
    if projection.seed is None:
        raise ValueError(f"{label}: {projection.name!r} was not made by Network.connect, so it has no seed")
    return through("synapses")(projection, number(dt, f"{label}.dt", "ms", above=0.0))


def find_projection(projections, wanted, label):
    """Return a projection, given by name or as the object; raise MissingName if it does not exist."""
    by_name = isinstance(wanted, str)
    for projection in projections:
        if wanted == projection.name if by_name else wanted is projection:
            return projection
    raise MissingName(f"{label}: no projection {wanted!r} in this network{known_as(wanted, [p.name for p in projections])}")


def effect_of(projection):
    """Return synapse, plasticity, its initial values and homeostasis of a projection: ``Delta(), STDP(w_max=2.0)``."""
    plasticity = projection.plasticity
    texts = [repr(part) for part in (projection.synapse, plasticity) if part is not None]
    if plasticity is not None and plasticity.initial:
        begun = ", ".join(f"{name!r}: {short_repr(value)}" for name, value in plasticity.initial.items())
        texts.append(f"initial={{{begun}}}")
    return ", ".join(texts + ([] if projection.homeostasis is None else [repr(projection.homeostasis)]))


def number_of_synapses(projection):
    """Return the expected number of synapses as text: ``1,000 synapses``."""
    return plural(round(projection.expected), "synapse")


def warn_of_repeat(new, default, earlier, label):
    """Warn if a new part of a network equals an earlier one in all but the number in its name.

    This happens when a notebook cell is run twice. If both are meant, they should have different names. The name of `new` is
    the `default` one, which was taken, and a number; `earlier` is in the order in which parts were made, and `label` is the
    method that made this one.
    """
    parts = [f.name for f in fields(new) if f.compare and f.name not in ("name", "seed")]
    for other in earlier[-LOOK_BACK:]:
        if all(_alike(getattr(new, part), getattr(other, part)) for part in parts):
            # without the number, so that Python shows the same text from the same line only once
            told = [f.name for f in fields(new) if f.name in parts and getattr(new, f.name) is not f.default]
            warn_user(
                f"{label}: {default!r} already exists, with the same {', '.join(told[:-1])} and {told[-1]}; "
                f"both act. If both are meant, give this one a name: name={default + ' again'!r}; if not, make a "
                "new network: net = bs.Network(...)"
            )
            return


def _alike(part, other):
    """Return whether two parts of a description are equal, comparing arrays and dataclasses by their values."""
    if part is other:
        return True
    if isinstance(part, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(part, other)
    if type(part) is not type(other):
        return False
    if type(part).__eq__ is not object.__eq__:
        return bool(part == other)
    return is_dataclass(part) and all(_alike(getattr(part, f.name), getattr(other, f.name)) for f in fields(part))


def frame_of(pandas, projections, dt):
    """Return the synapses of projections as a DataFrame, as `Network.to_frame` describes it."""
    frames = []
    for p in projections:
        table = draw_synapses(p, dt, "Network.to_frame")
        (sources, pre), (targets, post) = cells_of(p.pre), cells_of(p.post)
        columns = {"projection": p.name, "from": sources[table.pre], "pre": pre[table.pre], "to": targets[table.post]}
        columns |= {"post": post[table.post], "weight": table.weight, "delay": table.delay}
        frames.append(pandas.DataFrame(columns, index=range(len(table))))
    names = ("projection", "from", "pre", "to", "post", "weight", "delay")
    return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame(columns=names)


def cells_of(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Return for each cell of a view the name of its population and its index there."""
    names = np.concatenate([np.full(ids.size, population.name, dtype=object) for population, ids in view.parts])
    return names, np.concatenate([ids for _, ids in view.parts])


def add_populations(graph, populations, projections):
    """Add a node for each population and an edge for each projection to a graph of networkx."""
    for population in populations:
        graph.add_node(population.name, n=population.n, model=type(population.model).__name__)
    for p in projections:
        about = {"rule": repr(p.rule), "synapse": repr(p.synapse), "weight": p.weight, "delay": p.delay}
        for source, target in _pairs_of_populations(p):
            graph.add_edge(source.name, target.name, p.name, synapses=p.expected, **about)


def _pairs_of_populations(projection) -> list[tuple[Population, Population]]:
    return [(source, target) for source, _ in projection.pre.parts for target, _ in projection.post.parts]


def add_cells(graph, populations, projections, dt):
    """Add a node for each cell and an edge for each synapse to a graph of networkx."""
    for population in populations:
        name = population.name
        graph.add_nodes_from(((name, k), {"population": name, "index": k}) for k in range(population.n))
    for p in projections:
        table = draw_synapses(p, dt, "Network.to_networkx")
        pre, post = (_nodes(view) for view in (p.pre, p.post))
        columns = (table.pre.tolist(), table.post.tolist(), table.weight.tolist(), table.delay.tolist())
        for s, t, weight, delay in zip(*columns, strict=True):
            graph.add_edge(pre[s], post[t], weight=weight, delay=delay, projection=p.name)


def _nodes(view):
    names, ids = cells_of(view)
    return list(zip(names.tolist(), ids.tolist(), strict=True))
