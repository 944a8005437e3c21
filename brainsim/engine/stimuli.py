"""Inputs as arrays: Poisson drives, injected currents and listed spikes of one partition."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.drive import BLOCK, Drives, poisson_table
from brainsim.engine.driver import Trains
from brainsim.models.inputs import CurrentInput, PoissonInput
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.values import Distribution
from brainsim.rng.streams import stream_key

NEVER = 2**62
# mean events a step for which a table is used: below, its 32 bits would be off by 1e-4 and more; above, it is too large
SMALLEST_MEAN, LARGEST_MEAN = 1e-6, 4096


def build_drives(layout, partition, seed, kept):
    """Return the Drives of a partition: stretches of cells that share rate and weight, and single cells.

    Arrays that only their address is known of are appended to the list `kept`.
    """
    shared, weight, tables, aliases = [], [], [np.empty(0, np.uint32)], [np.empty(0, np.int32)]
    own = []
    for stimulus in _of_kind(layout, PoissonInput):
        drive, view = stimulus.input, stimulus.target
        key = int(stream_key(seed, "poisson", stimulus.name).astype(np.int64))
        slots = layout.input_slots(view, drive.synapse, partition)
        direct = layout.receptor(view.parts[0][0].name, drive.synapse)[1]
        here = np.flatnonzero(slots >= 0)
        events = np.asarray(drive.rate, dtype=np.float64) * layout.dt * 1e-3
        value = _weights(layout, stimulus)
        if np.all(events == 0):
            continue
        one_law = events.ndim == 0 and np.ndim(value) == 0 and SMALLEST_MEAN <= events <= LARGEST_MEAN
        if one_law and not _is_scattered(view):
            table, alias = poisson_table(float(events))
            start = sum(t.size for t in tables)
            tables.append(table)
            # thresholds have no other outcome; both tables keep one numbering
            aliases.append(alias if alias.size else np.zeros(table.size, np.int32))
            size = -table.size if alias.size else table.size
            for a, z in _stretches(here, slots):
                shared.append([slots[here[a]], z - a, here[a], start, size, key, direct])
                weight.append(value)
        else:
            own.append([*_each(slots[here], here, events, value, view.n, layout.dtype, kept), key, direct])
    words = np.empty(BLOCK // 2 + 1, np.uint64)
    return Drives(
        shared=np.array(shared, np.int64).reshape(-1, 7),
        weight=np.array(weight, layout.dtype),
        table=np.concatenate(tables),
        alias=np.concatenate(aliases),
        own=np.array(own, np.int64).reshape(-1, 8),
        words=words,
        halves=words.view(np.uint32),
        events=np.empty(BLOCK, np.int32),
    )


def _each(places, cells, events, weights, n, dtype, kept):
    """Return the address of the function that draws for each cell, those of its arrays, and their length."""
    from brainsim.engine.cell_drive import add_each_to

    arrays = [
        places.astype(np.int32),
        cells.astype(np.int64),
        np.broadcast_to(events, n)[cells].astype(np.float64),
        np.broadcast_to(weights, n)[cells].astype(np.float64),
    ]
    kept += arrays
    return add_each_to(dtype).address, *(a.ctypes.data for a in arrays), len(cells)


def build_currents(layout, partition, current, kept):
    """Return the row by which the driver changes the currents into a partition's cells: when, whom to call, with what.

    `current` is the array of all cells that the kernels read; arrays that only their address is known of go to `kept`.
    """
    mine = layout.owned(partition)
    entries, cells, columns, pieces, starts, amplitudes = [0], [], [], [], [], []
    for stimulus in _of_kind(layout, CurrentInput):
        source = stimulus.input
        gids = layout.global_indices(stimulus.target)
        here = np.flatnonzero(np.logical_or.reduce([(gids >= a) & (gids < z) for a, z in mine]))
        if source.times is None:
            start, table = np.zeros(1, np.int64), np.atleast_2d(source.amplitude)
        else:
            start = np.atleast_1d(whole_steps(source.times, layout.dt, f"{stimulus.name}.times")).astype(np.int64)
            table = np.asarray(source.amplitude, np.float64).reshape(len(start), -1)
        pieces.append([len(start), sum(s.size for s in starts), sum(a.size for a in amplitudes), table.shape[1], -1])
        starts.append(start)
        amplitudes.append(table.ravel())
        cells.append(gids[here])
        columns.append(here if table.shape[1] > 1 else np.zeros(here.size))
        entries.append(entries[-1] + here.size)
    if not pieces:
        return np.array([NEVER, *[0] * 12], np.int64)
    from brainsim.engine.injection import change_currents

    arrays = [
        current,
        np.array(entries, np.int64),
        _joined(cells, np.int32),
        _joined(columns, np.int32),
        np.array(pieces, np.int64),
        _joined(starts, np.int64),
        _joined(amplitudes, np.float64),
    ]
    kept += arrays
    sizes = [current.size, arrays[5].size, arrays[6].size, len(pieces)]
    return np.array([0, change_currents.address, *(a.ctypes.data for a in arrays), *sizes], np.int64)


def build_trains(layout, partition):
    """Return the Trains of a partition: all of them are emitted by the first one, the others get none."""
    steps, sources, ends, groups = [], [], [], []
    for name, member in layout.members.items():
        model = member.population.model
        if isinstance(model, SpikeTrains) and partition == 0:
            step = np.atleast_1d(whole_steps(model.times, layout.dt, f"{name}.times")).astype(np.int64)
            order = np.lexsort((model.ids, step))
            steps.append(step[order])
            sources.append(member.first + model.ids[order])
            ends.append(sum(s.size for s in steps))
            groups.append(layout.group_of[name])
    cursor = [0, *ends[:-1]] if ends else []
    return Trains(
        steps=_joined(steps, np.int64),
        sources=_joined(sources, np.int32),
        ends=np.array(ends, np.int64),
        groups=np.array(groups, np.int64),
        cursor=np.array(cursor, np.int64),
    )


def most_listed_in_a_slice(layout, steps):
    """Return the largest number of listed spikes that fall into any stretch of so many steps."""
    total = 0
    for member in layout.members.values():
        if isinstance(member.population.model, SpikeTrains) and member.population.model.times.size:
            at = np.sort(np.rint(member.population.model.times / layout.dt))
            total += int((np.searchsorted(at, at + steps) - np.arange(at.size)).max())
    return total


def list_at_zero(layout, exchange):
    """Put the listed spikes of t = 0 into the exchange, as those of a slice before it; return their cells, sorted."""
    exchange.ends[:] = 0
    total = 0
    for number, group in enumerate(layout.groups):
        for member in group.members:
            model = member.population.model
            if isinstance(model, SpikeTrains):
                ids = np.sort(model.ids[np.rint(model.times / layout.dt) == 0]) + member.first
                exchange.spikes[0, 0, total : total + ids.size] = ids
                total += ids.size
        exchange.ends[0, 0, number] = total
    return np.sort(exchange.spikes[0, 0, :total].astype(np.int64))


def _of_kind(layout, kind):
    return [s for s in layout.inputs if isinstance(s.input, kind)]


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
    """Return whether the cells of a view are better drawn one by one: a stretch of a few costs as much as a few dozen.

    The two ways draw different numbers, so this must depend on the view alone and not on how it is cut into partitions.
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


def _joined(parts, kind):
    return np.concatenate([np.asarray(p, kind) for p in parts]) if parts else np.empty(0, kind)
