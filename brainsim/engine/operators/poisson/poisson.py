"""Poisson drive: the number of events of each cell in a step, from one random number, added to the cell's inputs.

There are two ways. If a stretch of cells shares one rate, a table of the distribution is used, exact up to 2**-32 in the
probabilities: thresholds that are all compared, which vectorises, for up to 12 events a step, and an alias table above. If
each cell has its own rate, or if the mean is so small that 2**-32 would matter, see `poisson_per_cell`; if a shared rate
changes in time, `poisson_over_time`.
"""

import math

import numpy as np

from brainsim.engine.operators.observed import of_field
from brainsim.engine.operators.signals import signal_of, steady_value
from brainsim.engine.operators.windows import window
from brainsim.engine.program import Operator, Phase
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import cast_like
from brainsim.models.inputs import PoissonInput
from brainsim.models.values import Distribution
from brainsim.rng.alias import alias_table
from brainsim.rng.hashing import hashed, step_key
from brainsim.rng.streams import stream_key

BLOCK, STRETCH = 1024, 128  # cells
MAX_THRESHOLD_MEAN = 12.0  # mean up to which comparing with every threshold beats the alias table
# mean events a step for which a table is used: below, its 32 bits would be off by 1e-4 or more; above, it is too large
MIN_MEAN, MAX_MEAN = 1e-6, 4096
NEVER = np.uint32(2**32 - 1)  # a threshold that no random number exceeds
S32 = np.uint64(32)

# a stretch of cells that share a rate: its place in the state, the number of cells, the index of the first cell in the view,
# its table (size < 0: an alias table), its stream of random numbers, the steps in which it acts, and the weight of an event
DRIVE = [(name, "i8") for name in ("place", "cells", "cell", "table", "size")] + [("key", "u8"), ("on", "i8"), ("off", "i8")]


class Poisson(Operator):
    """The Poisson inputs to a partition: by tables if a stretch of cells shares one rate, else cell by cell."""

    depends_on = "inputs"
    inputs = (PoissonInput,)

    def __init__(self, calls, signals):
        self._calls, self._signals = calls, signals

    @classmethod
    def build(cls, partition):
        """Return the operator, None if no cell of the partition has a Poisson input."""
        tables, each, signals = _Tables(partition), [], []
        for stimulus in cls.own_inputs(partition.layout):
            rate = steady_value(partition.layout, stimulus, "rate")
            if rate is None:
                signals.append(_over_time(partition, stimulus, each))
                continue
            events = np.asarray(rate, dtype=np.float64) * partition.layout.dt * 1e-3
            if np.all(events == 0):
                continue
            value = _weights(partition.layout, stimulus)
            same = events.ndim == 0 and np.ndim(value) == 0 and MIN_MEAN <= events <= MAX_MEAN
            if same and not _is_scattered(stimulus.target):
                tables.add(stimulus, float(events), value)
            else:
                means = np.broadcast_to(events, stimulus.target.n).astype(np.float64)
                each.append(_cell_by_cell(partition, stimulus, means[_addressed(partition, stimulus)[0]], value))
        calls = [*tables.calls(), *each]
        return cls(calls, signals) if calls else None

    def calls(self):
        """Return the calls: events that act on the threshold come before the cells move, all others after."""
        return self._calls

    def check(self):
        """Raise ValueError if a rate was not finite."""
        for signal in self._signals:
            signal.check()

    @classmethod
    def observed(cls, partition, stimulus):
        """Return the rate, which is 0 where an expression is negative."""
        return of_field(partition, stimulus, clipped=True)


class _Tables:
    """The stretches of cells that share a rate, of one partition."""

    def __init__(self, partition):
        self.partition, self.dtype = partition, partition.layout.dtype
        self.drives, self.table, self.alias = {False: [], True: []}, [], []

    def add(self, stimulus, events, weight):
        """Add an input with `events` events a step for each cell."""
        here, slots, direct, key = _addressed(self.partition, stimulus)
        table, alias = poisson_table(events)
        at = sum(t.size for t in self.table)
        self.table.append(table)
        # thresholds need no aliases, but both tables share their offsets
        self.alias.append(alias if alias.size else np.zeros(table.size, np.int32))
        size = -table.size if alias.size else table.size
        on, off = window(stimulus, self.partition.layout.dt)
        for start, stop in _stretches(here, slots):
            self.drives[direct].append((slots[here[start]], stop - start, here[start], at, size, key, on, off, weight))

    def calls(self):
        """Return the calls of both phases."""
        calls, words = [], np.empty(BLOCK // 2 + 1, np.uint64)
        for direct, phase in ((False, Phase.BEFORE_UPDATE), (True, Phase.AFTER_UPDATE)):
            if self.drives[direct]:
                context = Context(
                    drives=np.array(self.drives[direct], [*DRIVE, ("weight", self.dtype)]),
                    table=np.concatenate(self.table),
                    alias=np.concatenate(self.alias),
                    state=self.partition.shared.state,
                    words=words,  # scratch, and the same memory as halves of words
                    halves=words.view(np.uint32),
                    events=np.empty(BLOCK, np.int32),
                )
                calls.append((phase, 0, add_poisson, context))
        return calls


def _cell_by_cell(partition, stimulus, means, weights):
    """Return the call of an input whose cells differ in rate or weight, or are scattered; `means` of the cells here."""
    from brainsim.engine.operators.poisson.per_cell import add_poisson_per_cell

    here, slots, direct, key = _addressed(partition, stimulus)
    on, off = window(stimulus, partition.layout.dt)
    context = Context(
        state=partition.shared.state,
        places=slots[here].astype(np.int32),
        cells=here.astype(np.int64),
        means=means,
        weights=np.broadcast_to(weights, stimulus.target.n)[here].astype(np.float64),
        key=np.uint64(key),
        on=on,
        off=off,
    )
    return _phase(direct), 0, add_poisson_per_cell, context


def _over_time(partition, stimulus, calls):
    """Append the calls of an input whose rate changes in time, and return its Signal."""
    layout = partition.layout
    here, slots, direct, key = _addressed(partition, stimulus)
    value, scattered = _weights(layout, stimulus), _is_scattered(stimulus.target)
    options = {"factor": 1e-3 * layout.dt, "clipped": True, "window": window(stimulus, layout.dt)}
    signal = signal_of(layout, stimulus, "rate", here, each=scattered or np.ndim(value) > 0, **options)
    calls.append(signal.call(_phase(direct)))
    if signal.shared and stimulus.target.n > 1 and not scattered and np.ndim(value) == 0:
        from brainsim.engine.operators.poisson.over_time import shared_rate

        stretches = [(slots[here[a]], b - a, here[a]) for a, b in _stretches(here, slots)]
        calls.append((_phase(direct), 0, *shared_rate(partition, signal, stretches, key, value)))
    elif here.size:
        calls.append(_cell_by_cell(partition, stimulus, signal.values, value))
    return signal


def _phase(direct):
    return Phase.AFTER_UPDATE if direct else Phase.BEFORE_UPDATE


def _addressed(partition, stimulus):
    """Return (cells of the view that are here, place of each cell's events, whether they go to the state directly, key)."""
    drive, view, layout = stimulus.input, stimulus.target, partition.layout
    slots = layout.input_slots(view, drive.synapse, partition.number)
    direct = layout.receptor(view.parts[0][0].name, drive.synapse)[1]
    return np.flatnonzero(slots >= 0), slots, bool(direct), stream_key(partition.seed, "poisson", stimulus.name)


@by_address
def add_poisson(drives_, progress_):
    """Add the events of a step, in AFTER_UPDATE those of the step that has just been made."""
    c, p = record_at(drives_), record_at(progress_)
    drives, tables, aliases, state = array_of(c.drives), array_of(c.table), array_of(c.alias), array_of(c.state)
    words, halves, events = array_of(c.words), array_of(c.halves), array_of(c.events)
    step = p.step - (p.completed < p.step)
    for d in range(drives.size):
        drive = drives[d]
        if step < drive.on or step >= drive.off:
            continue
        key, start, size = step_key(drive.key, step), drive.table, drive.size
        table = tables[start : start + abs(size)]
        for low in range(0, drive.cells, BLOCK):
            n = min(BLOCK, drive.cells - low)
            target = state[drive.place + low : drive.place + low + n]
            if size > 0:
                _by_thresholds(key, drive.cell + low, table, words, halves, events[:n])
            else:
                _by_alias(key, drive.cell + low, table, aliases[start : start - size], events[:n])
            _add(target, events[:n], drive.weight)
    return 0


@helper
def _by_thresholds(key, cell, table, words, halves, events):
    # two cells share a random number, of which each takes a half: 0.3 ns a cell less
    first = cell >> 1
    for k in range((cell + events.size + 1 >> 1) - first):
        words[k] = hashed(key, first + k)
    bits = halves[cell & 1 : (cell & 1) + events.size]
    for low in range(0, events.size, STRETCH):
        _count_thresholds(table, bits[low : low + STRETCH], events[low : low + STRETCH])


@helper
def _count_thresholds(table, bits, events):
    """Count the thresholds that each number exceeds; leaving out those that none exceeds takes 0.4 ns a cell less."""
    most = np.uint32(0)
    for k in range(bits.size):
        most = max(most, bits[k])
        events[k] = 0
    j = 0
    # four at a time: each pass loads and stores the counts
    while j < table.size and table[j] < most:
        a, b, c, d = table[j], table[j + 1], table[j + 2], table[j + 3]
        for k in range(bits.size):
            u = bits[k]
            events[k] += np.int32(u > a) + np.int32(u > b) + np.int32(u > c) + np.int32(u > d)
        j += 4


@helper
def _by_alias(key, cell, table, alias, events):
    mask = np.uint64(table.size - 1)
    for k in range(events.size):
        bits = hashed(key, cell + k)
        column = bits & mask
        events[k] = np.int32(column) if np.uint32(bits >> S32) < table[column] else alias[column]


@helper
def _add(target, events, weight):
    for k in range(target.size):
        target[k] += weight * cast_like(events[k], weight)


def poisson_table(mean):
    """Return (table, alias) of a Poisson distribution: thresholds and no alias for small means, else an alias table.

    A random number of 32 bits that exceeds the first k thresholds stands for at least k events. Threshold k is
    ``2**32 * P(fewer than k events) - 1``, rounded to a whole number.
    """
    largest = int(mean + 12.0 * math.sqrt(mean) + 40.0)
    counts = np.arange(largest + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    probabilities = np.exp(counts * math.log(mean) - mean - log_factorials)
    if mean > MAX_THRESHOLD_MEAN:
        return alias_table(probabilities / probabilities.sum())
    thresholds = np.rint(np.cumsum(probabilities) * 2.0**32) - 1.0
    thresholds = thresholds[thresholds < NEVER]
    # filled up to a multiple of four
    filled = np.full(-(-thresholds.size // 4) * 4, NEVER)
    filled[: thresholds.size] = thresholds
    return filled, np.empty(0, np.int32)


def _weights(layout, stimulus):
    """Return the weight of a Poisson input: a float, or one for each cell."""
    value = stimulus.input.weight
    if isinstance(value, Distribution):
        from brainsim.rng.variates import fill

        out = np.empty(stimulus.target.n)
        fill(out, value.code, stream_key(layout.network.seed, "weights", stimulus.name))
        return out
    return value


def _is_scattered(view):
    """Return whether the cells of a view are better sampled one by one: a stretch of a few costs as much as dozens.

    The two ways sample different numbers, so this must depend on the view alone and not on how it is cut into partitions.
    """
    breaks = sum(1 + np.count_nonzero(np.diff(ids) != 1) for _, ids in view.parts)
    return breaks > 16 + view.n // 32


def _stretches(here, slots):
    """Cut the cells of a view into stretches that lie side by side in the inputs."""
    if here.size == 0:
        return []
    breaks = np.flatnonzero((np.diff(here) != 1) | (np.diff(slots[here]) != 1)) + 1
    edges = [0, *breaks.tolist(), here.size]
    return list(zip(edges[:-1], edges[1:], strict=True))
