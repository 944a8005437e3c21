"""The figure of a network whose inhibitory synapses learn: spikes and currents before and after, rates and weights."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.plot.elements.page_layout import AXES, note, page
from brainsim.plot.elements.styles import FAINT, PALETTE, style
from brainsim.plot.rasters import raster

EXC, INH, SUM = PALETTE[0], PALETTE[1], "#222222"  # as in an overview
SPAN, LATE = 300.0, 0.5  # ms of the run that are drawn at its start and at its end; share of the run that counts as late
CELLS = 300  # drawn of each population
BIN = 100.0  # ms, of rates


@within(style)
def balance_figure(result, currents, target):
    """Return the figure, from times [ms], excitatory and inhibitory currents of one cell [pA], and the target rate [Hz]."""
    span = min(SPAN, 0.5 * result.duration)
    windows = {"before": (result.start, result.start + span), "after": (result.stop - span, result.stop)}
    rows = [["spikes before", "spikes after"], ["currents before", "currents after"]]
    figure = page(10.5, 8.0)
    upper, lower = figure.subfigures(2, height_ratios=(1.7, 1.0))
    axes = upper.subplot_mosaic(rows, height_ratios=(1.4, 1.0))
    for when, window in windows.items():
        _spikes(axes[f"spikes {when}"], result, window, when)
        _currents(axes[f"currents {when}"], currents, window)
    axes["currents before"].set_ylabel("current into a cell [nA]")
    _name_currents(axes["currents before"])
    left, middle, right = lower.subplots(1, 3)
    _rates(left, result.spikes["excitatory"], target)
    _weights(middle, result.weights["learning"])
    _cells(right, result.spikes["excitatory"], span, target)
    return figure


def _spikes(ax, result, window, when):
    both = [result.spikes[name].of(slice(CELLS)) for name in ("excitatory", "inhibitory")]
    raster(both, ax=ax, window=window, color=[EXC, INH])
    inside = result.spikes["excitatory"].between(*window)
    title = {"before": "before: hardly any inhibition", "after": "after: inhibition has learned"}[when]
    ax.set_title(f"{title}, excitatory cells fire at {inside.rate():.3g} Hz")
    ax.set_xlabel("")


def _currents(ax, currents, window):
    """Draw excitation, inhibition and what is left of both."""
    times, exc, inh = currents
    part = (times >= window[0]) & (times <= window[1])
    for values, colour in ((exc, EXC), (inh, INH), (exc + inh, SUM)):
        ax.plot(times[part], values[part] / 1000.0, color=colour, linewidth=0.9)
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=window, xlabel="time [ms]")


def _name_currents(ax):
    for name, colour, x in (("excitation", EXC, 0.7), ("inhibition", INH, 0.88), ("sum", SUM, 0.99)):
        ax.annotate(name, (x, 1.0), xycoords="axes fraction", ha="right", va="top", color=colour)


def _rates(ax, spikes, target):
    """Draw the rate of the excitatory cells over time, and the target with a band of 10 %."""
    times, rates = spikes.population_rate(min(BIN, 0.1 * spikes.duration))
    ax.semilogy(times / 1000.0, rates, color=EXC)
    ax.axhspan(0.9 * target, 1.1 * target, color=FAINT, alpha=0.4, linewidth=0.0, zorder=0)
    late = spikes.between(spikes.stop - LATE * spikes.duration, spikes.stop)
    text = f"{late.rate():.2f} Hz in the second half,\nCV of intervals {late.cv(least=10):.2f}"
    ax.annotate(text, (0.97, 0.95), xycoords="axes fraction", ha="right", va="top", color="#444444")
    note(ax, "target ± 10 %", (0.97, 0.9 * target), (0, -9), x=AXES, ha="right", va="top")
    ax.set_ylim(1.0, max(2.0 * rates.max(), 10.0 * target))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("")
    ax.set(xlim=(spikes.start / 1000.0, spikes.stop / 1000.0), xlabel="time [s]", ylabel="rate [Hz]")
    ax.set_title("excitatory cells")


def _weights(ax, weights):
    shares = weights.counts / np.maximum(weights.counts.sum(axis=1, keepdims=True), 1)
    step = np.diff(weights.times[:2])[0] if weights.times.size > 1 else 1.0
    extent = (weights.times[0] / 1000.0, (weights.times[-1] + step) / 1000.0, weights.edges[0], weights.edges[-1])
    ax.imshow(np.minimum(shares.T, 0.2), cmap="Reds", aspect="auto", origin="lower", extent=extent, interpolation="nearest")
    middle = 0.5 * (weights.edges[1:] + weights.edges[:-1])
    ax.plot(weights.times / 1000.0, shares @ middle, color=SUM, linewidth=0.9)
    note(ax, "mean", (0.97, (shares @ middle)[-1]), (0, 9), x=AXES, ha="right", color=SUM)
    ax.set(ylim=(0.0, 0.75 * weights.edges[-1]), xlabel="time [s]", ylabel="weight [nS]")
    ax.set_title("inhibitory synapses that learn")


def _cells(ax, spikes, span, target):
    """Draw the distribution of the rates of cells at the start and late in the run."""
    parts = {
        f"first {span:g} ms": (spikes.between(spikes.start, spikes.start + span), FAINT),
        "second half": (spikes.between(spikes.stop - LATE * spikes.duration, spikes.stop), EXC),
    }
    top = max(1.0, *(part.rates().max() for part, _ in parts.values()))
    edges = np.geomspace(0.2, 1.1 * max(top, 1.0), 41)
    for name, (part, colour) in parts.items():
        ax.hist(np.maximum(part.rates(), edges[0]), edges, color=colour, alpha=0.8, label=name)
    ax.axvline(target, color=SUM, linewidth=0.8, linestyle=":", label="target")
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set(xlabel="rate of a cell [Hz]", ylabel="excitatory cells")
    ax.set_title("each cell")
    ax.legend(loc="upper left")
