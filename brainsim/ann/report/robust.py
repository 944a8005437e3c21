"""The accuracy of an artificial and a spiking network under the same disturbances."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from brainsim.ann.conversion.forward import run
from brainsim.ann.conversion.thresholds import scale_layers
from brainsim.core.checks import in_range, integer, plain

KINDS = {
    "weights": "noise on weights, relative",
    "inputs": "noise on inputs, standard deviation",
    "lost": "share of messages lost",
}


@dataclass(frozen=True, eq=False, repr=False)
class Robustness:
    """Accuracies under disturbances.

    Parameters
    ----------
    T : int
        Number of steps of the spiking network.
    levels : array, shape (k,)
        Sizes of the noise, and shares that are lost.
    ann, snn : dict of str to array, shape (seeds, k)
        Accuracies by ``"weights"`` (each weight times ``1 + level*N(0, 1)``, the same in both networks), ``"inputs"`` (plus
        ``level*N(0, 1)``, the same in both networks) and ``"lost"`` (each activation, or each spike, is set to 0 with the
        probability ``level``).
    """

    T: int
    levels: np.ndarray
    ann: dict[str, np.ndarray]
    snn: dict[str, np.ndarray]

    def __repr__(self) -> str:
        lines = []
        for kind, title in KINDS.items():
            lines.append(f"{title:36s}" + "".join(f"{level:>14g}" for level in self.levels))
            for side, accuracy in (("  artificial", self.ann[kind]), (f"  spiking, T = {self.T}", self.snn[kind])):
                pairs = zip(100 * accuracy.mean(axis=0), 100 * accuracy.std(axis=0), strict=True)
                lines.append(f"{side:36s}" + "".join(f"{mean:7.2f} ± {deviation:4.2f}" for mean, deviation in pairs))
        return "\n".join(lines)


def robustness(comparison, T, levels, seeds):
    """Return the `Robustness` of both networks of a `Comparison`."""
    levels = np.atleast_1d(plain(levels, "", "robustness.levels"))
    in_range(levels, "robustness.levels", at_least=0.0)
    if levels.ndim != 1 or not levels.size:
        raise ValueError(f"robustness.levels: must be one level or more, in a row (got shape {levels.shape})")
    steps, seeds = integer(T, "robustness.T", at_least=1), integer(seeds, "robustness.seeds", at_least=1)
    snn, X, y = comparison.snn, comparison.X, comparison.y
    ann = {kind: np.empty((seeds, levels.size)) for kind in KINDS}
    spiking = {kind: np.empty((seeds, levels.size)) for kind in KINDS}

    def measure(kind, seed, k, trained, plan, inputs, lost=0.0):
        rng = np.random.default_rng([seed, k])

        def keep(z, layer):
            return trained.activate(z, layer) * (rng.random(z.shape) >= lost)

        ann[kind][seed, k] = np.mean(trained.predict(inputs, keep) == y)
        output = run(plan, inputs, steps, seed, lambda _, evidence: [evidence[:, -1]])[0]
        spiking[kind][seed, k] = np.mean(snn.classes_[output.argmax(axis=1)] == y)

    scale = None if snn.plan.encoder == "current" else snn.plan.input_scale
    for seed in range(seeds):
        for k, level in enumerate(levels):
            rng = np.random.default_rng([seed, k, 1])
            noisy = replace(snn.trained, weights=[_with_noise(W, level, rng) for W in snn.trained.weights])
            layers = scale_layers(noisy, snn.thresholds, scale)
            measure("weights", seed, k, noisy, snn.plan._replace(layers=layers), X)
            disturbed = X + level * rng.standard_normal(X.shape)
            measure("inputs", seed, k, snn.trained, snn.plan, disturbed if scale is None else np.maximum(disturbed, 0.0))
            measure("lost", seed, k, snn.trained, snn.plan._replace(lost=float(level)), X, float(level))
    return Robustness(steps, levels, ann, spiking)


def _with_noise(W, level, rng):
    if sparse.issparse(W):
        return sparse.csr_array((W.data * (1.0 + level * rng.standard_normal(W.nnz)), W.indices, W.indptr), shape=W.shape)
    return W * (1.0 + level * rng.standard_normal(W.shape))
