"""Synapses: weights as a histogram, as a matrix and over time, and how many a cell has."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.typing import ColorType

from brainsim.core.checks import integer
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import add_scale, axes_of, drawing, label_time
from brainsim.plot.elements.groups import (
    WeightsLike,
    add_unit,
    edges_of,
    list_synapses,
    locate_synapses,
    sample_at,
    type_name,
)
from brainsim.plot.elements.styles import PALETTE, choose_colour, legend_above, shorten
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


@answers_calls
@drawing
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
        an outline. If all synapses were counted in the run (``WeightTrace(bins=...)``), these counts are drawn.
    bins : int
        Number of bins.
    color : colour, optional
        By default blue for positive and red for negative weights.

    Raises
    ------
    TypeError
        If `weights` is not one of these types.
    ValueError
        If there is no weight to draw, or no sample at this time.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> wires = net.connect(  # doctest: +SKIP
    ...     cells, cells, bs.AllToAll(), weight=0.05, delay=1.0, synapse=bs.Delta(), plasticity=bs.STDP()
    ... )
    >>> result = bs.simulate(net, 1000.0, seed=2, record=bs.WeightTrace(wires))  # doctest: +SKIP
    >>> bs.plot.weight_histogram(net.synapses(wires))  # doctest: +SKIP
    >>> bs.plot.weight_histogram(result.weights[wires], at=1000.0)  # doctest: +SKIP
    """
    bins = integer(bins, "weight_histogram.bins", at_least=1)
    found = list_synapses(weights, "weight_histogram", at)
    if isinstance(weights, Weights) and weights.edges.size:
        edges, (first, last) = weights.edges, weights.counts[[0, sample_at(weights, at, "weight_histogram")]]
    else:
        edges = _edges(found.weight, bins)
        last = np.histogram(found.weight, edges)[0]
        first = np.histogram(weights.values[0], edges)[0] if isinstance(weights, Weights) else None
    ax = axes_of(ax, "weight_histogram")
    middles = (edges[1:] + edges[:-1]) / 2
    colours = (
        np.where(middles < 0.0, NEGATIVE, POSITIVE) if color is None else choose_colour(color, "weight_histogram.color")
    )
    label = "_weights"
    if isinstance(weights, Weights):
        label = f"at {weights.times[sample_at(weights, at, 'weight_histogram')]:,.6g} ms"
    ax.bar(edges[:-1], last, np.diff(edges), align="edge", color=colours, label=label)
    if isinstance(weights, Weights) and first is not None:
        ax.stairs(first, edges, color="#222222", linewidth=0.9, label=f"at {weights.times[0]:,.6g} ms")
        legend_above(ax, 2)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_xlabel(add_unit(found.variable, unit or found.unit))
    ax.set_ylabel("synapses")
    return ax


@answers_calls
@drawing
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
    max_side : int
        Most blocks along a side.

    Raises
    ------
    TypeError, ValueError
        If `weights` is not one of these types, or does not tell who is connected to whom.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> wires = net.connect(cells, cells, bs.AllToAll(), weight=0.05, delay=1.0, synapse=bs.Delta())  # doctest: +SKIP
    >>> bs.plot.weight_matrix(net.synapses(wires))  # doctest: +SKIP
    """
    found = locate_synapses(weights, "weight_matrix", at)
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
        add_scale(ax, image, add_unit(name, unit or found.unit))
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


LEAST = 1e-4  # smaller shares of a random network are not drawn
MAX_BARS = 60  # more different degrees are drawn in bins of several


@answers_calls
@drawing
@within(default_arithmetic)
def degrees(synapses: WeightsLike, *, ax: Axes | None = None, random: bool = True) -> Axes:
    """Draw how many synapses the targets of a projection get and its sources give.

    Parameters
    ----------
    synapses : SynapseTable, sparse matrix or array of shape (n_pre, n_post)
        As `Simulation.synapses` returns them.
    random : bool
        Whether to draw, as dots, the binomial distributions of the same means: each pair of cells is then connected with the
        same probability, independently of all others.

    Raises
    ------
    TypeError, ValueError
        If `synapses` is not a table of synapses, or does not tell who is connected to whom.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> wires = net.connect(cells, cells, bs.AllToAll(), weight=0.05, delay=1.0, synapse=bs.Delta())  # doctest: +SKIP
    >>> bs.plot.degrees(net.synapses(wires))  # doctest: +SKIP
    """
    found = locate_synapses(synapses, "degrees")
    if not min(found.shape):
        raise ValueError("degrees: there are no sources or no targets, so there is nothing to draw")
    ax = axes_of(ax, "degrees")
    counts = [np.bincount(cells, minlength=n) for cells, n in ((found.post, found.shape[1]), (found.pre, found.shape[0]))]
    low, high = min(int(c.min()) for c in counts), max(int(c.max()) for c in counts)
    width = max(-(-(high - low + 1) // MAX_BARS), 1)
    edges = np.arange(low - width, high + 2 * width, width) - 0.5
    for degree, name, colour, partners in zip(counts, ("in-degree", "out-degree"), PALETTE, found.shape, strict=False):
        share = np.histogram(degree, edges)[0] / degree.size
        label = f"{name}, mean {degree.mean():.4g}"
        ax.stairs(share, edges, color=colour, fill=True, alpha=0.25, linewidth=0.0)
        ax.stairs(share, edges, color=colour, linewidth=1.3, label=label)
        if random and degree.mean():
            _draw_random(ax, degree.mean(), partners, edges, colour)
    ax.set_xlim(edges[0], edges[-1])
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("synapses of a cell")
    ax.set_ylabel("share of cells")
    legend_above(ax, 2)
    return ax


def _draw_random(ax, mean, partners, edges, colour):
    """Draw the share of cells in each bin if synapses were drawn at random."""
    from scipy.stats import binom, poisson  # takes 0.6 s to import, and no other picture needs it

    chance = mean / partners
    law = binom(partners, chance) if chance <= 1.0 else poisson(mean)  # several synapses of a pair
    share = np.diff(law.cdf(edges))
    seen = share > LEAST
    ax.plot((edges[1:] + edges[:-1])[seen] / 2, share[seen], ".", color=colour, markersize=3.5, label="_random")


MAX_LINES = 50  # more lines hide each other


@answers_calls
@drawing
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

    If all synapses were counted in the run (``WeightTrace(bins=...)``), the lines are drawn over their histograms: the
    darker, the more synapses.

    Parameters
    ----------
    recorded : Weights
        As ``result.weights[wires]``.
    max_lines : int
        At most this many synapses are drawn, evenly chosen.
    color : colour, optional
        Of the lines.
    colorbar : bool
        Whether to draw the scale of the histograms, if there are any.

    Raises
    ------
    TypeError
        If `recorded` is not a Weights.
    ValueError
        If nothing was recorded, or nothing in the window.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> wires = net.connect(  # doctest: +SKIP
    ...     cells, cells, bs.AllToAll(), weight=0.05, delay=1.0, synapse=bs.Delta(), plasticity=bs.STDP()
    ... )
    >>> result = bs.simulate(net, 1000.0, seed=2, record=bs.WeightTrace(wires))  # doctest: +SKIP
    >>> bs.plot.weights(result.weights[wires])  # doctest: +SKIP
    """
    if not isinstance(recorded, Weights):
        hint = "recorded by record=[bs.WeightTrace(wires)]; weight_histogram(sim.synapses(wires)) draws those of now"
        raise TypeError(f"weights: must be Weights, as result.weights[wires] (got {type_name(recorded)}), {hint}")
    max_lines = integer(max_lines, "weights.max_lines", at_least=0)
    start, stop = (recorded.times[0], recorded.times[-1]) if recorded.times.size else (0.0, 0.0)
    if window is not None:
        start, stop = edges_of(window, "weights")
    kept = (recorded.times >= start) & (recorded.times <= stop)
    if not kept.any() or not (recorded.synapses.size or recorded.edges.size):
        raise ValueError(f"weights: there are no samples from {start:g} to {stop:g} ms to draw (got {recorded!r})")
    ax = axes_of(ax, "weights")
    times, values = recorded.times[kept], recorded.values[kept]
    base = ("white" if recorded.edges.size else PALETTE[0]) if color is None else choose_colour(color, "weights.color")
    owner = f" of {shorten(recorded.name)}" if recorded.name else ""
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
    ax.set_ylabel(add_unit(name, recorded.unit))
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
        add_scale(ax, image, "synapses", shrink=1.0)
