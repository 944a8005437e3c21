"""A multilayer perceptron in plain NumPy: the artificial side of every comparison."""

import inspect
from pathlib import Path

import numpy as np
from scipy.special import log_softmax, softmax

from brainsim.ann.conversion.quantize import rounded
from brainsim.ann.data.samples import labels as labels_of
from brainsim.ann.data.samples import samples
from brainsim.ann.networks.activations import ACTIVATIONS, network_levels
from brainsim.ann.networks.files import content_of, depth_of
from brainsim.ann.networks.training import Adam, batches, initial_weights
from brainsim.core.checks import integer, nearest, number, plain
from brainsim.results.archive import write_arrays

WEIGHT_BITS, THRESHOLD_BITS, BIAS_BITS = 15, 8, 24  # after training; see `grid`
LEAST_THRESHOLD = 0.01


class MLP:
    """A fully connected network that classifies: hidden layers of one activation, then a linear layer and a softmax.

    ``z_l = h_(l-1) @ W_l + b_l``, ``h_l = activation(z_l)``. It learns by Adam on mini-batches with the cross-entropy as
    loss, at a learning rate that falls to 0 as half a cosine, and keeps the weights that did best on a part of the training
    data that is set aside. After training, weights are rounded to 15 bits, which no accuracy notices: sums over spikes are
    then exact, and a converted network can be compared with this one number by number.

    Parameters
    ----------
    hidden : int or tuple of int
        Units of each hidden layer.
    activation : {"relu", "qcfs", "softplus", "softlif", "sigmoid", "tanh"}
        Of the hidden layers. ``"qcfs"`` is a ReLU in `levels` steps that ends at a threshold: what an integrate-and-fire
        neuron computes in that many time steps.
    levels : int
        Steps of qcfs, L.
    threshold : float or None
        Where each layer of qcfs ends; None learns it, one for each layer.
    dropout : float
        Share of the hidden units that is silenced in each batch while learning, from 0 to below 1.
    weight_decay : float
        Share of each weight that is taken off in a step, per unit of learning rate, >= 0.
    learning_rate : float
        At the start, > 0.
    batch, epochs, patience : int
        Samples in a batch, most passes over the data, and passes without progress after which it ends.
    validation : float
        Share of the training data that is set aside for early stopping, from 0 (none: all epochs are run) to below 1.
    seed : int
        Of initial weights, batches, dropout and what is set aside: the same seed gives the same network.

    Attributes
    ----------
    coefs_, intercepts_ : list of array
        Weights, of shape (inputs, outputs), and biases of each layer, as scikit-learn names them.
    thresholds_ : list of float
        Of each hidden layer; with qcfs only.
    classes_ : array
        The labels.
    history_ : dict of str to list
        Loss on training data and on what was set aside, by epoch.

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

    def __init__(
        self,
        hidden=(128, 64),
        *,
        activation="relu",
        levels=8,
        threshold=None,
        dropout=0.3,
        weight_decay=0.01,
        learning_rate=3e-3,
        batch=32,
        epochs=100,
        patience=20,
        validation=0.1,
        seed=0,
    ):
        sizes = hidden if isinstance(hidden, tuple | list) else (hidden,)
        if not len(sizes):
            raise ValueError("MLP.hidden: must be one hidden layer or more (got none)")
        checked = {
            "hidden": tuple(integer(size, "MLP.hidden", at_least=1) for size in sizes),
            "activation": activation,
            "levels": integer(levels, "MLP.levels", at_least=1),
            "threshold": None if threshold is None else number(threshold, "MLP.threshold", above=0.0),
            "dropout": _share(dropout, "MLP.dropout"),
            "weight_decay": number(weight_decay, "MLP.weight_decay", at_least=0.0),
            "learning_rate": number(learning_rate, "MLP.learning_rate", above=0.0),
            "batch": integer(batch, "MLP.batch", at_least=1),
            "epochs": integer(epochs, "MLP.epochs", at_least=1),
            "patience": integer(patience, "MLP.patience", at_least=1),
            "validation": _share(validation, "MLP.validation"),
            "seed": integer(seed, "MLP.seed", at_least=0),
        }
        if activation not in ACTIVATIONS:
            raise ValueError(f"MLP.activation: there is no {activation!r}{nearest(activation, ACTIVATIONS)}")
        given = locals()
        for name, value in checked.items():  # the very object where nothing had to be changed, as scikit-learn's clone asks
            same = type(given[name]) is type(value) and given[name] == value
            setattr(self, name, given[name] if same else value)

    def get_params(self, deep=True):
        """Return the parameters by their names, as scikit-learn's ``clone`` and searches ask for them.

        Parameters
        ----------
        deep : bool
            Without effect: no parameter has parameters.
        """
        return {name: getattr(self, name) for name in PARAMETERS}

    def set_params(self, **parameters):
        """Change parameters, checked as by the constructor, and return the network, which forgets what it has learned."""
        for name in parameters:
            if name not in PARAMETERS:
                raise ValueError(f"MLP.set_params: there is no parameter {name!r}{nearest(name, PARAMETERS)}")
        self.__init__(**(self.get_params() | parameters))
        for name in [one for one in vars(self) if one.endswith("_")]:
            delattr(self, name)
        return self

    def __sklearn_tags__(self):
        """Tell scikit-learn, which alone calls this, that it classifies."""
        from sklearn.utils import ClassifierTags, Tags, TargetTags

        return Tags(estimator_type="classifier", target_tags=TargetTags(required=True), classifier_tags=ClassifierTags())

    def __repr__(self):
        """Return layers and activation."""
        sizes = [len(self.coefs_[0]), *(b.size for b in self.intercepts_)] if hasattr(self, "coefs_") else self.hidden
        levels = f", levels={self.levels}" if self.activation == "qcfs" else ""
        return f"MLP({'-'.join(map(str, sizes))}, {self.activation!r}{levels})"

    def fit(self, X, y):
        """Learn from samples and return the network.

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
        X = self._samples(X, "MLP.fit.X")
        y = labels_of(y, len(X), "MLP.fit.y")
        if y.dtype.kind == "f" and not np.array_equal(y, np.rint(y)):
            strange = y[y != np.rint(y)][0]
            raise ValueError(f"MLP.fit.y: must be labels of classes, whole numbers or texts (got {strange})")
        self.classes_, labels = np.unique(y, return_inverse=True)
        if self.classes_.size < 2:
            raise ValueError("MLP.fit.y: must have at least two classes (got one)")
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(len(X))
        aside = order[: int(self.validation * len(X))]
        rest = order[aside.size :]
        self._start(X[rest], rng)
        self._learn(X[rest], labels[rest], X[aside], labels[aside], rng)
        self._round()
        return self

    def predict(self, X):
        """Return the most probable label of each sample."""
        output = self.decision_function(X)
        return self.classes_[output.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class, shape (samples, classes)."""
        return softmax(self.decision_function(X), axis=1)

    def score(self, X, y):
        """Return the share of samples whose label is found."""
        found = self.predict(X)
        return float(np.mean(found == labels_of(y, len(found), "MLP.score.y", self.classes_)))

    def decision_function(self, X):
        """Return the outputs before the softmax, shape (samples, classes)."""
        return self.activations(X)[-1]

    def activations(self, X):
        """Return the output of every layer, a list of arrays of shape (samples, units); the last one before the softmax."""
        outputs = [self._samples(X, "MLP.X", self._fitted()[0].shape[0])]
        for layer, z in self._drives(outputs):
            outputs.append(self._activate(z, layer))
        return outputs[1:]

    def counts(self, X):
        """Return the level of every hidden unit, whole numbers from 0 to `levels`, shape (samples, units) for each layer.

        These are the numbers of spikes that the converted network sends in ``T = levels`` steps.

        Raises
        ------
        ValueError
            If the activation is not qcfs.
        """
        if self.activation != "qcfs":
            raise ValueError(f"MLP.counts: only units of qcfs have levels (this network's activation: {self.activation})")
        X = self._samples(X, "MLP.X", self._fitted()[0].shape[0])
        return network_levels(X, self.coefs_, self.intercepts_, self.thresholds_, self.levels)

    def save(self, path):
        """Write the network to a file .npz, which `load` and `convert` read; ``.npz`` is put to the name if it lacks it.

        An old file is replaced only when the new one is complete.
        """
        layers = {f"W{k}": W for k, W in enumerate(self._fitted())} | {f"b{k}": b for k, b in enumerate(self.intercepts_)}
        rest = {
            "activation": self.activation,
            "levels": self.levels,
            "classes": self.classes_,
            "thresholds": getattr(self, "thresholds_", []),
        }
        path = Path(path)
        path = path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")
        write_arrays(path, "MLP.save", layers | {name: np.asarray(value) for name, value in rest.items()}, compress=True)

    @classmethod
    def load(cls, path):
        """Return a network that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or `save` did not write it.
        """
        content, missing = content_of(path, "MLP.load.path")
        missing += [name for name in ("activation", "levels", "classes", "thresholds") if name not in content]
        if missing:
            raise ValueError(f"MLP.load.path: {str(path)!r} was not written by MLP.save (missing: {', '.join(missing)})")
        layers = [(content[f"W{k}"], content[f"b{k}"]) for k in range(depth_of(content))]
        ends = [W.shape[:1] for W, _ in layers[1:]] + [content["classes"].shape]
        if any(W.ndim != 2 or not W.shape[1:] == b.shape == end for (W, b), end in zip(layers, ends, strict=True)):
            raise ValueError(
                f"MLP.load.path: the layers of {str(path)!r} do not fit each other or the labels; MLP.save did not write it"
            )
        network = cls(
            tuple(b.size for _, b in layers[:-1]), activation=str(content["activation"]), levels=content["levels"].item()
        )
        network.coefs_, network.intercepts_ = ([layer[part] for layer in layers] for part in (0, 1))
        network.classes_ = content["classes"]
        if network.activation == "qcfs":
            network.thresholds_ = content["thresholds"].tolist()
        return network

    def _start(self, X, rng):
        """Draw the weights; a learned threshold begins where few units of the layer exceed it."""
        sizes = [X.shape[1], *self.hidden, self.classes_.size]
        gain = 1.0 if self.activation in ("sigmoid", "tanh") else 2.0
        self.coefs_ = [initial_weights(n, m, gain, rng) for n, m in zip(sizes, sizes[1:], strict=False)]
        self.intercepts_ = [np.zeros(m) for m in sizes[1:]]
        if self.activation != "qcfs":
            return
        self.thresholds_, h = [], X
        for W in self.coefs_[:-1]:
            z = np.maximum(h @ W, 0.0)
            self.thresholds_.append(self.threshold or max(float(np.percentile(z, 99.0)), LEAST_THRESHOLD))
            h = np.minimum(z, self.thresholds_[-1])

    def _learn(self, X, labels, X_aside, labels_aside, rng):
        """Run the epochs; what was best aside is kept."""
        learns = self.activation == "qcfs" and self.threshold is None
        thresholds = np.array(self.thresholds_) if learns else np.zeros(0)
        optimiser = Adam([*self.coefs_, *self.intercepts_, thresholds])
        self.history_ = {"loss": [], "validation_loss": []}
        best, best_loss, waited = None, np.inf, 0
        for epoch in range(self.epochs):
            rate = self.learning_rate * 0.5 * (1.0 + np.cos(np.pi * epoch / self.epochs))
            losses = []
            for chosen in batches(len(X), self.batch, rng):
                loss, gradients = self._gradients(X[chosen], labels[chosen], rng, learns)
                losses.append(loss * len(chosen))
                for W in self.coefs_:
                    W *= 1.0 - rate * self.weight_decay
                optimiser.step(gradients, rate)
                if learns:
                    np.maximum(thresholds, LEAST_THRESHOLD, out=thresholds)
                    self.thresholds_ = thresholds.tolist()
            self.history_["loss"].append(sum(losses) / len(X))
            if not len(X_aside):
                continue
            aside = self._loss(X_aside, labels_aside)
            self.history_["validation_loss"].append(aside)
            waited += 1
            if aside < best_loss:
                best, best_loss, waited = [a.copy() for a in optimiser.values], aside, 0
            if waited >= self.patience:
                break
        if best is not None:
            for value, kept in zip(optimiser.values, best, strict=True):
                value[...] = kept
            if learns:
                self.thresholds_ = thresholds.tolist()

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
        dW, db, dthreshold = [None] * len(zs), [None] * len(zs), np.zeros(len(self.hidden) if learns else 0)
        for layer in range(len(zs) - 1, -1, -1):
            dW[layer], db[layer] = hs[layer].T @ delta, delta.sum(axis=0)
            if layer:
                back = delta @ self.coefs_[layer].T
                if self.dropout:
                    back *= masks[layer - 1]
                if learns:
                    dthreshold[layer - 1] = np.sum(back * self._threshold_slope(zs[layer - 1], layer - 1))
                delta = back * self._slope(zs[layer - 1], layer - 1)
        return -float(logs[rows, labels].mean()), [*dW, *db, dthreshold]

    def _drives(self, outputs):
        """Go through the layers, giving the drive of each by what was last put into `outputs`."""
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
        """Return how the output of a quantised unit moves with its threshold, the floor passing through."""
        threshold = self.thresholds_[layer]
        share = z / threshold
        return self._activate(z, layer) / threshold - np.where((share > 0) & (share < 1), share, 0.0)

    def _loss(self, X, labels):
        return -float(log_softmax(self.decision_function(X), axis=1)[np.arange(len(X)), labels].mean())

    def _round(self):
        """Give weights, biases and thresholds few enough bits for sums of their products to be exact."""
        self.coefs_ = [rounded(W, WEIGHT_BITS) for W in self.coefs_]
        scales = [max(np.abs(W).max(), np.abs(b).max()) for W, b in zip(self.coefs_, self.intercepts_, strict=True)]
        self.intercepts_ = [rounded(b, BIAS_BITS, scale) for b, scale in zip(self.intercepts_, scales, strict=True)]
        if self.activation == "qcfs":
            self.thresholds_ = [rounded(one, THRESHOLD_BITS) for one in self.thresholds_]

    def _fitted(self):
        if not hasattr(self, "coefs_"):
            raise AttributeError("MLP: has not learned yet; call fit(X, y) first")
        return self.coefs_

    @staticmethod
    def _samples(X, where, inputs=None):
        if inputs is not None:
            return samples(X, inputs, where)
        X = np.asarray(plain(X, "", where))
        if X.ndim != 2 or not X.size:
            hint = "; flatten them: X.reshape(len(X), -1)" if X.ndim > 2 else ""
            raise ValueError(f"{where}: must have the shape (samples, inputs) (got {X.shape}){hint}")
        return X


def _share(value, where):
    value = number(value, where, at_least=0.0)
    if value >= 1.0:
        raise ValueError(f"{where}: must be below 1 (got {value})")
    return value


PARAMETERS = tuple(inspect.signature(MLP).parameters)
