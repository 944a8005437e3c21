"""Synapses that are added to a projection, removed from it, or given other weights, between two pieces of a run.

All rows are built again from the description, in which the projection now lists its pairs; what other projections have
sampled is a function of the seed, and comes out the same. Then the state moves over, as it does from a saved state.
"""

import numpy as np

from brainsim.core.arrays import as_array
from brainsim.core.checks import computed_values, in_range, indices, plain
from brainsim.core.contexts import within
from brainsim.engine.states.sent import CELL, STEP_BITS
from brainsim.engine.synapses.readback import in_order, order_of_pairs, read_back, same_synapses
from brainsim.engine.synapses.store import Synapses
from brainsim.features.growing.listing import with_synapses
from brainsim.models.packed import as_kept, is_listed
from brainsim.models.space.of_pairs import OfPair
from brainsim.models.synapses.usable import checked_weight
from brainsim.models.values import Distribution, is_number
from brainsim.network.population import View
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill

LABEL = "Simulation.rewire"


class Rewiring:
    """A change of the synapses of one projection; its arguments are those of `Simulation.rewire`.

    `projection` is as it is now, `described` as it was connected. `kept` is another weight or delay of all synapses, or
    one for each, if none are removed or added. The attribute ``places`` has the new index in the SynapseTable of each old
    synapse, -1 if it was removed.
    """

    @within(computed_values)
    def __init__(self, run, projection, described, remove=(), pre=(), post=(), weight=None, delay=None, kept=None):
        if projection.storage == "procedural":
            raise ValueError(f"{LABEL}: {projection.name!r} is procedural; its synapses cannot be changed one by one")
        if projection.is_coupling and delay is not None:
            _reject_without_delay(projection, f"{LABEL}.delay")
        self._run, self._projection, self._described = run, projection, described
        run.settle()
        threads = len(run.layout.own)
        self._kind = run.synapses.kind_of(projection)
        if self._kind is not None:
            self._kind.settle()  # what is added must not see what was before
        table = read_back(run.synapses, projection, threads)
        self._kept = _kept(remove, len(table))
        pairs = self._pairs(table, *_added(pre, post), weight, delay)
        for name, values in (kept or {}).items():
            pairs[name] = _one_each(name, values, len(table), projection)
        label = f"Simulation.set: projection {projection.name!r}: delay" if kept else f"{LABEL}.delay"
        if projection.is_coupling and np.any(pairs["delay"]) and not np.all(pairs["delay"]):
            raise ValueError(f"{label}: all pairs of a coupling have a delay, or all act at once")
        network, new = with_synapses(
            run.layout.network, run.synapses.projections.values(), projection, pairs, self._parameters(table, pairs)
        )
        self.layout = run.layout.copy()
        self.layout.network = network
        self.synapses = Synapses(self.layout, threads)
        self.synapses.former = run.synapses.former | {projection: projection.name}
        self._past = name_the_past(run, self, label)
        # which pair each synapse of the new table is; those that were kept come first
        self._order = order_of_pairs(self.layout, new)
        index = np.full(len(table), -1)
        index[self._kept] = np.argsort(self._order, kind="stable")[: self._kept.size]
        self.places, self._weights = index, pairs["weight"]

    def run(self):
        """Return the Run that continues with the new synapses."""
        same = self._same()
        extra = dict(self._run.extra(same))
        unknown = np.zeros(self.layout.n_cells)  # at time 0, at which all that was given before is taken from the state
        extra |= {name: unknown if former is None else extra[former] for name, former in self._past.items()}
        new = self.synapses.kind_of(self.synapses.projections[self._projection.name])
        if new is not None:
            self._move(extra, new)
        return self._run.rewired(self.layout, self.synapses, extra, same)

    def _same(self):
        """Return the names of the projections whose synapses stay where they are in their block; none with ranks."""
        if self.layout.ranks.size > 1:
            return set()
        news = {kind.block.projection.name: kind for kind in self.synapses.kinds}
        olds = {kind.block.projection.name: kind for kind in self._run.synapses.kinds}
        others = {name for name in olds.keys() & news.keys() - {self._projection.name} if olds[name].called}
        return {name for name in others if same_synapses(olds[name], news[name])}

    def _pairs(self, table, pre, post, weight, delay):
        """Return pre, post, weight and delay of the synapses that are kept, and then of those that are added."""
        p, n = self._described, pre.size
        for name in [name for name, given in (("weight", weight), ("delay", delay)) if given is None and n]:
            if is_listed(as_kept(p, name)):
                reason = f"{p.name!r} has a list of them, not a number or a distribution for new synapses"
                raise ValueError(f"{LABEL}.{name}: missing; {reason}; give one number or one for each, {n}")
        weight = p.weight if weight is None else checked_weight(weight, p.synapse, f"{LABEL}.weight")
        delay = p.delay if delay is None else plain(delay, "ms", f"{LABEL}.delay")
        weight = weight.of(pre, post) if isinstance(weight, OfPair) else weight
        if isinstance(delay, OfPair):
            label = f"{LABEL}.delay: {delay}"
            delay = plain(delay.of(pre, post), "ms", label)
            in_range(delay, label, "ms", above=0.0)
            delay = self._round(delay)
        weight, delay = self._of_new("weight", weight, n), self._of_new("delay", delay, n)
        if self._kind is not None:
            self._kind.check_new(weight, LABEL)
        kept = self._kept
        return {
            "pre": np.concatenate([table.pre[kept], pre]),
            "post": np.concatenate([table.post[kept], post]),
            "weight": np.concatenate([table.weight[kept], weight]),
            "delay": np.concatenate([table.delay[kept], delay]),
        }

    def _parameters(self, table, pairs):
        """Return the parameters and initial values of the rule that differ between synapses, in the order of the pairs."""
        differing = self._kind.differing() if self._kind is not None else {}
        if not differing:
            return {}
        n = pairs["pre"].size - self._kept.size
        return {
            name: np.concatenate(
                [values[self._kept], self._of_new(name, getattr(self._described.plasticity, name), n, "plasticity")]
            )
            for name, values in in_order(self._kind, differing).items()
        }

    def _of_new(self, name, value, n, of="synapses"):
        """Return n values for the synapses that are added: given, or sampled like those of the projection."""
        if is_number(value):
            return np.full(n, float(value))
        if isinstance(value, Distribution):
            sampled, layout = np.empty(n), self._run.layout
            # nothing but the state decides, so a simulation that continues from a saved one samples the same
            when = str(self._run.step), str(int(self._kept.size)), str(n)
            fill(sampled, value.code, stream_key(layout.network.seed, "rewired", self._projection.name, of, name, *when))
            return self._round(sampled) if name == "delay" else sampled
        if of != "synapses" and n:
            rule, reason = self._projection.plasticity, "is a list, so it has no value for synapses that are added"
            raise ValueError(f"{LABEL}: {name} of {rule}: {reason}; connect them with a number or a distribution")
        if np.shape(value) != (n,) and n:
            message = "must be one number or one for each synapse that is added"
            raise ValueError(f"{LABEL}.{name}: {message}, {n} (got {np.size(value)})")
        return np.asarray(value, np.float64) if n else np.empty(0)

    def _round(self, delays):
        """Return delays as whole ticks, at least a step."""
        layout = self._run.layout
        return np.maximum(layout.ticks, np.rint(delays / layout.tick)) * layout.tick

    def _move(self, extra, new):
        """Let the arrays of a state that belong to the projection, by name, fit its new synapses."""
        name, before = self._projection.name, self._order < self._kept.size
        old = self._kept[self._order[before]]
        columns = new.columns()
        if "w" in columns:
            extra[f"{name}.w"] = self._weights[self._order].astype(columns["w"].dtype)
        others = {column: values for column, values in columns.items() if column != "w"}
        for column, moved in in_order(new, others).items() if others else ():
            key = f"{name}.{column}"
            moved[before] = extra[key][old]
            extra[key] = moved
        new.fit(extra, self._kind, LABEL)


def _one_each(name, values, n, projection):
    if is_number(values):
        return values
    if np.shape(values) != (n,):
        message = f"must be a number or an array of {n} numbers, in the order of sim.synapses(projection)"
        raise ValueError(f"Simulation.set: projection {projection.name!r}: {name} {message} (got shape {np.shape(values)})")
    return np.asarray(values)


@within(computed_values)
def revaluing(run, projection, described, values):
    """Return the Rewiring that sets a value of all synapses of a projection whose kind changes no weights.

    What is recorded of a run still fits, since no synapse comes or goes.
    """
    label = f"Simulation.set: projection {projection.name!r}"
    _reject_all_but_values(projection, values)
    if projection.is_coupling and "delay" in values:
        _reject_without_delay(projection, f"{label}: delay")
    kind = run.synapses.kind_of(projection)
    if kind is not None and not kind.described:
        raise ValueError(f"{label}: weights and delays of this kind of synapses cannot be set")
    kept = {}
    for name, given in values.items():
        if isinstance(given, Distribution):
            raise TypeError(f"{label}: {name} must be a number or an array, in the order of sim.synapses(projection)")
        if name == "weight":
            kept[name] = checked_weight(given, projection.synapse, f"{label}: weight")
        else:
            kept[name] = plain(given, "ms", f"{label}: delay")
            in_range(kept[name], f"{label}: delay", "ms", at_least=run.layout.dt * (1 - 1e-9))
    rewiring = Rewiring(run, projection, described, kept=kept)
    if "delay" in kept and not projection.is_coupling:
        _reject_under_way(run, projection, rewiring.synapses, label)
    return rewiring


def _reject_without_delay(projection, label):
    """Raise ValueError if a coupling cannot have a delay."""
    if projection.synapse.delayed is False:
        raise ValueError(f"{label}: {type(projection.synapse).__name__} acts without a delay; leave it out")


def name_the_past(old, new, label, begun=None):
    """Return how what sources of couplings gave is called with other synapses -> what it is called now, None if unknown.

    `old` is a Run, and `new` what has other ``synapses``. Raise ValueError if it is needed and not known: a run keeps what
    was given up to the longest delay ago. If `new` knows what its cells give at its start, `begun` names the populations
    that are new, of which that is enough.
    """
    if new.synapses.others is None:
        return {}
    names, before = {}, {} if old.synapses.others is None else old.synapses.others.signals
    for key, signal in new.synapses.others.signals.items():
        known = before[key].kept if key in before else range(0)
        for ago in signal.kept:
            enough = begun is not None and (ago == 0 or signal.population in begun)
            if ago not in known and not enough and old.is_complete():
                longest = f"{old.layout.dt * len(known):g} ms" if known else "0"
                reason = f"what {signal.population!r} gave longer ago is not known, unless no run has begun"
                raise ValueError(f"{label}: must be at most {longest}, the longest so far; {reason}")
            names[signal.past(ago)] = before[key].past(ago) if ago in known else None
        if key in before and signal.extrapolated:
            names[signal.past(signal.LAST)] = before[key].past(signal.LAST)
    return names


def _reject_under_way(run, projection, synapses, label):
    """Raise ValueError if a spike is under way in a projection, or would be with other synapses.

    A State says which spikes were sent, and its network by which delays, so a spike cannot keep the delay it was sent with.
    """
    if not run.is_complete():
        return
    reach = max(_longest_of(known, projection.name) for known in (run.synapses, synapses))
    recent = sent_lately(run, projection, reach)
    if recent.size:
        ago = (run.step - int(recent.max() >> STEP_BITS)) * run.layout.dt
        reason = f"a spike that its cells sent {ago:g} ms ago would be lost or arrive twice"
        raise ValueError(f"{label}: delays can be set before a run, or when no spike is under way; {reason}")


def sent_lately(run, projection, reach):
    """Return the packed spikes that the sources of a projection sent in the last `reach` steps; with ranks those of all."""
    packed = np.concatenate(run.layout.ranks.everywhere(run.under_way().packed))
    recent = packed[(packed >> STEP_BITS) > run.step - reach]
    return recent[np.isin(recent & CELL, run.layout.global_indices(projection.pre))]


def _longest_of(synapses, name):
    """Return the longest delay of a projection as it is filed, in steps."""
    plan = next(plan for plan in synapses.plans if plan.projection.name == name)
    return -(-plan.delays[1] // synapses.layout.ticks) + plan.extra_step


def _reject_all_but_values(projection, values):
    """Raise ValueError unless only the weight or the delay is set: without plasticity nothing else can change."""
    for name in values:
        if name not in ("weight", "delay"):
            label = f"Simulation.set: projection {projection.name!r}"
            hint = "without plasticity its synapses have nothing else that can change"
            raise ValueError(f"{label}: cannot set {name!r}, only weight and delay; {hint}")
    if not values:
        raise ValueError(f"Simulation.set: projection {projection.name!r}: nothing to set; give weight=")


def _kept(remove, n):
    remove = as_array(remove, f"{LABEL}.remove", "the places of synapses")
    if remove.dtype == bool:
        if remove.shape != (n,):
            raise ValueError(f"{LABEL}.remove: a mask must have an element for each synapse, {n} (got shape {remove.shape})")
        return np.flatnonzero(~remove)
    gone = indices(remove if remove.size else np.empty(0, np.int64), f"{LABEL}.remove")
    if gone.size and gone.max() >= n:
        raise ValueError(f"{LABEL}.remove: must be below the number of synapses, {n:,} (got {gone.max():,})")
    kept = np.ones(n, bool)
    kept[gone] = False
    return np.flatnonzero(kept)


def _added(pre, post):
    cells = {"pre": pre, "post": post}
    for name, ids in cells.items():
        if isinstance(ids, View):
            message = "must be the index of a cell for each new synapse, such as [0, 1], counted within what was connected"
            raise TypeError(f"{LABEL}.{name}: {message} (got {ids!r})")
        ids = as_array(ids, f"{LABEL}.{name}", "indices of cells")
        cells[name] = indices(ids if ids.size else np.empty(0, np.int64), f"{LABEL}.{name}")
    if cells["pre"].size != cells["post"].size:
        raise ValueError(f"{LABEL}.post: must be as long as pre, {cells['pre'].size} (got {cells['post'].size})")
    return cells["pre"], cells["post"]
