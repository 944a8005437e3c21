"""A memory that synapses hold while the cells are silent, and a key-value memory for comparison."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import working_memory as example
from brainsim.examples._figures import working_memory as figures
from brainsim.results.spikes import Spikes


def remembered(seed, **options):
    """Return the pools' spikes, their rates in bins of 10 ms, and the edges of the bins."""
    network, _ = example.build(seed=seed, **options)
    result = bs.simulate(network, example.DURATION, seed=seed + 1, spikes=[network.populations["excitatory"]])
    edges = np.arange(0.0, result.stop + 0.5 * figures.BIN, figures.BIN)
    pools = figures.pools_of(result.spikes["excitatory"])
    return pools, np.array([np.histogram(pool.times, edges)[0] / (0.001 * figures.BIN * pool.n) for pool in pools]), edges


@pytest.mark.slow
def test_the_cued_pool_is_silent_and_then_recalled_and_no_other():
    recalled, decays = [], []
    for seed in range(1, 11):
        pools, rates, edges = remembered(seed)
        highest = figures.readout(rates, edges)
        silent = (edges[:-1] >= example.CUE[1] + 100.0) & (edges[:-1] < example.READOUT[0])
        quiet = rates[example.CUED, silent].max() < 8.0
        recalled.append(quiet and highest[example.CUED] > 15.0 and np.delete(highest, example.CUED).max() < 5.0)
        times = np.arange(0.0, example.READOUT[0])
        u = np.array([figures.release(pool, times) for pool in pools])
        held = u[example.CUED] - np.delete(u, example.CUED, axis=0).mean(axis=0)
        decays.append(held[-1] / held[times == example.CUE[1]][0])
    assert sum(recalled) >= 9
    expected = np.exp(-(example.READOUT[0] - example.CUE[1]) / example.RULE.tau_fac)
    assert np.mean(decays) == pytest.approx(expected, rel=0.05)


@pytest.mark.slow
def test_with_more_input_the_memory_refreshes_itself():
    _, rates, edges = remembered(1, mean=22.8)
    silent = (edges[:-1] >= example.CUE[1] + 100.0) & (edges[:-1] < example.READOUT[0])
    assert rates[example.CUED, silent].max() > 40.0
    assert np.delete(rates, example.CUED, axis=0)[:, silent].max() < 10.0


def test_pools_and_their_synapses():
    network, _ = example.build(scale=0.02)
    table = {p.name: p for p in network.projections}
    assert sum(p.plasticity is not None for p in table.values()) == example.POOLS**2 + 4
    indegree = sum(p.expected for p in table.values() if p.plasticity is not None) / (0.02 * example.EXCITATORY)
    assert indegree == pytest.approx(0.02 * example.CONNECTED * example.EXCITATORY, rel=0.1)


def test_release_follows_the_rule():
    spikes = Spikes([0.5, 50.5, 100.5], [0, 0, 0], n=1, duration=200.0, name="pool")
    u = figures.release(spikes, np.arange(0.0, 200.0))
    decay = np.exp(-50.0 / example.RULE.tau_fac)
    expected = [example.RULE.U]
    for _ in range(3):  # u at a spike, of which a part is left 50 ms later
        expected.append(example.RULE.U + (1.0 - example.RULE.U) * expected[-1] * decay)
    np.testing.assert_allclose(u[[50 - 1, 100 - 1, 150 - 1]], expected[1:], rtol=1e-3)


def test_a_key_value_memory_decays():
    times, written = np.arange(0.0, 1000.0), np.zeros((1000, 2))
    written[10, 0] = 2.0
    content = figures.key_value(times, written, tau=1500.0)
    assert content[9, 0] == 0.0
    assert content[510, 0] == pytest.approx(2.0 * np.exp(-500.0 / 1500.0), rel=1e-9)
    assert not content[:, 1].any()
