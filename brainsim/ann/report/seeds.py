"""A comparison over several seeds: mean and deviation of both networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from brainsim.ann.report.compare import Comparison, compare
from brainsim.ann.report.figures import scale_steps
from brainsim.ann.report.summary import CAVEAT, lost_accuracy
from brainsim.ann.samples import Dataset
from brainsim.core.checks import integer
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.styles import MACHINE, NEURON


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

    seeds: tuple[int, ...]
    T: tuple[int, ...]
    reports: tuple[Comparison, ...]

    @property
    def ann_accuracy(self) -> np.ndarray:
        """Accuracy of the artificial networks, shape (seeds,)."""
        return self._of("ann_accuracy")

    @property
    def accuracy(self) -> np.ndarray:
        """Accuracy of the spiking networks, shape (seeds, T)."""
        return self._of("accuracy")

    @property
    def loss(self) -> np.ndarray:
        """Percentage points of accuracy that each spiking network loses against its artificial one, shape (seeds, T)."""
        return self._of("loss")

    @property
    def energy_ratio(self) -> np.ndarray:
        """Arithmetic energy of the spiking networks over that of the artificial ones, shape (seeds, T); a proxy."""
        return np.array([report.energy / report.ann_energy for report in self.reports])

    def __repr__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """Return a table of means and standard deviations over seeds, with verdict and caveat."""
        first = self.reports[0]
        weights = sum(W.size + b.size for W, b in zip(first.snn.trained.weights, first.snn.trained.biases, strict=True))
        units = sum(layer.bias.size for layer in first.snn.plan.layers[:-1])
        lines = [
            f"{len(self.seeds)} seeds, {len(first.y)} test samples each: mean ± standard deviation over seeds",
            f"both networks have the same {weights:,} weights and biases, training and test samples",
            "         accuracy [%]   lost [points]    agreement [%]   rounded ANN [%]  spikes/cell    energy / ANN's",
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
        """Where the spiking networks lose, in accuracy and in arithmetic energy, on average over seeds."""
        ratios = self.energy_ratio.mean(axis=0)
        higher = [f"{T} ({ratio:.2f} times)" for T, ratio in zip(self.T, ratios, strict=True) if ratio > 1.0]
        energy = (
            f"It takes more arithmetic energy at T = {', '.join(higher)}."
            if higher
            else f"It takes at most {ratios.max():.2f} times the arithmetic energy of the artificial network."
        )
        reference = (
            "Points are relative to the artificial network of the same seed and weights, whose accuracy is "
            f"{100 * self.ann_accuracy.mean():.2f} % on average on the same {len(self.reports[0].y)} test samples."
        )
        return f"{lost_accuracy(self.T, self.loss.mean(axis=0))}\n{reference}\n{energy}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the accuracy of both networks against the number of steps, with one standard deviation; return the Axes."""
        ax = axes_of(ax, "SeedComparison.plot")
        ann, snn = 100.0 * self.ann_accuracy, 100.0 * self.accuracy
        mean, spread = snn.mean(axis=0), snn.std(axis=0, ddof=1)
        ax.axhspan(ann.mean() - ann.std(ddof=1), ann.mean() + ann.std(ddof=1), color=MACHINE, alpha=0.2, linewidth=0.0)
        ax.axhline(ann.mean(), color=MACHINE, linestyle="--", label="artificial")
        ax.errorbar(self.T, mean, spread, color=NEURON, marker="o", markersize=4, capsize=2.5, label="spiking")
        scale_steps(ax, self.T, "accuracy [%]")
        ax.legend(loc="lower right")
        return ax

    def _of(self, name):
        return np.array([getattr(report, name) for report in self.reports])


@answers_calls
def compare_seeds(
    make: Callable[[int], Any],
    data: Dataset | Callable[[int], Dataset],
    *,
    seeds: int | Sequence[int] = 5,
    T: int | Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    **options: Any,
) -> SeedComparison:
    """Train a network for each of several seeds, convert it, and compare both networks on test data.

    Each spiking network has the weights of its artificial network. Thresholds are set on training data; test data are used
    once for each seed.

    Parameters
    ----------
    make : function
        Takes a seed and returns an untrained network with ``fit(X, y)``, an `MLP` or scikit-learn's MLPClassifier.
    data : Dataset or function
        Training and test data; a function takes the seed and returns the data, for another split with each seed:
        ``lambda seed: bs.ann.datasets.digits(seed=seed)``.
    seeds : int or sequence of int
        Number of seeds, from 0 on, or the seeds themselves.
    T : sequence of int
        Numbers of steps.
    options
        As for `compare` and `convert`: norm, v0, reset, encoder, schedule, bias_shift.

    Returns
    -------
    SeedComparison
        ``.summary()`` is a table of mean ± standard deviation, ``.plot(ax)`` draws it, ``.reports`` has those of each seed.

    Raises
    ------
    TypeError, ValueError
        As `compare`; also if there are fewer than two seeds.

    Examples
    --------
    >>> import brainsim as bs
    >>> def make(seed):
    ...     return bs.ann.MLP(24, epochs=10, seed=seed)
    >>> comparison = bs.ann.compare_seeds(make, bs.ann.datasets.digits(), seeds=3, T=(2, 32))
    >>> comparison.accuracy.shape, bool(abs(comparison.loss[:, 1]).max() < 2.0)
    ((3, 2), True)
    """
    if not callable(make):
        raise TypeError(
            "compare_seeds.make: must be a function of a seed that returns an untrained network "
            f"(got {type(make).__name__}); write lambda seed: bs.ann.MLP(seed=seed)"
        )
    chosen: Any = range(integer(seeds, "compare_seeds.seeds", at_least=2)) if np.ndim(seeds) == 0 else seeds
    chosen = tuple(integer(seed, "compare_seeds.seeds", at_least=0) for seed in chosen)
    if len(set(chosen)) < max(len(chosen), 2):
        raise ValueError(f"compare_seeds.seeds: must be two or more, each once (got {chosen})")
    reports = []
    for seed in chosen:
        split = data(seed) if callable(data) else data
        if not all(hasattr(split, name) for name in Dataset._fields):
            raise TypeError(
                "compare_seeds.data: must have X_train, y_train, X_test and y_test, as "
                f"bs.ann.datasets.Dataset(X_train, y_train, X_test, y_test) has (got {type(split).__name__})"
            )
        network = make(seed)
        if not hasattr(network, "fit"):
            raise TypeError(
                "compare_seeds.make: must return a network with fit(X, y), such as bs.ann.MLP(seed=seed) (got "
                f"{type(network).__name__})"
            )
        network = network.fit(split.X_train, split.y_train)
        reports.append(compare(network, split.X_test, split.y_test, calib=split.X_train, T=T, seed=seed, **options))
    return SeedComparison(chosen, reports[0].T, tuple(reports))


def _cell(values):
    return f"{values.mean():7.2f} ± {values.std(ddof=1):<5.2f}"
