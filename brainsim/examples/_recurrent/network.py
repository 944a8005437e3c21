"""A small recurrent network, with or without gates, trained by backpropagation through time: the artificial side."""

from __future__ import annotations

from itertools import cycle, repeat
from os import PathLike
from typing import Any, Self

import numpy as np

from brainsim.ann.networks.readers import FILE
from brainsim.core.checks import integer, one_of, warn_user
from brainsim.core.hints import answers_calls
from brainsim.core.structure import check_array
from brainsim.examples._recurrent.kernels import Net, Out, Parameters, SampleRange, Samples, Scratch, run_chunk
from brainsim.examples._recurrent.sequences import pad, pad_labels
from brainsim.jit.arguments import Held
from brainsim.learn.batches import CHUNKS, Runner, chunks_of
from brainsim.learn.checked_samples import check_saved_classes, class_labels, classes_in, places_of
from brainsim.learn.estimator import Estimator, Loss
from brainsim.learn.optimisers import train
from brainsim.results.archive import read_arrays, reading, write_arrays

CELLS = ("gru", "tanh")
LOSSES = {"last": 0, "mean": 1, "sequence": 2}
NAMES = ("W", "U", "b", "c", "V", "d")
HOLD = 1.0  # initial bias of the gate that holds: gradients reach further back at the start


@answers_calls
class RNN(Estimator):
    """A recurrent network that classifies sequences, or labels each of their steps.

    Simple units are ``h = tanh(x @ W + h @ U + b)``. Gated recurrent units (GRU) have a gate r that resets and a gate z that
    holds, ``r, z = sigmoid(x @ W + h @ U + b)``, and ``h = z*h + (1 - z)*tanh(x @ W + r*(h @ U + c) + b)``, each with its
    own columns of W, U and b. The output of each step is ``h @ V + d``. The network is trained by backpropagation through
    time over whole sequences, Adam on mini-batches, with the cross-entropy as loss and a learning rate that falls to 0 as
    half a cosine; the weights with the smallest loss on a validation set are kept, as in `MLP`.

    Parameters
    ----------
    hidden : int
        Number of units.
    cell : {"gru", "tanh"}
        Gated or simple units.
    loss : {"last", "mean", "sequence"}
        Quantity from which the predicted class is read: the output of the last step, or the mean over all; with
        ``"sequence"`` each step has its own label.
    learning_rate : float
        At the start, > 0.
    clip, batch, epochs, patience, validation
        Options of training.
    seed : int
        Of initial weights, batches and the validation set: the same seed gives the same network.
    threads
        Options of training.

    Attributes
    ----------
    weights_ : dict of str to array
        W (inputs, gates*hidden), U (hidden, gates*hidden), b, c (hidden,), V (hidden, outputs) and d; gates are in the order
        r, z, candidate.
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
    Which of two inputs was on first?

    >>> import numpy as np
    >>> import brainsim as bs
    >>> first = np.random.default_rng(1).integers(0, 2, 200)
    >>> X = np.zeros((200, 10, 2))
    >>> X[np.arange(200), 2, first] = X[np.arange(200), 6, 1 - first] = 1.0
    >>> bs.ann.RNN(8, epochs=20).fit(X[:150], first[:150]).score(X[150:], first[150:])
    1.0

    References
    ----------
    Cho et al. (2014), arXiv:1406.1078 (gated units); Werbos (1990), doi:10.1109/5.58337 (backpropagation through time).
    """

    hidden: int
    cell: str
    loss: str
    clip: float
    threads: int
    weights_: dict[str, np.ndarray]
    classes_: np.ndarray
    history_: dict[str, list[float]]

    def __init__(
        self,
        hidden: int = 64,
        *,
        cell: str = "gru",
        loss: str = "last",
        learning_rate: float = 5e-3,
        clip: float = 1.0,
        batch: int = 32,
        epochs: int = 100,
        patience: int = 20,
        validation: float = 0.1,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        given = locals()
        own = {
            "hidden": integer(hidden, "RNN.hidden", at_least=1),
            "cell": one_of(cell, CELLS, "RNN.cell"),
            "loss": one_of(loss, LOSSES, "RNN.loss"),
        }
        self._keep(given, self._checked(given, own))

    def __repr__(self) -> str:
        sizes = str(self.hidden)
        if hasattr(self, "weights_"):
            sizes = f"{len(self.weights_['W'])}-{self.hidden}-{self.weights_['d'].size}"
        return f"RNN({sizes}, cell={self.cell!r}, loss={self.loss!r})"

    def fit(self, X: Any, y: Any) -> Self:
        """Train on sequences and return the network.

        Parameters
        ----------
        X : array or list
            An array (samples, steps, inputs), or a list with an array (steps, inputs) for each sample, of any lengths.
        y : array or list
            A label for each sample, (samples,); with ``loss="sequence"`` a label for each step, (samples, steps), whole
            numbers from 0 and -1 for none.

        Raises
        ------
        ValueError, TypeError
            If shapes or labels do not fit, or there is only one class.
        """
        X, lengths = pad(X, None, "RNN.fit.X")
        self._set_classes(y, lengths, X.shape[1])
        rng = np.random.default_rng(self.seed)
        rest, held_out = self._split(len(X), rng)
        self.weights_ = _initial_parameters(X.shape[2], self.hidden, self.classes_.size, self.cell == "gru", rng)
        with RecurrentRunner(self, X, lengths, *self._targets(y, lengths, X.shape[1], "RNN.fit.y")) as runner:
            self._train(runner, rest, held_out, rng)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each sample; with ``loss="sequence"`` that of each step, -1 after the end of a sample."""
        scores, lengths = self._scores(X, "RNN.predict.X", steps=self.loss == "sequence")
        if self.loss != "sequence":
            return self.classes_[scores.argmax(axis=1)]
        found = scores.argmax(axis=2)
        found[np.arange(scores.shape[1]) >= lengths[:, None]] = -1
        return found

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the outputs before the softmax: (samples, classes), or (samples, steps, classes) of sequences."""
        return self._scores(X, "RNN.decision_function.X", steps=self.loss == "sequence")[0]

    def outputs(self, X: Any) -> np.ndarray:
        """Return the outputs of each step, (samples, steps, classes); 0 after the end of a sample."""
        return self._scores(X, "RNN.outputs.X", steps=True)[0]

    def score(self, X: Any, y: Any) -> float:
        """Return the share of samples, or of labelled steps, whose label is predicted correctly."""
        X, lengths = pad(X, len(self._fitted()["W"]), "RNN.score.X")
        wanted = self._targets(y, lengths, X.shape[1], "RNN.score.y", known=False)
        parts = [row[:n] for row, n in zip(X, lengths, strict=True)]
        predicted = self.predict(parts)
        if self.loss != "sequence":
            return float(np.mean(predicted == wanted[0]))
        return float(np.mean((predicted == wanted[1])[wanted[1] >= 0]))

    def mean_loss(self, X: Any, y: Any) -> float:
        """Return the mean cross-entropy of samples; divide it by ``log(2)`` to have bits."""
        return self._run(X, y, "RNN.mean_loss", learn=False)[0]

    def gradients(self, X: Any, y: Any) -> Loss:
        """Return ``loss``, the mean loss of samples, and ``parts``, the mean of its gradients: a dict like `weights_`."""
        return Loss(*self._run(X, y, "RNN.gradients", learn=True))

    @property
    def n_features_in_(self) -> int:
        """Number of inputs of a step; as in scikit-learn, it is there only after `fit`."""
        return len(self._fitted()["W"])

    def _write(self, path):
        arrays = dict(self._fitted()) | {"classes": self.classes_, "options": self._parameters_for_file()}
        arrays |= {"cell": np.asarray(self.cell), "loss": np.asarray(self.loss)}
        write_arrays(path, "RNN.save", arrays, compress=True)

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
        names = (*NAMES, "classes", "cell", "loss")
        kept = (*names, "options")  # which old files lack
        content = read_arrays(path, "RNN.load.path", FILE, lambda file: {n: file[n] for n in kept if n in file.names})
        missing = [name for name in names if name not in content]
        if missing:
            raise ValueError(f"RNN.load.path: {str(path)!r} was not written by RNN.save (missing: {', '.join(missing)})")
        with reading(path, "RNN.load.path", FILE):
            known = {"cell": str(content["cell"]), "loss": str(content["loss"])}
            network = cls._of_file(content, hidden=content["c"].size, **known)
            check_saved_classes(content["classes"], "classes")
            inputs, outputs = len(np.atleast_1d(content["W"])), content["classes"].size
            for name, shape in _shapes(inputs, network.hidden, outputs, network.cell == "gru").items():
                check_array(content[name], np.float64, shape, name, finite=True)
        network.weights_ = {name: content[name] for name in NAMES}
        network.classes_ = content["classes"]
        return network

    def _set_classes(self, y, lengths, steps):
        if self.loss == "sequence":
            y = np.arange(pad_labels(y, lengths, steps, None, "RNN.fit.y").max() + 1)
        else:
            y = class_labels(y, lengths.size, "RNN.fit.y")
        self.classes_ = classes_in(y, "RNN.fit.y")

    def _targets(self, y, lengths, steps, label, known=True):
        """Return (labels of samples, labels of steps), as places in `classes_` if `known`, otherwise as they were given."""
        none = np.full(lengths.size, -1, np.int64)
        if self.loss == "sequence":
            return none, pad_labels(y, lengths, steps, self.classes_.size, label)
        y = class_labels(y, lengths.size, label)
        return (places_of(y, self.classes_, label) if known else y), np.zeros((lengths.size, 0), np.int64)

    def _train(self, runner, rows, held_out, rng):
        """Run the epochs and keep the weights with the smallest validation loss."""

        def learn(batch):
            loss, parts = runner.run(self.weights_, rows[batch], learn=True)[:2]
            return float(loss.sum()), [parts[name] / len(batch) for name in self.weights_]

        def validate():
            return float(runner.run(self.weights_, held_out, learn=False)[0].mean())

        values = list(self.weights_.values())
        skipped = train(self, values, rows.size, learn, validate if held_out.size else None, rng)
        if skipped:
            warn_user(f"RNN.fit: {skipped} batches had a gradient that is not finite and were skipped; lower learning_rate")

    @staticmethod
    def _move(optimiser, rate, gradients):
        optimiser.step(gradients, rate)

    def _run(self, X, y, label, learn):
        X, lengths = pad(X, len(self._fitted()["W"]), f"{label}.X")
        targets = self._targets(y, lengths, X.shape[1], f"{label}.y")
        with RecurrentRunner(self, X, lengths, *targets) as runner:
            loss, parts, *_ = runner.run(self.weights_, np.arange(len(X)), learn=learn)
        return float(loss.mean()), {name: part / len(X) for name, part in parts.items()}

    def _scores(self, X, label, steps):
        X, lengths = pad(X, len(self._fitted()["W"]), label)
        none = np.full(len(X), -1, np.int64), np.zeros((len(X), 0), np.int64)
        with RecurrentRunner(self, X, lengths, *none) as runner:
            _, _, scores, traces = runner.run(self.weights_, np.arange(len(X)), learn=False, traces=steps)
        return (traces if steps else scores), lengths

    def _fitted(self):
        return self._learned("weights_")


def _initial_parameters(inputs: int, units: int, outputs: int, gated: bool, rng: Any) -> dict[str, np.ndarray]:
    """Return initial weights: input weights of variance 1/inputs, orthogonal recurrent ones, small output weights."""
    parts = {name: np.zeros(shape) for name, shape in _shapes(inputs, units, outputs, gated).items()}
    parts["U"][:] = np.hstack([np.linalg.qr(rng.standard_normal((units, units)))[0] for _ in range(3 if gated else 1)])
    parts["W"][:] = rng.normal(0.0, inputs**-0.5, parts["W"].shape)
    parts["V"][:] = rng.normal(0.0, units**-0.5, parts["V"].shape)
    if gated:
        parts["b"][units : 2 * units] = HOLD
    return parts


def _shapes(inputs: int, units: int, outputs: int, gated: bool) -> dict[str, tuple[int, ...]]:
    gates = 3 if gated else 1
    of_cells = {"W": (inputs, gates * units), "U": (units, gates * units), "b": (gates * units,), "c": (units,)}
    return of_cells | {"V": (units, outputs), "d": (outputs,)}


class RecurrentRunner(Runner):
    """Runs samples of one data set for an `RNN`; use it in a ``with`` block. The arrays are `recurrent_kernels.Samples`."""

    def __init__(self, settings: Any, X: np.ndarray, lengths: np.ndarray, label: np.ndarray, labels: np.ndarray):
        super().__init__(settings.threads)
        self._steps, self._data = X.shape[1], Held(Samples(X, lengths, label, labels))
        self.units, self.gated = settings.hidden, settings.cell == "gru"
        self.loss = LOSSES[settings.loss]
        self._scratch, self._gradients = list[Held](), list[Held]()

    def run(
        self, weights: dict[str, np.ndarray], chosen: np.ndarray, learn: bool, traces: bool = False
    ) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Return losses, sums of gradients (empty without `learn`), scores and outputs of samples."""
        p, n, steps = Parameters(**weights), len(chosen), self._steps
        net = Net(int(self.gated), self.loss, p, np.ascontiguousarray(p.U.T), np.ascontiguousarray(p.V.T))
        out = Out(np.empty(n), np.empty((n, p.d.size)), np.empty((n if traces else 0, steps, p.d.size)))
        edges = chunks_of(n, CHUNKS if learn else None)
        parts = min(len(edges), self.window)
        chunks = [SampleRange(chosen, begin, end, int(learn)) for begin, end in edges]
        self._prepare(p, parts, max(end - begin for begin, end in edges), steps)
        same = repeat(Held(net)), repeat(self._data)
        list(self.in_turn(run_chunk, *same, chunks, cycle(self._scratch), repeat(Held(out)), cycle(self._gradients)))
        return out.losses, self._sum(parts) if learn else {}, out.scores, out.traces

    def _prepare(self, p, parts, rows, steps):
        """Make the arrays for each chunk, unless there are some that fit."""
        if self._scratch and self._scratch[0].values.h.shape[1] < rows:
            self._scratch = []
        width, units, outputs = p.b.size, self.units, p.d.size
        while len(self._scratch) < parts:
            shapes = {"h": (steps + 1, rows, units), "gates": (steps, rows, width), "inner": (steps, rows, units)}
            shapes |= {"out": (steps, rows, outputs), "d_out": (steps, rows, outputs), "score": (rows, outputs)}
            shapes |= dict.fromkeys(("drive", "back"), (rows, width)) | dict.fromkeys(("d_h", "d_before"), (rows, units))
            self._scratch.append(Held(Scratch(**{name: np.zeros(shapes[name]) for name in Scratch._fields})))
        while len(self._gradients) < parts:
            self._gradients.append(Held(Parameters(*(np.zeros_like(part) for part in p))))

    def _sum(self, parts):
        """Return the sums of the gradients of the chunks, added up in their order."""
        total = {name: getattr(self._gradients[0].values, name).copy() for name in NAMES}
        for gradient in self._gradients[1:parts]:
            for name, part in total.items():
                part += getattr(gradient.values, name)
        return total
