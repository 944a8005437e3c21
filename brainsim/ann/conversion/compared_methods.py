"""Methods of converting a network side by side: how many steps each needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from brainsim.ann.conversion.convert import SpikingClassifier, convert
from brainsim.core.checks import integer
from brainsim.learn.checked_samples import class_labels
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.styles import MACHINE, PALETTE

# name -> (norm, v0) for a network of ReLUs
METHODS: dict[str, tuple[str, Literal["half", "zero"]]] = {
    "maximum": ("max", "zero"),
    "99.9th percentile": ("p99.9", "zero"),
    "half a threshold": ("p99.9", "half"),
}
TRAINED = "trained for it (qcfs)"


@dataclass(frozen=True, eq=False, repr=False)
class MethodCurves:
    """Accuracies of several conversions of two networks; `methods` makes it.

    Parameters
    ----------
    T : tuple of int
        Numbers of steps.
    accuracy : dict of str to array, one value for each T
        By method.
    relu, qcfs : float
        Accuracy of the artificial networks.
    """

    T: tuple[int, ...]
    accuracy: dict[str, np.ndarray]
    relu: float
    qcfs: float

    def __repr__(self) -> str:
        lines = [f"{'steps T':24s}" + "".join(f"{T:8d}" for T in self.T)]
        for name, values in self.accuracy.items():
            lines.append(f"{name:24s}" + "".join(f"{100 * value:8.2f}" for value in values))
        return "\n".join([*lines, f"artificial: relu {100 * self.relu:.2f} %, qcfs {100 * self.qcfs:.2f} %"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw accuracy against steps, a line for each method, and return the Axes."""
        ax = axes_of(ax, "MethodCurves.plot")
        colours = (PALETTE[2], PALETTE[0], PALETTE[4], PALETTE[6])
        for (name, values), colour, mark in zip(self.accuracy.items(), colours, "osD^", strict=True):
            ax.plot(self.T, 100.0 * values, f"{mark}-", color=colour, markersize=4, label=name)
        ax.axhline(100.0 * self.relu, color=MACHINE, linestyle="--", label="artificial, ReLU", zorder=1)
        ax.axhline(100.0 * self.qcfs, color=MACHINE, linestyle=":", label="artificial, qcfs", zorder=1)
        scale_steps(ax, self.T, "accuracy [%]")
        ax.set_ylim(0.0, 102.0)
        ax.legend(loc="lower right")
        return ax


def methods(
    relu: Any,
    qcfs: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    calib: ArrayLike,
    T: int | Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128),
) -> MethodCurves:
    """Compare conversion methods: thresholds at the maximum (Diehl 2015) or at a percentile (Rueckauer 2017), a start at
    half the threshold, and a network trained for conversion (Bu 2022).

    Parameters
    ----------
    relu, qcfs : MLP, or any source of `convert`
        Two networks for the same task, with ReLUs and with quantised ReLUs.
    X, y : array, shapes (samples, inputs) and (samples,)
        Test data.
    calib : array, shape (samples, inputs)
        Training data.
    T : sequence of int
        Numbers of steps.

    Returns
    -------
    MethodCurves
        ``.plot(ax)`` draws it.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.digits()
    >>> relu, qcfs = (bs.ann.MLP(32, activation=a, epochs=15).fit(data.X_train, data.y_train) for a in ("relu", "qcfs"))
    >>> curves = bs.ann.methods(relu, qcfs, data.X_test, data.y_test, calib=data.X_train, T=(4, 64))
    >>> bool(curves.accuracy["half a threshold"][0] > curves.accuracy["maximum"][0])
    True

    References
    ----------
    Diehl et al. (2015), doi:10.1109/IJCNN.2015.7280696; Rueckauer et al. (2017), doi:10.3389/fnins.2017.00682; Bu et al.
    (2022), arXiv:2303.04347.
    """
    T = tuple(sorted({integer(steps, "methods.T", at_least=1) for steps in np.atleast_1d(T)}))
    networks = {name: _classifier(convert(relu, calib, norm=norm, v0=v0), "relu") for name, (norm, v0) in METHODS.items()}
    networks[TRAINED] = _classifier(convert(qcfs, calib), "qcfs")

    X = networks[TRAINED].checked(X, "methods.X")
    y = class_labels(y, len(X), "methods.y", networks[TRAINED].classes_)
    accuracy = {name: np.array([snn.score(X, y, steps) for steps in T]) for name, snn in networks.items()}
    artificial = [float(np.mean(networks[name].trained.predict(X) == y)) for name in ("maximum", TRAINED)]
    return MethodCurves(T, accuracy, *artificial)


def _classifier(snn, activation) -> SpikingClassifier:
    """Return a converted network after checking that it classifies, with hidden units of this activation."""
    if not isinstance(snn, SpikingClassifier):
        raise TypeError(f"methods.{activation}: must be a network that classifies (got one for regression)")
    if snn.trained.activation != activation:
        raise ValueError(
            f"methods.{activation}: must be a network of {activation}, bs.ann.MLP(activation={activation!r}) (got one of "
            f"{snn.trained.activation})"
        )
    return snn


def scale_steps(ax, T, label):
    """Give axes a logarithmic scale of steps T, with a tick at each number of steps, and label them."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(T, [str(steps) for steps in T])
    ax.set(xlabel="steps T", ylabel=label)
