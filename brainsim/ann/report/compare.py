"""An artificial network and its spiking version on the same samples: accuracy, time and cost."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy import sparse

from brainsim.ann.conversion.convert import SpikingClassifier, convert
from brainsim.ann.conversion.forward import count_inputs, run
from brainsim.ann.networks.activations import qcfs, relu
from brainsim.ann.report.figures import comparison_figure, sample_figure, write_comparison
from brainsim.ann.report.layers import LayerReport, layer_reports
from brainsim.ann.report.robust import Robustness, robustness
from brainsim.ann.report.summary import AC, MAC, enough, summary, verdict
from brainsim.core.checks import integer, nearest, warn_user
from brainsim.core.files import HTML, writable
from brainsim.core.hints import answers_calls
from brainsim.learn.checks import class_labels

UNCHANGED = 0.99  # share of calibration samples whose early decision must be the same as the late one


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Both networks on the same samples; `compare` makes it. All costs are means per inference.

    Parameters
    ----------
    snn : SpikingClassifier
    X, y : array
        Samples on which neither network was trained, and their labels.
    T : tuple of int
        Numbers of steps.
    ann_accuracy : float
    accuracy, agreement, quantised : array, one value for each T
        Share of the samples that the spiking network classifies correctly; on which both networks agree; that the artificial
        network classifies correctly when its hidden activations are rounded to the ``T + 1`` values that 0 to T spikes can
        express, which is the fair baseline.
    spikes, acs : array, one value for each T
        Spikes of inputs and hidden cells, and the additions that they cause at their targets.
    macs : float
        Multiplications for the input currents, which are constant and so computed once, not in each step.
    ann_macs, ann_dense : float
        Multiplications of the artificial network, for inputs that are not 0, and for all inputs.
    updates : array, one value for each T
        Updates of membrane potentials.
    footprint : int
        Bytes of all weights and biases as float32, zeros included, and of a float32 potential for each cell. Of weights
        given as a sparse matrix, such as those of a lowered CNN, only the stored ones count.
    connection_sparsity, ann_sparsity : float
        Share of weights that are 0; of hidden activations that are 0.
    sparsity : array, one value for each T
        Share of cells and steps without a spike.
    layers : dict of int to list of LayerReport
        By T, for each hidden layer: its size, spikes and errors, and when its spikes count.
    decided, early_accuracy : array of int, float
        Step of the last layer at which each sample is decided, and the accuracy then. A sample is decided as soon as the
        best evidence leads by a margin, which was chosen on calibration data. None if layers run in turns or there are no
        calibration data.
    """

    snn: SpikingClassifier
    X: np.ndarray
    y: np.ndarray
    T: tuple[int, ...]
    ann_accuracy: float
    accuracy: np.ndarray
    agreement: np.ndarray
    quantised: np.ndarray
    spikes: np.ndarray
    acs: np.ndarray
    macs: float
    ann_macs: float
    ann_dense: float
    updates: np.ndarray
    footprint: int
    connection_sparsity: float
    ann_sparsity: float
    sparsity: np.ndarray
    layers: dict[int, list[LayerReport]] = field(default_factory=dict)
    decided: np.ndarray | None = None
    early_accuracy: float | None = None

    @property
    def time(self) -> np.ndarray:
        """Time from the onset of the stimulus to the end of the last layer's steps, for each T [ms]."""
        return np.array([self.snn.duration(steps) for steps in self.T])

    @property
    def decision_time(self) -> np.ndarray | None:
        """Time from the onset of the stimulus to the decision on each sample [ms]: `decided` plus the delay of the last
        layer behind the input.
        """
        return None if self.decided is None else self.decided + (self.time[-1] - self.T[-1])

    @property
    def energy(self) -> np.ndarray:
        """Energy of the spiking network's arithmetic at each T [pJ]; see the caveat in `summary`."""
        return MAC * self.macs + AC * self.acs

    @property
    def ann_energy(self) -> float:
        """Energy of the artificial network's arithmetic [pJ]."""
        return MAC * self.ann_macs

    @property
    def loss(self) -> np.ndarray:
        """Percentage points of accuracy that the spiking network loses at each T."""
        return 100.0 * (self.ann_accuracy - self.accuracy)

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """Return tables of each T against the artificial network and of each hidden layer, with verdict and caveat."""
        return summary(self)

    @property
    def verdict(self) -> str:
        """Where the spiking network wins and where it loses: arithmetic energy, accuracy, depth."""
        return verdict(self)

    def robustness(
        self, T: int | None = None, levels: Sequence[float] = (0.0, 0.05, 0.1, 0.2, 0.3), seeds: int = 5
    ) -> Robustness:
        """Return the accuracies of both networks under noise on weights and inputs, and loss of messages: see `Robustness`.

        Parameters
        ----------
        T : int, optional
            Number of steps; by default the largest that was compared.
        levels : sequence of float
            Sizes of the noise, and shares that are lost.
        seeds : int
            Number of random repetitions of each.
        """
        return robustness(self, self.T[-1] if T is None else T, levels, seeds)

    def to_html(self, path: str | PathLike[str], examples: int | Sequence[int] | None = None, robustness: int = 3) -> None:
        """Write a self-contained page with the summary, the robustness, the six panels and some samples.

        Parameters
        ----------
        path : str or Path
            The file, which must end in ``.html`` or ``.htm``; an existing one is replaced.
        examples : sequence of int, optional
            Samples that are drawn as by `raster`; the first two by default.
        robustness : int
            Seeds of `robustness`, at the first T with 99 % of the last accuracy; 0 leaves it out.
        """
        path = writable(path, "Comparison.to_html.path", HTML)
        chosen = range(min(2, len(self.y))) if examples is None else np.atleast_1d(examples)
        examples = [self._sample(i, "to_html.examples") for i in chosen]
        seeds = integer(robustness, "Comparison.to_html.robustness", at_least=0)
        write_comparison(self, path, examples, self.robustness(self.T[enough(self)], seeds=seeds) if seeds else None)

    def plot(self) -> Figure:
        """Return a Figure of six panels."""
        return comparison_figure(self)

    def raster(self, i: int, T: int | None = None) -> Figure:
        """Return a Figure of sample i: input, activations as bars, spikes of the same units, evidence over time.

        Parameters
        ----------
        i : int
            Index of the sample in X.
        T : int, optional
            Number of steps; by default the largest that was compared.
        """
        T = self.T[-1] if T is None else integer(T, "Comparison.raster.T", at_least=1)
        return sample_figure(self, self._sample(i, "raster.i"), T)

    def _sample(self, i, parameter):
        i = integer(i, f"Comparison.{parameter}", at_least=0)
        if i >= len(self.y):
            raise ValueError(f"Comparison.{parameter}: must be below the number of samples, {len(self.y)} (got {i})")
        return i


@answers_calls
def compare(
    source: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    calib: ArrayLike | None = None,
    T: int | Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    seed: int = 0,
    **options: Any,
) -> Comparison:
    """Compare a trained artificial network with the same network in spikes, on samples that were not used for training.

    Parameters
    ----------
    source : SpikingClassifier, or any source of `convert`
        The network. The reference is the artificial network from which it is converted, with the same weights.
    X, y : array, shapes (samples, inputs) and (samples,)
        Test data.
    calib : array, shape (samples, inputs), optional
        Training data for the thresholds and the margin of early decisions; see `convert`.
    T : sequence of int
        Numbers of steps.
    seed : int
        Of the Poisson encoder.
    options
        As for `convert`: norm, v0, reset, encoder, schedule, bias_shift; not if `source` is converted already.

    Returns
    -------
    Comparison
        ``.summary()`` is a table, ``.plot()`` six panels, ``.raster(i)`` one sample on both sides.

    Raises
    ------
    TypeError, ValueError
        As `convert`; also if the network does not classify, or options are given for one that is converted already.

    Warns
    -----
    UserWarning
        If test samples are also calibration samples, on which thresholds and the margin of early decisions depend.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.digits()
    >>> mlp = bs.ann.MLP(32, epochs=20).fit(data.X_train, data.y_train)
    >>> report = bs.ann.compare(mlp, data.X_test, data.y_test, calib=data.X_train, T=(4, 32))
    >>> bool(report.agreement[1] > 0.97)
    True

    References
    ----------
    Yik et al. (2025), doi:10.1038/s41467-025-56739-4 (NeuroBench); Horowitz (2014), doi:10.1109/ISSCC.2014.6757323 (energy);
    Davidson & Furber (2021), doi:10.3389/fnins.2021.651141 (most rate codes do not save energy).
    """
    snn = _convert(source, calib, options)
    X = snn.checked(X, "compare.X")
    y = class_labels(y, len(X), "compare.y", snn.classes_)
    T = tuple(sorted({integer(steps, "compare.T", at_least=1) for steps in np.atleast_1d(T)}))
    if not T:
        raise ValueError("compare.T: must be one number of steps or more (got none)")
    seed = integer(seed, "compare.seed", at_least=0)
    calib = None if calib is None else snn.checked(calib, "compare.calib")
    _warn_of_shared(snn, calib, X)
    activations = snn.trained.activations(X)
    runs = [_costs(snn, X, steps, seed, activations) for steps in T]
    of_ann = snn.trained.predict(X)
    costs: dict[str, Any] = {
        name: np.array([at_T[name] for at_T in runs]) for name in ("spikes", "acs", "updates", "sparsity")
    }
    predicted = [snn.classes_[at_T["output"].argmax(axis=1)] for at_T in runs]
    early = {} if calib is None or snn.plan.sequential else _early(snn, X, y, calib, T[-1], seed)
    return Comparison(
        snn=snn,
        X=X,
        y=y,
        T=T,
        ann_accuracy=float(np.mean(of_ann == y)),
        accuracy=np.array([np.mean(classes == y) for classes in predicted]),
        agreement=np.array([np.mean(classes == of_ann) for classes in predicted]),
        quantised=np.array([np.mean(snn.trained.predict(X, _round_to_counts(snn, steps)) == y) for steps in T]),
        layers={steps: at_T["layers"] for steps, at_T in zip(T, runs, strict=True)},
        **costs,
        **_fixed(snn, X, activations),
        **early,
    )


def _convert(source, calib, options) -> SpikingClassifier:
    """Return the spiking network, after a check of the options."""
    parameters = inspect.signature(convert).parameters.items()
    known = [name for name, parameter in parameters if parameter.kind == parameter.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise TypeError(f"compare: has no option {name!r}{nearest(name, known)}")
    if isinstance(source, SpikingClassifier):
        if options:
            raise TypeError(
                f"compare.{next(iter(options))}: has no effect on a network that is converted already; pass it to "
                "convert, or pass the artificial network to compare"
            )
        return source
    snn = convert(source, calib, **options)
    if not isinstance(snn, SpikingClassifier):
        raise TypeError("compare.source: must be a network that classifies (got one for regression)")
    return snn


def _warn_of_shared(snn, calib, X):
    """Warn if test samples are also calibration samples, to the precision of float32, in which one of them may have been."""
    known = set()
    for training in (calib, snn.calib):
        known |= set() if training is None else {row.tobytes() for row in (training + 0.0).astype(np.float32)}
    shared = sum(row.tobytes() in known for row in (X + 0.0).astype(np.float32))
    if shared:
        warn_user(
            f"compare.calib: {shared} of the {len(X)} test samples are calibration samples as well, so the "
            "accuracies may be too high for new samples; calibrate with training data, calib=X_train"
        )


def _fanouts(snn):
    return [np.diff(layer.weight.indptr).astype(np.float64) for layer in snn.plan.layers]


def _fixed(snn, X, activations):
    """Return the costs that do not depend on the number of steps."""
    fanouts, inputs = _fanouts(snn), [X, *activations[:-1]]
    macs = [np.mean((h != 0) @ fanout) for h, fanout in zip(inputs, fanouts, strict=True)]
    units, spare = [layer.bias.size for layer in snn.plan.layers], snn.trained.spare
    weights = sum(int(np.prod(layer.weight.shape)) for layer in snn.plan.layers) - units[-2] * spare
    stored, cells = sum(fanout.sum() for fanout in fanouts), sum(units) - spare
    in_memory = sum(W.nnz if sparse.issparse(W) else W.size for W in snn.trained.weights) - units[-2] * spare
    return {
        "macs": float(macs[0]) if snn.plan.encoder == "current" else 0.0,
        "ann_macs": float(sum(macs)),
        "ann_dense": float(weights),
        "footprint": 4 * int(in_memory + 2 * cells),
        "connection_sparsity": float(1.0 - stored / weights),
        "ann_sparsity": float(np.mean(np.concatenate([h == 0 for h in activations[:-1]], axis=1))),
    }


def _costs(snn, X, steps, seed, activations):
    """Return outputs, spikes and operations for one number of steps."""
    *counts, output = run(
        snn.plan,
        X,
        steps,
        seed,
        lambda spikes, evidence: [*(layer.sum(axis=1, dtype=np.int64) for layer in spikes), evidence[:, -1]],
    )
    inputs, acting = count_inputs(X, steps, snn.plan.encoder, snn.plan.input_scale, seed)
    sent, fanouts = [inputs, *counts], _fanouts(snn)
    fanouts[0] = fanouts[0][: inputs.shape[1]]  # none if inputs are currents
    units = sum(count.shape[1] for count in counts)
    layers = layer_reports(snn, X, steps, counts, acting, activations)
    return {
        "output": output,
        "spikes": float(np.mean(sum(count.sum(axis=1) for count in sent))),
        "layers": layers,
        "acs": float(np.mean(sum(count @ fanout for count, fanout in zip(sent, fanouts, strict=True)))),
        "updates": float(steps * (units + output.shape[1] - snn.trained.spare)),
        "sparsity": 1.0 - float(np.mean(sum(count.sum(axis=1) for count in counts))) / (steps * units),
    }


def _round_to_counts(snn, steps):
    """Return what rounds the activations of hidden units to the ``T + 1`` values of spike counts."""
    return lambda z, layer: qcfs(relu(z), snn.thresholds[layer], steps)


def _early(snn, X, y, calib, steps, seed):
    """Return when each sample is decided, with the smallest margin that keeps 99 % of the late decisions in calibration."""
    leader, lead = _leads(snn, calib, steps, seed)
    for margin in np.quantile(lead, np.linspace(0.0, 1.0, 41)):
        step = _first(lead >= margin)
        if np.mean(leader[np.arange(len(step)), step] == leader[:, -1]) >= UNCHANGED:
            break
    leader, lead = _leads(snn, X, steps, seed)
    step = _first(lead >= margin)
    return {"decided": step + 1, "early_accuracy": float(np.mean(snn.classes_[leader[np.arange(len(step)), step]] == y))}


def _leads(snn, X, steps, seed):
    """Return the leading class after each step, and by how much it leads, shape (samples, steps).

    The evidence, which is larger by the number of classes, is kept for a few samples at a time only.
    """

    def keep(_, evidence):
        two = np.partition(evidence, -2, axis=2)[:, :, -2:]
        return [evidence.argmax(axis=2).astype(np.int32), two[:, :, 1] - two[:, :, 0]]

    return run(snn.plan, X, steps, seed, keep)


def _first(reached):
    """Return the first step at which `reached` is True, or the last step if it never is."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1), reached.shape[1] - 1)
