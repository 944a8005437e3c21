"""Cells that learn digits by STDP, and k-means for comparison."""

import io

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import digits_stdp as example
from brainsim.examples._figures import digits_stdp as figures

pytestmark = pytest.mark.thorough


def learned(seed, duration=example.DURATION, **options):
    """Return the simulation after the example."""
    network, traces = example.build(seed=seed, **options)
    spikes = [network.populations[f"{n} cells"] for n in options.get("sizes", example.SIZES)]
    sim = bs.Simulation(network, dt=example.DT, seed=seed + 1, record=traces, spikes=spikes, threads=1)
    example.steer(sim, duration)
    return sim


@pytest.mark.slow
def test_digits_are_learned_without_labels_and_more_cells_learn_more():
    result, y = learned(1).result(), example.schedule(1, 5)[1]
    counts = [figures.counts_of(result.spikes[f"{n} cells"], 5) for n in example.SIZES]
    shares = np.transpose([figures.accuracies(of, y) for of in counts])  # copies, sizes
    mean, gain = shares.mean(axis=0), shares[:, -1] - shares[:, 0]  # by more cells, which see the same spikes
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    print(f"accuracy {mean.round(3)} +- {shares.std(axis=0, ddof=1).round(3)}, gain {gain.mean():.3f} +- {error:.3f}")
    assert shares.shape == (5, 3)
    assert mean[-1] >= 0.75
    assert shares.min() > 0.5  # chance is 0.1
    assert gain.mean() > 3.0 * error > 0.0
    assert (np.diff(mean) > 0.0).all()


@pytest.fixture(scope="module")
def some():
    """Return the simulation after the first digits."""
    return learned(1, 20 * (example.SHOWN + example.PAUSE), sizes=(10,), copies=2)


def test_digits_are_shown_one_after_the_other(some):
    counts = figures.counts_of(some.result().spikes["10 cells"], 2)
    assert counts.shape == (2, example.SAMPLES, 10)
    assert (counts[:, :20].sum(axis=2) > 0).all()
    assert not counts[:, 20:].any()


def test_each_pixel_fires_as_bright_as_it_is_in_the_digits_of_its_copy():
    network, _ = example.build(sizes=(10,), copies=3)
    sim = bs.Simulation(network, dt=example.DT, seed=2)
    example.steer(sim, 100 * (example.SHOWN + example.PAUSE))
    images, _ = example.schedule(1, 3)
    expected = 1e-3 * example.SHOWN * example.RATE * images[:, :100].sum(axis=1).ravel()
    found = sim.result().spikes["pixels"].counts()
    assert np.abs(found - expected).max() < 5.0 * np.sqrt(expected.max())
    assert not found[expected == 0.0].any()


def test_synapses_stay_within_a_copy():
    network, _ = example.build(sizes=(10,), copies=3)
    sim = bs.Simulation(network, dt=example.DT, seed=2)
    tables = [sim.synapses(projection) for projection in network.projections]
    assert [len(table) for table in tables] == [3 * 640, 3 * 10, 3 * 90]
    for table in tables:
        np.testing.assert_array_equal(table.pre // (table.n_pre // 3), table.post // (table.n_post // 3))
    assert (tables[2].pre != tables[2].post).all()  # a cell is not its own rival


def test_copies_differ_in_their_digits_spikes_and_weights(some):
    images, labels = example.schedule(1, 2)
    assert images.shape == (2, example.SAMPLES, example.PIXELS)
    assert not np.array_equal(labels[0, : example.LEARNED], labels[1, : example.LEARNED])
    np.testing.assert_array_equal(labels[0, example.LEARNED :], labels[1, example.LEARNED :])
    for begin in range(0, example.LEARNED, len(example.DATA.X_train)):  # each pass has all of them
        seen = images[:, begin : begin + len(example.DATA.X_train)].sum(axis=1)
        np.testing.assert_allclose(seen, [example.DATA.X_train.sum(axis=0)] * 2)
    first, second = figures.counts_of(some.result().spikes["10 cells"], 2)
    assert not np.array_equal(first, second)


def test_weights_are_scaled_before_each_digit_and_learn(some):
    weights = some.synapses("learning 10").matrix("weight").toarray()
    np.testing.assert_allclose(weights.sum(axis=0), example.TOTAL, rtol=1e-12)
    recorded = some.result().weights["learning 10"].values
    assert recorded.shape == (1, 640)  # of the first copy, at the start
    initial = recorded[0].reshape(64, 10)
    assert not np.allclose(initial * example.TOTAL / initial.sum(axis=0), weights[:64, :10], rtol=0.05)


def test_learning_stops_before_the_cells_are_labelled(monkeypatch):
    monkeypatch.setattr(example, "LEARNED", 2)
    sim = learned(1, 2 * (example.SHOWN + example.PAUSE), sizes=(10,), copies=2)
    weights, theta = sim.synapses("learning 10").weight.copy(), sim.state["10 cells"]["theta"].copy()
    example.steer(sim, 2 * (example.SHOWN + example.PAUSE))
    np.testing.assert_array_equal(sim.synapses("learning 10").weight, weights)
    np.testing.assert_allclose(sim.state["10 cells"]["theta"], theta, rtol=1e-6)


# the machine


def test_units_are_labelled_by_training_digits_and_tested_with_others():
    (images,), (y,) = example.schedule(1, 1)
    assert len(images) == len(y) == example.SAMPLES
    np.testing.assert_array_equal(images[-len(example.DATA.X_test) :], example.DATA.X_test)
    assert figures.accuracy(np.eye(10)[y], y) == 1.0
    assert figures.accuracy(np.ones((len(y), 10)), y) < 0.2


def test_k_means_recognises_more_with_more_prototypes():
    (images,), (y,) = example.schedule(1, 1)
    shares = [figures.accuracy(figures.k_means(n, images)[1], y) for n in (10, 100)]
    assert 0.5 < shares[0] < shares[1] - 0.05
    assert shares[1] > 0.88


def test_the_picture_of_a_short_run(some):
    picture = io.BytesIO()
    example.draw(some.result(), (0.0, some.time)).savefig(picture)
    assert picture.getvalue().startswith(b"\x89PNG")
