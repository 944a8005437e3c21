"""The figure of fear and extinction cells compared with the rule of Rescorla and Wagner."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from brainsim.core.contexts import within
from brainsim.examples import fear
from brainsim.plot.elements.page_layout import AXES, DARK, note, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, PALETTE, style
from brainsim.plot.rasters import raster

RATE, SHOWN = 0.3, {"fear": 120, "extinction": 120, "inhibitory": 30}  # of learning; cells in the raster
COLOURS = {"fear": NEURON, "extinction": PALETTE[6]}
STAGES = ("first\ntone", "conditioned\nin A", "extinct\nin B", "renewed\nin A")


def rescorla_wagner(rate=RATE):
    """Return the expectation in each trial, and the strengths of the tone and both contexts then, shape (trials, 3).

    ``error = shock - (tone + context)``; tone and context share it. Rescorla & Wagner (1972), *Classical Conditioning II*.
    """
    strength, expected, course = {"tone": 0.0, "A": 0.0, "B": 0.0}, [], []
    for phase, context, _ in fear.trials():
        total = strength["tone"] + strength[context]
        expected.append(total)
        course.append(list(strength.values()))
        error = float(phase == "conditioning") - total
        for part in ("tone", context):
            strength[part] += 0.5 * rate * error
    return np.array(expected), np.array(course)


def rates_during_tones(result):
    """Return the rates of fear and extinction cells during each tone that the result has [Hz], shape (tones, 2)."""
    spans = [(at + fear.BEFORE, at + fear.BEFORE + fear.TONE) for *_, at in fear.trials()]
    groups = [result.spikes[name] for name in COLOURS]
    found = [[group.between(*span).rate() for group in groups] for span in spans if span[1] <= result.stop]
    return np.array(found).reshape(-1, 2)


def stages(values):
    """Return the first value, and those of the last trial of each phase, over the largest of them; NaN if not reached."""
    last = [0, *(np.cumsum([tones for *_, tones in fear.PHASES]) - 1)]
    found = np.array([values[k] if k < len(values) else np.nan for k in last])
    return found / np.nanmax(found) if np.nanmax(np.append(found, 0.0)) > 0.0 else found


@within(style)
def fear_figure(result, window):
    expected, course = rescorla_wagner()
    rates = rates_during_tones(result)
    figure, (machine, neurons, both) = side_by_side(
        "Rescorla-Wagner", "spiking network", caption=_caption(rates, expected), heights=(1.1, 1.0)
    )
    _trials(machine[0], expected[:, None], {"expected shock": (MACHINE, "o-")}, "expected shock")
    lines = {"tone": (MACHINE, "o-"), "context A": (PALETTE[5], "s--"), "context B": (DARK, "^:")}
    _trials(machine[1], course, lines, "strength")
    machine[1].set_ylim(-0.36, 0.48)
    machine[1].legend(loc="lower left", fontsize=8.5)
    _raster(neurons[0], result, window)
    _weights(neurons[1], result, window)
    _trials(both[0], rates, {f"{name} cells": (colour, "o-") for name, colour in COLOURS.items()}, "rate in tone [Hz]")
    both[0].set_title("cells in each trial", fontsize=10)
    both[0].legend(loc="upper left", fontsize=8.5)
    _stages(both[1], rates, expected)
    return figure


def _caption(rates, expected):
    first, _, extinguished, renewed = 100.0 * stages(rates[:, 0] if len(rates) else [])
    after = 100.0 * stages(expected)
    return (
        "A tone comes with a shock in context A, then alone in context B (grey), then once more in A. Fear cells respond to "
        f"the first tone with {first:.0f}\u00a0% of their rate after conditioning, after extinction with "
        f"{extinguished:.0f}\u00a0%, and back in A with {renewed:.0f}\u00a0%. By the rule of Rescorla and Wagner "
        f"{after[3]:.0f}\u00a0% come back, because context B has taken a share of the unlearning. In the network, the "
        "synapses of the fear cells are still strong: the extinction cells had silenced them, and lack their context now."
    )


def _phases(ax, x_of):
    """Shade the phases in context B; `x_of` gives the ends of a phase from its first and last trial."""
    first = 0
    for _, context, tones in fear.PHASES:
        if context == "B":
            ax.axvspan(*x_of(first, first + tones - 1), color=FAINT, alpha=0.25, linewidth=0.0, zorder=0)
        first += tones


def _trials(ax, values, lines, label):
    for column, (name, (colour, line)) in zip(np.asarray(values).T, lines.items(), strict=True):
        ax.plot(np.arange(1, column.size + 1), column, line, color=colour, markersize=4, label=name)
    _phases(ax, lambda first, last: (first + 0.5, last + 1.5))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlim=(0.5, len(fear.trials()) + 0.5), xlabel="trial", ylabel=label)


def _over_time(ax, window):
    starts = [at for *_, at in fear.trials()]
    _phases(ax, lambda first, last: (starts[first], starts[last] + fear.TRIAL))
    ax.set(xlim=window, xlabel="time [ms]")


def _raster(ax, result, window):
    parts = {name: result.spikes[name] for name in SHOWN}
    shown = [part.of(slice(min(SHOWN[name], part.n))) for name, part in parts.items()]
    raster(shown, ax=ax, window=window, color=[*COLOURS.values(), DARK])
    ends = np.cumsum([0, *(part.n for part in shown)])
    ax.set_yticks(0.5 * (ends[1:] + ends[:-1]), list(parts))
    ax.tick_params(axis="y", length=0)
    ax.set_ylabel("")
    for at in [at for *_, at in fear.trials() if window[0] <= at + fear.BEFORE < window[1]]:
        ax.plot([at + fear.BEFORE, at + fear.BEFORE + fear.TONE], [1.015] * 2, color="black", linewidth=3.0,
                transform=ax.get_xaxis_transform(), clip_on=False)  # fmt: skip
    note(ax, "tones", (0.0, 1.0), (-4, 0), x=AXES, y=AXES, ha="right")
    _over_time(ax, window)


def _weights(ax, result, window):
    for name, colour in COLOURS.items():
        for kind, line in (("tone", "-"), ("context", "--")):
            weights = result.weights[f"{kind} {name}"]
            ax.plot(weights.times, weights.values.mean(axis=1), line, color=colour, label=f"{kind}, {name}")
    _over_time(ax, window)
    ax.set(ylabel="mean weight [nS]", ylim=(0.0, 3.9))
    ax.legend(loc="upper left", fontsize=8, ncols=2, columnspacing=1.0)


def _stages(ax, rates, expected):
    place = np.arange(len(STAGES))
    pairs = ((expected, MACHINE, "expected shock"), (rates[:, 0] if len(rates) else [], NEURON, "fear cells"))
    for side, (values, colour, label) in zip((-0.2, 0.2), pairs, strict=True):
        ax.bar(place + side, stages(values), 0.38, color=colour, label=label)
    ax.set_xticks(place, STAGES, fontsize=8.5)
    ax.set(ylim=(0.0, 1.35), ylabel="over the largest")
    ax.legend(loc="upper right", fontsize=8.5, ncols=2)
