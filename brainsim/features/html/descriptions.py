"""How networks, populations, views and projections show themselves in a notebook: tables, and the graph as SVG."""

from __future__ import annotations

import math
import typing
from html import escape

from brainsim.core.arrays import plural, short_repr
from brainsim.features.html import parts as html
from brainsim.features.html.graph import (
    Arrow,
    Graph,
    arrows_of,
    degree_text,
    graph_of,
    label_distance,
    positions,
    radii,
    sign_of,
)
from brainsim.network.projection import effect_of
from brainsim.results.colours import colour

if typing.TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.projection import Projection

MAX_NODES = 24  # of the graph
SCALE = 130.0  # pixels per unit
MAX_LABELS = 16  # more edges are drawn without their in-degrees
MAX_LETTERS = 18  # of a name
LETTER = 6.6  # width of one [pixels]
EFFECTS = {1: "excites", -1: "inhibits", 0: "both"}


def html_of_network(network: Network) -> str:
    """Return a network as HTML: its graph, and tables of populations, projections and inputs."""
    count = len(network.populations)
    head = html.heading("Network", f"(seed={network.seed}){'' if count else ', empty'}")
    if not count:
        return f"<div>{head}</div>"
    graph = graph_of(network, MAX_NODES)
    more = html.note(f"The graph shows the first {MAX_NODES} populations.") if graph.left_out else ""
    swatches: dict[str, str] = {}
    for part in graph.nodes:
        swatches[part.population] = swatches.get(part.population, "") + html.swatch(colour(part.place))
    populations = [
        (swatches.get(p.name, "") + html.text(p.name), f"{p.n:,}", html.text(repr(p.model)))
        for p in list(network.populations.values())
    ]
    tables = html.table(("population", "cells", "model"), populations, {1})
    if network.projections:
        header = ("projection", "rule", "synapse", "weight", "delay", "synapses")
        tables += html.table(header, map(_row_of, network.projections), {5})
    if network.inputs:
        inputs = [(html.text(s.name), html.text(repr(s.input))) for s in network.inputs]
        tables += html.table(("input", ""), inputs)
    return f'<div>{head}{svg_of(graph)}{more}<div style="overflow-x:auto">{tables}</div></div>'


def html_of_projection(projection: Projection) -> str:
    """Return a projection as HTML: a table of what it was made of."""
    rows = [
        ("from", f"{html.text(projection.pre.name)}, {projection.pre.n:,} cells"),
        ("to", f"{html.text(projection.post.name)}, {projection.post.n:,} cells"),
        ("rule", html.text(projection.rule)),
        ("synapse", f"{html.text(repr(projection.synapse))}, {EFFECTS[sign_of(projection)]}"),
        ("weight", html.text(f"{short_repr(projection.weight)} {projection.synapse.weight_unit}")),
        ("delay", html.text(f"{short_repr(projection.delay)} ms")),
        ("synapses", f"{projection.expected:,.0f}"),
        ("of a target cell", f"{projection.expected / projection.post.n:,.4g}"),
        ("plasticity", html.text(repr(projection.plasticity)) if projection.plasticity is not None else ""),
        ("homeostasis", html.text(repr(projection.homeostasis)) if projection.homeostasis is not None else ""),
        ("storage", html.text(projection.storage) if projection.storage != "stored" else ""),
    ]
    table = html.table(("", ""), [row for row in rows if row[1]])
    return f"<div>{html.heading('Projection', html.text(projection.name))}{table}</div>"


def html_of_view(view: typing.Any) -> str:
    """Return a population or view as HTML: its cells and model."""
    kind = type(view).__name__
    rows = [("cells", f"{view.n:,}")]
    for population, ids in view.parts:
        if population is not view:
            span = f"{ids[0]:,} to {ids[-1]:,}" if ids.size > 1 else f"{ids[0]:,}"
            rows.append(("of", f"{html.text(population.name)}, {plural(ids.size, 'cell')}, {span}"))
        rows.append(("model", html.text(repr(population.model), 400)))
        rows += [(f"initial {html.text(name)}", html.text(short_repr(value))) for name, value in population.initial.items()]
    return f"<div>{html.heading(kind, html.text(view.name))}{html.table(('', ''), rows)}</div>"


def _row_of(projection):
    effect = f"{effect_of(projection)} ({EFFECTS[sign_of(projection)]})"
    return (
        html.text(projection.name),
        html.text(projection.rule),
        html.text(effect),
        html.text(f"{short_repr(projection.weight)} {projection.synapse.weight_unit}", 44),
        html.text(f"{short_repr(projection.delay)} ms", 44),
        f"{projection.expected:,.0f}",
    )


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
    title = f"<title>{escape(names)}: {edge.indegree:,.4g} synapses of a cell, {does}{plastic}</title>"
    return f"<g>{title}{line}{head}</g>"


def _number(arrow: Arrow, graph: Graph) -> str:
    x, y = _at(arrow.label).split(",")
    look = 'text-anchor="middle" dominant-baseline="central" paint-order="stroke" stroke="#fff" stroke-width="4"'
    base = colour(graph.nodes[arrow.edge.pre].place)
    return f'<text x="{x}" y="{y}" fill="{base}" {look}>{degree_text(arrow.edge.indegree)}</text>'


def _node(graph: Graph, k: int, centre, radius: float, label) -> str:
    part, base = graph.nodes[k], colour(graph.nodes[k].place)
    (x, y), r = centre, SCALE * radius
    inputs = [kind for node, kind in graph.inputs if node == k]
    ring = (
        f'<circle cx="{SCALE * x:.1f}" cy="{-SCALE * y:.1f}" r="{r + 2:.1f}" fill="none" stroke="#9a9a9a" stroke-width="2"/>'
    )
    title = f"<title>{escape(part.label)}: {part.stop - part.start:,} {escape(graph.models[k])}"
    title += f"; inputs: {escape(', '.join(inputs))}</title>" if inputs else "</title>"
    circle = f'<circle cx="{SCALE * x:.1f}" cy="{-SCALE * y:.1f}" r="{r:.1f}" fill="{base}"/>'
    lx, ly, anchor, name = label
    inside = (lx, ly) == (x, y)
    fill, grey = ("#fff", "#fff") if inside else (base, "#666")
    words = (
        f'<text x="{SCALE * lx:.1f}" y="{SCALE * -ly - 2:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(name)}'
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
