"""A multilayer perceptron in plain NumPy: the artificial side of comparisons."""

from collections.abc import Sequence
from os import PathLike
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from brainsim.ann.conversion.thresholds import round_to_bits
from brainsim.ann.networks.activations import ACTIVATIONS, network_levels
from brainsim.ann.networks.readers import FILE, saved_network
from brainsim.core.checks import integer, number, one_of
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.learn.checked_samples import array_of, class_labels, classes_in, places_of
from brainsim.learn.estimator import Estimator
from brainsim.learn.optimisers import train
from brainsim.learn.options import share
from brainsim.results.archive import reading, write_arrays

WEIGHT_BITS, THRESHOLD_BITS, BIAS_BITS = 15, 8, 24  # after training; see `round_to_bits`
MIN_THRESHOLD = 0.01


@answers_calls
class MLP(Estimator):
    """A fully connected classifier: hidden layers of one activation, then a linear layer and a softmax.

    ``z_l = h_(l-1) @ W_l + b_l``, ``h_l = activation(z_l)``. It is trained by Adam on mini-batches with the cross-entropy as
    loss and a learning rate that falls to 0 as half a cosine; the weights with the smallest loss on a validation set are
    kept. After training, weights are rounded to 15 bits, which does not affect the accuracy: sums over spikes are then
    exact, and a converted network can be compared with this one number by number.

    Parameters
    ----------
    hidden : int or tuple of int
        Units of each hidden layer.
    activation : {"relu", "qcfs", "softplus", "softlif", "sigmoid", "tanh"}
        Of the hidden layers. ``"qcfs"`` is a ReLU quantised to `levels` steps and clipped at a threshold: what an
        integrate-and-fire neuron computes in that many time steps.
    levels : int
        Number of levels of qcfs.
    threshold : float or None
        Largest activation of qcfs units; with None each layer learns its own.
    dropout : float
        Share of the hidden units silenced in each training batch, from 0 to below 1.
    weight_decay : float
        Share of each weight removed in a step, per unit of learning rate, >= 0.
    learning_rate : float
        At the start, > 0.
    batch, epochs, patience, validation
        Options of training.
    seed : int
        Of initial weights, batches, dropout and the validation set: the same seed gives the same network.

    Attributes
    ----------
    coefs_, intercepts_ : list of array
        Weights, of shape (inputs, outputs), and biases of each layer, as scikit-learn names them.
    thresholds_ : list of float
        Of each hidden layer; with qcfs only.
    classes_ : array
        The labels.
    history_ : dict of str to list
        Loss on training and validation data, by epoch.

    Raises
    ------
    ValueError, TypeError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.digits()
    >>> mlp = bs.ann.MLP(32, epochs=20).fit(data.X_train, data.y_train)
    >>> mlp.score(data.X_test, data.y_test) > 0.93
    True

    References
    ----------
    Kingma & Ba (2015), arXiv:1412.6980 (Adam); Loshchilov & Hutter (2019), arXiv:1711.05101 (weight decay); Bu et al.
    (2022), arXiv:2303.04347 (qcfs); He et al. (2015), arXiv:1502.01852 (initial weights).
    """

    hidden: tuple[int, ...]
    activation: str
    levels: int
    threshold: float | None
    dropout: float
    weight_decay: float
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    thresholds_: list[float]
    classes_: np.ndarray
    history_: dict[str, list[float]]

    def __init__(
        self,
        hidden: int | Sequence[int] = (128, 64),
        *,
        activation: str = "relu",
        levels: int = 8,
        threshold: float | None = None,
        dropout: float = 0.3,
        weight_decay: float = 0.01,
        learning_rate: float = 3e-3,
        batch: int = 32,
        epochs: int = 100,
        patience: int = 20,
        validation: float = 0.1,
        seed: int = 0,
    ) -> None:
        given = locals()
        sizes = hidden if isinstance(hidden, tuple | list) else (hidden,)
        if not len(sizes):
            raise ValueError("MLP.hidden: must be one hidden layer or more (got none)")
        own = {
            "hidden": tuple(integer(size, "MLP.hidden", at_least=1) for size in sizes),
            "activation": one_of(activation, ACTIVATIONS, "MLP.activation"),
            "levels": integer(levels, "MLP.levels", at_least=1),
            "threshold": None if threshold is None else number(threshold, "MLP.threshold", above=0.0),
            "dropout": share(dropout, "MLP.dropout"),
            "weight_decay": number(weight_decay, "MLP.weight_decay", at_least=0.0),
        }
        self._keep(given, self._checked(given, own))

    def __repr__(self) -> str:
        sizes = [len(self.coefs_[0]), *(b.size for b in self.intercepts_)] if hasattr(self, "coefs_") else self.hidden
        levels = f", levels={self.levels}" if self.activation == "qcfs" else ""
        return f"MLP({'-'.join(map(str, sizes))}, {self.activation!r}{levels})"

    @within(default_arithmetic)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on samples and return the network.

        Parameters
        ----------
        X : array, shape (samples, inputs)
        y : array, shape (samples,)
            The label of each.

        Raises
        ------
        ValueError
            If X and y differ in length, or there is only one class.
        """
        X = array_of(X, ("samples", "inputs"), "MLP.fit.X")
        y = class_labels(y, len(X), "MLP.fit.y")
        self.classes_ = classes_in(y, "MLP.fit.y")
        labels = places_of(y, self.classes_, "MLP.fit.y")
        rng = np.random.default_rng(self.seed)
        rest, validation = self._split(len(X), rng)
        self._initialise(X[rest], rng)
        self._train(X[rest], labels[rest], X[validation], labels[validation], rng)
        self._round()
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each sample."""
        output = self.decision_function(X)
        return self.classes_[output.argmax(axis=1)]

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """Return the share of samples whose label is predicted correctly."""
        predicted = self.predict(X)
        return float(np.mean(predicted == class_labels(y, len(predicted), "MLP.score.y", self.classes_)))

    @within(default_arithmetic)
    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the outputs before the softmax, shape (samples, classes)."""
        return self.activations(X)[-1]

    @within(default_arithmetic)
    def activations(self, X: ArrayLike) -> list[np.ndarray]:
        """Return the output of every layer, a list of arrays of shape (samples, units); the last one before the softmax."""
        outputs = [array_of(X, ("samples", len(self._fitted()[0])), "MLP.X")]
        for layer, z in self._drives(outputs):
            outputs.append(self._activate(z, layer))
        return outputs[1:]

    @within(default_arithmetic)
    def counts(self, X: ArrayLike) -> list[np.ndarray]:
        """Return the level of every hidden unit: for each layer whole numbers from 0 to `levels`, shape (samples, units).

        These are the spike counts of the converted network in ``T = levels`` steps.

        Raises
        ------
        ValueError
            If the activation is not qcfs.
        """
        if self.activation != "qcfs":
            raise ValueError(f"MLP.counts: only qcfs units have levels (the units of this network are {self.activation})")
        X = array_of(X, ("samples", len(self._fitted()[0])), "MLP.X")
        return network_levels(X, self.coefs_, self.intercepts_, self.thresholds_, self.levels)

    @property
    def n_features_in_(self) -> int:
        """Number of inputs; as in scikit-learn, it is there only after `fit`."""
        return len(self._fitted()[0])

    def _write(self, path):
        layers = {f"W{k}": W for k, W in enumerate(self._fitted())} | {f"b{k}": b for k, b in enumerate(self.intercepts_)}
        rest = {
            "options": self._parameters_for_file(),
            "activation": self.activation,
            "levels": self.levels,
            "classes": self.classes_,
            "thresholds": getattr(self, "thresholds_", []),
        }
        arrays = layers | {name: np.asarray(value) for name, value in rest.items()}
        write_arrays(path, "MLP.save", arrays, compress=True)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Return a network from a file that `save` wrote, with all of its options; an old file has only those of its units.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or `save` did not write it.
        """
        content, layers = saved_network(path, "MLP.load.path")
        with reading(path, "MLP.load.path", FILE):
            sizes = tuple(b.size for _, b in layers[:-1])
            known = {"activation": str(content["activation"]), "levels": content["levels"].item()}
            network = cls._of_file(content, hidden=sizes, **known)
        network.coefs_, network.intercepts_ = ([layer[part] for layer in layers] for part in (0, 1))
        network.classes_ = content["classes"]
        if network.activation == "qcfs":
            network.thresholds_ = content["thresholds"].tolist()
        return network

    def _initialise(self, X, rng):
        """Sample the weights; a learned threshold starts at the 99th percentile of its layer."""
        sizes = [X.shape[1], *self.hidden, self.classes_.size]
        gain = 1.0 if self.activation in ("sigmoid", "tanh") else 2.0  # of the variance of weights: He et al. (2015)
        self.coefs_ = [rng.normal(0.0, np.sqrt(gain / n), (n, m)) for n, m in zip(sizes, sizes[1:], strict=False)]
        self.intercepts_ = [np.zeros(m) for m in sizes[1:]]
        if self.activation != "qcfs":
            return
        self.thresholds_, h = [], X
        for W in self.coefs_[:-1]:
            z = np.maximum(h @ W, 0.0)
            self.thresholds_.append(self.threshold or max(float(np.percentile(z, 99.0)), MIN_THRESHOLD))
            h = np.minimum(z, self.thresholds_[-1])

    def _train(self, X, labels, X_validation, labels_validation, rng):
        """Run the epochs and keep the weights with the smallest validation loss."""
        learns = self.activation == "qcfs" and self.threshold is None
        if learns:
            self.thresholds_ = np.array(self.thresholds_)
        values = [*self.coefs_, *self.intercepts_, *([self.thresholds_] if learns else [])]

        def learn(batch):
            loss, gradients = self._gradients(X[batch], labels[batch], rng, learns)
            return loss * len(batch), gradients

        validate = (lambda: self._loss(X_validation, labels_validation)) if len(X_validation) else None
        train(self, values, len(X), learn, validate, rng)

    def _move(self, optimiser, rate, gradients):
        """Let the weights decay, take a step, and keep learned thresholds above 0."""
        for W in self.coefs_:
            W *= 1.0 - rate * self.weight_decay
        optimiser.step(gradients, rate)
        for thresholds in optimiser.values[2 * len(self.coefs_) :]:
            np.maximum(thresholds, MIN_THRESHOLD, out=thresholds)

    def _gradients(self, X, labels, rng, learns):
        """Return the loss of a batch and the gradient of each weight, bias and learned threshold."""
        hs, zs, masks = [X], [], []
        for layer, z in self._drives(hs):
            h = self._activate(z, layer)
            if layer < len(self.hidden) and self.dropout:
                masks.append((rng.random(h.shape) >= self.dropout) / (1.0 - self.dropout))
                h = h * masks[-1]
            zs.append(z)
            hs.append(h)
        logs = log_softmax(hs[-1], axis=1)
        rows = np.arange(len(X))
        delta = np.exp(logs)
        delta[rows, labels] -= 1.0
        delta /= len(X)
        dW, db, dthreshold = [None] * len(zs), [None] * len(zs), [np.zeros(len(self.hidden))] * learns
        for layer in range(len(zs) - 1, -1, -1):
            dW[layer], db[layer] = hs[layer].T @ delta, delta.sum(axis=0)
            if layer:
                back = delta @ self.coefs_[layer].T
                if self.dropout:
                    back *= masks[layer - 1]
                if learns:
                    dthreshold[0][layer - 1] = np.sum(back * self._threshold_slope(zs[layer - 1], layer - 1))
                delta = back * self._slope(zs[layer - 1], layer - 1)
        return -float(logs[rows, labels].mean()), [*dW, *db, *dthreshold]

    def _drives(self, outputs):
        for layer, (W, b) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            yield layer, outputs[-1] @ W + b

    def _activate(self, z, layer):
        if layer == len(self.hidden):
            return z
        value = ACTIVATIONS[self.activation][0]
        return value(z, self.thresholds_[layer], self.levels) if self.activation == "qcfs" else value(z)

    def _slope(self, z, layer):
        slope = ACTIVATIONS[self.activation][1]
        return slope(z, self.thresholds_[layer]) if self.activation == "qcfs" else slope(z)

    def _threshold_slope(self, z, layer):
        """Return the derivative of a qcfs unit with respect to its threshold, ignoring the floor."""
        threshold = self.thresholds_[layer]
        share = z / threshold
        return self._activate(z, layer) / threshold - np.where((share > 0) & (share < 1), share, 0.0)

    def _loss(self, X, labels):
        return -float(log_softmax(self.decision_function(X), axis=1)[np.arange(len(X)), labels].mean())

    def _round(self):
        """Give weights, biases and thresholds few enough bits for sums of their products to be exact."""
        self.coefs_ = [round_to_bits(W, WEIGHT_BITS) for W in self.coefs_]
        scales = [max(np.abs(W).max(), np.abs(b).max()) for W, b in zip(self.coefs_, self.intercepts_, strict=True)]
        self.intercepts_ = [round_to_bits(b, BIAS_BITS, scale) for b, scale in zip(self.intercepts_, scales, strict=True)]
        if self.activation == "qcfs":
            self.thresholds_ = [round_to_bits(float(threshold), THRESHOLD_BITS) for threshold in self.thresholds_]

    def _fitted(self):
        return self._learned("coefs_")
