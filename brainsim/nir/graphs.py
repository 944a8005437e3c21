"""What a graph says: its cells, the chains of nodes between them, and in which step each cell sees an input."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csgraph, csr_array

from brainsim.core.checks import warn_user
from brainsim.nir.cells import KINDS
from brainsim.nir.linear import Linear, unroll


class Graph:
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
        self.linear: dict[str, Linear] = {}
        for name in self.ends:
            shape = tuple(np.ravel(self.nodes[name].output_type["output"]).astype(int).tolist())
            if name in self.inputs or (self.kinds[name] != "Output" and math.prod(shape) != 1):  # 1 may stand for all cells
                self.linear[name] = unroll(name, self.nodes[name], shape)
        pairs, todo = [], [*self.linear]
        for name in todo:
            pairs += [(name, end) for _, end, _ in self.follow(name, [])]
            todo += [end for end in self.linear if end in self.ends and end not in todo]
        for name in [name for name in self.nodes if name not in self.linear]:
            raise ValueError(f"nir.read: no Input leads to {name!r}, so its shape is not known")
        self.level = find_levels(self.ends, pairs, self.inputs)
        self.ends.sort(key=lambda name: self.level[name])

    def follow(self, name: str, sent: list, chain: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, list]]:
        """Yield (names of nodes, end, what arrives there) of each path from a node to the next cells.

        What is sent and what arrives are lists of times and values; the last axis of values is that of a node.
        """
        shape = self.linear[name].shape
        for after in (b for a, b in self.edges if a == name):
            if after not in self.linear:
                self.linear[after] = unroll(after, self.nodes[after], shape)
            takes, gives = self.linear[after].matrix.shape[0], math.prod(shape)
            if takes != gives:
                label = f"nir.read: {after!r}, {self.kinds[after]},"
                raise ValueError(f"{label} takes {takes} values, but gets {gives} from {name!r}")
            if after in self.ends:
                yield chain, after, sent
            elif after in chain:
                raise ValueError(f"nir.read: the nodes {', '.join(map(repr, chain))} are a cycle without a cell")
            else:
                yield from self.follow(after, self.linear[after].apply(sent), (*chain, after))


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


def _flatten(graph):
    """Return the nodes and the edges of a graph and of those in it, whose names are put before those of their nodes."""
    nodes, edges = {}, []
    for name, node in graph.nodes.items():
        inner, ways = _flatten(node) if hasattr(node, "nodes") else ({}, [])
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
