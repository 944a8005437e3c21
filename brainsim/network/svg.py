"""The graph of a network as SVG, for notebooks."""

from __future__ import annotations

import html
import math

from brainsim.core.palette import colour
from brainsim.network.arrows import Arrow, arrows_of, label_distance
from brainsim.network.graph import Graph, positions, radii

SCALE = 130.0  # pixels per unit
MAX_LABELS = 16  # more edges are drawn without their in-degrees
MAX_LETTERS = 18  # of a name
LETTER = 6.6  # width of one [pixels]


def svg_of(graph: Graph) -> str:
    """Return a graph as SVG, with all that `brainsim.plot.graph` shows; tooltips name projections and models."""
    where, sizes, arrows = positions(len(graph.nodes)), radii(graph), arrows_of(graph)
    looped = {arrow.edge.pre for arrow in arrows if arrow.edge.pre == arrow.edge.post}
    xs = [x + side * (r + 0.1) for (x, _), r in zip(where, sizes, strict=True) for side in (-1, 1)]
    ys = [-y + side * (r + 0.1) for (_, y), r in zip(where, sizes, strict=True) for side in (-1, 1)]
    labels = [_label(graph, k, where[k], sizes[k], k in looped) for k in range(len(graph.nodes))]
    for x, y, anchor, name in labels:
        wide = LETTER * max(len(name), 4) / SCALE
        xs += [
            x - {"middle": 0.5, "start": 0.0, "end": 1.0}[anchor] * wide,
            x + {"middle": 0.5, "start": 1.0, "end": 0.0}[anchor] * wide,
        ]
        ys += [-y - 0.12, -y + 0.16]
    xs += [x for arrow in arrows for x, _ in arrow.curve]
    ys += [-y for arrow in arrows for _, y in arrow.curve]
    left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    width, height = SCALE * (right - left), SCALE * (bottom - top)
    box = f"{SCALE * left:.1f} {SCALE * top:.1f} {width:.1f} {height:.1f}"
    parts = [_arrow(arrow, graph) for arrow in arrows]
    if len(arrows) <= MAX_LABELS:
        parts += [_number(arrow, graph) for arrow in arrows]
    parts += [_node(graph, k, where[k], sizes[k], labels[k]) for k in range(len(graph.nodes))]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="graph of the network" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="{box}" style="max-width:100%;background:#fff;font:11px sans-serif">'
        f"{''.join(parts)}</svg>"
    )


def _at(point) -> str:
    return f"{SCALE * point[0]:.1f},{-SCALE * point[1]:.1f}"


def _arrow(arrow: Arrow, graph: Graph) -> str:
    edge = arrow.edge
    base = colour(graph.nodes[edge.pre].place)
    start, one, two, stop = map(_at, arrow.curve)
    dashes = ' stroke-dasharray="5 3"' if edge.plastic else ""
    line = f'<path d="M{start} C{one} {two} {stop}" fill="none" stroke="{base}" stroke-width="{arrow.width:.2f}"{dashes}/>'
    head = ""
    if len(arrow.head) > 2:
        head += f'<polygon points="{" ".join(map(_at, arrow.head[:3]))}" fill="{base}"/>'
    if len(arrow.head) != 3:
        a, b = map(_at, arrow.head[-2:])
        head += f'<path d="M{a} L{b}" stroke="{base}" stroke-width="{arrow.width + 1:.2f}"/>'
    does = {1: "excites", -1: "inhibits", 0: "excites and inhibits"}[edge.sign]
    names = ", ".join(edge.names[:5]) + ", ..." * (len(edge.names) > 5)
    plastic = ", plastic" * edge.plastic
    title = f"<title>{html.escape(names)}: {edge.indegree:,.4g} synapses of a cell, {does}{plastic}</title>"
    return f"<g>{title}{line}{head}</g>"


def _number(arrow: Arrow, graph: Graph) -> str:
    x, y = _at(arrow.label).split(",")
    look = 'text-anchor="middle" dominant-baseline="central" paint-order="stroke" stroke="#fff" stroke-width="4"'
    base = colour(graph.nodes[arrow.edge.pre].place)
    return f'<text x="{x}" y="{y}" fill="{base}" {look}>{_short(arrow.edge.indegree)}</text>'


def _node(graph: Graph, k: int, centre, radius: float, label) -> str:
    part, base = graph.nodes[k], colour(graph.nodes[k].place)
    (x, y), r = centre, SCALE * radius
    inputs = [kind for node, kind in graph.inputs if node == k]
    ring = (
        f'<circle cx="{SCALE * x:.1f}" cy="{-SCALE * y:.1f}" r="{r + 2:.1f}" fill="none" stroke="#9a9a9a" stroke-width="2"/>'
    )
    title = f"<title>{html.escape(part.label)}: {part.stop - part.start:,} {html.escape(graph.models[k])}"
    title += f"; inputs: {html.escape(', '.join(inputs))}</title>" if inputs else "</title>"
    circle = f'<circle cx="{SCALE * x:.1f}" cy="{-SCALE * y:.1f}" r="{r:.1f}" fill="{base}"/>'
    lx, ly, anchor, name = label
    inside = (lx, ly) == (x, y)
    fill, grey = ("#fff", "#fff") if inside else (base, "#666")
    words = (
        f'<text x="{SCALE * lx:.1f}" y="{SCALE * -ly - 2:.1f}" text-anchor="{anchor}" fill="{fill}">{html.escape(name)}'
        f'<tspan x="{SCALE * lx:.1f}" dy="13" fill="{grey}">{part.stop - part.start:,}</tspan></text>'
    )
    return f"<g>{title}{ring if inputs else ''}{circle}{words}</g>"


def _label(graph: Graph, k: int, centre, radius: float, looped: bool) -> tuple[float, float, str, str]:
    """Return where the name of a node stands, upwards positive, its anchor, and the name."""
    label, (x, y) = graph.nodes[k].label, centre
    name = label if len(label) <= MAX_LETTERS else label[: MAX_LETTERS - 1] + "…"
    if LETTER * max(len(name), 5) <= 1.9 * SCALE * radius:
        return x, y, "middle", name
    length = math.hypot(x, y)
    if len(graph.nodes) <= 2 or not length:
        return x, y - radius - 0.14, "middle", name
    away = label_distance(radius, looped)
    x, y = x + away * x / length, y + away * y / length
    y += 0.1 if y > 0.5 * length else -0.1 if y < -0.5 * length else 0.0
    return x, y, "middle" if abs(x) < 0.3 else "start" if x > 0 else "end", name


def _short(number: float) -> str:
    if number >= 10_000:
        return f"{number / 1000:,.3g}k"
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"
