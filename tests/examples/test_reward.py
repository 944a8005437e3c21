"""A network that learns by dopamine which synapse earned the rewards, and TD(lambda) for comparison."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import reward as example
from brainsim.examples._figures import reward as figures

pytestmark = pytest.mark.thorough

HOUR = 3_600_000.0  # ms


def learned(seed, duration, watched=5):
    """Return the result of the example."""
    network, traces = example.build(watched=watched, seed=seed)
    sim = bs.Simulation(network, dt=example.DT, seed=seed + 1, record=traces, threads=1)
    example.steer(sim, duration)
    return sim.result()


def highest_weights(seed):
    """Return the largest weight of the chosen synapse in an hour, looked at each second, in each of the networks."""
    network, traces = example.build(watched=1, seed=seed)
    record = [bs.WeightTrace(trace.projection, synapses=[0], every=1000.0) for trace in traces]
    sim = bs.Simulation(network, dt=example.DT, seed=seed + 1, record=record, threads=1)
    example.steer(sim, HOUR)
    return [sim.result().weights[name].values.max() for name in example.NETWORKS]


@pytest.mark.slow
def test_dopamine_finds_the_synapse_in_8_of_10_seeds_and_none_in_the_control():
    """A minute of one processor for each seed; as many run at once as there are processors."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        highest = np.array(list(pool.map(highest_weights, range(1, 11))))
    print(highest.round(2).tolist())
    found = (highest >= 3.9).sum(axis=0)
    assert found[0] >= 8
    assert found[1] <= 1


@pytest.fixture(scope="module")
def minute():
    return learned(seed=1, duration=60_000.0)


def test_the_networks_fire_as_published(minute):
    for name in example.NETWORKS:
        assert 1.0 < minute.spikes[f"{name} cells"].rate() < 2.0  # Hz


def test_the_two_networks_are_wired_alike_and_fire_differently(minute):
    first, second = (minute.weights[name] for name in example.NETWORKS)
    np.testing.assert_array_equal(first.pre, second.pre)
    np.testing.assert_array_equal(first.post, second.post)
    assert (first.pre[0], first.post[0]) == (0, example.wiring(1)[0, 0])
    one, other = (minute.spikes[f"{name} cells"] for name in example.NETWORKS)
    assert not np.array_equal(one.times[:1000], other.times[:1000])


def test_both_networks_get_each_reward_when_it_is_due():
    network, _ = example.build(watched=1)
    sim = bs.Simulation(network, dt=1.0, seed=7, threads=1)
    first = np.inf
    while first > sim.time + 1000.0:
        example.steer(sim, 1000.0)
        spikes = sim.result().spikes["rewarded cells"]
        due = example.rewards(spikes.of(0).times, spikes.of(example.wiring(1)[0, 0]).times, sim.seed)[1]
        first = min([np.inf, *due])
        assert sim.time < 20_000.0
    example.steer(sim, first - 1.0 - sim.time)
    assert [sim.modulator(name) for name in example.NETWORKS] == [0.0, 0.0]
    example.steer(sim, 1.0)
    assert [sim.modulator(name) for name in example.NETWORKS] == [example.DOPAMINE] * 2
    example.steer(sim, 200.0)
    assert sim.modulator("control") == pytest.approx(example.DOPAMINE * np.exp(-1.0), rel=1e-12)


def test_a_reward_follows_each_coincidence_by_one_to_three_seconds():
    pre, post = np.array([10.0, 50.0, 200.0]), np.array([5.0, 10.0, 29.0, 70.0, 201.0, 215.0, 300.0])
    earned, due = example.rewards(pre, post, seed=3)
    np.testing.assert_array_equal(earned, [29.0, 201.0, 215.0])  # 10 is not after, and 70 is 20 ms after the last one
    assert ((due - earned >= 1000.0) & (due - earned <= 3000.0)).all()
    earlier = example.rewards(pre, post[:5], seed=3)[1]
    np.testing.assert_array_equal(earlier, due[:2])  # spikes that follow do not change it
    assert example.rewards(np.empty(0), post, 3)[1].size == 0


def test_the_drawn_trace_is_that_of_the_synapse():
    network, _ = example.build(watched=1)
    sim = bs.Simulation(network, dt=1.0, seed=2, threads=1)
    trains, table = sim.run(5000.0).spikes["rewarded cells"].per_cell(), sim.synapses("rewarded")
    for k in (0, 1234, 40_000, 79_999):
        c = figures.trace_of_pairs(trains[table.pre[k]], trains[table.post[k]], np.array([1000.0, 5000.0]))
        assert c[1] == pytest.approx(table.columns["c"][k], rel=2e-3)  # a step of decay


# the machine


def test_td_lambda_learns_the_discounted_reward():
    """An event is followed by a reward after 1 to 3 s, among rewards at random; another event is not."""
    rng, bins = np.random.default_rng(1), 200_000
    events = (rng.random((bins, 2)) < 0.003).astype(float)
    given = (rng.random(bins) < 0.003).astype(float)
    earned = np.flatnonzero(events[:, 0])
    due = earned + np.round(rng.uniform(example.EARLIEST, example.LATEST, earned.size) / figures.BIN).astype(int)
    np.add.at(given, due[due < bins], 1.0)
    values = figures.td_lambda(events, given, np.exp(-figures.BIN / example.RULE.tau_c), rate=0.02)[bins // 2 :].mean(axis=0)
    assert values[0] == pytest.approx(figures.expected_credit(), abs=0.02)
    assert abs(values[1]) < 0.02


def test_what_td_lambda_should_learn():
    delays = np.linspace(example.EARLIEST, example.LATEST, 100_001)
    assert figures.expected_credit() == pytest.approx(np.exp(-delays / example.RULE.tau_c).mean(), rel=1e-5)


# the picture


def test_the_picture_says_its_numbers(minute):
    figure = example.draw(minute, (0.0, 60_000.0))
    text, final = " ".join(figure.get_supxlabel().split()), minute.weights["rewarded"].values[-1, 0]
    assert f"Its weight went from 0 to {final:.2f} of 4 mV" in text
