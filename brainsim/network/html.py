"""How networks, populations, views and projections show themselves in a notebook."""

from __future__ import annotations

import typing

from brainsim.core import html
from brainsim.core.arrays import short_repr
from brainsim.core.palette import colour
from brainsim.network.graph import graph_of, sign_of
from brainsim.network.projection import effect_of
from brainsim.network.svg import svg_of

if typing.TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.projection import Projection

MAX_NODES = 24  # of the graph
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
            rows.append(("of", f"{html.text(population.name)}, {plural_cells(ids.size)}, {span}"))
        rows.append(("model", html.text(repr(population.model), 400)))
        rows += [(f"initial {html.text(name)}", html.text(short_repr(value))) for name, value in population.initial.items()]
    return f"<div>{html.heading(kind, html.text(view.name))}{html.table(('', ''), rows)}</div>"


def plural_cells(count: int) -> str:
    """Return ``1 cell`` or ``2 cells``."""
    return f"{count:,} cell{'s' * (count != 1)}"


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
