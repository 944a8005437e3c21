"""One picture of a whole run: raster, rates and traces over one time axis."""

from collections.abc import Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from brainsim.core.arrays import plural
from brainsim.core.checks import warn_user
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.groups import edges_of, family_of, groups_of, report_as, type_name
from brainsim.plot.elements.styles import FAINT, shorten, style
from brainsim.plot.firing_rates import rate
from brainsim.plot.rasters import raster, window_of
from brainsim.plot.traces import marks_of, trace
from brainsim.plot.weights import weights
from brainsim.results.result import Result
from brainsim.results.spikes import pooled_cv

MAX_CELLS = 3  # in a row of traces, unless the user chooses cells
MAX_ROWS = 12  # of traces: with more the picture would be metres high
HEIGHTS = {"raster": 3.0, "rate": 1.0, "trace": 0.5, "weights": 1.0}  # of rows; that of a trace is per cell
FEW = 10  # cells: fewer get no row of rates, a low raster and high traces
LOW = 0.12  # height of a cell in a low raster
NARROW = 6.0  # inches: the two headings of a narrower figure, such as a column of a paper, would overlap


@answers_calls
def overview(
    result: Result,
    *,
    window: tuple[float, float] | None = None,
    cells: int | Sequence[int] | np.ndarray | slice | None = None,
    figsize: tuple[float, float] | None = None,
) -> Figure:
    """Draw a whole run: a raster above rates above traces above weights, as far as they were recorded.

    Each recorded variable has a row, and so has each projection whose weights were recorded. The title gives the number of
    cells, and in the window their mean rate and, if they have enough spikes there, the mean CV of their intervals, as
    `Spikes.cv` defines it; populations that only send, such as
    `SpikeTrains`, are in the raster, but neither counted there nor among the rates, as both say.

    Parameters
    ----------
    result : Result
        What `simulate` returned.
    window : (float, float), optional
        Part of the run to draw [ms]; all by default.
    cells : int, array of int or slice, optional
        Cells whose traces are drawn; by default the first three recorded, and a row says if it leaves some out.
    figsize : (float, float), optional
        Width and height [inches]; by default 9 wide, and as high as the rows need. Below a width of 6, for the column of a
        paper, the heading on the right, how long the run took, is left out.

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
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2, record=bs.Trace(cells[:2], "v"))  # doctest: +SKIP
    >>> figure = bs.plot.overview(result, window=(0.0, 500.0))  # doctest: +SKIP
    >>> figure.savefig("run.png")  # doctest: +SKIP
    """
    if not isinstance(result, Result):
        raise TypeError(f"overview: must be a Result (got {type_name(result)})")
    window = None if window is None else edges_of(window, "overview")
    traced, left_out = _choose_traces(result, cells)
    few = sum(spikes.n for spikes in result.spikes.values()) < FEW
    rows = [("raster", None), ("rate", None)][: 1 if few else 2] if len(result.spikes) else []
    rows += [("trace", traces) for traces in traced]
    rows += [("weights", one) for one in _choose_weights(result, window)]
    if not rows:
        raise ValueError("overview: must be the result of a run that recorded spikes, traces or weights (got none)")
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
            _note_omitted_cells(result, rows, axes[:, 0])
        _title(result, window, axes[0, 0])
        if left_out:
            figure.supxlabel(
                f"not drawn: {', '.join(map(shorten, left_out))}", fontsize="small", color="#444444", x=0.01, ha="left"
            )
        figure.align_ylabels()
    return figure


def _choose_traces(result, cells):
    """Return the traces, voltages first, cut to the cells that are drawn, and the names of the variables left out."""
    recorded = sorted(
        (traces for traces in result.traces.values() if traces.values.size), key=lambda traces: traces.variable != "v"
    )
    if cells is None:
        chosen = [traces.of(traces.ids[:MAX_CELLS]) for traces in recorded]
    else:
        chosen, missing = [], None
        for traces in recorded:
            try:
                with report_as("overview.cells", "Traces.of"):
                    chosen.append(traces.of(cells))
            except IndexError as error:
                missing = error
        chosen = [traces for traces in chosen if traces.ids.size]
        if recorded and not chosen and missing:
            raise missing
    left_out = [f"{traces.name}.{traces.variable}" for traces in chosen[MAX_ROWS:]]
    if left_out:
        warn_user(
            f"overview: only the first {MAX_ROWS} of {len(chosen)} variables are drawn, without "
            f"{', '.join(left_out)}; draw these with bs.plot.trace(result, (population, variable))"
        )
    return chosen[:MAX_ROWS], left_out


def _choose_weights(result, window):
    """Return the recorded weights with a sample in the window."""
    start, stop = (-np.inf, np.inf) if window is None else window
    every = [one for one in result.weights.values() if one.synapses.size or one.edges.size]
    return [one for one in every if ((one.times >= start) & (one.times <= stop)).any()][:MAX_ROWS]


def _heights(result, rows):
    cells = sum(spikes.n for spikes in result.spikes.values())
    few = 0 < cells < FEW
    heights = []
    for kind, traces in rows:
        height = HEIGHTS[kind] * (max(traces.ids.size, 2) if kind == "trace" else 1)
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
        elif kind == "weights":
            weights(traces, ax=ax, window=window, colorbar=False)
        else:
            trace(traces, ax=ax, window=window, color=family_of(traces, groups), **marks_of(result, traces))
            ax.spines["left"].set_visible(traces.ids.size <= 2)
    if groups:
        axes[0].set_xlim(window_of(groups, window, "overview"))
    for ax in axes[:-1]:
        ax.spines["bottom"].set_visible(False)
        ax.tick_params(axis="x", length=0, labelbottom=False)


def _note_omitted_cells(result, rows, axes):
    """Write above a row of traces how many of the recorded cells it shows, unless it shows all."""
    for (kind, traces), ax in zip(rows, axes, strict=True):
        if kind != "trace":
            continue
        recorded = result.traces[traces.name, traces.variable].ids.size
        if traces.ids.size < recorded:
            note = f"{traces.ids.size} of {recorded:,} recorded cells"
            ax.set_title(note, loc="left", fontsize="small", color=FAINT, pad=3)


def _rates(result, groups, ax, window):
    """Draw the rates of cells, smoothed in proportion to the window, without sources, which would only set the scale."""
    start, stop = window_of(groups, window, "overview")
    sigma = float(np.clip((stop - start) / 400.0, 0.3, 5.0))
    bin = max(round(0.5 * sigma / result.dt), 1) * result.dt  # whole steps: otherwise bins would hold unequal numbers
    cells = _without_sources(result)
    colours = [group.colour for group in groups if group.population in cells]
    rate(replace(result, spikes=cells), ax=ax, window=(start, stop), bin=bin, sigma=sigma, color=colours, legend=False)
    if len(cells) < len(result.spikes):
        ax.set_title("without sources", loc="left", fontsize="small", color=FAINT, pad=3)


def _without_sources(result):
    """Return population -> Spikes without populations that have no state and only send, unless there are no others."""
    state = result.state.variables if result.state else {}
    return {name: spikes for name, spikes in result.spikes.items() if state.get(name, True)} or dict(result.spikes)


def _title(result, window, ax):
    """Write the number of cells, their rate and irregularity in the window, and which part of the run it is."""
    whole = window is None or len(result.spikes) == 0
    start, stop = (result.start, result.stop) if whole else window_of(groups_of(result, "overview"), window, "overview")
    every = list(_without_sources(result).values())
    every = every if whole else [spikes.between(start, stop) for spikes in every]
    cells = sum(spikes.n for spikes in every) or sum(result.populations.values())
    facts = [plural(cells, "cell")] if cells else []
    time = sum(spikes.n * spikes.duration for spikes in every)
    if time:
        facts.append(f"{1000.0 * sum(map(len, every)) / time:.3g} Hz")
    if np.isfinite(cv := pooled_cv(every)):
        facts.append(f"CV {cv:.2f}")
    sources = sum(spikes.n for spikes in result.spikes.values()) - cells if every else 0
    if sources and ax.figure.get_figwidth() >= NARROW:
        facts.append(f"(without {plural(sources, 'source')})")
    ax.set_title("   ".join(facts), loc="left")
    if ax.figure.get_figwidth() < NARROW:
        return
    part = "" if stop - start >= result.duration * (1 - 1e-9) else f"{start:,.6g} to {stop:,.6g} ms of "
    took = f", simulated in {result.stats['run']:.3g} s" if isinstance(result.stats.get("run"), (int, float)) else ""
    ax.set_title(f"{part}{result.duration:,.6g} ms{took}", loc="right", color=FAINT, fontsize=9.5)
