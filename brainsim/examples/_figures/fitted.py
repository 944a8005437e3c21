"""The figure of models that were fitted to a recording: potentials, spikes, and scores in the half that was not fitted."""

import numpy as np

from brainsim.analysis.distances import coincidence_factor
from brainsim.core.contexts import within
from brainsim.plot.elements.page_layout import DARK, page
from brainsim.plot.elements.styles import FAINT, PALETTE, style
from brainsim.results.spikes import Spikes

COINCIDE = 4.0  # ms: spikes that are no farther apart
TOP = 30.0  # mV: where spikes of models without their shape are drawn to


@within(style)
def fitted_figure(result, given, window):
    """Return the figure of a result whose populations are ``recorded`` and the models, beside what was recorded."""
    models = [name for name in result.spikes if name != "recorded"]
    figure = page(10.4, 1.6 + 1.6 * len(models), "what models predict that were fitted to the first half")
    grid = figure.add_gridspec(1 + len(models), 2, height_ratios=[0.7] + [1.0] * len(models), width_ratios=(3.2, 1.0))
    axes = [figure.add_subplot(grid[row, 0]) for row in range(1 + len(models))]
    _current(axes[0], given, window)
    for ax, name, colour in zip(axes[1:], models, PALETTE, strict=False):
        _potentials(ax, result, given, name, colour, window)
    for ax in axes:
        ax.set_xlim(window)
    for ax in axes[:-1]:
        ax.tick_params(labelbottom=False)
    axes[-1].set_xlabel("time [ms]")
    _table(figure.add_subplot(grid[:, 1]), result, given, models)
    return figure


def scores_of(result, given, name):
    """Return Gamma and the rate [Hz] of a population in the second half of the recording; Gamma is NaN without spikes."""
    start, stop = 0.5 * given["current"].size * given["dt"], result.stop
    if stop <= start:
        return np.nan, np.nan
    both = [result.spikes[key].between(start, stop) for key in (name, "recorded")]
    rate = 1000.0 * len(both[0]) / both[0].n / (stop - start)
    if not len(both[1]):
        return np.nan, rate
    model, target = (Spikes(s.times - start, s.ids, s.n, stop - start) for s in both)
    repeats = [coincidence_factor(model.of([k]), target, COINCIDE)[0] for k in range(model.n)]
    return float(np.mean(repeats)), rate


def _current(ax, given, window):
    times = given["dt"] * np.arange(given["current"].size)
    shown = (times >= window[0]) & (times <= window[1])
    ax.plot(times[shown], given["current"][shown], color=DARK, linewidth=0.7, drawstyle="steps-post")
    ax.set_ylabel("current [pA]")


def _potentials(ax, result, given, name, colour, window):
    """Draw the potential of a model over the recorded one, and the spikes of both above."""
    if "v" in given:
        times = given["dt"] * np.arange(given["v"].size)
        shown = (times >= window[0]) & (times <= window[1])
        ax.plot(times[shown], given["v"][shown], color=FAINT, linewidth=1.0)
    traces = result.traces[name, "v"]
    shown = (traces.times >= window[0]) & (traces.times <= window[1])
    ax.plot(traces.times[shown], np.minimum(traces.values[shown, 0], TOP), color=colour, linewidth=0.9)
    spikes = {"recorded": (result.spikes["recorded"], FAINT, 62.0), name: (result.spikes[name].of([0]), colour, 46.0)}
    for times, look, height in spikes.values():
        inside = times.between(*window).times
        ax.plot(inside, np.full(inside.size, height), "|", color=look, markersize=7, markeredgewidth=1.3)
    ax.set(ylabel=f"{name}\nv [mV]", ylim=(None, 72.0))
    ax.yaxis.label.set_color(colour)


def _table(ax, result, given, models):
    """Write the scores of each model."""
    ax.set_axis_off()
    columns, step = (0.02, 0.5, 0.98), 0.075
    rows = [("second half", r"$\Gamma$", "rate [Hz]", DARK)]
    rows.append(("recorded", "1", f"{scores_of(result, given, 'recorded')[1]:.1f}", FAINT))
    for name, colour in zip(models, PALETTE, strict=False):
        gamma, rate = scores_of(result, given, name)
        rows.append((name, f"{gamma:.2f}", f"{rate:.1f}", colour))
    for k, (*texts, colour) in enumerate(rows):
        for x, text, side in zip(columns, texts, ("left", "center", "right"), strict=True):
            weight = "bold" if k == 0 else "normal"
            ax.text(x, 0.95 - k * step, text, ha=side, va="top", color=colour, transform=ax.transAxes, fontweight=weight)
    said = [
        "$\\Gamma$: spikes that coincide",
        f"within {COINCIDE:g} ms, 1 if all do, 0 for",
        "what chance would give.",
        "Grey: recorded.",
    ]
    said += [f"{name}: mean of {result.spikes[name].n} repeats." for name in models if result.spikes[name].n > 1]
    place = 0.02, 0.93 - len(rows) * step
    ax.text(*place, "\n".join(said), va="top", color=DARK, fontsize=9, transform=ax.transAxes)
