"""Which cells a projection connects, how strongly and how late: rows of sources, sampled by counter.

The row of source i has its own key in each of three streams, "wiring", "weights" and "delays"; synapse j of the row takes
number j. Sources and targets are counted within their views.
"""

import numpy as np

from brainsim.testing.reference.distances import pairs_near, sources_near, value_of
from brainsim.testing.reference.numbers import (
    GAMMA,
    NotCovered,
    alias_table,
    by_alias,
    hashed,
    mix,
    sample,
    step_key,
    stream_key,
    uniform,
)


def places_of(view):
    """Return the cells of a view as pairs (population, cell)."""
    return [(population.name, int(cell)) for population, cells in view.parts for cell in cells]


def synapses_of(projection, dt, in_full=False):
    """Return arrays (source, target, weight, delay in steps) of all synapses of a projection, sorted by source.

    Weights that differ are kept with 24 bits, `in_full` only sampled ones.
    """
    pre, post, number = pairs_of(projection)
    weights = values_of(projection, "weight", pre, post, number, dt)
    listed = np.ndim(projection.rule.weight if projection.weight is None else projection.weight) > 0
    if np.ndim(weights) and not (in_full and listed):
        weights = weights.astype(np.float32).astype(np.float64)
    delays = np.asarray(values_of(projection, "delay", pre, post, number, dt))
    return pre, post, np.broadcast_to(weights, pre.shape), np.broadcast_to(delays, pre.shape).astype(np.int64)


def pairs_of(projection):
    """Return (source, target, number within the row of the source) of all synapses, sorted by source."""
    rule, kind = projection.rule, type(projection.rule).__name__
    n_pre, n_post = projection.pre.n, projection.post.n
    if rule.pairs is not None:
        return in_rows(np.asarray(rule.pre, np.int64), np.asarray(rule.post, np.int64))
    if rule.listed:
        seed = stream_key(projection.seed, "wiring", projection.name)
        return in_rows(*(np.asarray(part, np.int64) for part in rule.draw(n_pre, n_post, seed)))
    if kind == "OneToOne":
        return np.arange(n_pre), np.arange(n_pre), np.zeros(n_pre, np.int64)
    if kind == "FixedIndegree":
        return _by_target(projection, rule)
    if kind == "DistanceRule" and rule.k is not None:
        itself = indices_among(projection.post, projection.pre) if not rule.autapses else np.full(n_post, -1)
        return in_rows(*sources_near(projection, itself))
    itself = indices_among(projection.pre, projection.post) if not rule.autapses else np.full(n_pre, -1)
    if kind == "DistanceRule":
        return pairs_near(projection, itself)
    if kind not in ROWS:
        raise NotCovered(kind)
    key = stream_key(projection.seed, "wiring", projection.name)
    counts = _counts_of_total(projection, rule, itself) if kind == "FixedTotal" else [None] * n_pre
    rows = [ROWS[kind](rule, step_key(key, i), n_post - (itself[i] >= 0), counts[i]) for i in range(n_pre)]
    rows = [row + (row >= me) if me >= 0 else row for row, me in zip(rows, itself, strict=True)]
    return in_rows(np.repeat(np.arange(n_pre), [row.size for row in rows]), np.concatenate([np.empty(0, np.int64), *rows]))


def in_rows(pre, post):
    """Return pairs sorted by source, otherwise in their order, with their number within the row."""
    order = np.argsort(pre, kind="stable")
    pre, post = pre[order], post[order]
    first = np.searchsorted(pre, pre)
    return pre, post, np.arange(pre.size) - first


def indices_among(cells, others):
    """Return the index of each cell of a view in another view, -1 if it is not there."""
    found = {place: k for k, place in enumerate(places_of(others))}
    return np.array([found.get(place, -1) for place in places_of(cells)])


def _all(rule, key, n, count):
    return np.arange(n)


def _each(rule, key, n, count):
    """Take each of n targets with probability p: by the number of those that are skipped, a geometric distribution."""
    if rule.p in (0.0, 1.0):
        return np.arange(n if rule.p else 0)
    found, pick, j = [], -1, 0
    while True:
        skipped = np.log(1.0 - uniform(hashed(key, j))[0]) / np.log1p(-rule.p)
        if skipped >= n - pick - 1:
            return np.array(found, np.int64)
        pick, j = pick + 1 + int(skipped), j + 1
        found.append(pick)


def _sampled(rule, key, n, count):
    """Take targets one after the other: any, or, by Floyd's way, none twice."""
    count = rule.k if count is None else count
    draws = uniform(hashed(key, np.arange(count)))
    if rule.multapses:
        return np.minimum((draws * n).astype(np.int64), n - 1)
    found = {}
    for j, u in enumerate(draws):
        last = n - count + j
        pick = min(int(u * (last + 1)), last)
        found[last if pick in found else pick] = j
    return np.array([*found], np.int64)


ROWS = {"AllToAll": _all, "FixedProbability": _each, "FixedOutdegree": _sampled, "FixedTotal": _sampled}


def _by_target(projection, rule):
    """Each target samples its sources; in the row of a source, its targets are in their order."""
    n_pre, n_post = projection.pre.n, projection.post.n
    itself = indices_among(projection.post, projection.pre) if not rule.autapses else np.full(n_post, -1)
    key = stream_key(projection.seed, "wiring", projection.name)
    rows = [_sampled(rule, step_key(key, j), n_pre - (itself[j] >= 0), None) for j in range(n_post)]
    rows = [row + (row >= me) if me >= 0 else row for row, me in zip(rows, itself, strict=True)]
    sources = np.concatenate([np.empty(0, np.int64), *rows])
    return in_rows(sources, np.repeat(np.arange(n_post), [row.size for row in rows]))


def _counts_of_total(projection, rule, itself):
    """Return how many of a total of synapses each source has."""
    key, n_post = stream_key(projection.seed, "totals", projection.name), projection.post.n
    if rule.multapses:
        return _shared_out(rule.n, key, itself.size, lambda pre, counts, u: itself[pre] >= 0 and u * n_post < 1.0)
    available = n_post - (itself >= 0).astype(np.int64)
    rest = int(available.sum()) - rule.n  # if more than half of the pairs are taken, those left out are sampled
    counts = _shared_out(min(rule.n, rest), key, itself.size, lambda pre, c, u: u * n_post >= available[pre] - c[pre])
    return available - counts if rest < rule.n else counts


def _shared_out(n, key, n_pre, is_refused):
    """Share n synapses out among sources; one that is refused is sampled again."""
    counts = np.zeros(n_pre, np.int64)
    for j in range(n):
        bits = hashed(key, j)
        pre = min(int(uniform(bits)[0] * n_pre), n_pre - 1)
        bits = mix(bits + np.uint64(GAMMA))
        while is_refused(pre, counts, uniform(bits)[0]):
            bits = mix(bits + np.uint64(GAMMA))
            pre = min(int(uniform(bits)[0] * n_pre), n_pre - 1)
            bits = mix(bits + np.uint64(GAMMA))
        counts[pre] += 1
    return counts


def values_of(projection, name, pre, post, number, dt):
    """Return the weight of each synapse, or its delay in steps: given, or sampled by its number in the row."""
    value = getattr(projection, name)
    if name == "weight" and value is None:
        value = projection.rule.weight
    if hasattr(value, "text"):
        value = value_of(value.text, projection, pre, post)
    elif hasattr(value, "mass"):  # a distribution
        return _sampled_values(projection, name, value, pre, number, dt)
    elif np.ndim(value) == 2:
        value = value[pre, post]
    elif np.ndim(value) == 1:
        if projection.rule.pairs is not None:
            value = np.asarray(value)[np.argsort(np.asarray(projection.rule.pre), kind="stable")]
        else:
            value = np.asarray(value)[post]
    return value if name == "weight" else np.rint(np.asarray(value) / dt)


def _sampled_values(projection, name, value, pre, number, dt):
    """Return a sampled weight, or delay in steps, of each synapse."""
    key = stream_key(projection.seed, {"weight": "weights", "delay": "delays"}[name], projection.name)
    first, table = steps_of(value, dt) if name == "delay" else (0, None)
    values = np.empty(pre.size)
    for source in np.unique(pre):
        mine, row = pre == source, step_key(key, source)
        if name == "weight":
            values[mine] = sample(value, row, number[mine])
        elif table is None:
            values[mine] = np.maximum(1.0, np.rint(sample(value, row, number[mine]) / dt))
        else:
            values[mine] = first + by_alias(hashed(row, number[mine]), *table)
    return values


def steps_of(delay, dt):
    """Return the shortest delay in steps, and the alias table of those from it on; None if there are too many."""
    first = max(1, round(delay.support[0] / dt))
    for size in (64 << k for k in range(7)):
        if delay.mass(-np.inf, (first + size - 0.5) * dt) > 1.0 - 1e-12:
            edges = (first + np.arange(size + 1) - 0.5) * dt
            edges[0] = -np.inf
            chances = np.array([delay.mass(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)])
            chances = np.trim_zeros(chances, "b")
            return first, alias_table(chances / chances.sum())
    return first, None
