"""Pairs by their distance: which are connected, and their weights and delays, against all pairs one by one."""

import functools

import numpy as np
import pytest
from scipy import stats

import brainsim as bs
from brainsim.jit.decorators import kernel
from brainsim.models.space.distance import nearest_of
from brainsim.rng.hashing import hashed, step_key, uniform
from brainsim.rng.streams import stream_key

pytestmark = pytest.mark.usefixtures("more_partitions")

MIN_P = 1e-4


def cells(positions, name="cells"):
    return bs.Population(len(positions), bs.LIF(), name=name, positions=positions)


def connected(rule, pre, post=None, *, weight=0.5, delay=1.5, seed=1, threads=2, **given):
    """Return the network and the table of its only projection."""
    net = bs.Network(seed=seed)
    wires = net.connect(
        pre, pre if post is None else post, rule, weight=weight, delay=delay, synapse=bs.Delta(), name="wires", **given
    )
    return net, bs.Simulation(net, seed=1, threads=threads).synapses(wires)


def apart(pre, post, periodic=None):
    """Return the components from each source to each target."""
    parts = post.positions[None] - pre.positions[:, None]
    if periodic is not None:
        periodic = np.broadcast_to(periodic, parts.shape[-1])
        parts = parts - periodic * np.rint(parts / np.where(periodic > 0, periodic, 1)) * (periodic > 0)
    return parts


@kernel
def numbers(key, out, n_post):
    for k in range(out.size):
        out[k] = uniform(hashed(step_key(key, k // n_post), k % n_post))


def uniform_of_pairs(n_pre, n_post, seed=1):
    """Return the number of each pair that decides whether it is connected."""
    out = np.empty(n_pre * n_post)
    numbers(stream_key(seed, "wiring", "wires"), out, n_post)
    return out.reshape(n_pre, n_post)


GRID = cells(bs.positions.grid((12, 10), spacing=10.0))
LINE = cells(np.linspace(0.0, 300.0, 70), "line")
BALL = cells(bs.positions.ball(90, 60.0, dimensions=3, seed=3), "ball")
BOX = cells(bs.positions.box(110, (200.0, 40.0), seed=4) - 500.0, "box")
RULES = [
    ("exp(-d/30)", {}, GRID),
    ("exp(-d/30)", {"max_distance": 35.0}, GRID),
    ("0.8*exp(-d/30)", {"max_distance": 35.0, "periodic": (120.0, 100.0)}, GRID),
    ("0.8*exp(-d/30)", {"max_distance": 35.0, "periodic": (0.0, 100.0), "autapses": True}, GRID),
    ("0.3", {"periodic": 117.0}, GRID),  # not a multiple of the spacing
    ("where(dx > 0, 0.9, 0.1)*exp(-abs(dy)/40)", {"max_distance": 60.0}, GRID),
    ("0.9*exp(-(dx/20)**2 - (dy/80)**2)", {"periodic": (120.0, 100.0)}, GRID),
    ("1 - d/400", {"max_distance": 25.0}, LINE),
    ("1/(1 + d/10)", {"max_distance": 150.0, "periodic": 310.0}, LINE),
    ("exp(-d/25)", {"max_distance": 40.0}, BALL),
    ("0.5 + 0.5*tanh(dz/10)", {"max_distance": 30.0, "periodic": (120.0, 0.0, 120.0)}, BALL),
    ("0.4", {"max_distance": 17.0}, BOX),
    ("0.4", {"max_distance": 50.0, "periodic": (120.0, 100.0)}, GRID),  # half of a period: two images are equally near
    ("0.4", {"max_distance": 20.0, "periodic": (205.0, 41.0)}, BOX),
]


@pytest.mark.thorough_but("[exp(-d/30)", "[0.8*exp", "[where", "[1 - d")
@pytest.mark.parametrize(("text", "given", "population"), RULES)
def test_each_pair_is_connected_if_its_number_is_below_its_probability(text, given, population):
    _, table = connected(bs.DistanceRule(text, **given), population)
    parts = apart(population, population, given.get("periodic"))
    d = np.sqrt((parts**2).sum(axis=-1))
    names = {"exp": np.exp, "where": np.where, "abs": np.abs, "tanh": np.tanh, "d": d}
    p = np.broadcast_to(eval(text, names | dict(zip(("dx", "dy", "dz"), np.moveaxis(parts, -1, 0), strict=False))), d.shape)
    expected = (uniform_of_pairs(*d.shape) < p) & (d <= given.get("max_distance", np.inf))
    if not given.get("autapses"):
        np.fill_diagonal(expected, False)
    assert 50 < expected.sum() < expected.size
    assert np.array_equal(np.stack([table.pre, table.post], axis=1), np.argwhere(expected))


@pytest.mark.parametrize("periods_apart", [-3, 0, 2])
def test_sources_any_number_of_periods_away_from_their_targets(periods_apart):
    pre = cells(BOX.positions[::-1] + periods_apart * np.array([210.0, 41.0]) + 7.0, "far")
    rule = bs.DistanceRule("0.7", max_distance=18.0, periodic=(210.0, 41.0))
    _, table = connected(rule, pre, BOX)
    d = np.sqrt((apart(pre, BOX, (210.0, 41.0)) ** 2).sum(axis=-1))
    expected = (uniform_of_pairs(*d.shape) < 0.7) & (d <= 18.0)
    assert expected.sum() > 500
    assert np.array_equal(np.stack([table.pre, table.post], axis=1), np.argwhere(expected))


def test_views_in_any_order_and_of_several_populations():
    pre, post = GRID[::-3] + BOX[5:60:2], (BOX[np.arange(40) * 7 % 110] + GRID[30:80])
    rule = bs.DistanceRule("0.8", max_distance=60.0)
    _, table = connected(rule, pre, post)
    d = np.sqrt((apart(pre, post) ** 2).sum(axis=-1))
    one = np.concatenate([ids + 1000 * (p is BOX) for p, ids in pre.parts])
    two = np.concatenate([ids + 1000 * (p is BOX) for p, ids in post.parts])
    expected = (uniform_of_pairs(*d.shape) < 0.8) & (d <= 60.0) & (one[:, None] != two[None, :])
    assert (one[:, None] == two[None, :]).any()
    assert np.array_equal(np.stack([table.pre, table.post], axis=1), np.argwhere(expected))


@pytest.mark.thorough
@pytest.mark.parametrize("multapses", [False, True])
@pytest.mark.parametrize("text", ["exp(-d/20)", "where(dx > 0, 2, 1)*exp(-d/20)"])
def test_targets_choose_their_sources_in_proportion(text, multapses):
    rule = bs.DistanceRule(text, k=7, max_distance=45.0, periodic=(120.0, 100.0), multapses=multapses)
    counts = np.zeros((120, 120))
    for seed in range(40):
        _, table = connected(rule, GRID, seed=seed)
        assert np.array_equal(np.bincount(table.post, minlength=120), np.full(120, 7))
        np.add.at(counts, (table.pre, table.post), 1)
    assert np.diag(counts).sum() == 0
    parts = apart(GRID, GRID, (120.0, 100.0))
    d = np.sqrt((parts**2).sum(axis=-1))
    near = (d <= 45.0) & (d > 0)
    assert counts[~near].sum() == 0
    p = np.where(near, np.exp(-d / 20) * (np.where(parts[..., 0] > 0, 2, 1) if "dx" in text else 1), 0.0)
    if multapses:  # then each synapse is a sample of its own
        share = p / p.sum(axis=0)
        kinds, which = np.unique(np.round(share[near], 12), return_inverse=True)
        observed, expected = np.bincount(which, counts[near]), np.bincount(which) * kinds * 40 * 7
        assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > MIN_P
    else:
        assert counts.max() <= 40
        # the chance to be among the first 7 of exponential waiting times, by simulation
        rng = np.random.default_rng(1)
        rates = p[:, 60][p[:, 60] > 0]
        chosen = np.zeros(rates.size)
        for _ in range(4000):
            chosen[np.argsort(rng.exponential(size=rates.size) / rates)[:7]] += 1
        mine = np.zeros(rates.size)
        for target in range(120):  # all targets see the same rates around them
            mine += counts[:, target][p[:, target] > 0][np.argsort(p[:, target][p[:, target] > 0], kind="stable")]
        chosen = chosen[np.argsort(rates, kind="stable")]
        groups = np.unique(np.round(np.sort(rates), 12), return_inverse=True)[1]
        a, b = np.bincount(groups, mine) / (40 * 120), np.bincount(groups, chosen) / 4000
        spread = np.sqrt(np.bincount(groups) / 4000)
        assert np.abs(a - b).max() < 4 * spread.max()


@pytest.mark.parametrize(("text", "lowest"), [("d/50", 0.3), ("0.1 + 1/d", 0.12), ("log(d)", 2.7)])
@pytest.mark.parametrize(("spacing", "periodic"), [(15.0, None), (35.0, 400.0)])
def test_texts_need_no_value_at_a_distance_that_no_pair_has(text, lowest, spacing, periodic):
    """Without autapses the nearest cells are 15 um apart, in the second case across the edge."""
    line = cells(bs.positions.grid(12, spacing=spacing), "line")
    net, table = connected(bs.DistanceRule(1.0, max_distance=50.0, periodic=periodic), line, weight=text, delay=text)
    assert net.projections[0].delay.support[0] == pytest.approx(lowest, rel=0.01)
    assert np.isfinite(table.weight).all()
    assert table.weight.min() >= net.projections[0].weight.support[0] * (1 - 1e-6)


def test_the_nearest_pair_is_that_of_all_pairs():
    for pre, post, autapses in ((BOX, BOX, False), (BALL, BALL, False), (BOX, cells(BOX.positions + 3.0, "other"), True)):
        for periodic in (None, 410.0):
            rule = bs.DistanceRule(0.5, periodic=periodic, autapses=autapses)
            d = np.sqrt((apart(pre, post, periodic) ** 2).sum(axis=-1))
            if pre is post:
                np.fill_diagonal(d, np.inf)
            assert nearest_of(pre, post, rule) == pytest.approx(d.min(), rel=1e-9)
    assert nearest_of(BOX, BOX, bs.DistanceRule(0.5, autapses=True)) == 0.0
    assert nearest_of(BOX[:1], BOX[:1], bs.DistanceRule(0.5)) == np.inf
    assert nearest_of(BOX[:50], BOX[40:], bs.DistanceRule(0.5)) > 0.0


def test_numbers_of_synapses_and_distances_follow_the_probability():
    """Over seeds: in-degrees and out-degrees are sums of independent trials, and so are the synapses of each distance."""
    rule = bs.DistanceRule.gaussian(0.6, sigma=20.0, periodic=(120.0, 100.0))
    d = np.sqrt((apart(GRID, GRID, (120.0, 100.0)) ** 2).sum(axis=-1))
    p = np.where((d > 0) & (d <= 100.0), 0.6 * np.exp(-(d**2) / 800.0), 0.0)
    n, degrees, bins = 30, [], np.arange(0.0, 75.0, 7.5)
    by_distance = np.zeros(bins.size - 1)
    for seed in range(n):
        net, table = connected(rule, GRID, seed=seed)
        degrees.append([np.bincount(table.post, minlength=120), np.bincount(table.pre, minlength=120)])
        by_distance += np.histogram(d[table.pre, table.post], bins)[0]
    assert net.projections[0].expected == pytest.approx(p.sum(), rel=1e-12)
    mean, variance = p.sum(axis=0)[0], (p * (1 - p)).sum(axis=0)[0]
    degrees, chances = np.array(degrees), functools.reduce(np.convolve, [(1.0 - q, q) for q in p[:, 0]])
    for of_cells in (degrees[:, 0], degrees[:, 1]):  # of cells that share no pair: independent, each a sum of trials
        observed = np.bincount(of_cells.ravel(), minlength=chances.size)
        likely = chances * of_cells.size > 5
        observed, wanted = observed[likely], chances[likely] / chances[likely].sum()
        assert stats.chisquare(observed, wanted * observed.sum()).pvalue > MIN_P
    assert abs(degrees.mean() - mean) < 4 * np.sqrt(variance / degrees[:, 0].size)
    assert degrees.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / degrees[:, 0].size))
    expected = np.histogram(d, bins, weights=p)[0] * n
    spread = np.histogram(d, bins, weights=p * (1 - p))[0] * n
    used = expected > 20
    z = (by_distance - expected)[used] / np.sqrt(spread[used])
    assert stats.chi2.sf((z**2).sum(), used.sum()) > MIN_P


@pytest.mark.thorough_but("stored")
@pytest.mark.parametrize("storage", ["stored", "procedural"])
@pytest.mark.parametrize("rule", [bs.DistanceRule.box(0.4, 60.0), bs.FixedProbability(0.2), bs.FixedOutdegree(9)])
def test_weights_and_delays_are_texts_of_the_distance(rule, storage):
    weight, delay = "0.02 + 0.05*exp(-d/50)", "0.4 + d/30"
    _, table = connected(rule, GRID, weight=weight, delay=delay, storage=storage)
    d = np.linalg.norm(GRID.positions[table.post] - GRID.positions[table.pre], axis=1)
    assert table.weight == pytest.approx(0.02 + 0.05 * np.exp(-d / 50), rel=1e-7)
    assert np.array_equal(np.rint(table.delay / 0.1), np.rint((0.4 + d / 30) / 0.1))
    assert np.unique(table.delay).size > 10


@pytest.mark.thorough
def test_sampled_weights_belong_to_pairs():
    """A smaller largest distance leaves the weights of the pairs that remain as they are."""
    tables = [
        connected(bs.DistanceRule(0.5, max_distance=reach), GRID, weight=bs.Normal(1.0, 0.1), delay=bs.Uniform(0.5, 3.0))[1]
        for reach in (80.0, 30.0)
    ]
    all_of = {
        (i, j): (w, s)
        for i, j, w, s in zip(*(tables[0].pre, tables[0].post, tables[0].weight, tables[0].delay), strict=True)
    }
    few = list(zip(tables[1].pre, tables[1].post, tables[1].weight, tables[1].delay, strict=True))
    assert 100 < len(few) < len(all_of) / 2
    assert all(all_of[i, j] == (w, s) for i, j, w, s in few)


def test_a_state_belongs_to_the_positions():
    def network(shift):
        net = bs.Network(seed=1)
        places = GRID.positions + np.array([0.0, shift]) * (np.arange(120) < 60)[:, None]
        moved = cells(places)
        net.connect(moved, moved, bs.DistanceRule.box(0.3, 40.0), weight=0.1, delay=1.0, synapse=bs.Delta())
        return net

    state = bs.simulate(network(0.0), 5.0, seed=1).state
    bs.simulate(network(0.0), 5.0, state=state)
    with pytest.raises(ValueError, match="population 'cells'"):
        bs.simulate(network(1.0), 5.0, state=state)


def test_a_target_without_enough_sources_is_named():
    net = bs.Network(seed=1)
    rule = bs.DistanceRule.box(1.0, 15.0, k=4)
    net.connect(GRID, GRID, rule, weight=0.1, delay=1.0, synapse=bs.Delta(), name="wires")
    with pytest.raises(ValueError, match="wires: cell 0 of 'cells' has fewer than 4 sources with p > 0 within reach"):
        bs.Simulation(net)


def test_plastic_synapses_start_with_weights_of_the_distance():
    rule = bs.DistanceRule.box(0.5, 40.0)
    net, before = connected(rule, GRID, weight="0.5*exp(-d/50)", plasticity=bs.STDP(w_max=1.0))
    d = np.linalg.norm(GRID.positions[before.post] - GRID.positions[before.pre], axis=1)
    assert before.weight == pytest.approx(0.5 * np.exp(-d / 50), rel=1e-7)
    net.stimulate(GRID, bs.PoissonInput(rate=8000.0, weight=0.25, synapse=bs.Delta()))
    sim = bs.Simulation(net, seed=2)
    sim.run(50.0)
    assert not np.array_equal(sim.synapses("wires").weight, before.weight)
