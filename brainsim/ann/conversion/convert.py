"""From a trained artificial network to the same network in spikes."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from brainsim.ann.conversion import spiking
from brainsim.ann.conversion.bounds import is_bounded, rate_bounds
from brainsim.ann.conversion.forward import ENCODERS, Conversion, run
from brainsim.ann.conversion.thresholds import scale_layers, thresholds
from brainsim.ann.networks.readers import Trained, read
from brainsim.core.checks import choice, in_range, integer, nearest, plain, true_or_false
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.engine.simulation.simulate import simulate
from brainsim.learn.checked_samples import array_of, class_labels
from brainsim.network.network import Network
from brainsim.network.probes import Trace
from brainsim.results.result import Result

STEPS = 32
NEAR = 1e-9  # relative to a threshold: within this distance rounding may decide


@answers_calls
@within(default_arithmetic)
def convert(
    source: Any,
    calib: ArrayLike | None = None,
    *,
    norm: str = "p99.9",
    v0: Literal["half", "zero"] | None = None,
    reset: Literal["subtract", "zero"] = "subtract",
    encoder: Literal["current", "poisson", "latency"] = "current",
    schedule: Literal["parallel", "sequential"] = "parallel",
    bias_shift: bool = False,
) -> "SpikingClassifier | SpikingRegressor":
    """Return a spiking network whose spike counts represent the activations of a trained artificial network of ReLUs.

    Hidden units become integrate-and-fire cells: in each step of 1 ms, ``v = v + W s + b`` with the spikes s of the layer
    before; if v reaches the threshold theta, the cell fires and theta is subtracted. So it sends ``N = clip(floor((v0 +
    T z)/theta), 0, T)`` spikes in T steps of a constant drive z, and ``N theta/T`` is a ReLU quantised to T steps. The last
    layer only integrates: its potentials divided by T are the outputs.

    Parameters
    ----------
    source : MLP, MLPClassifier, MLPRegressor, list, dict, torch module, Keras model, str or Path
        `brainsim.ann.MLP` with relu or qcfs; a fitted network of scikit-learn with relu; a list of (W, b), W of shape
        (inputs, outputs) and possibly sparse, as `bs.ann.layers.lower` makes it of a CNN; a ``torch.nn.Sequential`` of
        Linear, Conv2d, AvgPool2d, MaxPool2d (in ReLUs, see `bs.ann.layers.MaxPool2D`), BatchNorm, ReLU, Flatten and
        Dropout, or the state_dict of one of Linear and ReLU; a ``keras.Sequential`` of Dense, Flatten and Dropout, or its
        weights; the path of a file .onnx of such layers (``pip install onnx``), or .npz with W0, b0, W1, b1, ...
        Lists, state_dicts and files do not say what is between their layers: a ReLU is assumed after each layer but the
        last. A single output decides between two classes, 0 and 1 unless the source names them: the second if it is above 0.
    calib : array, shape (samples, inputs) or (samples, channels, height, width), optional
        Training data, never test data, by which the largest activation of each layer is found. Not needed for qcfs, whose
        thresholds were learned, or for ``norm="model"``. A module with Conv2d needs images.
    norm : {"p99.9", "max", "model"} or another percentile
        The threshold of a layer: a percentile or the maximum of its activations, or with ``"model"`` the largest activation
        that its weights allow for inputs in the range of `calib` (or from 0 to 1). No effect on qcfs.
    v0 : {"half", "zero"}, optional
        Initial potential: half the threshold, which rounds to the nearest count, or 0, which rounds down. By default half,
        but 0 with `bias_shift`, which adds the same half during the run.
    reset : {"subtract", "zero"}
        What a spike does to the potential. ``"zero"`` loses the part above the threshold.
    encoder : {"current", "poisson", "latency"}
        Inputs as constant currents; as random spikes; or as one spike each, earlier for a larger input, which switches a
        current on. The latter two need inputs >= 0; the largest of `calib` (or 1) is a spike in every step, and larger
        inputs are clipped.
    schedule : {"parallel", "sequential"}
        Whether all layers run together, each a step behind the one before it, or in turns of T steps. In turns a cell sums
        its whole input before it fires, so the order of spikes does not matter; that takes T steps for each layer.
    bias_shift : bool
        Whether to add ``theta/(2T)`` in each step, instead of half a threshold at the start: Deng & Gu (2021).

    Returns
    -------
    SpikingClassifier or SpikingRegressor

    Raises
    ------
    TypeError, ValueError
        If the network contains what rates cannot represent, such as tanh or a softmax between layers, if it is
        a module whose forward cannot be inferred from its layers, or if options contradict each other; the message says
        what to do instead.

    Notes
    -----
    Exactness. Weights, thresholds and drives are rounded to so few bits (24, or 36 for constant ones) that their sums are
    exact: the engine, which runs one sample at a time, and the batched run behind `predict` give the same spikes. This
    holds for steps of 1 ms, which `simulate` of the converted network takes; `brainsim.simulate` of its `network_for` needs
    ``dt=1.0`` and rejects other steps, such as its default of 0.1 ms. With ``schedule="sequential"`` and ``v0="half"`` each
    cell of a qcfs network sends in ``T = levels`` steps exactly the number of spikes that is the level of its unit: see
    `SpikingClassifier.exactness`.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.digits()
    >>> mlp = bs.ann.MLP(32, epochs=20).fit(data.X_train, data.y_train)
    >>> snn = bs.ann.convert(mlp, calib=data.X_train)
    >>> snn
    SpikingClassifier(64-32-10, current, parallel)
    >>> abs(snn.score(data.X_test, data.y_test, T=64) - mlp.score(data.X_test, data.y_test)) < 0.02
    True
    >>> result = snn.simulate(data.X_test[0], T=32)                         # runs an ordinary Network
    >>> len(result.spikes["hidden1"]) > 50
    True

    References
    ----------
    Cao et al. (2015), doi:10.1007/s11263-014-0788-3; Diehl et al. (2015), doi:10.1109/IJCNN.2015.7280696 (max, model);
    Rueckauer et al. (2017), doi:10.3389/fnins.2017.00682 (percentile, subtraction); Deng & Gu (2021), arXiv:2103.00476
    (shift); Bu et al. (2022), arXiv:2303.04347 (qcfs, half a threshold).
    """
    if v0 is not None:
        choice(v0, ("half", "zero"), "convert.v0")
    choice(reset, ("subtract", "zero"), "convert.reset")
    choice(encoder, ENCODERS, "convert.encoder")
    choice(schedule, ("parallel", "sequential"), "convert.schedule")
    true_or_false(bias_shift, "convert.bias_shift")
    if bias_shift and v0 == "half":
        raise ValueError(
            "convert.bias_shift: cannot be combined with v0='half', since both add half a threshold; leave v0 out"
        )
    if schedule == "sequential" and reset == "zero":
        raise ValueError(
            "convert.reset: must be 'subtract' with schedule='sequential'; a cell that has summed all its "
            "input would fire once and forget the rest"
        )
    trained = read(source, image_shape(calib))
    calib = None if calib is None else samples_of(calib, trained, "convert.calib")
    if calib is not None and encoder != "current":
        in_range(calib, f"convert.calib: with encoder={encoder!r}", at_least=0.0)
    scale = 1.0 if calib is None else float(calib.max()) or 1.0
    layers = scale_layers(trained, thresholds(trained, calib, norm), None if encoder == "current" else scale)
    halves = not bias_shift if v0 is None else v0 == "half"
    starts = [0.5 * layer.theta if halves else 0.0 for layer in layers[:-1]]
    plan = Conversion(layers, starts, encoder, scale, schedule == "sequential", reset == "zero", bool(bias_shift))
    return (SpikingRegressor if trained.classes is None else SpikingClassifier)(trained, plan, calib)


class Exactness(NamedTuple):
    """How the spike counts compare with the levels of the artificial network.

    Parameters
    ----------
    samples, units : int
        Number of samples, and of units in all hidden layers.
    different : array, shape (k, 3)
        (layer, sample, unit) of all counts that differ.
    near : array, shape (k, 3)
        (layer, sample, unit) of all potentials within 1e-9 thresholds of a value at which the count changes, but not exactly
        on it.
    """

    samples: int
    units: int
    different: np.ndarray
    near: np.ndarray

    @property
    def exact(self) -> bool:
        """Whether all counts are the same."""
        return not len(self.different)


class _Spiking:
    """What classifiers and regressors share: runs of many samples, and the network for one sample."""

    def __init__(self, trained: Trained, plan: Conversion, calib: np.ndarray | None) -> None:
        self.trained, self.plan, self.calib = trained, plan, calib
        self._network: Network | None = None

    def __repr__(self) -> str:
        sizes = [self.plan.layers[0].weight.shape[0], *(layer.bias.size for layer in self.plan.layers)]
        schedule = "sequential" if self.plan.sequential else "parallel"
        return f"{type(self).__name__}({'-'.join(map(str, sizes))}, {self.plan.encoder}, {schedule})"

    @property
    def thresholds(self) -> list[float]:
        """Threshold of each hidden layer, in the units of the activations."""
        return [layer.theta for layer in self.plan.layers if layer.theta is not None]

    @property
    def network(self) -> Network:
        """The `brainsim.Network` for the first calibration sample (zeros without one) and 32 steps; see `network_for`."""
        if self._network is None:
            self._network = self.network_for(np.zeros(self._inputs) if self.calib is None else self.calib[0])
        return self._network

    def network_for(self, x: ArrayLike, T: int = STEPS, seed: int = 0) -> Network:
        """Return an ordinary `brainsim.Network` that gets one sample as its input for T steps; run it with ``dt=1.0``.

        Its cells are made for steps of 1 ms: with ``dt=0.1``, the default of `brainsim.simulate`, they would fire at other
        times, up to ten times per ms, and their spike counts would not be those of `counts`. So the network has
        ``required_dt = 1.0``, and other steps are rejected.

        Its populations are ``input`` (unless inputs are currents), ``hidden1``, ``hidden2``, ... and ``output``, whose
        potential ``v`` at the end, divided by T, is the output. They can be recorded, silenced and changed.

        Parameters
        ----------
        x : array, shape (inputs,)
        T : int
            Number of steps, 1 ms each.
        seed : int
            Of the Poisson encoder.
        """
        x = np.asarray(plain(x, "", "network_for.x"))
        if x.ndim != 1:
            raise ValueError(f"network_for.x: must be one sample, of the shape (inputs,) (got {x.shape}); take one: X[0]")
        x = self.checked(x[None], "network_for.x")[0]
        return spiking.build(self.plan, x, self._steps(T), integer(seed, "network_for.seed", at_least=0))

    def duration(self, T: int = STEPS) -> float:
        """Return the length of a run of `network_for` [ms]: T plus the delay of the last layer behind the input."""
        return spiking.windows(self.plan, self._steps(T))[-1][1]

    def windows(self, T: int = STEPS) -> list[tuple[float, float]]:
        """Return (start, stop) [ms] for each hidden layer, whose spikes at ``start < t <= stop`` count."""
        return spiking.turns(self.plan, self._steps(T))

    def simulate(self, x: ArrayLike, T: int = STEPS, *, seed: int = 0, record: Sequence[str] = ()) -> Result:
        """Run the network for one sample in the engine and return its Result, with the potentials of ``output`` recorded.

        Parameters
        ----------
        x, T, seed
            As for `network_for`.
        record : sequence of str
            Other populations whose potentials are recorded: ``["hidden1"]``.
        """
        net = self.network_for(x, T, seed)
        cells = net.populations
        if isinstance(record, str):
            raise TypeError(f"simulate.record: must be a list of names (got {record!r}); write [{record!r}]")
        for name in record:
            if name not in cells:
                raise ValueError(f"simulate.record: no population is called {name!r}{nearest(name, cells)}")
        traces = [Trace(cells[name], "v") for name in dict.fromkeys([*record, "output"])]
        return simulate(net, self.duration(T), dt=1.0, seed=seed, record=traces, threads=1)

    def counts(self, X: ArrayLike, T: int = STEPS, seed: int = 0) -> list[np.ndarray]:
        """Return the spike counts of the hidden cells in T steps: for each layer int64 of shape (samples, units)."""
        return self._run(X, T, seed, lambda spikes, _: [layer.sum(axis=1, dtype=np.int64) for layer in spikes])

    def spikes(self, X: ArrayLike, T: int = STEPS, seed: int = 0) -> list[np.ndarray]:
        """Return the spikes of each hidden layer: bool of shape (samples, T, units)."""
        return self._run(X, T, seed, lambda spikes, _: [layer.view(bool) for layer in spikes])

    def evidence(self, X: ArrayLike, T: int = STEPS, seed: int = 0) -> np.ndarray:
        """Return the potentials of the last layer after each step, shape (samples, T, outputs)."""
        return self._run(X, T, seed, lambda _, evidence: [evidence])[0]

    def decision_function(self, X: ArrayLike, T: int = STEPS, seed: int = 0) -> np.ndarray:
        """Return the outputs, shape (samples, outputs): those of the artificial network, quantised to steps of 1/T."""
        return self._run(X, T, seed, lambda _, evidence: [evidence[:, -1] / evidence.shape[1]])[0]

    @property
    def bounded(self) -> bool:
        """Whether `bounds` exist: inputs are currents, and a spike subtracts the threshold."""
        return is_bounded(self.plan)

    def bounds(self, X: ArrayLike, T: int = STEPS) -> list[np.ndarray]:
        """Return how far rates after T steps may be from activations: for each hidden layer (samples, units).

        A rate ``theta N/T`` of the first layer is within ``theta/(2T)`` of its activation, clipped at theta. What a layer is
        off adds, times the sizes of the weights, to what the next one may be off.

        Raises
        ------
        ValueError
            If inputs are spikes, or a spike resets the potential to zero, which loses an unknown part of the input.
        """
        if not self.bounded:
            raise ValueError(
                "bounds: exist for encoder='current' and reset='subtract' only (got "
                f"encoder={self.plan.encoder!r}, reset={'zero' if self.plan.to_zero else 'subtract'!r})"
            )
        return rate_bounds(self.plan, self.trained, self.checked(X, f"{type(self).__name__}.X"), self._steps(T))

    def exactness(self, X: ArrayLike) -> Exactness:
        """Compare the spike counts in ``T = levels`` steps with the levels of the artificial network, unit by unit.

        Raises
        ------
        ValueError
            If the hidden units are not qcfs.
        """
        if self.trained.activation != "qcfs":
            raise ValueError(
                "exactness: compares with the levels of a network of qcfs; convert a bs.ann.MLP(activation="
                f"'qcfs'), or the file that it saved (got one of {self.trained.activation} from "
                f"{type(self.trained.source).__name__})"
            )
        X, levels = self.checked(X, "exactness.X"), self.trained.levels
        expected, actual = self.trained.levels_of(X), self.counts(X, levels)  # type: ignore[arg-type]
        different = [_indices(k, a != b) for k, (a, b) in enumerate(zip(expected, actual, strict=True))]
        near, h = [], X * levels
        for k, (N, theta) in enumerate(zip(expected, self.trained.thresholds, strict=True)):
            level = (h @ self.trained.weights[k] + levels * self.trained.biases[k]) / theta + 0.5
            gap = np.abs(level - np.rint(level))
            inside = (np.rint(level) >= 1) & (np.rint(level) <= levels)
            near.append(_indices(k, (gap < NEAR) & (gap > 0) & inside))
            h = theta * N
        return Exactness(len(X), sum(N.shape[1] for N in expected), np.vstack(different), np.vstack(near))

    def checked(self, X: ArrayLike, where: str) -> np.ndarray:
        """Return samples as an array (samples, inputs); messages of errors begin with `where`."""
        samples = samples_of(X, self.trained, where)
        if self.plan.encoder != "current":
            in_range(samples, f"{where}: with encoder={self.plan.encoder!r}", at_least=0.0)
            if self.calib is None and samples.max() > self.plan.input_scale:
                raise ValueError(
                    f"{where}: must be <= 1 with encoder={self.plan.encoder!r} and no calibration data (got "
                    f"{samples.max():g}); a spike in every step stands for 1; give convert(..., calib=X_train)"
                )
        return samples

    @property
    def _inputs(self):
        return self.plan.layers[0].weight.shape[0]

    def _steps(self, T):
        return integer(T, f"{type(self).__name__}.T", at_least=1)

    def _run(self, X, T, seed, keep):
        X = self.checked(X, f"{type(self).__name__}.X")
        return run(self.plan, X, self._steps(T), integer(seed, f"{type(self).__name__}.seed", at_least=0), keep)


class SpikingClassifier(_Spiking):
    """A classifier in spikes; `convert` makes it.

    Attributes
    ----------
    trained : Trained
        The artificial network.
    plan : Conversion
        Layers and options.
    calib : array or None
        Calibration data.
    classes_ : array
        The labels.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> snn = bs.ann.convert([(np.eye(2), np.zeros(2)), (np.eye(2), np.zeros(2))], norm="model")
    >>> snn.predict([[0.2, 0.9], [0.7, 0.1]], T=8)
    array([1, 0])
    >>> snn.counts([[0.2, 0.9]], T=8)[0]                                    # of the two hidden cells
    array([[2, 7]])
    """

    @property
    def classes_(self) -> np.ndarray:
        """The labels, in the order of the outputs."""
        return self.trained.classes  # type: ignore[return-value]

    def predict(self, X: ArrayLike, T: int = STEPS, seed: int = 0) -> np.ndarray:
        """Return the label of each sample after T steps: that of the largest output."""
        return self.classes_[self.decision_function(X, T, seed).argmax(axis=1)]

    def score(self, X: ArrayLike, y: ArrayLike, T: int = STEPS, seed: int = 0) -> float:
        """Return the share of samples whose label is predicted correctly after T steps."""
        predicted = self.predict(X, T, seed)
        return float(np.mean(predicted == class_labels(y, len(predicted), "SpikingClassifier.score.y", self.classes_)))


class SpikingRegressor(_Spiking):
    """A regression in spikes; `convert` makes it from scikit-learn's MLPRegressor.

    Attributes
    ----------
    trained : Trained
        The artificial network.
    plan : Conversion
        Layers and options.
    calib : array or None
        Calibration data.
    """

    def predict(self, X: ArrayLike, T: int = STEPS, seed: int = 0) -> np.ndarray:
        """Return the outputs after T steps, of shape (samples, outputs), or (samples,) if there is one output."""
        output = self.decision_function(X, T, seed)
        return output[:, 0] if output.shape[1] == 1 else output

    def score(self, X: ArrayLike, y: ArrayLike, T: int = STEPS, seed: int = 0) -> float:
        """Return R2, the share of the variance that is explained."""
        y, output = np.asarray(plain(y, "", "SpikingRegressor.score.y")), self.predict(X, T, seed)
        if y.shape != output.shape:
            raise ValueError(f"SpikingRegressor.score.y: must have the shape of the outputs, {output.shape} (got {y.shape})")
        return float(1.0 - np.sum((y - output) ** 2) / np.sum((y - y.mean(axis=0)) ** 2))


def image_shape(X):
    """Return the shape of an image, (channels, height, width), if X are images, else None."""
    return np.shape(X)[1:] if np.ndim(X) == 4 else None


def samples_of(X: ArrayLike, trained: Trained, label: str) -> np.ndarray:
    """Return samples as an array (samples, inputs), those of a network that reads images flattened, or raise ValueError."""
    X = X.detach() if hasattr(X, "detach") else X
    if trained.shape and np.shape(X)[1:] == trained.shape:
        X = np.reshape(X, (np.shape(X)[0], -1))
    return array_of(X, ("samples", trained.weights[0].shape[0]), label)


def _indices(layer, mask):
    """Return (layer, sample, unit) of all True values of a mask (samples, units), shape (k, 3)."""
    pairs = np.argwhere(mask)
    return np.hstack([np.full((len(pairs), 1), layer), pairs])
