"""Poisson drive: the number of events of each cell in a step, from one random number, added to the cell's inputs.

There are two ways. If a stretch of cells shares one rate, a table of the distribution is used, exact up to 2**-32 in the
probabilities: thresholds that are all compared, which vectorises, for up to 12 events a step, and an alias table above. If
each cell has its own rate, or if the mean is so small that 2**-32 would matter, each cell draws its number itself. If a
shared rate changes in time, the table is computed whenever it does. `poisson_events` has the compiled functions.

Each event is added where an event of a synapse would be (`Layout.input_slots`): to a variable of the state when the cells
have moved (AFTER_UPDATE), or to the buffer that the kernel reads in its next move (BEFORE_UPDATE). Nothing is filed, since
there is no delay. The random number of a cell is a function of the input's name, the step and the cell, so it depends
neither on partitions nor on other inputs. A rate over time is read as any other (`signals`), from `start` on and before
`stop` (`windows`).
"""

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators import poisson_events as events_of
from brainsim.engine.operators.poisson_events import BLOCK, DRIVE, MAX_MEAN, MIN_MEAN, STRETCH, TABLE_ROOM, poisson_table
from brainsim.engine.operators.signals import signal_of, steady_value
from brainsim.engine.operators.windows import window
from brainsim.jit.records import Context, new_scratch
from brainsim.models.inputs import PoissonInput
from brainsim.models.values import Distribution
from brainsim.rng.streams import stream_key


class PoissonInputs(Operator):
    """The Poisson inputs to a partition: by tables if a stretch of cells shares one rate, else cell by cell."""

    depends_on = "inputs"
    inputs = (PoissonInput,)

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
            value = _weights(partition.layout, stimulus)
            same = events.ndim == 0 and np.ndim(value) == 0 and (events == 0 or MIN_MEAN <= events <= MAX_MEAN)
            # a rate of 0 is there as well, but never acts, so that a page can move it
            acts = window(stimulus, partition.layout.dt) if np.any(events) else (0, 0)
            if same and not _is_scattered(stimulus.target):
                tables.add(stimulus, float(events), value, acts)
            else:
                means = np.broadcast_to(events, stimulus.target.n).astype(np.float64)
                each.append(_cell_by_cell(partition, stimulus, means[_addressed(partition, stimulus)[0]], value, acts))
        calls = [*tables.calls(), *each]
        return cls(calls, signals) if calls else None


class _Tables:
    """The stretches of cells that share a rate, of one partition."""

    def __init__(self, partition):
        self.partition, self.dtype = partition, partition.layout.dtype
        self.drives, self.table, self.alias = {False: [], True: []}, [], []

    def add(self, stimulus, events, weight, acts):
        """Add an input with `events` events a step for each cell, which `acts` from one step to another."""
        here, slots, direct, key = _addressed(self.partition, stimulus)
        table, alias = poisson_table(events)
        at = sum(t.size for t in self.table)
        self.table.append(table)
        # thresholds need no aliases, but both tables share their offsets
        self.alias.append(alias if alias.size else np.zeros(table.size, np.int32))
        size = -table.size if alias.size else table.size
        for start, stop in _stretches(here, slots):
            self.drives[direct].append((slots[here[start]], stop - start, here[start], at, size, key, *acts, weight))

    def calls(self):
        calls = []
        for direct, phase in ((False, Phase.BEFORE_UPDATE), (True, Phase.AFTER_UPDATE)):
            if self.drives[direct]:
                context = Context(
                    drives=np.array(self.drives[direct], [*DRIVE, ("weight", self.dtype)]),
                    table=np.concatenate(self.table),
                    alias=np.concatenate(self.alias),
                    state=self.partition.shared.state,
                    **_scratch(),
                )
                calls.append((phase, 0, events_of.add_by_table, context))
        return calls


def _cell_by_cell(partition, stimulus, means, weights, acts):
    """Return the call of an input whose cells differ in rate or weight, or are scattered; `means` of the cells here."""
    here, slots, direct, key = _addressed(partition, stimulus)
    context = Context(
        state=partition.shared.state,
        places=slots[here].astype(np.int32),
        cells=here.astype(np.int64),
        means=means,
        weights=np.broadcast_to(weights, stimulus.target.n)[here].astype(np.float64),
        key=np.uint64(key),
        on=acts[0],
        off=acts[1],
    )
    return _phase(direct), 0, events_of.add_per_cell, context


def _over_time(partition, stimulus, calls):
    """Append the calls of an input whose rate changes in time, and return its Signal."""
    layout = partition.layout
    here, slots, direct, key = _addressed(partition, stimulus)
    value, scattered = _weights(layout, stimulus), _is_scattered(stimulus.target)
    acts = window(stimulus, layout.dt)
    options = {"factor": 1e-3 * layout.dt, "window": acts}
    signal = signal_of(layout, stimulus, "rate", here, each=scattered or np.ndim(value) > 0, **options)
    calls.append(signal.call(_phase(direct)))
    if signal.shared and stimulus.target.n > 1 and not scattered and np.ndim(value) == 0:
        stretches = [(slots[here[a]], b - a, here[a]) for a, b in _stretches(here, slots)]
        calls.append((_phase(direct), 0, events_of.add_over_time, _shared_rate(partition, signal, stretches, key, value)))
    elif here.size:
        calls.append(_cell_by_cell(partition, stimulus, signal.values, value, acts))
    return signal


def _shared_rate(partition, signal, stretches, key, weight):
    """Return the record of a rate that all cells share; `stretches`: place in the state, number, and first cell of each."""
    return Context(
        mean=signal.values,
        stretches=np.array(stretches, STRETCH),
        state=partition.shared.state,
        weight=np.array([weight], partition.layout.dtype),
        key=np.uint64(key),
        of=-1.0,  # the mean of which the table is
        size=0,  # its entries, < 0 of an alias table
        table=np.zeros(TABLE_ROOM, np.uint32),
        alias=np.zeros(TABLE_ROOM, np.int32),
        scaled=new_scratch(TABLE_ROOM),
        stack=new_scratch(TABLE_ROOM, np.int32),
        **_scratch(),
    )


def _scratch():
    words = new_scratch(BLOCK // 2 + 1, np.uint64)
    # halves of the same words
    return {"words": words, "halves": words.view(np.uint32), "events": new_scratch(BLOCK, np.int32)}


def _phase(direct):
    return Phase.AFTER_UPDATE if direct else Phase.BEFORE_UPDATE


def _addressed(partition, stimulus):
    """Return (cells of the view that are here, place of each cell's events, whether they go to the state directly, key)."""
    drive, view, layout = stimulus.input, stimulus.target, partition.layout
    slots = layout.input_slots(view, drive.synapse, partition.number)
    direct = layout.receptor(view.parts[0][0].name, drive.synapse)[1]
    return np.flatnonzero(slots >= 0), slots, bool(direct), stream_key(partition.seed, "poisson", stimulus.name)


def _weights(layout, stimulus):
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
