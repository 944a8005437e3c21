"""The network graph: nodes, in-degrees and signs follow from the description of a network; pictures show them."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Circle, PathPatch, Polygon

import brainsim as bs
from brainsim import plot
from brainsim.features.html.descriptions import svg_of
from brainsim.features.html.graph import arrows_of, graph_of, sign_of
from brainsim.plot.elements.styles import PALETTE
from tests.helpers.mistakes import mistakes


def balanced(name="cells"):
    """Return a network of 80 excitatory and 20 inhibitory cells of one population, and ten sources."""
    cells = bs.Population(100, bs.LIF(), name=name)
    exc, inh = cells[:80].named("exc"), cells[80:].named("inh")
    sources = bs.Population(10, bs.Poisson(rate=10.0), name="sources")
    net = bs.Network(seed=1)
    net.connect(exc, cells, bs.FixedIndegree(8), weight=1.0, delay=1.5, synapse=bs.Delta())
    net.connect(inh, cells, bs.FixedIndegree(4), weight=-5.0, delay=1.5, synapse=bs.Delta())
    stdp = bs.STDP(w_max=2.0)
    net.connect(sources, exc, bs.AllToAll(), weight=0.1, delay=1.5, synapse=bs.Delta(), plasticity=stdp)
    net.stimulate(inh, bs.CurrentInput(100.0))
    return net


def pair():
    """Return a network of two populations that excite themselves."""
    net = bs.Network(seed=1)
    for name in "ab":
        cells = bs.Population(10, bs.LIF(), name=name)
        net.connect(cells, cells, bs.FixedIndegree(2), weight=1.0, delay=1.0, synapse=bs.Delta())
    return net


def joined(weight, synapse, model=None):
    cells = bs.Population(10, model or bs.LIF(), name="cells")
    return bs.Network(seed=1).connect(cells, cells, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)


class TestGraph:
    def test_nodes_edges_and_inputs(self):
        graph = graph_of(balanced())
        assert [(n.label, n.stop - n.start) for n in graph.nodes] == [("exc", 80), ("inh", 20), ("sources", 10)]
        edges = {(e.pre, e.post): (e.indegree, e.sign, e.plastic) for e in graph.edges}
        assert edges == {
            (0, 0): (8.0, 1, False),
            (0, 1): (8.0, 1, False),
            (1, 0): (4.0, -1, False),
            (1, 1): (4.0, -1, False),
            (2, 0): (10.0, 1, True),
        }
        assert graph.inputs == [(1, "CurrentInput")]
        np.testing.assert_array_equal(graph.indegrees(), [[8, 8, 0], [4, 4, 0], [10, 0, 0]])

    def test_in_degrees_are_means_over_a_node(self):
        """Half of the cells have 20 synapses from a third of the sources: 10 on average."""
        a, b = bs.Population(30, bs.LIF(), name="a"), bs.Population(40, bs.LIF(), name="b")
        net = bs.Network(seed=1)
        net.connect(a[::3], b[::2], bs.FixedIndegree(20), weight=1.0, delay=1.0, synapse=bs.Delta())
        (edge,) = graph_of(net).edges
        assert edge.indegree == 10.0

    def test_projections_of_one_sign_add_up(self):
        cells = bs.Population(10, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        for number, weight in ((2, 1.0), (3, 2.0), (4, -1.0)):
            net.connect(cells, cells, bs.FixedIndegree(number), weight=weight, delay=1.0, synapse=bs.Delta())
        assert [(e.indegree, e.sign, len(e.names)) for e in graph_of(net).edges] == [(5.0, 1, 2), (4.0, -1, 1)]

    @pytest.mark.parametrize(
        ("weight", "synapse", "sign"),
        [
            (1.0, bs.Delta(), 1),
            (-1.0, bs.Exponential(), -1),
            (bs.Normal(-2.0, 1.0), bs.Alpha(), -1),
            (np.linspace(-1.0, 1.0, 100).reshape(10, 10), bs.Delta(), 0),
            (1.0, bs.ExponentialConductance(), 1),
            (1.0, bs.ExponentialConductance(e_rev=-70.0), -1),
            (1.0, bs.NMDA(), 1),
            (1.0, bs.GABAB(), -1),
        ],
    )
    def test_signs(self, weight, synapse, sign):
        assert sign_of(joined(weight, synapse)) == sign

    def test_a_reversal_potential_counts_from_the_threshold(self):
        cell = bs.LIF(v_rest=0.0, v_th=20.0, v_reset=10.0)
        assert sign_of(joined(1.0, bs.ExponentialConductance(e_rev=0.0), cell)) == -1
        assert sign_of(joined(1.0, bs.ExponentialConductance(e_rev=70.0), cell)) == 1


class TestPicture:
    def test_shows_nodes_heads_and_numbers(self):
        ax = plot.graph(balanced())
        filled = [p for p in ax.patches if isinstance(p, Circle) and p.get_facecolor()[3] > 0]
        assert [to_hex(p.get_facecolor()) for p in filled] == list(PALETTE[:3])
        assert filled[0].radius > filled[1].radius > filled[2].radius
        assert len([p for p in ax.patches if isinstance(p, Polygon)]) == 3  # what excites has a point
        dashed = [p for p in ax.patches if isinstance(p, PathPatch) and p.get_linestyle() != "solid"]
        assert [to_hex(p.get_edgecolor()) for p in dashed] == [PALETTE[2]]
        texts = sorted(text.get_text() for text in ax.texts)
        assert texts == ["10", "4", "4", "8", "8", "exc\n80", "inh\n20", "sources\n10"]

    def test_edges_end_at_their_nodes(self):
        graph = graph_of(balanced())
        circles = [p for p in plot.graph(balanced()).patches if isinstance(p, Circle) and p.get_facecolor()[3] > 0]
        for arrow in arrows_of(graph):
            tip = arrow.head[0] if arrow.edge.sign > 0 else np.mean(arrow.head, axis=0)
            for point, node in ((arrow.curve[0], arrow.edge.pre), (tip, arrow.edge.post)):
                gap = np.linalg.norm(np.subtract(point, circles[node].center)) - circles[node].radius
                assert 0.0 < gap < 0.06

    def test_a_loop_of_one_of_two_nodes_lies_above_it(self):
        loops = [arrow for arrow in arrows_of(graph_of(pair())) if arrow.edge.pre == arrow.edge.post]
        assert len(loops) == 2
        for arrow in loops:
            assert np.mean(arrow.curve, axis=0)[0] == pytest.approx(-0.62 if arrow.edge.pre == 0 else 0.62, abs=0.05)
            assert min(y for _, y in arrow.curve) > 0.0

    def test_many_edges_have_no_numbers_and_many_nodes_are_left_out(self):
        net, pops = bs.Network(seed=1), [bs.Population(5, bs.LIF(), name=f"p{k}") for k in range(50)]
        for a, b in zip(pops, pops[1:], strict=False):
            net.connect(a, b, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta())
        texts = [text.get_text() for text in plot.graph(net).texts]
        assert "5" not in texts
        assert "and 10 more populations" in texts
        assert graph_of(net).left_out == 0

    def test_connectivity(self):
        ax = plot.connectivity(balanced())
        numbers = {text.get_position(): text.get_text() for text in ax.texts}
        assert numbers == {(0, 0): "8", (1, 0): "8", (0, 1): "⊣ 4", (1, 1): "⊣ 4", (0, 2): "10"}
        shades = ax.images[0].get_array()
        assert shades[2, 0] == 1.0
        assert shades[1, 0] == pytest.approx(-np.sqrt(0.4))
        assert [t.get_text() for t in ax.get_xticklabels()] == ["exc", "inh", "sources"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("target", "source")

    def test_svg(self):
        """It is well-formed, names are escaped, and it has what the picture has."""
        cells = bs.Population(100, bs.LIF(), name="<b>&cells</b>")
        net = bs.Network(seed=1)
        net.connect(cells, cells, bs.FixedIndegree(7), weight=-1.0, delay=1.0, synapse=bs.Delta(), name="</svg>")
        root = ElementTree.fromstring(svg_of(graph_of(net)))
        assert "<b>&cells</b>" in "".join(root.itertext())
        assert "</svg>: 7 synapses of a cell, inhibits" in "".join(root.itertext())
        left, top, width, height = map(float, root.get("viewBox").split())
        for point in re.findall(r"(-?[\d.]+),(-?[\d.]+)", svg_of(graph_of(balanced()))):
            assert abs(float(point[0])) < 400.0
        for circle in root.iter("{http://www.w3.org/2000/svg}circle"):
            x, y, r = (float(circle.get(key)) for key in ("cx", "cy", "r"))
            assert left <= x - r
            assert x + r <= left + width
            assert top <= y - r
            assert y + r <= top + height


test_mistakes = mistakes(
    (lambda: plot.graph(bs.Population(5, bs.LIF())), TypeError, "graph: must be a Network", "got Population"),
    (lambda: plot.graph(bs.Network(seed=1)), ValueError, "graph: the network has no population"),
    (lambda: plot.graph(balanced(), max_nodes=0), ValueError, "graph.max_nodes: must be >= 1"),
    (lambda: plot.connectivity(None), TypeError, "connectivity: must be a Network", "got None"),
)
