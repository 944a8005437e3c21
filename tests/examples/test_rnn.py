"""The recurrent network: gradients against finite differences, bits for any threads, what it learns, and mistakes."""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.thorough

LENGTHS = (5, 7, 3, 6, 4, 7, 2, 7, 5)


def sequences(loss="last", seed=3):
    """Return nine sequences of different lengths, and labels of them or of their steps."""
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(n, 3)) for n in LENGTHS]
    y = [rng.integers(-1, 3, n) for n in LENGTHS] if loss == "sequence" else np.arange(9) % 3
    if loss == "sequence":
        y[0][0] = 2
    return X, y


def order(n=120):
    """Return sequences of two inputs, and which of them was on first."""
    first = np.random.default_rng(1).integers(0, 2, n)
    X = np.zeros((n, 10, 2))
    X[np.arange(n), 2, first] = X[np.arange(n), 6, 1 - first] = 1.0
    return X, first


@pytest.mark.parametrize("cell", ["gru", "tanh"])
@pytest.mark.parametrize("loss", ["last", "mean", "sequence"])
def test_gradients_equal_differences(cell, loss):
    X, y = sequences(loss)
    net = bs.ann.RNN(6, cell=cell, loss=loss, epochs=1, validation=0.0).fit(X, y)
    rng = np.random.default_rng(0)
    value, parts = net.gradients(X, y)
    assert value == pytest.approx(net.mean_loss(X, y), rel=1e-14)
    for name, part in net.weights_.items():
        for index in (tuple(rng.integers(0, part.shape)) for _ in range(6)):
            centre, losses = part[index], []
            for step in (1e-5, -1e-5):
                part[index] = centre + step
                losses.append(net.mean_loss(X, y))
            part[index] = centre
            assert parts[name][index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6, abs=1e-9), name
        if name != "c" or cell == "gru":
            assert np.abs(parts[name]).max() > 1e-3  # there is something to compare


@pytest.mark.parametrize("cell", ["gru", "tanh"])
def test_units_are_those_of_their_equations(cell):
    X, y = sequences()
    net = bs.ann.RNN(4, cell=cell, epochs=2).fit(X, y)
    w, h = net.weights_, np.zeros(4)
    for x in X[1]:
        drive, back = x @ w["W"] + w["b"], h @ w["U"]
        if cell == "tanh":
            h = np.tanh(drive + back)
        else:
            r, z = (1.0 / (1.0 + np.exp(-(drive + back)[k : k + 4])) for k in (0, 4))
            h = z * h + (1.0 - z) * np.tanh(drive[8:] + r * (back[8:] + w["c"]))
    np.testing.assert_allclose(net.decision_function(X)[1], h @ w["V"] + w["d"], rtol=0, atol=1e-14)


@pytest.mark.parametrize("cell", ["gru", "tanh"])
def test_it_learns_an_order_with_the_same_bits_for_any_threads(cell):
    X, first = order()
    nets = [
        bs.ann.RNN(8, cell=cell, epochs=12, learning_rate=0.02, seed=2, threads=n).fit(X[:100], first[:100]) for n in (1, 3)
    ]
    assert nets[0].score(X[100:], first[100:]) == 1.0
    for name, part in nets[0].weights_.items():
        assert np.array_equal(part, nets[1].weights_[name]), name
    assert nets[0].history_ == nets[1].history_
    assert len(nets[0].history_["validation_loss"]) == 12
    np.testing.assert_allclose(nets[0].predict_proba(X).sum(axis=1), 1.0)


def test_a_long_gradient_is_shortened_and_training_stops_early():
    X, first = order(60)
    free, short = (bs.ann.RNN(4, epochs=3, clip=clip).fit(X, first) for clip in (0.0, 1e-9))
    assert free.history_["loss"] != short.history_["loss"]
    noise = np.random.default_rng(5).integers(0, 2, 60)
    stopped = bs.ann.RNN(4, epochs=200, patience=2, learning_rate=0.05).fit(X, noise)
    losses = stopped.history_["validation_loss"]
    assert len(losses) < 200
    assert np.argmin(losses) == len(losses) - 3


def test_steps_have_labels_and_samples_have_ends():
    X, y = sequences("sequence")
    net = bs.ann.RNN(5, loss="sequence", epochs=2).fit(X, y)
    found = net.predict(X)
    assert found.shape == (9, 7)
    assert np.array_equal(found >= 0, np.arange(7) < np.array(LENGTHS)[:, None])
    assert np.array_equal(net.outputs(X)[2, 3:], np.zeros((4, 3)))
    right = [found[k, : len(row)][row >= 0] == row[row >= 0] for k, row in enumerate(y)]
    assert net.score(X, y) == np.concatenate(right).mean()


def test_labels_may_be_strings_and_files_keep_everything(tmp_path):
    X, first = order(60)
    names = np.array(["left", "right"])[first]
    net = bs.ann.RNN(8, epochs=30, learning_rate=0.02).fit(X, names)
    assert net.score(X, names) > 0.9
    net.save(tmp_path / "net")
    again = bs.ann.RNN.load(tmp_path / "net.npz")
    assert np.array_equal(again.decision_function(X), net.decision_function(X))
    assert repr(again) == "RNN(2-8-2, cell='gru', loss='last')"
    assert set(again.predict(X)) == {"left", "right"}
    np.savez(tmp_path / "other.npz", W=np.zeros(3))
    with pytest.raises(ValueError, match="RNN.load.path: .* was not written by RNN.save"):
        bs.ann.RNN.load(tmp_path / "other.npz")


MISTAKES = {
    "cell": (lambda X, y: bs.ann.RNN(cell="gruu"), "RNN.cell: there is no 'gruu'.*'gru'"),
    "loss": (lambda X, y: bs.ann.RNN(loss="first"), "RNN.loss: there is no 'first'"),
    "hidden": (lambda X, y: bs.ann.RNN(0), "RNN.hidden: must be >= 1"),
    "validation": (lambda X, y: bs.ann.RNN(validation=1.0), "RNN.validation: must be below 1"),
    "flat": (lambda X, y: bs.ann.RNN(4).fit(X[0], y), "RNN.fit.X: .*a single sample is X.None."),
    "lengths": (lambda X, y: bs.ann.RNN(4).fit(X[:5], y), "RNN.fit.y"),
    "widths": (
        lambda X, y: bs.ann.RNN(4).fit([*X[:8], np.zeros((4, 2))], y),
        "must have the same number of inputs .got 2, 3",
    ),
    "nothing": (lambda X, y: bs.ann.RNN(4).fit([], y), "RNN.fit.X: must be an array"),
    "empty sample": (lambda X, y: bs.ann.RNN(4).fit([*X[:8], np.zeros((0, 3))], y), "one step and one input .got .9, 0, 3"),
    "infinite": (lambda X, y: bs.ann.RNN(4).fit([*X[:8], np.full((4, 3), np.inf)], y), "RNN.fit.X.8."),
    "one class": (lambda X, y: bs.ann.RNN(4).fit(X, 0 * y), "RNN.fit.y: must have at least two classes"),
    "fraction": (lambda X, y: bs.ann.RNN(4).fit(X, y + 0.5), "RNN.fit.y: must be class labels"),
    "steps": (lambda X, y: bs.ann.RNN(4, loss="sequence").fit(X, y), "a label for each step"),
    "untrained": (lambda X, y: bs.ann.RNN(4).predict(X), "RNN: is not trained yet"),
    "inputs": (lambda X, y: bs.ann.RNN(4, epochs=1).fit(X, y).predict(np.zeros((2, 3, 4))), "must have 3 inputs, as in"),
    "unknown": (lambda X, y: bs.ann.RNN(4, epochs=1).fit(X, y).mean_loss(X, y + 5), "must be labels that the network knows"),
    "parameter": (lambda X, y: bs.ann.RNN(4).set_params(units=3), "RNN.set_params: there is no parameter 'units'"),
}


@pytest.mark.parametrize(("call", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(call, said):
    with pytest.raises((ValueError, AttributeError), match=said):
        call(*sequences())


def test_parameters_can_be_changed():
    net = bs.ann.RNN(4).set_params(hidden=5, cell="tanh")
    assert (net.get_params()["hidden"], net.cell) == (5, "tanh")
