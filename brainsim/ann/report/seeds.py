"""A comparison over several seeds: mean and deviation of both sides."""

from dataclasses import dataclass

import numpy as np

from brainsim.ann.data.samples import Dataset
from brainsim.ann.report.compare import compare
from brainsim.ann.report.summary import CAVEAT
from brainsim.ann.report.verdict import lost_accuracy
from brainsim.core.checks import integer


@dataclass(frozen=True, eq=False, repr=False)
class SeedComparison:
    """The same comparison for several seeds; `compare_seeds` makes it. Arrays have a row for each seed.

    Parameters
    ----------
    seeds : tuple of int
    T : tuple of int
        Numbers of steps.
    reports : tuple of Comparison
        One for each seed.
    """

    seeds: tuple
    T: tuple
    reports: tuple

    @property
    def ann_accuracy(self) -> np.ndarray:
        """Accuracy of the artificial networks, shape (seeds,)."""
        return np.array([one.ann_accuracy for one in self.reports])

    @property
    def accuracy(self) -> np.ndarray:
        """Accuracy of the spiking networks, shape (seeds, T)."""
        return self._of("accuracy")

    @property
    def loss(self) -> np.ndarray:
        """Points of accuracy by which each spiking network is behind its own artificial one, shape (seeds, T)."""
        return self._of("loss")

    @property
    def energy_ratio(self) -> np.ndarray:
        """Arithmetic energy of the spiking networks over that of the artificial ones, shape (seeds, T); a proxy."""
        return np.array([one.energy / one.ann_energy for one in self.reports])

    def __repr__(self):
        """Return the summary."""
        return self.summary()

    def summary(self) -> str:
        """Return a table of means and standard deviations over seeds, with verdict and caveat."""
        one = self.reports[0]
        weights = sum(W.size + b.size for W, b in zip(one.snn.trained.weights, one.snn.trained.biases, strict=True))
        units = sum(layer.bias.size for layer in one.snn.plan.layers[:-1])
        lines = [
            f"{len(self.seeds)} seeds, {len(one.y)} test samples each: mean ± standard deviation over seeds",
            f"both sides: the same {weights:,} weights and biases, training and test samples",
            "         accuracy [%]   behind [points]  agreement [%]   rounded ANN [%]  spikes/cell    energy / ANN's",
            f"ANN      {_cell(100 * self.ann_accuracy)}",
        ]
        columns = (
            100 * self.accuracy,
            self.loss,
            100 * self._of("agreement"),
            100 * self._of("quantised"),
            self._of("spikes") / units,
            self.energy_ratio,
        )
        for k, T in enumerate(self.T):
            lines.append(f"T = {T:<5}" + "   ".join(_cell(column[:, k]) for column in columns))
        return "\n".join([*lines, self.verdict, CAVEAT])

    @property
    def verdict(self) -> str:
        """Where the spiking side loses, in accuracy and in arithmetic energy, on average over seeds."""
        ratio = self.energy_ratio.mean(axis=0)
        dear = [f"{T} ({one:.2f} times)" for T, one in zip(self.T, ratio, strict=True) if one > 1.0]
        energy = (
            f"They take MORE arithmetic energy at T = {', '.join(dear)}."
            if dear
            else (f"They take at most {ratio.max():.2f} times the arithmetic energy of the artificial network.")
        )
        own = 100 * self.ann_accuracy.mean()
        reference = (
            f"Points are behind the artificial network of the same seed and weights, which finds {own:.2f} % on "
            f"average of the same {len(self.reports[0].y)} test samples."
        )
        return f"{lost_accuracy(self.T, self.loss.mean(axis=0))}\n{reference}\n{energy}"

    def plot(self, ax=None):
        """Draw the accuracy of both sides against the number of steps, bands of one deviation, and return the Axes."""
        from brainsim.ann.report.pictures import draw_seeds

        return draw_seeds(self, ax)

    def _of(self, name):
        return np.array([getattr(one, name) for one in self.reports])


def compare_seeds(make, data, *, seeds=5, T=(1, 2, 4, 8, 16, 32, 64), **options):
    """Train a network for each of several seeds, convert it, and compare both sides on test data.

    Each spiking network has the weights of the artificial one beside it, so that both have learned the same from the same
    data. Thresholds are found on training data; test data are looked at once for each seed.

    Parameters
    ----------
    make : function
        Takes a seed and returns a network that has not learned, with ``fit(X, y)``: of `convert`'s sources an `MLP` or
        scikit-learn's MLPClassifier.
    data : Dataset or function
        What is learned; a function takes the seed and returns the data, for a split of its own for each seed:
        ``lambda seed: bs.ann.datasets.digits(seed=seed)``.
    seeds : int or sequence of int
        How many, from 0 on; or which.
    T : sequence of int
        Numbers of steps.
    options
        As for `compare` and `convert`: norm, v0, reset, encoder, schedule, bias_shift.

    Returns
    -------
    SeedComparison
        ``.summary()`` is a table of mean ± standard deviation, ``.plot(ax)`` draws it, ``.reports`` has each seed's.

    Raises
    ------
    TypeError, ValueError
        As `compare`; where there are fewer than two seeds.

    Examples
    --------
    >>> import brainsim as bs
    >>> def make(seed):
    ...     return bs.ann.MLP(24, epochs=10, seed=seed)
    >>> found = bs.ann.compare_seeds(make, bs.ann.datasets.digits(), seeds=3, T=(2, 32))
    >>> found.accuracy.shape, bool(abs(found.loss[:, 1]).max() < 2.0)
    ((3, 2), True)
    """
    if not callable(make):
        raise TypeError(
            "compare_seeds.make: must be a function of a seed that returns a network which has not learned "
            f"(got {type(make).__name__}); write lambda seed: bs.ann.MLP(seed=seed)"
        )
    chosen = range(integer(seeds, "compare_seeds.seeds", at_least=2)) if np.ndim(seeds) == 0 else seeds
    chosen = tuple(integer(seed, "compare_seeds.seeds", at_least=0) for seed in chosen)
    if len(set(chosen)) < max(len(chosen), 2):
        raise ValueError(f"compare_seeds.seeds: must be two or more, each once (got {chosen})")
    reports = []
    for seed in chosen:
        one = data(seed) if callable(data) else data
        if not all(hasattr(one, name) for name in Dataset._fields):
            raise TypeError(
                "compare_seeds.data: must have X_train, y_train, X_test and y_test, as "
                f"bs.ann.datasets.Dataset(X_train, y_train, X_test, y_test) has (got {type(one).__name__})"
            )
        network = make(seed)
        if not hasattr(network, "fit"):
            raise TypeError(
                "compare_seeds.make: must return a network with fit(X, y), such as bs.ann.MLP(seed=seed) (got "
                f"{type(network).__name__})"
            )
        network = network.fit(one.X_train, one.y_train)
        reports.append(compare(network, one.X_test, one.y_test, calib=one.X_train, T=T, seed=seed, **options))
    return SeedComparison(chosen, reports[0].T, tuple(reports))


def _cell(values):
    return f"{values.mean():7.2f} ± {values.std(ddof=1):<5.2f}"
