"""The figure of a rate unit, which cannot detect spikes that arrive together, compared with LIF cells, which can."""

import numpy as np

from brainsim.ann.networks.mlp import MLP
from brainsim.core.contexts import within
from brainsim.examples._reservoirs.networks import Ridge
from brainsim.explore.theory import siegert_rate
from brainsim.plot.elements.page_layout import side_by_side
from brainsim.plot.elements.styles import MACHINE, NEURON, shades, style

WINDOWS = (1, 2, 4, 8, 16)  # in which spikes are counted for the artificial network
MAX_CELLS, ROWS = 150, 20.0  # cells drawn in each part of a raster, and the height of a part
INPUT = "#6b6b6b"


def by_kind(spikes, kinds):
    """Divide the spikes of a population into equal parts, one for each kind of volley: dict of jitter to dict of size."""
    n, parts = spikes.n // len(kinds), {}
    for kind, (jitter, size) in enumerate(kinds):
        parts.setdefault(jitter, {})[size] = spikes.of(slice(kind * n, (kind + 1) * n))
    return parts


def counts_in(times, windows):
    """Return the spike counts of each unit in windows of equal length, shape (samples, units*windows).

    `times`, shape (samples, units), has the only spike of each unit, from 0 to 1.

    Examples
    --------
    >>> counts_in(np.array([[0.1, 0.9]]), 2)
    array([[1., 0., 0., 1.]])
    """
    window = np.minimum((times * windows).astype(int), windows - 1)
    return (window[..., None] == np.arange(windows)).astype(np.float64).reshape(len(times), -1)


def by_counts(data, windows):
    """Return the test accuracy of an MLP whose input is the spike counts in windows; 1 window gives the totals only."""
    mlp = MLP(64, dropout=0.1, epochs=30, patience=10).fit(counts_in(data.X_train, windows), data.y_train)
    return mlp.score(counts_in(data.X_test, windows), data.y_test)


def by_coincidences(spikes, data):
    """Return the test accuracy of a linear readout of the counts of coincidence cells, the same number for each sample."""
    n_samples, n_train = len(data.X_train) + len(data.X_test), len(data.X_train)
    counts = spikes.counts().reshape(n_samples, -1).astype(np.float64)
    return Ridge(counts[:n_train], data.y_train).score(counts[n_train:], data.y_test)


class RateUnit:
    """The rate of a LIF cell with Poisson input, as a function of the input rate: a description by rates only.

    Parameters
    ----------
    weight : float
        Jump of the potential at an input spike [mV].
    noise : float
        Standard deviation of the potential due to the background alone [mV]; its mean is 0.
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
        """Return the rate of the cell [Hz] for a total rate of all inputs [Hz]."""
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


@within(style)
def coincidence_figure(inputs, fired, unit, data, sent, hidden, scale):
    """Return the figure of a rate unit compared with coincidence detectors.

    `inputs` and `fired` have the spikes of inputs and detectors by jitter [ms] and size of the volleys; `sent` and `hidden`
    those of the inputs of the coincidence cells, and of these cells, equal numbers for each sample of `data`, training data
    first. `scale` is the time that 1 in `data` means [ms].
    """
    sharp = min(inputs)
    shown = min(inputs[sharp]), sorted(inputs[sharp])[-2]
    apart, together = ((inputs[sharp][size], fired[sharp][size]) for size in shown)
    on_counts = {windows: by_counts(data, windows) for windows in WINDOWS}
    by_cells, chance = by_coincidences(hidden, data), np.bincount(data.y_test).max() / data.y_test.size
    caption = _caption(unit, apart, together, shown[1], on_counts, by_cells, chance)
    figure, (machine, brain, both) = side_by_side(
        "rate unit", "coincidence detectors", "what they distinguish", caption=caption
    )
    _transfer(machine[0], unit, apart[0], together[0], shown[1])
    _blocks(brain[0], [("alone", *apart), ("together", *together)], together[1].stop, "detectors")
    brain[0].set_title("respond to spikes that arrive together", fontsize=10)
    _against_synchrony(both[0], inputs, fired, unit)
    _counts(machine[1], data)
    _blocks(brain[1], _samples(data, sent, hidden), min(2.0 * scale, hidden.stop), "cells")
    brain[1].set_title("spikes of the same two samples", fontsize=10)
    _against_windows(both[1], on_counts, by_cells, chance)
    return figure


def _caption(unit, apart, together, size, on_counts, by_cells, chance):
    rates = [float(unit(inputs.n * inputs.rate())) for inputs, _ in (apart, together)]
    return (
        f"Above: {apart[0].n} inputs fire at {apart[0].rate():.0f} Hz each, independently or {size} at a time. For the rate "
        f"unit both are equal: its rate is {rates[0]:.1f} and {rates[1]:.1f} Hz. The detectors fire at "
        f"{apart[1].rate():.1f} and {together[1].rate():.1f} Hz, less for wider volleys. Below: each input fires once, and "
        f"the class lies in the times. A network on spike counts classifies {100 * on_counts[1]:.1f} % of the test samples "
        f"correctly (chance {100 * chance:.1f} %), a linear readout of the spike counts of coincidence cells "
        f"{100 * by_cells:.1f} %. With counts in the two halves of the time, the network reaches "
        f"{100 * on_counts[2]:.1f} %: it lacks times, not units."
    )


def _two_classes(data):
    """Return the indices of the first test sample and of the first one of another class."""
    return 0, int(np.flatnonzero(data.y_test != data.y_test[0])[0])


def _samples(data, sent, hidden):
    n_samples, samples = len(data.X_train) + len(data.X_test), []
    for test in _two_classes(data):
        i = len(data.X_train) + test
        parts = [part.of(slice(i * part.n // n_samples, (i + 1) * part.n // n_samples)) for part in (sent, hidden)]
        samples.append((f"class {data.y_test[test]}", *parts))
    return samples


def _transfer(ax, unit, apart, together, size):
    """Draw the output of the rate unit against the rate of its inputs, with both kinds of input as points."""
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
            shown = spikes.of(slice(min(spikes.n, MAX_CELLS))).between(spikes.start, min(end, spikes.stop))
            height = ROWS / shown.n
            rows = row + height * (shown.ids + 0.5)
            ax.plot(shown.times, rows, "|", color=colour, markersize=2.6, markeredgewidth=0.9)
            ticks.append((row + 0.5 * ROWS, name))
            row += 1.12 * ROWS
        row += 0.25 * ROWS
    ax.set(xlim=(0.0, end), ylim=(-0.04 * ROWS, row - 0.3 * ROWS), xlabel="time [ms]")
    ax.set_yticks(*zip(*ticks, strict=True))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _against_synchrony(ax, inputs, fired, unit):
    """Draw the rate of detectors and of the rate unit against how many inputs fire together."""
    base, light, dark = shades(NEURON, 3)
    for (jitter, by_size), colour in zip(fired.items(), (dark, base, light), strict=True):
        label = f"detectors, volleys with {jitter:g} ms jitter" if jitter else "detectors, sharp volleys"
        ax.plot(list(by_size), [spikes.rate() for spikes in by_size.values()], "o-", color=colour, markersize=4, label=label)
    sharp = inputs[min(inputs)]
    rates = [unit(spikes.n * spikes.rate()) for spikes in sharp.values()]
    ax.plot(list(sharp), rates, "s--", color=MACHINE, markersize=4, label="rate unit")
    ax.set(xlim=(0.0, None), xlabel=f"inputs that fire together, of {sharp[min(sharp)].n}", ylabel="rate of the output [Hz]")
    ax.set_ylim(0.0, 1.65 * ax.get_ylim()[1])
    ax.set_title("equal rates, growing synchrony", fontsize=10)
    ax.legend(loc="upper left", fontsize=8.5)


def _counts(ax, data):
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


def _against_windows(ax, on_counts, by_cells, chance):
    ax.axhline(100.0 * by_cells, color=NEURON, label="coincidence cells, counts")
    shares = [100.0 * share for share in on_counts.values()]
    ax.plot(list(on_counts), shares, "s--", color=MACHINE, markersize=4, label="network on counts")
    ax.axhline(100.0 * chance, color="#444444", linewidth=0.8, linestyle=":", label="chance", zorder=0)
    ax.set_xscale("log", base=2)
    ax.set_xticks(list(on_counts), [str(windows) for windows in on_counts])
    ax.set(ylim=(0.0, 150.0), yticks=range(0, 101, 20), ylabel="accuracy [%]")
    ax.set_xlabel("windows in which spikes are counted")
    ax.set_title("classes that lie in spike times", fontsize=10)
    ax.legend(loc="upper left", fontsize=8.5)
