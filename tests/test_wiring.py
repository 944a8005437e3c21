"""What the rules really wire: synapses are read back from the rows of the engine and counted."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy import sparse, stats

import brainsim as bs
from brainsim.engine import assembly, plans
from brainsim.engine.layout import Layout

DT = 0.1
P_LEAST = 1e-4
LIF = bs.LIF()
DELTA = bs.Delta()


class Synapses(NamedTuple):
    """All synapses of one projection, sorted by target, source, delay and weight; cells counted within their population."""

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray  # steps


def read(net, name=None, threads=2, dt=DT):
    """Read the synapses of a projection (by default of the only one) back from the engine.

    Projections must differ in their synapse or in the populations at one end, else they cannot be told apart.
    """
    projection = next(p for p in net.projections if name in (None, p.name))
    simulation = bs.Simulation(net, dt=dt, seed=1, threads=threads)
    layout = simulation._layout
    pre, post = (layout.members[view.parts[0][0].name] for view in (projection.pre, projection.post))
    # what acts on the threshold is filed as it is, what does not a step later, since it is added after the cells have moved
    late = int(projection.synapse.receptor_equations.direct)
    rows = simulation._partitions[0].rows
    slots = layout.input_places(post.population, projection.synapse)[0]
    cell_at = np.full(layout.n_numbers, -1)
    cell_at[slots] = np.arange(slots.size)
    # of each synapse its segment, of each segment its source; segments lie in no order of their starts
    start, length = rows.piece >> 24, rows.piece & 0xFFFFFF
    assert length.sum() == rows.targets.size
    segment = np.repeat(np.arange(length.size), length)
    within = np.arange(segment.size) - np.repeat(np.cumsum(length) - length, length)
    place = start[segment] + within
    assert np.array_equal(np.sort(place), np.arange(rows.targets.size))
    owner = np.repeat(np.arange(rows.first.size - 1), np.diff(rows.first))[segment]
    source, part = owner // threads, owner % threads
    own = place < rows.weights.size
    weight = np.empty(place.size)
    weight[own] = rows.weights[place[own]]
    if not own.all():
        weight[~own] = rows.weight[segment[~own]]
    target = cell_at[rows.targets[place] + rows.base[part]]
    mine = (target >= 0) & (source >= pre.first) & (source < pre.first + pre.n)
    delay = rows.delay[segment].astype(int) - late
    table = np.array([source[mine] - pre.first, target[mine], weight[mine], delay[mine]])
    table = table[:, np.lexsort((table[2], table[3], table[0], table[1]))]
    return Synapses(table[0].astype(int), table[1].astype(int), table[2], table[3].astype(int))


def wired(rule, pre, post, *, weight=0.5, delay=1.5, synapse=DELTA, seed=1, threads=2):
    net = bs.Network(seed=seed)
    net.connect(pre, post, rule, weight=weight, delay=delay, synapse=synapse)
    return read(net, threads=threads)


def cells(n, name="cells"):
    return bs.Population(n, LIF, name=name)


def pairs_of(s):
    return set(zip(s.pre.tolist(), s.post.tolist(), strict=True))


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


FLAGS = [(True, True), (True, False), (False, True), (False, False)]
flags = pytest.mark.parametrize(("autapses", "multapses"), FLAGS)


def check_flags(s, autapses, multapses):
    """Where a flag is off there is no such synapse; the cases here are so dense that there are some where it is on."""
    assert np.any(s.pre == s.post) == autapses
    assert (len(pairs_of(s)) < s.pre.size) == multapses


# counts


@flags
def test_fixed_indegree_is_exact(autapses, multapses):
    one = cells(60)
    s = wired(bs.FixedIndegree(25, autapses=autapses, multapses=multapses), one, one)
    assert np.array_equal(np.bincount(s.post, minlength=60), np.full(60, 25))
    check_flags(s, autapses, multapses)


@flags
def test_fixed_outdegree_is_exact(autapses, multapses):
    one = cells(60)
    s = wired(bs.FixedOutdegree(25, autapses=autapses, multapses=multapses), one, one)
    assert np.array_equal(np.bincount(s.pre, minlength=60), np.full(60, 25))
    check_flags(s, autapses, multapses)


@flags
def test_fixed_total_is_exact(autapses, multapses):
    one = cells(40)
    s = wired(bs.FixedTotal(700, autapses=autapses, multapses=multapses), one, one)
    assert s.pre.size == 700
    check_flags(s, autapses, multapses)


@pytest.mark.parametrize("autapses", [True, False])
def test_all_to_all_is_complete(autapses):
    one = cells(30)
    s = wired(bs.AllToAll(autapses=autapses), one, one)
    assert s.pre.size == 900 - 30 * (not autapses)
    assert pairs_of(s) == {(i, j) for i in range(30) for j in range(30) if autapses or i != j}


FULL = [bs.FixedIndegree(59, autapses=False, multapses=False), bs.FixedOutdegree(59, autapses=False, multapses=False),
        bs.FixedTotal(60 * 59, autapses=False, multapses=False), bs.FixedProbability(1.0, autapses=False)]  # fmt: skip
EMPTY = [bs.FixedIndegree(0), bs.FixedOutdegree(0), bs.FixedTotal(0), bs.FixedProbability(0.0), bs.FromArrays([], [])]


@pytest.mark.parametrize("rule", FULL, ids=repr)
def test_as_many_as_there_are_is_all_to_all(rule):
    one = cells(60)
    assert equal(wired(rule, one, one), wired(bs.AllToAll(autapses=False), one, one))


@pytest.mark.parametrize("rule", EMPTY, ids=repr)
def test_nothing_is_wired_where_nothing_is_asked_for(rule):
    one = cells(20)
    assert wired(rule, one, one).pre.size == 0


@pytest.mark.parametrize("multapses", [True, False])
def test_two_overlapping_views_without_autapses(multapses):
    # the cells 20 to 29 are in both, in another order; whoever is its own neighbour is left out
    one = cells(50)
    pre, post = one[:30], one[20:][np.random.default_rng(1).permutation(30)]
    for rule in (bs.FixedIndegree(20, autapses=False, multapses=multapses),
                 bs.FixedOutdegree(20, autapses=False, multapses=multapses),
                 bs.FixedTotal(600, autapses=False, multapses=multapses),
                 bs.FixedProbability(0.7, autapses=False), bs.AllToAll(autapses=False)):  # fmt: skip
        s = wired(rule, pre, post)
        assert not np.any(s.pre == s.post)
        assert s.pre.max() < 30
        assert s.post.min() >= 20
        assert set(s.pre) == set(range(30))
        assert set(s.post) == set(range(20, 50))
        if not multapses:
            assert len(pairs_of(s)) == s.pre.size
    assert s.pre.size == 900 - 10


def test_one_to_one_goes_by_the_order_of_the_views():
    a, b = cells(40, "a"), cells(30, "b")
    pre, post = a[[5, 3, 39, 0]], b[::-1][:4]
    s = wired(bs.OneToOne(), pre, post, weight=[1.0, 2.0, 3.0, 4.0], delay=[0.1, 0.2, 0.3, 0.4])
    expected = {(5, 29, 1.0, 1), (3, 28, 2.0, 2), (39, 27, 3.0, 3), (0, 26, 4.0, 4)}
    assert set(zip(*(column.tolist() for column in s), strict=True)) == expected


@pytest.mark.parametrize("synapse", [DELTA, bs.Exponential()], ids=["buffered", "direct"])
def test_lists_and_matrices_are_taken_as_they_are(synapse):
    rng = np.random.default_rng(4)
    a, b = cells(30, "a"), cells(20, "b")
    pre, post = rng.integers(0, 30, 200), rng.integers(0, 20, 200)
    weight, delay = rng.integers(-16, 16, 200) / 8, rng.integers(1, 300, 200)
    s = wired(bs.FromArrays(pre, post), a, b, weight=weight, delay=delay * DT, synapse=synapse)
    order = np.lexsort((weight, delay, pre, post))
    assert equal(s, Synapses(pre[order], post[order], weight[order], delay[order]))
    matrix = sparse.random_array((30, 20), density=0.2, rng=rng, data_sampler=lambda size: rng.integers(1, 99, size) / 4)
    net = bs.Network(seed=1)
    net.connect(a, b, bs.FromSparse(matrix), delay=2.0, synapse=synapse)
    s = read(net)
    assert s.pre.size == matrix.nnz
    assert np.array_equal(s.weight, matrix.toarray()[s.pre, s.post])
    assert set(s.delay) == {20}
    dense = rng.integers(-9, 9, (30, 20)) / 2
    s = wired(bs.AllToAll(), a, b, weight=dense, synapse=synapse)
    assert np.array_equal(s.weight, dense[s.pre, s.post])
    s = wired(bs.AllToAll(autapses=False), a, a, weight=np.arange(900.0).reshape(30, 30), synapse=synapse)
    assert np.array_equal(s.weight, 30.0 * s.pre + s.post)


def test_projections_side_by_side_keep_their_weights_and_delays():
    """Shared and own weights, one delay and many, positive and negative: all in one store of rows."""
    a, b = cells(30, "a"), cells(20, "b")
    other = bs.Exponential()
    net = bs.Network(seed=1)
    net.connect(a, b, bs.FixedIndegree(7), weight=0.5, delay=1.5, synapse=DELTA, name="one")
    net.connect(b, b, bs.FixedIndegree(5), weight=-0.25, delay=1.5, synapse=DELTA, name="two")
    net.connect(b, a, bs.AllToAll(), weight=np.arange(600.0).reshape(20, 30), delay=0.3, synapse=DELTA, name="three")
    drawn = {"weight": bs.Uniform(3.0, 4.0), "delay": bs.Uniform(1.0, 2.0)}
    net.connect(a, a, bs.FixedTotal(333), **drawn, synapse=DELTA, name="four")
    net.connect(a, b, bs.FixedOutdegree(4), weight=2.0, delay=0.1, synapse=other, name="five")
    one, two, three, four, five = (read(net, name) for name in ("one", "two", "three", "four", "five"))
    assert [s.pre.size for s in (one, two, three, four, five)] == [140, 100, 600, 333, 120]
    for s, weight, delay in ((one, 0.5, 15), (two, -0.25, 15), (five, 2.0, 1)):
        assert np.all(s.weight == weight)
        assert np.all(s.delay == delay)
    assert np.array_equal(three.weight, 30.0 * three.pre + three.post)
    assert np.all(three.delay == 3)
    assert four.weight.min() >= 3.0
    assert four.weight.max() <= 4.0
    assert four.delay.min() >= 10
    assert four.delay.max() <= 20


# chances


@pytest.mark.parametrize("p", [0.002, 0.1, 0.5, 0.97])
def test_fixed_probability_is_binomial(p):
    a, b = cells(300, "a"), cells(250, "b")
    s = wired(bs.FixedProbability(p), a, b)
    assert len(pairs_of(s)) == s.pre.size
    assert stats.binomtest(s.pre.size, 300 * 250, p).pvalue > P_LEAST
    for ends, n, trials in ((s.pre, 300, 250), (s.post, 250, 300)):
        degrees = np.bincount(ends, minlength=n)
        # the sum of squared deviations of n independent binomial numbers: chi-square but for their kurtosis
        dispersion = np.sum((degrees - trials * p) ** 2) / (trials * p * (1 - p))
        variance = n * (2 + (1 - 6 * p * (1 - p)) / (trials * p * (1 - p)))
        assert abs(dispersion - n) < 4 * np.sqrt(variance)


def test_every_pair_has_the_probability():
    # each of the 56 pairs without autapses, over 400 seeds of the network
    one = cells(8)
    counts = np.zeros((8, 8))
    for seed in range(100):
        net = bs.Network(seed=seed)
        for k in range(4):
            net.connect(one, one, bs.FixedProbability(0.3, autapses=False), weight=1.0, delay=float(k + 1), synapse=DELTA)
        s = read(net, threads=1)
        np.add.at(counts, (s.pre, s.post), 1)
    assert np.all(np.diag(counts) == 0)
    observed = counts[~np.eye(8, dtype=bool)]
    assert stats.binomtest(int(observed.sum()), 56 * 400, 0.3).pvalue > P_LEAST
    dispersion = np.sum((observed - 120) ** 2) / (120 * 0.7)
    assert stats.chi2(56).sf(dispersion) > P_LEAST
    assert stats.chi2(56).cdf(dispersion) > P_LEAST


DRAWN = [bs.FixedIndegree(20), bs.FixedIndegree(20, multapses=False), bs.FixedOutdegree(20),
         bs.FixedOutdegree(20, multapses=False), bs.FixedTotal(8000), bs.FixedTotal(8000, multapses=False)]  # fmt: skip


@pytest.mark.parametrize("autapses", [True, False])
@pytest.mark.parametrize("rule", DRAWN, ids=repr)
def test_sources_and_targets_are_drawn_evenly(rule, autapses):
    one = cells(400)
    rule = type(rule)(rule.n if isinstance(rule, bs.FixedTotal) else rule.k, autapses=autapses, multapses=rule.multapses)
    s = wired(rule, one, one)
    assert s.pre.size == 8000
    for ends in (s.pre, s.post):
        # where cells are distinct the counts scatter less than chi-square has it, never more
        assert stats.chisquare(np.bincount(ends, minlength=400)).pvalue > P_LEAST
    # the distance from source to target, around the ring, is even as well: 0 is that of an autapse
    distance = np.bincount((s.pre - s.post) % 400, minlength=400)
    assert stats.chisquare(distance if autapses else distance[1:]).pvalue > P_LEAST
    assert autapses or distance[0] == 0


@pytest.mark.parametrize("rule", [bs.FixedIndegree(2, multapses=False), bs.FixedOutdegree(2, multapses=False)], ids=repr)
def test_all_subsets_are_equally_likely(rule):
    few, many = cells(5, "few"), cells(4000, "many")
    if isinstance(rule, bs.FixedIndegree):
        s = wired(rule, few, many)
        chosen, by = s.pre, s.post
    else:
        s = wired(rule, many, few)
        chosen, by = s.post, s.pre
    first, second = chosen[np.argsort(by, kind="stable")].reshape(4000, 2).T
    counts = np.bincount(5 * np.minimum(first, second) + np.maximum(first, second), minlength=25).reshape(5, 5)
    assert stats.chisquare(counts[np.triu_indices(5, 1)]).pvalue > P_LEAST
    assert counts[np.triu_indices(5, 1)].sum() == 4000


@pytest.mark.parametrize("multapses", [True, False])
def test_degrees_of_fixed_total_scatter_as_they_must(multapses):
    s = wired(bs.FixedTotal(8000, multapses=multapses), cells(400, "a"), cells(100, "b"))
    for ends, n in ((s.pre, 400), (s.post, 100)):
        mean = 8000 / n
        degrees = np.bincount(ends, minlength=n)
        # multinomial: chi-square with n - 1; without multapses 8000 of 40,000 pairs are taken, which leaves 0.8 of it
        scatter = np.sum((degrees - mean) ** 2) / mean / (1.0 if multapses else 0.8)
        assert abs(scatter - (n - 1)) < 4 * np.sqrt(2 * (n - 1))


HYPER = [  # synapses, sources, targets; where more than half of the pairs are taken, those that are left out are drawn
    ("sparse", 300, 20, 60), ("half", 600, 20, 60), ("dense", 1000, 20, 60), ("all but one", 1199, 20, 60),
]  # fmt: skip


def shared_out(net):
    """Count the synapses of each source of the only projection; nothing is wired."""
    layout = Layout(net, DT, 1)
    plan = plans.Plan(layout, net.projections[0], plans.Cells(layout))
    plans.make_room_for_counts([plan])
    plan.count(0, plan.sources.size)
    return plan.counts


def totals(rule, pre, post, seed=1):
    net = bs.Network(seed=seed)
    net.connect(pre, post, rule, weight=1.0, delay=1.0, synapse=DELTA)
    return shared_out(net)


@pytest.mark.parametrize(("n", "n_pre", "n_post"), [case[1:] for case in HYPER], ids=[case[0] for case in HYPER])
def test_fixed_total_without_multapses_has_the_hypergeometric_law(n, n_pre, n_post):
    pre, post = cells(n_pre, "a"), cells(n_post, "b")
    counts = np.array([totals(bs.FixedTotal(n, multapses=False), pre, post, seed) for seed in range(1, 401)])
    assert (counts.sum(axis=1) == n).all()
    assert counts.max() <= n_post
    law = stats.hypergeom(n_pre * n_post, n_post, n)
    assert np.allclose(counts.mean(axis=0), law.mean(), atol=4.5 * law.std() / np.sqrt(400))
    # counts of one draw add up to n, which leaves n_pre - 1 of n_pre free ones
    scatter = ((counts - law.mean()) ** 2).sum() / law.var()
    free = 400 * (n_pre - 1)
    assert abs(scatter * (n_pre - 1) / n_pre - free) < 4.5 * np.sqrt(2 * free) * max(1.0, 0.5 / law.std())
    seen = np.bincount(counts.ravel(), minlength=n_post + 1)
    expected = counts.size * law.pmf(np.arange(n_post + 1))
    some = expected > 8
    assert np.sum((seen[some] - expected[some]) ** 2 / expected[some]) < some.sum() + 6 * np.sqrt(2 * some.sum())


@pytest.mark.parametrize("n", [500, 1200, 2000])
def test_fixed_total_without_multapses_and_autapses_gives_each_source_its_share(n):
    """Of the 40 targets 20 are sources as well: these sources have 39 pairs, the other 40."""
    one = cells(80)
    pre, post = one[:60], one[40:]
    counts = np.array([totals(bs.FixedTotal(n, autapses=False, multapses=False), pre, post, seed) for seed in range(1, 401)])
    assert (counts.sum(axis=1) == n).all()
    for part, available in ((slice(0, 40), 40), (slice(40, 60), 39)):
        law = stats.hypergeom(60 * 40 - 20, available, n)
        assert counts[:, part].max() <= available
        assert abs(counts[:, part].mean() - law.mean()) < 4.5 * law.std() / np.sqrt(counts[:, part].size)
        assert counts[:, part].var() == pytest.approx(law.var(), rel=0.1)


@pytest.mark.parametrize("left_out", [False, True], ids=["sparse", "dense"])
def test_fixed_total_without_multapses_of_billions_of_pairs(left_out):
    pre, post = cells(60_000, "a"), cells(50_000, "b")
    pairs = 60_000 * 50_000
    n = pairs - 200_000 if left_out else 200_000
    counts = totals(bs.FixedTotal(n, multapses=False), pre, post).astype(np.int64)
    assert counts.sum() == n
    drawn = 50_000 - counts if left_out else counts
    assert drawn.min() >= 0
    mean = 200_000 / 60_000
    assert drawn.var() == pytest.approx(mean, rel=4.5 * np.sqrt(2 / 60_000) + 1e-3)  # nearly Poisson
    if not left_out:
        assert wired(bs.FixedTotal(n, multapses=False), pre, post).pre.size == n


def test_rows_longer_than_a_segment_are_cut_into_as_many_as_there_is_room_for(monkeypatch):
    """Segments of at most 7 synapses instead of 16 million: each delay of each class and partition is cut by itself."""
    monkeypatch.setattr(assembly, "MOST", 7)
    rng = np.random.default_rng(1)
    of = NamedTuple("Of", [("delays", int), ("origins", int)])(5, 3)
    for synapses in (0, 1, 6, 7, 8, 14, 60, 61, 500, 5000):
        room = assembly.most_segments(np.array([synapses]), 2, of)[0]
        for spread in (1, 2, 30, 60):
            runs = np.bincount(rng.integers(0, spread, synapses), minlength=60)
            assert (-(-runs // 7)).sum() <= room


@pytest.mark.slow
def test_a_source_with_more_synapses_than_two_segments_hold():
    """2**25 + 9 synapses of one source, delay and weight; it takes 3 GB."""
    n = 2**25 + 9
    one = wired(bs.FixedOutdegree(n), cells(1, "a"), cells(3, "b"), threads=1)
    assert one.pre.size == n


# weights and delays


CLIPPED = bs.Clipped(bs.Normal(1.0, 0.5), low=0.25, high=1.5)
LAWS = [
    (bs.Uniform(-2.0, 3.0), stats.uniform(-2.0, 5.0)),
    (bs.Normal(1.0, 0.5), stats.norm(1.0, 0.5)),
    (bs.LogNormal(-0.7, 0.9), stats.lognorm(0.9, scale=np.exp(-0.7))),
    (bs.values.Exponential(2.0), stats.expon(scale=2.0)),
    (bs.Gamma(2.5, 0.4), stats.gamma(2.5, scale=0.4)),
    (bs.Gamma(0.5, 2.0), stats.gamma(0.5, scale=2.0)),
    (CLIPPED, stats.truncnorm(-1.5, 1.0, loc=1.0, scale=0.5)),
]  # fmt: skip
RULES = [bs.FixedProbability(0.1), bs.FixedIndegree(30), bs.FixedOutdegree(30), bs.FixedTotal(9000), bs.AllToAll()]
laws = pytest.mark.parametrize(("value", "law"), LAWS, ids=[repr(value) for value, _ in LAWS])


@laws
def test_weights_have_their_law(value, law):
    one = cells(300)
    s = wired(bs.FixedIndegree(30), one, one, weight=value)
    assert stats.kstest(s.weight, law.cdf).pvalue > P_LEAST
    low, high = value.support
    # float32 rounds up to the limit
    assert s.weight.min() >= np.float32(low)
    assert s.weight.max() <= np.float32(high)


@laws
def test_delays_have_their_law_on_the_grid(value, law):
    one = cells(300)
    if value.support[0] < DT:
        value = bs.Clipped(value, low=DT)
    s = wired(bs.FixedIndegree(30), one, one, delay=value)
    low, high = value.support
    assert s.delay.min() >= 1
    assert s.delay.max() <= np.rint(high / DT) if np.isfinite(high) else True
    # a delay of k steps stands for (k - 1/2, k + 1/2] steps; what lies below dt is drawn again
    edges = np.arange(1, 61)
    cdf = np.clip((law.cdf((edges + 0.5) * DT) - law.cdf(low)) / law.sf(low), 0.0, 1.0)
    expected = np.diff(np.concatenate([[0.0], cdf, [1.0]])) * s.delay.size
    observed = np.histogram(s.delay, np.concatenate([[0.5], edges + 0.5, [np.inf]]))[0]
    assert np.all(observed[expected == 0] == 0)
    # rare ones in one bin
    rare = expected < 10
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    some = expected > 0.5
    assert stats.chisquare(observed[some], expected[some] / expected[some].sum() * observed[some].sum()).pvalue > P_LEAST


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_weights_and_delays_are_independent_of_each_other_and_of_the_cells(rule):
    one = cells(300)
    s = wired(rule, one, one, weight=bs.Uniform(0.0, 1.0), delay=bs.Uniform(1.0, 9.0))
    assert stats.kstest(s.weight, stats.uniform.cdf).pvalue > P_LEAST
    columns = [stats.zscore(np.asarray(c, float)) for c in (s.weight, s.delay, s.pre, s.post)]
    columns += [stats.zscore(s.pre % 2.0), stats.zscore(s.post % 2.0)]
    for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (0, 4), (0, 5), (1, 4), (1, 5)):
        # the correlation of n independent pairs has the standard deviation 1/sqrt(n)
        assert abs(np.mean(columns[a] * columns[b])) < 4 / np.sqrt(s.weight.size)
    # a column or a row does not repeat another one's numbers
    assert np.unique(s.weight).size > 0.99 * s.weight.size


# the same wiring, whatever else there is


CASES = [*RULES, bs.FixedProbability(0.1, autapses=False)]
CASES += [rule(k, multapses=False, autapses=False) for rule, k in
          ((bs.FixedIndegree, 30), (bs.FixedOutdegree, 30), (bs.FixedTotal, 9000))]  # fmt: skip


@pytest.mark.parametrize("rule", CASES, ids=repr)
def test_wiring_does_not_depend_on_threads(rule):
    one = cells(300)
    given = {"weight": bs.Normal(1.0, 0.2), "delay": bs.Uniform(0.5, 4.0)}
    first = wired(rule, one, one, threads=1, **given)
    for threads in (2, 3, 5):
        assert equal(wired(rule, one, one, threads=threads, **given), first)


def beside_others(before=(), after=()):
    """The synapses of one projection in a network with others, given as (source name, target name)."""
    net = bs.Network(seed=7)
    populations = {name: cells(size, name) for name, size in
                   {"a": 100, "b": 80, "x": 33, "y": 50, "renamed": 50}.items()}  # fmt: skip
    given = {"weight": bs.Normal(1.0, 0.2), "delay": bs.Uniform(0.5, 4.0)}

    def more(pairs):
        for pre, post in pairs:
            net.connect(populations[pre], populations[post], bs.FixedProbability(0.2), synapse=DELTA, **given)

    more(before)
    net.connect(populations["a"], populations["b"], bs.FixedTotal(900), synapse=DELTA, name="chosen", **given)
    more(after)
    return read(net, "chosen")


def test_wiring_does_not_change_when_populations_are_added_or_renamed():
    alone = beside_others()
    assert alone.pre.size == 900
    assert equal(beside_others(before=[("x", "b"), ("y", "x")]), alone)
    assert equal(beside_others(after=[("y", "b"), ("b", "x")]), alone)
    assert equal(beside_others(before=[("renamed", "b")], after=[("b", "a")]), alone)


def test_wiring_depends_on_seed_and_name():
    one = cells(100)
    rule = bs.FixedTotal(500)
    assert equal(wired(rule, one, one), wired(rule, one, one))
    assert not equal(wired(rule, one, one), wired(rule, one, one, seed=2))
    net = bs.Network(seed=1)
    net.connect(one, one, rule, weight=0.5, delay=1.5, synapse=DELTA, name="another")
    assert not equal(read(net), wired(rule, one, one))


def test_wiring_is_the_same_in_a_second_build_and_at_another_time_step():
    one = cells(100)
    net = bs.Network(seed=1)
    net.connect(one, one, bs.FixedIndegree(9), weight=bs.Uniform(0.0, 1.0), delay=bs.Uniform(1.0, 3.0), synapse=DELTA)
    first, finer = read(net), read(net, dt=0.025)
    assert equal(read(net), first)
    # sorted by delay within a pair, so pairs and weights of multapses may change places
    assert np.array_equal(finer.pre, first.pre)
    assert np.array_equal(finer.post, first.post)
    assert np.array_equal(np.sort(finer.weight), np.sort(first.weight))
