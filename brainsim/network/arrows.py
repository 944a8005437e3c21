"""Where the edges of a graph are drawn: curves with a head that tells excitation (a point) from inhibition (a bar)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from brainsim.network.graph import Edge, Graph, positions, radii

BEND = 0.16  # of a curve, relative to its length: opposite edges do not lie on each other
GAP = 0.034  # between the end of an edge and its node
HEAD = 0.075  # length of a head
Point = tuple[float, float]


@dataclass(frozen=True)
class Arrow:
    """An edge as it is drawn, in the coordinates of `positions`.

    Attributes
    ----------
    edge : Edge
    curve : four points
        Of a cubic Bezier curve.
    head : list of points
        Three for a triangle, two for a bar; a triangle and a bar share the line if the sign is not known.
    label : point
        Where the in-degree is written.
    width : float
        Of the line [points].
    """

    edge: Edge
    curve: tuple[Point, Point, Point, Point]
    head: list[Point]
    label: Point
    width: float


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
    leave = _turned((ux, uy), turn)
    arrive = _turned((-ux, -uy), -turn)
    first = (start[0] + (r0 + GAP) * leave[0], start[1] + (r0 + GAP) * leave[1])
    last = (stop[0] + (r1 + GAP) * arrive[0], stop[1] + (r1 + GAP) * arrive[1])
    reach = 0.36 * math.dist(first, last)
    return first, _moved(first, leave, reach), _moved(last, arrive, reach), last


def label_distance(radius: float, looped: bool) -> float:
    """Return how far from the middle of a node its name stands: beyond its loop, if it has one."""
    return radius + 0.06 + (0.75 * (0.26 + 1.1 * radius) if looped else 0.0)


def _loop(centre, radius, again, count):
    """Return a curve from a node back to itself, on the side away from the middle of the graph."""
    length = math.hypot(*centre)
    out = (centre[0] / length, centre[1] / length) if length > 1e-9 and count > 2 else (0.0, 1.0)
    out = _turned(out, 0.9 * again)
    spread = 0.5
    leave, arrive = _turned(out, spread), _turned(out, -spread)
    first = _moved(centre, leave, radius + GAP)
    last = _moved(centre, arrive, radius + GAP)
    reach = 0.26 + 1.1 * radius
    return first, _moved(first, _turned(leave, 0.35), reach), _moved(last, _turned(arrive, -0.35), reach), last


def _with_head(curve, sign, size):
    """Shorten a curve by its head, and return both."""
    tip, before = curve[3], curve[2]
    length = math.dist(tip, before) or 1.0
    back = ((before[0] - tip[0]) / length, (before[1] - tip[1]) / length)
    side = (-back[1], back[0])
    if sign < 0:
        bar = [_moved(tip, side, 0.7 * size), _moved(tip, side, -0.7 * size)]
        return curve, bar
    foot = _moved(tip, back, size)
    triangle = [tip, _moved(foot, side, 0.42 * size), _moved(foot, side, -0.42 * size)]
    if sign == 0:  # excites and inhibits: a bar behind the point
        triangle += [_moved(foot, side, 0.7 * size), _moved(foot, side, -0.7 * size)]
    return (curve[0], curve[1], _moved(before, back, 0.5 * size), _moved(tip, back, 0.9 * size)), triangle


def _at(curve, u):
    """Return the point at the parameter u of a cubic Bezier curve."""
    weights = ((1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u**2 * (1 - u), u**3)
    return tuple(sum(w * point[k] for w, point in zip(weights, curve, strict=True)) for k in (0, 1))


def _moved(point, direction, distance):
    return point[0] + distance * direction[0], point[1] + distance * direction[1]


def _turned(direction, angle):
    c, s = math.cos(angle), math.sin(angle)
    return c * direction[0] - s * direction[1], s * direction[0] + c * direction[1]
