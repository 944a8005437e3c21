"""Graupner and Brunel's rule: published changes of weights by protocols of pairs, and its parts one by one."""

import numpy as np
import pytest

import brainsim as bs

DELAYS = {"DP": 13.7, "DPD'": 2.2, "D": 0.0, "P": 0.0, "D'": 0.0, "hippocampal slices": 18.8}
BETA = {"hippocampal slices": 0.7}
FIRST = 50.0  # ms


def efficacies(rule, lag, *, pairs=60, rate=1.0, start=0.0, n=500, delay=0.1, seed=1):
    """Return rho of n synapses after pairs of spikes: the target `lag` ms after the source."""
    times = FIRST + np.arange(pairs) * 1000.0 / rate
    source = bs.Population(1, bs.SpikeTrains([times]), name="source")
    kick = bs.Population(1, bs.SpikeTrains([times + lag - 0.1]), name="kick")  # the target fires 0.1 ms later
    cells = bs.Population(n, bs.LIF(t_ref=1.0), name="cells")
    net = bs.Network(seed=1)
    options = {"delay": max(0.1, round(delay, 1)), "synapse": bs.Delta()}
    wires = net.connect(source, cells, bs.AllToAll(), weight=1e-6, plasticity=rule, **options)
    net.connect(kick, cells, bs.AllToAll(), weight=100.0, delay=0.1, synapse=bs.Delta())
    sim = bs.Simulation(net, seed=seed, spikes=False)
    sim.set(wires, rho=start)
    sim.run(float(np.ceil(times[-1] + 200.0)))
    return sim.synapses(wires).columns["rho"]


def change(name, lag, **options):
    """Return the mean weight after a protocol relative to that before; a share of the synapses begins in each state."""
    rule, beta = bs.CalciumPlasticity.published(name, w_0=1e-6), BETA.get(name, 0.5)
    up, down = (np.mean(efficacies(rule, lag, start=s, delay=DELAYS[name], **options) > 0.5) for s in (0.0, 1.0))
    high = up * beta + down * (1.0 - beta)
    return ((1.0 - high) + rule.b * high) / (beta + (1.0 - beta) * rule.b)


# the theory, which the authors' simulations confirm
PAIRS = [
    ("DP", -20.0, 0.7643),
    ("DP", 10.0, 1.2214),
    ("DP", 40.0, 1.0849),
    ("P", 20.0, 1.0983),
    ("D", 0.0, 0.6371),
    ("DPD'", -10.0, 0.7714),
    ("DPD'", 20.0, 0.9003),
    ("D'", 20.0, 0.8681),
]


@pytest.mark.parametrize(("name", "lag", "expected"), PAIRS)
def test_published_pairs(name, lag, expected):
    assert change(name, lag) == pytest.approx(expected, abs=0.05)


def test_published_pairs_of_slices():
    found = change("hippocampal slices", 10.0, pairs=200, rate=5.0)
    assert found == pytest.approx(0.7286, abs=0.05)


def test_without_noise_it_is_the_integral_over_time():
    rule = bs.CalciumPlasticity(sigma=0.0, w_0=1e-6)
    found = efficacies(rule, 7.0, pairs=5, rate=20.0, start=0.3, n=2)
    dt, rho, c = 0.001, 0.3, 0.0
    steps = round((np.ceil(FIRST + 200.0) + 200.0) / dt)
    # the source's spikes are at the synapse after 0.1 ms, those of the target at once
    jumps = {}
    for k in range(5):
        for time, size in ((FIRST + 50.0 * k + 0.1, 1.0), (FIRST + 50.0 * k + 7.0, 2.0)):
            jumps[round(time / dt)] = jumps.get(round(time / dt), 0.0) + size
    for step in range(steps):
        c += jumps.get(step, 0.0)
        slope = -rho * (1 - rho) * (0.5 - rho) + 321.808 * (1 - rho) * (c > 1.3) - 200.0 * rho * (c > 1.0)
        rho += dt * slope / 150_000.0
        c *= 1.0 - dt / 20.0
    assert found == pytest.approx(rho, abs=2e-5)


def test_random_numbers_are_of_the_synapse_and_the_seed():
    rule = bs.CalciumPlasticity(w_0=1e-6)
    one, again, other = (efficacies(rule, 5.0, pairs=3, rate=10.0, n=50, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert np.unique(one).size == 50
    assert not np.intersect1d(one, other).size
