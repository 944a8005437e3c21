"""How much memory a network needs, and how much there is."""

import functools
import math

import numpy as np

from brainsim.build.layout import Layout
from brainsim.core.doors import through
from brainsim.core.machine import free_memory
from brainsim.engine.operators.registry import operators_for
from brainsim.engine.synapses.as_listed import find_rows
from brainsim.engine.synapses.few_values import few_values_of
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.engine.synapses.ranges import find_ranges, number_of_ranges
from brainsim.engine.synapses.segments import segment_fields
from brainsim.engine.synapses.store import BATCH, CHUNK, UINT16_RANGE
from brainsim.engine.synapses.wiring import wiring_of
from brainsim.features.estimates.table import Estimate, in_words
from brainsim.models.packed import as_kept, has_one, is_listed
from brainsim.models.values import Distribution, is_number
from brainsim.network.arguments import MAX_DELAY, check_delay, check_storage

BYTES_TARGET, BYTES_LONG_TARGET, BYTES_WEIGHT, BYTES_NUMBER = 2, 4, 4, 2  # a number is that of a weight among few values
BYTES_SEGMENT = sum(column.itemsize for name, column in segment_fields(0, False).items() if name != "weight")
BYTES_SHARED = 8  # of a segment in addition if any weight is shared
BYTES_LISTED = 8, 8, 4  # of pairs, weights and delays that are listed, sorted by source while they are built
BYTES_SAMPLED = 80  # of a pair of a coupling, while it is sampled by source and sorted by target, all pairs on each rank
BYTES_SOURCE = 64  # such as where its rows begin, while they are built
BYTES_CELL = 48  # refractory counters, currents, lists of spikes, and what is not returned to the system
RATE, SCATTER = 10.0, 1.25  # Hz at which the room for procedural rows under way is estimated, and a safety factor
MAX_EDGES = 1024  # steps up to which each is computed


def estimate_layout(layout, duration=0.0, record=()):
    """Return the Estimate of a network that is laid out, and of the traces it records."""
    network, dt, partitions, cells = layout.network, layout.dt, len(layout.own), layout.n_cells
    for projection in network.projections:
        check_delay(projection, dt)
    expected = {p: p.expected * share_here(layout, p) for p in network.projections}
    coupled = {p: n for p, n in expected.items() if p.is_coupling}
    stored = {p: n for p, n in expected.items() if p.storage != "procedural" and p not in coupled}
    procedural = {p: n for p, n in expected.items() if p.storage == "procedural"}
    ranges = find_ranges(layout, stored)
    listed = {p: n for p, n in stored.items() if p not in ranges}
    target = bytes_of_target(listed, layout)
    as_listed = target == BYTES_LONG_TARGET and find_rows(layout, [*listed]) is not None
    segments = expected_segments(stored, layout)
    each = (
        BYTES_SEGMENT + np.dtype(layout.delay_type).itemsize - 2 + BYTES_SHARED * any(has_one(p, "weight") for p in stored)
    )
    plans = 0.0 if as_listed else _of_plans(stored)
    procedural_plans = _of_plans(procedural) + 4.0 * cells * bool(procedural)
    pools = partitions * _of_pool(procedural, layout) + procedural_plans
    few = few_values_of(stored) is not None
    target = 0 if as_listed else target  # such lists, and numbers of weights, are those of the description
    weight = BYTES_NUMBER * (not as_listed) if few else BYTES_WEIGHT
    sizes = dict.fromkeys(ranges, 0.0) | {p: n * _bytes_of_synapse(p, target, weight, layout) for p, n in listed.items()}
    sizes |= {p: pools * n / max(sum(procedural.values()), 1.0) for p, n in procedural.items()}
    of_couplings, sampled_pairs = _of_couplings(layout, coupled) if coupled else ({}, 0.0)
    sizes |= of_couplings
    rows = [(p.name, n, sizes[p]) for p, n in expected.items()]
    sampled = [(_name_of(request), 0.0, _of_samples(request, duration, dt)) for request in record]
    traces = sum(size for _, _, size in sampled)
    rows += sampled
    rows.append(("segments of rows", 0.0, segments * each + 8.0 * partitions * cells))
    rows.append((f"{cells:,} cells", 0.0, _of_cells(layout)))
    kept = sum(size for _, _, size in rows)
    synapses = 0.0 if as_listed else sum(listed.values())
    batches = partitions * min(BATCH, synapses) * 2.0 * each * min(1.0, segments / max(synapses, 1.0))
    # one chunk of one column exists twice while chunks are joined at the end
    building = (
        BYTES_SAMPLED * sampled_pairs
        + plans
        + cells * (BYTES_SOURCE + 16.0 * partitions)
        + max(batches, 8.0 * min(segments, CHUNK))
    )
    # state and traces come after the synapses
    return Estimate(
        tuple(rows), int(kept), int(max(kept, kept - rows[-1][-1] - traces + building)), _free(layout), layout.ranks.size
    )


def _free(layout):
    """Return the memory that is free for this process; the ranks on one machine get equal parts."""
    free = free_memory()
    return free if free is None else free // layout.ranks.neighbours


def share_here(layout, projection, view=None):
    """Return the share of a projection's targets, or of the cells of another view of its cells, that is in this process."""
    if layout.ranks.size == 1:
        return 1.0
    view = projection.post if view is None else view
    return layout.reached(view, projection.synapse)[0][layout.own].sum() / view.n


def _bytes_of_synapse(projection, target, weight, layout):
    kind = kind_of(projection)
    weight = 0 if has_one(projection, "weight") or kind.keeps_weights else weight
    return target + weight + kind.bytes_per_synapse(projection, np.dtype(layout.dtype).itemsize)


def bytes_of_target(stored, layout):
    """Return how many bytes the target of a synapse takes: it depends on how far apart targets are within a partition."""
    low, high, fits = np.full(layout.partitions, layout.n_numbers), np.full(layout.partitions, -1), True
    for projection in stored:
        _, lowest, highest = layout.reached(projection.post, projection.synapse)
        low, high = np.minimum(low, lowest), np.maximum(high, highest)
        fits &= not projection.rule.by_target or projection.post.n <= UINT16_RANGE
    return BYTES_TARGET if fits and (high - low < UINT16_RANGE)[layout.own].all() else BYTES_LONG_TARGET


def expected_segments(stored, layout):
    """Return the expected number of segments: runs of one source, partition, delay and, if it is shared, weight."""
    ranges = find_ranges(layout, stored)
    runs, total = {}, float(sum(number_of_ranges(layout, projection) for projection in ranges))
    for projection, n in stored.items():
        if projection in ranges:
            continue
        if layout.within_steps and isinstance(projection.delay, Distribution):  # each synapse has a delay of its own
            total += n
            continue
        shared = projection.weight if has_one(projection, "weight") else None
        runs.setdefault((projection.pre, shared), []).append((projection, n / max(share_here(layout, projection), 1e-300)))
    for (pre, _), projections in runs.items():
        shares = np.array([layout.reached(p.post, p.synapse)[0][layout.own] / p.post.n for p, _ in projections])
        # partitions that are alike are taken together
        shares, alike = np.unique(np.round(shares, 4), axis=1, return_counts=True)
        chances = [_chances(p.delay, layout.dt, int(p.synapse.receptor_equations.direct)) for p, _ in projections]
        for of_partition, times in zip(shares.T, alike, strict=True):
            empty = np.zeros(max(chance.size for chance in chances))  # logarithm of the probability that there is no synapse
            for (projection, n), chance, share in zip(projections, chances, of_partition, strict=True):
                empty[: chance.size] += _log_empty(projection, n / pre.n, share * chance)
            total += times * pre.n * -np.expm1(empty).sum()
    return total


def _log_empty(projection, synapses, chance):
    """Return the logarithm of the probability that no synapse of a source falls into bins, each with its `chance`."""
    if wiring_of(projection.rule).exact:
        return synapses * np.log1p(-np.minimum(chance, 1.0 - 1e-16))
    return -synapses * chance


def _chances(delay, dt, extra_step):
    """Return the probability of each number of steps, from 0 on, after which an event is filed."""
    if isinstance(delay, Distribution):
        return np.concatenate([np.zeros(extra_step), _distribution_chances(delay, dt)])
    steps = np.rint(np.ravel(delay) / dt).astype(int) + extra_step
    return np.bincount(steps) / max(1, steps.size)


@functools.cache
def _distribution_chances(delay, dt):
    size = MAX_EDGES
    while size < MAX_DELAY and delay.mass((size - 0.5) * dt, math.inf) > 1e-9:
        size *= 2
    # of very long delays only some steps are computed, and those between them are interpolated
    steps = np.unique(np.linspace(0, size, MAX_EDGES).astype(int))
    below = np.array([delay.mass(-math.inf, (k - 0.5) * dt) for k in steps])
    chances = np.diff(np.interp(np.arange(size + 1), steps, below))
    return np.trim_zeros(chances, "b")


def _of_plans(projections):
    """Return the bytes of what is known of projections before their synapses are sampled; procedural ones keep it."""
    views = {view: 4.0 * view.n for p in projections for view in (p.pre, p.post)}
    # places in the state, and partitions, of the targets
    places = {(p.post, p.synapse): 5.0 * p.post.n for p in projections}
    own = {(p.pre, p.post): 8.0 * p.pre.n for p in projections if not p.rule.autapses}
    size = sum(sum(some.values()) for some in (views, places, own))
    for p in projections:
        size += 0.0 if wiring_of(p.rule).exact else 4.0 * p.pre.n
        listed = [p.rule.listed, is_listed(as_kept(p, "weight")), is_listed(as_kept(p, "delay"))]
        size += p.expected * np.dot(BYTES_LISTED, listed) if any(listed) else 0.0
    return size


def _of_couplings(layout, coupled):
    """Return the bytes of each coupling, and the number of pairs of the largest one that is sampled."""
    pairs = through("pairs of couplings")
    sizes = {p: pairs.bytes_of_coupling(p, functools.partial(share_here, layout, p)) for p in coupled}
    return sizes, max([0.0, *(p.expected for p in coupled if not pairs.is_everybody(p))])


def _of_pool(procedural, layout):
    """Return the bytes of the ring of a partition in which procedural rows lie while they are under way."""
    if not procedural:
        return 0.0
    from brainsim.engine.synapses.kinds.procedural import MIN_ROOM

    lengths = {}
    for projection, n in procedural.items():
        for population, ids in projection.pre.parts:
            lengths.setdefault(population, np.zeros(population.n))[ids] += n / projection.pre.n
    row = max(length.max() for length in lengths.values())
    row += 4.0 * math.sqrt(row)  # the longest of many
    delays = [_chances(p.delay, layout.dt, 1) for p in procedural]
    longest = max(chance.size for chance in delays)
    room = max(MIN_ROOM, 2.0 * row)
    while room < row + SCATTER * RATE * 1e-3 * sum(procedural.values()) * layout.dt * longest / layout.partitions:
        room *= 2.0
    segments = min(row, 2.0 * longest * len(procedural)) * (BYTES_SEGMENT + BYTES_SHARED)
    return 8.0 * room + 32.0 * row + segments + 8.0 * max(p.post.n for p in procedural) + 8.0 * longest


def _of_samples(request, duration, dt):
    """Return the bytes of what is recorded for a request in `duration` ms, 0 if it has no `columns`."""
    columns, every = getattr(request, "columns", None), getattr(request, "every", None)
    return 0.0 if columns is None else bytes_of_samples(columns, duration / (every or dt) + 1)


def _name_of(request):
    return type(request).__name__ if type(request).__repr__ is object.__repr__ else repr(request)


def _of_cells(layout):
    """Return the bytes of the state, which is copied into the result, of counters, and of parameters that differ."""
    size = 2.0 * np.dtype(layout.dtype).itemsize * layout.n_numbers
    if layout.ranks.size > 1:
        # what is here, and that of all ranks in the result of rank 0
        size *= 0.5 + 1.0 / layout.ranks.size
    for population in layout.network.populations.values():
        varied = sum(not is_number(getattr(population.model, name)) for name in population.model.parameters)
        size += population.n * (BYTES_CELL + 16.0 * varied)
    size += sum(operator.expected_bytes(layout) for operator in operators_for(layout))
    return size


def reject_if_too_large(layout):
    """Raise MemoryError, before anything is built, if a network that is laid out will not fit, on all ranks."""
    needed = max(layout.ranks.all(estimate_layout(layout)), key=lambda needed: (not needed.fits, needed.peak))
    if not needed.fits:
        raise MemoryError(
            f"Network: about {needed.synapses:,.0f} synapses need {in_words(needed.kept)} and {in_words(needed.peak)} while "
            f"they are built, but only {in_words(needed.free)} are free. "
            f"{_advice(layout, needed)}"
        )


def bytes_of_samples(columns, samples):
    """Return the bytes of a trace: one time and `columns` numbers per sample."""
    return 8.0 * samples * (columns + 1)


def reject_if_traces_too_large(traces, steps, dt):
    """Raise MemoryError if what is sampled in a run of `steps` steps of `dt` ms will not fit into memory."""
    sizes = [bytes_of_samples(trace.columns, steps / trace.every) for trace in traces]
    needed = sum(sizes)
    if (free := free_memory()) is None or needed <= free:
        return
    trace, size = traces[int(np.argmax(sizes))], max(sizes)
    raise MemoryError(
        f"{trace} every {trace.every * dt:g} ms takes "
        f"{in_words(size)} in {steps * dt:g} ms, and all traces {in_words(needed)}, but only {in_words(free)} are free; "
        "record less, or less often with every=, or simulate in pieces and save each"
    )


def _advice(layout, needed):
    """Return, as text, what makes this network smaller; the most helpful first."""
    network, dt, partitions = layout.network, layout.dt, len(layout.own)
    precision = "single" if layout.dtype == np.float32 else "double"
    sizes = {name: size for name, _, size in needed.rows}
    stored = sorted((p for p in network.projections if p.storage != "procedural"), key=lambda p: -sizes[p.name])
    hints = []
    if again := [p.name for p in stored if _can_be_procedural(p)]:
        size = in_words(sum(sizes[name] for name in again))
        more = f" and {len(again) - 1} more" if len(again) > 1 else ""
        hints.append(f"connect(..., storage='procedural') keeps none of the synapses of {again[0]!r}{more} ({size})")
    if by_target := [p for p in stored if p.rule.by_target]:
        rule = by_target[0].rule
        hints.append(f"{rule.by_source} instead of {rule} allows storage='procedural' for {by_target[0].name!r}")
    if (
        layout.partitions > 1
        and layout.ranks.size == 1
        and (alone := estimate_layout(Layout(network, dt, 1, layout.dtype, filled=False))).peak < 0.95 * needed.peak
    ):
        hints.append(f"threads=1 needs {in_words(alone.peak)}")
    if sizes["segments of rows"] > 0.2 * needed.kept:
        hints.append("a larger dt, or one delay per projection, leaves fewer segments of rows")
    if not all(has_one(p, "weight") for p in stored):
        hints.append(f"one weight per projection saves {BYTES_WEIGHT} bytes a synapse")
    if precision == "double" and needed.rows[-1][-1] > 0.3 * needed.kept:
        hints.append("precision='single' takes half of the state of the cells")
    hints.append("fewer cells or synapses need less")
    arguments = f"{dt:g}, {partitions}" + (", 'single'" if precision == "single" else "")
    return "; ".join(hints) + f". Network.estimate({arguments}) shows where the memory goes"


def _can_be_procedural(projection):
    try:
        check_storage("procedural", projection.rule, as_kept(projection, "weight"), as_kept(projection, "delay"))
    except ValueError:
        return False
    return True
