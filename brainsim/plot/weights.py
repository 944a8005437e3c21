"""Weights of synapses: their histogram, and their matrix."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.typing import ColorType

from brainsim.core.checks import integer
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.colours import chosen_colour
from brainsim.plot.elements.styles import FAINT, PALETTE, legend_above
from brainsim.plot.elements.tables import WeightsLike, labelled, listed, located, sample_at
from brainsim.results.result import Weights

MAX_SIDE = 500  # blocks along a side of a matrix: more would be smaller than pixels
UNEQUAL = 1e-9  # relative: weights that differ by less are drawn as one value
NEGATIVE, POSITIVE = PALETTE[1], PALETTE[0]
SHADES = 257  # of a map: an odd number, so that 0 is white
MAPS = {
    signs: LinearSegmentedColormap.from_list(f"brainsim_{name}", colours, SHADES)
    for signs, name, colours in (
        ((False, True), "positive", ["white", PALETTE[2], PALETTE[0], PALETTE[4]]),
        ((True, False), "negative", [PALETTE[5], PALETTE[1], "white"]),
        ((True, True), "signed", [PALETTE[5], PALETTE[1], "white", PALETTE[2], PALETTE[0]]),
    )
}  # by whether there are negative and positive weights


def weight_histogram(
    weights: WeightsLike,
    *,
    ax: Axes | None = None,
    bins: int = 50,
    at: float | None = None,
    unit: str | None = None,
    color: ColorType | None = None,
) -> Axes:
    """Draw how the weights of a projection are distributed.

    Parameters
    ----------
    weights : SynapseTable, Weights, sparse matrix or array
        As `Simulation.synapses` returns them, or recorded over time by `WeightTrace`: then the first sample is drawn too, as
        an outline. If all synapses were counted in the run (``WeightTrace(histogram=...)``), these counts are drawn.
    ax : Axes, optional
        Where to draw; the current axes by default.
    bins : int
        Number of bins.
    at : float, optional
        Which sample of recorded weights: the last one at or before this time [ms]; by default the last.
    unit : str, optional
        Of the weights, for the label; by default that of `weights`, if it is known.
    color : colour, optional
        By default blue for positive and red for negative weights.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If `weights` is not one of these types.
    ValueError
        If there is no weight to draw, or no sample at this time.

    Examples
    --------
    >>> bs.plot.weight_histogram(sim.synapses(wires))                       # doctest: +SKIP
    >>> bs.plot.weight_histogram(result.weights[wires], at=1000.0)          # doctest: +SKIP
    """
    bins = integer(bins, "weight_histogram.bins", at_least=1)
    found = listed(weights, "weight_histogram", at)
    if isinstance(weights, Weights) and weights.edges.size:
        edges, (first, last) = weights.edges, weights.counts[[0, sample_at(weights, at, "weight_histogram")]]
    else:
        edges = _edges(found.weight, bins)
        last = np.histogram(found.weight, edges)[0]
        first = np.histogram(weights.values[0], edges)[0] if isinstance(weights, Weights) else None
    ax = axes_of(ax, "weight_histogram")
    middles = (edges[1:] + edges[:-1]) / 2
    colours = (
        np.where(middles < 0.0, NEGATIVE, POSITIVE) if color is None else chosen_colour(color, "weight_histogram.color")
    )
    label = _time(weights, at) if isinstance(weights, Weights) else "_weights"
    ax.bar(edges[:-1], last, np.diff(edges), align="edge", color=colours, label=label)
    if isinstance(weights, Weights) and first is not None:
        ax.stairs(first, edges, color="#222222", linewidth=0.9, label=f"at {weights.times[0]:,.6g} ms")
        legend_above(ax, 2)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel(labelled(found.variable, unit or found.unit))
    ax.set_ylabel("synapses")
    return ax


def weight_matrix(
    weights: WeightsLike,
    *,
    ax: Axes | None = None,
    at: float | None = None,
    unit: str | None = None,
    max_side: int = MAX_SIDE,
    colorbar: bool = True,
) -> Axes:
    """Draw the weight from each source, in a row, to each target, in a column: blue is excitatory, red inhibitory.

    Pairs without a synapse are white. Of a large matrix each block of cells has its mean over all pairs, so a projection of
    millions of synapses is drawn as fast as a small one.

    Parameters
    ----------
    weights : SynapseTable, Weights, sparse matrix or array of shape (n_pre, n_post)
        As `Simulation.synapses` returns them. Of recorded weights only the recorded synapses are drawn.
    ax : Axes, optional
        Where to draw; the current axes by default.
    at : float, optional
        Which sample of recorded weights: the last one at or before this time [ms]; by default the last.
    unit : str, optional
        Of the weights, for the label; by default that of `weights`, if it is known.
    max_side : int
        Most blocks along a side.
    colorbar : bool
        Whether to draw the scale of colours.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If `weights` is not one of these types, or does not tell who is connected to whom.

    Examples
    --------
    >>> bs.plot.weight_matrix(sim.synapses(wires))                          # doctest: +SKIP
    """
    found = located(weights, "weight_matrix", at)
    max_side = integer(max_side, "weight_matrix.max_side", at_least=1)
    sums, block = blocks(found, np.nan_to_num(found.weight), max_side)
    if not sums.size:
        raise ValueError("weight_matrix: the matrix is empty, so there is nothing to draw")
    ax = axes_of(ax, "weight_matrix")
    values = sums / sizes_of_blocks(found.shape, block)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    image = _image(ax, values, found.shape, low, high)
    ax.set_xlabel("target cell")
    ax.set_ylabel("source cell")
    if colorbar:
        name = "weight" if block == (1, 1) else "mean weight of a pair"
        scale_beside(ax, image, labelled(name, unit or found.unit))
    return ax


def blocks(found, values, max_side):
    """Return the sums of values of synapses over blocks of cells, and the height and width of a block in cells."""
    block = tuple(max(-(-n // max_side), 1) for n in found.shape)
    rows, columns = (-(-n // side) for n, side in zip(found.shape, block, strict=True))
    place = (found.pre // block[0]) * columns + found.post // block[1]
    return np.bincount(place, values, rows * columns).reshape(rows, columns), block


def sizes_of_blocks(shape, block):
    """Return the number of pairs of cells in each block: the last ones may be smaller."""
    sides = [np.diff(np.append(np.arange(0, n, side), n)) for n, side in zip(shape, block, strict=True)]
    return np.multiply.outer(*sides)


def _image(ax, values, shape, low, high):
    if low < 0.0 < high:  # white must be 0
        high = max(-low, high)
        low = -high
    return ax.imshow(
        values,
        cmap=MAPS[low < 0.0, high > 0.0 or low == 0.0],
        vmin=low,
        vmax=high if high > low else low + 1.0,
        extent=(-0.5, shape[1] - 0.5, shape[0] - 0.5, -0.5),
        aspect="auto" if max(shape) > 4 * min(shape) else "equal",
        interpolation="nearest",
    )


def scale_beside(ax, image, label):
    """Draw the scale of colours of an image beside it."""
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.9, pad=0.02)
    bar.set_label(label)
    bar.outline.set_edgecolor(FAINT)
    bar.outline.set_linewidth(0.6)


def _edges(values, bins):
    """Return edges of bins over all finite values; equal ones get a bin of their own in the middle."""
    values = values[np.isfinite(values)]
    if not values.size:
        raise ValueError("weight_histogram: there are no weights to draw")
    low, high = values.min(), values.max()
    if high - low <= UNEQUAL * max(abs(low), abs(high), 1e-300):
        width = 0.1 * max(abs(high), 1.0)
        return np.linspace(low - 3.5 * width, high + 3.5 * width, 8)
    if low < 0.0 < high:  # an edge at 0, so that no bin has both signs
        width = (high - low) / bins
        return width * np.arange(-np.ceil(-low / width), np.ceil(high / width) + 1)
    return np.linspace(low, high, bins + 1)


def _time(weights, at):
    return f"at {weights.times[sample_at(weights, at, 'weight_histogram')]:,.6g} ms"
