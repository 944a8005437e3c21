"""Poisson drive at exact times: each cell goes from one event to the next by exponential intervals.

The interval to the next event is kept in events, ``rate*time``, so it may be longer than a step, and a rate that is set
between two steps acts at once. Interval n of a cell is a function of the seed, the name of the input, the cell and n: the
times do not depend on dt.
"""

import numpy as np

from brainsim.engine.loop.program import CONTINUE, EVENTS_FULL, Operator, Phase
from brainsim.engine.operators.poisson import _weights
from brainsim.engine.operators.signals import steady_value
from brainsim.engine.operators.windows import cells_here, window
from brainsim.features.precise.kernels import note
from brainsim.features.precise.operator import Precise
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, array_or_none, by_address, record_at, record_or_none
from brainsim.jit.vmath import log1p
from brainsim.models.inputs import PoissonInput
from brainsim.rng.hashing import hashed, step_key, uniform
from brainsim.rng.streams import stream_key

# a cell of an input: its index in the network, how its events act, their mean number in a step and their weight, its stream
# of random numbers, the steps in which the input acts, what is left of the interval, and how many events there have been
TRAIN = np.dtype(
    [("cell", "i8"), ("receptor", "i8"), ("mean", "f8"), ("weight", "f8"), ("key", "u8"), ("on", "i8"), ("off", "i8")]
    + [("left", "f8"), ("events", "i8")]
)


class PoissonTimes(Operator):
    """The Poisson inputs to the cells of a partition."""

    depends_on = "inputs"
    inputs = (PoissonInput,)

    def __init__(self, partition, inputs):
        self._inputs, rows, self._stretches = inputs, [], []
        for stimulus in inputs:
            rows.append(_trains(partition, stimulus))
            self._stretches.append((stimulus.name, sum(map(len, rows[:-1])), sum(map(len, rows))))
        self._trains = np.concatenate(rows)
        most = int(partition.progress["slice"])
        events = partition.operator(Precise).events
        context = Context(
            trains=self._trains, events=events, numbers=np.zeros(most, np.int64), dt=float(partition.layout.dt)
        )
        super().__init__([(Phase.BEGIN_SLICE, 0, expect, context), (Phase.BEFORE_UPDATE, 0, add_events, context)])

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of the cells of all inputs."""
        return TRAIN.itemsize * sum(stimulus.target.n for stimulus in cls.own_inputs(layout))

    def reset(self, step):
        """Begin with the first interval."""
        self._trains["events"] = 0
        self._trains["left"] = -1.0  # not drawn yet

    def continue_from(self, old):
        """Keep the intervals of the inputs that there were."""
        self.load({name: values for name, (_, values) in old._kept().items()}, whole=False)

    def continuing(self):
        """Return where in its sequence of intervals each cell is."""
        return [(context, ("trains.left", "trains.events", "numbers")) for *_, context in self._calls[:1]]

    def saved(self):
        """Return where in its sequence of intervals each cell is."""
        return self._kept()

    def load(self, values, whole=True):
        """Take over what `saved` returned, of all cells if `whole`."""
        for name, start, stop in self._stretches:
            rows = self._trains[start:stop]
            for field in ("left", "events"):
                if (given := values.get(_label(name, field))) is not None:
                    rows[field] = given[rows["cell"]] if whole else given

    def _kept(self):
        found = {}
        for name, start, stop in self._stretches:
            rows = self._trains[start:stop]
            found |= {_label(name, field): (rows["cell"].copy(), rows[field].copy()) for field in ("left", "events")}
        return found


def _label(name, field):
    return f"{field} of input {name!r}"


def _trains(partition, stimulus):
    """Return the rows of the cells of an input that are in a partition."""
    layout, (mine, gids) = partition.layout, cells_here(partition, stimulus)
    rows = np.zeros(mine.size, TRAIN)
    receptors = [np.full(len(ids), layout.receptor(p.name, stimulus.input.synapse)[0]) for p, ids in stimulus.target.parts]
    means = np.asarray(steady_value(layout, stimulus, "rate"), np.float64) * layout.dt * 1e-3
    key = stream_key(partition.seed, "poisson times", stimulus.name)
    rows["cell"], rows["receptor"] = gids, np.concatenate(receptors)[mine]
    rows["mean"] = np.broadcast_to(means, stimulus.target.n)[mine]
    rows["weight"] = np.broadcast_to(_weights(layout, stimulus), stimulus.target.n)[mine]
    rows["key"] = np.uint64(key) + mine.astype(np.uint64)
    rows["on"], rows["off"] = window(stimulus, layout.dt)
    rows["left"] = -1.0
    return rows


@helper
def _interval(key, number):
    """Return interval `number` of a cell, in mean intervals."""
    # the inverse of the exponential distribution: -log(1 - u), with u below 1
    return -log1p(-uniform(hashed(step_key(key, 0), number)))


@by_address
def expect(drive_, progress_):
    """Return EVENTS_FULL unless there is room for the events of each step of the slice that begins."""
    c, p = record_at(drive_), record_at(progress_)
    return _expect(c, p, record_or_none(c, "events"))


@helper
def _expect(c, p, events):
    # the draws of the whole slice, as `add_events` will make them step by step: an interval is a function of its number, so
    # it may be drawn twice, and only the first of all is kept
    trains, numbers, steps = array_of(c.trains), array_of(c.numbers), min(p.slice, p.stop - p.step)
    numbers[:] = 0
    for k in range(trains.size):
        train = trains[k]
        if train.left < 0.0:
            train.left, train.events = _interval(train.key, 0), 1
        left, drawn = train.left, train.events
        for s in range(steps):
            if train.on <= p.step + s < train.off:
                while left < train.mean:
                    left += _interval(train.key, drawn)
                    drawn += 1
                    numbers[s] += 1
                left -= train.mean
    most = events.due_events
    for s in range(steps):
        most = max(most, events.due_events + numbers[s])
    events.most_events = max(events.most_events, most)
    return np.int64(EVENTS_FULL) if most > array_of(events.lag).size else np.int64(CONTINUE)


@by_address
def add_events(drive_, progress_):
    """Add the events of a step to the lists of the cells, each after those that come at the same time."""
    c, p = record_at(drive_), record_at(progress_)
    return _add_events(c, p, record_or_none(c, "events"))


@helper
def _add_events(c, p, events):
    trains, weights, receptors = array_of(c.trains), array_of(events.weight), array_of(events.receptor)
    number = events.number
    for k in range(trains.size):
        train = trains[k]
        if train.on <= p.step < train.off:
            left, drawn, after = train.left, train.events, np.int64(-1)
            # `left` is how far the next event is, in mean intervals, and `mean` how long a step is: the event is at
            # left/mean of it
            while left < train.mean:
                weights[number], receptors[number] = train.weight, train.receptor
                note(array_or_none(events, "synapse"), number, np.int64(-1))
                after = _insert(events, train.cell, number, c.dt * (1.0 - left / train.mean), after)
                left += _interval(train.key, drawn)
                drawn += 1
                number += 1
            train.left, train.events = left - train.mean, drawn
    events.number = number
    return np.int64(0)


@helper
def _insert(events, cell, number, lag, after):
    """Put an event into the list of a cell, behind the event `after` if there is one; return its number."""
    head, tail, following, lags = (
        array_of(events.head),
        array_of(events.tail),
        array_of(events.following),
        array_of(events.lag),
    )
    lags[number] = lag
    # the events of an input come in the order of time, so the search begins behind the last one
    behind = following[after] if after >= 0 else head[cell]
    while behind >= 0 and lags[behind] >= lag:
        after, behind = np.int64(behind), following[behind]
    following[number] = behind
    if after >= 0:
        following[after] = number
    else:
        head[cell] = number
    if behind < 0:
        tail[cell] = number
    return np.int64(number)
