"""What a graph says: its cells, the chains of nodes between them, and in which step each cell sees an input."""

import math
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csgraph, csr_array

from brainsim.core.checks import warn_user
from brainsim.nir.cells import KINDS
from brainsim.nir.linear import Linear, unroll


class Graph:
    """A graph, with the nodes of graphs in it.

    - `ends`: Inputs, Outputs and cells, to their kinds; `shapes`: of what each node gives; `linear`: what the others do
    - `chains`: (source, names of nodes, target) of all paths from one of `ends` to the next
    - `group`, `level`: number of the cycle that a cell belongs to, and how many cells the longest path to it has
    """

    def __init__(self, graph: Any):
        self.nodes, self.edges = _flat(graph)
        kinds = {name: type(node).__name__ for name, node in self.nodes.items()}
        inner = {name for name, kind in kinds.items() if name not in graph.nodes and kind in ("Input", "Output")}
        self.ends = {name: kind for name, kind in kinds.items() if kind in (*KINDS, "Input") and name not in inner}
        self.after: dict[str, list[str]] = {name: [b for a, b in self.edges if a == name] for name in self.nodes}
        self.linear: dict[str, Linear] = {}
        self.shapes = {name: shape for name in self.ends if (shape := self._own_shape(name)) is not None}
        self._infer_shapes()
        self.chains = [(name, chain, end) for name in self.ends for chain, end in self.walk(name)]
        inputs = [name for name, kind in self.ends.items() if kind == "Input"]
        self.group, self.level = order([*self.ends], [(a, b) for a, _, b in self.chains], inputs)

    def size(self, name: str) -> int:
        """Return the number of values that a node gives."""
        return math.prod(self.shapes[name])

    def walk(self, name: str, chain: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield (names of nodes, end) of each path from a node to the next cells."""
        for after in self.after[name]:
            if after in self.ends:
                yield chain, after
            elif after in chain:
                raise ValueError(f"nir.read: the nodes {', '.join(map(repr, chain))} are a cycle without a cell")
            else:
                yield from self.walk(after, (*chain, after))

    def _own_shape(self, name):
        """Return the shape that an Input or a cell itself has, None if it has one value, which may stand for all cells."""
        node, kind = self.nodes[name], self.ends[name]
        if kind == "Input":
            return tuple(int(n) for n in np.ravel(node.input_type["input"]))
        shape = np.shape(getattr(node, {"Output": "output", "Threshold": "threshold"}.get(kind, "r"), 0.0))
        return shape if math.prod(shape) != 1 else None

    def _infer_shapes(self):
        """Go from the nodes whose shapes are known to those behind them."""
        todo = deque(self.shapes)
        while todo:
            name = todo.popleft()
            for after in self.after[name]:
                if after not in self.shapes:
                    self.shapes[after] = self.shapes[name]
                    if after not in self.ends:
                        self.linear[after] = unroll(after, self.nodes[after], self.shapes[name])
                        self.shapes[after] = self.linear[after].shape
                    todo.append(after)
        if unknown := [name for name in self.nodes if name not in self.shapes]:
            raise ValueError(f"nir.read: no Input leads to {unknown[0]!r}, so its shape is not known")
        for a, b in self.edges:
            takes = self.linear[b].matrix.shape[0] if b in self.linear else self.size(b)
            if takes != self.size(a):
                raise ValueError(f"nir.read: {b!r} takes {takes} values, but gets {self.size(a)} from {a!r}")


def order(names: list[str], pairs: list[tuple[str, str]], inputs: list[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the number of the cycle to which each cell belongs, and how many cells the longest path to it has."""
    places = np.array([(names.index(a), names.index(b)) for a, b in pairs]).reshape(-1, 2)
    linked = csr_array((np.ones(len(pairs)), places.T), shape=(len(names),) * 2)
    group = dict(zip(names, csgraph.connected_components(linked, connection="strong")[1].tolist(), strict=True))
    level = {group[name]: int(name not in inputs) for name in names}
    for _ in names:  # no path is longer
        for a, b in pairs:
            if group[a] != group[b]:
                level[group[b]] = max(level[group[b]], level[group[a]] + 1)
    return group, {name: level[group[name]] for name in names}


def _flat(graph, prefix=""):
    """Return the nodes and the edges of a graph and of those in it, whose names are put before those of their nodes."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        inner, ways = _flat(node, f"{prefix}{name}.") if hasattr(node, "nodes") else ({prefix + name: node}, [])
        nodes |= inner
        edges += ways

    def ends(name, side):
        inner = graph.nodes.get(name)
        return [f"{prefix}{name}.{end}" for end in getattr(inner, side)] if hasattr(inner, "nodes") else [prefix + name]

    for a, b in _repaired(graph):
        edges += [(x, y) for x in ends(a, "outputs") for y in ends(b, "inputs")]
        for name in edges[-1] if edges else ():
            if name not in nodes:
                raise ValueError(f"nir.read: an edge leads to {name!r}, which is not a node of the graph")
    return nodes, list(dict.fromkeys(edges))


def _repaired(graph):
    """Return the edges; a wrong name stands for the only node without edges, as it does in two files of the paper."""
    named = {name if name in graph.nodes else name.partition(".")[0] for edge in graph.edges for name in edge}
    missing, loose = named - graph.nodes.keys(), graph.nodes.keys() - named
    if len(missing) != 1 or len(loose) != 1:
        return graph.edges
    (wrong,), (right,) = missing, loose
    warn_user(f"nir.read: edges name {wrong!r}, which is not a node; they are taken as those of {right!r}")
    return [tuple(right if name == wrong else name for name in edge) for edge in graph.edges]
