"""Cells that learn digits by STDP, and k-means beside them."""

import io

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import digits_stdp as example
from brainsim.examples._figures import digits_stdp as figures


def learned(seed, duration=example.DURATION, sizes=example.SIZES):
    """Return the simulation after the example."""
    network, traces = example.build(sizes=sizes, seed=seed)
    spikes = [network.populations[f"{n} cells"] for n in sizes]
    sim = bs.Simulation(network, dt=example.DT, seed=seed + 1, record=traces, spikes=spikes, threads=1)
    example.steer(sim, duration)
    return sim


@pytest.mark.slow
def test_digits_are_learned_without_labels_and_more_cells_learn_more():
    shares = []
    for seed in (1, 2, 3):
        result, y = learned(seed).result(), example.schedule(seed)[1]
        shares.append([figures.accuracy(figures.counts_of(result.spikes[f"{n} cells"]), y) for n in example.SIZES])
    shares = np.array(shares)
    mean, gain = shares.mean(axis=0), shares[:, -1] - shares[:, 0]  # of seeds; by more cells, which see the same spikes
    assert mean[-1] >= 0.75
    assert mean.min() > 0.5  # chance is 0.1
    assert gain.mean() > 3.0 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert (np.diff(mean) > 0.0).all()


@pytest.fixture(scope="module")
def some():
    """Return the simulation after the first digits, and what it was before the last one."""
    return learned(1, 20 * (example.SHOWN + example.PAUSE), sizes=(10,))


def test_digits_are_shown_one_after_the_other(some):
    counts = figures.counts_of(some.result().spikes["10 cells"])
    assert (counts[:20].sum(axis=1) > 0).all()
    assert not counts[20:].any()


def test_weights_are_scaled_before_each_digit_and_learn(some):
    values = some.result().weights["learning 10"].values
    before = some.synapses("learning 10").matrix("weight")
    assert abs(before.sum(axis=0) - example.TOTAL).max() < 0.2 * example.TOTAL
    assert values.shape == (1, 640)
    example.steer(some, 1.0)
    after = some.synapses("learning 10").matrix("weight")
    np.testing.assert_allclose(np.asarray(after.sum(axis=0)).ravel(), example.TOTAL, rtol=0.05)
    assert not np.allclose(values[0], some.synapses("learning 10").weight)


def test_learning_stops_before_the_cells_are_labelled(monkeypatch):
    monkeypatch.setattr(example, "LEARNED", 2)
    sim = learned(1, 2 * (example.SHOWN + example.PAUSE), sizes=(10,))
    weights, theta = sim.synapses("learning 10").weight.copy(), sim.state["10 cells"]["theta"].copy()
    example.steer(sim, 2 * (example.SHOWN + example.PAUSE))
    np.testing.assert_array_equal(sim.synapses("learning 10").weight, weights)
    np.testing.assert_allclose(sim.state["10 cells"]["theta"], theta, rtol=1e-6)


def test_a_synapse_grows_by_the_second_spike_of_its_target():
    rule = example.DiehlCook()
    assert set(rule.plasticity_equations.pre_traces) == {"x"}
    assert set(rule.plasticity_equations.post_traces) == {"y", "z"}


# the machine


def test_units_are_labelled_by_training_digits_and_tested_with_others():
    images, y = example.schedule(1)
    assert len(images) == len(y) == example.SAMPLES
    np.testing.assert_array_equal(images[-len(example.DATA.X_test) :], example.DATA.X_test)
    assert figures.accuracy(np.eye(10)[y], y) == 1.0
    assert figures.accuracy(np.ones((len(y), 10)), y) < 0.2


def test_k_means_recognises_more_with_more_prototypes():
    images, y = example.schedule(1)
    shares = [figures.accuracy(figures.k_means(n, images)[1], y) for n in (10, 100)]
    assert 0.5 < shares[0] < shares[1] - 0.05
    assert shares[1] > 0.88


def test_the_picture_of_a_short_run(some):
    picture = io.BytesIO()
    example.draw(some.result(), (0.0, some.time)).savefig(picture)
    assert picture.getvalue().startswith(b"\x89PNG")
