"""The laws of what is sampled: which pairs, how many of each, weights and delays."""

import numpy as np
import pytest
from scipy import stats

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.synapses import projections
from tests.helpers.statistics import MIN_P
from tests.helpers.wiring import DELTA, DT, RULES, cells, pairs_of, wired

pytestmark = pytest.mark.usefixtures("more_partitions")


# chances


@pytest.mark.parametrize("p", [0.002, 0.1, 0.5, 0.97])
def test_fixed_probability_is_binomial(p):
    a, b = cells(300, "a"), cells(250, "b")
    s = wired(bs.FixedProbability(p), a, b)
    assert len(pairs_of(s)) == s.pre.size
    assert stats.binomtest(s.pre.size, 300 * 250, p).pvalue > MIN_P
    for ends, n, trials in ((s.pre, 300, 250), (s.post, 250, 300)):
        degrees = np.bincount(ends, minlength=n)
        # the sum of squared deviations of n independent binomial numbers: chi-square but for their kurtosis
        dispersion = np.sum((degrees - trials * p) ** 2) / (trials * p * (1 - p))
        variance = n * (2 + (1 - 6 * p * (1 - p)) / (trials * p * (1 - p)))
        assert abs(dispersion - n) < 4 * np.sqrt(variance)


@pytest.mark.thorough
def test_every_pair_has_the_probability():
    # each of the 56 pairs without autapses, over 400 seeds of the network
    one = cells(8)
    counts = np.zeros((8, 8))
    for seed in range(100):
        net = bs.Network(seed=seed)
        for k in range(4):
            net.connect(one, one, bs.FixedProbability(0.3, autapses=False), weight=1.0, delay=float(k + 1), synapse=DELTA)
        sim = bs.Simulation(net, dt=DT, seed=1, threads=1)
        for projection in net.projections:
            counts += sim.synapses(projection).matrix().toarray()
    assert np.all(np.diag(counts) == 0)
    observed = counts[~np.eye(8, dtype=bool)]
    assert stats.binomtest(int(observed.sum()), 56 * 400, 0.3).pvalue > MIN_P
    dispersion = np.sum((observed - 120) ** 2) / (120 * 0.7)
    assert stats.chi2(56).sf(dispersion) > MIN_P
    assert stats.chi2(56).cdf(dispersion) > MIN_P


DRAWN = [
    bs.FixedIndegree(20),
    bs.FixedIndegree(20, multapses=False),
    bs.FixedOutdegree(20),
    bs.FixedOutdegree(20, multapses=False),
    bs.FixedTotal(8000),
    bs.FixedTotal(8000, multapses=False),
]


@pytest.mark.parametrize("autapses", [True, False])
@pytest.mark.parametrize("rule", DRAWN, ids=repr)
def test_sources_and_targets_are_drawn_evenly(rule, autapses):
    one = cells(400)
    rule = type(rule)(rule.n if isinstance(rule, bs.FixedTotal) else rule.k, autapses=autapses, multapses=rule.multapses)
    s = wired(rule, one, one)
    assert s.pre.size == 8000
    for ends in (s.pre, s.post):
        # if cells are distinct the counts scatter less than chi-square has it, never more
        assert stats.chisquare(np.bincount(ends, minlength=400)).pvalue > MIN_P
    # the distance from source to target, around the ring, is even as well: 0 is that of an autapse
    distance = np.bincount((s.pre - s.post) % 400, minlength=400)
    assert stats.chisquare(distance if autapses else distance[1:]).pvalue > MIN_P
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
    assert stats.chisquare(counts[np.triu_indices(5, 1)]).pvalue > MIN_P
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


HYPER = [  # synapses, sources, targets; if more than half of the pairs are taken, those left out are sampled
    ("sparse", 300, 20, 60),
    ("half", 600, 20, 60),
    ("dense", 1000, 20, 60),
    ("all but one", 1199, 20, 60),
]


def shared_out(net):
    """Count the synapses of each source of the only projection; nothing is wired."""
    layout = Layout(net, DT, 1)
    plan = projections.Plan(layout, net.projections[0], projections.GlobalIndices(layout))
    projections.make_room_for_counts([plan])
    plan.count(0, plan.sources.size)
    return plan.counts


def totals(rule, pre, post, seed=1):
    net = bs.Network(seed=seed)
    net.connect(pre, post, rule, weight=1.0, delay=1.0, synapse=DELTA)
    return shared_out(net)


@pytest.mark.thorough_but("dense")
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


# weights and delays


CLIPPED = bs.Clipped(bs.Normal(1.0, 0.5), low=0.25, high=1.5)
LAWS = [
    (bs.Uniform(-2.0, 3.0), stats.uniform(-2.0, 5.0)),
    (bs.Normal(1.0, 0.5), stats.norm(1.0, 0.5)),
    (bs.LogNormal(-0.7, 0.9), stats.lognorm(0.9, scale=np.exp(-0.7))),
    (bs.values.ExponentialDistribution(2.0), stats.expon(scale=2.0)),
    (bs.Gamma(2.5, 0.4), stats.gamma(2.5, scale=0.4)),
    (bs.Gamma(0.5, 2.0), stats.gamma(0.5, scale=2.0)),
    (CLIPPED, stats.truncnorm(-1.5, 1.0, loc=1.0, scale=0.5)),
]
laws = pytest.mark.parametrize(("value", "law"), LAWS, ids=[repr(value) for value, _ in LAWS])


@laws
def test_weights_have_their_law(value, law):
    one = cells(300)
    s = wired(bs.FixedIndegree(30), one, one, weight=value)
    assert stats.kstest(s.weight, law.cdf).pvalue > MIN_P
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
    # a delay of k steps stands for (k - 1/2, k + 1/2] steps; what lies below dt is resampled
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
    assert stats.chisquare(observed[some], expected[some] / expected[some].sum() * observed[some].sum()).pvalue > MIN_P


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_weights_and_delays_are_independent_of_each_other_and_of_the_cells(rule):
    one = cells(300)
    s = wired(rule, one, one, weight=bs.Uniform(0.0, 1.0), delay=bs.Uniform(1.0, 9.0))
    assert stats.kstest(s.weight, stats.uniform.cdf).pvalue > MIN_P
    columns = [stats.zscore(np.asarray(c, float)) for c in (s.weight, s.delay, s.pre, s.post)]
    columns += [stats.zscore(s.pre % 2.0), stats.zscore(s.post % 2.0)]
    for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (0, 4), (0, 5), (1, 4), (1, 5)):
        # the correlation of n independent pairs has the standard deviation 1/sqrt(n)
        assert abs(np.mean(columns[a] * columns[b])) < 4 / np.sqrt(s.weight.size)
    # a column or a row does not repeat another one's numbers
    assert np.unique(s.weight).size > 0.99 * s.weight.size
