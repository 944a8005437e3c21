"""A synthetic brain with the size and the distributions of a mapped one."""

from __future__ import annotations

import numpy as np

from brainsim.connectomes.brain import Brain
from brainsim.connectomes.edges import Edges
from brainsim.core.arrays import freeze
from brainsim.core.checks import integer

# The logarithms of the numbers of edges that a cell of the larva sends and receives have standard deviations of 0.97 and
# 1.08 (counted in the table of Winding et al. 2023, doi:10.1126/science.add9330; a synthetic brain of its size has 0.96 and
# 0.95), and its edges have 3.2 synapses on average (2.8). The shares and the pathway below are made up.
SPREAD = 1.0  # standard deviation of the logarithm of the expected number of edges of a cell, on both sides
SYNAPSES = (0.4, 0.9)  # mean and standard deviation of the logarithm of the number of synapses of an edge
MOST = 2400  # synapses of an edge; the largest in the fly is 2,405
BLOCK = 1 << 17  # edges that are drawn or sorted at once, in the cache
REGIONS, WITHIN = 40, 0.5  # parts of the brain, and the share of edges that stay within theirs
TRANSMITTERS = {"acetylcholine": 0.6, "glutamate": 0.25, "GABA": 0.15}
CLASSES = {"sensory": 0.12, "motor": 0.001, "descending": 0.01}  # shares of cells; the others are central
PATHWAY = {"taste": (21, 50), "relay": (420, 20), "proboscis": (12, 200)}  # cells, at most; and at most one of so many


def synthetic(cells: int = 138_639, edges: int = 15_100_000, seed: int = 1, *, name: str = "brain") -> Brain:
    """Return a brain that is made up, by default of the size of the fly's: for examples where there is no file, and tests.

    The numbers of edges that a cell sends and receives are Poisson with log-normal means (independent of each other, the
    standard deviation of the logarithm is 1, about as in the larva), and the number of synapses of an edge is log-normal,
    rounded up. Half of the edges stay within one of 40 regions. Cells have a transmitter (60 % acetylcholine), a
    ``super_class``, a ``side`` and a ``region``. A pathway with strong edges leads from 21 cells, ``cell_class == "taste"``,
    over 420 of the ``"relay"`` to 12 of the ``"proboscis"`` (fewer in a small brain), so that activating the first has
    consequences. Nothing else in it is like any real brain.

    Parameters
    ----------
    cells : int
        Number of cells, >= 100.
    edges : int
        Number of edges, at most a fifth of all pairs of cells. No pair occurs twice, and no cell is connected to itself.
    seed : int
        The same seed gives the same brain with the same version of NumPy.
    name : str
        Name of its population.

    Returns
    -------
    Brain
        Its title says that it is synthetic.

    Raises
    ------
    TypeError, ValueError
        If a number is not whole or outside its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.connectomes.synthetic(cells=1000, edges=20_000, seed=1)
    >>> brain.title
    'Synthetic brain (made up): 1,000 cells, 20,000 edges'
    >>> brain.where(cell_class="taste").size
    20
    """
    n = integer(cells, "synthetic.cells", at_least=100, at_most=10_000_000)
    k = integer(edges, "synthetic.edges", at_least=n, at_most=n * (n - 1) // 5)
    rng = np.random.default_rng(integer(seed, "synthetic.seed", at_least=0))
    region = rng.integers(REGIONS, size=n, dtype=np.uint8)  # NumPy sorts short numbers by radix
    annotations, members = _annotations(n, region, rng)
    excites = annotations["transmitter"] == "acetylcholine"
    strong = _pathway(members, excites, rng)
    rows, targets, count = _draw(n, k, region, strong, rng)
    sign = np.where(excites, 1, -1).astype(np.int8)
    pre = np.repeat(np.arange(n, dtype=np.int32), rows)
    wiring = Edges(*map(freeze, (pre, targets, count, sign[pre])))
    return Brain(
        [f"s{cell:06d}" for cell in range(n)],
        annotations,
        wiring,
        title=f"Synthetic brain (made up): {n:,} cells, {k:,} edges",
        name=name,
    )


def _annotations(n, region, rng):
    """Return the annotations, and the cells of the pathway: taste, relay, proboscis."""
    sizes = [max(4, min(most, n // share)) for most, share in PATHWAY.values()]
    chosen = rng.choice(n, sum(sizes), replace=False)
    members = np.split(chosen, np.cumsum(sizes)[:-1])
    shares = [*CLASSES.values(), 1.0 - sum(CLASSES.values())]
    super_class = rng.choice([*CLASSES, "central"], size=n, p=shares).astype(object)
    cell_class = np.full(n, "", dtype=object)
    transmitter = rng.choice(list(TRANSMITTERS), size=n, p=list(TRANSMITTERS.values())).astype(object)
    for ids, kind, of in zip(members, ("sensory", "central", "motor"), PATHWAY, strict=True):
        super_class[ids], cell_class[ids] = kind, of
    transmitter[members[0]] = "acetylcholine"
    annotations = {
        "super_class": super_class,
        "cell_class": cell_class,
        "transmitter": transmitter,
        "side": np.where(rng.random(n) < 0.5, "left", "right"),
        "region": np.array([f"R{k:02d}" for k in range(REGIONS)], dtype=object)[region],
    }
    return annotations, members


def _pathway(members, excites, rng):
    """Return (pre, post, count) of the strong edges: a cell of the relay gets 8 from taste and 10 from the relay."""
    taste, relay, proboscis = members
    gain = rng.lognormal(0.0, 0.35, relay.size)
    output = relay[excites[relay]] if excites[relay].any() else relay
    parts = [(taste, relay, 8, 6.0 * gain), (relay, relay, 10, 6.0 * gain), (output, proboscis, 20, 12.0)]
    pre = [rng.choice(of, (to.size, k)).ravel() for of, to, k, _ in parts]
    post = [np.repeat(to, k) for _, to, k, _ in parts]
    mean = np.concatenate([np.repeat(np.broadcast_to(scale, to.size), k) for _, to, k, scale in parts])
    count = np.ceil(mean * rng.lognormal(-0.3, 0.8, mean.size)).clip(1, MOST)
    return np.concatenate(pre), np.concatenate(post), count.astype(np.int32)


def _draw(n, k, region, strong, rng):
    """Return k different edges, sorted: how many each cell sends, their targets, and their numbers of synapses."""
    pre, post, count = strong
    keys, first = np.unique(pre * n + post, return_index=True)
    fixed, count = keys[keys // n != keys % n], count[first[keys // n != keys % n]]
    sends, receives = rng.lognormal(0.0, SPREAD, n), rng.lognormal(0.0, SPREAD, n)
    rows, targets = np.zeros(n, np.int64), np.zeros(0, np.int32)
    while targets.size < k - fixed.size:
        more = _pairs(n, int(1.05 * (k - fixed.size - targets.size)) + 100, region, sends, receives, rng)
        rows, targets = _different(n, [(rows, targets), more], fixed)
    gone = rng.choice(targets.size, targets.size - (k - fixed.size), replace=False)
    rows = rows - np.bincount(np.searchsorted(np.cumsum(rows), gone, side="right"), minlength=n)
    targets = np.delete(targets, gone)
    return _numbered(n, rows, targets, fixed, count, rng)


def _blocks(n, fixed, lists):
    """Yield (low, high, keys, fixed keys) of sources from low to high with about 131,000 edges in some lists.

    A list is how many edges each cell sends, and their targets. The key of an edge is ``pre*n + post``.
    """
    firsts = [np.concatenate([[0], np.cumsum(rows)]) for rows, _ in lists]
    ends = np.searchsorted(sum(firsts), np.arange(BLOCK, sum(rows.sum() for rows, _ in lists), BLOCK))
    cuts = np.unique([0, *ends.tolist(), n]).tolist()
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        some = [
            np.repeat(np.arange(low, high), rows[low:high]) * n + targets[first[low] : first[high]]
            for (rows, targets), first in zip(lists, firsts, strict=True)
        ]
        yield low, high, np.concatenate(some), slice(*np.searchsorted(fixed, [low * n, high * n]))


def _different(n, lists, fixed):
    """Return the list of the different edges in some lists, without those in `fixed` and those from a cell to itself."""
    rows, found, done = np.zeros(n, np.int64), np.empty(sum(targets.size for _, targets in lists), np.int32), 0
    for low, high, keys, here in _blocks(n, fixed, lists):
        keys.sort()  # np.unique takes 200 times longer with NumPy 2.4
        keys = np.concatenate([keys[:1], keys[1:][keys[1:] != keys[:-1]]])
        keys = keys[keys // n != keys % n]
        if keys.size:
            at = np.searchsorted(keys, fixed[here]).clip(max=keys.size - 1)
            keys = np.delete(keys, at[keys[at] == fixed[here]])
        rows[low:high], found[done : done + keys.size] = np.bincount(keys // n - low, minlength=high - low), keys % n
        done += keys.size
    return rows, found[:done]


def _numbered(n, rows, targets, fixed, count, rng):
    """Return a list of edges to which those in `fixed` are added, and the numbers of synapses, `count` of the latter."""
    size, all_rows, done = targets.size + fixed.size, np.zeros(n, np.int64), 0
    all_targets, all_numbers = np.empty(size, np.int32), np.empty(size, np.int32)
    for low, high, keys, here in _blocks(n, fixed, [(rows, targets)]):
        drawn = np.ceil(np.exp(rng.normal(*SYNAPSES, keys.size))).clip(1, MOST)
        keys, numbers = np.concatenate([keys, fixed[here]]), np.concatenate([drawn, count[here]])
        order, to = np.argsort(keys, kind="stable"), slice(done, done + keys.size)
        all_rows[low:high] = np.bincount(keys // n - low, minlength=high - low)
        all_targets[to], all_numbers[to] = keys[order] % n, numbers[order]
        done += keys.size
    return all_rows, all_targets, all_numbers


def _pairs(n, k, region, sends, receives, rng):
    """Return a list of about k edges, of which some may be equal."""
    rows = rng.poisson(sends * (k / sends.sum()))
    size = int(rows.sum())
    within = np.concatenate([rng.random(min(BLOCK, size - at)) < WITHIN for at in range(0, size, BLOCK)])
    targets, near = np.empty(size, np.int32), np.flatnonzero(within)
    targets[~within] = _targets(size - near.size, np.arange(n, dtype=np.int32), receives, rng)
    own = np.repeat(region, rows)[within]
    near = near[np.argsort(own, kind="stable")]
    sizes = np.bincount(own, minlength=REGIONS)
    for r, edges in enumerate(np.split(near, np.cumsum(sizes)[:-1])):
        members = np.flatnonzero(region == r).astype(np.int32)
        targets[edges] = _targets(edges.size, members, receives[members], rng)
    return rows, targets


def _targets(k, cells, shares, rng):
    """Return k cells drawn by their shares: how often each is drawn, in a random order, is faster than one by one."""
    return rng.permutation(np.repeat(cells, rng.multinomial(k, shares / shares.sum()))) if k else cells[:0]
