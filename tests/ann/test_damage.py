"""The same damage to both bodies, and the law that makes their answers the same: rates are activations, to a bound."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.ann import MLP, bodies, convert
from brainsim.ann.report.damage import damaged

DATA = bs.ann.datasets.digits()


@pytest.fixture(scope="module")
def mlp():
    """Return a small network that has learned the digits."""
    return MLP((40, 30), epochs=30, seed=2).fit(DATA.X_train, DATA.y_train)


def random_network(seed):
    """Return a network that has learned nothing, of two to four layers, and samples for it."""
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(5, 40, rng.integers(3, 6))]
    pairs = zip(sizes, sizes[1:], strict=False)
    network = [(rng.normal(size=(a, b)) / np.sqrt(a), 0.3 * rng.normal(size=b)) for a, b in pairs]
    return network, rng.random((400, sizes[0])), rng.random((200, sizes[0]))


@pytest.mark.parametrize("schedule", ["parallel", "sequential"])
@pytest.mark.parametrize("v0", ["half", "zero"])
def test_rates_are_activations_to_the_stated_bound(schedule, v0):
    """In ten random networks, in all units and samples; the bound is nearly reached, so it is not merely large."""
    for seed in range(10):
        network, calib, X = random_network(seed)
        snn = convert(network, calib, schedule=schedule, v0=v0)
        activations = snn.trained.activations(X)
        for T in (4, 64):
            parts = zip(snn.thresholds, snn.counts(X, T), activations, snn.bounds(X, T), strict=False)
            shares = [np.abs(theta * count / T - h) / bound for theta, count, h, bound in parts]
            assert max(share.max() for share in shares) <= 1.0, (seed, T)
            assert shares[0].max() > 0.9


def test_a_spike_that_loses_its_rest_breaks_the_bound():
    network, calib, X = random_network(1)
    snn = convert(network, calib)
    loses = convert(network, calib, reset="zero")
    away = np.abs(loses.thresholds[0] * loses.counts(X, 64)[0] / 64 - loses.trained.activations(X)[0])
    assert (away > snn.bounds(X, 64)[0]).any()
    with pytest.raises(ValueError, match=r"bounds: exist for encoder='current' and reset='subtract' only \(got .*'zero'\)"):
        loses.bounds(X)
    assert not loses.bounded


def test_rounded_units_are_within_the_bound(mlp):
    qcfs = MLP(24, activation="qcfs", levels=8, epochs=10).fit(DATA.X_train, DATA.y_train)
    snn = convert(qcfs)
    for T in (8, 20):
        (theta,), (count,), (bound,) = snn.thresholds, snn.counts(DATA.X_test, T), snn.bounds(DATA.X_test, T)
        assert (np.abs(theta * count / T - snn.trained.activations(DATA.X_test)[0]) <= bound).all()


@pytest.mark.thorough
def test_answers_of_ten_random_networks_are_the_same_at_the_time_that_the_table_states():
    for seed in range(10):
        network, calib, X = random_network(seed)
        y = convert(network, calib).trained.predict(X)
        found = bodies(network, X, y, calib=calib, T=(16, 64, 256, 1024), norm="max")
        assert found.same_from is not None, seed
        assert found.row(T=found.same_from).agreement >= 0.99


def test_damage_that_is_none_changes_nothing_and_all_of_it_leaves_chance(mlp):
    levels = {
        "silenced": [0, 1],
        "deleted": [0, 1],
        "lost": [0, 1],
        "weights": [0, 50],
        "inputs": [0, 50],
        "thresholds": [0, 0.5],
        "bits": [16, 2],
    }
    found = bodies(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(16,), damage=levels, repeats=2)
    for kind in levels:
        for body in ("artificial", "spiking"):
            none, all_of_it = found.damaged(kind, body)
            assert none.accuracy == pytest.approx(found.row(body).accuracy, abs=0.003 * (kind == "bits")), (kind, body)
            assert all_of_it.accuracy < (0.35 if kind not in ("thresholds",) else none.accuracy + 0.01), (kind, body)
            assert none.low <= none.accuracy <= none.high
    text = found.summary()
    assert "share of hidden cells or units silenced" in text
    assert len(found.plot().axes) == 15


def test_each_network_repetition_and_seed_has_its_own_damage(mlp):
    """And the same seed the same: so an interval over networks is one over independent draws."""
    X, y = DATA.X_test[:100], DATA.y_test[:100]

    def rows(kinds, seed, repeats=1, networks=1):
        some = {"calib": DATA.X_train, "T": (4,), "repeats": repeats, "seed": seed}
        found = bodies([mlp] * networks, X, y, damage=dict.fromkeys(kinds, [0.6]), **some)
        return {(kind, body): found.damaged(kind, body)[0] for kind in kinds for body in ("artificial", "spiking")}

    kinds = ("silenced", "lost", "deleted", "weights", "inputs", "thresholds")
    first, again, other = rows(kinds, 1), rows(kinds, 1), rows(kinds, 2)
    repeated, several = rows(kinds, 1, repeats=3), rows(kinds, 1, networks=3)
    np.testing.assert_equal([*first.values()], [*again.values()])
    for key, row in first.items():
        assert row.agreement != other[key].agreement, key
        assert repeated[key].agreement not in (row.agreement, several[key].agreement), key
        # three times the same damage would be the same mean
        assert several[key].agreement != pytest.approx(row.agreement, abs=1e-9), key


def test_both_bodies_get_the_same_damage(mlp):
    """So with many steps they still give the same answers, whatever is silenced, rounded, noisy or has drifted."""
    levels = {"silenced": [0.4], "deleted": [0.4], "weights": [0.5], "inputs": [0.3], "thresholds": [0.2], "bits": [3]}
    some = {"calib": DATA.X_train, "T": (256,), "norm": "max", "repeats": 1}
    found = bodies(mlp, DATA.X_test, DATA.y_test, damage=levels, **some)
    for kind in levels:
        (own,), (cells,) = found.damaged(kind, "artificial"), found.damaged(kind)
        assert own.accuracy < found.row("artificial").accuracy - 0.003, kind
        assert cells.accuracy == pytest.approx(own.accuracy, abs=0.012), kind
        assert cells.agreement == pytest.approx(own.agreement, abs=0.012), kind


def test_a_drift_of_the_thresholds_is_what_the_engine_does_with_other_thresholds(mlp):
    """One cell in the engine with a threshold that is 1.25 times as high sends what the damaged network says."""
    network, x = [(np.eye(1), np.full(1, 0.2)), (np.ones((1, 2)), np.zeros(2))], [0.17]
    snn = convert(network, np.array([[0.8]]))
    sim = bs.Simulation(snn.network_for(x, 40), dt=1.0, seed=0)
    sim.set("hidden1", v_th=1.25 * snn.thresholds[0])
    sim.state["hidden1"]["v"] = 0.625 * snn.thresholds[0]  # half of it
    spikes = sim.run(snn.duration(40)).spikes["hidden1"].counts()[0]

    class Fixed:
        def standard_normal(self, n):
            return np.full(n, 1.0)

    weights, biases = damaged(snn.trained.weights, snn.trained.biases, "thresholds", 0.25, Fixed())
    drifted = convert(list(zip(weights, biases, strict=True)), np.array([[1.05]]), norm="max")
    assert drifted.thresholds == pytest.approx(snn.thresholds)
    assert drifted.counts([x], 40)[0][0, 0] == spikes == 12


def test_fewer_layers(mlp):
    found = bodies(mlp, DATA.X_test, DATA.y_test, calib=DATA.X_train, T=(32,), damage="layers")
    for body in ("artificial", "spiking"):
        one, both = found.damaged("layers", body)
        assert [one.level, both.level] == [1.0, 2.0]
        assert both.accuracy == found.row(body).accuracy
        assert 0.85 < one.accuracy <= 1.0
    with pytest.raises(ValueError, match="bodies.damage: 'layers' fits outputs to training data; give calib=X_train"):
        bodies(mlp, DATA.X_test, DATA.y_test, damage="layers", norm="model")


def test_sparse_weights_are_damaged_as_full_ones():
    W = np.where(np.random.default_rng(0).random((6, 5)) < 0.5, 1.7, 0.0)
    V = np.random.default_rng(1).normal(size=(5, 3))
    biases = [np.ones(5), np.zeros(3)]
    for kind, level in (("silenced", 0.5), ("bits", 3), ("thresholds", 0.4)):
        full = damaged([W, V], biases, kind, level, np.random.default_rng(3))
        some = damaged([sparse.csr_array(W), sparse.csr_array(V)], biases, kind, level, np.random.default_rng(3))
        for a, b in zip(full[0], some[0], strict=True):
            np.testing.assert_allclose(a, b.toarray(), atol=1e-12)
        np.testing.assert_allclose(full[1][0], some[1][0])
    noisy, _ = damaged([sparse.csr_array(W)], [np.zeros(5)], "weights", 0.5, np.random.default_rng(3))
    assert noisy[0].nnz == np.count_nonzero(W)


def test_the_silenced_are_a_share_of_each_layer(mlp):
    snn = convert(mlp, DATA.X_train)
    weights, _ = damaged(snn.trained.weights, snn.trained.biases, "silenced", 0.5, np.random.default_rng(0))
    assert [int((~W.any(axis=1)).sum()) for W in weights[1:]] == [20, 15]
    network = replace(snn.trained, weights=weights)
    assert network.predict(DATA.X_test[:5]).shape == (5,)
