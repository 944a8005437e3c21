"""The figure of the decision network of Wang (2002): one trial, ramps and attractors, and the choices."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import PercentFormatter

from brainsim.core.arrays import plural
from brainsim.core.contexts import within
from brainsim.examples._figures.decision import BIN, POOLS, WIDTH, first_passage
from brainsim.examples.wang import DELAY_PERIOD, EVIDENCE, POOL, REST, STIMULUS, THRESHOLD, TRIAL
from brainsim.plot.elements.page_layout import AXES, note, page
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style

SHOWN, RASTER = 3, 60  # which level of evidence has the trial that is drawn; cells of each pool in the raster
HALF, STEEPNESS = 0.092, 1.5  # the share of right choices in the paper is 1 - exp(-(c/HALF)**STEEPNESS)/2
AFTER = 1000.0  # ms from the onset in which mean rates are drawn
CELLS = {"A": slice(0, POOL), "B": slice(POOL, 2 * POOL)}


def trial_rates(result):
    """Return the rates of the pools over the last 50 ms, at the end of each bin [Hz], shape (pools, trials, bins).

    There are only whole trials, the same number for each level of evidence, if there is one; else the first trial so far.
    """
    whole = int((result.duration + 1e-6) // (TRIAL * EVIDENCE.size)) * EVIDENCE.size
    trials, bins = max(whole, 1), round(min(TRIAL, result.duration) / BIN)
    edges = np.arange(trials * round(TRIAL / BIN) + 1) * BIN + 1e-6  # a spike at the end of a bin belongs to it
    edges[0], steps = 0.0, round(WIDTH / BIN)
    counts = [np.histogram(result.spikes["excitatory"].of(cells).times, edges)[0] for cells in CELLS.values()]
    counts = np.reshape(counts, (2, trials, -1))[..., :bins]
    sums = np.cumsum(np.pad(counts, ((0, 0), (0, 0), (steps, 0))), axis=-1)
    return (sums[..., steps:] - sums[..., :-steps]) * 1000.0 / (WIDTH * POOL)


def by_level(rates):
    """Return rates (pools, trials, bins), in which the levels of evidence alternate, as (pools, levels, trials, bins)."""
    return rates.reshape(2, -1, EVIDENCE.size, rates.shape[-1]).swapaxes(1, 2)


def choices_of(rates):
    """Return the `Choices` of trials of all levels, from the onset of the evidence to its end."""
    shown = by_level(rates)[..., : round((REST + STIMULUS) / BIN)]
    first, second = (pool.reshape(-1, shown.shape[-1]) for pool in shown)
    return first_passage(first, second, THRESHOLD, EVIDENCE, REST)


@within(style)
def wang_figure(result):
    """Return the figure of the result of `wang`."""
    rates = trial_rates(result)
    choices = choices_of(rates) if rates.shape[1] >= EVIDENCE.size else None
    trial = typical_trial(choices)
    figure = page(10.4, 6.2)
    axes = figure.subplots(2, 3, width_ratios=(1.25, 1.0, 1.0))
    _rates(axes[0, 0], rates[:, trial])
    _raster(axes[1, 0], result, trial)
    if choices is None:
        for ax in axes[:, 1:].flat:
            ax.set_axis_off()
        note(axes[0, 1], f"The other panels need {EVIDENCE.size} trials.", (0.0, 0.5), x=AXES, y=AXES)
        return figure
    _ramps(axes[0, 1], rates, choices)
    _plane(axes[1, 1], rates, choices)
    _accuracy(axes[0, 2], choices)
    _times(axes[1, 2], choices)
    return figure


def typical_trial(choices):
    """Return the trial that is drawn: of one level, the right choice of median time, or the first one."""
    if choices is None:
        return 0
    right = np.flatnonzero(choices.chosen[SHOWN] > 0)
    which = right[np.argsort(choices.times[SHOWN, right])[right.size // 2]] if right.size else 0
    return int(which) * EVIDENCE.size + SHOWN


def _times_of(bins):
    return BIN * np.arange(1, bins + 1) - REST


def _evidence(ax):
    for start, stop in ((-REST, 0.0), (STIMULUS, STIMULUS + DELAY_PERIOD)):
        ax.axvspan(start, stop, color=FAINT, alpha=0.2, linewidth=0.0, zorder=0)
    ax.set_xlim(-REST, STIMULUS + DELAY_PERIOD)


def _rates(ax, rates):
    for (name, colour), values in zip(list(POOLS.items())[:2], rates, strict=True):
        ax.plot(_times_of(values.size), values, color=colour, linewidth=1.4, label=f"pool {name}")
    ax.axhline(THRESHOLD, color=FAINT, linestyle="--", linewidth=0.8, zorder=0)
    _evidence(ax)
    ax.set(ylim=(0.0, max(45.0, 1.1 * rates.max())), ylabel="rate [Hz]")
    ax.set_title("one trial (grey: no evidence)", loc="left")
    ax.legend(loc="upper left", ncols=2)


def _raster(ax, result, trial):
    spikes = result.spikes["excitatory"].between(trial * TRIAL, min((trial + 1) * TRIAL, result.stop))
    pools = [spikes.of(slice(cells.start, cells.start + RASTER)) for cells in CELLS.values()]
    for k, pool in enumerate(pools):
        times = pool.times - trial * TRIAL - REST
        ax.plot(times, pool.ids + k * RASTER, "|", color=list(POOLS.values())[k], markersize=2.0, markeredgewidth=0.6)
    _evidence(ax)
    ax.set(ylim=(-1, 2 * RASTER), yticks=[0.5 * RASTER, 1.5 * RASTER], yticklabels=list(CELLS), xlabel="time [ms]")
    ax.set_title(f"spikes of {RASTER} cells of each pool", loc="left")


def _ramps(ax, rates, choices):
    """Draw the mean rates of the pool that is chosen and of the other one, for each level of evidence."""
    levels, after = by_level(rates), slice(round(REST / BIN), round((REST + AFTER) / BIN))
    colours = plt.get_cmap("viridis")(np.linspace(0.85, 0.0, EVIDENCE.size))
    for level, (evidence, colour) in enumerate(zip(EVIDENCE, colours, strict=True)):
        made = choices.chosen[level] != 0
        if not made.any():
            continue
        first = (choices.chosen[level] > 0)[made, None]
        a, b = levels[:, level, made, after]
        times = _times_of(levels.shape[-1])[after]
        label = f"{100 * evidence:g} %"
        ax.plot(times, np.where(first, a, b).mean(axis=0), color=colour, linewidth=1.3, label=label)
        ax.plot(times, np.where(first, b, a).mean(axis=0), color=colour, linewidth=1.0, linestyle=":")
    ax.axhline(THRESHOLD, color=FAINT, linestyle="--", linewidth=0.8, zorder=0)
    ax.set(xlim=(0.0, AFTER), ylim=(0.0, None), xlabel="time from the onset [ms]", ylabel="mean rate [Hz]")
    ax.set_title("ramps (dotted: the pool not chosen)", loc="left")
    ax.legend(loc="upper left", title="evidence", fontsize=8, title_fontsize=8)


def _plane(ax, rates, choices):
    """Draw each trial as a path in the plane of both rates, until the evidence ends."""
    shown = by_level(rates)[..., round(REST / BIN) : round((REST + STIMULUS) / BIN)]
    chosen = choices.chosen.ravel()
    colours = {1: POOLS["A"], -1: POOLS["B"], 0: FAINT}
    paths = shown.reshape(2, chosen.size, -1)
    for k in np.linspace(0, chosen.size - 1, min(chosen.size, 60)).astype(int):
        ax.plot(*paths[:, k], color=colours[int(chosen[k])], linewidth=0.6, alpha=0.6)
        ax.plot(*paths[:, k, -1], "o", color=colours[int(chosen[k])], markersize=3.5)
    top = 1.05 * paths.max()
    ax.plot([0.0, top], [0.0, top], color=FAINT, linestyle=":", linewidth=0.8, zorder=0)
    ax.set(xlim=(0.0, top), ylim=(0.0, top), xlabel="rate of pool A [Hz]", ylabel="rate of pool B [Hz]")
    ax.set_title("two attractors (dots: 2 s after the onset)", loc="left")


def _curve(ax, values, errors):
    place = np.where(EVIDENCE > 0.0, EVIDENCE, 0.016)
    ax.errorbar(place, values, errors, fmt="o", color=NEURON, markersize=5, capsize=2, label="network")
    ax.set_xscale("log")
    ax.set_xticks(place, [f"{100 * evidence:g}" for evidence in EVIDENCE])
    ax.minorticks_off()


def _accuracy(ax, choices):
    _curve(ax, choices.accuracy, choices.accuracy_error)
    fine = np.geomspace(0.016, EVIDENCE[-1], 200)
    label = f"Weibull curve ({100 * HALF:g} %, {STEEPNESS:g})"
    ax.plot(fine, 1.0 - 0.5 * np.exp(-((fine / HALF) ** STEEPNESS)), color=MACHINE, label=label, zorder=1)
    ax.set(ylim=(0.0, 1.6), yticks=np.linspace(0.0, 1.0, 6), ylabel="choices of A")  # with room for the legend
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_title(f"choices, {plural(choices.chosen.shape[1], 'trial')} each", loc="left")
    ax.legend(loc="upper left", ncols=2, fontsize=8)


def _times(ax, choices):
    _curve(ax, choices.time, choices.time_error)
    ax.set(ylim=(0.0, None), xlabel="evidence [%]", ylabel="time to the choice [ms]")
    late = f" ({100 * choices.undecided:.0f} % undecided)" if choices.undecided > 0.005 else ""
    ax.set_title(f"reaction times{late}", loc="left")
