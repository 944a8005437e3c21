"""Poisson inputs and sources: their laws, and that their numbers are independent."""

import math

import numpy as np
import pytest
from scipy import stats

import brainsim as bs
from brainsim.engine.operators.poisson_events import _count_thresholds, log_factorial, poisson_table
from brainsim.jit.decorators import kernel
from tests.helpers.equations.own_models import Integrator
from tests.helpers.equations.single_cells import DT, steps_of
from tests.helpers.statistics import MIN_P, within

# events a step; the two larger ones are sampled from another table, or by another method, than the smaller ones
MEANS = [0.02, 2.0, 11.0, 50.0]
CELLS, STEPS = 300, 400


def test_no_threshold_is_read_beyond_the_end_of_a_table():
    """A table whose thresholds are a multiple of four has nothing after them, and a random number may exceed the last."""
    table, _ = poisson_table(0.25082771)
    assert table.size == 8
    bits, events = np.array([2**32 - 1, 0], np.uint32), np.empty(2, np.int32)
    _count_thresholds.__wrapped__(table.astype(np.uint32), bits, events)  # in Python, where such a read is an error
    assert events.tolist() == [8, 0]


def poisson_counts(rate, *, synapse=None, n=CELLS, steps=STEPS, seed=3, inputs=1):
    """Counts of events, shape (steps, n), of several inputs on one population told apart by their weights."""
    cells = bs.Population(n, Integrator(), name="cells")
    net = bs.Network(seed=1)
    for k in range(inputs):
        net.stimulate(cells, bs.PoissonInput(rate=rate, weight=2.0 ** (20 * k), synapse=synapse or bs.Delta()))
    record = bs.Trace(cells, "v" if synapse is None else "exponential.i")
    values = bs.simulate(net, steps * DT, dt=DT, seed=seed, record=record).traces["cells", record.variable].values
    assert np.all(values[0] == 0.0)
    decay = 1.0 if synapse is None else math.exp(-DT / synapse.tau)
    exact = values[1:] - values[:-1] * decay
    counts = np.rint(exact)
    assert np.abs(exact - counts).max() < 1e-6
    return counts if inputs == 1 else np.array([(counts // 2.0 ** (20 * k)) % 2**20 for k in range(inputs)])


@kernel
def fill_log_factorials(counts, out):
    """Write log(k!) of each count."""
    for i in range(counts.size):
        out[i] = log_factorial(counts[i])


def test_the_logarithm_of_a_factorial():
    counts = np.concatenate([np.arange(3_000), [10**5, 10**7, 10**9]])
    found = np.zeros(counts.size)
    fill_log_factorials(counts, found)
    np.testing.assert_allclose(found, [math.lgamma(k + 1.0) for k in counts.tolist()], rtol=4e-14, atol=4e-14)


@pytest.fixture(scope="module")
def drawn():
    """(mean, how) -> counts, for one rate shared by all cells and one for each cell (all of them equal)."""
    shared = {(mean, "shared"): poisson_counts(mean * 1e4) for mean in MEANS}
    return shared | {(mean, "own"): poisson_counts(np.full(CELLS, mean * 1e4)) for mean in MEANS}


@pytest.mark.parametrize("how", ["shared", "own"])
@pytest.mark.parametrize("mean", MEANS)
class TestPoissonInput:
    def test_mean_and_variance_of_counts(self, drawn, mean, how):
        counts = drawn[mean, how]
        n = counts.size
        assert within(counts.mean(), mean, mean / n)
        # the fourth central moment of the Poisson law is mean + 3 mean**2
        assert within(counts.var(), mean, (mean + 2 * mean**2) / n)

    def test_counts_have_the_poisson_law(self, drawn, mean, how):
        counts = drawn[mean, how]
        law = stats.poisson(mean)
        # bins in which at least ten are expected, and one for either tail
        low, high = law.ppf(10 / counts.size), law.ppf(1 - 10 / counts.size)
        edges = np.arange(low, high)
        observed = np.histogram(counts, np.concatenate([[-np.inf], edges + 0.5, [np.inf]]))[0]
        expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * counts.size
        assert stats.chisquare(observed, expected).pvalue > MIN_P

    def test_every_cell_has_the_mean_and_so_has_every_step(self, drawn, mean, how):
        counts = drawn[mean, how]
        # Poisson sums are dispersed like chi-square with as many degrees of freedom as there are sums, the mean being known
        for axis, terms in ((0, STEPS), (1, CELLS)):
            sums = counts.sum(axis=axis)
            dispersion = np.sum((sums - mean * terms) ** 2) / (mean * terms)
            kurtosis = 2 + 1 / (mean * terms)
            assert within(dispersion, sums.size, kurtosis * sums.size)

    def test_cells_and_steps_are_independent(self, drawn, mean, how):
        z = (drawn[mean, how] - mean) / math.sqrt(mean)
        # each product of two independent numbers has mean 0 and variance 1
        lags = [(0, 1), (0, 2), (0, 8), (0, 64), (1, 0), (2, 0), (16, 0), (1, 1), (1, -1), (3, 5)]
        for step, cell in lags:
            a = z[step:, max(cell, 0) : CELLS + min(cell, 0)]
            b = z[: STEPS - step, max(-cell, 0) : CELLS - max(cell, 0)]
            assert within(np.sum(a * b), 0.0, a.size), (step, cell)


def test_a_poisson_rate_of_each_cell_is_its_own():
    rate = np.concatenate([[0.0, 1.0], np.geomspace(200.0, 500_000.0, 28)])
    counts = poisson_counts(rate, n=30, steps=2000)
    mean = rate * DT * 1e-3
    assert np.all(counts[:, 0] == 0)
    assert within(counts.mean(axis=0), mean, mean / 2000)
    # the approximation by a normal law needs some events
    some = mean * 2000 > 30
    assert within(counts.var(axis=0)[some], mean[some], (mean + 2 * mean**2)[some] / 2000)


@pytest.mark.parametrize("rate", [20_000.0, np.full(100, 20_000.0)], ids=["shared", "own"])
def test_several_poisson_inputs_add_and_are_independent(rate):
    first, second, third = poisson_counts(rate, n=100, inputs=3)
    for counts in (first, second, third):
        assert within(counts.mean(), 2.0, 2.0 / counts.size)
    for a, b in ((first, second), (second, third), (first, third)):
        for lag in (0, 1):
            x, y = a[lag:] - 2.0, b[: STEPS - lag] - 2.0
            assert within(np.sum(x * y), 0.0, 4.0 * x.size)


def test_poisson_events_at_a_current_are_those_at_a_delta_synapse(drawn):
    # the same name of input, seed, cell and step: the same number of events, on the same point of time
    assert np.array_equal(poisson_counts(2e4, synapse=bs.Exponential(tau=5.0)), drawn[2.0, "shared"])
    own = poisson_counts(np.full(CELLS, 2e4), synapse=bs.Exponential(tau=5.0))
    assert np.array_equal(own, drawn[2.0, "own"])


def test_poisson_numbers_follow_seed_and_name_only(drawn):
    again = poisson_counts(2e4)
    assert np.array_equal(again, drawn[2.0, "shared"])
    other = poisson_counts(2e4, seed=4)
    assert within(np.sum((again - 2.0) * (other - 2.0)), 0.0, 4.0 * again.size)


@pytest.mark.parametrize("rate", [20_000.0, np.full(9000, 20_000.0)], ids=["shared", "own"])
def test_poisson_numbers_do_not_repeat_from_block_to_block_of_cells(rate):
    # kernels work on blocks of 1024 or 2048 cells
    z = (poisson_counts(rate, n=9000, steps=4) - 2.0) / math.sqrt(2.0)
    for lag in (512, 1000, 1024, 2000, 2048, 4096, 8192):
        assert within(np.sum(z[:, lag:] * z[:, :-lag]), 0.0, z[:, lag:].size)


def test_poisson_sources_do_not_repeat_from_block_to_block_of_cells():
    net = bs.Network(seed=1)
    net.add(bs.Population(9000, bs.Poisson(rate=2000.0), name="many"))
    spikes = bs.simulate(net, 0.4, dt=DT, seed=1).spikes["many"]
    fired = np.zeros((4, 9000))
    fired[np.rint(spikes.times / DT).astype(int) - 1, spikes.ids] = 1.0
    z = (fired - 0.2) / 0.4
    for lag in (512, 1000, 1024, 2000, 2048, 4096, 8192):
        assert within(np.sum(z[:, lag:] * z[:, :-lag]), 0.0, z[:, lag:].size)


def test_a_poisson_input_reaches_scattered_cells_as_it_reaches_all():
    # numbers belong to places in the view; cells one by one take another way than a stretch
    cells = bs.Population(200, Integrator(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells[::2], bs.PoissonInput(rate=20_000.0, weight=1.0, synapse=bs.Delta()))
    v = bs.simulate(net, 20.0, dt=DT, seed=3, record=bs.Trace(cells, "v")).traces["cells", "v"].values
    assert np.all(v[:, 1::2] == 0.0)
    counts = np.diff(v[:, ::2], axis=0)
    assert within(counts.mean(), 2.0, 2.0 / counts.size)
    assert within(counts.var(), 2.0, 10.0 / counts.size)


@pytest.fixture(scope="module")
def noise():
    """Spikes of 200 sources at 1000 Hz for 300 ms, and of 60 with rates from 0 to 5000 Hz."""
    net = bs.Network(seed=1)
    net.add(bs.Population(200, bs.Poisson(rate=1000.0), name="even"))
    net.add(bs.Population(60, bs.Poisson(rate=np.linspace(0.0, 5000.0, 60)), name="uneven"))
    return bs.simulate(net, 300.0, dt=DT, seed=1).spikes


def test_poisson_sources_have_their_rate(noise):
    p, steps = 0.1, 3000
    counts = noise["even"].counts()
    assert within(counts.sum(), 200 * steps * p, 200 * steps * p * (1 - p))
    # dispersion of binomial counts: chi-square with 200 degrees of freedom but for a small kurtosis
    assert within(np.sum((counts - steps * p) ** 2) / (steps * p * (1 - p)), 200, 2 * 200)
    p = np.linspace(0.0, 0.5, 60)
    assert within(noise["uneven"].counts(), steps * p, steps * p * (1 - p))
    assert noise["uneven"].counts()[0] == 0


def test_intervals_of_poisson_sources_are_geometric(noise):
    intervals = []
    for cell in range(200):
        steps = steps_of(noise["even"], cell)
        # those that begin in the first half: none of these is cut off by the end (0.9**1500 = 1e-69)
        intervals.append(np.diff(steps)[steps[:-1] <= 1500])
    intervals = np.concatenate(intervals)
    edges = np.arange(1, 41)
    observed = np.histogram(intervals, np.concatenate([[0.5], edges + 0.5, [np.inf]]))[0]
    expected = np.diff(np.concatenate([[0.0], stats.geom(0.1).cdf(edges), [1.0]])) * intervals.size
    assert stats.chisquare(observed, expected).pvalue > MIN_P


def test_poisson_sources_are_independent(noise):
    fired = np.zeros((3000, 200))
    fired[np.rint(noise["even"].times / DT).astype(int) - 1, noise["even"].ids] = 1.0
    z = (fired - 0.1) / 0.3
    for cell in (1, 2, 7, 100):
        assert within(np.sum(z[:, cell:] * z[:, :-cell]), 0.0, z[:, cell:].size)


@pytest.mark.slow
class TestTinyRates:
    """Rates so small that the 32 bits of a table would not do."""

    @pytest.mark.parametrize("mean", [1e-6, 1.7e-6, 1e-5, 1e-3, 0.1, 1.0, 7.3, 12.0])
    def test_table_holds_the_law(self, mean):
        thresholds, alias = poisson_table(mean)
        assert alias.size == 0
        assert thresholds.size > 0
        assert thresholds.size % 4 == 0
        # a number exceeds a threshold t if it is one of the 2**32 - 1 - t above it
        at_least = (2.0**32 - 1.0 - thresholds.astype(float)) / 2.0**32
        expected = stats.poisson(mean).sf(np.arange(thresholds.size))
        assert np.abs(at_least - expected).max() <= 0.5001 / 2.0**32
        assert at_least.sum() == pytest.approx(mean, rel=2e-4)

    @pytest.mark.parametrize("rate", [1e-300, 1e-6, 1e-4, 2.3e-6, 1e-2])
    def test_rates_at_which_hardly_anything_happens(self, rate):
        cells = bs.Population(40, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.PoissonInput(rate=rate, weight=1e6, synapse=bs.Exponential()), name="rare")
        sim = bs.Simulation(net, seed=1)
        assert len(sim.run(10.0).spikes["cells"]) == 0
        for smaller in (1e-1, 1e-5, 1e-9, 0.0):
            sim.set("rare", rate=smaller)
            sim.run(1.0)

    @pytest.mark.thorough
    def test_mean_of_a_small_rate(self):
        # 4e8 cell steps of 9e-7 events each: 360 are expected, seen as jumps of 1 mV
        cells = bs.Population(20_000, Integrator(), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.PoissonInput(rate=9e-3, weight=1.0, synapse=bs.Delta()))
        sim = bs.Simulation(net, dt=0.1, seed=5)
        events = sim.run(2000.0).state.variables["cells"]["v"].sum()
        assert within(events, 360.0, 360.0)
