"""The description of a network: its populations, their connections, and their inputs.

A network samples no synapses and holds no state; `brainsim.engine` builds arrays from it, the same ones each time.
"""

from __future__ import annotations

import copy
import functools
import typing
from collections.abc import Mapping, Sequence
from typing import Literal

from brainsim.core.checks import check_name, choice, integer, number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional, show_by, through
from brainsim.core.hints import Answering, answers_calls
from brainsim.models.packed import unpack
from brainsim.models.rules import Rule
from brainsim.models.synapses.usable import checked_synapse
from brainsim.network import arguments
from brainsim.network.arguments import check_precision, check_synapse, check_view
from brainsim.network.population import Population, View
from brainsim.network.projection import (
    Projection,
    Stimulus,
    add_cells,
    add_populations,
    draw_synapses,
    effect_of,
    find_projection,
    frame_of,
    handler_of,
    number_of_synapses,
    warn_of_repeat,
)
from brainsim.results.colours import tile
from brainsim.rng.streams import checked_seed

if typing.TYPE_CHECKING:
    import networkx
    import pandas
    import scipy.sparse

    from brainsim.features.couplings.models.base import Coupling
    from brainsim.features.estimates.table import Estimate
    from brainsim.features.pairs.couplings_and_plasticity.rate_rules import RatePlasticity
    from brainsim.features.plasticity.models.base import Plasticity
    from brainsim.features.plasticity.models.homeostasis import Homeostasis
    from brainsim.models.base import Synapse
    from brainsim.models.inputs import Input
    from brainsim.models.values import ValueLike
    from brainsim.network.probes import Request
    from brainsim.results.synapses import SynapseTable


@answers_calls
class Network(Answering):
    """A network: populations, the projections between them, and their inputs. Parts can be added but not removed.

    Parameters
    ----------
    seed : int, optional
        Seed of the sampled pairs, weights, delays and parameters. By default a new one, kept in `seed`.
    required_dt : float, optional
        The only time step with which the network may run [ms], for cells whose equations count in steps: those of
        converted networks need steps of 1 ms. By default any.

    Attributes
    ----------
    seed, required_dt : int, float or None
        As above.
    populations : dict of str to Population
        In the order in which they were added; a copy.
    projections, inputs : tuple of Projection, tuple of Stimulus
        In the order in which they were made.

    Raises
    ------
    TypeError, ValueError
        If the seed is not a whole number >= 0, or the step is not a number > 0. A mistake in `connect`, `stimulate` or `add`
        raises and adds nothing.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(12_500, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> to_all = net.connect(cells[:10_000], cells, bs.FixedIndegree(1000), weight=0.1, delay=1.5, synapse=bs.Delta())
    >>> net
    Network(seed=1)
      populations
        cells                   12,500 LIF
      projections
        cells[0:10000]->cells   FixedIndegree(1000)   Delta()   12,500,000 synapses
    """

    def __init__(self, seed: int | None = None, *, required_dt: float | None = None) -> None:
        self._seed = checked_seed(seed, "Network.seed")
        self._dt = None if required_dt is None else number(required_dt, "Network.required_dt", "ms", above=0.0)
        self._populations: dict[str, Population] = {}
        self._projections: list[Projection] = []
        self._inputs: list[Stimulus] = []
        self._views: dict[str, View] = {}  # name -> the population or the named view that has it
        self._names: dict[str, int] = {}  # name of a projection or input -> the next number to try if it is a default name

    @property
    def seed(self) -> int:
        """Seed of the sampled pairs, weights, delays and parameters."""
        return self._seed

    @property
    def required_dt(self) -> float | None:
        """The only time step with which the network may run [ms], or None."""
        return self._dt

    @property
    def populations(self) -> dict[str, Population]:
        """The populations by name."""
        return dict(self._populations)

    @property
    def projections(self) -> tuple[Projection, ...]:
        """The projections."""
        return tuple(self._projections)

    @property
    def inputs(self) -> tuple[Stimulus, ...]:
        """The inputs with their targets."""
        return tuple(self._inputs)

    @within(default_arithmetic)
    def connect(
        self,
        pre: View,
        post: View,
        rule: Rule,
        *,
        weight: ValueLike | None = None,
        delay: ValueLike | None = None,
        synapse: Synapse | Coupling | None = None,
        plasticity: Plasticity | RatePlasticity | Sequence[Plasticity] | None = None,
        initial: Mapping[str, ValueLike] | None = None,
        dendritic_delay: float | Literal["all"] | None = None,
        modulator: View | None = None,
        modulator_delay: float | None = None,
        homeostasis: Homeostasis | None = None,
        name: str | None = None,
        storage: str = "stored",
    ) -> Projection:
        """Connect cells of `pre` to cells of `post`; their populations are added to the network.

        Parameters
        ----------
        pre, post : Population or View
            Sources, which must be cells that can spike unless a coupling connects them, and targets.
        rule : Rule
            Which pairs are connected, e.g. ``FixedIndegree(1000)``.
        weight : float, array, distribution or str
            In the unit of the synapse (pA, nS or mV). Arrays are for rules that do not sample pairs: of shape (n_pre,
            n_post) for AllToAll, (n,) for OneToOne, one value per pair for FromArrays and the like. By default that of the
            matrix of FromSparse or of the table of FromFrame; otherwise it is required. Weights that differ between synapses
            are kept as float32, also with ``precise=True``, and summed in float64; magnitudes above 3e38 are rejected. For
            any rule, a string may be an expression of the two cells: of their distance, ``"0.2*exp(-d/100)"`` [um], or of
            the index i of the source and j of the target, counted within `pre` and `post`:
            ``"where(i == j, 0, exp(-abs(i - j)/10))"``.
        delay : float, array, distribution or str
            Time from a spike to its arrival [ms], > 0; arrays and strings as for `weight`. By default that of the table of
            FromFrame, and of a coupling 0. A run rounds it to a multiple of dt, at most 65,000 dt.
        synapse : Synapse or Coupling
            Required: the effect of an arriving spike, or how cells act on others without spikes, such as `GapJunction`.
            Equal synapses share one receptor of a cell. An array among its parameters has one value for each cell of the
            population of `post`, even if `post` is only a part of it.
        plasticity : Plasticity, or a pair of them, or RatePlasticity, optional
            How the spikes of both cells change the synapses, e.g. ``STDP(w_max=2.0)``; by default they stay as they are. Of
            two rules, ``(TsodyksMarkram(), STDP())``, one changes the weight, the other how much of it a spike transmits.
            Weights of a coupling change by what both cells give: ``Oja()`` or another `RatePlasticity`.
            Weights must lie within the bounds of the rule. Those that it changes are kept in the precision of the run, as
            float64 by default; sampled ones begin as float32, as all sampled weights do.
        initial : dict, optional
            Initial values of variables of the rule, ``{"x": bs.Uniform(0.5, 1.0)}``: numbers, distributions, or arrays with
            a value for each pair that the rule lists. By default those of the class.
        dendritic_delay : float or "all", optional
            How much of each delay is on the dendrite [ms], up to the shortest delay; the rest is on the axon. It says when a
            spike of the target reaches the synapse, so it is for plasticity only. By default 0; ``"all"`` is the whole delay
            of each synapse, as in NEST.
        modulator : Population or View, optional
            Cells whose spikes act on the modulator of the rule, e.g. dopaminergic cells for `DopamineSTDP`. Without it, the
            modulator is set by `Simulation.set`.
        modulator_delay : float, optional
            Time from their spikes to this effect [ms], > 0: by default 1, or dt if that is longer.
        homeostasis : Normalisation or Scaling, optional
            What multiplies the weights at regular times, in addition to `plasticity`: ``Normalisation(78.0, every=500.0)``.
        name : str, optional
            By default ``pre->post``, followed by `` #2`` and so on if that is taken. A projection that repeats an earlier
            one in everything else raises a warning.
        storage : {"stored", "procedural"}
            ``"procedural"`` stores no synapses but samples those of a cell again at each of its spikes: 4 to 12 times
            slower, for networks that do not fit into memory. The spikes are bit-identical to those of the stored network (if
            cells have several projections onto the same targets, as long as all of these are stored alike). Not for
            FixedIndegree, whose synapses belong to their targets, nor for lists of pairs, weights or delays.

        Returns
        -------
        Projection

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit; nothing is added then.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(3, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.connect(cells, cells, bs.FromArrays([0, 1], [1, 2]), weight=[0.5, 2.0], delay=1.0, synapse=bs.Delta())
        Projection('cells->cells', FromArrays(2 pairs), Delta(), weight=[0.5, 2.0] mV, delay=1.0 ms, 2 synapses)
        """
        pre, post = check_view(pre, "Network.connect.pre"), check_view(post, "Network.connect.post")
        arguments.check_rule(rule, pre, post)
        handler = handler_of(synapse, "Network.connect.synapse")
        if handler is None:
            arguments.check_source(pre, "Network.connect.pre")
        arguments.check_target(post, "Network.connect.post")
        if synapse is None:
            effects = "synapse=bs.Delta() (mV), bs.Exponential() (pA) or bs.ExponentialConductance() (nS)"
            raise TypeError(f"Network.connect.synapse: missing; it says what a spike does, e.g. {effects}")
        synapse = checked_synapse(synapse, "Network.connect.synapse")
        delay_of = arguments.delay_of
        if handler is None:
            check_synapse(synapse, post, "Network.connect.synapse")
        else:
            handler.check_ends(synapse, post, "Network.connect.synapse", pre)
            delay_of = functools.partial(handler.delay_of, synapse)
        weights = arguments.weight_of(weight, rule, pre, post, synapse)
        delays = delay_of(delay, rule, pre, post)
        arguments.check_storage(storage, rule, weights, delays)
        if handler is not None:
            lacking = {"dendritic_delay": dendritic_delay, "modulator": modulator, "homeostasis": homeostasis}
            handler.check_rest(synapse, rule, unpack(weights), pre, post, storage, lacking)
            learning = handler.checked_rule(plasticity, initial, synapse, post, unpack(weights))
        others = (dendritic_delay, modulator, modulator_delay, homeostasis)
        change: dict[str, typing.Any] = {}  # of synapses that stay as they are
        if any(argument is not None for argument in (plasticity, initial, *others)):
            plastic = through("plasticity", "Network.connect.plasticity")
            if handler is None:
                learning = plastic.check_plasticity(plasticity, initial, rule, pre, post, unpack(weights), storage)
            change = plastic.change_of(learning, pre, post, unpack(delays), handler is not None, *others)
        default = f"{pre.name}->{post.name}"
        free = self._free_name(name, default, "Network.connect.name")
        self._register(pre, post, *([] if modulator is None else [modulator]))
        self._names.setdefault(free, 2)
        new = Projection(pre, post, rule, weights, delays, synapse, free, storage, seed=self.seed, **change)
        if name is None and free != default:
            warn_of_repeat(new, default, self._projections, "Network.connect")
        self._projections.append(new)
        return new

    @within(default_arithmetic)
    def stimulate(self, target: View, input: Input, *, name: str | None = None) -> None:
        """Give an input to cells; their populations are added to the network. Cells may have any number of inputs.

        Parameters
        ----------
        target : Population or View
            The cells.
        input : PoissonInput, EventInput, CurrentInput, NoiseInput or VoltageClamp
            The input.
        name : str, optional
            By default ``PoissonInput->target``, followed by `` #2`` and so on if that is taken; as for `connect`. It must
            not be the name of a variable of the cells or their synapses, since a `Trace` records both by their names.

        Raises
        ------
        TypeError, ValueError
            If an argument does not fit; nothing is added then.

        Examples
        --------
        >>> import brainsim as bs
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
        >>> net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()))
        """
        target = check_view(target, "Network.stimulate.target")
        arguments.check_target(target, "Network.stimulate.target")
        from brainsim.models.inputs import Input

        if isinstance(input, type) or not isinstance(input, Input):
            raise TypeError(
                "Network.stimulate.input: must be an input such as CurrentInput(400.0) or "
                f"PoissonInput(rate=1000.0, weight=0.1, synapse=Delta()) (got {arguments.describe(input)})"
            )
        input.check(target)
        if input.is_current:
            arguments.check_current(target, "Network.stimulate.input")
        elif hasattr(input, "synapse"):
            check_synapse(input.synapse, target, "Network.stimulate.input")
        if name is not None:
            uses = [(p.post, p.synapse) for p in self._projections]
            others = [*((s.target, s.input) for s in self._inputs), (target, input)]
            uses += [(cells, other.synapse) for cells, other in others if hasattr(other, "synapse")]
            arguments.check_input_name(name, target, uses, "Network.stimulate.name")
        default = f"{type(input).__name__}->{target.name}"
        free = self._free_name(name, default, "Network.stimulate.name")
        self._register(target)
        self._names.setdefault(free, 2)
        new = Stimulus(target, input, free)
        if name is None and free != default:
            warn_of_repeat(new, default, self._inputs, "Network.stimulate")
        self._inputs.append(new)

    def add(self, population: View) -> None:
        """Add a population without connecting or driving it; adding it again changes nothing.

        Parameters
        ----------
        population : Population or View
            The population; of a view, all populations that its cells belong to.

        Raises
        ------
        TypeError, ValueError
            If it is not a population or view, or another population has its name.

        Examples
        --------
        >>> import brainsim as bs
        >>> net = bs.Network(seed=1)
        >>> net.add(bs.Population(100, bs.LIF(), name="lonely"))
        >>> list(net.populations)
        ['lonely']
        """
        self._register(check_view(population, "Network.add.population"))

    def synapses(self, projection: Projection | str, dt: float = 0.1) -> SynapseTable:
        """Return the synapses of a projection, without a simulation: see `Projection.synapses`.

        Parameters
        ----------
        projection : Projection or str
            What `connect` returned, or its name.
        dt : float
            Time step [ms], of which delays are multiples.

        Raises
        ------
        MissingName
            If the network has no such projection.
        """
        return self._read_synapses(projection, dt, "Network.synapses")

    def to_sparse(self, projection: Projection | str, values: str = "weight", dt: float = 0.1) -> scipy.sparse.csr_array:
        """Return the synapses of a projection as a sparse matrix of shape (n_pre, n_post).

        Parameters
        ----------
        projection : Projection or str
            What `connect` returned, or its name.
        values : {"weight", "delay"}
            What the matrix holds; of several synapses between the same two cells the sum.
        dt : float
            Time step [ms], of which delays are multiples.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(3, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> ring = net.connect(cells, cells, bs.FromArrays([0, 1, 2], [1, 2, 0]), weight=2.0, delay=1.0, synapse=bs.Delta())
        >>> net.to_sparse(ring).toarray()
        array([[0., 2., 0.],
               [0., 0., 2.],
               [2., 0., 0.]])
        """
        return self._read_synapses(projection, dt, "Network.to_sparse").matrix(values)

    @needs("pandas")
    def to_frame(self, projection: Projection | str | None = None, dt: float = 0.1) -> pandas.DataFrame:
        """Return the synapses as a pandas DataFrame, a row for each, which `FromFrame` takes back.

        Parameters
        ----------
        projection : Projection or str, optional
            What `connect` returned, or its name: columns ``pre``, ``post``, ``weight`` and ``delay`` [ms], with indices into
            what was connected. By default the synapses of all projections, with the columns ``projection``, ``from`` and
            ``to``, the populations, and indices into these.
        dt : float
            Time step [ms], of which delays are multiples.

        Examples
        --------
        >>> import brainsim as bs  # doctest: +SKIP
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
        >>> net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta())  # doctest: +SKIP
        >>> net.to_frame("cells->cells").groupby("post").weight.sum()  # doctest: +SKIP
        """
        pandas = optional("pandas", "Network.to_frame")
        if projection is not None:
            return self._read_synapses(projection, dt, "Network.to_frame").to_frame()
        return frame_of(pandas, self.projections, dt)

    def to_networkx(self, of: Literal["cells", "populations"] = "cells", dt: float = 0.1) -> networkx.MultiDiGraph:
        """Return the network as a directed graph of networkx, with an edge for each synapse or for each projection.

        Parameters
        ----------
        of : {"cells", "populations"}
            What the nodes are. Cells are pairs (name of the population, index), with the attributes ``population`` and
            ``index``, and an edge for each synapse with ``weight``, ``delay`` [ms] and ``projection``. Populations are nodes
            with their names, with ``n`` and ``model``, and an edge for each projection with ``rule``, ``synapse``,
            ``weight`` and ``delay`` as they were given, and ``synapses``, their expected number.
        dt : float
            Time step [ms], of which delays are multiples.

        Raises
        ------
        ImportError
            Without networkx: ``pip install networkx``.

        Examples
        --------
        >>> import brainsim as bs  # doctest: +SKIP
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
        >>> net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta())  # doctest: +SKIP
        >>> import networkx as nx  # doctest: +SKIP
        >>> nx.average_clustering(nx.Graph(net.to_networkx()))  # doctest: +SKIP
        >>> nx.draw(net.to_networkx("populations"), with_labels=True)  # doctest: +SKIP
        """
        networkx = optional("networkx", "Network.to_networkx")
        choice(of, ("cells", "populations"), "Network.to_networkx.of")
        graph, populations = networkx.MultiDiGraph(), self._populations.values()
        if of == "populations":
            add_populations(graph, populations, self.projections)
        else:
            add_cells(graph, populations, self.projections, dt)
        return graph

    @within(default_arithmetic)
    def estimate(
        self,
        dt: float = 0.1,
        threads: int = 1,
        precision: str = "double",
        duration: float = 0.0,
        record: Sequence[Request] = (),
        ranks: int | None = None,
        rate: float = 5.0,
    ) -> Estimate:
        """Return a table of the memory that the network is expected to need, without building it.

        Parameters
        ----------
        dt : float
            Time step [ms]; synapses of a cell whose delays round to the same step share a record.
        threads : int
            Number of threads of the run, possibly more than this machine has processors; `simulate` by default uses all
            processors if the network is large enough.
        precision : {"double", "single"}
            Precision of the state variables, as for `simulate`.
        duration : float
            Duration of the run [ms]; only traces depend on it.
        record : sequence of Trace and WeightTrace
            What to record. Spikes are not counted: each takes 24 bytes, but their number is not known in advance.
        ranks : int, optional
            Number of processes of an MPI run, with `threads` threads each: the table is then about each of them. Its last
            line says how many seconds a simulated second will take, from the speed of this machine, which is measured
            within a second with LIF cells. With ``ranks=1`` the estimate is for a single
            process.
        rate : float
            Mean firing rate assumed for the time estimate [Hz].

        Examples
        --------
        >>> import brainsim as bs
        >>> net, cells = bs.Network(seed=1), bs.Population(10_000, bs.LIF(), name="cells")
        >>> wires = net.connect(cells, cells, bs.FixedTotal(10_000_000), weight=bs.Normal(1.0, 0.1), delay=1.5,
        ...                     synapse=bs.Exponential())
        >>> print(str(net.estimate()).partition("peak")[0])  # the next lines: at the peak of building, and what is free
                            synapses    memory
        cells->cells      10,000,000     60 MB
        segments of rows                180 kB
        10,000 cells                   1.81 MB
        kept              10,000,000     62 MB
        <BLANKLINE>
        """
        from brainsim.network.probes import check_traces

        check_precision(precision, "Network.estimate.precision")
        return through("estimate")(
            self,
            number(dt, "Network.estimate.dt", "ms", above=0.0),
            integer(threads, "Network.estimate.threads", at_least=1),
            precision,
            number(duration, "Network.estimate.duration", "ms", at_least=0.0),
            check_traces(record, self._projections, "Network.estimate.record"),
            None if ranks is None else integer(ranks, "Network.estimate.ranks", at_least=1),
            number(rate, "Network.estimate.rate", "Hz", at_least=0.0),
        )

    def parts_for_plots(self) -> dict[str, list[tuple[str, int, int]]]:
        """Return population -> list of (name, start, stop), the parts of a population that pictures colour separately.

        These are the named ones among the contiguous views that projections and inputs use. If none is named, they are the
        unnamed ones, if there are at most eight and each cell is in exactly one of them.

        Examples
        --------
        >>> import brainsim as bs
        >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
        >>> net.stimulate(cells[:80].named("exc"), bs.CurrentInput(400.0))
        >>> net.parts_for_plots()
        {'cells': [('exc', 0, 80)]}
        """
        named: dict[str, dict[tuple[str, int, int], None]] = {}
        unnamed: dict[str, dict[tuple[str, int, int], None]] = {}
        for view in [v for p in self._projections for v in (p.pre, p.post)] + [s.target for s in self._inputs]:
            if (span := view.contiguous) and view.n < view.population.n:
                (named if view.is_named else unnamed).setdefault(view.population.name, {})[view.name, *span] = None
        tiled = {name: parts for name, parts in unnamed.items() if tile(parts, self._populations[name].n)}
        return {name: sorted(parts, key=lambda part: part[1:]) for name, parts in (tiled | named).items()}

    def __repr__(self) -> str:
        tables: dict[str, list[tuple[str, ...]]] = {
            "populations": [(p.name, f"{p.n:,} {type(p.model).__name__}") for p in self._populations.values()],
            "projections": [(p.name, repr(p.rule), effect_of(p), number_of_synapses(p)) for p in self._projections],
            "inputs": [(s.name, repr(s.input)) for s in self._inputs],
        }
        blocks = [(title, rows) for title, rows in tables.items() if rows]
        first = max((len(row[0]) for _, rows in blocks for row in rows), default=0)
        lines = [f"Network(seed={self.seed})" + ("" if blocks else ", empty")]
        for title, rows in blocks:
            widths = [first, *(max(len(cell) for cell in column) for column in list(zip(*rows, strict=True))[1:])]
            lines.append(f"  {title}")
            lines += ["    " + "   ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines)

    _repr_html_ = show_by("HTML of a network")

    def _read_synapses(self, projection, dt, label):
        return draw_synapses(find_projection(self._projections, projection, label), dt, label)

    def _register(self, *views):
        """Add the populations of the views: all of them, or none if a name is taken."""
        # only these views are checked: a network may have thousands of populations and projections
        new, named = {}, {}
        for population in (p for view in views for p, _ in view.parts):
            known = self._populations.get(population.name) or new.setdefault(population.name, population)
            if known is not population:
                raise ValueError(f"Network: two populations are named {population.name!r}; give one of them another name")
        for view in (*new.values(), *(view for view in views if view.is_named)):
            other = self._views.get(view.name) or named.setdefault(view.name, view)
            if other != view:
                kind = "a view and a population" if view.name in self._populations | new else "two different views"
                raise ValueError(
                    f"Network: {kind} are named {view.name!r}, of {other.n} and of {view.n} cells; "
                    "give one of them another name"
                )
        self._populations |= new
        self._views |= named

    def _free_name(self, name, default, label):
        """Return `name` if it is free; if it is None, the default name, with a number if that is taken."""
        if name is not None:
            if check_name(name, label) in self._names:
                raise ValueError(f"{label}: a projection or an input is already named {name!r}; choose another name")
            return name
        if default not in self._names:
            return default
        number = self._names[default]
        while f"{default} #{number}" in self._names:
            number += 1
        self._names[default] = number  # lower numbers stay taken
        return f"{default} #{number}"


def copy_network(network, projections):
    """Return a copy of a network with these projections, which does not grow with the network."""
    new = copy.copy(network)
    for name in ("_populations", "_views", "_names"):
        setattr(new, name, dict(getattr(network, name)))
    new._inputs, new._projections = list(network._inputs), list(projections)
    return new
