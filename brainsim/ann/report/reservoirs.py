"""An echo state network beside a liquid of spiking cells: the same sequences, size and readout, over several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.ann.networks.reservoirs import EchoState, Liquid, Ridge, normalised
from brainsim.ann.samples import Dataset
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# four candidates each, of which the one with the best leave-one-out accuracy on training samples is chosen
ECHOES = [{"leak": leak, "radius": radius} for leak in (0.1, 0.2) for radius in (0.9, 1.1)]
LIQUIDS = [{"tau": tau, "scale": scale} for tau in (100.0, 300.0) for scale in (200.0, 400.0)]
MAX_READOUTS = 20  # frames after which a readout is trained
NAMES = {"last frame": "last frame alone", "mean frame": "mean of frames", "echo": "echo state", "liquid": "liquid"}


@dataclass(frozen=True, eq=False, repr=False)
class ReservoirComparison:
    """An echo state network and a liquid on the same sequences; `compare_reservoirs` makes it.

    Parameters
    ----------
    echo, liquid : EchoState, Liquid
        The reservoirs.
    accuracy : dict of str to array
        Share of test samples classified correctly at the end: ``"last frame"`` and ``"mean frame"``, from the input itself,
        shape (1,); ``"echo"`` and ``"liquid"``, from the state of a reservoir, shape (seeds,).
    frames : array of int, shape (readouts,)
        Numbers of frames after which the readouts of `over_time` are trained and tested.
    over_time : dict of str to array
        Shares as in `accuracy` for ``"input"``, shape (1, readouts), ``"echo"`` and ``"liquid"``, shape (seeds, readouts).
    evidence : dict of str to array, shape (readouts, classes)
        Outputs of the readouts of ``"echo"`` and ``"liquid"`` for the first test sample.
    sample, units : array, shape (frames, channels), (frames, size)
        The first test sample, and the states of the first echo state network.
    spikes : Spikes
        Of the first liquid, for that sample.
    label : int
        The class of the sample.
    names : sequence of str
        Of the classes.
    """

    echo: EchoState
    liquid: Liquid
    accuracy: dict[str, np.ndarray]
    frames: np.ndarray
    over_time: dict[str, np.ndarray]
    evidence: dict[str, np.ndarray]
    sample: np.ndarray
    units: np.ndarray
    spikes: Spikes
    label: int
    names: tuple[str, ...]

    @property
    def caption(self) -> str:
        """The caption of the figure."""
        shares = {name: as_text(values) for name, values in self.accuracy.items()}
        seeds = self.accuracy["liquid"].size
        over = f" (mean and deviation over {seeds} seeds)" if seeds > 1 else ""
        return (
            f"Two random networks, {self.echo.size} artificial units and {self.liquid.size} spiking cells, get the same "
            f"sequence; only a linear readout is trained. From their last state it classifies {shares['echo']} % and "
            f"{shares['liquid']} % of the test samples correctly{over}. The last frame alone gives {shares['last frame']} "
            f"%, the mean of all frames {shares['mean frame']} %: accuracy above that requires memory of their order."
        )

    def __repr__(self) -> str:
        """Return a table of accuracies, mean and deviation over seeds."""
        return "\n".join(f"{NAMES[name]:<17} {as_text(values)} %" for name, values in self.accuracy.items())

    def figure(self) -> "Figure":
        """Return a Figure: one sample in both networks, the outputs of their readouts, and the accuracy of both."""
        from brainsim.ann.report.reservoir_figure import reservoir_figure

        return reservoir_figure(self)


def compare_reservoirs(
    data: Dataset,
    *,
    size: int = 200,
    frame: float = 10.0,
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
    names: Sequence[str] | None = None,
) -> ReservoirComparison:
    """Train readouts of an echo state network and of a liquid of spiking cells to classify sequences, and compare them.

    For each type of reservoir one of four parameter sets is chosen with the first seed, and the penalty of the readout is
    one of five; both by leave-one-out accuracy on training samples. Test data are used only with the chosen ones.

    Parameters
    ----------
    data : Dataset
        Sequences, X of shape (samples, frames, channels), such as those of ``bs.ann.datasets.vowel_words()`` or
        ``bs.ann.datasets.japanese_vowels(path)``. Zeros at the end of a sequence are moved before it.
    size : int
        Number of units of the echo state network, and of cells of the liquid.
    frame : float
        Length of a frame for the liquid [ms].
    seeds : sequence of int
        Of the weights: one network of each type for each seed.
    names : sequence of str, optional
        Of the classes; by default their numbers.

    Returns
    -------
    ReservoirComparison
        ``.accuracy`` by name, ``.figure()`` draws it, ``.caption`` describes the figure.

    Raises
    ------
    TypeError, ValueError
        If X is not an array of sequences, or a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.vowel_words(train=120, test=60)
    >>> comparison = bs.ann.compare_reservoirs(data, size=100, seeds=(1,))
    >>> bool(comparison.accuracy["liquid"].mean() > 0.7 > 0.4 > comparison.accuracy["last frame"].mean())
    True

    References
    ----------
    Jaeger (2001), GMD report 148; Maass, Natschlager & Markram (2002), doi:10.1162/089976602760407955.
    """
    X, n_train = normalised(data)
    if not len(seeds):
        raise ValueError("compare_reservoirs.seeds: must be one seed or more (got none)")
    first = seeds[0]
    echo = _best([EchoState(size=size, seed=first, **values) for values in ECHOES], X[:n_train], data.y_train)
    liquid = _best([Liquid(size=size, frame=frame, seed=first, **values) for values in LIQUIDS], X[:n_train], data.y_train)
    states = (liquid.seeded(seed).states(X) for seed in seeds)
    return compare_states(data, echo, liquid, states, liquid.spikes(X[n_train : n_train + 1]), seeds, names)


def compare_states(data, echo, liquid, liquid_states, spikes, seeds, names=None) -> ReservoirComparison:
    """Compare simulated liquids with echo state networks of the same seeds.

    Parameters
    ----------
    data : Dataset
        The sequences, as for `compare_reservoirs`.
    echo, liquid : EchoState, Liquid
        The reservoirs.
    liquid_states : iterable of array, shape (samples, frames, size)
        States of a liquid for each seed and the sequences of `normalised`; there may be fewer frames than in the data.
    spikes : Spikes
        Of the first liquid, for the first test sample.
    seeds : sequence of int
        Of the echo state networks.
    names : sequence of str, optional
        Of the classes.
    """
    X, n_train = normalised(data)
    y, y_test = data.y_train, data.y_test
    by_name: dict[str, list[np.ndarray]] = {"echo": [], "liquid": []}
    evidence: dict[str, np.ndarray] = {}
    for seed, of_liquid in zip(seeds, liquid_states, strict=True):
        shown = X[:, : of_liquid.shape[1]]
        frames = np.unique(np.linspace(1, of_liquid.shape[1], MAX_READOUTS).round().astype(int))
        for name, states in (("echo", echo.seeded(seed).states(shown)), ("liquid", of_liquid)):
            shares, outputs = _read_out(states[:, frames - 1], n_train, y, y_test)
            by_name[name].append(shares)
            evidence.setdefault(name, outputs)
    shares, _ = _read_out(shown[:, frames - 1], n_train, y, y_test)
    over_time = {"input": np.array([shares])} | {name: np.array(of_seeds) for name, of_seeds in by_name.items()}
    mean = Ridge(shown[:n_train].mean(axis=1), y).score(shown[n_train:].mean(axis=1), y_test)
    accuracy = {"last frame": over_time["input"][:, -1], "mean frame": np.array([mean])}
    accuracy |= {name: over_time[name][:, -1] for name in by_name}
    names = tuple(names or map(str, range(max(y.max(), y_test.max()) + 1)))
    units = echo.seeded(seeds[0]).states(shown[n_train : n_train + 1])[0]
    sample, label = shown[n_train], int(y_test[0])
    return ReservoirComparison(echo, liquid, accuracy, frames, over_time, evidence, sample, units, spikes, label, names)


def _best(candidates, X, y):
    """Return the reservoir from whose last states the classes are read out best."""
    return max(candidates, key=lambda reservoir: Ridge(reservoir.states(X)[:, -1], y).left_out)


def _read_out(states, n_train, y, y_test):
    """Return the share of test samples classified correctly after each frame, and the outputs for the first of them."""
    readouts = [Ridge(states[:n_train, k], y) for k in range(states.shape[1])]
    shares = [readout.score(states[n_train:, k], y_test) for k, readout in enumerate(readouts)]
    outputs = np.zeros((len(readouts), max(y.max(), y_test.max()) + 1))  # a class without training data stays at 0
    first = slice(n_train, n_train + 1)
    outputs[:, readouts[0].classes_] = [readout.evidence(states[first, k])[0] for k, readout in enumerate(readouts)]
    return np.array(shares), outputs


def as_text(shares):
    """Return a share in percent, with the deviation if there are several."""
    return f"{100 * shares.mean():.1f}" + (f" ± {100 * shares.std():.1f}" if shares.size > 1 else "")
