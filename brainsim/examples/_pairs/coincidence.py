"""What a rate unit cannot see: spikes that come together, as LIF cells do; and the picture of both."""

import numpy as np

from brainsim.ann.networks.mlp import MLP
from brainsim.ann.networks.reservoirs import Ridge
from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.core.checks import integer, number
from brainsim.examples._pairs.layout import side_by_side
from brainsim.explore.theory import siegert_rate
from brainsim.plot.styles import shades, style

WINDOWS = (1, 2, 4, 8, 16)  # in which spikes are counted for the artificial network
MOST, ROWS = 150, 20.0  # cells drawn in each part of a raster, and the height of a part
INPUT = "#6b6b6b"


def volleys(n, spikes, size, count, duration, jitter=0.0, seed=0):
    """Return spike times of inputs that all fire equally often, some of them together: ``(times, ids)``, in order of time.

    There are `count` volleys at random times, at least half of the mean interval apart; in each, `size` inputs, chosen
    anew, fire together. All other spikes are at random times, as many as each input needs to have fired `spikes` times.

    Parameters
    ----------
    n : int
        Number of inputs.
    spikes : int
        Of each input.
    size : int
        Inputs that take part in a volley; 0 makes all spikes independent.
    count : int
        Number of volleys; ``size*count`` is at most half of ``n*spikes``.
    duration : float
        All spikes are within it [ms].
    jitter : float
        Standard deviation of the times within a volley [ms].
    seed : int
        Of all that is random.

    Returns
    -------
    times, ids : array, shape (n*spikes,)
        When an input fires [ms], and which.

    Raises
    ------
    TypeError, ValueError
        Where a value is out of its range.

    Examples
    --------
    >>> times, ids = volleys(n=50, spikes=4, size=10, count=6, duration=400.0)
    >>> np.bincount(ids).tolist() == [4] * 50, int(np.unique(times, return_counts=True)[1].max())
    (True, 10)

    References
    ----------
    Rossant et al. (2011), doi:10.3389/fnins.2011.00009.
    """
    for name, value, least in (("n", n, 1), ("spikes", spikes, 1), ("size", size, 0), ("count", count, 0)):
        integer(value, f"volleys.{name}", at_least=least)
    duration, jitter = number(duration, "volleys.duration", "ms", above=0.0), number(jitter, "volleys.jitter", at_least=0.0)
    if size > n or 2 * size * count > n * spikes:
        raise ValueError(
            f"volleys.size: {count} volleys of {size} take more than half of {n} x {spikes} spikes, or more than {n} inputs"
        )
    rng, free = np.random.default_rng(seed), np.full(n, spikes)
    margin = min(3.0 * jitter, 0.25 * duration)
    room = 0.5 * np.sort(rng.random(count)) + 0.5 * (np.arange(count) + 0.5) / max(count, 1)
    times, ids = [], []
    for moment in margin + room * (duration - 2.0 * margin):
        taking = rng.permutation(np.flatnonzero(free))[:size]
        free[taking] -= 1
        times.append(np.clip(moment + jitter * rng.standard_normal(taking.size), 0.0, duration))
        ids.append(taking)
    alone = np.repeat(np.arange(n), free)
    times, ids = np.concatenate([*times, duration * rng.random(alone.size)]), np.concatenate([*ids, alone])
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]


def side_by_side_volleys(kinds, n, spikes, count, duration, seed=0):
    """Return the spikes of `n` inputs for each of several kinds of volley, times rounded to 0.1 ms: ``(times, ids)``.

    Parameters
    ----------
    kinds : sequence of (float, int)
        Jitter [ms] and size of the volleys; input i of the k-th kind is ``n*k + i``.
    n, spikes, count, duration, seed :
        As `volleys` takes them.
    """
    both = [volleys(n, spikes, size, count, duration, jitter, seed) for jitter, size in kinds]
    times = np.concatenate([one for one, _ in both]).round(1)
    ids = np.concatenate([one + n * kind for kind, (_, one) in enumerate(both)])
    order = np.argsort(times, kind="stable")
    return times[order], ids[order]


def by_kind(spikes, kinds):
    """Return what a population holds for each kind, as many cells for each: a dict of jitter to a dict of size to Spikes."""
    n, found = spikes.n // len(kinds), {}
    for kind, (jitter, size) in enumerate(kinds):
        found.setdefault(jitter, {})[size] = spikes.of(slice(kind * n, (kind + 1) * n))
    return found


def counts_in(times, windows):
    """Return how many spikes each unit sends in each of so many windows, shape (samples, units*windows).

    Parameters
    ----------
    times : array, shape (samples, units)
        When each unit sends its only spike, from 0 to 1.
    windows : int
        Of equal length.

    Examples
    --------
    >>> counts_in(np.array([[0.1, 0.9]]), 2)
    array([[1., 0., 0., 1.]])
    """
    place = np.minimum((times * windows).astype(int), windows - 1)
    return (place[..., None] == np.arange(windows)).astype(np.float64).reshape(len(times), -1)


def by_counts(data, windows):
    """Return the share of test samples that a network on the counts of spikes in windows names right: an MLP.

    Parameters
    ----------
    data : Dataset
        Spike times, as `bs.ann.datasets.randman` gives them.
    windows : int
        In how many windows spikes are counted; 1 tells how often each unit fires, and no more.
    """
    mlp = MLP(64, dropout=0.1, epochs=30, patience=10).fit(counts_in(data.X_train, windows), data.y_train)
    return mlp.score(counts_in(data.X_test, windows), data.y_test)


def by_coincidences(spikes, data):
    """Return the share of test samples that a linear readout of the spike counts of coincidence cells names right.

    Parameters
    ----------
    spikes : Spikes
        Of as many cells for each sample, training data first.
    data : Dataset
        What they heard.
    """
    counts, cut = spikes.counts().reshape(len(data.X_train) + len(data.X_test), -1).astype(np.float64), len(data.X_train)
    return Ridge(counts[:cut], data.y_train).score(counts[cut:], data.y_test)


class RateUnit:
    """The rate of a LIF cell that receives Poisson spikes, by how many there are: all that rates can say about it.

    Parameters
    ----------
    weight : float
        What a spike of an input does [mV].
    noise : float
        Standard deviation that the background alone gives to the potential [mV]; its mean is 0.
    lif : LIF
        The cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> unit = RateUnit(0.5, 3.0, bs.LIF(tau_m=10.0, v_rest=0.0, v_th=15.0, v_reset=0.0, t_ref=2.0))
    >>> unit([0.0, 2000.0, 4000.0]).round(1)
    array([ 0. , 15.6, 70.3])

    References
    ----------
    Siegert (1951), doi:10.1103/PhysRev.81.617.
    """

    def __init__(self, weight, noise, lif):
        self.weight, self.noise, self.lif = weight, noise, lif

    def __call__(self, rate):
        """Return the rate of the cell [Hz] for spikes of all inputs together at `rate` [Hz]."""
        per_ms, cell = np.asarray(rate, dtype=np.float64) / 1000.0, self.lif
        sigma = np.sqrt(cell.tau_m * self.weight**2 * per_ms + 2.0 * self.noise**2)
        return siegert_rate(
            cell.v_rest + cell.tau_m * self.weight * per_ms,
            sigma,
            tau_m=cell.tau_m,
            t_ref=cell.t_ref,
            v_th=cell.v_th,
            v_reset=cell.v_reset,
        )


def coincidence_figure(inputs, fired, unit, data, heard, hidden, scale):
    """Return the figure of a rate unit beside coincidence detectors.

    Parameters
    ----------
    inputs, fired : dict of float to dict of int to Spikes, for three jitters
        Jitter [ms] -> size of the volleys -> spikes of the inputs, and of the detectors that receive them.
    unit : RateUnit
        The same cell in rates.
    data : Dataset
        Spike times on random manifolds, from 0 to 1.
    heard, hidden : Spikes
        Of the inputs of coincidence cells, and of these, as many for each sample of `data`, training data first.
    scale : float
        What 1 in `data` is in ms.
    """
    sharp = min(inputs)
    shown = min(inputs[sharp]), sorted(inputs[sharp])[-2]
    apart, together = ((inputs[sharp][size], fired[sharp][size]) for size in shown)
    windowed = {windows: by_counts(data, windows) for windows in WINDOWS}
    named, chance = by_coincidences(hidden, data), np.bincount(data.y_test).max() / data.y_test.size
    caption = _caption(unit, apart, together, shown[1], windowed, named, chance)
    with style():
        figure, (machine, brain, both) = side_by_side(
            "rate unit", "coincidence detectors", "what they tell apart", caption=caption
        )
        _transfer(machine[0], unit, apart[0], together[0], shown[1])
        _blocks(brain[0], [("alone", *apart), ("together", *together)], together[1].stop, "detectors")
        brain[0].set_title("respond to spikes that come together", fontsize=10)
        _against_synchrony(both[0], inputs, fired, unit)
        _counts(machine[1], data)
        _blocks(brain[1], _samples(data, heard, hidden), min(2.0 * scale, hidden.stop), "cells")
        brain[1].set_title("spikes of the same two samples", fontsize=10)
        _against_windows(both[1], windowed, named, chance)
    return figure


def _caption(unit, apart, together, size, windowed, named, chance):
    """Return what is to be seen, with the numbers of this run."""
    said = [float(unit(inputs.n * inputs.rate())) for inputs, _ in (apart, together)]
    return (
        f"Above: {apart[0].n} inputs fire at {apart[0].rate():.0f} Hz each, alone or {size} at a time. The rate unit "
        f"sees equal rates and says {said[0]:.1f} and {said[1]:.1f} Hz; the detectors fire at {apart[1].rate():.1f} and "
        f"{together[1].rate():.1f} Hz, less where volleys are wide. Below: each input fires once, and the class lies in "
        f"when. A network on spike counts names {100 * windowed[1]:.1f} % of the test samples right (chance "
        f"{100 * chance:.1f} %), a linear readout of the spike counts of coincidence cells {100 * named:.1f} %. Told in "
        f"which half each spike came, the network names {100 * windowed[2]:.1f} %: it needs times, not more units."
    )


def _two_classes(data):
    """Return the first test sample, and the first one of another class."""
    return 0, int(np.flatnonzero(data.y_test != data.y_test[0])[0])


def _samples(data, heard, hidden):
    """Return (label, inputs, cells) of two test samples."""
    samples, found = len(data.X_train) + len(data.X_test), []
    for test in _two_classes(data):
        place = len(data.X_train) + test
        parts = [one.of(slice(place * one.n // samples, (place + 1) * one.n // samples)) for one in (heard, hidden)]
        found.append((f"class {data.y_test[test]}", *parts))
    return found


def _transfer(ax, unit, apart, together, size):
    """Draw the rate unit's output against the rate of its inputs, and where both kinds of input lie."""
    fine = np.linspace(0.0, 2.0 * apart.rate(), 101)
    ax.plot(fine, unit(fine * apart.n), color=MACHINE)
    ring = {"markerfacecolor": "white", "markeredgewidth": 1.6, "markersize": 11}
    ax.plot(apart.rate(), unit(apart.n * apart.rate()), "o", color=MACHINE, label="alone", **ring)
    ax.plot(together.rate(), unit(together.n * together.rate()), "o", color=MACHINE, markersize=5, label=f"{size} together")
    ax.set(xlim=(0.0, fine[-1]), ylim=(0.0, None), xlabel="rate of each input [Hz]", ylabel="rate of the unit [Hz]")
    ax.set_title("responds to rates: the same for both", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _blocks(ax, blocks, end, cells):
    """Draw the spikes of inputs over those of cells, for each of several (label, inputs, cells), the first on top."""
    ticks, row = [], 0.0
    for label, *both in reversed(blocks):
        for spikes, colour, name in ((both[1], NEURON, cells), (both[0], INPUT, f"{label}:\ninputs")):
            shown = spikes.of(slice(min(spikes.n, MOST))).between(spikes.start, min(end, spikes.stop))
            height = ROWS / shown.n
            ax.plot(
                shown.times,
                row + height * (shown.ids + 0.5),
                linestyle="none",
                marker="|",
                color=colour,
                markersize=2.6,
                markeredgewidth=0.9,
            )
            ticks.append((row + 0.5 * ROWS, name))
            row += 1.12 * ROWS
        row += 0.25 * ROWS
    ax.set(xlim=(0.0, end), ylim=(-0.04 * ROWS, row - 0.3 * ROWS), xlabel="time [ms]")
    ax.set_yticks(*zip(*ticks, strict=True))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _against_synchrony(ax, inputs, fired, unit):
    """Draw the rate of detectors and of the rate unit against how many inputs fire together."""
    base, dark, light = shades(NEURON, 3)
    for (jitter, by_size), colour in zip(fired.items(), (dark, base, light), strict=True):
        label = f"detectors, volleys {jitter:g} ms wide" if jitter else "detectors, sharp volleys"
        ax.plot(list(by_size), [spikes.rate() for spikes in by_size.values()], "o-", color=colour, markersize=4, label=label)
    sharp = inputs[min(inputs)]
    ax.plot(
        list(sharp),
        [unit(spikes.n * spikes.rate()) for spikes in sharp.values()],
        "s--",
        color=MACHINE,
        markersize=4,
        label="rate unit",
    )
    ax.set(xlim=(0.0, None), xlabel=f"inputs that fire together, of {sharp[min(sharp)].n}", ylabel="rate of the output [Hz]")
    ax.set_ylim(0.0, 1.65 * ax.get_ylim()[1])
    ax.set_title("equal rates, growing synchrony", fontsize=10)
    ax.legend(loc="upper left", fontsize=8.5)


def _counts(ax, data):
    """Draw what spike counts say of two samples."""
    ticks = []
    for base, test in zip((1.6, 0.0), _two_classes(data), strict=True):
        counts = counts_in(data.X_test[test : test + 1], 1)[0]
        ax.bar(np.arange(1, counts.size + 1), counts, bottom=base, width=0.7, color=MACHINE)
        ticks.append((base + 0.5, f"class {data.y_test[test]}"))
    ax.set_yticks(*zip(*ticks, strict=True))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(ylim=(0.0, 2.8), xlabel="input")
    ax.set_title("spike counts of two samples: all are 1", fontsize=10)


def _against_windows(ax, windowed, named, chance):
    """Draw the accuracy by counts, against the number of windows, and by coincidences."""
    ax.axhline(100.0 * named, color=NEURON, label="coincidence cells, counts")
    ax.plot(
        list(windowed),
        [100.0 * share for share in windowed.values()],
        "s--",
        color=MACHINE,
        markersize=4,
        label="network on counts",
    )
    ax.axhline(100.0 * chance, color="#444444", linewidth=0.8, linestyle=":", label="chance", zorder=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(windowed), [str(windows) for windows in windowed])
    ax.set(ylim=(0.0, 150.0), yticks=range(0, 101, 20), ylabel="accuracy [%]")
    ax.set_xlabel("windows in which spikes are counted")
    ax.set_title("classes that lie in spike times", fontsize=10)
    ax.legend(loc="upper left", fontsize=8.5)
