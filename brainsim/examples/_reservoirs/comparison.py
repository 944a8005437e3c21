"""An echo state network and a liquid of spiking cells: the same sequences, size and readout, over several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from brainsim.core.contexts import within
from brainsim.core.hints import answers_calls
from brainsim.examples._reservoirs.networks import EchoState, Liquid, Ridge, normalised
from brainsim.examples.data.samples import Dataset
from brainsim.plot.elements.page_layout import AXES, note, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style
from brainsim.plot.rasters import raster
from brainsim.results.spikes import Spikes

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
        shares = {name: _as_text(values) for name, values in self.accuracy.items()}
        seeds = self.accuracy["liquid"].size
        over = f" (mean and deviation over {seeds} seeds)" if seeds > 1 else ""
        return (
            f"Two random networks, {self.echo.size} artificial units and {self.liquid.size} spiking cells, get the same "
            f"sequence; only a linear readout is trained. From their last state it classifies {shares['echo']} % and "
            f"{shares['liquid']} % of the test samples correctly{over}. The last frame alone gives {shares['last frame']} "
            f"%, the mean of all frames {shares['mean frame']} %: accuracy above that requires memory of their order."
        )

    def __repr__(self) -> str:
        return "\n".join(f"{NAMES[name]:<17} {_as_text(values)} %" for name, values in self.accuracy.items())

    @within(style)
    def figure(self) -> Figure:
        """Return a Figure: one sample in both networks, the outputs of their readouts, and the accuracy of both."""
        end = self.liquid.frame * len(self.sample)
        columns = "echo state network", "liquid of spiking cells", "what they remember"
        figure, (machine, brain, both) = side_by_side(*columns, caption=self.caption, heights=(1.25, 1.0))
        _units(self, machine[0], end)
        _cells(self, brain[0], end)
        _evidence(self, machine[1], "echo")
        _evidence(self, brain[1], "liquid")
        _course(self, both[0], end)
        _bars(self, both[1])
        return figure


@answers_calls
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
    """Compare simulated liquids with echo state networks of the same seeds, on sequences as for `compare_reservoirs`.

    `liquid_states` has the states (samples, frames, size) of a liquid for each seed and the sequences of `normalised`; there
    may be fewer frames than in the data. `spikes` are those of the first liquid for the first test sample.
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


def _as_text(shares):
    """Return a share in percent, with the deviation if there are several."""
    return f"{100 * shares.mean():.1f}" + (f" ± {100 * shares.std():.1f}" if shares.size > 1 else "")


def _input(comparison, ax, end, rows, label):
    """Draw the size of the input above the rows of a network, and label both."""
    low, high = 1.06 * rows, 1.36 * rows
    largest = np.abs(comparison.sample).max()
    ax.imshow(
        np.abs(comparison.sample.T),
        aspect="auto",
        origin="lower",
        cmap="Greys",
        extent=(0.0, end, low, high),
        vmin=0.0,
        vmax=largest,
        interpolation="nearest",
    )
    ax.set(xlim=(0.0, end), ylim=(-0.5, high), xlabel="time [ms]", ylabel="")
    ax.set_yticks([0.5 * (low + high), 0.5 * rows], ["input", f"{rows}\n{label}"])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _units(comparison, ax, end):
    """Draw the states of the artificial units, sorted by the time at which they are farthest from 0."""
    units = comparison.units[:, np.argsort(np.abs(comparison.units).argmax(axis=0), kind="stable")]
    largest = np.abs(units).max()
    ax.imshow(
        units.T,
        aspect="auto",
        origin="lower",
        cmap="RdGy_r",
        extent=(0.0, end, -0.5, units.shape[1] - 0.5),
        vmin=-largest,
        vmax=largest,
        interpolation="nearest",
    )
    _input(comparison, ax, end, units.shape[1], "units")
    ax.set_title("states of the units (red: above 0)", fontsize=10)


def _cells(comparison, ax, end):
    raster(comparison.spikes, ax=ax, window=(0.0, end), color=NEURON, size=2.0)
    _input(comparison, ax, end, comparison.spikes.n, "cells")
    ax.set_title("spikes of the cells", fontsize=10)


def _evidence(comparison, ax, name):
    """Draw the output of the readout for each class, with the true class in colour."""
    time = comparison.liquid.frame * comparison.frames
    colour, outputs = {"echo": MACHINE, "liquid": NEURON}[name], comparison.evidence[name]
    true = comparison.names[comparison.label]
    others = ax.plot(time, np.delete(outputs, comparison.label, axis=1), color=FAINT, linewidth=0.8)
    others[0].set_label("other classes")
    ax.plot(time, outputs[:, comparison.label], color=colour, linewidth=2.2, label=f"{true}, the true class")
    ax.set(xlim=(0.0, time[-1]), ylim=(-0.5, 1.9), xlabel="time [ms]", ylabel="output (target: 1 or 0)")
    ax.set_yticks((0.0, 0.5, 1.0))
    ax.set_title("outputs of the readout for this sample", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _course(comparison, ax, end):
    """Draw the accuracy after each frame, with a band of one standard deviation over seeds."""
    lines = {"input": (FAINT, "the frame alone"), "echo": (MACHINE, "echo state"), "liquid": (NEURON, "liquid")}
    time = comparison.liquid.frame * comparison.frames
    for name, (colour, label) in lines.items():
        mean, spread = 100.0 * comparison.over_time[name].mean(axis=0), 100.0 * comparison.over_time[name].std(axis=0)
        ax.plot(time, mean, color=colour, label=label)
        ax.fill_between(time, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0.0)
    ax.set(xlim=(0.0, end), ylim=(0.0, 140.0), xlabel="time [ms]", ylabel="accuracy [%]", yticks=range(0, 101, 20))
    ax.set_title("read out after each frame", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _bars(comparison, ax):
    colours, names = {"echo": MACHINE, "liquid": NEURON}, list(comparison.accuracy)
    values = [100.0 * comparison.accuracy[name].mean() for name in names]
    ax.barh([NAMES[name] for name in names], values, color=[colours.get(name, FAINT) for name in names], height=0.7)
    for row, (name, value) in enumerate(zip(names, values, strict=True)):
        inside = value > 60.0
        side, colour = ("right", "white") if inside else ("left", "#444444")
        text = _as_text(comparison.accuracy[name])
        note(ax, text, (value, row), (-4 if inside else 4, 0), va="center", ha=side, color=colour)
    chance = 100.0 / len(comparison.names)
    ax.axvline(chance, color="#444444", linewidth=0.8, linestyle=":")
    note(ax, "chance", (chance, 1.0), (3, -1), y=AXES, va="bottom")
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0.0, 100.0), xlabel="accuracy at the end [%]")
