"""What networks are made of, sampled one at a time: numbers, arrays, distributions, views, rules."""

import dataclasses

import numpy as np
from scipy.sparse import coo_array

import brainsim as bs

MOST_SYNAPSES = 12_000  # of a projection


def chance(rng, p):
    """Return True with probability p."""
    return bool(rng.random() < p)


def one_of(rng, things):
    """Return one of several things."""
    return things[int(rng.integers(len(things)))]


def distribution(rng, low, high, free=False):
    """Return a distribution of values from `low` to `high`, of any kind; if `free`, some have values beyond."""
    middle, width = (low + high) / 2, high - low
    kinds = [
        bs.Uniform(low, high),
        bs.Clipped(bs.Normal(middle, width / 3), low=low, high=high),
        bs.Clipped(bs.Uniform(low - width, high), low=low),
        bs.Clipped(bs.Normal(low, width), low, high),
    ]
    if free:
        kinds += 2 * [bs.Normal(middle, width)]
    if low >= 0:
        kinds += [
            bs.Clipped(bs.Gamma(3.0, middle / 3), low, high),
            bs.Clipped(bs.values.ExponentialDistribution(middle), low, high),
            bs.Clipped(bs.LogNormal(np.log(middle), 0.5), low, high),
        ]
    return one_of(rng, kinds)


def spread(rng, low, high, shape=None, free=False):
    """Return a number, an array if a shape is given, or a distribution, all from `low` to `high` unless `free`."""
    if chance(rng, 0.3):
        return distribution(rng, low, high, free)
    if shape is not None and chance(rng, 0.5):
        return rng.uniform(low, high, shape)
    return float(np.round(rng.uniform(low, high), 3)) if chance(rng, 0.5) else float(rng.uniform(low, high))


def view(rng, cells):
    """Return a population or a view of it of any shape, or a view of a view."""
    chosen = _cut(rng, cells)
    if chance(rng, 0.25):
        chosen = _cut(rng, chosen)
    return chosen


def _cut(rng, cells):
    """Return some cells of a view, chosen in one of the ways of NumPy."""
    n = cells.n
    shape = int(rng.integers(10))
    if n == 1 or shape <= 1:
        return cells
    first, last = sorted(int(k) for k in rng.choice(n + 1, 2, replace=False))
    if shape == 2:
        return cells[first:last]
    if shape == 3:
        return cells[first : last : int(rng.integers(1, 8))]
    if shape == 4:
        return cells[:: -int(rng.integers(1, 4))]
    if shape == 5:
        mask = rng.random(n) < rng.uniform(0.05, 0.9)
        return cells[mask] if mask.any() else cells[0]
    if shape == 6:
        return cells[rng.permutation(n)[: int(rng.integers(1, n + 1))]]
    if shape == 7:
        return cells[np.sort(rng.choice(n, int(rng.integers(1, n + 1)), replace=False))]
    if shape == 8:
        return cells[int(rng.integers(-n, n))]
    middle = int(rng.integers(1, n))
    parts = [cells[middle:], cells[:middle][:: one_of(rng, [1, -1, 2])]]
    return parts[0] + parts[1]


@dataclasses.dataclass(frozen=True, repr=False)
class Drawn(bs.Rule):
    """A rule as users write it: any n pairs, drawn at once."""

    multapses = True
    n: int

    def draw(self, n_pre, n_post, seed):
        """Draw pairs."""
        rng = np.random.default_rng(seed)
        return rng.integers(0, n_pre, self.n), rng.integers(0, n_post, self.n)

    def expected(self, n_pre, n_post, shared=0):
        """Return how many."""
        return float(self.n)


def rule(rng, pre, post, size):
    """Return a rule that fits two views, with any of its options, and not too many synapses, of weights up to `size`."""
    pairs, most = pre.n * post.n, MOST_SYNAPSES
    auto, multi = chance(rng, 0.6), chance(rng, 0.6)
    flags = {"autapses": auto, "multapses": multi}

    def counted(kind, offered, ends):
        """Draw k of the cells that are offered to each of the `ends`."""
        limit = min(max(most // ends, 1), 60)
        if offered == 1:
            return kind(int(rng.integers(0, limit + 1)))
        return kind(int(rng.integers(0, (limit if multi else min(limit, offered - (not auto))) + 1)), **flags)

    def total():
        """Draw any number of pairs, now and then all that there are."""
        limit = min(most, pairs if auto else pairs - pre.in_common(post))
        return bs.FixedTotal(limit if chance(rng, 0.1) else int(rng.integers(0, limit + 1)), **flags)

    choices = [
        lambda: bs.FixedProbability(float(np.round(rng.uniform(0, min(1.0, most / pairs)), 3)), autapses=auto),
        lambda: bs.FixedProbability(one_of(rng, [0.0, min(1.0, most / pairs), min(1.0, 1e-3)]), autapses=auto),
        lambda: counted(bs.FixedIndegree, pre.n, post.n),
        lambda: counted(bs.FixedOutdegree, post.n, pre.n),
        total,
        lambda: _listed(rng, pre, post),
        lambda: _matrix(rng, pre, post, size),
        lambda: Drawn(int(rng.integers(0, 300))),
    ]
    if pairs <= most:
        choices += [lambda: bs.AllToAll(autapses=auto)]
    if pre.n == post.n:
        choices += 2 * [lambda: bs.OneToOne()]
    return one_of(rng, choices)()


def _listed(rng, pre, post):
    """A list of pairs in any order, some of them repeated; now and then an empty one."""
    size = int(rng.integers(0, 300)) if chance(rng, 0.9) else 0
    sources, targets = rng.integers(0, pre.n, size), rng.integers(0, post.n, size)
    if size > 10 and chance(rng, 0.3):
        sources[:5], targets[:5] = sources[5], targets[5]
    return bs.FromArrays(sources, targets)


def _matrix(rng, pre, post, weight):
    """A sparse matrix, with stored zeros and elements that are stored twice."""
    size = int(rng.integers(0, 200))
    places = rng.integers(0, pre.n, size), rng.integers(0, post.n, size)
    values = np.round(weight * rng.random(size), 2) * (rng.random(size) < 0.9)
    matrix = coo_array((values, places), shape=(pre.n, post.n))
    return bs.FromSparse(matrix.tocsr() if chance(rng, 0.5) else matrix)


def weight(rng, size, rule, pre, post, exact, free):
    """Return a weight up to `size`, which may be negative: number, array, distribution, or None for a matrix with its own.

    If `free`, single weights may have either sign.
    If `exact`, weights are short binary numbers, whose sums are exact in any order.
    """
    shape = rule.value_shape(pre.n, post.n)
    if exact:
        unit = np.sign(size) * 2.0 ** np.round(np.log2(abs(size)) - 3)
        values = unit * rng.integers(0, 9, shape if shape is not None and chance(rng, 0.5) else None)
        return values if np.ndim(values) else float(values)
    if isinstance(rule, bs.FromSparse) and chance(rng, 0.5):
        return None
    return spread(rng, *sorted((0.2 * size, size)), shape, free)


def delay(rng, dt, rule, pre, post):
    """Return a delay from one step to many: number, array, distribution; now and then not a multiple of dt."""
    longest = one_of(rng, [1, 2, 5, 20, 80, 300])
    if chance(rng, 0.4):
        return dt * int(rng.integers(1, longest + 1))
    shape = rule.value_shape(pre.n, post.n)
    return spread(rng, dt, dt * (longest + 1), shape)


def joined(rng, cells):
    """Return a view of cells of several populations, in any order."""
    parts = [view(rng, population) for population in cells]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole[:: one_of(rng, [1, 1, -1, 2])] if chance(rng, 0.4) else whole


def halves(rng, steps):
    """Return the lengths of two pieces, or of one."""
    cut = int(rng.integers(1, steps)) if steps > 1 else 0
    return [part for part in (cut, steps - cut) if part]
