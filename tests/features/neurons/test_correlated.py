"""Correlated sources: rate, pairwise correlation and what tells the two processes apart, at several dt."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.statistics import within

pytestmark = pytest.mark.thorough_but("independent_and_identical", "at_most", "asked_for")

N, C, RATE = 30, 0.2, 40.0
MODELS = [bs.SingleInteraction, bs.MultipleInteraction]


def counts(model, dt, steps, n=N, threads=1, pieces=1):
    """Return 0 or 1 for each step and cell."""
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells"))
    sim = bs.Simulation(net, dt=dt, seed=3, threads=threads)
    for _ in range(pieces):
        sim.run(steps * dt / pieces)
    spikes = sim.result().spikes["cells"]
    found = np.zeros((steps + 1, n))
    np.add.at(found, (np.rint(spikes.times / dt).astype(int), spikes.ids), 1)
    return found[1:]


@pytest.mark.parametrize("dt", [0.1, 1.0])
@pytest.mark.parametrize("model", MODELS)
def test_rate_and_correlation_are_those_asked_for(model, dt):
    steps, p = 20_000, RATE * dt * 1e-3
    x = counts(model(rate=RATE, correlation=C), dt, steps)
    assert x.max() == 1
    total = x.sum(axis=1)
    variance = N * p * (1 - p) * (1 + (N - 1) * C)  # of the number of spikes in a step
    assert within(x.mean(), p, variance / N**2 / steps)
    # the estimate of the variance scatters by its own fourth moment, which is taken from the sample
    fourth = ((total - N * p) ** 4).mean()
    assert within(((total - N * p) ** 2).mean(), variance, (fourth - variance**2) / steps)
    # of all cells at once there are many spikes with a common source, and none to speak of if each is copied alone
    assert ((x.sum(axis=1) == N).mean() > 0.5 * C * p) == (model is bs.SingleInteraction)
    lagged = (x[1:].sum(axis=1) - N * p) * (x[:-1].sum(axis=1) - N * p)
    assert within(lagged.mean(), 0.0, variance**2 / steps)


@pytest.mark.parametrize("model", MODELS)
def test_the_ends_are_independent_and_identical_trains(model):
    x = counts(model(rate=RATE, correlation=0.0), 1.0, 4000)
    variance = N * 0.04 * 0.96
    assert within(x.sum(axis=1).var(), variance, 3 * variance**2 / 4000)
    x = counts(model(rate=RATE, correlation=1.0), 1.0, 1000)
    assert np.array_equal(x, np.repeat(x[:, :1], N, axis=1))
    assert x.any()


@pytest.mark.parametrize("model", MODELS)
def test_the_same_spikes_on_any_threads_and_the_rate_may_change(model):
    given = model(rate="40 + 40*sin(2*pi*t/50)", correlation=0.3)
    x = counts(given, 1.0, 1000, n=70)
    assert np.array_equal(counts(given, 1.0, 1000, n=70, threads=3, pieces=4), x)
    phases = x.reshape(20, 2, 25, 70).sum(axis=(0, 2, 3))
    assert phases[0] > 2 * phases[1]


def test_rand_all_is_one_number_for_all_cells_and_another_one_in_each_population_and_call():
    class Coin(bs.Neuron):
        threshold = "rand_all() < 0.5"
        events = {"other": ("rand_all() < 0.5", "x = 1"), "reset": ("rand() < 2", "x = x")}  # noqa: RUF012
        spiking_source = True
        x: float = bs.initial(0.0, "", "whether the other coin showed it")

    net = bs.Network(seed=1)
    for name in ("a", "b"):
        net.add(bs.Population(20, Coin(), name=name))
    result = bs.simulate(net, 200.0, dt=1.0, seed=2)
    a, b = (np.unique(result.spikes[name].times) for name in "ab")
    assert len(result.spikes["a"]) == 20 * a.size
    assert within(a.size, 100, 50)
    assert within(np.intersect1d(a, b).size, 50, 50)
    with pytest.raises(bs.EquationError, match="rand_all\\(\\) only in cells"):

        class Rule(bs.Plasticity):
            on_pre = "w = w + rand_all()"


def test_correlations_are_at_most_one():
    with pytest.raises(ValueError, match="MultipleInteraction: correlation <= 1 must hold"):
        bs.MultipleInteraction(correlation=1.1)
    with pytest.raises(ValueError, match="SingleInteraction.correlation: must be >= 0"):
        bs.SingleInteraction(correlation=-0.1)


class TestJitter:
    TAU = 6.0

    @pytest.mark.parametrize("dt", [0.5, 1.0])
    def test_rate_and_correlogram_are_those_of_the_theory(self, dt):
        """Two copies of a spike are sent d steps apart with the probability q/(2 - q)*(1 - q)**abs(d)."""
        steps, p = int(60_000 / dt), RATE * dt * 1e-3
        x = counts(bs.MultipleInteraction(rate=RATE, correlation=C, jitter=self.TAU), dt, steps)[int(60 / dt) :]
        assert x.max() == 1
        total = x.sum(axis=1) - N * p
        assert within(x.mean(), p, p * (1 + (N - 1) * C) / N / len(x))
        q = -np.expm1(-dt / self.TAU)
        expected = N * (N - 1) * C * p * (1 - p) * q / (2 - q)
        for lag in range(1, int(3 * self.TAU / dt), int(3 / dt)):  # at which a train and itself are uncorrelated
            products = total[lag:] * total[:-lag]
            blocks = products[: len(products) // 60 * 60].reshape(60, -1).mean(axis=1)  # longer than the memory of trains
            # of copies that should come in the same step one comes a step later, which moves up to 2 % of them
            assert within(products.mean(), expected * (1 - q) ** lag, blocks.var() / 59 + (0.005 * expected) ** 2), lag

    def test_trains_are_poisson_and_independent_without_correlation(self):
        x = counts(bs.MultipleInteraction(rate=RATE, correlation=0.0, jitter=self.TAU), 1.0, 20_000)[60:]
        n = x[: len(x) // 20 * 20].reshape(-1, 20, N).sum(axis=1)
        assert within(n.mean(), 0.8, 0.8 / n.size)
        assert within(n.var() / n.mean(), 1.0 - 0.04, (2 / n.size) + 0.03**2)

    def test_what_it_is(self):
        model = bs.MultipleInteraction(rate=20.0, jitter=4.0)
        assert isinstance(model, bs.MultipleInteraction)
        assert (
            model == bs.JitteredInteraction(rate=20.0, jitter=4.0) == eval(repr(model), {"JitteredInteraction": type(model)})
        )
        assert pickle.loads(pickle.dumps(model)) == copy.deepcopy(model) == model
        assert type(bs.MultipleInteraction(jitter=0.0)) is type(bs.MultipleInteraction()) is bs.MultipleInteraction
        assert bs.MultipleInteraction(jitter=0) == bs.MultipleInteraction()
        for wrong in (-1.0, "3", np.nan):
            with pytest.raises((ValueError, TypeError), match="JitteredInteraction.jitter: must be"):
                bs.MultipleInteraction(jitter=wrong)
        with pytest.raises(TypeError, match="unknown parameter 'jiter'; did you mean 'jitter'"):
            bs.MultipleInteraction(jiter=1.0)
