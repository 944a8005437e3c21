"""Recorded weights over time."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.typing import ColorType

from brainsim.core.checks import integer
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.colours import chosen_colour
from brainsim.plot.elements.groups import edges_of, type_name
from brainsim.plot.elements.names import shown
from brainsim.plot.elements.styles import FAINT, PALETTE, legend_above
from brainsim.plot.elements.tables import labelled
from brainsim.plot.elements.times import label_time
from brainsim.plot.weights import MAPS
from brainsim.results.result import Weights

MAX_LINES = 50  # more lines hide each other


def weights(
    recorded: Weights,
    *,
    ax: Axes | None = None,
    window: tuple[float, float] | None = None,
    max_lines: int = MAX_LINES,
    color: ColorType | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw recorded weights over time: thin lines for single synapses, a thick one for their mean.

    If all synapses were counted in the run (``WeightTrace(histogram=...)``), the lines lie on their histograms: the darker,
    the more synapses.

    Parameters
    ----------
    recorded : Weights
        As ``result.weights[wires]``.
    ax : Axes, optional
        Where to draw; the current axes by default.
    window : (float, float), optional
        Part of the recording to draw [ms]; all by default.
    max_lines : int
        Of more synapses so many are drawn, evenly chosen.
    color : colour, optional
        Of the lines.
    colorbar : bool
        Whether to draw the scale of the histograms, if there are any.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If `recorded` is not a Weights.
    ValueError
        If nothing was recorded, or nothing in the window.

    Examples
    --------
    >>> bs.plot.weights(result.weights[wires])                              # doctest: +SKIP
    """
    if not isinstance(recorded, Weights):
        raise TypeError(f"weights: must be Weights, as result.weights[wires] (got {type_name(recorded)})")
    max_lines = integer(max_lines, "weights.max_lines", at_least=0)
    start, stop = (recorded.times[0], recorded.times[-1]) if recorded.times.size else (0.0, 0.0)
    if window is not None:
        start, stop = edges_of(window, "weights")
    kept = (recorded.times >= start) & (recorded.times <= stop)
    if not kept.any() or not (recorded.synapses.size or recorded.edges.size):
        raise ValueError(f"weights: there are no samples from {start:g} to {stop:g} ms to draw (got {recorded!r})")
    ax = axes_of(ax, "weights")
    times, values = recorded.times[kept], recorded.values[kept]
    base = ("white" if recorded.edges.size else PALETTE[0]) if color is None else chosen_colour(color, "weights.color")
    owner = f" of {shown(recorded.name)}" if recorded.name else ""
    if recorded.edges.size:
        _draw_counts(ax, times, recorded.edges, recorded.counts[kept], colorbar)
    if values.shape[1] and max_lines:
        chosen = np.unique(np.linspace(0, values.shape[1] - 1, max_lines).round().astype(int))
        alpha = float(np.clip(6.0 / chosen.size, 0.15, 0.8))
        ax.plot(times, values[:, chosen], color=base, linewidth=0.7, alpha=alpha, label="_synapse")
        ax.lines[-1].set_label(f"synapse{owner}" if values.shape[1] == 1 else "_synapse")
    if values.shape[1] > 1:
        with np.errstate(invalid="ignore"):
            mean = np.nanmean(values, axis=1) if np.isfinite(values).any(axis=1).all() else values.mean(axis=1)
        ax.plot(times, mean, color="#222222", linewidth=1.6, label=f"mean of {values.shape[1]:,} synapses{owner}")
    if values.shape[1] and (max_lines or values.shape[1] > 1):
        legend_above(ax, 1)
    ax.set_xlim(start, stop if stop > start else start + 1.0)
    label_time(ax)
    name = "weight" if recorded.variable == "w" else recorded.variable
    ax.set_ylabel(labelled(name, recorded.unit))
    return ax


def _draw_counts(ax, times, edges, counts, colorbar):
    """Draw the histograms of all synapses, a column for each sample."""
    middles = (times[1:] + times[:-1]) / 2
    first = times[0] - (middles[0] - times[0] if middles.size else 0.5)
    last = times[-1] + (times[-1] - middles[-1] if middles.size else 0.5)
    columns = np.concatenate([[first], middles, [last]])
    seen = np.ma.masked_less(counts.T, 1)
    norm = LogNorm(1.0, max(counts.max(), 2.0))
    image = ax.pcolormesh(columns, edges, seen, cmap=MAPS[False, True], norm=norm, rasterized=True, alpha=0.8, zorder=1)
    if colorbar:
        bar = ax.figure.colorbar(image, ax=ax, pad=0.02)
        bar.set_label("synapses")
        bar.outline.set_edgecolor(FAINT)
        bar.outline.set_linewidth(0.6)
