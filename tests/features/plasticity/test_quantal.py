"""Release of single vesicles: exact means and variances over synapses, which are independent."""

import numpy as np
import pytest

import brainsim as bs

TRIALS = 20_000


def releases(times, rule, seed=1):
    """Return the number of releases at each spike, shape (spikes, trials)."""
    source = bs.Population(1, bs.SpikeTrains([times]), name="source")
    cells = bs.Population(TRIALS, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    options = {"weight": 1e-9, "delay": 1.0, "synapse": bs.Delta(), "plasticity": rule}
    wires = net.connect(source, cells, bs.AllToAll(), **options)
    sim = bs.Simulation(net, seed=seed)
    found = []
    for time in times:
        sim.run(round(time + 1.0 - sim.time, 1))
        found.append(sim.synapses(wires).columns["released"])
    return np.array(found)


def expected(times, rule):
    """Return u*x of the rule without noise at each spike (Maass and Markram 2002)."""
    values, u, x = [], rule.U, 1.0
    for k in range(len(times)):
        if k:
            h = times[k] - times[k - 1]
            x = 1.0 + (x - x * u - 1.0) * np.exp(-h / rule.tau_rec)
            u = rule.U + u * (1.0 - rule.U) * (np.exp(-h / rule.tau_fac) if rule.tau_fac else 0.0)
        values.append(u * x)
    return np.array(values)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "rule",
    [bs.QuantalRelease(sites=12, U=0.03, tau_rec=200.0, tau_fac=500.0), bs.QuantalRelease(sites=4, U=0.5, tau_rec=800.0)],
)
def test_mean_and_variance(rule):
    times = np.array([10.0, 60.0, 80.0, 130.0, 140.0, 400.0])
    found, share = releases(times, rule), expected(times, rule)
    mean, variance = rule.sites * share, rule.sites * share * (1.0 - share)
    assert np.all(np.abs(found.mean(axis=1) - mean) < 4 * np.sqrt(variance / TRIALS))
    # the fourth moment of a binomial gives the error of the variance
    kurtosis = 3.0 - 6.0 / rule.sites + 1.0 / variance
    assert np.all(np.abs(found.var(axis=1) - variance) < 4 * variance * np.sqrt((kurtosis - 1.0) / TRIALS))


@pytest.mark.thorough
def test_synapses_and_seeds_are_independent():
    rule, times = bs.QuantalRelease(sites=4, U=0.5, tau_rec=100.0), np.array([10.0, 30.0])
    one, again, other = (releases(times, rule, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert abs(np.corrcoef(one[0], other[0])[0, 1]) < 4 / np.sqrt(TRIALS)
    assert abs(np.corrcoef(one[0, 1:], one[0, :-1])[0, 1]) < 4 / np.sqrt(TRIALS)


def test_random_numbers_of_cells():
    class Coin(bs.Neuron):
        equations = "dv/dt = 0/tau"
        threshold = "binomial(10, 0.3*v) >= 9"
        tau: float = bs.parameter(1.0, "ms", "time")
        v: float = bs.initial(1.0, "", "chance")

    cells = bs.Population(2000, Coin(), name="coin")
    net = bs.Network(seed=1)
    net.add(cells)
    n = len(bs.simulate(net, 100.0, dt=0.1, seed=1).spikes["coin"])
    p = 10 * 0.3**9 * 0.7 + 0.3**10
    assert abs(n - 2_000_000 * p) < 4 * np.sqrt(2_000_000 * p)
