"""Rate units that learn without a target: the rules of Oja and of Bienenstock, Cooper and Munro."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, number
from brainsim.core.hints import answers_calls
from brainsim.learn.checked_samples import array_of


class Unit:
    """What linear units have in common: weights, and data that they learn row by row."""

    weights: np.ndarray

    def __init__(self, n_in: int, learning_rate: float) -> None:
        name = type(self).__name__
        self.n_in = integer(n_in, f"{name}.n_in", at_least=1)
        self.learning_rate = number(learning_rate, f"{name}.learning_rate", above=0.0)

    def fit(self, X: ArrayLike, epochs: int = 1) -> Self:
        """Learn from rows in their order, starting from the present weights, and return the unit.

        Parameters
        ----------
        X : array, shape (samples, n_in)
        epochs : int
            Number of passes over the rows.

        Raises
        ------
        ValueError
            If the shape does not fit or the weights become infinite; they are then those before the call.
        """
        label = f"{type(self).__name__}.fit"
        X = np.ascontiguousarray(array_of(X, ("samples", self.n_in), f"{label}.X"))
        w = self.weights.copy()
        self._learn(X, w, integer(epochs, f"{label}.epochs", at_least=1))
        self.weights = w
        return self

    def response(self, X: ArrayLike) -> np.ndarray:
        """Return ``X @ weights``, the response to each row."""
        return array_of(X, ("samples", self.n_in), f"{type(self).__name__}.response.X") @ self.weights

    def _learn(self, X: np.ndarray, w: np.ndarray, epochs: int) -> None:
        raise NotImplementedError

    def _check(self, w: np.ndarray) -> None:
        if not np.isfinite(w).all():
            advice = f"lower learning_rate ({self.learning_rate:g})"
            raise ValueError(f"{type(self).__name__}.fit: the weights became infinite; {advice}")


@answers_calls
class OjaUnit(Unit):
    """A linear unit that finds the first principal component: Hebbian learning with a decay that keeps its weights finite.

    For each row x of the data, ``y = x @ w`` and ``w += learning_rate*y*(x - y*w)``. The length of w tends to 1 and its
    direction to the first eigenvector of ``X.T @ X``, up to the sign, with fluctuations that shrink with the learning rate.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    learning_rate : float
        > 0; well below 1 divided by the mean square length of a row.
    seed : int
        Seed for the initial weights, which have a random direction.

    Attributes
    ----------
    weights : array, shape (n_in,)

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> X = np.random.default_rng(1).normal(size=(5000, 2)) * [3.0, 1.0]
    >>> w = bs.learn.OjaUnit(2).fit(X, epochs=2).weights
    >>> bool(abs(w[0]) > 0.99 and abs(w[1]) < 0.1)
    True

    References
    ----------
    Oja (1982), doi:10.1007/BF00275687.
    """

    def __init__(self, n_in: int, *, learning_rate: float = 1e-3, seed: int = 0) -> None:
        super().__init__(n_in, learning_rate)
        w = np.random.default_rng(integer(seed, "OjaUnit.seed", at_least=0)).standard_normal(self.n_in)
        self.weights = w / np.linalg.norm(w)

    def __repr__(self) -> str:
        return f"OjaUnit({self.n_in}, learning_rate={self.learning_rate:g})"

    def _learn(self, X, w, epochs):
        from brainsim.examples._units.kernels import oja

        for _ in range(epochs):
            oja(X, w, self.learning_rate)
        self._check(w)


@answers_calls
class BCMUnit(Unit):
    """A linear unit that becomes selective: Hebbian above a threshold that slides with its own activity, else the reverse.

    For each row x of the data, ``y = x @ w`` and ``w += learning_rate*x*y*(y - threshold)``. The threshold is the mean of y
    squared: a running mean over about `tau` rows, or, without `tau`, the mean over all rows, with one mean step of w in each
    pass. If two patterns that do not overlap are equally frequent, the unit learns to respond with 2 to one and with 0 to
    the other.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    learning_rate : float
        > 0.
    tau : float or None
        Number of rows over which y squared is averaged, >= 1 and well below 1/learning_rate: if the threshold is slower than
        the weights, both oscillate.
    seed : int
        Seed for the initial weights, which are uniform between 0 and ``n_in**-0.5``.

    Attributes
    ----------
    weights : array, shape (n_in,)
    threshold : float
        0 at the start.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> patterns = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> unit = bs.learn.BCMUnit(2, learning_rate=0.1).fit(patterns, epochs=1000)
    >>> np.sort(unit.response(patterns)).round(6)
    array([0., 2.])

    References
    ----------
    Bienenstock, Cooper & Munro (1982), doi:10.1523/JNEUROSCI.02-01-00032.1982; the mean square as the threshold is that of
    Intrator & Cooper (1992), doi:10.1016/S0893-6080(05)80003-6.
    """

    def __init__(self, n_in: int, *, learning_rate: float = 1e-3, tau: float | None = None, seed: int = 0) -> None:
        super().__init__(n_in, learning_rate)
        self.tau = None if tau is None else number(tau, "BCMUnit.tau", at_least=1.0)
        rng = np.random.default_rng(integer(seed, "BCMUnit.seed", at_least=0))
        self.weights = rng.uniform(0.0, self.n_in**-0.5, self.n_in)
        self.threshold = 0.0

    def __repr__(self) -> str:
        return f"BCMUnit({self.n_in}, learning_rate={self.learning_rate:g}, tau={self.tau})"

    def _learn(self, X, w, epochs):
        from brainsim.examples._units.kernels import bcm, bcm_mean

        threshold, scratch = self.threshold, (np.empty(len(X)), np.empty(self.n_in))
        for _ in range(epochs):
            if self.tau is None:
                threshold = bcm_mean(X, w, self.learning_rate, *scratch)
            else:
                threshold = bcm(X, w, self.learning_rate, 1.0 / self.tau, threshold)
        self._check(w)
        self.threshold = threshold
