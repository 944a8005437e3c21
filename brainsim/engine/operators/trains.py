"""Listed spike trains: spikes whose times the user gives. The first partition emits all of them."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.core.arrays import times_of
from brainsim.engine.loop.program import Operator, Phase
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, array_or_none, by_address, record_at

CLOSE = 1e-9  # steps: times that are nearer to the grid differ from it by rounding


class Trains(Operator):
    """The listed spikes of each group of SpikeTrains."""

    depends_on = "trains"

    @classmethod
    def build(cls, partition):
        """Return the operator of the first partition; None for the others, or if nothing is listed."""
        layout, calls = partition.layout, []
        for name, member in layout.members.items() if partition.number == 0 else ():
            if member.trains is not None:
                steps, ids, lags = list_spikes(member, layout)
                cursor = np.searchsorted(steps, partition.progress["step"], side="right")
                fields = {} if lags is None else {"lags": lags}
                context = Context(steps=steps, sources=(member.first + ids).astype(np.int32), cursor=int(cursor), **fields)
                calls.append((Phase.UPDATE, layout.group_of[name], emit_listed, context))
        return cls(calls) if calls else None

    def reset(self, step):
        """Go to `step`: what is listed until then has been emitted."""
        for *_, context in self._calls:
            context["cursor"] = np.searchsorted(context["steps"], step, side="right")


@by_address
def emit_listed(trains_, progress_):
    """Emit the listed spikes of one group that come at the end of this step."""
    trains, p = record_at(trains_), record_at(progress_)
    steps, sources, spikes = array_of(trains.steps), array_of(trains.sources), array_of(p.spikes)
    empty, k, total = p.parity * p.capacity, trains.cursor, p.total
    lags, written = array_or_none(trains, "lags"), array_or_none(p, "lags")
    while k < steps.size and steps[k] <= p.step + 1:
        spikes[empty + total] = sources[k]
        _note_lag(written, empty + total, lags, k)
        total += 1
        k += 1
    trains.cursor = k
    p.total = total
    return 0


@helper
def _note_lag(written, at, lags, k):
    if lags is not None:
        written[at] = lags[k]


def list_spikes(member, layout):
    """Return (steps, cells within the population, lags) of the listed spikes of a population, sorted.

    The lags [ms] are how long before the end of its step each spike is, None if all are moved to the grid.
    """
    trains, dt = member.trains, layout.dt
    if layout.within_steps:
        steps = steps_around(trains.times, dt)
        lags = np.maximum(times_of(steps, dt) - trains.times, 0.0)
        order = np.lexsort((trains.ids, -lags, steps))
        return steps[order], trains.ids[order], lags[order]
    times = trains.times if trains.on_a_grid else dt * np.rint(trains.times / dt)
    steps = np.atleast_1d(whole_steps(times, dt, f"{member.population.name}.times")).astype(np.int64)
    order = np.lexsort((trains.ids, steps))
    return steps[order], trains.ids[order], None


def steps_around(times, dt):
    """Return the steps in which times are, each of which has its end but not its beginning."""
    nearest, above = np.rint(times / dt), np.ceil(times / dt)
    return np.where(np.abs(times / dt - nearest) < CLOSE, nearest, above).astype(np.int64)


def most_besides(layout, slice_steps):
    """Return how many spikes there may be in any `slice_steps` steps besides one of each cell and step."""
    total = (layout.most_spikes() - layout.n_cells) * slice_steps
    for member in layout.members.values():
        if member.trains is not None and member.trains.times.size:
            at = np.sort(_nearest(member.trains.times, layout))
            total += int((np.searchsorted(at, at + slice_steps) - np.arange(at.size)).max())
    return total


def _nearest(times, layout):
    return steps_around(times, layout.dt) if layout.within_steps else np.rint(times / layout.dt)


def list_at_zero(layout, exchange):
    """Put the listed spikes of t = 0 into the exchange, as those of a slice before it; return their cells, sorted."""
    exchange.ends[:] = 0
    total = 0
    for index, group in enumerate(layout.groups):
        for member in group.members:
            if (trains := member.trains) is not None:
                ids = np.sort(trains.ids[_nearest(trains.times, layout) == 0]) + member.first
                exchange.spikes[0, 0, total : total + ids.size] = ids
                total += ids.size
        exchange.ends[0, 0, index] = total
    if exchange.lags is not None:
        exchange.lags[0, 0, :total] = 0.0
    return np.sort(exchange.spikes[0, 0, :total].astype(np.int64))
