"""Reads trained networks of many types into one: weights and biases by layer, and the activation of the hidden units.

No other library is imported for this: networks of scikit-learn, PyTorch and Keras are recognised by their attributes.

A network with labels and a single output decides between two classes: the second if the output is above 0. It gets another
output before that one which is always 0, so that the largest output gives the label, as in a network with two outputs.

Files are ``.npz`` with W0, b0, W1, b1 and so on, and further entries that `MLP.save` writes; or ``.onnx``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from brainsim.ann.networks.activations import network_levels, qcfs, relu
from brainsim.ann.networks.layers import reject_activation, reject_layer
from brainsim.ann.networks.torch_keras import array, is_keras, is_torch, keras_pairs, torch_pairs
from brainsim.core.checks import check_elements, in_range, integer, number, plain
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.structure import check_array
from brainsim.learn.checked_samples import check_saved_classes
from brainsim.results.archive import read_arrays, reading

FILE = "file of a network"  # what messages call it
IN_FILES = r"[Wb]\d+|activation|levels|classes|thresholds|options"
Activate = Callable[[np.ndarray, int], np.ndarray]  # from the drive of a hidden layer and its index to its activations


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained feed-forward network, read from `source`; weights are (inputs, outputs), sparse or not.

    `classes` is None for a regression; `spare` is 1 if an output that is always 0 was added before the only output, else 0.
    `shape` is that of a sample which is an image, (channels, height, width), empty if samples are flat.
    """

    weights: list[Any]
    biases: list[np.ndarray]
    activation: str = "relu"
    thresholds: list[float] = field(default_factory=list)
    levels: int | None = None
    classes: np.ndarray | None = None
    source: object = None
    spare: int = 0
    shape: tuple[int, ...] = ()

    @within(default_arithmetic)
    def activations(self, X: np.ndarray, hidden: Activate | None = None) -> list[np.ndarray]:
        """Return the output of each layer, a list of arrays (samples, units); `hidden` takes the place of `activate`."""
        outputs, h, hidden = [], X, hidden or self.activate
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = h @ W + b
            h = hidden(z, layer) if layer < len(self.weights) - 1 else z
            outputs.append(h)
        return outputs

    def activate(self, z: np.ndarray, layer: int) -> np.ndarray:
        """Return what the units of a hidden layer send at the drive z."""
        return relu(z) if self.activation == "relu" else qcfs(z, self.thresholds[layer], self.levels)  # type: ignore[arg-type]

    def levels_of(self, X: np.ndarray) -> list[np.ndarray]:
        """Return the level of every hidden unit of qcfs: for each layer whole numbers (samples, units)."""
        return network_levels(X, self.weights, self.biases, self.thresholds, self.levels)  # type: ignore[arg-type]

    def predict(self, X: ArrayLike, hidden: Activate | None = None) -> np.ndarray:
        """Return the label of each sample, or the outputs of a regression; `hidden` is as for `activations`."""
        output = self.activations(np.asarray(X, dtype=np.float64), hidden)[-1]
        return output if self.classes is None else self.classes[output.argmax(axis=1)]


def read(source, shape=None) -> Trained:
    """Return a trained network of any type that `brainsim.ann.convert` takes as a `Trained`.

    `shape` is that of a sample, (channels, height, width), if samples are images.

    Raise TypeError or ValueError if it is not a network, or contains what cannot be converted.

    Examples
    --------
    >>> network = read([(np.ones((4, 3)), np.zeros(3)), (np.ones((3, 2)), np.zeros(2))])
    >>> network.classes
    array([0, 1])
    """
    if isinstance(source, str | Path):
        return _from_file(source, shape)
    if hasattr(source, "coefs_"):
        return _from_estimator(source)
    if isinstance(source, dict):
        return _from_state(source)
    if is_torch(source):
        return _from_pairs(torch_pairs(source, shape), source, shape=shape or ())
    if is_keras(source):
        return _from_pairs(keras_pairs(source), source)
    if isinstance(source, list | tuple) and source:
        return _from_list(source)
    hint = ""
    if hasattr(source, "steps"):
        hint = "; give the last step of a pipeline, and samples transformed by the steps before it"
    elif hasattr(source, "fit"):
        hint = (
            "; it is not trained yet: call fit first"
            if hasattr(source, "hidden") or hasattr(source, "hidden_layer_sizes")
            else "; it is not a network with hidden layers"
        )
    raise TypeError(
        "convert.source: must be a network of bs.ann.MLP, scikit-learn, PyTorch or Keras, a list of (W, b), or "
        f"a file .npz or .onnx (got {type(source).__name__}){hint}"
    )


def networks_in(source: Any) -> list[Any]:
    """Return the networks of a list of them; a list of layers, each (W, b), a matrix or an object, is one network.

    Examples
    --------
    >>> layers = [(np.ones((4, 3)), np.zeros(3)), (np.ones((3, 2)), np.zeros(2))]
    >>> len(networks_in(layers)), len(networks_in([layers, layers, "trained.npz"]))
    (1, 3)
    """
    if not isinstance(source, list | tuple) or not source or any(_is_layer(one) for one in source):
        return [source]
    return list(source)


def _is_layer(one):
    if isinstance(one, list | tuple):  # (W, b), not [(W, b), (W, b)]
        last = one[1] if len(one) == 2 else one
        return len(last.shape) == 1 if hasattr(last, "shape") else _is_flat(last)
    return hasattr(one, "lowered") or hasattr(one, "shape")


def _is_flat(values):
    return isinstance(values, list | tuple) and not any(np.iterable(value) for value in values)


def _from_estimator(source):
    """Read an `MLP` or a fitted network of scikit-learn."""
    activation = getattr(source, "activation", "relu")
    reject_activation(activation)
    weights, biases = [np.asarray(W) for W in source.coefs_], [np.asarray(b) for b in source.intercepts_]
    classes = getattr(source, "classes_", None)
    _check_output(getattr(source, "out_activation_", None), classes, biases[-1].size)
    qcfs_only = {}
    if activation == "qcfs":
        qcfs_only = {"thresholds": list(source.thresholds_), "levels": source.levels}
    return _from_pairs(
        list(zip(weights, biases, strict=True)),
        source,
        activation=activation,
        classes=classes,
        regression=classes is None,
        **qcfs_only,
    )


def _from_list(source):
    """Read a list of (W, b), or Keras's flat list W, b, W, b."""
    pairs = [item for item in source if isinstance(item, list | tuple) and len(item) == 2]
    if len(pairs) == len(source):
        return _from_pairs(
            [tuple(array(part) if hasattr(part, "detach") else part for part in pair) for pair in pairs], source
        )
    if any(hasattr(item, "lowered") for item in source):
        raise TypeError(
            "convert.source: layers are converted as matrices; write convert(bs.ann.layers.lower(layers, shape), ...)"
        )
    other = next((item for item in source if not (isinstance(item, np.ndarray) or sparse.issparse(item))), None)
    if other is not None:
        reject_layer(other if isinstance(other, str) else type(other).__name__, "convert.source")
    return _from_pairs(_pair(source), source)


def _from_state(state):
    """Read a Torch state_dict: weights of shape (outputs, inputs), in the order of the layers."""
    pairs = []
    for name, value in state.items():
        end = str(name).rpartition(".")[2]
        prefix = str(name).removesuffix(end)
        if end == "weight" and np.ndim(value) == 2:
            W = array(value).T
            bias = state.get(f"{prefix}bias")
            pairs.append((W, np.zeros(W.shape[1]) if bias is None else array(bias)))
        elif end != "bias" or f"{prefix}weight" not in state:
            raise TypeError(
                f"convert.source: {name!r} is not of a fully connected layer, which has a 'weight' "
                "(outputs, inputs) and a 'bias'; for convolutions and batch normalisation use "
                "bs.ann.layers.lower([Conv2D(...), BatchNorm(...), ReLU(), ...], shape)"
            )
    if not pairs:
        raise ValueError(
            "convert.source: a dict must be a state_dict with entries such as '0.weight' and '0.bias' (got an empty dict)"
        )
    return _from_pairs(pairs, state)


def _from_file(path, shape):
    """Read a file .npz with W0, b0, W1, b1 and so on, or one of ONNX."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"convert.source: there is no file {str(path)!r}; bs.ann.MLP.save writes one")
    if Path(path).suffix == ".onnx":
        from brainsim.ann.networks.onnx_files import onnx_pairs

        pairs, shape = onnx_pairs(path, shape)
        return _from_pairs(pairs, path, shape=shape or ())
    content, missing = _content_of(path, "convert.source")
    if missing:
        raise ValueError(
            f"convert.source: {str(path)!r} must contain W0, b0, W1, b1 and so on (missing: {', '.join(missing)})"
        )
    depth = _depth_of(content)
    activation = str(content.get("activation", "relu"))
    reject_activation(activation)
    qcfs_only = {} if activation == "relu" else _levels_of(content, depth - 1)
    return _from_pairs(
        [(content[f"W{k}"], content[f"b{k}"]) for k in range(depth)],
        path,
        activation=activation,
        classes=content.get("classes"),
        **qcfs_only,
    )


def _levels_of(content, hidden):
    """Return thresholds and levels of qcfs from the content of a file, checked."""
    missing = [name for name in ("thresholds", "levels") if name not in content]
    if missing:
        raise ValueError(
            f"convert.source: a file of qcfs must contain thresholds and levels (missing: {', '.join(missing)})"
        )
    thresholds = np.atleast_1d(content["thresholds"])
    if thresholds.shape != (hidden,):
        raise ValueError(
            f"convert.source: thresholds must be one for each of the {hidden} hidden layers (got shape {thresholds.shape})"
        )
    return {
        "thresholds": [number(value, "convert.source: thresholds", above=0.0) for value in thresholds.tolist()],
        "levels": integer(content["levels"].item(), "convert.source: levels", at_least=1),
    }


def _from_pairs(pairs, source, *, classes=None, regression=False, **others):
    weights, biases = [], []
    for k, (W, b) in enumerate(pairs):
        label = f"convert.source: layer {k}"
        if sparse.issparse(W):
            check_elements(W, f"{label}: W")
            W = sparse.csr_array(W)
            plain(W.data, "", f"{label}: W")
        W = W if sparse.issparse(W) else np.asarray(plain(W, "", f"{label}: W"))
        b = np.asarray(plain(b, "", f"{label}: b"))
        if W.ndim != 2 or b.shape != (W.shape[1],):
            raise ValueError(
                f"{label}: W must have the shape (inputs, outputs) and b (outputs,) (got {W.shape} and {b.shape})"
            )
        if 0 in W.shape:
            lacking = "units" if W.shape[0] else "inputs"
            raise ValueError(f"{label}: must have {lacking}, but W has the shape {W.shape}; leave the layer out")
        if weights and W.shape[0] != weights[-1].shape[1]:
            raise ValueError(
                f"{label}: W must have {weights[-1].shape[1]} inputs, the number of units of the layer before "
                f"(got the shape {W.shape}); transpose it if it is (outputs, inputs)"
            )
        weights.append(W)
        biases.append(b)
    if len(weights) < 2:
        raise ValueError(
            f"convert.source: must have a hidden layer, whose units become spiking cells (got {len(weights)} layer)"
        )
    outputs = biases[-1].size
    if not regression:
        classes = np.arange(max(outputs, 2)) if classes is None else np.asarray(classes)
        if outputs == 1:
            weights[-1] = weights[-1] @ np.array([[0.0, 1.0]])
            biases[-1] = np.array([0.0, biases[-1][0]])
        if classes.shape != biases[-1].shape:
            raise ValueError(
                f"convert.source: must have a label for each of its outputs, or two labels for one output (got "
                f"{classes.size} labels for {outputs} outputs)"
            )
    spare = int(not regression and outputs == 1)
    return Trained(weights, biases, classes=classes, source=source, spare=spare, **others)


def _pair(arrays):
    """Return [(W, b), ...] of a flat list; a missing bias is 0."""
    pairs, before = [], 0
    for value in arrays:
        if np.ndim(value) == 2:
            pairs.append((value, np.zeros(np.shape(value)[1])))
        elif np.ndim(value) == 1 and before == 2:
            pairs[-1] = (pairs[-1][0], value)
        else:
            raise TypeError(
                "convert.source: a list of arrays must be W, b, W, b and so on of fully connected layers (got one "
                f"of shape {np.shape(value)}); for convolutions and batch normalisation use bs.ann.layers.lower"
            )
        before = np.ndim(value)
    return pairs


def _check_output(name, classes, outputs):
    """Reject outputs of scikit-learn that are not the potentials, or not decided by the largest potential."""
    if classes is None and name not in (None, "identity"):
        raise ValueError(
            f"convert.source: outputs of a regression must be linear (got {name}); fit it with loss='squared_error'"
        )
    if classes is not None and name == "logistic" and outputs > 1:
        raise ValueError(
            "convert.source: must give one label per sample; several labels per sample are not decided by the largest "
            "output; fit one network for each label"
        )


def _content_of(path, label):
    """Return the entries of a file that belong to a network, name -> array, and the names of missing weights and biases.

    Raise FileNotFoundError if there is no file, and ValueError if it is not an archive of plain arrays, or is damaged.
    """
    content = read_arrays(
        path, label, FILE, lambda file: {name: file[name] for name in file.names if re.fullmatch(IN_FILES, name)}
    )
    missing = [name for k in range(_depth_of(content)) for name in (f"W{k}", f"b{k}") if name not in content]
    return content, missing


def saved_network(path, label):
    """Return the entries of a file that `MLP.save` wrote, and its layers as a list of (W, b), or raise ValueError."""
    content, missing = _content_of(path, label)
    missing += [name for name in ("activation", "levels", "classes", "thresholds") if name not in content]
    if missing:
        raise ValueError(f"{label}: {str(path)!r} was not written by MLP.save (missing: {', '.join(missing)})")
    layers = [(content[f"W{k}"], content[f"b{k}"]) for k in range(_depth_of(content))]
    sizes = [W.shape[:1] for W, _ in layers[1:]] + [content["classes"].shape]
    if any(W.ndim != 2 or not W.shape[1:] == b.shape == size for (W, b), size in zip(layers, sizes, strict=True)):
        raise ValueError(
            f"{label}: the layers of {str(path)!r} do not fit each other or the labels; MLP.save did not write it"
        )
    with reading(path, label, FILE):
        for k, (W, b) in enumerate(layers):
            check_array(W, np.float64, W.shape, f"W{k}", finite=True)
            check_array(b, np.float64, b.shape, f"b{k}", finite=True)
        check_array(content["levels"], None, (), "levels")
        check_array(content["activation"], content["activation"].dtype, (), "activation")
        if str(content["activation"]) == "qcfs":
            check_array(content["thresholds"], np.float64, (len(layers) - 1,), "thresholds", finite=True)
            in_range(content["thresholds"], "thresholds", above=0.0)
        check_saved_classes(content["classes"], "classes")
    return content, layers


def _depth_of(content):
    """Return the number of layers, which is the number of weight matrices, but at least 1."""
    return max(1, sum(name[0] == "W" for name in content))
