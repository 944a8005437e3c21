"""The figure of two competing pools of spiking cells that choose, compared with drift-diffusion, which is fitted here."""

from dataclasses import dataclass

import numpy as np

from brainsim.core.contexts import within
from brainsim.plot.elements.page_layout import AXES, note, shade, side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, PALETTE, REST, style
from brainsim.plot.rasters import raster


@dataclass(frozen=True)
class DriftDiffusion:
    """An accumulator of noisy evidence between two bounds: ``dx = k c dt + dW`` from 0 until x is `bound` or ``-bound``.

    `k` is the drift per evidence c, in units of the noise [1/sqrt(ms)], `bound` is in sqrt(ms), and `t_0` is the time in
    addition to the accumulation [ms].

    Examples
    --------
    >>> machine = DriftDiffusion(k=0.6, bound=20.0, t_0=50.0)
    >>> machine.accuracy(np.array([0.0, 0.1])).round(2), machine.time(np.array([0.0, 0.1])).round()
    (array([0.5 , 0.92]), array([450., 328.]))

    References
    ----------
    Ratcliff (1978), doi:10.1037/0033-295X.85.2.59; in this form Palmer, Huk & Shadlen (2005), doi:10.1167/5.5.1.
    """

    k: float
    bound: float
    t_0: float

    def accuracy(self, evidence):
        """Return the probability of the right choice, ``1/(1 + exp(-2 k |c| bound))``."""
        return 1.0 / (1.0 + np.exp(-2.0 * self.k * self.bound * np.abs(evidence)))

    def time(self, evidence):
        """Return the mean time to the choice [ms], ``t_0 + bound/(k |c|) tanh(k |c| bound)``."""
        x = np.maximum(self.k * self.bound * np.abs(evidence), 1e-6)  # tanh(x)/x tends to 1
        return self.t_0 + self.bound**2 * np.tanh(x) / x


@dataclass(frozen=True, eq=False)
class Choices:
    """Choices in trials with several levels of evidence, from 0 to 1, for the first of two options.

    `chosen` (levels, trials) is +1 for the first option, -1 for the second, 0 for none in time; `times` (levels, trials) are
    from the onset of the evidence to the choice [ms], NaN if there is none.

    Examples
    --------
    >>> choices = Choices(np.array([0.5]), np.array([[1, 1, -1, 0]]), np.array([[100.0, 120.0, 200.0, np.nan]]))
    >>> choices.accuracy.round(2), choices.time, choices.undecided
    (array([0.67]), array([140.]), 0.25)
    """

    evidence: np.ndarray
    chosen: np.ndarray
    times: np.ndarray

    @property
    def made(self):
        """Number of choices made, shape (levels,)."""
        return (self.chosen != 0).sum(axis=1)

    @property
    def undecided(self):
        """Share of trials without a choice."""
        return float((self.chosen == 0).mean())

    @property
    def accuracy(self):
        """Share of the first option among the choices, shape (levels,); NaN if none was made."""
        with np.errstate(invalid="ignore"):
            return (self.chosen > 0).sum(axis=1) / self.made

    @property
    def accuracy_error(self):
        """Standard error of `accuracy` with one more choice of each option (Laplace), so never 0."""
        p = ((self.chosen > 0).sum(axis=1) + 1) / (self.made + 2)
        return np.sqrt(p * (1.0 - p) / (self.made + 2))

    @property
    def time(self):
        """Mean time of the choices [ms], shape (levels,); NaN if none was made."""
        with np.errstate(invalid="ignore"):
            return np.nansum(self.times, axis=1) / self.made

    @property
    def time_error(self):
        """Standard error of `time` [ms], shape (levels,)."""
        with np.errstate(invalid="ignore"):
            square = np.nansum((self.times - self.time[:, None]) ** 2, axis=1) / self.made
            return np.sqrt(square / self.made)


def fit_choices(choices):
    """Return the `DriftDiffusion` fitted to accuracy and time of choices together, by least squares over standard errors.

    It has three parameters for both curves. Return None if a level has fewer than two choices.

    Examples
    --------
    >>> rng, truth, c = np.random.default_rng(1), DriftDiffusion(k=0.6, bound=20.0, t_0=50.0), np.array([0.0, 0.1, 0.2, 0.5])
    >>> chosen = np.where(rng.random((4, 1000)) < truth.accuracy(c)[:, None], 1, -1)
    >>> fit = fit_choices(Choices(c, chosen, truth.time(c)[:, None] + rng.normal(0.0, 50.0, (4, 1000))))
    >>> round(fit.k, 1), round(fit.bound), round(fit.t_0, -1)
    (0.6, 20, 50.0)
    """
    from scipy.optimize import least_squares

    if choices.made.min() < 2:
        return None
    error = np.maximum(choices.time_error, 0.1)  # ms: even equal times are known only to a time step

    def residuals(logs):
        machine = DriftDiffusion(*np.exp(logs))
        return np.concatenate(
            [
                (machine.accuracy(choices.evidence) - choices.accuracy) / choices.accuracy_error,
                (machine.time(choices.evidence) - choices.time) / error,
            ]
        )

    longest, shortest = choices.time.max(), choices.time.min()
    starts = [np.log([k, np.sqrt(longest), 0.5 * shortest]) for k in (0.1, 0.3, 1.0)]
    best = min((least_squares(residuals, start) for start in starts), key=lambda fit: fit.cost)
    return DriftDiffusion(*(float(value) for value in np.exp(best.x)))


def explained_share(measured, predicted):
    """Return R2, the share of the variance of `measured` that `predicted` explains.

    Examples
    --------
    >>> explained_share(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """
    return float(1.0 - np.sum((measured - predicted) ** 2) / np.sum((measured - np.mean(measured)) ** 2))


BIN, WIDTH = 5.0, 50.0  # ms: of the bins of rates, and of the time before each over which they are averaged
POOLS = {"A": PALETTE[4], "B": PALETTE[2], "inhibitory": REST}
SHOWN = 0.1  # evidence of the trial that is drawn, or the nearest level
AROUND = (100.0, 150.0)  # ms drawn before the evidence and after the choice


def counts_of(spikes, copies):
    """Return the spikes of each copy of a pool in bins of `BIN` ms, shape (copies, bins)."""
    bins = max(round(spikes.duration / BIN), 1)
    bin = np.clip(np.ceil((spikes.times - spikes.start) / BIN - 1e-6).astype(np.int64) - 1, 0, bins - 1)
    copy = spikes.ids // (spikes.n // copies)
    return np.bincount(copy * bins + bin, minlength=copies * bins).reshape(copies, bins)


def rates_of(spikes, copies):
    """Return the rate of each copy of a pool over the last `WIDTH` ms, at the end of each bin [Hz], shape (copies, bins)."""
    steps = round(WIDTH / BIN)
    sums = np.cumsum(np.pad(counts_of(spikes, copies), ((0, 0), (steps, 0))), axis=1)
    return (sums[:, steps:] - sums[:, :-steps]) * 1000.0 / (WIDTH * (spikes.n // copies))


def first_passage(first, second, threshold, evidence, onset):
    """Return the `Choices` by first passage of a threshold: by rates of two pools, or by a sum and its negative.

    `first` and `second`, shape (levels*trials, bins), have the value for each option at the end of bins of `BIN` ms,
    with the trials of one level of `evidence` one after the other; the evidence begins at `onset` [ms].

    Examples
    --------
    >>> up = np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> choices = first_passage(up, -up, 2.0, np.array([0.1]), onset=5.0)
    >>> choices.chosen, choices.times
    (array([[1]]), array([[10.]]))
    """
    skipped = round(onset / BIN)
    first, second = first[:, skipped:], second[:, skipped:]
    reached = np.maximum(first, second) >= threshold
    made, rows = reached.any(axis=1), np.arange(len(first))
    bin = reached.argmax(axis=1) if reached.shape[1] else np.zeros(len(first), dtype=np.int64)
    chosen, times = np.zeros(len(first), dtype=np.int64), np.full(len(first), np.nan)
    chosen[made] = np.where(first[rows[made], bin[made]] > second[rows[made], bin[made]], 1, -1)
    times[made] = (bin[made] + 1) * BIN
    shape = (len(evidence), -1)
    return Choices(np.asarray(evidence), chosen.reshape(shape), times.reshape(shape))


def accumulate(first, second, copies, rate, onset):
    """Return the summed evidence, in units of its noise [sqrt(ms)], at the end of bins, shape (copies, bins).

    A spike of a sensory cell for the first option counts +1, one for the second -1; the sum is divided by the square root of
    the rate at which its variance grows without evidence, at which each cell fires with `rate` [Hz].
    """
    noise = (first.n + second.n) // copies * rate / 1000.0  # 1/ms
    steps = counts_of(first, copies) - counts_of(second, copies)
    steps[:, : round(onset / BIN)] = 0
    return np.cumsum(steps, axis=1) / np.sqrt(noise)


@within(style)
def decision_figure(result, evidence, copies, threshold, onset, rate, window):
    """Return the figure of a drift-diffusion model compared with a spiking network that decides.

    The populations have the copies of a network one after the other: equal numbers of trials for each level of
    `evidence`. A pool has decided at `threshold` [Hz]; `rate` is that of a sensory cell without evidence [Hz], which
    begins at `onset` [ms].
    """
    spikes = result.spikes
    rates = {name: rates_of(spikes[name], copies) for name in POOLS}
    choices = first_passage(rates["A"], rates["B"], threshold, evidence, onset)
    path = accumulate(spikes["sensory A"], spikes["sensory B"], copies, rate, onset)
    fit = fit_choices(choices)
    bound = fit.bound if fit else np.inf
    machine = first_passage(path, -path, bound, evidence, onset)
    trial = _typical(choices)
    level, in_level = divmod(trial, choices.times.shape[1])
    took = [made.times[level, in_level] for made in (choices, machine)]
    span = (
        max(window[0], onset - AROUND[0]) if window[1] > onset else window[0],
        min(window[1], onset + np.nanmax([*took, 0.0]) + AROUND[1]),
    )
    figure, (left, middle, right) = side_by_side(
        "drift-diffusion",
        "competing spiking pools",
        "choices of both",
        heights=(1.0, 1.1),
        caption=_caption(choices, machine, fit, evidence[level], path.shape[0]),
    )
    _path(left[0], path[trial], onset, bound, took[1], span)
    _evidence(
        left[1],
        [spikes[f"sensory {name}"].of(_copy(spikes[f"sensory {name}"], copies, trial)) for name in "AB"],
        span,
        onset,
    )
    _rates(middle[0], {name: of_pool[trial] for name, of_pool in rates.items()}, threshold, onset, took[0], span)
    _raster(middle[1], [spikes[name].of(_copy(spikes[name], copies, trial)) for name in POOLS], onset, span)
    _curve(right[0], choices.evidence, choices.accuracy, choices.accuracy_error, fit and fit.accuracy)
    right[0].set(ylim=(0.38, 1.03), ylabel="correct choices (at 0: A)")
    _curve(right[1], choices.evidence, choices.time, choices.time_error, fit and fit.time)
    right[1].set(ylim=(0.0, None), ylabel="time to the choice [ms]")
    right[1].legend(loc="lower left")
    return figure


def _copy(spikes, copies, trial):
    n = spikes.n // copies
    return slice(trial * n, (trial + 1) * n)


def _typical(choices):
    """Return the index of the trial that is drawn: the correct choice of median time at the level that is shown."""
    level = int(np.argmin(np.abs(choices.evidence - SHOWN)))
    correct = np.flatnonzero(choices.chosen[level] > 0)
    trial = correct[np.argsort(choices.times[level, correct])[correct.size // 2]] if correct.size else 0
    return level * choices.times.shape[1] + int(trial)


def _caption(choices, machine, fit, shown, trials):
    if fit is None:
        return "The run is too short: at some level of evidence there are no choices yet."
    accuracy = explained_share(choices.accuracy, fit.accuracy(choices.evidence))
    time = explained_share(choices.time, fit.time(choices.evidence))
    both, least = (choices.chosen != 0) & (machine.chosen != 0), int(np.argmin(np.abs(choices.evidence)))
    same = choices.chosen == machine.chosen
    shares = 100.0 * same[both].mean(), 100.0 * same[least][both[least]].mean()
    late = f" In {100 * choices.undecided:.1f} % of the trials there is no choice yet." if choices.undecided > 0.005 else ""
    return (
        f"One of {trials:,} trials, with an evidence of {100 * shown:.3g} %. Both get the same sensory spikes: on the "
        "left they are summed up to a bound; in the middle two pools of cells, which excite themselves and inhibit each "
        "other, race to a rate. Drift-diffusion fits both curves of the network with three parameters: R2 is "
        f"{accuracy:.3f} for accuracy and {time:.3f} for time. With the fitted bound the sum makes the same choice as the "
        f"network in {shares[0]:.0f} % of all trials, and in {shares[1]:.0f} % of those with an evidence of "
        f"{100 * choices.evidence[least]:.3g} %, in which noise decides.{late} Bars: standard error."
    )


def _before(ax, onset, span):
    shade(ax, span[0], onset, span)
    ax.set_xlim(span)


def _path(ax, path, onset, bound, took, span):
    """Draw the sum of one trial until it hits a bound."""
    times, stop = BIN * np.arange(1, path.size + 1), span[1] if np.isnan(took) else onset + took
    shown = (times > span[0]) & (times <= min(stop, span[1]))
    ax.plot(times[shown], path[shown], color=MACHINE, linewidth=1.3)
    if np.isfinite(bound):
        for sign, name in ((1.0, "A"), (-1.0, "B")):
            ax.axhline(sign * bound, color=FAINT, linestyle="--", linewidth=0.8, zorder=0)
            side = "top" if sign > 0 else "bottom"
            note(ax, f"choose {name}", (1.0, sign * bound), (-2, -3 * sign), x=AXES, ha="right", va=side)
        ax.set_ylim(-1.25 * bound, 1.25 * bound)
    if shown.any() and not np.isnan(took):
        ax.plot(times[shown][-1], path[shown][-1], "o", color=MACHINE, markersize=5)
    _before(ax, onset, span)
    ax.set_ylabel(r"sum of evidence [$\sqrt{\mathrm{ms}}$]")
    ax.set_title("summed evidence, up to a bound", fontsize=10)


def _evidence(ax, pair, span, onset):
    """Draw spikes for A minus spikes for B in bins of 10 ms."""
    edges = np.arange(span[0], span[1] + 1e-9, 2.0 * BIN)
    difference = np.subtract(*(np.histogram(spikes.times, edges)[0] for spikes in pair))
    ax.bar(edges[:-1], difference, 2.0 * BIN, align="edge", color=MACHINE, linewidth=0.0)
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    _before(ax, onset, span)
    ax.set(xlabel="time [ms]", ylabel=f"spikes, A minus B, per {2.0 * BIN:g} ms")
    ax.set_title("evidence (grey: before its onset)", fontsize=10)


def _rates(ax, rates, threshold, onset, took, span):
    for name, values in rates.items():
        times = BIN * np.arange(1, values.size + 1)
        shown = (times > span[0]) & (times <= span[1])
        look = {"linewidth": 1.0, "zorder": 1} if name == "inhibitory" else {"linewidth": 1.4, "zorder": 2}
        ax.plot(times[shown], values[shown], color=POOLS[name], label=name, **look)
    ax.axhline(threshold, color=FAINT, linestyle="--", linewidth=0.8, zorder=0)
    if not np.isnan(took):
        top = max(rates[name][round((onset + took) / BIN) - 1] for name in "AB")
        ax.plot(onset + took, top, "o", color=NEURON, markersize=5, zorder=3)
    _before(ax, onset, span)
    highest = max(threshold, *(values.max() for values in rates.values()))
    ax.set(ylim=(0.0, 1.25 * highest), ylabel="rate [Hz]")
    ax.set_title("rates of the pools, up to a threshold", fontsize=10)
    ax.legend(loc="upper left", ncols=3, columnspacing=1.0)


def _raster(ax, pools, onset, span):
    raster(pools, ax=ax, window=span, color=list(POOLS.values()))
    _before(ax, onset, span)
    ax.set_title("spikes of the cells", fontsize=10)


def _curve(ax, evidence, measured, error, predicted):
    """Draw measured values against the evidence, on a logarithmic axis that includes 0, and the curve of the fit."""
    least = np.min(evidence[evidence > 0.0], initial=1.0)
    if predicted is not None:
        fine = np.concatenate([np.linspace(0.0, least, 50), np.geomspace(least, evidence.max(), 200)])
        ax.plot(fine, predicted(fine), color=MACHINE, label="drift-diffusion, fitted", zorder=1)
    ax.errorbar(evidence, measured, error, fmt="o", color=NEURON, markersize=4.5, elinewidth=0.9, label="spiking", zorder=2)
    ax.set_xscale("symlog", linthresh=least, linscale=0.7)
    ax.set_xticks(evidence, [f"{100 * value:.3g}" for value in evidence])
    ax.minorticks_off()
    ax.set_xlabel(f"evidence [%]\n(linear up to {100 * least:.3g}, then logarithmic)")
