"""The network graph, and the matrix of in-degrees between populations."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, PathPatch, Polygon
from matplotlib.path import Path

from brainsim.core.checks import integer
from brainsim.core.docstrings import explain_by
from brainsim.core.hints import answers_calls
from brainsim.features.html.graph import arrows_of, degree_text, graph_of, label_distance, positions, radii
from brainsim.network.network import Network
from brainsim.plot.elements.axes import RETURNS, SHARED, axes_of
from brainsim.plot.elements.groups import type_name
from brainsim.plot.elements.styles import FAINT, LUMA, colour, ink, shorten, wrap_name
from brainsim.plot.weights import MAPS

RAISES = "Raises\n------\nTypeError, ValueError\n    If it is not a Network, or has no population."
drawing_networks = explain_by(SHARED | {"network": "network : Network"}, RETURNS, RAISES)
MAX_NODES = 40
MAX_LABELS = 30  # more edges are drawn without their in-degrees
TOUCHING = 0.92  # of the width of a column: wider names nearly touch
FEW_COLUMNS, UPRIGHT = 8, 20  # more columns are too narrow for two lines; letters of a name in one
PASSES = 4  # in which limits and letters come to fit
CUBIC = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]


@answers_calls
@drawing_networks
def graph(network: Network, *, ax: Axes | None = None, labels: bool | None = None, max_nodes: int = MAX_NODES) -> Axes:
    """Draw a network: a circle for each population or named view, an arrow for the synapses from one onto another.

    The number at an arrow is the expected number of synapses of a cell of the target. Arrows with a point excite, those with
    a bar inhibit, by the sign of the weights, or by the reversal potential of a conductance; those of plastic synapses are
    dashed. Widths and sizes of circles grow with the logarithms of in-degrees and of numbers of cells. Populations with
    inputs have a grey mark. Nothing is sampled, so it takes no longer for a large network.

    Parameters
    ----------
    labels : bool, optional
        Whether to write the in-degrees; by default if there are at most 30 arrows.
    max_nodes : int
        At most this many populations are drawn, the first ones; a note says how many are left out.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> net.connect(cells, cells, bs.AllToAll(), weight=0.05, delay=1.0, synapse=bs.Delta())  # doctest: +SKIP
    >>> bs.plot.graph(net)  # doctest: +SKIP
    """
    found = _graph_of(network, "graph", max_nodes)
    ax = axes_of(ax, "graph")
    arrows = arrows_of(found)
    _frame(ax, found, arrows)
    for arrow in arrows:
        _draw_arrow(ax, arrow, colour(found.nodes[arrow.edge.pre].place))
    if labels if labels is not None else len(arrows) <= MAX_LABELS:
        for arrow in arrows:
            base = ink(colour(found.nodes[arrow.edge.pre].place))
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            number = degree_text(arrow.edge.indegree)
            ax.text(*arrow.label, number, color=base, fontsize="small", ha="center", va="center", bbox=box, zorder=3)
    _draw_nodes(ax, found)
    _widen(ax, ax.texts)
    if found.left_out:
        note = f"and {found.left_out} more populations"
        ax.text(0.0, 0.0, note, transform=ax.transAxes, color="#444444", fontsize="small", va="bottom")
    return ax


@answers_calls
@drawing_networks
def connectivity(network: Network, *, ax: Axes | None = None, max_nodes: int = MAX_NODES) -> Axes:
    """Draw the expected number of synapses of a target cell from each population: blue excites, red (⊣) inhibits.

    Parameters
    ----------
    max_nodes : int
        At most this many populations are drawn, the first ones.

    Returns
    -------
    Axes
        Sources in rows, targets in columns. Two colours in a field: synapses of both signs, drawn in the colour of the more
        frequent ones; the number is their sum.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> net.connect(cells, cells, bs.AllToAll(), weight=0.05, delay=1.0, synapse=bs.Delta())  # doctest: +SKIP
    >>> bs.plot.connectivity(net)  # doctest: +SKIP
    """
    found = _graph_of(network, "connectivity", max_nodes)
    ax = axes_of(ax, "connectivity")
    total, signed = found.indegrees(), np.zeros((len(found.nodes),) * 2)
    for edge in found.edges:
        signed[edge.pre, edge.post] += edge.indegree * (-1 if edge.sign < 0 else 1)
    scale = np.sqrt(total / max(total.max(), 1e-300)) * np.where(signed < 0.0, -1.0, 1.0)  # the root shows small numbers too
    shades = ax.imshow(scale, cmap=MAPS[True, True], vmin=-1.0, vmax=1.0, aspect="equal").to_rgba(scale)
    numbers = []
    for (row, column), number in np.ndenumerate(total):
        if number > 0.0 and len(found.nodes) <= 12:
            dark = shades[row, column, :3] @ LUMA < 0.55
            look: dict[str, Any] = {
                "color": "white" if dark else "#222222",
                "fontsize": "small" if len(total) <= 6 else "x-small",
                "ha": "center",
                "va": "center",
            }
            bar = "⊣ " if signed[row, column] < 0.0 else ""  # for prints in grey
            numbers.append(ax.text(column, row, bar + degree_text(number), **look))
    _name_rows_and_columns(ax, [part.label for part in found.nodes])
    for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
        for text, part in zip(ticks, found.nodes, strict=True):
            text.set_color(ink(colour(part.place)))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("target")
    ax.set_ylabel("source")
    ax.set_title("synapses of a target cell", fontsize="medium")
    _fit_numbers(ax, numbers, len(found.nodes))
    return ax


def _name_rows_and_columns(ax, names):
    """Write names at both axes of a matrix, those of columns upright if they are wider than a column."""
    ax.set_yticks(range(len(names)), [shorten(name) for name in names])
    ax.set_xticks(range(len(names)), [wrap_name(name) for name in names])
    column = _width_of_column(ax, len(names))
    if max(text.get_window_extent().width for text in ax.get_xticklabels()) > TOUCHING * column:
        short = UPRIGHT if len(names) > FEW_COLUMNS else None
        ax.set_xticks(range(len(names)), [shorten(name, short) if short else wrap_name(name) for name in names], rotation=90)


def _fit_numbers(ax, numbers, columns):
    """Make letters smaller where a number is wider than its column."""
    column = _width_of_column(ax, columns)
    for text in numbers:
        excess = text.get_window_extent().width / (TOUCHING * column)
        if excess > 1.0:
            text.set_fontsize(text.get_fontsize() / excess)


def _width_of_column(ax, columns):
    """Return the width of a column of a matrix [pixels], next to the names of its rows."""
    layout = ax.figure.get_layout_engine()
    if layout is not None:
        layout.execute(ax.figure)
    ax.apply_aspect()
    return ax.get_window_extent().width / columns


def _graph_of(network, caller, max_nodes):
    if not isinstance(network, Network):
        raise TypeError(f"{caller}: must be a Network (got {type_name(network)})")
    found = graph_of(network, integer(max_nodes, f"{caller}.max_nodes", at_least=1))
    if not found.nodes:
        raise ValueError(f"{caller}: the network has no population to draw")
    return found


def _frame(ax, found, arrows):
    """Set the limits so that all curves and names are inside."""
    where, sizes = positions(len(found.nodes)), radii(found)
    xs = [x + side * (r + 0.28) for (x, _), r in zip(where, sizes, strict=True) for side in (-1, 1)]
    ys = [y + side * (r + 0.1) for (_, y), r in zip(where, sizes, strict=True) for side in (-1, 1)]
    xs += [point[0] for arrow in arrows for point in arrow.curve]
    ys += [point[1] for arrow in arrows for point in arrow.curve]
    ax.set_xlim(min(xs) - 0.02, max(xs) + 0.02)
    ax.set_ylim(min(ys) - 0.02, max(ys) + 0.02)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _widen(ax, texts):
    """Move the limits as far as letters need, whose size does not depend on them."""
    for _ in range(PASSES):
        ax.apply_aspect()
        boxes = [text.get_window_extent().transformed(ax.transData.inverted()) for text in texts]
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        ax.set_xlim(min(left, *(box.x0 for box in boxes)), max(right, *(box.x1 for box in boxes)))
        ax.set_ylim(min(bottom, *(box.y0 for box in boxes)), max(top, *(box.y1 for box in boxes)))


def _draw_arrow(ax, arrow, base):
    line = {"edgecolor": base, "linewidth": arrow.width, "capstyle": "butt"}
    dashes = (0, (3.0, 1.6)) if arrow.edge.plastic else "solid"
    ax.add_patch(PathPatch(Path(arrow.curve, CUBIC), facecolor="none", linestyle=dashes, zorder=2, **line))
    if len(arrow.head) > 2:
        ax.add_patch(Polygon(arrow.head[:3], facecolor=base, edgecolor="none", zorder=2))
    if len(arrow.head) != 3:
        bar = Path(arrow.head[-2:])
        ax.add_patch(PathPatch(bar, facecolor="none", edgecolor=base, linewidth=arrow.width + 1.0, zorder=2))


def _draw_nodes(ax, found):
    driven = {node for node, _ in found.inputs}
    looped = {edge.pre for edge in found.edges if edge.pre == edge.post}
    for k, ((x, y), radius, part) in enumerate(zip(positions(len(found.nodes)), radii(found), found.nodes, strict=True)):
        base = colour(part.place)
        ax.add_patch(Circle((x, y), radius, facecolor=base, edgecolor="white", linewidth=1.0, zorder=4))
        if k in driven:
            ax.add_patch(Circle((x, y), radius + 0.012, facecolor="none", edgecolor=FAINT, linewidth=2.2, zorder=3))
        n = part.stop - part.start
        text = f"{wrap_name(part.label)}\n{n:,}"
        if len(part.label) <= 7 and radius > 0.12:
            ax.text(x, y, text, color="white", fontsize="small", ha="center", va="center", zorder=5)
        else:
            look = {"color": ink(base), "fontsize": "small", "zorder": 5}
            length = np.hypot(x, y) or 1.0
            up = len(found.nodes) <= 2
            away = label_distance(radius, k in looped)
            spot = (x, y - radius - 0.05) if up else (x + away * x / length, y + away * y / length)
            side = "center" if up or abs(x) < 0.3 else "left" if x > 0 else "right"
            ax.text(*spot, text, ha=side, va="top" if up or y < -0.3 else "bottom" if y > 0.3 else "center", **look)
