"""What a graph says: its cells, the chains of nodes between them, and in which step each cell sees an input."""

import collections
import graphlib
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csgraph, csr_array

from brainsim.core.checks import warn_user
from brainsim.nir.cell_models import KINDS
from brainsim.nir.linear import Linear, unroll
from brainsim.nir.values import check_values

MAX_DEPTH = 100  # graphs in each other
MAX_NODES = 10_000
MAX_PATHS = 1_000  # from one cell to another without a cell between them: each becomes a projection


class FlatGraph:
    """A graph, with the nodes of graphs in it.

    - `kinds`: of all nodes; `linear`: what each of them does with values
    - `ends`: Inputs, cells and Outputs, in the order of `level`; `inputs`: the first of these
    - `level`: how many cells the longest path to each of them has
    """

    def __init__(self, graph: Any):
        self.nodes, self.edges = _flatten(graph)
        self.kinds = {name: type(node).__name__ for name, node in self.nodes.items()}
        inner = [name for name, kind in self.kinds.items() if kind in ("Input", "Output") and name not in graph.nodes]
        self.ends = [name for name, kind in self.kinds.items() if kind in KINDS and name not in inner]
        self.inputs = [name for name in self.ends if self.kinds[name] == "Input"]
        for name, node in self.nodes.items():
            check_values(name, node)
        self.after: dict[str, list[str]] = {name: [] for name in self.nodes}
        for a, b in self.edges:
            if b in self.inputs:
                raise ValueError(f"nir.read: an edge leads from {a!r} to {b!r}, which is an Input")
            self.after[a].append(b)
        self.linear: dict[str, Linear] = {}
        for name in self.ends:
            shape = tuple(np.ravel(self.nodes[name].output_type["output"]).astype(int).tolist())
            if name in self.inputs or (self.kinds[name] != "Output" and math.prod(shape) != 1):  # 1 may stand for all cells
                self.linear[name] = unroll(name, self.nodes[name], shape)
        self._unroll_others()
        self._cells = frozenset(self.ends)
        pairs = [(name, end) for name, reached in self._count_paths().items() for end in reached]
        self.level = find_levels(self.ends, pairs, self.inputs)
        self.ends.sort(key=lambda name: self.level[name])

    def _unroll_others(self):
        """Unroll the nodes whose shape is that of what leads to them."""
        todo = [*self.linear]
        for name in todo:
            shape = self.linear[name].shape
            for after in self.after[name]:
                if after not in self.linear:
                    self.linear[after] = unroll(after, self.nodes[after], shape)
                    todo.append(after)
                takes, gives = self.linear[after].matrix.shape[0], math.prod(shape)
                if takes != gives:
                    label = f"nir.read: {after!r}, {self.kinds[after]},"
                    raise ValueError(f"{label} takes {takes} values, but gets {gives} from {name!r}")
        for name in self.nodes:
            if name not in self.linear:
                raise ValueError(f"nir.read: no Input leads to {name!r}, so its shape is not known")

    def _count_paths(self):
        """Return how many paths without a cell between lead from each end to which others."""
        between = {name: [b for b in self.after[name] if b not in self._cells] for name in self.nodes}
        among = {name: of for name, of in between.items() if name not in self._cells}
        try:
            inner = [*graphlib.TopologicalSorter(among).static_order()]
        except graphlib.CycleError as error:
            cycle = ", ".join(map(repr, error.args[1][:0:-1]))
            raise ValueError(f"nir.read: the nodes {cycle} are a cycle without a cell") from None
        paths = {}
        for name in (*inner, *self.ends):
            paths[name] = collections.Counter(after for after in self.after[name] if after in self._cells)
            for after in between[name]:
                paths[name].update(paths[after])
            for end, count in paths[name].items():
                if count > MAX_PATHS:
                    raise ValueError(
                        f"nir.read: {count:,} paths without a cell lead from {name!r} to {end!r}, and each becomes a "
                        f"projection; there may be {MAX_PATHS:,}"
                    )
        return {name: paths[name] for name in self.ends}

    def follow(self, name: str, sent: list) -> Iterator[tuple[tuple[str, ...], str, list]]:
        """Yield (names of nodes, end, what arrives there) of each path from a node to the next cells.

        What is sent and what arrives are lists of times and values; the last axis of values is that of a node.
        """
        todo: list[tuple[tuple[str, ...], str, list]] = [((), after, sent) for after in reversed(self.after[name])]
        while todo:
            chain, name, sent = todo.pop()
            if name in self._cells:
                yield chain, name, sent
                continue
            given = self.linear[name].apply(sent)
            todo += [((*chain, name), after, given) for after in reversed(self.after[name])]


def find_levels(names: list[str], pairs: list[tuple[str, str]], inputs: list[str]) -> dict[str, int]:
    """Return how many cells the longest path from an input to each cell has, a cycle counting as one."""
    ends = np.array([(names.index(a), names.index(b)) for a, b in pairs], int).reshape(-1, 2).T
    linked = csr_array((np.ones(len(pairs)), ends), shape=(len(names),) * 2)
    cycle = csgraph.connected_components(linked, connection="strong")[1]
    level = np.ones(len(names), int)  # of each cycle
    level[cycle[[names.index(name) for name in inputs]]] = 0
    before, after = cycle[ends][:, cycle[ends[0]] != cycle[ends[1]]]
    for _ in names:  # no path is longer
        np.maximum.at(level, after, level[before] + 1)
    return dict(zip(names, level[cycle].tolist(), strict=True))


def _flatten(graph, outer=()):
    """Return the nodes and the edges of a graph and of those in it, whose names are put before those of their nodes."""
    nodes, edges, outer = {}, [], (*outer, id(graph))
    for name, node in graph.nodes.items():
        if id(node) in outer:
            raise ValueError(f"nir.read: the graph {name!r} lies in itself")
        if len(outer) > MAX_DEPTH or len(nodes) > MAX_NODES:
            raise ValueError(f"nir.read: a graph has at most {MAX_NODES:,} nodes, and {MAX_DEPTH} graphs in each other")
        inner, ways = _flatten(node, outer) if hasattr(node, "nodes") else ({}, [])
        nodes |= {f"{name}.{key}": of for key, of in inner.items()} or {name: node}
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in ways]

    def doors(name, side):
        """Return the Inputs or Outputs of a graph, and any other node itself."""
        return [f"{name}.{door}" for door in getattr(graph.nodes.get(name), side, ())] or [name]

    for a, b in _repair(graph):
        edges += itertools.product(doors(a, "outputs"), doors(b, "inputs"))
    for name in itertools.chain(*edges):
        if name not in nodes:
            raise ValueError(f"nir.read: an edge leads to {name!r}, which is not a node of the graph")
    return nodes, list(dict.fromkeys(edges))


def _repair(graph):
    """Return the edges; a wrong name stands for the only node without edges, as it does in two files of the paper."""
    named = {name if name in graph.nodes else name.partition(".")[0] for edge in graph.edges for name in edge}
    missing, loose = named - graph.nodes.keys(), graph.nodes.keys() - named
    if len(missing) != 1 or len(loose) != 1:
        return graph.edges
    (wrong,), (right,) = missing, loose
    warn_user(f"nir.read: edges name {wrong!r}, which is not a node; they are taken as those of {right!r}")
    return [tuple(right if name == wrong else name for name in edge) for edge in graph.edges]
