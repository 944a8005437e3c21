"""The figure of windows of spike timing, measured and by formula, and of series of pairs beside experiments."""

import numpy as np

from brainsim.examples.stdp_window import INTERVALS, LAGS, ORDERS, PAIRS, RULES, SERIES, window
from brainsim.plot.figures import ShownOnce
from brainsim.plot.styles import FAINT, PALETTE, style

TITLES = {
    "additive": "STDP, additive",
    "multiplicative": "STDP, multiplicative",
    "gutig": "STDP, Gütig, mu = 0.5",
    "van_rossum": "STDP, van Rossum",
    "power_law": "STDP, power law",
    "triplets": "TripletSTDP, hippocampus",
    "inhibition": "VogelsSTDP",
    "reward": "DopamineSTDP, rewarded",
}
UP, DOWN = PALETTE[0], PALETTE[1]  # of the source before the target, and after it
LINES = ("-", "--", "-.", ":")
# order -> rate [Hz], mean relative change and its standard error; drawn 0.2 Hz apart
EXPERIMENTS = {
    10.0: [(0.1, -0.04, 0.05), (10, 0.14, 0.10), (20, 0.29, 0.14), (40, 0.53, 0.11), (50, 0.56, 0.26)],
    -10.0: [(0.1, -0.29, 0.08), (10, -0.41, 0.11), (20, -0.34, 0.10), (40, 0.56, 0.32), (50, 0.75, 0.19)],
}


def series_law(rule, interval, order):
    """Return the relative change by a series of pairs, from the traces of the rule between one spike and the next.

    A rule of pairs is one of triplets that have no effect.

    Parameters
    ----------
    rule : STDP or TripletSTDP
        With pairing ``"all"`` or ``"nearest"``; STDP must be additive.
    interval : float
        Between pairs [ms].
    order : float
        From the spike of the source to that of the target [ms].
    """
    if hasattr(rule, "a3_plus"):
        names = ("a2_plus", "a3_plus", "a2_minus", "a3_minus")
        a2_plus, a3_plus, a2_minus, a3_minus = (rule.w_0 * getattr(rule, name) for name in names)
        taus = np.array([rule.tau_plus, rule.tau_x, rule.tau_minus, rule.tau_y])  # of r1, r2, o1, o2
    else:
        a2_plus, a3_plus, a2_minus, a3_minus = rule.w_max * rule.a_plus, 0.0, rule.w_max * rule.a_minus, 0.0
        taus = np.array([rule.tau_plus, np.inf, rule.tau_minus, np.inf])
    traces, change, before = np.zeros(4), 0.0, 0.0
    first = np.arange(PAIRS) * interval
    for time, of_target in sorted([(t, False) for t in first] + [(t + order, True) for t in first]):
        traces, before = traces * np.exp((before - time) / taus), time
        r1, r2, o1, o2 = traces
        change += r1 * (a2_plus + a3_plus * o2) if of_target else -o1 * (a2_minus + a3_minus * r2)
        mine = slice(2, 4) if of_target else slice(0, 2)
        traces[mine] = 1.0 if rule.pairing == "nearest" else traces[mine] + 1.0
    return change


def window_figure(changes):
    """Return the figure of the changes that `stdp_window.changes` returns."""
    import matplotlib.pyplot as plt

    pairs = [name for name in SERIES if name.startswith("pairs")]
    with style():
        figure = plt.figure(figsize=(11.0, 8.2), layout="constrained", FigureClass=ShownOnce)
        upper, lower = figure.subfigures(2, height_ratios=(1.45, 1.0))
        panels = upper.subplots(2, 4)
        for ax, rule in zip(panels.flat, RULES, strict=True):
            _window(ax, rule, changes[rule])
        for ax in panels[1]:
            ax.set_xlabel("lag of the target [ms]")
        for ax in panels[:, 0]:
            ax.set_ylabel("change [% of the weight]")
        _key(panels[0, 0])
        left, right = lower.subplots(1, 2, sharey=True)
        _series(left, pairs, changes, "60 pairs in a row: rules of pairs fail at high rates")
        _series(
            right,
            [name for name in SERIES if name not in pairs],
            changes,
            "the same by rules of triplets, for visual cortex",
        )
        left.set_ylabel("change [% of the weight]")
    return figure


def _window(ax, rule, change):
    """Draw what one pair does: dots, and the formula as lines."""
    scale = 100.0 / RULES[rule][1]
    for sign, colour in ((1.0, UP), (-1.0, DOWN)):
        lag = sign * np.linspace(1e-6, 62.0, 200)
        ax.plot(lag, scale * window(rule, lag), color=colour)
        side = sign * LAGS > 0.0
        ax.plot(LAGS[side], scale * change[side], "o", color=colour, markersize=3.5)
    ax.plot(0.0, scale * change[LAGS == 0.0].item(), "o", color=FAINT, markersize=3.5)
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=(-62.0, 62.0), xticks=(-50, 0, 50))
    ax.set_title(TITLES[rule])


def _key(ax):
    """Write what the windows show into one of them."""
    lines = (("dots: measured", "#444444"), ("lines: formula", "#444444"), ("source first", UP), ("target first", DOWN))
    for k, (text, colour) in enumerate(lines):
        ax.annotate(text, (0.02, 0.98 - 0.11 * k), xycoords="axes fraction", va="top", color=colour, fontsize=9)


def _series(ax, names, changes, title):
    """Draw what series of pairs do against their rate: experiments, the engine as dots and the law as lines."""
    fine = np.geomspace(1000.0 / max(INTERVALS), 1000.0 / min(INTERVALS), 80)
    rates = 1000.0 / np.array(INTERVALS)
    for row, (order, colour) in enumerate(zip(ORDERS, (UP, DOWN), strict=True)):
        for name, line in zip(names, LINES, strict=False):
            law = [100.0 * series_law(SERIES[name], 1000.0 / rate, order) for rate in fine]
            ax.plot(fine, law, line, color=colour, linewidth=0.9)
            ax.plot(rates, 100.0 * changes[name][row], "o", color=colour, markersize=2.5)
        rate, mean, error = np.array(EXPERIMENTS[order]).T
        ax.errorbar(
            rate + 0.02 * order,
            100.0 * mean,
            100.0 * error,
            fmt="s",
            color=colour,
            markersize=6.0,
            mfc="white",
            elinewidth=0.8,
        )
    for name, line in zip(names, LINES, strict=False):
        ax.plot([], [], line, color="#444444", linewidth=0.9, label=name.split(", ", 1)[1])
    ax.plot([], [], "s", color="#444444", mfc="white", label="experiment")
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=(-1.0, 52.0), xlabel="rate of the pairs [Hz]")
    ax.set_title(title)
    ax.legend(loc="upper left")
