"""A network as a graph: populations or their named views as nodes, projections as edges with an in-degree and a sign.

The graph depends on the description only: nothing is sampled. `brainsim.plot` draws it, and so do notebooks.
"""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass, field

import numpy as np

from brainsim.models.values import Distribution
from brainsim.results.colours import ColouredCells, parts_of

if typing.TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.population import View

BEND = 0.16  # of a curve, relative to its length: opposite edges do not lie on each other
GAP = 0.034  # between the end of an edge and its node
HEAD = 0.075  # length of a head
Point = tuple[float, float]
FIRES_AT = -45.0  # mV: a reversal potential below the threshold inhibits; the value for models without a threshold


@dataclass(frozen=True)
class Edge:
    """All synapses of one sign from one node onto another."""

    pre: int
    post: int
    indegree: float  # expected number of these synapses of a cell of `post`, on average over its cells
    sign: int  # 1 if they excite, -1 if they inhibit, 0 if that is not known: weights on both sides of 0
    plastic: bool  # whether some of them change in a run
    names: tuple[str, ...]  # of the projections


@dataclass(frozen=True)
class Graph:
    """Nodes and edges of a network."""

    nodes: list[ColouredCells]  # populations, or their named views, in the order of their colours
    models: list[str]  # the class of the cells of each node
    edges: list[Edge]
    inputs: list[tuple[int, str]]  # node and class of each
    left_out: int = 0  # nodes that are not in the graph because there are too many

    def indegrees(self) -> np.ndarray:
        """Return the expected number of synapses of a cell of each node from each node: [pre, post]."""
        matrix = np.zeros((len(self.nodes), len(self.nodes)))
        for edge in self.edges:
            matrix[edge.pre, edge.post] += edge.indegree
        return matrix


@dataclass
class _Sum:
    """What the projections of one sign between two nodes add up to."""

    indegree: float = 0.0
    plastic: bool = False
    names: list[str] = field(default_factory=list)


def graph_of(network: Network, max_nodes: int | None = None) -> Graph:
    """Return the graph of a network; with more than `max_nodes` nodes only the first ones and the edges among them."""
    populations = network.populations
    parts = parts_of({name: population.n for name, population in populations.items()}, network.parts_for_plots())
    nodes = parts[:max_nodes]
    where: dict[str, list[int]] = {}
    for k, part in enumerate(nodes):
        where.setdefault(part.population, []).append(k)
    sums: dict[tuple[int, int, int], _Sum] = {}
    for projection in network.projections:
        sign = sign_of(projection)
        onto = projection.expected / projection.post.n
        targets = _shares(projection.post, nodes, where)
        for pre, cells in _shares(projection.pre, nodes, where).items():
            for post, covered in targets.items():
                total = sums.setdefault((pre, post, sign), _Sum())
                n = nodes[post].stop - nodes[post].start
                total.indegree += onto * cells / projection.pre.n * covered / n
                total.plastic |= projection.plasticity is not None
                total.names.append(projection.name)
    edges = [Edge(*key[:2], s.indegree, key[2], s.plastic, tuple(s.names)) for key, s in sums.items()]
    inputs = [(k, type(s.input).__name__) for s in network.inputs for k in _shares(s.target, nodes, where)]
    models = [type(populations[part.population].model).__name__ for part in nodes]
    return Graph(nodes, models, edges, list(dict.fromkeys(inputs)), len(parts) - len(nodes))


def sign_of(projection: typing.Any) -> int:
    """Return 1 if the synapses of a projection excite, -1 if they inhibit, 0 if both occur.

    The sign is that of the weights; a conductance inhibits if its reversal potential is below the threshold of the targets.
    """
    low, high = _range_of(projection.weight)
    sign = 1 if low >= 0.0 else -1 if high <= 0.0 else 0
    reversal = getattr(projection.synapse, "e_rev", None)
    if reversal is None or isinstance(reversal, Distribution):
        return sign
    threshold = getattr(projection.post.parts[0][0].model, "v_th", FIRES_AT)
    threshold = float(np.mean(threshold)) if isinstance(threshold, (float, int, np.ndarray)) else FIRES_AT
    return sign if float(np.mean(reversal)) >= threshold else -sign


def _range_of(weight) -> tuple[float, float]:
    """Return the lowest and highest weight; of a distribution that is mostly on one side of 0, its mean."""
    if isinstance(weight, Distribution):
        return weight.mean, weight.mean
    weight = np.asarray(weight)
    return (float(weight.min()), float(weight.max())) if weight.size else (0.0, 0.0)


def _shares(view: View, nodes: list[ColouredCells], where: dict[str, list[int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for population, ids in view.parts:
        here = where.get(population.name, [])
        whole = ids.size == population.n
        for k in here:
            start, stop = nodes[k].start, nodes[k].stop
            cells = stop - start if whole else int(np.count_nonzero((ids >= start) & (ids < stop)))
            if cells:
                found[k] = found.get(k, 0) + cells
    return found


def positions(count: int) -> list[tuple[float, float]]:
    """Return where nodes stand: two side by side, more on a circle from the top clockwise; the circle has radius 1."""
    if count <= 2:
        return [(0.0, 0.0), (1.0, 0.0)][:count] if count < 2 else [(-0.62, 0.0), (0.62, 0.0)]
    turns = [math.pi / 2 - 2 * math.pi * k / count for k in range(count)]
    return [(math.cos(turn), math.sin(turn)) for turn in turns]


def radii(graph: Graph) -> list[float]:
    """Return the radius of each node, which grows with the logarithm of its cells."""
    count = max(len(graph.nodes), 3)
    widest = min(0.24, 0.75 * math.sin(math.pi / count))
    return [widest * min(0.55 + 0.1 * math.log10(part.stop - part.start), 1.0) for part in graph.nodes]


@dataclass(frozen=True)
class Arrow:
    """An edge as it is drawn, in the coordinates of `positions`."""

    edge: Edge
    curve: tuple[Point, Point, Point, Point]  # cubic Bezier
    head: list[Point]  # three for a triangle, two for a bar, both if the sign is not known
    label: Point  # where the in-degree is written
    width: float  # of the line [points]


def arrows_of(graph: Graph) -> list[Arrow]:
    """Return the arrows of all edges of a graph."""
    where, sizes = positions(len(graph.nodes)), radii(graph)
    size = min(HEAD, 0.5 * max(sizes, default=HEAD))
    drawn: dict[tuple[int, int], int] = {}
    arrows = []
    for edge in graph.edges:
        again = drawn[edge.pre, edge.post] = drawn.get((edge.pre, edge.post), -1) + 1
        if edge.pre == edge.post:
            curve = _loop(where[edge.pre], sizes[edge.pre], again, len(graph.nodes))
        else:
            ends = where[edge.pre], where[edge.post]
            curve = _bow(*ends, sizes[edge.pre], sizes[edge.post], BEND * (1 + again))
        width = 0.7 + 0.55 * math.log10(1.0 + max(edge.indegree, 0.0))
        curve, head = _with_head(curve, edge.sign, size)
        arrows.append(Arrow(edge, curve, head, _at(curve, 0.42), width))
    return arrows


def _bow(start, stop, r0, r1, bend):
    """Return a curve between the borders of two nodes, bent to its left."""
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    turn = math.atan(2.0 * bend)  # the angle at which a parabola with this bend leaves
    leave = _turn((ux, uy), turn)
    arrive = _turn((-ux, -uy), -turn)
    first = (start[0] + (r0 + GAP) * leave[0], start[1] + (r0 + GAP) * leave[1])
    last = (stop[0] + (r1 + GAP) * arrive[0], stop[1] + (r1 + GAP) * arrive[1])
    reach = 0.36 * math.dist(first, last)
    return first, _move(first, leave, reach), _move(last, arrive, reach), last


def label_distance(radius: float, looped: bool) -> float:
    """Return how far from the middle of a node its name stands: beyond its loop, if it has one."""
    return radius + 0.06 + (0.75 * (0.26 + 1.1 * radius) if looped else 0.0)


def _loop(centre, radius, again, count):
    """Return a curve from a node back to itself, on the side away from the middle of the graph."""
    length = math.hypot(*centre)
    out = (centre[0] / length, centre[1] / length) if length > 1e-9 and count > 2 else (0.0, 1.0)
    out = _turn(out, 0.9 * again)
    spread = 0.5
    leave, arrive = _turn(out, spread), _turn(out, -spread)
    first = _move(centre, leave, radius + GAP)
    last = _move(centre, arrive, radius + GAP)
    reach = 0.26 + 1.1 * radius
    return first, _move(first, _turn(leave, 0.35), reach), _move(last, _turn(arrive, -0.35), reach), last


def _with_head(curve, sign, size):
    tip, before = curve[3], curve[2]
    length = math.dist(tip, before) or 1.0
    back = ((before[0] - tip[0]) / length, (before[1] - tip[1]) / length)
    side = (-back[1], back[0])
    if sign < 0:
        bar = [_move(tip, side, 0.7 * size), _move(tip, side, -0.7 * size)]
        return curve, bar
    foot = _move(tip, back, size)
    triangle = [tip, _move(foot, side, 0.42 * size), _move(foot, side, -0.42 * size)]
    if sign == 0:  # excites and inhibits: a bar behind the point
        triangle += [_move(foot, side, 0.7 * size), _move(foot, side, -0.7 * size)]
    return (curve[0], curve[1], _move(before, back, 0.5 * size), _move(tip, back, 0.9 * size)), triangle


def _at(curve, u):
    """Return the point at the parameter u of a cubic Bezier curve."""
    weights = ((1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3)
    return tuple(sum(w * point[k] for w, point in zip(weights, curve, strict=True)) for k in (0, 1))


def _move(point, direction, distance):
    return point[0] + distance * direction[0], point[1] + distance * direction[1]


def _turn(direction, angle):
    c, s = math.cos(angle), math.sin(angle)
    return c * direction[0] - s * direction[1], s * direction[0] + c * direction[1]


def degree_text(number):
    """Return an in-degree in at most three digits: 0.05, 1.5, 1,000, 12k."""
    if number >= 10_000:
        return f"{number / 1000:,.3g}k"
    return f"{number:,.0f}" if number >= 100 else f"{number:.2g}"
