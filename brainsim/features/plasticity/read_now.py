"""What some synapses are now: their columns, and the traces as each of them reads these now. Nothing is changed.

Traces are kept once for each cell. A synapse reads a trace of its source as it was after the last spike that has arrived,
decayed to now on its own clock, and a trace of its target as it was before the spikes, if any, of this step. The modulator
is the same for all.
"""

import numpy as np

from brainsim.engine.synapses.readback import Selected
from brainsim.engine.synapses.segments import LENGTH_BITS, START_BITS
from brainsim.equations.expressions import algebra
from brainsim.features.plasticity.clock import TIE
from brainsim.features.plasticity.equations.rule_variables import NEW
from brainsim.features.plasticity.modulator import modulator_now
from brainsim.features.plasticity.writer import SINCE
from brainsim.jit.functions import FUNCTIONS


class SelectedPlastic(Selected):
    """Some synapses of a Plastic."""

    def __init__(self, kind, ids):
        super().__init__(kind, ids)
        delay = kind.store.delay[self.segments]
        self._delay = delay.astype(np.int64) * kind.clock.per_tick - kind.extra_step
        sources, part_of = np.divmod(self.rows, len(kind.block.layout.own))
        pieces = (kind.block.start + self.places) << START_BITS | kind.tag << int(LENGTH_BITS) | 1
        self._of_part = []
        for number in np.unique(part_of):
            mine = np.flatnonzero(part_of == number)
            # each synapse is a segment, with a source of its own
            fields = {"sources": np.arange(mine.size), "first": np.arange(mine.size + 1)}
            fields |= {"piece": pieces[mine], "delay": delay[mine]}
            self._of_part.append((int(number), sources[mine], fields | {"partitions": 1, "partition": 0}))

    def read(self, name):
        """Return the weights, ``"w"``, or a variable or a trace of the rule, as float64."""
        if name in names_of_traces(self.kind.equations):
            return trace_now(self.kind, name, self.pre, self.post, self._delay)
        columns = self.kind.columns()
        if self.kind.shared and name == "w":
            return np.full(self.places.size, self.kind.weights(columns)[0])
        if not self.kind.sweeps:
            return columns[name][self.places].astype(np.float64)
        before = {key: values[self.places] for key, values in columns.items()}
        try:
            for number, sources, fields in self._of_part:
                part = self.kind.parts[number]
                part.sweep(columns, newest=part.context["newest"][sources], **fields)
            return columns[name][self.places].astype(np.float64)
        finally:
            for key, values in before.items():
                columns[key][self.places] = values


def names_of_traces(equations):
    """Return the names of what a rule keeps once for all synapses of a cell, or of the projection."""
    return (*equations.pre_traces, *equations.post_traces, *([equations.modulator] if equations.modulator else []))


def trace_now(kind, name, pre, post, delay):
    """Return the values of a trace, one of `names_of_traces`, in some synapses now.

    `pre` and `post` are their cells, as in the SynapseTable, and `delay` their delays in units of the clock.
    """
    values, targets = np.empty(pre.size), kind.targets[post]
    dendritic = np.full(pre.size, kind.dendritic) if kind.dendritic >= 0 else delay
    for part in kind.parts.values():
        mine = np.flatnonzero(np.isin(targets, part.cells))
        if name == kind.equations.modulator:
            values[mine] = modulator_now(part)
        elif name in kind.equations.post_traces:
            values[mine] = _of_targets(part, name, targets[mine], dendritic[mine])
        else:
            values[mine] = _of_sources(part, name, kind.sources[pre[mine]], delay[mine], dendritic[mine])
    return values


def _of_targets(part, name, cells, dendritic):
    """Return a postsynaptic trace of the target of each synapse, as of the time on the synapse's clock."""
    if _now(part) == 0:
        part.begin()  # the first step, in which traces begin that follow the target, has not come yet
    context, order = part.context, np.argsort(part.cells, kind="stable")
    places = part.indices[order[np.searchsorted(part.cells[order], cells)]]
    if part.kind.clock.exact:
        return trace_at(part, name, places, _now(part) - 2 * dendritic)
    row = (_now(part) - 2 * dendritic - part.kind.late.get(name, 0)) % context["ring"]
    return context[f"row_{part.kind.code.number[name]}"].reshape(context["ring"], -1)[row, places]


def _of_sources(part, name, sources, delay, dendritic):
    """Return a presynaptic trace of the source of each synapse, decayed to the time on the synapse's clock."""
    kind, c = part.kind, part.context
    (times, previous), entry = part.link.T, c["newest"][sources].astype(np.int64)
    while (under_way := (entry >= 0) & (times[np.maximum(entry, 0)] + delay > _now(part))).any():
        entry[under_way] = previous[entry[under_way]]
    fired, axonal = entry >= 0, delay - dendritic
    since = np.where(fired, times[np.maximum(entry, 0)], 0) + axonal
    value = np.where(fired, part.logged("after", name)[np.maximum(entry, 0)], kind.initial[name])
    return _relaxed(kind, name, value, np.maximum(_now(part) - dendritic - since, 0))


def trace_at(part, name, places, time):
    """Return a postsynaptic trace of some targets at exact times, as it was before spikes at these times."""
    c, number, post = part.context, part.kind.code.number, part.context["latest"][places]
    while (later := (post >= 0) & (c["post_time"][np.maximum(post, 0)] >= time - TIE)).any():
        post[later] = c["older"][post[later]]
    fired, post = post >= 0, np.maximum(post, 0)
    value = np.where(fired, c[f"post_{number[name + NEW]}"][post], c[f"row_{number[name]}"][places])
    since = np.where(fired, c["post_time"][post], c[f"row_{number[SINCE]}"][places])
    return _relaxed(part.kind, name, value, np.maximum(time - since, 0))


def _relaxed(kind, name, value, elapsed):
    """Return a trace some time after it had a value."""
    if name not in kind.equations.rates:
        return value
    rate, limit = (kind.number(table[name]) for table in (kind.equations.rates, kind.equations.limits))
    with np.errstate(invalid="ignore"):
        left = FUNCTIONS["exp"](-(rate * kind.clock.unit) * elapsed.astype(np.float64))
    left = np.where(elapsed == 0, 1.0, left)  # also if the rate is infinite
    return value * left if algebra.is_zero(kind.equations.limits[name]) else limit + (value - limit) * left


def _now(part):
    return max(part.now(), 0)
