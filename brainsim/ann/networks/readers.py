"""Reads trained networks of many kinds into one: weights and biases by layer, and what its hidden units compute.

Nothing is imported for it: scikit-learn's networks are known by their attributes, PyTorch's and Keras's by `libraries`.

A network with one output and labels decides between two: the second where its output is above 0. It gets an output before
that one which stays at 0, so that the largest output tells the label, as in a network with two.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse

from brainsim.ann.networks.activations import network_levels, qcfs, relu
from brainsim.ann.networks.files import content_of, depth_of
from brainsim.ann.networks.layers import refuse_activation, refuse_layer
from brainsim.ann.networks.torch_keras import array, is_keras, is_torch, keras_pairs, torch_pairs
from brainsim.core.checks import check_elements, integer, number, plain


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
    spare : int
        1 where its only output got one before it that stays at 0, else 0.
    """

    weights: list
    biases: list
    activation: str = "relu"
    thresholds: list = field(default_factory=list)
    levels: int | None = None
    classes: np.ndarray | None = None
    source: object = None
    spare: int = 0

    def activations(self, X):
        """Return the output of each layer, a list of arrays (samples, units)."""
        outputs, h = [], X
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = h @ W + b
            if layer < len(self.weights) - 1:
                h = relu(h) if self.activation == "relu" else qcfs(h, self.thresholds[layer], self.levels)
            outputs.append(h)
        return outputs

    def levels_of(self, X):
        """Return the level of every hidden unit of qcfs, whole numbers (samples, units), one array for each layer."""
        return network_levels(X, self.weights, self.biases, self.thresholds, self.levels)

    def predict(self, X):
        """Return the label of each sample, or the outputs of a regression."""
        output = self.activations(np.asarray(X, dtype=np.float64))[-1]
        return output if self.classes is None else self.classes[output.argmax(axis=1)]


def read(source):
    """Return any trained network as a `Trained`.

    Parameters
    ----------
    source : MLP, MLPClassifier, MLPRegressor, list, dict, torch module, Keras model, str or Path
        See `brainsim.ann.conversion.convert`.

    Raises
    ------
    TypeError, ValueError
        If it is none, or holds what cannot be converted.

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
        return _from_state(source)
    if is_torch(source):
        return _from_pairs(torch_pairs(source), source)
    if is_keras(source):
        return _from_pairs(keras_pairs(source), source)
    if isinstance(source, list | tuple) and source:
        return _from_list(source)
    hint = ""
    if hasattr(source, "steps"):
        hint = "; give the last step of a pipeline, and samples that went through the steps before it"
    elif hasattr(source, "fit"):
        hint = (
            "; it has not learned yet: call fit first"
            if hasattr(source, "hidden") or hasattr(source, "hidden_layer_sizes")
            else "; it is not a network with hidden layers"
        )
    raise TypeError(
        "convert.source: must be a network of bs.ann.MLP, scikit-learn, PyTorch or Keras, a list of (W, b), or "
        f"a file .npz (got {type(source).__name__}){hint}"
    )


def _from_estimator(source):
    """Read an `MLP` or what scikit-learn fitted."""
    activation = getattr(source, "activation", "relu")
    refuse_activation(activation)
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
    pairs = [one for one in source if isinstance(one, list | tuple) and len(one) == 2]
    if len(pairs) == len(source):
        return _from_pairs([tuple(array(one) if hasattr(one, "detach") else one for one in pair) for pair in pairs], source)
    if any(hasattr(one, "lowered") for one in source):
        raise TypeError(
            "convert.source: layers are given as matrices; write convert(bs.ann.layers.lower(layers, shape), ...)"
        )
    strange = next((one for one in source if not (isinstance(one, np.ndarray) or sparse.issparse(one))), None)
    if strange is not None:
        refuse_layer(strange if isinstance(strange, str) else type(strange).__name__, "convert.source")
    return _from_pairs(_paired(source), source)


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
                f"convert.source: {name!r} is not of a fully connected layer, of which there are 'weight' "
                "(outputs, inputs) and 'bias'; give convolutions and batch normalisation by "
                "bs.ann.layers.lower([Conv2D(...), BatchNorm(...), ReLU(), ...], shape)"
            )
    if not pairs:
        raise ValueError(
            "convert.source: a dict must be a state_dict with entries such as '0.weight' and '0.bias' (got an empty one)"
        )
    return _from_pairs(pairs, state)


def _from_file(path):
    """Read a file .npz with W0, b0, W1, b1 and so on."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"convert.source: there is no file {str(path)!r}; bs.ann.MLP.save writes one")
    content, missing = content_of(path, "convert.source")
    if missing:
        raise ValueError(f"convert.source: {str(path)!r} must hold W0, b0, W1, b1 and so on (missing: {', '.join(missing)})")
    depth = depth_of(content)
    activation = str(content.get("activation", "relu"))
    refuse_activation(activation)
    qcfs_only = {} if activation == "relu" else _quantised(content, depth - 1)
    return _from_pairs(
        [(content[f"W{k}"], content[f"b{k}"]) for k in range(depth)],
        path,
        activation=activation,
        classes=content.get("classes"),
        **qcfs_only,
    )


def _quantised(content, hidden):
    """Return thresholds and levels of qcfs, by what a file holds, after a check."""
    missing = [name for name in ("thresholds", "levels") if name not in content]
    if missing:
        raise ValueError(f"convert.source: a file of qcfs must hold thresholds and levels (missing: {', '.join(missing)})")
    thresholds = np.atleast_1d(content["thresholds"])
    if thresholds.shape != (hidden,):
        raise ValueError(
            f"convert.source: thresholds must be one for each of the {hidden} hidden layers (got shape {thresholds.shape})"
        )
    return {
        "thresholds": [number(one, "convert.source: thresholds", above=0.0) for one in thresholds.tolist()],
        "levels": integer(content["levels"].item(), "convert.source: levels", at_least=1),
    }


def _from_pairs(pairs, source, *, classes=None, regression=False, **others):
    """Check that the layers fit each other, and return them."""
    weights, biases = [], []
    for place, (W, b) in enumerate(pairs):
        where = f"convert.source: layer {place}"
        if sparse.issparse(W):
            check_elements(W, f"{where}: W")
            W = sparse.csr_array(W)
            plain(W.data, "", f"{where}: W")
        W = W if sparse.issparse(W) else np.asarray(plain(W, "", f"{where}: W"))
        b = np.asarray(plain(b, "", f"{where}: b"))
        if W.ndim != 2 or b.shape != (W.shape[1],):
            raise ValueError(
                f"{where}: W must have the shape (inputs, outputs) and b (outputs,) (got {W.shape} and {b.shape})"
            )
        if weights and W.shape[0] != weights[-1].shape[1]:
            raise ValueError(
                f"{where}: W must have {weights[-1].shape[1]} inputs, as many as the layer before has units "
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


def _paired(arrays):
    """Return [(W, b), ...] of a flat list; a layer without bias has none."""
    pairs, before = [], 0
    for value in arrays:
        if np.ndim(value) == 2:
            pairs.append((value, np.zeros(np.shape(value)[1])))
        elif np.ndim(value) == 1 and before == 2:
            pairs[-1] = (pairs[-1][0], value)
        else:
            raise TypeError(
                "convert.source: a list of arrays must be W, b, W, b and so on of fully connected layers (got "
                f"one of shape {np.shape(value)}); give convolutions and batch normalisation by "
                "bs.ann.layers.lower"
            )
        before = np.ndim(value)
    return pairs


def _check_output(name, classes, outputs):
    """Refuse outputs of scikit-learn that the largest potential, or the potentials themselves, do not say."""
    if classes is None and name not in (None, "identity"):
        raise ValueError(
            f"convert.source: outputs of a regression must be linear (got {name}); fit it with loss='squared_error'"
        )
    if classes is not None and name == "logistic" and outputs > 1:
        raise ValueError(
            "convert.source: must have one label a sample; a classifier of several labels at once has no "
            "largest output; fit one for each label"
        )
