"""The ways of converting a network, side by side: how many steps each needs."""

from dataclasses import dataclass

import numpy as np

from brainsim.ann.conversion.convert import convert
from brainsim.ann.data.samples import labels
from brainsim.core.checks import integer

# name -> (norm, v0) of a network of ReLUs
WAYS = {"maximum": ("max", "zero"), "99.9th percentile": ("p99.9", "zero"), "half a threshold": ("p99.9", "half")}
TRAINED = "trained for it (qcfs)"


@dataclass(frozen=True, eq=False, repr=False)
class MethodCurves:
    """Accuracies of several conversions of two networks; `methods` makes it.

    Parameters
    ----------
    T : tuple of int
        Numbers of steps.
    accuracy : dict of str to array, one for each T
        By method.
    relu, qcfs : float
        Accuracy of the artificial networks.
    """

    T: tuple
    accuracy: dict
    relu: float
    qcfs: float

    def __repr__(self):
        """Return a table."""
        lines = [f"{'steps T':24s}" + "".join(f"{T:8d}" for T in self.T)]
        for name, values in self.accuracy.items():
            lines.append(f"{name:24s}" + "".join(f"{100 * value:8.2f}" for value in values))
        return "\n".join([*lines, f"artificial: relu {100 * self.relu:.2f} %, qcfs {100 * self.qcfs:.2f} %"])

    def plot(self, ax=None):
        """Draw accuracy against steps, a line for each method, and return the Axes."""
        from brainsim.ann.report.pictures import draw_methods

        return draw_methods(self, ax)


def methods(relu, qcfs, X, y, *, calib, T=(1, 2, 4, 8, 16, 32, 64, 128)):
    """Compare ways of converting: thresholds at the maximum (Diehl 2015) or at a percentile (Rueckauer 2017), from half a
    threshold on, and a network that was trained to be converted (Bu 2022).

    Parameters
    ----------
    relu, qcfs : MLP, or what `convert` takes
        Two networks for the same task, with ReLUs and with quantised ones.
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
    >>> one, other = (bs.ann.MLP(32, activation=a, epochs=15).fit(data.X_train, data.y_train) for a in ("relu", "qcfs"))
    >>> found = bs.ann.methods(one, other, data.X_test, data.y_test, calib=data.X_train, T=(4, 64))
    >>> bool(found.accuracy["half a threshold"][0] > found.accuracy["maximum"][0])
    True

    References
    ----------
    Diehl et al. (2015), doi:10.1109/IJCNN.2015.7280696; Rueckauer et al. (2017), doi:10.3389/fnins.2017.00682; Bu et al.
    (2022), arXiv:2303.04347.
    """
    T = tuple(sorted({integer(steps, "methods.T", at_least=1) for steps in np.atleast_1d(T)}))
    networks = {name: convert(relu, calib, norm=norm, v0=v0) for name, (norm, v0) in WAYS.items()}
    networks[TRAINED] = convert(qcfs, calib)
    for name, given, wanted in (("relu", networks["maximum"], "relu"), ("qcfs", networks[TRAINED], "qcfs")):
        if given.trained.activation != wanted:
            raise ValueError(
                f"methods.{name}: must be a network of {wanted}, bs.ann.MLP(activation={wanted!r}) (got one of "
                f"{given.trained.activation})"
            )
    X = networks[TRAINED].checked(X, "methods.X")
    y = labels(y, len(X), "methods.y", networks[TRAINED].classes_)
    accuracy = {name: np.array([snn.score(X, y, steps) for steps in T]) for name, snn in networks.items()}
    own = [float(np.mean(networks[name].trained.predict(X) == y)) for name in ("maximum", TRAINED)]
    return MethodCurves(T, accuracy, *own)
