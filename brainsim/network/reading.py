"""The synapses of a network as a frame or a graph of other packages."""

from __future__ import annotations

import numpy as np

from brainsim.network.population import Population, View
from brainsim.network.projection import draw_synapses


def frame_of(pandas, projections, dt):
    """Return the synapses of projections as a DataFrame, as `Network.to_frame` describes it."""
    frames = []
    for p in projections:
        table = draw_synapses(p, dt, "Network.to_frame")
        (sources, pre), (targets, post) = cells_of(p.pre), cells_of(p.post)
        columns = {"projection": p.name, "from": sources[table.pre], "pre": pre[table.pre], "to": targets[table.post]}
        columns |= {"post": post[table.post], "weight": table.weight, "delay": table.delay}
        frames.append(pandas.DataFrame(columns, index=range(len(table))))
    names = ("projection", "from", "pre", "to", "post", "weight", "delay")
    return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame(columns=names)


def cells_of(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Return for each cell of a view the name of its population and its index there."""
    names = np.concatenate([np.full(ids.size, population.name, dtype=object) for population, ids in view.parts])
    return names, np.concatenate([ids for _, ids in view.parts])


def add_populations(graph, populations, projections):
    """Add a node for each population and an edge for each projection to a graph of networkx."""
    for population in populations:
        graph.add_node(population.name, n=population.n, model=type(population.model).__name__)
    for p in projections:
        about = {"rule": repr(p.rule), "synapse": repr(p.synapse), "weight": p.weight, "delay": p.delay}
        for source, target in _pairs_of_populations(p):
            graph.add_edge(source.name, target.name, p.name, synapses=p.expected, **about)


def _pairs_of_populations(projection) -> list[tuple[Population, Population]]:
    return [(source, target) for source, _ in projection.pre.parts for target, _ in projection.post.parts]


def add_cells(graph, populations, projections, dt):
    """Add a node for each cell and an edge for each synapse to a graph of networkx."""
    for population in populations:
        name = population.name
        graph.add_nodes_from(((name, k), {"population": name, "index": k}) for k in range(population.n))
    for p in projections:
        table = draw_synapses(p, dt, "Network.to_networkx")
        pre, post = (_nodes(view) for view in (p.pre, p.post))
        columns = (table.pre.tolist(), table.post.tolist(), table.weight.tolist(), table.delay.tolist())
        for s, t, weight, delay in zip(*columns, strict=True):
            graph.add_edge(pre[s], post[t], weight=weight, delay=delay, projection=p.name)


def _nodes(view):
    """Return the node of each cell of a view."""
    names, ids = cells_of(view)
    return list(zip(names.tolist(), ids.tolist(), strict=True))
