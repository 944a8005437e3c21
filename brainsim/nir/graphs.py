"""What a graph says: its cells, the chains of nodes between them, and in which step each cell sees an input."""

import math
from collections import deque
from typing import Any

import numpy as np
from scipy.sparse import csgraph, csr_array

from brainsim.core.checks import warn_user
from brainsim.nir.cells import KINDS
from brainsim.nir.linear import Linear, unroll


class Graph:
    """A graph without nested graphs.

    - `ends`: Inputs, Outputs and cells; `shapes`: of what each node gives; `linear`: what the other nodes do
    - `chains`: (source, names of nodes, target) of all paths from one of `ends` to the next
    - `group`, `level`: number of the cycle that a cell belongs to, and how many cells the longest path to it has
    """

    def __init__(self, graph: Any):
        self.nodes, edges = _flat(graph)
        for name in [n for n, node in self.nodes.items() if n not in graph.nodes and _kind(node) in ("Input", "Output")]:
            ways = [(a, b) for a, x in edges for y, b in edges if x == y == name]
            edges = [edge for edge in edges if name not in edge] + ways
            del self.nodes[name]
        self.edges = list(dict.fromkeys(edges))
        self.after: dict[str, list[str]] = {name: [] for name in self.nodes}
        for a, b in self.edges:
            self.after[a].append(b)
        self.ends = [name for name, node in self.nodes.items() if _kind(node) in (*KINDS, "Input", "Output")]
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.linear: dict[str, Linear] = {}
        self._infer_shapes()
        self.chains = [(name, chain, end) for name in self.ends for chain, end in self.walk(name)]
        inputs = [name for name in self.ends if _kind(self.nodes[name]) == "Input"]
        self.group, self.level = order(self.ends, [(a, b) for a, _, b in self.chains], inputs)

    def size(self, name: str) -> int:
        """Return the number of values that a node gives."""
        return math.prod(self.shapes[name])

    def walk(self, name: str, chain: tuple[str, ...] = ()) -> Any:
        """Yield (names of nodes, end) of each path from a node to the next cells."""
        for after in self.after[name]:
            if after in self.ends:
                yield chain, after
            elif after in chain:
                raise ValueError(f"nir.read: the nodes {', '.join(map(repr, chain))} are a cycle without a cell")
            else:
                yield from self.walk(after, (*chain, after))

    def _infer_shapes(self):
        """Go from Inputs and cells, whose shapes are known, to the nodes behind them."""
        for name in self.ends:
            node, kind = self.nodes[name], _kind(self.nodes[name])
            key = {"Input": "input_type", "Output": "output_type", "Threshold": "threshold"}.get(kind, "r")
            value = getattr(node, key)
            shape = np.shape(value) if kind in KINDS else tuple(np.ravel(next(iter(value.values()))).tolist())
            if kind == "Input" or (kind in KINDS and math.prod(shape) != 1):  # one value may stand for all cells
                self.shapes[name] = tuple(int(n) for n in shape)
        todo = deque(self.shapes)
        while todo:
            name = todo.popleft()
            for after in self.after[name]:
                if after not in self.shapes:
                    shape = self.shapes[name]
                    if after not in self.ends:
                        self.linear[after] = unroll(after, self.nodes[after], shape)
                        shape = self.linear[after].shape
                    self.shapes[after] = shape
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


def _kind(node):
    return type(node).__name__


def _flat(graph, prefix=""):
    """Return the nodes and the edges of a graph and of those in it, whose names are put before those of their nodes."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        inner, ways = _flat(node, f"{prefix}{name}.") if hasattr(node, "nodes") else ({prefix + name: node}, [])
        nodes |= inner
        edges += ways
    for a, b in _repaired(graph.nodes, graph.edges):
        sources, targets = _ends(graph, a, "outputs", prefix), _ends(graph, b, "inputs", prefix)
        for name in (*sources, *targets):
            if name not in nodes:
                raise ValueError(f"nir.read: an edge leads to {name!r}, which is not a node of the graph")
        edges += [(x, y) for x in sources for y in targets]
    return nodes, edges


def _repaired(nodes, edges):
    """Return the edges; a wrong name stands for the only node without edges, as it does in two files of the paper."""
    named = {name.partition(".")[0] if name not in nodes else name for edge in edges for name in edge}
    missing, loose = named - nodes.keys(), nodes.keys() - named
    if len(missing) != 1 or len(loose) != 1:
        return edges
    (wrong,), (right,) = missing, loose
    warn_user(f"nir.read: edges name {wrong!r}, which is not a node; they are taken as those of {right!r}")
    return [tuple(right if name == wrong else name for name in edge) for edge in edges]


def _ends(graph, name, side, prefix):
    """Return the nodes for which a name in an edge stands: those at a side of a nested graph."""
    inner = graph.nodes.get(name)
    return [f"{prefix}{name}.{end}" for end in getattr(inner, side)] if hasattr(inner, "nodes") else [prefix + name]
