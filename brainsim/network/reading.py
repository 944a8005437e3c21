"""Reading the synapses of a network: as arrays, a sparse matrix, a frame or a graph, without a simulation.

The methods stand on the description, where one looks for them. What draws the synapses stands above it, and loads Numba,
so it is imported when a method is called, as for `Network.estimate`.
"""

from __future__ import annotations

import typing
from typing import Any, Literal

import numpy as np

from brainsim.core.arithmetic import default_arithmetic
from brainsim.core.checks import MissingName, nearest, number
from brainsim.core.contexts import within
from brainsim.core.optional import optional

if typing.TYPE_CHECKING:
    import networkx
    import pandas
    import scipy.sparse

    from brainsim.network.population import Population, View
    from brainsim.network.projection import Projection
    from brainsim.results.synapses import SynapseTable


@within(default_arithmetic)
def drawn(projection: Projection, dt: float, label: str = "Projection.synapses") -> SynapseTable:
    """Return the SynapseTable of a projection, see `Projection.synapses`."""
    if projection._seed is None:
        raise ValueError(f"{label}: {projection.name!r} was not made by Network.connect, so it has no seed")
    from brainsim.engine.synapses.drawn import drawn_table

    return drawn_table(projection, number(dt, f"{label}.dt", "ms", above=0.0))


class WithSynapseTables:
    """The methods of a `Network` that read its synapses."""

    seed: Any
    projections: Any
    populations: Any

    def synapses(self, projection: Projection | str, dt: float = 0.1) -> SynapseTable:
        """Return the synapses of a projection, without a simulation: see `Projection.synapses`.

        Parameters
        ----------
        projection : Projection or str
            What `connect` returned, or its name.
        dt : float
            Time step [ms], of which delays are multiples.

        Raises
        ------
        MissingName
            If the network has no such projection.
        """
        return drawn(self._found(projection, "Network.synapses"), dt, "Network.synapses")

    def to_sparse(self, projection: Projection | str, values: str = "weight", dt: float = 0.1) -> scipy.sparse.csr_array:
        """Return the synapses of a projection as a sparse matrix of shape (n_pre, n_post).

        Parameters
        ----------
        projection : Projection or str
            What `connect` returned, or its name.
        values : {"weight", "delay"}
            What the matrix holds; of several synapses between the same two cells the sum.
        dt : float
            Time step [ms], of which delays are multiples.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(3, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> ring = net.connect(cells, cells, bs.FromArrays([0, 1, 2], [1, 2, 0]), weight=2.0, delay=1.0, synapse=bs.Delta())
        >>> net.to_sparse(ring).toarray()
        array([[0., 2., 0.],
               [0., 0., 2.],
               [2., 0., 0.]])
        """
        return drawn(self._found(projection, "Network.to_sparse"), dt, "Network.to_sparse").matrix(values)

    def to_frame(self, projection: Projection | str | None = None, dt: float = 0.1) -> pandas.DataFrame:
        """Return the synapses as a pandas DataFrame, a row for each, which `FromFrame` takes back.

        Parameters
        ----------
        projection : Projection or str, optional
            What `connect` returned, or its name: columns ``pre``, ``post``, ``weight`` and ``delay`` [ms], with indices into
            what was connected. By default the synapses of all projections, with the columns ``projection``, ``from`` and
            ``to``, the populations, and indices into these.
        dt : float
            Time step [ms], of which delays are multiples.

        Raises
        ------
        ImportError
            Without pandas: ``pip install 'brainsim[frames]'``.

        Examples
        --------
        >>> net.to_frame("exc->cells").groupby("post").weight.sum()             # doctest: +SKIP
        """
        pandas = optional("pandas", "frames", "Network.to_frame")
        if projection is not None:
            return drawn(self._found(projection, "Network.to_frame"), dt, "Network.to_frame").to_frame()
        frames = []
        for p in self.projections:
            table = drawn(p, dt, "Network.to_frame")
            (sources, pre), (targets, post) = cells_of(p.pre), cells_of(p.post)
            columns = {"projection": p.name, "from": sources[table.pre], "pre": pre[table.pre], "to": targets[table.post]}
            columns |= {"post": post[table.post], "weight": table.weight, "delay": table.delay}
            frames.append(pandas.DataFrame(columns, index=range(len(table))))
        names = ("projection", "from", "pre", "to", "post", "weight", "delay")
        return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame(columns=names)

    def to_networkx(self, of: Literal["cells", "populations"] = "cells", dt: float = 0.1) -> networkx.MultiDiGraph:
        """Return the network as a directed graph of networkx, with an edge for each synapse or for each projection.

        Parameters
        ----------
        of : {"cells", "populations"}
            What the nodes are. Cells are pairs (name of the population, index), with the attributes ``population`` and
            ``index``, and an edge for each synapse with ``weight``, ``delay`` [ms] and ``projection``. Populations are
            names, with ``n`` and ``model``, and an edge for each projection with ``rule``, ``synapse``, ``weight`` and
            ``delay`` as they were given, and ``synapses``, their expected number.
        dt : float
            Time step [ms], of which delays are multiples.

        Raises
        ------
        ImportError
            Without networkx: ``pip install 'brainsim[graphs]'``.

        Examples
        --------
        >>> import networkx as nx                                               # doctest: +SKIP
        >>> nx.average_clustering(nx.Graph(net.to_networkx()))                  # doctest: +SKIP
        >>> nx.draw(net.to_networkx("populations"), with_labels=True)           # doctest: +SKIP
        """
        networkx = optional("networkx", "graphs", "Network.to_networkx")
        if of not in ("cells", "populations"):
            raise ValueError(f"Network.to_networkx.of: must be 'cells' or 'populations' (got {of!r})")
        graph = networkx.MultiDiGraph()
        if of == "populations":
            _add_populations(graph, self.populations.values(), self.projections)
        else:
            _add_cells(graph, self.populations.values(), self.projections, dt)
        return graph

    def _found(self, wanted, label):
        """Return a projection, given by its name or by itself; raise MissingName if it is not there."""
        by_name = isinstance(wanted, str)
        for projection in self.projections:
            if wanted == projection.name if by_name else wanted is projection:
                return projection
        hint = nearest(wanted, [p.name for p in self.projections]) if by_name else ""
        raise MissingName(f"{label}: no projection {wanted!r} in this network{hint}")


def cells_of(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Return for each cell of a view the name of its population and its index there."""
    names = np.concatenate([np.full(ids.size, population.name, dtype=object) for population, ids in view.parts])
    return names, np.concatenate([ids for _, ids in view.parts])


def _add_populations(graph, populations, projections):
    for population in populations:
        graph.add_node(population.name, n=population.n, model=type(population.model).__name__)
    for p in projections:
        about = {"rule": repr(p.rule), "synapse": repr(p.synapse), "weight": p.weight, "delay": p.delay}
        for source, target in _pairs_of_populations(p):
            graph.add_edge(source.name, target.name, p.name, synapses=p.expected, **about)


def _pairs_of_populations(projection) -> list[tuple[Population, Population]]:
    return [(source, target) for source, _ in projection.pre.parts for target, _ in projection.post.parts]


def _add_cells(graph, populations, projections, dt):
    for population in populations:
        name = population.name
        graph.add_nodes_from(((name, k), {"population": name, "index": k}) for k in range(population.n))
    for p in projections:
        table = drawn(p, dt, "Network.to_networkx")
        pre, post = (_nodes(view) for view in (p.pre, p.post))
        columns = (table.pre.tolist(), table.post.tolist(), table.weight.tolist(), table.delay.tolist())
        for s, t, weight, delay in zip(*columns, strict=True):
            graph.add_edge(pre[s], post[t], weight=weight, delay=delay, projection=p.name)


def _nodes(view):
    """Return the node of each cell of a view."""
    names, ids = cells_of(view)
    return list(zip(names.tolist(), ids.tolist(), strict=True))
