"""The figure of a depressing and a facilitating synapse: what they do to a membrane, and what they release."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.examples.short_term import DELAY, KINDS, RATES, SHOWN, measure, releases, trains_of
from brainsim.plot.elements.page_layout import page
from brainsim.plot.elements.styles import FAINT, PALETTE, REST, style

COLOURS = PALETTE[0], PALETTE[1], PALETTE[3]  # of A, B and C
OF_KIND = dict(zip(KINDS, COLOURS, strict=False))


@within(style)
def short_term_figure(result, window, states):
    """Return the figure of the result of `short_term` with two or three `states`; potentials are drawn in `window`."""
    rows = list(zip("001122", ["spikes"] * 3 + ["rates"] * 3, strict=True))
    figure = page(10.0, 6.2)
    axes = figure.subplot_mosaic(rows, width_ratios=(1.2, 1.0))
    for k, (kind, rate) in enumerate(SHOWN):
        cell = [one for one, _ in SHOWN[:k]].count(kind)
        _potential(axes[str(k)], result.traces[kind, "v"].of([cell]), trains_of(rate), window)
        axes[str(k)].set_title(f"{'ABC'[k]}: {kind} synapse, spikes at {rate:g} Hz", color=COLOURS[k])
        released, law = measure(result, kind)[cell], releases(KINDS[kind][0], trains_of(rate), states)
        _released(axes["spikes"], released, law, "ABC"[k], COLOURS[k])
    note = "dots: jumps of the current / weight\nlines: the law, from spike to spike"
    axes["spikes"].annotate(note, (0.98, 0.95), xycoords="axes fraction", ha="right", va="top", color="#444444")
    axes["2"].set_xlabel("time [ms]")
    _against_rate(axes["rates"], result, states)
    return figure


def _potential(ax, trace, spikes, window):
    """Draw the potential of a membrane, with the spikes that reach it as strokes below."""
    v = trace.values[:, 0]
    ax.plot(trace.times, v, color="#444444")
    ax.vlines(spikes + DELAY, -0.2 * v.max(), -0.08 * v.max(), color=REST, linewidth=0.8)
    ax.set(xlim=window, ylabel="potential [mV]")


def _released(ax, released, law, name, colour):
    """Draw u*x of the first spikes: dots, and the law as a line."""
    shown = slice(20)
    ax.plot(np.arange(1, released.size + 1)[shown], released[shown], "o", color=colour, markersize=4.0)
    ax.plot(np.arange(1, law.size + 1)[shown], law[shown], color=colour, linewidth=0.8)
    if released.size >= 20:
        ax.annotate(name, (20.0, released[19]), (8, 0), textcoords="offset points", va="center", color=colour)
    ax.set(
        xlim=(0.0, 21.5), ylim=(0.0, 0.53), xticks=(1, 5, 10, 15, 20), xlabel="number of the spike", ylabel="released, u x"
    )
    ax.set_title("what each spike releases")


def _against_rate(ax, result, states):
    """Draw u*x of the last spike of long trains against their rate."""
    fine = np.geomspace(RATES[0], RATES[-1], 60)
    for kind, colour in OF_KIND.items():
        law = [releases(KINDS[kind][0], np.arange(200) * 1000.0 / rate, states)[-1] for rate in fine]
        last = [released[-1] if released.size else np.nan for released in measure(result, kind)[-RATES.size :]]
        ax.loglog(fine, law, color=colour, linewidth=0.8)
        ax.loglog(RATES, last, "o", color=colour, markersize=4.0, label=kind)
    fast = fine[fine > 6.0]
    ax.loglog(fast, 1000.0 / (KINDS["depressing"][0].tau_rec * fast), ":", color=FAINT, label="1/(rate × tau_rec)")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
    ax.set_yticks((0.02, 0.05, 0.1, 0.2, 0.5))
    ax.yaxis.set_minor_formatter("")
    ax.set(xlabel="rate of the spikes [Hz]", ylabel="released, u x", ylim=(0.01, 0.6))
    ax.set_title("what a spike releases after many others")
    ax.legend(loc="lower left")
