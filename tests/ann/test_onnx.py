"""Files of ONNX give what the evaluator of the onnx package computes of them."""

import sys

import numpy as np
import pytest

import brainsim as bs
from brainsim.ann.networks.readers import read

DATA, RNG = bs.ann.datasets.digits(), np.random.default_rng(7)


def of(*shape):
    """Return random numbers of single precision, as such files have them."""
    return RNG.normal(0.0, 0.5, shape).astype(np.float32)


FLAT = [  # (operator, constants, attributes), each of the output of the one before it
    ("Flatten", [], {}),
    ("Gemm", [of(20, 64), of(20)], {"transB": 1, "alpha": 0.5}),
    ("Relu", [], {}),
    ("MatMul", [of(20, 15)], {}),
    ("Add", [of(15)], {}),
    ("Relu", [], {}),
    ("Gemm", [of(15, 10)], {}),
    ("Softmax", [], {"axis": 1}),
]
SHIFT = [of(4), np.abs(of(4)) + 0.5]
IMAGES = [
    ("Conv", [of(4, 1, 3, 3), of(4)], {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]}),
    ("BatchNormalization", [of(4), of(4), *SHIFT], {"epsilon": 1e-3}),
    ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Relu", [], {}),
    ("Conv", [of(6, 4, 2, 2)], {}),
    ("Relu", [], {}),
    ("AveragePool", [], {"kernel_shape": [3, 3]}),
    ("Reshape", [np.array([-1, 6])], {}),
    ("Gemm", [of(6, 10), of(10)], {}),
]


def written(path, nodes, shape=("n", 1, 8, 8)):
    """Write a file with a chain of nodes, and return its path and model; a node may name its inputs itself."""
    onnx = pytest.importorskip("onnx")
    helper, made, constants, now = onnx.helper, [], [], "x"
    for k, (kind, arrays, options) in enumerate(nodes):
        names = [f"c{k}_{j}" for j in range(len(arrays))]
        constants += [onnx.numpy_helper.from_array(array, name) for array, name in zip(arrays, names, strict=True)]
        inputs = options.pop("inputs", None) or [now, *names]
        made.append(helper.make_node(kind, inputs, [f"y{k}"], name=f"node{k}", **options))
        now = f"y{k}"
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info(now, onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(made, "network", [x], [y], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("nodes", [FLAT, IMAGES], ids=["flat", "images"])
def test_outputs_are_those_of_the_evaluator_of_onnx(nodes, tmp_path):
    path = written(tmp_path / "net.onnx", nodes)
    reference = pytest.importorskip("onnx.reference").ReferenceEvaluator(str(path))
    X = DATA.X_test[:30]
    (expected,) = reference.run(None, {"x": X.reshape(-1, 1, 8, 8).astype(np.float32)})
    trained = read(path)
    outputs = trained.activations(X)[-1]
    if nodes is FLAT:
        outputs = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    assert outputs == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert trained.shape == (1, 8, 8)


def test_a_file_is_compared_with_its_spikes(tmp_path):
    path = written(tmp_path / "net.onnx", FLAT, ("n", 64))
    report = bs.ann.bodies(str(path), DATA.X_test[:50], DATA.y_test[:50], calib=DATA.X_train, T=(64,))
    assert report.row().agreement > 0.9


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([*FLAT[:3], ("Tanh", [], {}), *FLAT[3:]], "Tanh cannot be converted"),
        ([*FLAT[:3], ("Gemm", [of(20, 20)], {"transA": 1}), *FLAT[3:]], "Gemm cannot be converted"),
        (
            [*FLAT[:3], ("Add", [], {"inputs": ["y2", "y1"]}), *FLAT[3:]],
            "Add 'node3' must have the output of the layer before",
        ),
        ([("Conv", [of(4, 1, 3, 3)], {"dilations": [2, 2]}), *IMAGES[3:]], r"Conv must have dilations=1 \(got \[2, 2\]\)"),
        ([("Conv", [of(4, 1, 3, 3)], {"strides": [1, 2]}), *IMAGES[3:]], "Conv must have the same strides on all sides"),
        ([("MaxPool", [], {"kernel_shape": [2, 2]}), *IMAGES], "max pooling needs a ReLU"),
    ],
)
def test_what_is_not_a_chain_of_known_layers_is_rejected(nodes, message, tmp_path):
    path = written(tmp_path / "net.onnx", nodes)
    with pytest.raises((TypeError, ValueError), match=message):
        bs.ann.convert(path, DATA.X_train.reshape(-1, 1, 8, 8))


def test_a_damaged_file_is_named(tmp_path):
    pytest.importorskip("onnx")
    path = tmp_path / "net.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(ValueError, match=r"convert.source: '.*net.onnx' cannot be read as a file of ONNX"):
        bs.ann.convert(path, DATA.X_train)


def test_without_the_package_the_message_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    path = tmp_path / "net.onnx"
    path.write_bytes(b"")
    with pytest.raises(ImportError, match="convert.source: .*pip install onnx"):
        bs.ann.convert(path, DATA.X_train)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_a_module_with_its_own_forward_comes_by_a_file_of_pytorch(tmp_path):
    torch, _ = (
        pytest.importorskip("torch", reason="it writes the file"),
        pytest.importorskip("onnxscript", reason="torch needs it"),
    )
    nn = torch.nn

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernels, self.norm, self.pool = nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.MaxPool2d(2)
            self.hidden, self.last = nn.Linear(96, 20), nn.Linear(20, 10)

        def forward(self, x):
            x = self.pool(torch.relu(self.norm(self.kernels(x))))
            return self.last(torch.relu(self.hidden(x.flatten(1))))

    module, images = Own().eval(), DATA.X_test.reshape(-1, 1, 8, 8)
    x = torch.tensor(images, dtype=torch.float32)
    torch.onnx.export(module, (x[:1],), str(tmp_path / "net.onnx"))
    found = read(tmp_path / "net.onnx", (1, 8, 8)).activations(DATA.X_test)[-1]
    np.testing.assert_allclose(found, module(x).detach().numpy(), atol=1e-5)
