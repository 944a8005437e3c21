"""The couplings of a network as arrays: what each source gives once, and the pairs sorted by target.

A *signal* is what the cells of one population give in one coupling, a number for each in each step. All signals lie side by
side in the rows of a ring, a row for each step that a delay can reach back. A pair takes 2 or 4 bytes for the column of its
source, and 4 for its weight and 2 for its delay if these differ between pairs; a symmetric pair is there for both ends.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from brainsim.build.own import index_here, members_here
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.engine.synapses.wiring import AllPairs
from brainsim.equations.system import prefix_of
from brainsim.features.couplings.connecting import acts_at_once
from brainsim.features.couplings.equations import WEIGHTS
from brainsim.features.couplings.models.kinds import GapJunction
from brainsim.features.couplings.stability import check_stable
from brainsim.models.space.of_pairs import OfPair
from brainsim.models.values import Distribution, is_number
from brainsim.network.arguments import MAX_DELAY

UINT16_RANGE = 1 << 16
NONE = np.empty(0)


@dataclass
class Signal:
    """What the cells of a population give: a number for each of its `n` cells, in the columns of the ring from `column` on.

    With `delayed`, it is read at least one step later; `longest` is the longest delay in steps.
    """

    coupling: object
    population: str
    delayed: bool
    column: int
    n: int
    longest: int = 0
    LAST: ClassVar[str] = "last"  # in a saved state, what the cells were when they gave

    @property
    def shift(self):
        """1 if a row of the ring has what was given during the step that follows, 0 if what is given at its time."""
        return int(self.delayed and self.coupling.order == 2)

    @property
    def extrapolated(self):
        """Whether what is given at the end of a step is extrapolated from its start, unless the user has changed it."""
        return not self.delayed and self.coupling.order == 2

    def past(self, when):
        """Return the key under which a state keeps what the cells gave some steps ago, or what they were when they gave."""
        coupling = self.coupling
        when = when if isinstance(when, str) else f"{when} steps ago"
        return f"coupling {type(coupling).__name__} {coupling.name or ''} {self.column} of {self.population}, {when}"

    @property
    def kept(self):
        """How many steps ago what a saved state holds was given: what cannot be computed from the variables again."""
        if self.delayed:
            return range(1, self.longest + 1)
        return range(int(self.extrapolated))


@dataclass
class PairsByTarget:
    """One direction of a projection, sorted by target.

    - `view`, `side`: the targets, and 1, or -1 at the sources' end of symmetric pairs.
    - `first`, `source`: where the pairs of each target begin, and the column of each source.
    - `weight`, `weights`: the weight of all pairs, or float32 of each.
    - `delay`, `delays`: the delay in steps of all pairs, or uint16 of each.
    - `projection`: the one whose rule changes the weights, which its kind of synapses then keeps; None if none does.
    - `ids`: with a rule, the index of each pair in the SynapseTable.
    """

    coupling: object
    view: object
    side: float
    first: np.ndarray
    source: np.ndarray
    weight: float
    weights: np.ndarray
    delay: int
    delays: np.ndarray
    projection: object = None
    ids: np.ndarray = field(default_factory=lambda: NONE)

    def weights_of_targets(self):
        """Return the sum of the weights of each target, in the order of its pairs."""
        counts = np.diff(self.first)
        if not self.weights.size:
            return self.weight * counts
        return np.bincount(np.repeat(np.arange(counts.size), counts), self.weights, counts.size)

    def onto(self, here):
        """Return the pairs of those targets that are `here`, a bool for each."""
        counts = np.diff(self.first)
        kept = np.repeat(here, counts)
        found = {name: getattr(self, name) for name in ("source", "weights", "delays", "ids")}
        columns = {name: values[kept] for name, values in found.items() if values.size}
        return replace(self, first=np.concatenate([[0], np.cumsum(counts * here)]), **columns)

    @property
    def nbytes(self):
        """Bytes of the pairs."""
        return sum(column.nbytes for column in (self.first, self.source, self.weights, self.delays))


class SortedPairs:
    """Where the pairs of a projection whose weights change are; other kinds of synapses have a block of the store.

    - `order`: the index of each pair, in the order of the SynapseTable.
    - `in_table`: their indices in the SynapseTable, which on ranks is that of all, and its length.
    """

    def __init__(self, layout, projection, pairs, columns):
        self.layout, self.projection, self.pairs, self._columns = layout, projection, pairs, columns
        self.start, self.stop = 0, pairs.source.size
        self.order = np.argsort(pairs.ids, kind="stable")
        self.in_table = pairs.ids[self.order], sum(layout.ranks.all(pairs.ids.size))

    @property
    def post(self):
        """The target of each pair."""
        return np.repeat(np.arange(self.pairs.first.size - 1), np.diff(self.pairs.first))

    @property
    def pre(self):
        """The source of each pair."""
        # the inverse of `columns`: from the column of the ring to the index of the source in its view
        places = np.zeros(int(self._columns.max(initial=0)) + 1, np.int64)
        places[self._columns] = np.arange(self._columns.size)
        return places[self.pairs.source]


@dataclass
class Everybody:
    """All sources to all targets with one weight: one sum for all targets, from which each may leave itself out.

    - `columns`: of the sources; `own`: the column of each target, -1 if it does not leave itself out.
    """

    coupling: object
    view: object
    columns: np.ndarray
    own: np.ndarray
    weight: float
    delay: int

    def weights_of_targets(self):
        """Return the sum of the weights of each target."""
        return self.weight * (self.columns.size - (self.own >= 0))

    @property
    def nbytes(self):
        """Bytes of the lists of cells."""
        return self.columns.nbytes + self.own.nbytes


class Couplings:
    """All couplings of a network; never changed, and shared by copies of a simulation.

    - `projections`: those that are couplings.
    - `signals`, `width`: what is given, and how many columns the ring has.
    - `sums`: the PairsByTarget and the Everybody, in the order of the projections; on ranks, the former have only pairs onto
      cells of this one.
    - `number`: how many pairs of cells there are, on all ranks.
    - `kinds`: the weights that rules change, see `Learning` in `features.pairs`.

    ``sample(projection)`` returns the SynapseTable of a projection, as it is built.
    """

    def __init__(self, layout, sample):
        self._layout, self.signals, self.width, self.sums, self.number, self.kinds = layout, {}, 0, [], 0, []
        self.projections = projections = [p for p in layout.network.projections if p.is_coupling]
        for projection in projections:
            for view in _sources(projection):
                self._give(projection, view, not acts_at_once(projection))
            if projection.plasticity is not None:
                self._give(projection, projection.post, False)  # what a target gives itself
        totals = {}
        for projection in projections:
            for some in self._sums_of(projection, sample):
                _add_weights(some, totals)
                self.sums.append(self._here(some))
                if projection.plasticity is not None:
                    self._learn(projection, self.sums[-1])
        self._tell_cells(totals)

    @property
    def longest(self):
        """The longest delay in steps."""
        return max(signal.longest for signal in self.signals.values())

    @property
    def nbytes(self):
        """Bytes of the pairs."""
        return sum(some.nbytes for some in self.sums)

    def stretches(self, own):
        """Return what the cells of some partitions give in a row: of each signal the first column, how many, its shift."""
        here = members_here(self._layout, own)
        cells = [(signal, here[signal.population]) for signal in self.signals.values()]
        return np.array([(s.column + some.start, some.stop - some.start, s.shift) for s, some in cells], np.int64)

    def columns(self, partition):
        """Return the columns of the ring of what the cells of a partition give."""
        stretches = self.stretches(range(partition, partition + 1))
        return np.concatenate([np.arange(first, first + n) for first, n, _ in stretches])

    def _give(self, projection, view, delayed):
        """Add what the cells of a view give, unless it is there."""
        for population, _ in view.parts:
            key = projection.synapse, population.name, delayed
            if key not in self.signals:
                self.signals[key] = Signal(*key, self.width, population.n)
                self.width += population.n

    def _columns(self, projection, view, delayed=None):
        """Return the column of the ring of each cell of a view, by default as the delay of the projection says."""
        delayed = not acts_at_once(projection) if delayed is None else delayed
        found = [self.signals[projection.synapse, p.name, delayed].column + ids for p, ids in view.parts]
        return np.concatenate(found).astype(np.uint16 if self.width <= UINT16_RANGE else np.int32)

    def _sums_of(self, projection, sample):
        """Return what the cells of all ranks add up of a projection, as a list."""
        found, pre, post, coupling = [], projection.pre, projection.post, projection.synapse
        delay = int(_steps(projection.delay, self._layout.dt)) if is_number(projection.delay) else 0
        ends = [(pre, post, 1.0)] + ([(post, pre, -1.0)] if coupling.symmetric else [])
        if is_everybody(projection):
            same = coupling.symmetric and pre.in_common(post) > 0
            for sources, targets, _ in ends[:1] if same else ends:
                columns = self._columns(projection, sources)
                own = self._own(projection, sources, targets) if same or not projection.rule.autapses else None
                own = np.full(targets.n, -1) if own is None else own
                found.append(Everybody(coupling, targets, columns, own, float(projection.weight), delay))
                self.number += int((columns.size - (own >= 0)).sum()) // (2 if same else 1)
            self.number -= pre.n * post.n if coupling.symmetric and not same else 0
            delays = np.array([delay])
        else:
            table = sample(projection)
            delays = _steps(table.delay, self._layout.dt)
            for sources, targets, side in ends:
                source, target = (table.pre, table.post) if side > 0 else (table.post, table.pre)
                found.append(self._pairs(projection, sources, targets, side, source, target, table.weight, delays))
            self.number += len(table)
        for view in _sources(projection):
            for population, _ in view.parts:
                signal = self.signals[coupling, population.name, not acts_at_once(projection)]
                signal.longest = max(signal.longest, int(delays.max(initial=0)))
        return found

    def _here(self, some):
        """Return what is for cells of this process."""
        layout = self._layout
        if layout.ranks.size == 1 or isinstance(some, Everybody):
            return some
        return some.onto(index_here(layout, layout.input_places(some.view, some.coupling)[1]) >= 0)

    def _pairs(self, projection, sources, targets, side, source, target, weights, delays):
        """Return the PairsByTarget of one direction, from the cells of pairs that are sorted by `pre`."""
        # by target, and among the pairs of a target in the order of the table: the order of each sum
        order = np.argsort(target, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=targets.n))])
        learns = projection.plasticity is not None
        one, same = is_number(projection.weight) and not learns, np.all(delays == delays[:1])
        return PairsByTarget(
            projection.synapse,
            targets,
            side,
            first.astype(np.int64),
            self._columns(projection, sources)[source[order]],
            float(projection.weight) if one else 0.0,
            np.empty(0, np.float32) if one else weights[order].astype(np.float64 if learns else np.float32),
            int(delays[0]) if same and delays.size else 0,
            np.empty(0, np.uint16) if same else delays[order].astype(np.uint16),
            projection if learns else None,
            order if learns else NONE,
        )

    def _learn(self, projection, pairs):
        """Let a kind of synapses keep the weights of a projection, which change."""
        block = SortedPairs(self._layout, projection, pairs, self._columns(projection, projection.pre))
        own = self._columns(projection, projection.post, delayed=False).astype(np.int64)
        self.kinds.append(kind_of(projection)(block, pairs.weights, own))
        pairs.weights = pairs.ids = NONE

    def _own(self, projection, sources, targets):
        """Return the column of each target if it is a source, else -1."""
        layout, found = self._layout, np.full(self._layout.n_cells, -1)
        found[layout.global_indices(sources)] = self._columns(projection, sources)
        return found[layout.global_indices(targets)]

    def _tell_cells(self, totals):
        """Tell the cells the sums of their weights, which are constants of their equations."""
        for (name, coupling), total in totals.items():
            member = self._layout.members[name]
            check_stable(member, coupling, total, self._layout.dt)
            if not coupling.summed:
                continue
            key = prefix_of(member.synapses.index(coupling)) + WEIGHTS
            self._layout.set_sums(name, {key: total})


def _add_weights(some, totals):
    """Add the weights of all targets to their totals: (population, coupling) -> array."""
    rectifying = isinstance(some.coupling, GapJunction) and some.coupling.rectifying
    if not (some.coupling.summed or rectifying):
        return
    at, for_each = 0, some.weights_of_targets()
    for population, ids in some.view.parts:
        total = totals.setdefault((population.name, some.coupling), np.zeros(population.n))
        total[ids] += for_each[at : at + ids.size]
        at += ids.size


def shortest_delay(projection, dt):
    """Return the shortest delay that a coupling can have, in steps; 0 if it acts at once."""
    delay = projection.delay
    if acts_at_once(projection):
        return 0
    shortest = delay.support[0] if isinstance(delay, Distribution) else np.min(delay, initial=MAX_DELAY * dt)
    # between the distances at which the shortest was looked for, one may be a step shorter
    return max(1, int(_steps(shortest, dt)) - isinstance(delay, OfPair))


def longest_delay(projection, dt):
    """Return the longest delay that a coupling can have, in steps; if there is no upper end, one in 1e9 is longer."""
    delay = projection.delay
    if not isinstance(delay, Distribution):
        return int(_steps(np.max(delay, initial=0.0), dt))
    longest = delay.support[1]
    if not np.isfinite(longest):
        longest = dt
        while longest < MAX_DELAY * dt and delay.mass(longest, np.inf) > 1e-9:
            longest *= 1.1
    return int(_steps(longest, dt))


def is_everybody(projection):
    """Return whether a coupling is one sum for all targets: all pairs, with one weight and one delay."""
    numbers = is_number(projection.weight) and is_number(projection.delay)
    if not (AllPairs.takes(projection.rule) and numbers and projection.synapse.of_pair is None) or projection.plasticity:
        return False
    common = projection.pre.in_common(projection.post)
    return not projection.synapse.symmetric or common in (0, max(projection.pre.n, projection.post.n))


def bytes_of_coupling(projection, share):
    """Return the bytes of a coupling in a process, which has a ``share(view)`` of the cells of a view."""
    ends = [projection.pre, projection.post] if projection.synapse.symmetric else [projection.post]
    column = 2.0 if sum(p.n for view in (projection.pre, projection.post) for p, _ in view.parts) <= UINT16_RANGE else 4.0
    if is_everybody(projection):
        ends = ends[:1] if projection.pre.in_common(projection.post) else ends
        return (8.0 + column) * sum(view.n for view in ends)
    weight = 4.0 * (not is_number(projection.weight)) if projection.plasticity is None else 8.0
    each = column + weight + 2.0 * (not is_number(projection.delay))
    return sum(each * projection.expected * share(view) + 8.0 * view.n for view in ends)


def pairs_in_a_step(network):
    """Return how many numbers the couplings of a network add up in a step."""
    total = 0.0
    for p in network.projections:
        if p.is_coupling:
            ends = 1.0 + p.synapse.symmetric
            total += p.pre.n + p.post.n if is_everybody(p) else ends * p.expected
    return total


def given_in_a_step(network):
    """Return how many numbers the sources of couplings give in a step."""
    found = set()
    for p in (p for p in network.projections if p.is_coupling):
        found |= {(p.synapse, cells, not acts_at_once(p)) for view in _sources(p) for cells, _ in view.parts}
        if p.plasticity is not None:
            found |= {(p.synapse, cells, False) for cells, _ in p.post.parts}
    return sum(cells.n for _, cells, _ in found)


def _sources(projection):
    return (projection.pre, projection.post) if projection.synapse.symmetric else (projection.pre,)


def _steps(delay, dt):
    return np.rint(np.asarray(delay) / dt).astype(np.int64)
