"""What is converted: networks as each library has them are read alike, and what is not a chain of ReLUs is rejected."""

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.ann import MLP, bodies, convert
from brainsim.ann.networks import layers
from brainsim.ann.networks.readers import networks_in

DATA = bs.ann.datasets.digits()
RNG = np.random.default_rng(5)
W1, B1, W2, B2 = RNG.normal(size=(64, 9)), RNG.normal(size=9), RNG.normal(size=(9, 4)), RNG.normal(size=4)


@pytest.fixture(scope="module")
def relu():
    """Return a network of ReLUs that has learned the digits."""
    return MLP(epochs=30, seed=0).fit(DATA.X_train, DATA.y_train)


class Tensor(np.ndarray):
    def detach(self):
        return np.asarray(self)


def part(name, **attributes):
    """Return an object whose class has the name of a layer."""
    return type(name, (), attributes)()


def torch_part(name, **attributes):
    """Return what is a module of PyTorch by name, and by the module that its class is of."""
    return part(name, __module__="torch.nn.modules", state_dict=dict, modules=lambda self: [self], **attributes)


def linear(W, b=None):
    return torch_part("Linear", weight=W.T.view(Tensor), bias=None if b is None else b.view(Tensor))


def chain(*parts, **attributes):
    return torch_part("Sequential", __iter__=lambda self: iter(parts), **attributes)


def dense(arrays, activation):
    return part("Dense", activation=activation, get_weights=lambda self: list(arrays))


def keras_chain(*layers, name="Sequential"):
    return part(name, layers=list(layers), get_weights=lambda self: [])


def called(name):
    """Return a function of that name."""
    return type(name, (), {})


def sources(relu, path):
    """Return the same network as each library has it."""
    pairs = list(zip(relu.coefs_, relu.intercepts_, strict=True))
    state = {f"{2 * k}.{name}": value for k, (W, b) in enumerate(pairs) for name, value in (("weight", W.T), ("bias", b))}
    flat = [array for pair in pairs for array in pair]
    a, b, c = (linear(*pair) for pair in pairs)
    torch = chain(
        torch_part("Flatten"),
        chain(a, torch_part("ReLU"), torch_part("Dropout", training=False, p=0.5)),
        b,
        torch_part("ReLU"),
        c,
        torch_part("LogSoftmax"),
    )
    keras = keras_chain(
        part("InputLayer"),
        part("Flatten"),
        dense(pairs[0], called("relu")),
        part("Dropout"),
        keras_chain(dense(pairs[1], None), part("ReLU", max_value=None, negative_slope=0.0)),
        dense(pairs[2], "linear"),
        part("Activation", activation=called("softmax")),
    )
    relu.save(path)
    attributes = {name: getattr(relu, name) for name in ("coefs_", "intercepts_", "activation", "classes_")}
    sklearn = part("MLPClassifier", **attributes)
    return {"pairs": pairs, "state": state, "flat": flat, "keras": keras, "torch": torch, "file": path, "sklearn": sklearn}


def test_lists_of_networks_and_networks_that_are_lists(tmp_path):
    """Each source of `convert`, twice in a list, is two networks; layers in a list are one."""
    relu = MLP((9, 7), epochs=1).fit(DATA.X_train[:200], DATA.y_train[:200])
    found = sources(relu, tmp_path / "net.npz")
    shallow = found["pairs"][:1] + [(found["pairs"][1][0], found["pairs"][1][1])]  # two layers, as many as (W, b) has parts
    for name, source in (found | {"text": str(found["file"]), "two": shallow, "matrices": [W1, W2]}).items():
        assert networks_in(source) == [source], name
        assert [one is source for one in networks_in([source, source])] == [True, True], name
    assert networks_in([[W1.tolist(), B1.tolist()], [W2.tolist(), B2.tolist()]])[0][0][0] == W1.tolist()
    three = [found[name] for name in ("keras", "file", "state")]
    report = bodies(three, DATA.X_test[:50], DATA.y_test[:50], calib=DATA.X_train, T=(4,))
    assert len(report.pairs) == 3
    for pair in report.pairs:
        assert np.array_equal(pair.answers["artificial"], relu.predict(DATA.X_test[:50]))
    deep = [(np.eye(64), np.zeros(64)), *found["pairs"]]
    with pytest.raises(ValueError, match=r"bodies.model\[1\]: must have 2 hidden layers, as the first .* \(got 3\)"):
        bodies([relu, deep], DATA.X_test, DATA.y_test, calib=DATA.X_train)


FIRST, LAST, SQUARE, RELU = linear(W1, B1), linear(W2, B2), linear(np.eye(9)), torch_part("ReLU")
INSTEAD = (
    "give a torch.nn.Sequential of Linear, Conv2d, AvgPool2d, MaxPool2d, BatchNorm, ReLU, Flatten and Dropout, or a list"
)


def own(**attributes):
    """Return a module whose class is not PyTorch's, as one with a skip connection."""
    return part("Residual", __module__="__main__", state_dict=dict, modules=lambda self: [FIRST, RELU, LAST], **attributes)


def test_every_source_is_read_alike(relu, tmp_path):
    expected = convert(relu, DATA.X_train).evidence(DATA.X_test[:20], 8)
    for name, source in sources(relu, tmp_path / "net.npz").items():
        assert np.array_equal(convert(source, DATA.X_train).evidence(DATA.X_test[:20], 8), expected), name


def test_two_classes_and_regression(relu):
    rng = np.random.default_rng(1)
    W, b, V = rng.normal(size=(64, 12)), rng.normal(size=12), rng.normal(size=(12, 1))
    attributes = {"coefs_": [W, V], "intercepts_": [b, np.array([-3.0])], "activation": "relu"}
    binary = part("MLPClassifier", classes_=np.array(["no", "yes"]), **attributes)
    output = (np.maximum(DATA.X_test @ W + b, 0) @ V - 3.0)[:, 0]
    labels = np.where(output > 0, "yes", "no")
    assert np.mean(convert(binary, DATA.X_train).predict(DATA.X_test, 256) == labels) > 0.97
    snn = convert(part("MLPRegressor", **attributes), DATA.X_train, norm="max")
    assert isinstance(snn, bs.ann.SpikingRegressor)
    assert snn.predict(DATA.X_test, 256).shape == (360,)
    with pytest.raises(ValueError, match="outputs of a regression must be linear"):
        convert(part("MLPRegressor", out_activation_="exp", **attributes), DATA.X_train)
    assert snn.score(DATA.X_test, output, 256) > 0.99
    assert snn.score(DATA.X_test, output, 256) > snn.score(DATA.X_test, output, 8)


def test_what_cannot_be_converted_is_rejected(relu, tmp_path):
    X, y = DATA.X_train, DATA.y_train
    pairs = list(zip(relu.coefs_, relu.intercepts_, strict=True))
    reasons = {"tanh": "negative", "sigmoid": "1/2", "softplus": "below threshold", "softlif": "leak"}
    for activation, reason in reasons.items():
        with pytest.raises(ValueError, match=f"{activation} cannot be converted: .*{reason}.*MLP\\(activation='qcfs'\\)"):
            convert(MLP(4, activation=activation, epochs=1).fit(X, y), X)
    with pytest.raises(TypeError, match="'0.weight' is not of a fully connected layer.*layers.lower"):
        convert({"0.weight": np.ones((4, 1, 3, 3))}, X)
    with pytest.raises(TypeError, match="convert.source: must be a network of .*call fit first"):
        convert(MLP(), X)
    with pytest.raises(TypeError, match=r"layers are converted as matrices; write convert\(bs.ann.layers.lower"):
        convert([layers.Dense(relu.coefs_[0]), layers.ReLU()], X)
    with pytest.raises(ValueError, match="layer 1: W must have 128 inputs.*transpose"):
        convert([pairs[0], (pairs[1][0].T, np.zeros(128))], X)
    for n_in, n, lacking in ((4, 0, "layer 0: must have units"), (0, 3, "layer 0: must have inputs")):
        with pytest.raises(ValueError, match=f"{lacking}, but W has the shape .*; leave the layer out"):
            convert([(np.zeros((n_in, n)), np.zeros(n)), (np.zeros((n, 2)), np.zeros(2))], np.zeros((5, n_in)))
    with pytest.raises(ValueError, match="must have a hidden layer"):
        convert(pairs[2:], X)
    np.savez(tmp_path / "bad.npz", W0=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"must contain W0, b0, W1, b1 and so on \(missing: b0\)"):
        convert(tmp_path / "bad.npz", X)


def test_an_unknown_module_gets_a_message_with_what_to_pass():
    """As every course writes it: a class with a forward."""
    with pytest.raises(TypeError, match=r"a ReLU after each but the last, give its weights: convert\(model.state_dict\(\)"):
        convert(own(), DATA.X_train)
    with pytest.raises(TypeError, match=r"if it only calls its Sequential, give that: convert\(model.layers, \.\.\.\)"):
        convert(own(_modules={"layers": chain(FIRST, RELU, LAST)}), DATA.X_train)
    with pytest.raises(TypeError, match=r"convert\(model.state_dict\(\)"):
        convert(own(_modules={"layers": chain(FIRST, RELU), "last": LAST}), DATA.X_train)
    given = {"first.weight": W1.T, "first.bias": B1, "last.weight": W2.T, "last.bias": B2}  # what these words lead to
    assert convert(given, DATA.X_train).trained.predict(DATA.X_test).shape == (360,)


def test_the_footprint_counts_zeros_as_weights():
    """As NeuroBench does: bytes of every parameter and of the state, whatever its value; synapses are a separate number."""
    few = np.where(np.arange(64)[:, None] % 2, W1, 0.0)
    y = DATA.y_test % 4
    reports = [
        bs.ann.bodies([(W, B1), (W2, B2)], DATA.X_test, y, calib=DATA.X_train, T=(2,))
        for W in (W1, few, sparse.csr_array(few))
    ]
    assert [one.row().footprint for one in reports] == [4 * (weights + 9 * 4 + 2 * 13) for weights in (576, 576, 288)]
    assert [one.row("artificial").footprint for one in reports] == [4 * (n + 9 * 4 + 13) for n in (576, 576, 288)]
    assert [one.row(layer=1).synapses for one in reports] == [576, 288, 288]


def convolution(side=3, out=4, stride=(1, 1), padding=(0, 0), **options):
    weight = RNG.normal(size=(out, 1, side, side)).view(Tensor)
    return torch_part(
        "Conv2d", weight=weight, bias=RNG.normal(size=out).view(Tensor), stride=stride, padding=padding, **options
    )


def normed(n=4, **attributes):
    """Return a batch normalisation with statistics, in evaluation."""
    values = {name: RNG.random(n).view(Tensor) for name in ("weight", "bias", "running_mean", "running_var")}
    return torch_part("BatchNorm2d", **({"eps": 1e-5, "training": False} | values | attributes))


def test_convolutions_of_torch_are_lowered():
    """Kernels, normalisation and pooling become one matrix up to the next ReLU, and samples are images."""
    kernels, norm = convolution(padding="same"), normed()
    pool = torch_part("AvgPool2d", kernel_size=2, stride=2, padding=0, ceil_mode=False)
    W = RNG.normal(size=(64, 10))
    module = chain(kernels, norm, RELU, pool, torch_part("Flatten"), linear(W))
    images = DATA.X_train.reshape(-1, 1, 8, 8)
    snn = convert(module, images)
    same = layers.lower(
        [
            layers.Conv2D(kernels.weight, kernels.bias, padding=1),
            layers.BatchNorm(norm.weight, norm.bias, norm.running_mean, norm.running_var),
            layers.ReLU(),
            layers.AvgPool2D(2),
            layers.Dense(W),
        ],
        (1, 8, 8),
    )
    for (expected, b), found, c in zip(same, snn.trained.weights, snn.trained.biases, strict=True):
        np.testing.assert_allclose(
            (found - expected).toarray() if sparse.issparse(found) else found - expected, 0.0, atol=1e-12
        )
        np.testing.assert_allclose(c, b)
    some = DATA.X_test[:20]
    np.testing.assert_array_equal(snn.predict(some.reshape(-1, 1, 8, 8), 8), snn.predict(some, 8))
    report = bs.ann.bodies(module, some.reshape(-1, 1, 8, 8), DATA.y_test[:20], calib=images, T=(8, 64))
    assert report.row().agreement > 0.9
    assert report.row(layer=1).units == 256


def test_max_pooling_of_torch_is_lowered():
    """The ReLU may stand before it or after it."""
    kernels, pool, flat = (
        convolution(padding="same"),
        torch_part("MaxPool2d", kernel_size=2, stride=2),
        torch_part("Flatten"),
    )
    last, images = linear(RNG.normal(size=(64, 10))), DATA.X_train[:50].reshape(-1, 1, 8, 8)
    same = layers.lower(
        [layers.Conv2D(kernels.weight, kernels.bias, padding=1), layers.ReLU(), layers.MaxPool2D(2)]
        + [layers.Dense(last.weight.T)],
        (1, 8, 8),
    )
    for middle in ((RELU, pool), (pool, RELU)):
        trained = convert(chain(kernels, *middle, flat, last), images).trained
        for (expected, b), found, c in zip(same, trained.weights, trained.biases, strict=True):
            assert abs(found - expected).max() < 1e-12
            np.testing.assert_allclose(c, b, atol=1e-12)


def test_a_normalisation_may_be_first():
    """Its channels say how many inputs there are."""
    norm = normed(64)
    found = convert(chain(norm, FIRST, RELU, LAST), DATA.X_train).trained
    scale = norm.weight / np.sqrt(norm.running_var + 1e-5)
    same = (DATA.X_test - norm.running_mean) * scale + norm.bias
    np.testing.assert_allclose(found.activations(DATA.X_test)[0], np.maximum(same @ W1 + B1, 0.0), atol=1e-12)


def test_images_with_their_channels_last_are_told():
    module, images = chain(convolution(), RELU, torch_part("Flatten"), linear(np.ones((144, 10)))), DATA.X_train
    with pytest.raises(ValueError, match=r"Conv2D.weight: .*; images have their channels first, X.transpose\(0, 3, 1, 2\)"):
        convert(module, images.reshape(-1, 8, 8, 1))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (own(), f"cannot infer what the module Residual computes.*torch.onnx.export.model, .x,., 'net.onnx'.*{INSTEAD}"),
        (chain(FIRST, RELU, own(), LAST), "cannot infer what the module Residual computes"),
        (part("Sequential", __module__="mine", state_dict=dict, modules=dict), "cannot infer what the module Sequential"),
        (chain(FIRST, RELU, LAST, _forward_hooks={0: print}), f"Sequential has a hook.*{INSTEAD}"),
        (chain(FIRST, LAST), "identity cannot be converted: its units are negative"),
        (chain(FIRST, RELU, LAST, RELU), "must end with a fully connected layer"),
        (chain(RELU, FIRST, RELU, LAST), "must begin with a fully connected layer"),
        (
            chain(FIRST, RELU, torch_part("Dropout", training=True, p=0.5), LAST),
            r"training mode.*call source.eval\(\) first",
        ),
        (chain(FIRST, torch_part("BatchNorm3d"), RELU, LAST), "BatchNorm3d cannot be converted: .*BatchNorm"),
        (
            chain(FIRST, normed(training=True), RELU, LAST),
            "BatchNorm2d divides by statistics of the batch; call source.eval",
        ),
        (chain(FIRST, normed(running_mean=None), RELU, LAST), "make it with track_running_stats=True"),
        (chain(convolution(), RELU, LAST), r"give samples of the shape \(samples, channels, height, width\)"),
        (chain(convolution(groups=2), RELU, LAST), r"Conv2d must have groups=1 \(got 2\)"),
        (chain(convolution(stride=(1, 2)), RELU, LAST), r"Conv2d must have the same stride .*\(got \(1, 2\)\)"),
        (chain(convolution(padding="same", side=2), RELU, LAST), r"needs an odd, square kernel \(got \(2, 2\)\)"),
        (chain(FIRST, torch_part("MaxPool1d"), LAST), "MaxPool1d cannot be converted: .*MaxPool2d in a torch.nn.Sequential"),
        (chain(FIRST, torch_part("MaxPool2d", kernel_size=2, stride=2), LAST), "max pooling needs a ReLU"),
        (chain(FIRST, torch_part("MaxPool2d", padding=1), LAST), r"MaxPool2d must have padding=0 \(got 1\)"),
        (chain(FIRST, torch_part("Softmax"), LAST), "Softmax cannot be converted"),
        (chain(FIRST, torch_part("ReLU6"), LAST), "ReLU6 cannot be converted"),
        (chain(FIRST, RELU, LAST, torch_part("Sigmoid")), r"or a single output a sigmoid \(got Sigmoid of 4\)"),
        (torch_part("GRU"), "GRU cannot be converted"),
        (FIRST, "must have a hidden layer"),
    ],
)
def test_torch_modules_that_are_not_a_chain_of_known_layers_are_rejected(module, message):
    with pytest.raises((TypeError, ValueError), match=message):
        convert(module, DATA.X_train)


def test_a_layer_that_is_there_twice_is_read_twice():
    snn = convert(chain(FIRST, RELU, SQUARE, RELU, SQUARE, RELU, LAST), DATA.X_train)
    assert [W.shape for W in snn.trained.weights] == [(64, 9), (9, 9), (9, 9), (9, 4)]
    assert snn.trained.biases[1].tolist() == [0.0] * 9


def test_modules_of_torch_itself():
    """If PyTorch is installed: the converted network's outputs are the module's."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    module = nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, 20),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Sequential(nn.Linear(20, 20, bias=False), nn.ReLU()),
        nn.Linear(20, 10),
    ).eval()
    expected = module(torch.tensor(DATA.X_test, dtype=torch.float32)).detach().numpy()
    calib = torch.tensor(DATA.X_train, requires_grad=True)
    found = convert(module, calib).trained.activations(DATA.X_test)[-1]
    np.testing.assert_allclose(found, expected, atol=1e-5)

    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(64, 64), nn.Linear(64, 10)

        def forward(self, x):
            return self.last(torch.relu(self.first(x)) + x)

    with pytest.raises(TypeError, match="cannot infer what the module Skip computes"):
        convert(Skip(), DATA.X_train)

    torch.manual_seed(1)
    images = torch.tensor(DATA.X_test.reshape(-1, 1, 8, 8), dtype=torch.float32)
    module = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.AvgPool2d(2))
    module.extend([nn.Conv2d(6, 8, 3, stride=2, padding="valid"), nn.BatchNorm2d(8, affine=False), nn.ReLU(), nn.Flatten()])
    module.extend([nn.Linear(8, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 10)])
    module(images)  # statistics of the normalisation
    expected = module.eval()(images).detach().numpy()
    found = convert(module, images.numpy()).trained.activations(DATA.X_test)[-1]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            keras_chain(dense([W1, B1], called("relu")), dense([W2, B2], None), name="Functional"),
            "the layers of a Functional",
        ),
        (keras_chain(dense([W1, B1], called("tanh")), dense([W2, B2], None)), "tanh cannot be converted"),
        (keras_chain(dense([W1, B1], None), dense([W2, B2], None)), "identity cannot be converted"),
        (
            keras_chain(dense([W1, B1], "relu"), part("BatchNormalization"), dense([W2, B2], None)),
            "BatchNormalization cannot",
        ),
        (keras_chain(dense([W1, B1], None), part("ReLU", max_value=6.0), dense([W2, B2], None)), r"\(got max_value = 6.0\)"),
        (keras_chain(dense([W1, B1], "relu"), dense([W2, B2], "tanh")), r"outputs must be linear.*\(got tanh of 4\)"),
        (keras_chain(dense([W1, B1], "relu"), dense([W2, B2], "relu")), "must end with a fully connected layer"),
    ],
)
def test_keras_models_that_are_not_a_chain_of_known_layers_are_rejected(model, message):
    with pytest.raises((TypeError, ValueError), match=message):
        convert(model, DATA.X_train)


def test_states_and_lists_with_more_than_fully_connected_layers_are_rejected():
    state = {"0.weight": W1.T, "0.bias": B1, "1.weight": B1, "1.bias": B1, "2.weight": W2.T, "2.bias": B2}
    with pytest.raises(TypeError, match="'1.weight' is not of a fully connected layer"):
        convert(state, DATA.X_train)
    with pytest.raises(TypeError, match="'0.weight_g' is not of a fully connected layer"):
        convert({"0.weight_g": B1, "2.weight": W2.T}, DATA.X_train)
    with pytest.raises(TypeError, match=r"must be W, b, W, b .*\(got one of shape \(9,\)\)"):
        convert([W1, B1, B1, B1, W2, B2], DATA.X_train)


def test_one_output_tells_two_classes(tmp_path):
    W, b, V, c = W1, B1, W2[:, :1], np.array([0.4])
    inside = (np.maximum(DATA.X_test @ W + b, 0) @ V)[:, 0]
    c -= np.median(inside)
    expected = (inside + c > 0).astype(int)
    np.savez(tmp_path / "net.npz", W0=W, b0=b, W1=V, b1=c, classes=np.array(["no", "yes"]))
    state = {"0.weight": W.T, "0.bias": b, "2.weight": V.T, "2.bias": c}
    found = {
        "list": [(W, b), (V, c)],
        "sparse": [(W, b), (sparse.csr_array(V), c)],
        "state": state,
        "flat": [W, b, V, c],
        "torch": chain(linear(W, b), RELU, linear(V, c), torch_part("Sigmoid")),
        "file": tmp_path / "net.npz",
        "keras": keras_chain(dense([W, b], "relu"), dense([V, c], called("sigmoid"))),
    }
    for name, source in found.items():
        snn = convert(source, DATA.X_train)
        labels = np.array(["no", "yes"])[expected] if name == "file" else expected
        assert (snn.trained.predict(DATA.X_test) == labels).all(), name
        assert snn.score(DATA.X_test, labels, T=256) > 0.97, name
    row = bs.ann.bodies(found["list"], DATA.X_test, expected, calib=DATA.X_train, T=(8,)).row()
    given = np.mean(np.count_nonzero(DATA.X_test, axis=1))
    assert row.words == pytest.approx(row.macs + row.acs + given + 2 * row.spikes + 2 * 8 * (9 + 1))  # one output is spare
    np.savez(tmp_path / "three.npz", W0=W, b0=b, W1=V, b1=c, classes=np.arange(3))
    with pytest.raises(ValueError, match=r"two labels for one output \(got 3 labels for 1 outputs\)"):
        convert(tmp_path / "three.npz", DATA.X_train)


def test_mistakes_of_estimators():
    with pytest.raises(TypeError, match="give the last step of a pipeline"):
        convert(part("Pipeline", steps=[], fit=print), DATA.X_train)
    with pytest.raises(TypeError, match="it is not a network with hidden layers"):
        convert(part("RandomForestClassifier", fit=print), DATA.X_train)
    regressor = convert(part("MLPRegressor", coefs_=[W1, W2], intercepts_=[B1, B2], activation="relu"), DATA.X_train)
    with pytest.raises(ValueError, match=r"SpikingRegressor.score.y: must have the shape of the outputs, \(360, 4\)"):
        regressor.score(DATA.X_test, DATA.y_test)
