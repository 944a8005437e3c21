"""Reads trained networks of many kinds into one: weights and biases by layer, and what its hidden units compute.

Nothing is imported for it: scikit-learn's, PyTorch's and Keras's networks are known by their attributes.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse

from brainsim.ann.activations import qcfs, relu
from brainsim.ann.layers import refuse_layer
from brainsim.numbers.checks import plain

# activations of hidden units that a rate cannot follow, and why
REFUSED = {
    "tanh": "its units are negative for half of their inputs, and no firing rate is",
    "identity": "its units are negative for half of their inputs, and no firing rate is",
    "logistic": "its units are at 1/2 where nothing comes in",
    "sigmoid": "its units are at 1/2 where nothing comes in",
    "softplus": "no integrate-and-fire neuron without noise is active below its threshold",
    "softlif": "its units leak and are refractory; integrate-and-fire neurons are not",
}
PASSED_OVER = {"flatten", "dropout", "identity", "sequential", "inputlayer"}  # layers that change no number at test time


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network that feeds forward.

    Parameters
    ----------
    weights : list of array or sparse array, each of shape (inputs, outputs)
    biases : list of array, each of shape (outputs,)
    activation : {"relu", "qcfs"}
        Of the hidden layers.
    thresholds : list of float
        Of each hidden layer of qcfs.
    levels : int or None
        Steps of qcfs.
    classes : array or None
        Labels of the outputs; None for a regression.
    source : object
        What it was read from.
    """

    weights: list
    biases: list
    activation: str = "relu"
    thresholds: list = field(default_factory=list)
    levels: int | None = None
    classes: np.ndarray | None = None
    source: object = None

    def activations(self, X):
        """Return the output of each layer, a list of arrays (samples, units)."""
        outputs, h = [], X
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = h @ W + b
            if layer < len(self.weights) - 1:
                h = relu(h) if self.activation == "relu" else qcfs(h, self.thresholds[layer], self.levels)
            outputs.append(h)
        return outputs

    def predict(self, X):
        """Return the label of each sample, or the outputs of a regression."""
        output = self.activations(np.asarray(X, dtype=np.float64))[-1]
        return output if self.classes is None else self.classes[output.argmax(axis=1)]


def read(source):
    """Return any trained network as a `Trained`.

    Parameters
    ----------
    source : MLP, MLPClassifier, MLPRegressor, list, dict, torch module, Keras model, str or Path
        See `brainsim.ann.convert`.

    Raises
    ------
    TypeError, ValueError
        Where it is none, or holds what cannot be converted.

    Examples
    --------
    >>> network = read([(np.ones((4, 3)), np.zeros(3)), (np.ones((3, 2)), np.zeros(2))])
    >>> network.classes
    array([0, 1])
    """
    if isinstance(source, str | Path):
        return _from_file(source)
    if hasattr(source, "coefs_"):
        return _from_estimator(source)
    if isinstance(source, dict):
        return _from_state(source, source)
    if hasattr(source, "state_dict") and hasattr(source, "modules"):
        _check_names([type(one).__name__ for one in source.modules() if not any(True for _ in one.children())])
        return _from_state({name: np.asarray(value.detach()) for name, value in source.state_dict().items()}, source)
    if hasattr(source, "get_weights") and hasattr(source, "layers"):
        _check_keras(source.layers)
        return _from_pairs(_paired(source.get_weights()), source)
    if isinstance(source, list | tuple) and source:
        return _from_list(source)
    hint = "; it has not learned yet: call fit first" if hasattr(source, "fit") else ""
    raise TypeError("convert.source: must be a network of bs.ann.MLP, scikit-learn, PyTorch or Keras, a list of (W, b), or "
                    f"a file .npz (got {type(source).__name__}){hint}")


def _from_estimator(source):
    """Read an `MLP` or what scikit-learn fitted."""
    activation = getattr(source, "activation", "relu")
    _check_activation(activation)
    weights, biases = [np.asarray(W) for W in source.coefs_], [np.asarray(b) for b in source.intercepts_]
    classes = getattr(source, "classes_", None)
    _check_output(getattr(source, "out_activation_", None), classes, biases[-1].size)
    if classes is not None and len(classes) == 2 and biases[-1].size == 1:  # one logistic output: the first class stays at 0
        weights[-1], biases[-1] = np.hstack([0.0 * weights[-1], weights[-1]]), np.array([0.0, biases[-1][0]])
    qcfs_only = {}
    if activation == "qcfs":
        qcfs_only = {"thresholds": list(source.thresholds_), "levels": source.levels}
    return _from_pairs(list(zip(weights, biases, strict=True)), source, activation=activation, classes=classes,
                       regression=classes is None, **qcfs_only)


def _from_list(source):
    """Read a list of (W, b), or Keras's flat list W, b, W, b."""
    pairs = [one for one in source if isinstance(one, list | tuple) and len(one) == 2]
    if len(pairs) == len(source):
        return _from_pairs([tuple(pair) for pair in pairs], source)
    if any(hasattr(one, "lowered") for one in source):
        raise TypeError("convert.source: layers are given as matrices; write convert(bs.ann.layers.lower(layers, shape), "
                        "...)")
    strange = next((one for one in source if not (isinstance(one, np.ndarray) or sparse.issparse(one))), None)
    if strange is not None:
        refuse_layer(strange if isinstance(strange, str) else type(strange).__name__, "convert.source")
    return _from_pairs(_paired(source), source)


def _from_state(state, source):
    """Read a Torch state_dict: weights of shape (outputs, inputs), in the order of the layers."""
    pairs = []
    for name, value in state.items():
        if name.endswith("running_mean") or (name.endswith("weight") and np.ndim(value) not in (2, 0)):
            raise TypeError(f"convert.source: {name!r} is not of a fully connected layer; give convolutions and batch "
                            "normalisation by bs.ann.layers.lower([Conv2D(...), BatchNorm(...), ReLU(), ...], shape)")
        if name.endswith("weight"):
            prefix = name.removesuffix("weight")
            W = np.asarray(value, dtype=np.float64).T
            pairs.append((W, np.asarray(state.get(f"{prefix}bias", np.zeros(W.shape[1])), dtype=np.float64)))
    if not pairs:
        raise ValueError("convert.source: a dict must be a state_dict with entries such as '0.weight' and '0.bias' "
                         f"(got {', '.join(map(repr, list(state)[:4])) or 'none'})")
    return _from_pairs(pairs, source)


def _from_file(path):
    """Read a file .npz with W0, b0, W1, b1 and so on."""
    with np.load(Path(path), allow_pickle=False) as file:
        content = {name: file[name] for name in file.files}
    depth = sum(name[:1] == "W" for name in content)
    missing = [name for k in range(depth) for name in (f"W{k}", f"b{k}") if name not in content]
    if not depth or missing:
        raise ValueError(f"convert.source: {str(path)!r} must hold W0, b0, W1, b1 and so on (missing: "
                         f"{', '.join(missing) or 'W0'})")
    activation = str(content.get("activation", "relu"))
    _check_activation(activation)
    qcfs_only = {}
    if activation == "qcfs":
        qcfs_only = {"thresholds": content["thresholds"].tolist(), "levels": int(content["levels"])}
    return _from_pairs([(content[f"W{k}"], content[f"b{k}"]) for k in range(depth)], path, activation=activation,
                       classes=content.get("classes"), **qcfs_only)


def _from_pairs(pairs, source, *, classes=None, regression=False, **others):
    """Check that the layers fit each other, and return them."""
    weights, biases = [], []
    for place, (W, b) in enumerate(pairs):
        where = f"convert.source: layer {place}"
        W = sparse.csr_array(W) if sparse.issparse(W) else np.asarray(plain(W, "", f"{where}: W"))
        b = np.asarray(plain(b, "", f"{where}: b"))
        if W.ndim != 2 or b.shape != (W.shape[1],):
            raise ValueError(f"{where}: W must have the shape (inputs, outputs) and b (outputs,) (got {W.shape} and "
                             f"{b.shape})")
        if weights and W.shape[0] != weights[-1].shape[1]:
            raise ValueError(f"{where}: W must have {weights[-1].shape[1]} inputs, as many as the layer before has units "
                             f"(got the shape {W.shape}); transpose it if it is (outputs, inputs)")
        weights.append(W)
        biases.append(b)
    if len(weights) < 2:
        raise ValueError("convert.source: must have a hidden layer, whose units become spiking cells (got "
                         f"{len(weights)} layer)")
    if classes is None and not regression:
        classes = np.arange(biases[-1].size)
    return Trained(weights, biases, classes=classes, source=source, **others)


def _paired(arrays):
    """Return [(W, b), ...] of a flat list; a layer without bias has none."""
    pairs = []
    for value in arrays:
        if np.ndim(value) == 2:
            pairs.append((value, np.zeros(np.shape(value)[1])))
        elif np.ndim(value) == 1 and pairs:
            pairs[-1] = (pairs[-1][0], value)
        else:
            raise TypeError("convert.source: a list of arrays must be W, b, W, b and so on of fully connected layers (got "
                            f"one of shape {np.shape(value)}); give convolutions by bs.ann.layers.lower")
    return pairs


def _check_activation(name):
    if name in REFUSED:
        raise ValueError(f"convert.source: {name} cannot be converted: {REFUSED[name]}; train with activation='relu' or "
                         "with bs.ann.MLP(activation='qcfs')")
    if name not in ("relu", "qcfs"):
        raise ValueError(f"convert.source: the activation must be relu or qcfs (got {name!r})")


def _check_output(name, classes, outputs):
    """Refuse outputs of scikit-learn that the largest potential, or the potentials themselves, do not say."""
    if classes is None and name not in (None, "identity"):
        raise ValueError(f"convert.source: outputs of a regression must be linear (got {name}); fit it with "
                         "loss='squared_error'")
    if classes is not None and name == "logistic" and outputs > 1:
        raise ValueError("convert.source: must have one label a sample; a classifier of several labels at once has no "
                         "largest output; fit one for each label")


def _check_names(names):
    """Refuse a module whose parts are not all fully connected layers and ReLUs; a softmax may stand at the end."""
    for place, name in enumerate(names):
        low = name.lower()
        at_end = place == len(names) - 1 and low in ("softmax", "logsoftmax")
        if low not in PASSED_OVER | {"linear", "dense", "relu"} and not at_end:
            refuse_layer(name, "convert.source")


def _check_keras(layers):
    """Refuse a Keras model with other layers, or other activations of hidden layers, than are converted."""
    _check_names([type(layer).__name__ for layer in layers])
    dense = [layer for layer in layers if type(layer).__name__ == "Dense"]
    followed = {id(layers[k]) for k in range(len(layers) - 1) if type(layers[k + 1]).__name__ == "ReLU"}
    for layer in dense[:-1]:
        name = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if id(layer) not in followed:
            _check_activation("identity" if name == "linear" else name)
