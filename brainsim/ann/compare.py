"""The same task in an artificial network and in spikes, on the same samples: how well, how soon, and at what cost."""

from dataclasses import dataclass, field

import numpy as np

from brainsim.ann.activations import qcfs, relu
from brainsim.ann.batch import run
from brainsim.ann.convert import SpikingClassifier, convert, samples
from brainsim.ann.encoding import encoded
from brainsim.ann.verdict import verdict
from brainsim.numbers.checks import integer

MAC, AC = 4.6, 0.9  # pJ of a 32-bit multiplication with addition, and of an addition, in 45 nm: Horowitz (2014)
CAVEAT = ("Energy counts arithmetic only (4.6 pJ a MAC, 0.9 pJ an AC, 45 nm): no memory traffic, no membrane updates, "
          "no hardware was measured.")  # fmt: skip
ALIKE = 0.99  # share of calibration samples whose early decision must be the late one


@dataclass(frozen=True)
class LayerReport:
    """How well the rates of one hidden layer follow the activations, root mean squares in units of the threshold.

    Parameters
    ----------
    r2 : float
        Share of the variance of the activations that the rates explain.
    clipped, silent : float
        Share of the activations beyond the threshold; of the cells that never fire for any sample.
    clipping, quantisation, inherited, unevenness : float
        Errors: what is beyond the threshold; what lies between two counts; what the layers before hand on; and what comes
        of the order in which spikes arrive, too early or too late, which is nothing where layers run in turns.
    """

    r2: float
    clipped: float
    silent: float
    clipping: float
    quantisation: float
    inherited: float
    unevenness: float


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Both networks on the same samples; `compare` makes it. All costs are means per inference.

    Parameters
    ----------
    snn : SpikingClassifier
    X, y : array
        Samples that neither network has learned, and their labels.
    T : tuple of int
        Numbers of steps.
    ann_accuracy : float
    accuracy, agreement, quantised : array, one for each T
        Share that the spiking network finds; on which both agree; that the artificial network finds when its hidden
        activations are rounded to the ``T + 1`` levels that T steps can say: the fair baseline.
    spikes, acs : array, one for each T
        Spikes of hidden cells, with those of inputs; additions they cause at their targets.
    macs : float
        Multiplications for the input currents, which are constant and so computed once, not in each step.
    ann_macs, ann_dense : float
        Multiplications of the artificial network, with inputs that are not 0, and with all.
    updates : array, one for each T
        Updates of membrane potentials.
    footprint : int
        Bytes of weights and biases as float32, and of a float32 potential for each cell.
    connection_sparsity, ann_sparsity : float
        Share of weights that are 0; of hidden activations that are 0.
    sparsity : array, one for each T
        Share of cells and steps without a spike.
    layers : dict of int to list of LayerReport
        By T.
    decided, early_accuracy : array of int, float
        Step at which each sample is decided, and the accuracy then: as soon as the best evidence leads by a margin, which
        was chosen on calibration data. None where layers run in turns, or there are no calibration data.
    """

    snn: SpikingClassifier
    X: np.ndarray
    y: np.ndarray
    T: tuple
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
    layers: dict = field(default_factory=dict)
    decided: np.ndarray | None = None
    early_accuracy: float | None = None

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
        """Points of accuracy that the spiking network is behind at each T."""
        return 100.0 * (self.ann_accuracy - self.accuracy)

    def __repr__(self):
        """Return the summary."""
        return self.summary()

    def summary(self) -> str:
        """Return a table: each T against the artificial network, with verdict and caveat."""
        units = sum(layer.bias.size for layer in self.snn.plan.layers[:-1])
        lines = [f"{len(self.y)} samples, {units} hidden units; all costs are means per inference",
                 "          accuracy  agreement  same bits  spikes/cell      MACs       ACs  energy [nJ]",
                 f"ANN         {100 * self.ann_accuracy:6.2f} %                                    {self.ann_macs:9,.0f}"
                 f"         -  {1e-3 * self.ann_energy:11.3f}"]  # fmt: skip
        for k, T in enumerate(self.T):
            lines.append(f"T = {T:<5}   {100 * self.accuracy[k]:6.2f} %   {100 * self.agreement[k]:6.2f} %   "
                         f"{100 * self.quantised[k]:6.2f} %  {self.spikes[k] / units:11.3f} {self.macs:9,.0f} "
                         f"{self.acs[k]:9,.0f}  {1e-3 * self.energy[k]:11.3f}")  # fmt: skip
        if self.decided is not None:
            late = np.percentile(self.decided, 90)
            lines.append(f"decided early: after {self.decided.mean():.1f} of {max(self.T)} steps on average (nine in ten by "
                         f"step {late:.0f}), accuracy {100 * self.early_accuracy:.2f} %")  # fmt: skip
        lines.append(f"footprint {self.footprint:,} bytes, connection sparsity {self.connection_sparsity:.3f}, activation "
                     f"sparsity ANN {self.ann_sparsity:.3f}, SNN {self.sparsity[-1]:.3f}, membrane updates "
                     f"{self.updates[-1]:,.0f} at T = {self.T[-1]}")  # fmt: skip
        return "\n".join([*lines, self.verdict, CAVEAT])

    @property
    def verdict(self) -> str:
        """Where the spiking side wins and where it loses: arithmetic energy, accuracy, depth."""
        return verdict(self)

    def robustness(self, T=None, levels=(0.0, 0.05, 0.1, 0.2, 0.3), seeds=5):
        """Return how both networks stand noise on weights and inputs, and messages that are lost: see `Robustness`.

        Parameters
        ----------
        T : int, optional
            Steps; the largest that was compared by default.
        levels : sequence of float
            Sizes of the noise, and shares that are lost.
        seeds : int
            How often each is drawn.
        """
        from brainsim.ann.robust import robustness

        return robustness(self, self.T[-1] if T is None else T, levels, seeds)

    def to_html(self, path, examples=(0, 1)):
        """Write a page with the summary, the six panels and some samples; it needs no other file.

        Parameters
        ----------
        path : str or Path
        examples : sequence of int
            Samples that are drawn as by `raster`.
        """
        from brainsim.ann.page import write_comparison

        write_comparison(self, path, examples)

    def plot(self):
        """Return a Figure of six panels."""
        from brainsim.ann.panels import comparison_figure

        return comparison_figure(self)

    def raster(self, i, T=None):
        """Return a Figure of sample i: input, activations as bars, spikes of the same units, evidence over time.

        Parameters
        ----------
        i : int
            Which sample of X.
        T : int, optional
            Steps; the largest that was compared by default.
        """
        from brainsim.ann.panels import sample_figure

        return sample_figure(self, integer(i, "Comparison.raster.i", at_least=0), self.T[-1] if T is None else T)


def compare(source, X, y, *, calib=None, T=(1, 2, 4, 8, 16, 32, 64), seed=0, **options):
    """Compare a trained artificial network with the same network in spikes, on samples that neither has learned.

    Parameters
    ----------
    source : SpikingClassifier, or what `convert` takes
        The network.
    X, y : array, shapes (samples, inputs) and (samples,)
        Test data.
    calib : array, shape (samples, inputs), optional
        Training data for the thresholds and the margin of early decisions; see `convert`.
    T : sequence of int
        Numbers of steps.
    seed : int
        Of the Poisson encoder.
    options
        As for `convert`: norm, v0, reset, encoder, schedule, bias_shift.

    Returns
    -------
    Comparison
        ``.summary()`` is a table, ``.plot()`` six panels, ``.raster(i)`` one sample on both sides.

    Raises
    ------
    TypeError, ValueError
        As `convert`; where the network does not classify, or test samples are calibration samples.

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
    snn = source if isinstance(source, SpikingClassifier) else convert(source, calib, **options)
    if not isinstance(snn, SpikingClassifier):
        raise TypeError("compare.source: must classify (got a regression)")
    inputs = snn.plan.layers[0].weight.shape[0]
    X, y = samples(X, inputs, "compare.X"), np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(f"compare.y: must be one label for each of the {len(X)} samples (got shape {y.shape})")
    T = tuple(sorted(integer(steps, "compare.T", at_least=1) for steps in np.atleast_1d(T)))
    if calib is not None:
        calib = samples(calib, inputs, "compare.calib")
        if {row.tobytes() for row in calib} & {row.tobytes() for row in X}:
            raise ValueError("compare.calib: must be training data; some of these samples are test samples as well")
    activations = snn.trained.activations(X)
    runs = [_costs(snn, X, steps, seed, activations) for steps in T]
    own = snn.trained.predict(X)
    figures = {name: np.array([one[name] for one in runs]) for name in ("spikes", "acs", "updates", "sparsity")}
    labels = [snn.classes_[one["output"].argmax(axis=1)] for one in runs]
    early = {} if calib is None or snn.plan.sequential else _early(snn, X, y, calib, T[-1], seed)
    return Comparison(
        snn=snn, X=X, y=y, T=T, ann_accuracy=float(np.mean(own == y)),
        accuracy=np.array([np.mean(label == y) for label in labels]),
        agreement=np.array([np.mean(label == own) for label in labels]),
        quantised=np.array([np.mean(_quantised(snn, X, steps) == y) for steps in T]),
        layers={steps: one["layers"] for steps, one in zip(T, runs, strict=True)},
        **figures, **_fixed(snn, X, activations), **early,
    )  # fmt: skip


def _fanouts(snn):
    return [np.diff(layer.weight.indptr).astype(np.float64) for layer in snn.plan.layers]


def _fixed(snn, X, activations):
    """Return the costs that do not depend on the number of steps."""
    fanouts, given = _fanouts(snn), [X, *activations[:-1]]
    macs = [np.mean((h != 0) @ fanout) for h, fanout in zip(given, fanouts, strict=True)]
    weights = sum(int(np.prod(layer.weight.shape)) for layer in snn.plan.layers)
    stored, cells = sum(fanout.sum() for fanout in fanouts), sum(layer.bias.size for layer in snn.plan.layers)
    return {
        "macs": float(macs[0]) if snn.plan.encoder == "current" else 0.0, "ann_macs": float(sum(macs)),
        "ann_dense": float(weights), "footprint": 4 * int(stored + 2 * cells),
        "connection_sparsity": float(1.0 - stored / weights),
        "ann_sparsity": float(np.mean(np.concatenate([h == 0 for h in activations[:-1]], axis=1))),
    }  # fmt: skip


def _costs(snn, X, steps, seed, activations):
    """Return outputs, spikes and operations of one number of steps."""
    *counts, output = run(snn.plan, X, steps, seed,
                          lambda spikes, evidence: [*(one.sum(axis=1, dtype=np.int64) for one in spikes), evidence[:, -1]])
    given = encoded(X, steps, snn.plan.encoder, snn.plan.input_scale, seed)  # without a unit where inputs are currents
    sent, fanouts = [given.sum(axis=1, dtype=np.int64), *counts], _fanouts(snn)
    fanouts[0] = fanouts[0][: given.shape[2]]
    units = sum(one.shape[1] for one in counts)
    held = np.cumsum(given, axis=1, dtype=np.int64).sum(axis=1) if snn.plan.encoder == "latency" else sent[0]
    expected = [_in_turn(snn.plan, k, X, before, steps) for k, before in enumerate([held, *counts[:-1]])]
    layers = [_layer_report(count, turn, h, theta, steps, 0.0 if _rounds_down(snn) else 0.5)
              for count, turn, h, theta in zip(counts, expected, activations, snn.thresholds, strict=False)]  # fmt: skip
    return {
        "output": output, "spikes": float(np.mean(sum(one.sum(axis=1) for one in sent))), "layers": layers,
        "acs": float(np.mean(sum(one @ fanout for one, fanout in zip(sent, fanouts, strict=True)))),
        "updates": float(steps * (units + output.shape[1])),
        "sparsity": 1.0 - float(np.mean(sum(one.sum(axis=1) for one in counts))) / (steps * units),
    }  # fmt: skip


def _in_turn(plan, place, X, before, steps):
    """Return how many spikes the cells of a layer would send if they had summed their whole input before the first."""
    layer = plan.layers[place]
    potential = plan.starts[place] + steps * (plan.drive(X, steps) if place == 0 else plan.bias(place, steps))
    if before.shape[1]:
        potential = potential + before @ layer.weight
    return np.clip(np.floor(potential / layer.theta), 0, steps)


def _layer_report(counts, expected, h, theta, steps, shift):
    """Return the report of a layer, by its counts of spikes and those `expected` of its actual input."""
    unit = theta / steps
    clipped = np.minimum(h, theta)
    levels = np.clip(np.floor(h / unit + shift), 0, steps)

    def size(error):
        return float(np.sqrt(np.mean(error**2)) / theta)

    spread = np.sum((h - h.mean()) ** 2)
    return LayerReport(
        r2=float(1.0 - np.sum((unit * counts - h) ** 2) / max(spread, 1e-300)), clipped=float(np.mean(h > theta)),
        silent=float(np.mean(~np.any(counts > 0, axis=0))), clipping=size(clipped - h),
        quantisation=size(unit * levels - clipped), inherited=size(unit * (expected - levels)),
        unevenness=size(unit * (counts - expected)),
    )  # fmt: skip


def _rounds_down(snn):
    return not any(snn.plan.starts) and not snn.plan.bias_shift


def _quantised(snn, X, steps):
    """Return the labels of the artificial network with activations of as many levels as there are counts in T steps."""
    h = X
    for W, b, theta in zip(snn.trained.weights, snn.trained.biases, snn.thresholds, strict=False):
        h = qcfs(relu(h @ W + b), theta, steps)
    return snn.classes_[(h @ snn.trained.weights[-1] + snn.trained.biases[-1]).argmax(axis=1)]


def _early(snn, X, y, calib, steps, seed):
    """Return when each sample is decided, by the least margin that keeps 99 % of the late decisions on calibration data."""
    labels, lead = _leads(snn.evidence(calib, steps, seed))
    for margin in np.quantile(lead, np.linspace(0.0, 1.0, 41)):
        at = _first(lead >= margin)
        if np.mean(labels[np.arange(len(at)), at] == labels[:, -1]) >= ALIKE:
            break
    labels, lead = _leads(snn.evidence(X, steps, seed))
    at = _first(lead >= margin)
    return {"decided": at + 1, "early_accuracy": float(np.mean(snn.classes_[labels[np.arange(len(at)), at]] == y))}


def _leads(evidence):
    """Return the leading class after each step, and by how much it leads, shape (samples, steps)."""
    two = np.sort(evidence, axis=2)[:, :, -2:]
    return evidence.argmax(axis=2), two[:, :, 1] - two[:, :, 0]


def _first(reached):
    """Return the first step at which it is so, the last where it never is."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1), reached.shape[1] - 1)
