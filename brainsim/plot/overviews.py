"""One picture of a whole run: raster, rates and traces over one axis of time."""

import warnings
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from brainsim.core.arrays import plural
from brainsim.plot.figures import ShownOnce
from brainsim.plot.groups import groups_of, kind_of
from brainsim.plot.rasters import raster, window_of
from brainsim.plot.rates import rate
from brainsim.plot.styles import FAINT, PALETTE, shades, style
from brainsim.plot.traces import marks_of, trace
from brainsim.results.result import Result

MOST_CELLS = 3  # in a row of traces, unless the user names cells
MOST_ROWS = 12  # of traces: more would be a picture of metres
HEIGHTS = {"raster": 3.0, "rate": 1.0, "trace": 0.5}  # of rows; a trace's is per cell
FEW = 10  # cells: fewer have no rate worth a line, a low raster and high traces
LOW = 0.12  # height of a cell in a low raster


def overview(result, *, window=None, cells=None, figsize=None) -> Figure:
    """Draw a whole run: raster over rates over traces, as far as they were recorded.

    Each recorded variable has a row. The heading gives the number of cells, their mean rate and the mean CV of their
    intervals, within the window; populations that only send, such as `SpikeTrains`, are in the raster and not in these.

    Parameters
    ----------
    result : Result
        What `simulate` returned.
    window : (float, float), optional
        Part of the time to draw [ms]; all by default.
    cells : int, array of int or slice, optional
        Cells whose traces are drawn; the first three recorded by default. A row says where it has left some out.
    figsize : (float, float), optional
        Width and height [inches]; by default 9 wide, and as high as the rows need.

    Returns
    -------
    Figure
        A new figure, not shown.

    Raises
    ------
    ValueError
        If nothing was recorded.

    Warns
    -----
    UserWarning
        If there are more than 12 recorded variables: only the first 12 are drawn.

    Examples
    --------
    >>> figure = bs.plot.overview(result, window=(0.0, 500.0))              # doctest: +SKIP
    >>> figure.savefig("run.png")                                           # doctest: +SKIP
    """
    if not isinstance(result, Result):
        raise TypeError(f"overview: must be a Result (got {kind_of(result)})")
    traced, left_out = _traced(result, cells)
    few = sum(one.n for one in result.spikes.values()) < FEW
    rows = [("raster", None), ("rate", None)][: 1 if few else 2] if len(result.spikes) else []
    rows += [("trace", traces) for traces in traced]
    if not rows:
        raise ValueError("overview: must be the result of a run that recorded spikes or traces (got neither)")
    with style():
        heights = _heights(result, rows)
        figure, axes = plt.subplots(
            len(rows),
            sharex=True,
            squeeze=False,
            layout="constrained",
            height_ratios=heights,
            figsize=figsize or (9.0, 1.0 + 1.12 * sum(heights)),
            FigureClass=ShownOnce,
        )
        _fill(result, rows, axes[:, 0], window)
        if cells is None:
            _tell_cells(result, rows, axes[:, 0])
        _title(result, window, axes[0, 0])
        if left_out:
            figure.supxlabel(f"not drawn: {', '.join(left_out)}", fontsize="small", color="#444444", x=0.01, ha="left")
        figure.align_ylabels()
    return figure


def _traced(result, cells):
    """Return what is traced, voltages first, cut to the cells that are drawn, and the names of what is left out."""
    every = sorted((one for one in result.traces.values() if one.values.size), key=lambda one: one.variable != "v")
    if cells is None:
        chosen = [one.of(one.ids[:MOST_CELLS]) for one in every]
    else:
        chosen, missing = [], None
        for one in every:
            try:
                chosen.append(one.of(cells))
            except IndexError as error:
                missing = error
        chosen = [one for one in chosen if one.ids.size]
        if every and not chosen and missing:
            raise missing
    left_out = [f"{one.name}.{one.variable}" for one in chosen[MOST_ROWS:]]
    if left_out:
        warnings.warn(
            f"overview: only the first {MOST_ROWS} of {len(chosen)} variables are drawn, without "
            f"{', '.join(left_out)}; draw these with bs.plot.trace(result, (population, variable))",
            stacklevel=3,
        )
    return chosen[:MOST_ROWS], left_out


def _heights(result, rows):
    """Return the relative height of each row of the picture."""
    cells = sum(one.n for one in result.spikes.values())
    few = 0 < cells < FEW
    heights = []
    for kind, traces in rows:
        height = HEIGHTS[kind] * (1 if traces is None else max(traces.ids.size, 2))
        heights.append(LOW * (cells + 1) if few and kind == "raster" else 2.0 * height if few else height)
    return heights


def _fill(result, rows, axes, window):
    groups = groups_of(result, "overview") if len(result.spikes) else []
    for (kind, traces), ax in zip(rows, axes, strict=True):
        if kind == "raster":
            raster(result, ax=ax, window=window)
            ax.spines["left"].set_visible(len(groups) == 1)
        elif kind == "rate":
            _rates(result, groups, ax, window)
        else:
            trace(traces, ax=ax, window=window, color=_family(traces, groups), **marks_of(result, traces))
            ax.spines["left"].set_visible(traces.ids.size <= 2)
    if groups:
        axes[0].set_xlim(window_of(groups, window, "overview"))
    for ax in axes[:-1]:
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="x", length=0, labelbottom=False)


def _tell_cells(result, rows, axes):
    """Say in the rows of traces how many of the recorded cells they show, where these are not all."""
    for (_, traces), ax in zip(rows, axes, strict=True):
        recorded = 0 if traces is None else result.traces[traces.name, traces.variable].ids.size
        if traces is not None and traces.ids.size < recorded:
            told = f"{traces.ids.size} of {recorded:,} recorded cells"
            ax.set_title(told, loc="left", fontsize="small", color=FAINT, pad=3)


def _rates(result, groups, ax, window):
    """Draw the rates of cells, as smooth as the window is long; listed spikes of sources would only set the scale."""
    begin, end = window_of(groups, window, "overview")
    sigma = float(np.clip((end - begin) / 400.0, 0.3, 5.0))
    bin = max(round(0.5 * sigma / result.dt), 1) * result.dt  # whole steps: else bins would count unlike many
    cells = _without_sources(result)
    colours = [group.colour for group in groups if group.population in cells]
    rate(replace(result, spikes=cells), ax=ax, window=(begin, end), bin=bin, sigma=sigma, color=colours, legend=False)


def _without_sources(result):
    """Return population -> Spikes, without those that have no state and only send, unless there are no others."""
    state = result.state.variables if result.state else {}
    return {name: one for name, one in result.spikes.items() if state.get(name, True)} or dict(result.spikes)


def _family(traces, groups):
    """Return a colour for each cell: a shade of its population's or view's."""
    groups = [group for group in groups if group.population == traces.name]
    owners = [
        next((group.colour for group in groups if 0 <= cell - group.first < group.spikes.n), PALETTE[0])
        for cell in traces.ids
    ]
    colours = [None] * len(owners)
    for owner in dict.fromkeys(owners):
        places = [k for k, one in enumerate(owners) if one == owner]
        for place, shade in zip(places, shades(owner, len(places)), strict=True):
            colours[place] = shade
    return colours


def _title(result, window, ax):
    """Say how many cells there are, their rate and irregularity in the window, and of what run it is a part."""
    whole = window is None or len(result.spikes) == 0
    begin, end = (result.start, result.stop) if whole else window_of(groups_of(result, "overview"), window, "overview")
    every = list(_without_sources(result).values())
    every = every if whole else [one.between(begin, end) for one in every]
    cells = sum(one.n for one in every) or sum(result.populations.values())
    facts = [plural(cells, "cell")] if cells else []
    time = sum(one.n * one.duration for one in every)
    if time:
        facts.append(f"{1000.0 * sum(map(len, every)) / time:.3g} Hz")
    cvs = np.concatenate([one.cvs() for one in every]) if every else np.array([])
    if np.isfinite(cvs).any():
        facts.append(f"CV {np.nanmean(cvs):.2f}")
    ax.set_title("   ".join(facts), loc="left")
    part = "" if end - begin >= result.duration * (1 - 1e-9) else f"{begin:,.6g} to {end:,.6g} ms of "
    took = f", simulated in {result.stats['run']:.3g} s" if isinstance(result.stats.get("run"), (int, float)) else ""
    ax.set_title(f"{part}{result.duration:,.6g} ms{took}", loc="right", color=FAINT, fontsize=9.5)
