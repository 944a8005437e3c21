"""Listed spike trains: spikes whose times the user gives. The first partition emits all of them."""

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, array_or_none, by_address, record_at


class Trains(Operator):
    """The listed spikes of each group of SpikeTrains."""

    depends_on = "trains"

    @classmethod
    def build(cls, partition):
        """Return the operator of the first partition; None for the others, or if nothing is listed."""
        layout, calls = partition.layout, []
        for name, member in layout.members.items() if partition.number == 0 else ():
            if member.trains is not None:
                steps, ids, lags = layout.timing.list_spikes(member.trains, layout.dt, f"{name}.times")
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


def most_besides(layout, slice_steps):
    """Return how many spikes there may be in any `slice_steps` steps besides one of each cell and step."""
    total = (layout.most_spikes() - layout.n_cells) * slice_steps
    for member in layout.members.values():
        if member.trains is not None and member.trains.times.size:
            at = np.sort(layout.timing.nearest(member.trains.times, layout.dt))
            total += int((np.searchsorted(at, at + slice_steps) - np.arange(at.size)).max())
    return total


def list_at_zero(layout, exchange):
    """Put the listed spikes of t = 0 into the exchange, as those of a slice before it; return their cells, sorted."""
    exchange.ends[:] = 0
    total = 0
    for index, group in enumerate(layout.groups):
        for member in group.members:
            if (trains := member.trains) is not None:
                ids = np.sort(trains.ids[layout.timing.nearest(trains.times, layout.dt) == 0]) + member.first
                exchange.spikes[0, 0, total : total + ids.size] = ids
                total += ids.size
        exchange.ends[0, 0, index] = total
    if exchange.lags is not None:
        exchange.lags[0, 0, :total] = 0.0
    return np.sort(exchange.spikes[0, 0, :total].astype(np.int64))
