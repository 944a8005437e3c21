"""Files of networks that learn: what is damaged is named, and nothing of it reaches a kernel."""

import warnings

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mutations import attempt, content_of, is_checked, write_mutated

pytestmark = pytest.mark.thorough

MUTATIONS = 40
X, Y = np.random.default_rng(1).uniform(1.0, 20.0, (16, 6)), np.arange(16) % 2


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the path of a network that has been trained for an epoch."""
    layer = bs.learn.Layer(5, learns="tau_m", delay=np.full((6, 5), 2.0))
    net = bs.learn.SpikingNetwork(layer, epochs=1, duration=30.0, validation=0.25, batch=8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.fit(X, Y).save(path := tmp_path_factory.mktemp("saved") / "net.npz")
    return path


def changed(saved, path, **arrays):
    """Write a file with other arrays and return its path."""
    np.savez(path, **content_of(saved) | {name.replace("__", "/"): values for name, values in arrays.items()})
    return path


@pytest.mark.filterwarnings("ignore")
def test_whatever_is_damaged_is_named_or_harmless(saved, tmp_path):
    content, rng, path, refused = content_of(saved), np.random.default_rng(1), tmp_path / "bad.npz", 0
    for _ in range(MUTATIONS):
        what = write_mutated(path, content, rng)
        net, error = attempt(lambda: bs.learn.SpikingNetwork.load(path))
        if error is not None:
            assert "bad.npz" in str(error), what
            assert is_checked(error), (what, error)
            refused += 1
        else:
            net.partial_fit(X, np.asarray(net.classes_)[Y])
            assert net.predict(X).shape == Y.shape, what
    assert refused > MUTATIONS / 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.astype(np.int8), "training/vector: must be an array of .* float64"),  # kernels were compiled for int8
        (lambda v: 0.0 * v, "training/vector: delay of layer 0: must be >= 1 ms"),  # was a division by zero
        (lambda v: np.nan * v, r"training/vector: must be finite \(got nan\)"),
        (lambda v: np.where(v == 2.0, 2.0**40, v), "training/vector: delay of layer 0: must be <= 65000 ms"),  # was 80 TiB
    ],
)
def test_what_was_learned(saved, tmp_path, change, message):
    vector = change(content_of(saved)["training/vector"])
    with pytest.raises(ValueError, match=f"SpikingNetwork.load: '.*bad.npz' is not a readable .*{message}"):
        bs.learn.SpikingNetwork.load(changed(saved, tmp_path / "bad.npz", training__vector=vector))


def test_delays_of_a_layer(saved, tmp_path):
    with pytest.raises(ValueError, match=r"bad.npz.*Layer.delay: must be at most 65000 ms, 65,000 time steps \(got"):
        bs.learn.SpikingNetwork.load(changed(saved, tmp_path / "bad.npz", layer0__delay=np.full((6, 5), 2.0**40)))
    with pytest.raises(ValueError, match=r"Layer.delay: must be at most 65000 ms, 65,000 time steps \(got"):
        bs.learn.SpikingNetwork(bs.learn.Layer(5, delay=2.0**40))


def test_artificial_networks(tmp_path):
    bs.ann.MLP(5, epochs=1, activation="qcfs").fit(X / 20.0, Y).save(path := tmp_path / "net.npz")
    for changes, message in (
        ({"W0": np.full((6, 5), np.nan)}, "W0: must be finite"),
        ({"b1": np.zeros(2, np.int64)}, "b1: must be an array of 2 float64"),
        ({"thresholds": np.array([-1.0])}, "thresholds: must be > 0"),
        ({"levels": np.array(0)}, "MLP.levels: must be >= 1"),
        ({"activation": np.array("relux")}, "MLP.activation: there is no 'relux'"),
        ({"classes": np.array([1, 0])}, "classes: must be in increasing order"),
    ):
        with pytest.raises(ValueError, match=f"MLP.load.path: '.*bad.npz' is not a readable file of a network .{message}"):
            bs.ann.MLP.load(changed(path, tmp_path / "bad.npz", **changes))
    bs.ann.RNN(5, epochs=1).fit(X.reshape(16, 2, 3), Y).save(path)
    for changes, message in (
        ({"U": np.zeros((5, 5))}, r"U: must be an array of float64 of shape \(5, 15\)"),
        ({"c": np.zeros(())}, r"W: must be an array of float64 of shape \(3, 3\)"),
        ({"cell": np.array("lstm")}, "RNN.cell: there is no 'lstm'"),
        ({"d": np.array([np.inf, 0.0])}, "d: must be finite"),
    ):
        with pytest.raises(ValueError, match=f"RNN.load.path: '.*bad.npz' is not a readable file of a network .{message}"):
            bs.ann.RNN.load(changed(path, tmp_path / "bad.npz", **changes))
