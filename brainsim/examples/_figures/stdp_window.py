"""The figure of windows of spike timing, measured and by formula, and of series of pairs compared with experiments."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.examples.stdp_window import (
    CALCIUM,
    CALCIUM_LAGS,
    COME_AFTER,
    INTERVALS,
    LAGS,
    ORDERS,
    PAIRS,
    REWARD,
    RULES,
    SERIES,
    START,
)
from brainsim.plot.elements.page_layout import page
from brainsim.plot.elements.styles import FAINT, PALETTE, style

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


# what a pair without a lag adds and takes, of a rule r at weight w, and what a spike of the source takes in any case
LAWS = {
    "additive": lambda r, w: (r.a_plus * r.w_max, r.a_minus * r.w_max, 0.0),
    "multiplicative": lambda r, w: (r.a_plus * (r.w_max - w), r.a_minus * w, 0.0),
    "gutig": lambda r, w: (r.a_plus * r.w_max * (1 - w / r.w_max) ** r.mu, r.a_minus * r.w_max * (w / r.w_max) ** r.mu, 0.0),
    "van_rossum": lambda r, w: (r.a_plus * r.w_0, r.a_minus * w, 0.0),
    "power_law": lambda r, w: (r.a_plus * r.w_0 * (w / r.w_0) ** r.mu, r.a_minus * w, 0.0),
    "triplets": lambda r, w: (r.a2_plus * r.w_0, r.a2_minus * r.w_0, 0.0),
    "inhibition": lambda r, w: (r.eta, -r.eta, r.eta * 2.0 * (0.001 * r.rho_0) * r.tau),
    "reward": lambda r, w: np.array([r.c_plus, r.c_minus, 0.0]) * r.release / (1.0 / r.tau_c + 1.0 / r.tau_n),
}


def window(rule, lag):
    """Return the formula: what one pair does that reaches the synapse with a lag [ms], > 0 if the source is first."""
    r, weight = RULES[rule]
    up, down, always = LAWS[rule](r, weight)
    tau_plus, tau_minus = (r.tau, r.tau) if rule == "inhibition" else (r.tau_plus, r.tau_minus)
    effect = np.where(lag > 0.0, up * np.exp(-np.abs(lag) / tau_plus), -down * np.exp(-np.abs(lag) / tau_minus))
    if rule == "reward":  # it finds what is left of the pair
        effect = effect * np.exp(-(REWARD - START - np.maximum(lag, 0.0)) / r.tau_c)
    return np.where(lag == 0.0, 0.0, effect) - always


def calcium_law(rule, lag, interval=1000.0, dt=0.05):
    """Return the mean weight after a series of pairs by the theory of the publication, relative to that before.

    Half of the synapses were in each of the two stable states. The theory neglects the slow drift between them.
    """
    from scipy.special import erf

    time = np.arange(0.0, interval, dt)
    calcium = sum(
        size * np.exp(-((time - at) % interval) / rule.tau_ca)
        for size, at in ((rule.c_source, COME_AFTER), (rule.c_target, lag))
    )
    above = np.array([np.mean(calcium > rule.th_p), np.mean(calcium > rule.th_d)])
    to_up, to_down = above * (rule.gamma_p, rule.gamma_d)
    limit, tau = to_up / (to_up + to_down), rule.tau / (to_up + to_down)
    left = np.exp(-PAIRS * interval / tau)
    spread = np.sqrt(rule.sigma**2 * above.sum() / (to_up + to_down) * (1.0 - left**2))
    ups = [0.5 * (1.0 + erf((limit - rule.rho_star + (start - limit) * left) / spread)) for start in (0.0, 1.0)]
    high = np.mean(ups)
    return (1.0 - high + rule.b * high) / (0.5 + 0.5 * rule.b)


def series_law(rule, interval, order):
    """Return the relative change by a series of pairs, from the traces of the rule between one spike and the next.

    Pairs come every `interval` ms; `order` is the time from the spike of the source to that of the target [ms].
    """
    names = ("a2_plus", "a3_plus", "a2_minus", "a3_minus")
    a2_plus, a3_plus, a2_minus, a3_minus = (rule.w_0 * getattr(rule, name) for name in names)
    taus = np.array([rule.tau_plus, rule.tau_x, rule.tau_minus, rule.tau_y])  # of r1, r2, o1, o2
    traces, change, before = np.zeros(4), 0.0, 0.0
    first = np.arange(PAIRS) * interval
    for time, of_target in sorted([(t, False) for t in first] + [(t + order, True) for t in first]):
        traces, before = traces * np.exp((before - time) / taus), time
        r1, r2, o1, o2 = traces
        change += r1 * (a2_plus + a3_plus * o2) if of_target else -o1 * (a2_minus + a3_minus * r2)
        mine = slice(2, 4) if of_target else slice(0, 2)
        traces[mine] = 1.0 if rule.pairing == "nearest" else traces[mine] + 1.0
    return change


@within(style)
def window_figure(changes, calcium):
    """Return the figure of what `stdp_window.changes` and `stdp_window.calcium_change` return."""
    pairs = [name for name in SERIES if name.startswith("pairs")]
    figure = page(11.0, 8.2)
    upper, lower = figure.subfigures(2, height_ratios=(1.45, 1.0))
    panels = upper.subplots(2, 4)
    for ax, rule in zip(panels.flat, RULES, strict=True):
        _window(ax, rule, changes[rule])
    for ax in panels[1]:
        ax.set_xlabel("lag of the target [ms]")
    for ax in panels[:, 0]:
        ax.set_ylabel("change [% of the weight]")
    _key(panels[0, 0])
    left, middle, right = lower.subplots(1, 3)
    _series(left, pairs, changes, "60 pairs, rules of pairs")
    _series(middle, [name for name in SERIES if name not in pairs], changes, "60 pairs, rules of triplets")
    left.set_ylabel("change [% of the weight]")
    _calcium(right, calcium)
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
        look = {"fmt": "s", "color": colour, "markersize": 6.0, "mfc": "white", "elinewidth": 0.8}
        ax.errorbar(rate + 0.02 * order, 100.0 * mean, 100.0 * error, **look)
    for name, line in zip(names, LINES, strict=False):
        ax.plot([], [], line, color="#444444", linewidth=0.9, label=name.split(", ", 1)[1])
    ax.plot([], [], "s", color="#444444", mfc="white", label="experiment")
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlim=(-1.0, 52.0), ylim=(-60.0, 120.0), xlabel="rate of the pairs [Hz]")
    ax.set_title(title)
    ax.legend(loc="upper left")


def _calcium(ax, change):
    """Draw what series of pairs do by calcium against their lag."""
    rule, fine = CALCIUM, np.linspace(CALCIUM_LAGS[0], CALCIUM_LAGS[-1], 241)
    law = np.array([calcium_law(rule, lag) for lag in fine])
    for side, colour in ((fine >= 0.0, UP), (fine <= 0.0, DOWN)):
        ax.plot(fine[side], 100.0 * (law[side] - 1.0), color=colour)
    for side, colour in ((CALCIUM_LAGS > 0.0, UP), (CALCIUM_LAGS < 0.0, DOWN), (CALCIUM_LAGS == 0.0, FAINT)):
        ax.plot(CALCIUM_LAGS[side], 100.0 * (change[side] - 1.0), "o", color=colour, markersize=3.5)
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(xlabel="lag of the target [ms]")
    ax.set_title("60 pairs at 1 Hz, CalciumPlasticity")
