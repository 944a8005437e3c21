"""An echo state network beside a liquid of spiking cells: the same sequences, size and readout, over several seeds."""

from dataclasses import dataclass

import numpy as np

from brainsim.ann.networks.reservoirs import EchoState, Liquid, Ridge, align_ends
from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.examples._pairs.layout import side_by_side
from brainsim.plot.rasters import raster
from brainsim.plot.styles import FAINT, style
from brainsim.results.spikes import Spikes

# four settings each, of which the one with the most training samples right when left out is taken
ECHOES = [{"leak": leak, "radius": radius} for leak in (0.1, 0.2) for radius in (0.9, 1.1)]
LIQUIDS = [{"tau": tau, "scale": scale} for tau in (100.0, 300.0) for scale in (200.0, 400.0)]
LOOKS = 20  # frames, at most, after which it is asked what can be read out
NAMES = {"last frame": "last frame alone", "mean frame": "mean of frames", "echo": "echo state", "liquid": "liquid"}


@dataclass(frozen=True, eq=False, repr=False)
class Reservoirs:
    """What two kinds of reservoir recall of sequences; `reservoirs` and `judged` make it.

    Parameters
    ----------
    echo, liquid : EchoState, Liquid
        Their settings.
    accuracy : dict of str to array
        Share of test samples that are named right at the end: ``"last frame"`` and ``"mean frame"``, by the input itself,
        shape (1,); ``"echo"`` and ``"liquid"``, by the state of a reservoir, shape (seeds,).
    frames : array of int, shape (looks,)
        After how many frames the readouts of `over_time` were trained and asked.
    over_time : dict of str to array
        Shares as in `accuracy` by ``"input"``, shape (1, looks), ``"echo"`` and ``"liquid"``, shape (seeds, looks).
    evidence : dict of str to array, shape (looks, classes)
        What the readouts of ``"echo"`` and ``"liquid"`` say for each class of the first test sample.
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
    accuracy: dict
    frames: np.ndarray
    over_time: dict
    evidence: dict
    sample: np.ndarray
    units: np.ndarray
    spikes: Spikes
    label: int
    names: tuple

    @property
    def caption(self) -> str:
        """What the picture says."""
        told = {name: _as_text(values) for name, values in self.accuracy.items()}
        seeds = self.accuracy["liquid"].size
        over = f", mean and deviation over {seeds} seeds" if seeds > 1 else ""
        return (
            f"Two random networks, {self.echo.size} artificial units and {self.liquid.size} spiking cells, hear the "
            f"same sequence; only a linear readout learns. From their last state it names {told['echo']} % and "
            f"{told['liquid']} % of the test samples right{over}. The last frame alone gives {told['last frame']} %, "
            f"the mean of all frames {told['mean frame']} %: above that is memory for their order."
        )

    def __repr__(self):
        """Return a table of accuracies, mean and deviation over seeds."""
        return "\n".join(f"{NAMES[name]:<17} {_as_text(values)} %" for name, values in self.accuracy.items())

    def figure(self):
        """Return a Figure: one sample in both networks, what their readouts say of it, and the accuracy of both."""
        end = self.liquid.frame * len(self.sample)
        with style():
            figure, (machine, brain, both) = side_by_side(
                "echo state network",
                "liquid of spiking cells",
                "what they recall",
                caption=self.caption,
                heights=(1.25, 1.0),
            )
            _units(self, machine[0], end)
            _cells(self, brain[0], end)
            _evidence(self, machine[1], "echo")
            _evidence(self, brain[1], "liquid")
            _course(self, both[0], end)
            _bars(self, both[1])
        return figure


def scaled(data):
    """Return the sequences of a data set, training before test, and how many are training data.

    Zeros at the end of one become silence before it, and all are divided by the root mean square of training data.
    """
    train, test = align_ends(data.X_train, "reservoirs.data.X_train"), align_ends(data.X_test, "reservoirs.data.X_test")
    if not train.any():
        raise ValueError("reservoirs.data.X_train: must not be 0 everywhere")
    size = np.sqrt(np.mean(train[np.any(train != 0.0, axis=2)] ** 2))
    return np.concatenate([train, test]) / size, len(train)


def reservoirs(data, *, size=200, frame=10.0, seeds=(1, 2, 3, 4, 5), names=None):
    """Let both kinds of reservoir learn to name sequences, and return how well they do.

    Of each kind four settings are tried with the first seed, and the penalty of the readout is one of five; both are chosen
    by leaving out training samples one at a time. Test data are looked at only by what was chosen.

    Parameters
    ----------
    data : Dataset
        Sequences, X of shape (samples, frames, channels), such as those of ``bs.ann.datasets.vowel_words()`` or
        ``bs.ann.datasets.japanese_vowels(path)``. Zeros at the end of one count as silence before it.
    size : int
        Units of the echo state network, and cells of the liquid.
    frame : float
        How long a frame lasts for the liquid [ms].
    seeds : sequence of int
        Of the weights of both; a network of each kind for each seed.
    names : sequence of str, optional
        Of the classes; by default their numbers.

    Returns
    -------
    Reservoirs
        ``.accuracy`` by name, ``.figure()`` draws it, ``.caption`` says what is to be seen.

    Raises
    ------
    TypeError, ValueError
        Where X is no array of sequences, or a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> found = reservoirs(bs.ann.datasets.vowel_words(train=120, test=60), size=100, seeds=(1,))
    >>> bool(found.accuracy["liquid"].mean() > 0.7 > 0.4 > found.accuracy["last frame"].mean())
    True
    """
    X, cut = scaled(data)
    if not len(seeds):
        raise ValueError("reservoirs.seeds: must be one seed or more (got none)")
    first = seeds[0]
    echo = _chosen([EchoState(size=size, seed=first, **one) for one in ECHOES], X[:cut], data.y_train)
    liquid = _chosen([Liquid(size=size, frame=frame, seed=first, **one) for one in LIQUIDS], X[:cut], data.y_train)
    ripples = (liquid.seeded(seed).states(X) for seed in seeds)
    return judged(data, echo, liquid, ripples, liquid.spikes(X[cut : cut + 1]), seeds, names)


def judged(data, echo, liquid, ripples, spikes, seeds, names=None):
    """Return `Reservoirs` of states of liquids that are there already, with echo state networks of the same seeds.

    Parameters
    ----------
    data : Dataset
        What was heard, as `reservoirs` takes it.
    echo, liquid : EchoState, Liquid
        The settings.
    ripples : iterable of array, shape (samples, frames, size)
        States of a liquid for each seed, for the sequences that `scaled` gives; frames may be fewer than the data have.
    spikes : Spikes
        Of the first liquid, for the first test sample.
    seeds : sequence of int
        Of the echo state networks.
    names : sequence of str, optional
        Of the classes.
    """
    X, cut = scaled(data)
    y, asked = data.y_train, data.y_test
    found, evidence = {"echo": [], "liquid": []}, {}
    for seed, states in zip(seeds, ripples, strict=True):
        heard = X[:, : states.shape[1]]
        frames = np.unique(np.linspace(1, states.shape[1], LOOKS).round().astype(int))
        for name, given in (("echo", echo.seeded(seed).states(heard)), ("liquid", states)):
            share, said = _read_out(given[:, frames - 1], cut, y, asked)
            found[name].append(share)
            evidence.setdefault(name, said)
    share, _ = _read_out(heard[:, frames - 1], cut, y, asked)
    over_time = {"input": np.array([share])} | {name: np.array(shares) for name, shares in found.items()}
    mean = Ridge(heard[:cut].mean(axis=1), y).score(heard[cut:].mean(axis=1), asked)
    accuracy = {"last frame": over_time["input"][:, -1], "mean frame": np.array([mean])}
    accuracy |= {name: over_time[name][:, -1] for name in found}
    names = tuple(names or map(str, range(max(y.max(), asked.max()) + 1)))
    units = echo.seeded(seeds[0]).states(heard[cut : cut + 1])[0]
    return Reservoirs(echo, liquid, accuracy, frames, over_time, evidence, heard[cut], units, spikes, int(asked[0]), names)


def _chosen(settings, X, y):
    """Return the reservoir whose last states tell the classes best."""
    return max(settings, key=lambda reservoir: Ridge(reservoir.states(X)[:, -1], y).left_out)


def _read_out(states, cut, y, asked):
    """Return the share of test samples named right after each frame, and what is said of the first one."""
    readouts = [Ridge(states[:cut, k], y) for k in range(states.shape[1])]
    shares = [readout.score(states[cut:, k], asked) for k, readout in enumerate(readouts)]
    said = np.zeros((len(readouts), max(y.max(), asked.max()) + 1))  # a class without training data stays at 0
    said[:, readouts[0].classes_] = [one.evidence(states[cut : cut + 1, k])[0] for k, one in enumerate(readouts)]
    return np.array(shares), said


def _as_text(shares):
    """Return a share in percent, with the deviation where there are several."""
    return f"{100 * shares.mean():.1f}" + (f" ± {100 * shares.std():.1f}" if shares.size > 1 else "")


def _heard(found, ax, end, rows, label):
    """Draw the size of the input above the rows of a network, and name both."""
    low, high = 1.06 * rows, 1.36 * rows
    most = np.abs(found.sample).max()
    ax.imshow(
        np.abs(found.sample.T),
        aspect="auto",
        origin="lower",
        cmap="Greys",
        extent=(0.0, end, low, high),
        vmin=0.0,
        vmax=most,
        interpolation="nearest",
    )
    ax.set(xlim=(0.0, end), ylim=(-0.5, high), xlabel="time [ms]", ylabel="")
    ax.set_yticks([0.5 * (low + high), 0.5 * rows], ["input", f"{rows}\n{label}"])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _units(found, ax, end):
    """Draw the states of the artificial units, sorted by when they are farthest from 0."""
    units = found.units[:, np.argsort(np.abs(found.units).argmax(axis=0), kind="stable")]
    most = np.abs(units).max()
    ax.imshow(
        units.T,
        aspect="auto",
        origin="lower",
        cmap="RdGy_r",
        extent=(0.0, end, -0.5, units.shape[1] - 0.5),
        vmin=-most,
        vmax=most,
        interpolation="nearest",
    )
    _heard(found, ax, end, units.shape[1], "units")
    ax.set_title("states of the units (red: above 0)", fontsize=10)


def _cells(found, ax, end):
    raster(found.spikes, ax=ax, window=(0.0, end), color=NEURON, size=2.0)
    _heard(found, ax, end, found.spikes.n, "cells")
    ax.set_title("spikes of the cells", fontsize=10)


def _evidence(found, ax, name):
    """Draw what the readout says for each class, its own in colour."""
    time = found.liquid.frame * found.frames
    colour, said = {"echo": MACHINE, "liquid": NEURON}[name], found.evidence[name]
    others = ax.plot(time, np.delete(said, found.label, axis=1), color=FAINT, linewidth=0.8)
    others[0].set_label("other classes")
    ax.plot(time, said[:, found.label], color=colour, linewidth=2.2, label=f"{found.names[found.label]}, the true class")
    ax.set(xlim=(0.0, time[-1]), ylim=(-0.5, 1.9), xlabel="time [ms]", ylabel="output (target: 1 or 0)")
    ax.set_yticks((0.0, 0.5, 1.0))
    ax.set_title("outputs of the readout for this sample", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _course(found, ax, end):
    """Draw the accuracy after each frame, with a band of a standard deviation over seeds."""
    looks = {"input": (FAINT, "the frame alone"), "echo": (MACHINE, "echo state"), "liquid": (NEURON, "liquid")}
    time = found.liquid.frame * found.frames
    for name, (colour, label) in looks.items():
        mean, spread = 100.0 * found.over_time[name].mean(axis=0), 100.0 * found.over_time[name].std(axis=0)
        ax.plot(time, mean, color=colour, label=label)
        ax.fill_between(time, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0.0)
    ax.set(xlim=(0.0, end), ylim=(0.0, 140.0), xlabel="time [ms]", ylabel="accuracy [%]", yticks=range(0, 101, 20))
    ax.set_title("read out after each frame", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _bars(found, ax):
    colours, names = {"echo": MACHINE, "liquid": NEURON}, list(found.accuracy)
    values = [100.0 * found.accuracy[name].mean() for name in names]
    ax.barh([NAMES[name] for name in names], values, color=[colours.get(name, FAINT) for name in names], height=0.7)
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        inside = value > 60.0
        ax.annotate(
            _as_text(found.accuracy[name]),
            (value, place),
            (-4 if inside else 4, 0),
            textcoords="offset points",
            va="center",
            ha="right" if inside else "left",
            color="white" if inside else "#444444",
        )
    chance = 100.0 / len(found.names)
    ax.axvline(chance, color="#444444", linewidth=0.8, linestyle=":")
    ax.annotate(
        "chance",
        (chance, 1.0),
        (3, -1),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=8.5,
        color="#444444",
        va="bottom",
    )
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0.0, 100.0), xlabel="accuracy at the end [%]")
