"""Listed spike trains: spikes whose times the user gives. The first partition emits all of them."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.program import Operator, Phase
from brainsim.jit.records import Context, array_of, by_address, record_at


class Trains(Operator):
    """The listed spikes of each group of SpikeTrains."""

    depends_on = "trains"

    @classmethod
    def build(cls, partition):
        """Return the operator of the first partition; None for the others, or if nothing is listed."""
        layout, calls = partition.layout, []
        for name, member in layout.members.items() if partition.number == 0 else ():
            if member.trains is not None:
                steps, ids = list_spikes(member, layout.dt)
                cursor = np.searchsorted(steps, partition.progress["step"], side="right")
                context = Context(steps=steps, sources=(member.first + ids).astype(np.int32), cursor=int(cursor))
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
    while k < steps.size and steps[k] <= p.step + 1:
        spikes[empty + total] = sources[k]
        total += 1
        k += 1
    trains.cursor = k
    p.total = total
    return 0


def list_spikes(member, dt):
    """Return (steps, cells within the population) of the listed spikes of a population, sorted."""
    trains = member.trains
    times = trains.times if trains.on_a_grid else dt * np.rint(trains.times / dt)
    steps = np.atleast_1d(whole_steps(times, dt, f"{member.population.name}.times")).astype(np.int64)
    order = np.lexsort((trains.ids, steps))
    return steps[order], trains.ids[order]


def most_besides(layout, slice_steps):
    """Return how many spikes there may be in any `slice_steps` steps besides one of each cell and step."""
    total = 0
    for member in layout.members.values():
        total += int(member.constants.get("most_spikes", 1.0) - 1.0) * member.n * slice_steps
        if member.trains is not None and member.trains.times.size:
            at = np.sort(np.rint(member.trains.times / layout.dt))
            total += int((np.searchsorted(at, at + slice_steps) - np.arange(at.size)).max())
    return total


def list_at_zero(layout, exchange):
    """Put the listed spikes of t = 0 into the exchange, as those of a slice before it; return their cells, sorted."""
    exchange.ends[:] = 0
    total = 0
    for index, group in enumerate(layout.groups):
        for member in group.members:
            if (trains := member.trains) is not None:
                ids = np.sort(trains.ids[np.rint(trains.times / layout.dt) == 0]) + member.first
                exchange.spikes[0, 0, total : total + ids.size] = ids
                total += ids.size
        exchange.ends[0, 0, index] = total
    return np.sort(exchange.spikes[0, 0, :total].astype(np.int64))
