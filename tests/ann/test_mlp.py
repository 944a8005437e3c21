"""The perceptron: gradients against finite differences, what it learns, and that it does so again."""

import inspect
import os

import numpy as np
import pytest

import brainsim as bs
from brainsim.ann.conversion.thresholds import round_to_bits
from brainsim.ann.networks import activations
from brainsim.ann.networks.mlp import MLP

DIGITS = bs.ann.datasets.digits()


def points(n=200):
    """Return points of three classes that no line parts: in a ring, inside, outside."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 2))
    return X, np.digitize(np.hypot(*X.T), [0.8, 1.5])


@pytest.mark.parametrize("activation", ["relu", "softplus", "softlif", "sigmoid", "tanh"])
def test_gradients_are_gradients(activation):
    X, y = points(40)
    mlp = MLP((6, 5), activation=activation, dropout=0.0, epochs=1, seed=3).fit(X, y)
    rng = np.random.default_rng(0)
    loss, gradients = mlp._gradients(X, y, rng, learns=False)
    assert loss == pytest.approx(mlp._loss(X, y))
    for values, gradient in zip([*mlp.coefs_, *mlp.intercepts_], gradients, strict=False):
        for place in zip(*(rng.integers(0, size, 5) for size in values.shape), strict=True):
            step, old = 1e-5, values[place]
            values[place] = old + step
            above = mlp._loss(X, y)
            values[place] = old - step
            below = mlp._loss(X, y)
            values[place] = old
            assert gradient[place] == pytest.approx((above - below) / (2 * step), abs=1e-6)


def test_gradients_of_the_quantised_pass_through_the_floor():
    """With enough levels for the steps to vanish, they are those of a ReLU with an end, thresholds among them."""
    X, y = points(40)
    mlp = MLP((6, 5), activation="qcfs", levels=1 << 24, dropout=0.0, epochs=1, seed=3).fit(X, y)
    mlp.thresholds_ = [0.7, 0.5]
    gradients = mlp._gradients(X, y, np.random.default_rng(0), learns=True)[1]
    for layer in (0, 1):
        step, old = 1e-4, mlp.thresholds_[layer]
        losses = []
        for value in (old + step, old - step):
            mlp.thresholds_[layer] = value
            losses.append(mlp._loss(X, y))
        mlp.thresholds_[layer] = old
        assert gradients[-1][layer] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-4)


def test_digits():
    mlp = MLP(seed=0).fit(DIGITS.X_train, DIGITS.y_train)
    assert mlp.score(DIGITS.X_test, DIGITS.y_test) >= 0.97
    assert repr(mlp) == "MLP(64-128-64-10, 'relu')"
    probabilities = mlp.predict_proba(DIGITS.X_test)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(360))
    assert np.array_equal(probabilities.argmax(axis=1), mlp.predict(DIGITS.X_test))
    losses = mlp.history_["validation_loss"]
    # it went on for as long as it was patient, and kept the best
    assert len(losses) == 100 or len(losses) - 1 - int(np.argmin(losses)) == 20


@pytest.mark.parametrize("activation", ["relu", "qcfs", "softplus", "softlif", "sigmoid", "tanh"])
def test_each_activation_learns(activation):
    X, y = points(600)
    mlp = MLP((24,), activation=activation, dropout=0.0, learning_rate=0.02, epochs=80, seed=1).fit(X[:500], y[:500])
    assert mlp.score(X[500:], y[500:]) > 0.85
    assert MLP((24,), seed=1, epochs=1, learning_rate=1e-9).fit(X, y).score(X, y) < 0.7


def test_same_seed_same_network():
    X, y = points()
    one, same, other = (MLP((8,), activation="qcfs", epochs=5, seed=seed).fit(X, y) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one.coefs_, same.coefs_, strict=True))
    assert one.thresholds_ == same.thresholds_
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_labels_may_be_words():
    X, y = points()
    words = np.array(["inside", "ring", "outside"])[y]
    mlp = MLP((32,), dropout=0.0, learning_rate=0.02, epochs=80, seed=1).fit(X, words)
    assert set(mlp.predict(X)) <= {"inside", "ring", "outside"}
    assert mlp.score(X, words) > 0.7


def test_decay_and_thresholds_do_something():
    X, y = points()
    size = [np.abs(MLP((16,), weight_decay=decay, epochs=30).fit(X, y).coefs_[0]).mean() for decay in (0.0, 5.0)]
    assert size[1] < 0.8 * size[0]
    assert MLP((16,), activation="qcfs", threshold=1.5, epochs=3).fit(X, y).thresholds_ == [1.5]
    assert MLP((16,), activation="qcfs", epochs=3).fit(X, y).thresholds_ != [1.5]


def test_counts_are_the_levels_of_the_units():
    mlp = MLP((20, 10), activation="qcfs", levels=6, epochs=3).fit(DIGITS.X_train, DIGITS.y_train)
    h = DIGITS.X_test
    for W, b, theta, counts in zip(mlp.coefs_, mlp.intercepts_, mlp.thresholds_, mlp.counts(DIGITS.X_test), strict=False):
        expected = activations.qcfs_levels(h @ W + b, theta, 6)
        assert np.mean(counts != expected) < 1e-4  # the one is rounded, the other is not
        h = activations.qcfs(h @ W + b, theta, 6)
    assert mlp.activations(DIGITS.X_test)[1] == pytest.approx(h)
    with pytest.raises(ValueError, match="MLP.counts: only qcfs units have levels"):
        MLP((4,), epochs=1).fit(DIGITS.X_train, DIGITS.y_train).counts(DIGITS.X_test)


@pytest.mark.parametrize("activation", ["relu", "qcfs"])
def test_saving(tmp_path, activation):
    X, y = points()
    mlp = MLP((8, 4), activation=activation, levels=4, epochs=3).fit(X, y + 5)
    mlp.save(tmp_path / "net.npz")
    again = MLP.load(tmp_path / "net.npz")
    assert np.array_equal(again.decision_function(X), mlp.decision_function(X))
    assert np.array_equal(again.predict(X), mlp.predict(X))


def options_of(cls, **fixed):
    """Return options of which none is the default."""
    changed = {int: 3, float: 0.25, bool: True, str: "x", type(None): 0.5}
    defaults = {name: p.default for name, p in inspect.signature(cls).parameters.items()}
    return {name: changed[type(value)] for name, value in defaults.items() if name not in fixed} | fixed


@pytest.mark.parametrize("cls", [MLP, bs.ann.RNN])
def test_a_file_has_all_options(tmp_path, cls):
    """So a network that is loaded and trained again is the one that was saved, trained again."""
    X, y = points()
    X = X if cls is MLP else np.stack([X, X], axis=1)
    fixed = {"hidden": (4,), "activation": "qcfs"} if cls is MLP else {"hidden": 4, "cell": "tanh", "loss": "mean"}
    net = cls(**options_of(cls, **fixed)).fit(X, y)
    net.save(tmp_path / "net.npz")
    again = cls.load(tmp_path / "net.npz")
    assert again.get_params() == net.get_params()
    assert not {n for n, v in net.get_params().items() if v == inspect.signature(cls).parameters[n].default}
    assert np.array_equal(again.fit(X, y).decision_function(X), net.decision_function(X))
    with np.load(tmp_path / "net.npz") as file:
        content = dict(file)
    np.savez(tmp_path / "old.npz", **{name: value for name, value in content.items() if name != "options"})  # until 0.1.1
    old = cls.load(tmp_path / "old.npz")
    assert np.array_equal(old.decision_function(X), net.decision_function(X))
    assert old.seed == 0
    np.savez(tmp_path / "bad.npz", **content | {"options": np.asarray('{"sead": 1}')})
    with pytest.raises(ValueError, match=rf"{cls.__name__}.load.path: .*its options: must be parameters of {cls.__name__}"):
        cls.load(tmp_path / "bad.npz")


def network_with_input():
    """Return a network for a trainer, and its output."""
    source, readout = bs.Population(2, bs.SpikeTrains([], []), name="source"), bs.Population(3, bs.LI(), name="readout")
    net = bs.Network(seed=1)
    net.connect(source, readout, bs.AllToAll(), weight=bs.Normal(0.0, 20.0), delay=1.0, synapse=bs.Exponential(tau=5.0))
    return net, readout


@pytest.mark.parametrize("made", ["MLP", "RNN", "SpikingNetwork", "Trainer"])
def test_what_is_asked_of_an_untrained_network_is_one_error(made):
    X, y = points()
    few = {"epochs": 1} if made in ("MLP", "RNN") else {"epochs": 1, "duration": 20.0}
    room = bs.ann if made in ("MLP", "RNN") else bs.learn
    net = getattr(room, made)(*(network_with_input() if made == "Trainer" else (4,)), **few)
    X = np.stack([X, X], axis=1) if made == "RNN" else np.abs(X)
    for ask in (net.predict, net.decision_function, net.predict_proba):
        with pytest.raises(bs.learn.NotFittedError, match=rf"{made}: is not trained yet; call fit\(X, y\) first"):
            ask(X)
    assert not hasattr(net, "n_features_in_")
    assert net.fit(X, y).n_features_in_ == 2
    assert not hasattr(net.set_params(seed=1), "n_features_in_")
    assert issubclass(bs.learn.NotFittedError, ValueError)
    assert issubclass(bs.learn.NotFittedError, AttributeError)


def test_few_bits():
    values = np.random.default_rng(3).normal(size=1000)
    few = round_to_bits(values, 10)
    assert np.abs(few - values).max() <= 2.0**-11 * 2.0 ** np.ceil(np.log2(np.abs(values).max()))
    assert np.array_equal(round_to_bits(few, 10), few)
    assert round_to_bits(np.zeros(3), 5).tolist() == [0, 0, 0]
    assert round_to_bits(0.3, 2) == 0.25 or round_to_bits(0.3, 2) == 0.375
    # sums are the same in any order
    order = np.random.default_rng(4).permutation(1000)
    assert sum(few.tolist()) == sum(few[order].tolist())


def test_mistakes_of_a_perceptron():
    X, y = points()
    for given, message in [
        ({"hidden": (0,)}, "MLP.hidden: must be >= 1"),
        ({"activation": "rely"}, "MLP.activation: .*did you mean 'relu'?"),
        ({"dropout": 1.0}, r"MLP.dropout: must be below 1 \(got 1.0\)"),
        ({"levels": 0}, "MLP.levels: must be >= 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            MLP(**given)
    with pytest.raises(ValueError, match=r"MLP.fit.y: must be one label for each of the 200 samples"):
        MLP().fit(X, y[:-1])
    with pytest.raises(ValueError, match=r"MLP.X: must have the shape \(samples, 2\) \(got \(200, 1\)\)"):
        MLP(epochs=1).fit(X, y).predict(X[:, :1])
    with pytest.raises(ValueError, match="MLP.fit.X: must be finite"):
        MLP().fit(X * np.nan, y)
    with pytest.raises(ValueError, match=r"MLP.fit.y: must be class labels, whole numbers or strings \(got \d.5\)"):
        MLP().fit(X, y + 0.5)
    with pytest.raises(ValueError, match=r"MLP.hidden: must be one hidden layer or more \(got none\)"):
        MLP(())


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "other.npz"
    np.savez(path, W0=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"was not written by MLP.save \(missing: b0, activation, levels, classes"):
        MLP.load(path)
    path.write_bytes(b"not a network")
    with pytest.raises(ValueError, match=r"MLP.load.path: '.*' is not a readable file of a network \(.* not a complete"):
        MLP.load(path)  # NumPy would advise to allow pickles
    with pytest.raises(FileNotFoundError, match="MLP.load.path: there is no file"):
        MLP.load(tmp_path / "none.npz")


def test_layers_of_a_file_fit_each_other(tmp_path):
    X, y = points()
    MLP((6, 5), epochs=1).fit(X, y).save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz") as file:
        content = dict(file)
    for change in ({"W1": np.ones((7, 5))}, {"b0": np.ones(3)}, {"W2": np.ones(5)}, {"classes": np.arange(9)}):
        np.savez(tmp_path / "bad.npz", **(content | change))
        with pytest.raises(ValueError, match="MLP.load.path: the layers of '.*bad.npz' do not fit"):
            MLP.load(tmp_path / "bad.npz")


def test_a_network_is_saved_whole_or_not_at_all(tmp_path, monkeypatch):
    X, y = points()
    mlp = MLP(4, epochs=1).fit(X, y)
    mlp.save(tmp_path / "net")
    before = (tmp_path / "net.npz").read_bytes()

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", fail)
    with pytest.raises(OSError, match="disk full"):
        mlp.save(tmp_path / "net.npz")
    assert (tmp_path / "net.npz").read_bytes() == before
    assert os.listdir(tmp_path) == ["net.npz"]


def test_parameters_are_got_and_set():
    X, y = points()
    mlp = MLP([6, 5], epochs=3, dropout=0, levels=4.0)
    assert list(mlp.get_params())[:3] == ["hidden", "activation", "levels"]
    assert MLP(**mlp.get_params()).get_params() == mlp.get_params()
    assert all(MLP(**mlp.get_params()).get_params()[name] is value for name, value in mlp.get_params().items())
    assert (mlp.hidden, mlp.levels, mlp.dropout) == ((6, 5), 4, 0.0)
    mlp.fit(X, y)
    assert mlp.set_params(hidden=7, epochs=2) is mlp
    assert (mlp.hidden, mlp.epochs, mlp.levels) == ((7,), 2, 4)
    with pytest.raises(AttributeError, match="is not trained yet"):  # what it learned had other layers
        mlp.predict(X)
    with pytest.raises(ValueError, match="MLP.set_params: there is no parameter 'epoch'; did you mean 'epochs'?"):
        mlp.set_params(epoch=3)
    with pytest.raises(ValueError, match="MLP.epochs: must be >= 1"):
        mlp.set_params(epochs=0)


@pytest.mark.thorough
def test_scikit_learn_clones_and_searches():
    base = pytest.importorskip("sklearn.base")
    from sklearn.model_selection import GridSearchCV, cross_val_score

    X, y = points()
    mlp = MLP((6, 5), epochs=3, dropout=0.2, seed=4).fit(X, y)
    twin = base.clone(mlp)
    assert twin.get_params() == mlp.get_params()
    assert not hasattr(twin, "coefs_")
    assert cross_val_score(mlp, X, y, cv=3).shape == (3,)
    assert GridSearchCV(MLP(epochs=2), {"hidden": [3, (4, 2)]}, cv=2).fit(X, y).best_params_["hidden"] in (3, (4, 2))
