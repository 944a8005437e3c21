"""Rates: over time, as bars, and around events."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from brainsim.analysis import psth as rates_around
from brainsim.core.checks import number, plain
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import axes_of, drawing, label_time, name_rows, panel_above
from brainsim.plot.elements.groups import Colours, SpikesLike, edges_of, groups_of, report_as, type_name
from brainsim.plot.elements.marks import add_marks
from brainsim.plot.elements.styles import FAINT, legend_above
from brainsim.plot.rasters import window_of
from brainsim.results.colours import place_of, set_place
from brainsim.results.result import Result, Spikes

PIXELS = 40_000  # points: lines of more are pixels in vector files
WIDTH, MAX_WIDTH, FEW = 1.2, 2.4, 4  # of lines [points]; up to four lines get different widths


@answers_calls
@drawing
def rate(
    spikes: SpikesLike,
    *,
    ax: Axes | None = None,
    bin: float = 1.0,
    sigma: float | None = 2.0,
    window: tuple[float, float] | None = None,
    color: Colours | None = None,
    legend: bool | None = None,
) -> Axes:
    """Draw the mean firing rate per cell over time, one line per population.

    Parameters
    ----------
    sigma : float or None
        Standard deviation of the Gaussian that smooths the counts [ms]; None does not smooth.
    legend : bool, optional
        Whether to label the lines; by default if there are several.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.rate(result, sigma=5.0)  # doctest: +SKIP
    """
    groups = groups_of(spikes, "rate", color)
    with report_as("rate", "Spikes.population_rate"):
        curves = [group.spikes.population_rate(bin, sigma) for group in groups]
    ax = axes_of(ax, "rate")
    start, stop = window_of(groups, window, "rate")
    # if lines coincide, the edges of the lower ones remain visible
    widths = np.linspace(MAX_WIDTH, WIDTH, len(groups)) if 1 < len(groups) <= FEW else [WIDTH] * len(groups)
    for group, width, curve in zip(groups, widths, curves, strict=True):
        times, rates = curve
        shown = (times >= start) & (times <= stop)
        style = "default" if sigma is not None else "steps-mid"
        (line,) = ax.plot(
            times[shown], rates[shown], color=group.colour, label=group.shown, linewidth=width, drawstyle=style
        )
        line.set_rasterized(bool(np.count_nonzero(shown) > PIXELS))
    ax.set_xlim(start, stop)
    ax.set_ylim(bottom=0.0)
    label_time(ax)
    ax.set_ylabel("rate [Hz]")
    if len(groups) > 1 if legend is None else legend:
        legend_above(ax, len(groups))
    return ax


THICKNESS = 0.72  # of a bar, relative to the space of a population
REFERENCE_COLOUR = "#222222"


@answers_calls
@drawing
def bars(
    spikes: SpikesLike,
    values: ArrayLike | Callable[[Spikes], float],
    *,
    ax: Axes | None = None,
    reference: ArrayLike | None = None,
    color: Colours | None = None,
    label: str = "",
) -> Axes:
    """Draw one value per population as a horizontal bar, the first population on top, as in a raster.

    Parameters
    ----------
    values : array of shape (populations,), or function
        The lengths of the bars, or a function that takes the Spikes of a population and returns the length of its bar,
        e.g. ``bs.Spikes.rate``. NaN has no bar.
    reference : array of shape (populations,), optional
        Values to compare with, each drawn as a stroke across its bar; NaN has no stroke.
    label : str
        Label of the horizontal axis, with the unit.

    Raises
    ------
    ValueError
        If the number of values is not that of the populations.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.bars(result, bs.Spikes.rate, label="rate [Hz]")  # doctest: +SKIP
    """
    groups = groups_of(spikes, "bars", color)
    if callable(values):
        values = [values(group.spikes) for group in groups]
    lengths = _one_each(values, groups, "values")
    ax = axes_of(ax, "bars")
    rows, colours = np.arange(len(groups)), [group.colour for group in groups]
    ax.barh(rows, np.nan_to_num(lengths), height=THICKNESS, color=colours)
    if reference is not None:
        marks = _one_each(reference, groups, "reference")
        ax.vlines(marks, rows - 0.5, rows + 0.5, color=REFERENCE_COLOUR, linewidth=1.6, label="reference")
    name_rows(ax, groups)
    ax.set_xlabel(label)
    return ax


def _one_each(values, groups, parameter):
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"bars.{parameter}: must be numbers (got {values!r})") from None
    if np.isinf(values).any():
        raise ValueError(f"bars.{parameter}: must be finite (got inf); write NaN for a population without a value")
    if values.shape != (len(groups),):
        raise ValueError(
            f"bars.{parameter}: must be one number for each of {len(groups)} populations (got the shape {values.shape})"
        )
    return values


LOWER = 0.48  # share of the height that the histogram takes


@answers_calls
@drawing
def psth(
    spikes: SpikesLike,
    events: ArrayLike | None = None,
    *,
    ax: Axes | None = None,
    window: tuple[float, float] | None = None,
    bin: float = 5.0,
    sigma: float | None = None,
    color: Colours | None = None,
) -> Axes:
    """Draw the rate around events, averaged over them, below a raster with a row for each event.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        With `events`: recordings in which they happened; populations and named views have a colour each. Without: a list
        of trials of one population, each from its own start.
    events : array of float, optional
        Times of the events [ms], such as onsets of a stimulus.
    ax : Axes, optional
        Where to draw; the current axes by default. The raster takes their upper half.
    window : (float, float), optional
        Start and stop relative to the events [ms]: by default -50 to 200, or the whole trials.
    bin : float
        Width of the bins [ms].
    sigma : float, optional
        Standard deviation of a Gaussian that smooths the rates [ms].

    Returns
    -------
    Axes
        Those of the rates; the raster is the first of its ``child_axes``.

    Raises
    ------
    TypeError, ValueError
        If no event has its window within the recording, or trials differ in their number of cells or duration.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.psth(result, events=[100.0, 300.0, 500.0], window=(-20.0, 80.0))  # doctest: +SKIP
    >>> bs.plot.psth([bs.simulate(net, 500.0, seed=k).spikes["cells"] for k in range(5)])  # doctest: +SKIP
    """
    if events is None:
        spikes, events, whole = _join(spikes)
        window = whole if window is None else window
    window = edges_of((-50.0, 200.0) if window is None else window, "psth")
    bin = number(bin, "psth.bin", "ms", above=0.0)
    groups, events = groups_of(spikes, "psth", color), np.atleast_1d(plain(events, "ms", "psth.events"))
    with report_as("psth", "analysis.psth"):
        lines = [rates_around(group.spikes, events, window, bin, sigma) for group in groups]
    ax = axes_of(ax, "psth")
    for group, (times, rates) in zip(groups, lines, strict=True):
        style = "steps-mid" if sigma is None else "default"
        ax.plot(times, rates, color=group.colour, linewidth=1.3, drawstyle=style, label=group.shown)
    ax.set_xlim(window)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("time from the event [ms]" if window[0] < 0.0 else "time [ms]")
    ax.set_ylabel("rate [Hz]")
    panel = panel_above(ax, "_trials", lower=LOWER)
    _draw_trials(panel, groups, _inside(groups[0].spikes, events, window), window)
    if window[0] < 0.0 < window[1]:
        for one in (ax, panel):
            one.axvline(0.0, color=FAINT, linewidth=0.8, linestyle=(0, (4, 2.5)), zorder=1, label="_event")
    if len(groups) > 1:
        legend_above(panel, len(groups), [(line, line.get_label()) for line in ax.lines[: len(groups)]])
    return ax


def _join(trials):
    """Return trials one after the other as Spikes, the times at which they begin, and the window of a trial."""
    if isinstance(trials, Result | Spikes):
        raise TypeError(
            "psth.events: missing; give the times of the events [ms], or a list of trials instead of one recording"
        )
    wrong = [trial for trial in trials if not isinstance(trial, Spikes)] if isinstance(trials, Sequence) else [trials]
    if wrong or not trials:
        got = type_name(wrong[0]) if wrong else "none"
        raise TypeError(f"psth: must be a list of Spikes, one for each trial, or a recording with events (got {got})")
    n, length = trials[0].n, trials[0].duration
    for trial in trials:
        if trial.n != n or abs(trial.duration - length) > 1e-9 * length:
            raise ValueError(
                f"psth: trials must have equal cells and durations (got {n} cells for {length:g} ms and {trial.n} cells "
                f"for {trial.duration:g} ms)"
            )
    starts = length * np.arange(len(trials))
    times = np.concatenate([trial.times - trial.start + start for trial, start in zip(trials, starts, strict=True)])
    ids = np.concatenate([trial.ids for trial in trials])
    times = np.minimum(times, length * len(trials))  # rounding
    joined = Spikes(times, ids, n, length * len(trials), 0.0, trials[0].name)
    return set_place(joined, place_of(trials[0])), starts, (0.0, length)


def _inside(spikes, events, window):
    """Return the events whose window lies within the recording, which are those that count."""
    slack = 1e-9 * max(abs(spikes.stop), 1.0)
    return events[(events + window[0] >= spikes.start - slack) & (events + window[1] <= spikes.stop + slack)]


def _draw_trials(panel, groups, events, window):
    """Draw the spikes of each group, a row for each event, the first on top."""
    panel.set_xlim(window)
    panel.set_ylim(len(groups) * events.size - 0.5, -0.5)
    marks = []
    for g, group in enumerate(groups):
        times, rows = [np.array([])], [np.array([], dtype=int)]
        for k, event in enumerate(events):
            first, last = np.searchsorted(group.spikes.times, (event + window[0], event + window[1]), side="right")
            times.append(group.spikes.times[first:last] - event)
            rows.append(np.full(last - first, g * events.size + k))
        order = np.argsort(np.concatenate(times), kind="stable")
        marks.append((np.concatenate(times)[order], np.concatenate(rows)[order]))
    total = sum(times.size for times, _ in marks)
    density = total / max((window[1] - window[0]) * len(groups) * events.size, 1e-300)
    for group, (times, rows) in zip(groups, marks, strict=True):
        add_marks(panel, times, rows, group.colour, total, density).set_label(group.shown)
    panel.set_ylabel("trial")
    panel.set_yticks([0, events.size - 1] if events.size > 1 else [0], [1, events.size] if events.size > 1 else [1])
