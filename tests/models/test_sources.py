"""Random sources and units that never fire, by theory."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.loop.program import MAX_SLICE
from brainsim.engine.simulation.settings import slice_steps
from tests.helpers.equations.single_cells import run

pytestmark = pytest.mark.thorough_but("gamma", "dead_time_is_kept", "recorded")


def intervals(model, duration=2000.0, n=400, dt=0.1):
    """Return the pooled intervals of n sources [ms], and their spikes."""
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells"))
    spikes = bs.simulate(net, duration, dt=dt, seed=3).spikes["cells"]
    times, ids = spikes.times[order := np.lexsort((spikes.times, spikes.ids))], spikes.ids[order]
    return np.diff(times)[np.diff(ids) == 0], spikes


@pytest.mark.parametrize("order", [1, 2, 5])
def test_gamma_renewal_has_the_intervals_of_its_law(order):
    from scipy.stats import gamma, kstest

    x, spikes = intervals(bs.GammaRenewal(rate=50.0, order=order), duration=4000.0)
    assert x.size > 70_000
    assert x.mean() == pytest.approx(20.0, rel=0.01)
    # a stage lasts whole steps: its variance is smaller by its chance in one step
    assert x.var() / x.mean() ** 2 == pytest.approx((1 - order * 0.005) / order, rel=0.03)
    on_grid = gamma(order, scale=20.0 / order)
    assert kstest(x - 0.05 * order, on_grid.cdf).statistic < 0.02
    # it starts as one that has run for ever: no burst of first spikes
    early = np.histogram(spikes.times, bins=20, range=(0.0, 20.0))[0]
    assert np.abs(early - 20.0).max() < 5 * np.sqrt(20.0)


def test_gamma_renewal_takes_whole_orders():
    with pytest.raises(ValueError, match="order == floor\\(order\\) must hold"):
        bs.GammaRenewal(order=2.5)
    with pytest.raises(ValueError, match="order\\*0.001\\*rate\\*dt <= 1 must hold"):
        intervals(bs.GammaRenewal(rate=6000.0, order=2), duration=1.0)


def test_a_dead_time_is_kept_and_the_rate_too():
    x, _ = intervals(bs.PoissonWithDeadTime(rate=80.0, t_dead=5.0))
    assert x.min() > 5.0
    assert x.min() < 5.3
    assert x.mean() == pytest.approx(12.5, rel=0.01)
    assert x.std() / x.mean() == pytest.approx((1 - 80.0 * 0.005) * np.sqrt(1 - 0.1 / 7.5), rel=0.01)


def test_intervals_with_a_dead_time_are_a_little_more_regular_on_the_grid():
    """Waiting times are geometric: (1 - rate*t_dead)*sqrt(1 - p) is 0.2755 if 1 - rate*t_dead is 0.28."""
    x, _ = intervals(bs.PoissonWithDeadTime(rate=90.0, t_dead=8.0), duration=8000.0)
    cv = x.std() / x.mean()
    assert (1 - 0.72) * np.sqrt(1 - 0.1 / (1000 / 90 - 8.0)) == pytest.approx(0.2755, abs=5e-5)
    assert cv == pytest.approx(0.2755, abs=4 * 0.2755 / np.sqrt(x.size))  # 4 errors of an exponential time's deviation
    assert abs(cv - 0.28) > 0.003


def test_a_source_per_cell():
    rates = np.repeat([20.0, 80.0], 200)
    _, spikes = intervals(bs.GammaRenewal(rate=rates, order=np.tile([1.0, 4.0], 200)))
    counts = np.bincount(spikes.ids, minlength=400)
    for rate in (20.0, 80.0):
        assert counts[rates == rate].mean() == pytest.approx(2.0 * rate, rel=0.05)
    assert counts[201::2].var() < 0.5 * counts[200::2].var()


def test_a_leaky_integrator_is_a_target_and_is_recorded():
    values, result = run(bs.LI(), 50.0, current=500.0, events=(bs.Delta(), 3.0, 20.0))
    t = result.traces["cells", "v"].times
    expected = -65.0 + 50.0 * (1 - np.exp(-t / 20.0)) + 3.0 * np.where(t > 19.99, np.exp(-(t - 20.0) / 20.0), 0.0)
    assert np.allclose(values["v"][:, 0], expected, rtol=0, atol=1e-9)
    assert values["v"].max() > -30.0, "far above where a LIF fires"
    assert result.spikes["cells"].times.size == 0
    assert result.stats["methods"]["cells"] == "exact"


def test_a_rate_unit_goes_to_its_gain():
    currents = np.array([0.0, 200.0, 250.0, 2000.0])
    values, result = run(bs.RateUnit(), 60.0, n=4, current=currents)
    end = 100.0 / (1 + np.exp(-(currents - 200.0) / 50.0))
    t = result.traces["cells", "r"].times[:, None]
    assert np.allclose(values["r"], end * (1 - np.exp(-t / 10.0)), rtol=1e-9, atol=1e-9)


def test_a_rate_unit_takes_spikes():
    values, _ = run(bs.RateUnit(), 30.0, 0.01, events=(bs.Exponential(tau=5.0), 300.0, 5.0))
    r = values["r"][:, 0]
    assert r[500] == pytest.approx(100.0 / (1 + np.exp(4.0)) * (1 - np.exp(-0.5)), rel=1e-6)
    assert r.max() > 15.0


def test_a_rate_unit_can_send_spikes_by_one_line():
    class PoissonRate(bs.RateUnit):
        threshold = "rand() < 0.001*r*dt"

    _, result = run(PoissonRate(), 1000.0, n=200, current=200.0, initial={"r": 50.0}, record=[])
    assert result.spikes["cells"].times.size / 200 == pytest.approx(50.0, rel=0.03)


def counts_in_steps(spikes):
    """Return how many spikes each cell sent in each step of 0.1 ms, (steps, cells)."""
    found = np.zeros((round(10 * spikes.duration), spikes.n), int)
    np.add.at(found, (np.rint(10 * (spikes.times - spikes.start)).astype(int) - 1, spikes.ids), 1)
    return found


class TestPools:
    @staticmethod
    def network(pool, learning=False):
        cells = bs.Population(30, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        net, synapse = bs.Network(seed=1), {"synapse": bs.Exponential(tau=3.0), "weight": 8.0}
        net.connect(pool, cells, bs.FixedProbability(0.5), delay=bs.Uniform(0.5, 3.0), **synapse)
        net.connect(pool, cells, bs.FixedIndegree(2), delay=1.5, plasticity=bs.STDP(w_max=20.0), **synapse, name="learning")
        net.connect(pool, cells, bs.FixedIndegree(2), delay=1.0, plasticity=bs.TsodyksMarkram(), **synapse)
        return net

    @pytest.mark.parametrize(("sources", "rate"), [(1, 900.0), (7, 300.0), (400, 100.0), (100_000, 3.5), (2_000_000, 0.3)])
    def test_numbers_are_binomial(self, sources, rate):
        net = bs.Network(seed=1)
        net.add(bs.Population(20, bs.PoissonPool(sources=sources, rate=rate), name="pool"))
        counts = counts_in_steps(bs.simulate(net, 1000.0, seed=4).spikes["pool"])
        p = 1e-4 * rate
        mean, variance, n = sources * p, sources * p * (1 - p), counts.size
        assert counts.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / n))
        kurtosis = (1 - 6 * p * (1 - p)) / variance
        assert counts.var() == pytest.approx(variance, rel=4 * np.sqrt((2 + kurtosis) / n))
        assert counts.max() <= sources
        assert abs(np.corrcoef(counts[1:, 0], counts[:-1, 0])[0, 1]) < 0.05
        assert abs(np.corrcoef(counts[:, 0], counts[:, 1])[0, 1]) < 0.05

    @pytest.mark.parametrize("threads", [1, 2])
    def test_each_spike_acts_as_a_listed_one(self, threads, tmp_path):
        def outcome(sim):
            table = sim.synapses("learning")
            return sim.result().spikes["cells"], sim.state["cells"]["v"].tobytes(), table.weight.tobytes()

        pool = bs.Population(6, bs.PoissonPool(sources=1000, rate=[1.0, 3.0, 10.0, 20.0, 2.0, 5.0]), name="pool")
        sim = bs.Simulation(self.network(pool), seed=3, threads=threads)
        sim.run(40.0)
        sim.run(33.3)
        path = sim.save(tmp_path / "run.ckpt")
        sim.run(46.7)
        sent = sim.result().spikes["pool"]
        assert counts_in_steps(sent).max() > 3
        listed = bs.Population(6, bs.SpikeTrains(sent), name="pool")
        other = bs.Simulation(self.network(listed), seed=3, threads=3 - threads)
        other.run(120.0)
        expected = outcome(other)
        assert len(expected[0]) > 100
        assert outcome(sim) == expected
        loaded = bs.Simulation.load(self.network(pool), path, threads=3 - threads)
        loaded.run(46.7)
        assert outcome(loaded) == expected

    def test_rates_that_change_and_grow(self):
        """A rate that is set beyond what there was room for makes more room."""
        pool = bs.Population(40, bs.PoissonPool(sources=100, rate="where(t < 50, 1, 300)"), name="pool")
        sim = bs.Simulation(self.network(pool), seed=1, threads=2)
        early, late = (counts_in_steps(sim.run(50.0).spikes["pool"]) for _ in range(2))
        assert early.mean() == pytest.approx(0.01, rel=0.2)
        assert late.mean() == pytest.approx(3.0, rel=0.03)
        pool = bs.Population(40, bs.PoissonPool(sources=100, rate=1.0), name="pool")
        sim = bs.Simulation(self.network(pool), seed=1, threads=2)
        sim.run(50.0)
        sim.set("pool", rate=9000.0)
        assert counts_in_steps(sim.run(50.0).spikes["pool"]).mean() == pytest.approx(90.0, rel=0.01)

    def test_many_pools_run_alone_for_few_steps(self):
        """A slice has room for all spikes that there may be, and they are counted in 32 bits."""
        net = bs.Network(seed=1)
        net.add(bs.Population(100_000, bs.PoissonPool(sources=1000, rate="1*t"), name="pool"))
        layout = Layout(net, 0.1, 1, filled=False)
        assert layout.most_spikes() == 240 * 100_000
        assert slice_steps(MAX_SLICE, layout) == 1

    def test_what_is_not_possible(self):
        with pytest.raises(ValueError, match=r"sources == floor\(sources\) must hold"):
            bs.PoissonPool(sources=2.5)
        pool = bs.Population(3, bs.PoissonPool(sources=1000, rate=2000.0), name="pool")
        with pytest.raises(ValueError, match=r"sources \* \(0.001 \* rate \* dt\) <= 100 must hold"):
            bs.simulate(self.network(pool), 1.0)
        with pytest.raises(ValueError, match="sources <= 1000000000000 must hold"):
            bs.PoissonPool(sources=2e12)
        pool = bs.Population(3, bs.PoissonPool(sources=1000, rate="2000 - 1*t"), name="pool")
        with pytest.raises(ValueError, match=r"pool.rate: .*sources \* \(0.001 \* rate \* dt\) <= 100 must hold \(got 1999"):
            bs.simulate(self.network(pool), 1.0)

    def test_the_mean_is_that_of_each_cell(self):
        """Those with many sources may have low rates, and the other way round."""
        net = bs.Network(seed=1)
        net.add(bs.Population(2, bs.PoissonPool(sources=[10_000, 10], rate=[10.0, 9000.0]), name="pool"))
        counts = counts_in_steps(bs.simulate(net, 100.0, seed=4).spikes["pool"])
        assert counts.mean(axis=0) == pytest.approx([10.0, 9.0], rel=0.04)


class Several(bs.Neuron):
    """Cells that send a number of spikes in each step."""

    threshold = "trials > -1000"
    spikes_per_step = "binomial(trials, dt/every)"

    trials: float = bs.parameter(5.0, "", "number of trials")
    every: float = bs.parameter(1.0, "ms", "interval of the successes of one trial", varying=True)


class TestNumbersOfSpikes:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"trials": 2.5}, r"trials == floor\(trials\)"),
            ({"trials": -1.0}, "trials >= 0"),
            ({"trials": [1.0, 1e13]}, "trials <= 1000000000000"),
            ({"every": -1.0}, "dt / every >= 0"),
            ({"every": 0.05}, "dt / every <= 1"),
            ({"trials": 2000.0}, r"trials \* \(dt / every\) <= 100"),
        ],
    )
    def test_what_is_not_possible(self, given, message):
        def simulate():
            net = bs.Network(seed=1)
            net.add(bs.Population(2, Several(**given), name="cells"))
            bs.simulate(net, 1.0)

        with pytest.raises(ValueError, match=f"Several: {message} must hold"):
            simulate()

    def test_there_is_room_for_all_if_the_number_changes(self):
        """An interval may become shorter, so what there is room for does not follow from the longest."""
        net = bs.Network(seed=1)
        net.add(bs.Population(5, Several(trials=100.0, every="where(t > 5, 0.1, 1000)"), name="cells"))
        sim = bs.Simulation(net, seed=4)
        assert (counts_in_steps(sim.run(10.0).spikes["cells"])[55:99] == 100).all()
        sim.set("cells", every="where(t > 15, 0.2, 1000)")
        assert counts_in_steps(sim.run(10.0).spikes["cells"]).mean() == pytest.approx(25.0, rel=0.05)
