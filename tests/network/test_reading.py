"""Reading synapses back without a simulation: the same ones, in the same order; frames and graphs, out and in."""

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.filterwarnings("ignore:.*was rounded")

SYNAPSES = [bs.Delta(), bs.Exponential()]


def network():
    """Return a network with all rules, kinds of synapses and kinds of weights and delays."""
    a = bs.Population(40, bs.LIF(), name="a", positions=np.arange(40)[:, None] * 10.0)
    b = bs.Population(30, bs.LIF(), name="b")
    both = a[10:] + b[:20]
    net = bs.Network(seed=7)
    rules = [
        bs.FixedProbability(0.2),
        bs.FixedIndegree(4),
        bs.FixedOutdegree(3),
        bs.FixedTotal(99),
        bs.AllToAll(autapses=False),
    ]
    for k, rule in enumerate(rules):
        for source, target in ((a, b), (both, a)):
            weight, delay = (bs.Normal(2.0, 0.1), bs.Uniform(1.0, 3.0)) if k % 2 else (2.5, 1.54)
            net.connect(source, target, rule, weight=weight, delay=delay, synapse=SYNAPSES[k % 2])
    spread = bs.DistanceRule("exp(-d/50)")
    net.connect(a, a, spread, weight="2*exp(-d/100)", delay="1 + d/200", synapse=SYNAPSES[0], name="near")
    net.connect(a[:5], b[:5], bs.OneToOne(), weight=[1.0, 2.0, 3.0, 4.0, 5.0], delay=2.0, synapse=SYNAPSES[0])
    pairs = bs.FromArrays([3, 0, 0, 3], [1, 2, 2, 0])
    net.connect(a, b, pairs, weight=[4.0, 3.0, 2.0, 1.0], delay=[4.0, 3.0, 2.0, 1.0], synapse=SYNAPSES[1])
    net.connect(
        a, b, bs.FixedProbability(0.1), weight=1.0, delay=1.0, synapse=SYNAPSES[0], storage="procedural", name="again"
    )
    stdp = bs.STDP(w_max=9.0)
    weight = bs.Uniform(1.0, 2.0)
    net.connect(a, both, bs.FixedIndegree(6), weight=weight, delay=2.0, synapse=SYNAPSES[0], plasticity=stdp, name="plastic")
    return net


@pytest.fixture(scope="module")
def net():
    return network()


@pytest.fixture(scope="module")
def sim(net):
    return bs.Simulation(net, seed=1)


class TestSynapses:
    @pytest.mark.thorough
    def test_are_those_of_the_simulation(self, net, sim):
        for projection in net.projections:
            table, expected = projection.synapses(), sim.synapses(projection)
            assert (table.n_pre, table.n_post) == (expected.n_pre, expected.n_post)
            for column in ("pre", "post", "weight", "delay"):
                assert np.array_equal(getattr(table, column), getattr(expected, column)), (projection, column)
            assert len(table) > 0

    def test_do_not_need_the_network_to_be_there(self):
        assert len(network().projections[0].synapses()) == len(network().synapses("a->b"))

    def test_delays_are_multiples_of_dt(self, net):
        assert set(net.synapses("a->b", dt=0.5).delay) == {1.5}
        assert set(net.synapses("a->b").delay) == {1.5}
        assert set(net.synapses("a->b", dt=0.02).delay) == {1.54}

    @pytest.mark.thorough
    def test_weights_that_have_changed_are_those_of_the_simulation(self, net):
        sim = bs.Simulation(net, seed=1)
        sim.set("plastic", w=3.0)
        assert sim.synapses("plastic").weight.max() == 3.0
        assert net.synapses("plastic").weight.max() < 2.0

    def test_rewired_projections_list_their_own(self, net):
        sim = bs.Simulation(net, seed=1)
        sim.rewire("a->b", remove=sim.synapses("a->b").pre > 0)
        assert set(sim.network.synapses("a->b").pre) == {0}

    @pytest.mark.parametrize("method", ["synapses", "to_sparse", "to_frame"])
    def test_unknown_projection(self, net, method):
        pytest.importorskip("pandas")
        with pytest.raises(bs.MissingName, match=rf"Network.{method}: no projection 'a->c' in this network.*'a->a'|'a->b'"):
            getattr(net, method)("a->c")

    def test_projection_of_another_network(self, net):
        with pytest.raises(bs.MissingName, match="no projection"):
            net.synapses(network().projections[0])

    @pytest.mark.parametrize("dt", [0.0, -1.0, "0.1", None])
    def test_wrong_dt(self, net, dt):
        with pytest.raises((ValueError, TypeError), match=r"Projection.synapses.dt: must be"):
            net.projections[0].synapses(dt)

    def test_sparse(self, net, sim):
        table = sim.synapses("again")
        matrix = net.to_sparse("again")
        assert matrix.shape == (40, 30)
        assert matrix.sum() == pytest.approx(table.weight.sum())
        assert net.to_sparse("again", "delay").max() == 1.0
        with pytest.raises(bs.MissingName, match="no values named 'length'"):
            net.to_sparse("again", "length")


class TestFrames:
    @pytest.fixture
    def pandas(self):
        return pytest.importorskip("pandas")

    def test_there_and_back(self, pandas, net):
        for projection in net.projections[:6]:
            frame = net.to_frame(projection)
            assert list(frame) == ["pre", "post", "weight", "delay"]
            copy = bs.Network(seed=3)
            again = copy.connect(projection.pre, projection.post, bs.FromFrame(frame), synapse=projection.synapse)
            for name in frame:
                assert np.array_equal(getattr(again.synapses(), name), frame[name])

    def test_of_all_projections_counts_within_populations(self, pandas, net):
        frame = net.to_frame()
        assert list(frame) == ["projection", "from", "pre", "to", "post", "weight", "delay"]
        assert len(frame) == sum(len(p.synapses()) for p in net.projections)
        part = frame[(frame.projection == "plastic") & (frame.to == "b")]
        table = net.synapses("plastic")
        assert np.array_equal(part.post, table.post[table.post >= 30] - 30)
        part = frame[(frame.projection == "plastic") & (frame.to == "a")]
        assert np.array_equal(part.post, table.post[table.post < 30] + 10)

    def test_of_a_network_without_projections(self, pandas):
        assert len(bs.Network(seed=1).to_frame()) == 0

    def test_other_columns_and_the_index_do_not_matter(self, pandas):
        table = {"post": [3, 2], "pre": [1, 0], "kind": ["x", "y"], "weight": [1, 2]}
        frame = pandas.DataFrame(table, index=[9, 9])
        for given in (frame, frame[["pre", "post", "weight"]].astype(float), table):
            rule = bs.FromFrame(given)
            assert (rule.pre.tolist(), rule.post.tolist(), rule.weight.tolist(), rule.delay) == (
                [1, 0],
                [3, 2],
                [1.0, 2.0],
                None,
            )
        assert repr(rule) == "FromFrame(2 pairs, with weight)"

    def test_other_tables(self):
        array = np.array([(0, 1, 2.5)], dtype=[("pre", int), ("post", int), ("delay", float)])
        assert bs.FromFrame(array).delay.tolist() == [2.5]
        pyarrow = pytest.importorskip("pyarrow")
        assert bs.FromFrame(pyarrow.table({"pre": [0], "post": [1]})).post.tolist() == [1]

    def test_connect_may_be_given_others(self):
        cells = bs.Population(4, bs.LIF(), name="cells")
        rule = bs.FromFrame({"pre": [0, 1], "post": [1, 2], "weight": [1.0, 2.0], "delay": [1.0, 2.0]})
        wires = bs.Network(seed=1).connect(cells, cells, rule, weight=7.0, delay=3.0, synapse=bs.Delta())
        assert (wires.weight, wires.delay) == (7.0, 3.0)

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ([[0, 1]], r"FromFrame.frame: must be a table with columns, such as a pandas.DataFrame \(got a list\)"),
            ({"pre": [0]}, r"FromFrame.frame: must have the columns pre and post \(got pre\)"),
            ({}, r"must have the columns pre and post \(got none\)"),
            ({"source": [0], "target": [1]}, r"\(got source, target\); rename source to pre and target to post, "),
            ({"pre": [0, 1], "post": [0]}, r"FromFrame.post: must be as long as pre, 2 \(got 1\)"),
            ({"pre": [0.5], "post": [0]}, r"FromFrame.pre: must be"),
            ({"pre": [-1], "post": [0]}, r"FromFrame.pre: must be"),
            ({"pre": ["a"], "post": [0]}, r"FromFrame.pre: must be"),
            ({"pre": [0, None], "post": [0, 1]}, r"FromFrame.pre: must"),
            ({"pre": [0.0, np.nan], "post": [0, 1]}, r"FromFrame.pre: must not contain missing values \(got one in row 1\)"),
            ({"pre": [0], "post": [0], "weight": [np.nan]}, r"FromFrame.weight: must not contain missing values"),
            ({"pre": [0], "post": [0], "weight": [1.0, 2.0]}, r"FromFrame.weight: must be as long as pre, 1"),
            ({"pre": [0], "post": [0], "delay": ["fast"]}, r"FromFrame.delay: must be"),
        ],
    )
    def test_mistakes(self, table, message):
        with pytest.raises((ValueError, TypeError), match=message):
            bs.FromFrame(table)

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ({"pre": [0], "post": [4]}, "FromFrame.post: 4 is beyond 'cells', whose 4 cells are 0 to 3"),
            (
                {"pre": [0], "post": [1]},
                "Network.connect.weight: missing; give weight=..., in mV. Only the matrices of FromSparse",
            ),
            (
                {"pre": [0], "post": [1], "weight": [1]},
                r"Network.connect.delay: missing; give delay=1.5 \(ms\). Only tables for FromFrame",
            ),
            ({"pre": [0], "post": [1], "weight": [1], "delay": [0]}, "Network.connect.delay: must be > 0 ms"),
        ],
    )
    def test_mistakes_of_connect(self, table, message):
        cells, net = bs.Population(4, bs.LIF(), name="cells"), bs.Network(seed=1)
        with pytest.raises((ValueError, TypeError), match=message):
            net.connect(cells, cells, bs.FromFrame(table), synapse=bs.Delta())
        assert net.projections == ()


class TestGraphs:
    @pytest.fixture
    def networkx(self):
        return pytest.importorskip("networkx")

    def test_of_cells(self, networkx, net):
        graph = net.to_networkx()
        assert graph.number_of_nodes() == 70
        assert graph.number_of_edges() == sum(len(p.synapses()) for p in net.projections)
        assert graph.nodes["b", 3] == {"population": "b", "index": 3}
        table = net.synapses("plastic")
        edges = [(s, t, e) for s, t, e in graph.edges(data=True) if e["projection"] == "plastic"]
        s, t, edge = next(e for e in edges if e[0] == ("a", int(table.pre[0])) and e[1][1] == int(table.post[0]) + 10)
        assert edge == {"weight": table.weight[0], "delay": 2.0, "projection": "plastic"}

    def test_of_populations(self, networkx, net):
        graph = net.to_networkx("populations")
        assert dict(graph.nodes(data=True)) == {"a": {"n": 40, "model": "LIF"}, "b": {"n": 30, "model": "LIF"}}
        assert graph.edges["a", "b", "again"]["rule"] == "FixedProbability(0.1)"

    def test_wrong_kind_of_nodes(self, networkx, net):
        with pytest.raises(ValueError, match=r"Network.to_networkx.of: must be 'cells' or 'populations' \(got 'synapses'\)"):
            net.to_networkx("synapses")

    def test_graph_as_a_rule(self, networkx):
        graph = networkx.DiGraph()
        graph.add_nodes_from(range(4))
        graph.add_edge(0, 3, weight=2.0)
        cells = bs.Population(4, bs.LIF(), name="cells")
        rule = bs.FromSparse(networkx.to_scipy_sparse_array(graph))
        wires = bs.Network(seed=1).connect(cells, cells, rule, delay=1.0, synapse=bs.Delta())
        assert (wires.synapses().pre.tolist(), wires.synapses().post.tolist()) == ([0], [3])


@pytest.mark.parametrize(
    ("module", "use"),
    [
        ("pandas", lambda net: net.to_frame()),
        ("pandas", lambda net: net.to_frame("again")),
        ("networkx", lambda net: net.to_networkx()),
    ],
)
def test_without_the_package(monkeypatch, net, module, use):
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ImportError, match=rf"needs {module}; pip install {module}$"):
        use(net)


def test_cells_count_within_the_view_or_within_the_population():
    cells = bs.Population(30, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    wires = net.connect(cells[[7, 3, 20]], cells[10:], bs.FixedIndegree(2), weight=0.5, delay=1.0, synapse=bs.Delta())
    rule = bs.STDP(w_max=1.0)
    both = net.connect(
        cells[:2] + cells[5:7], cells, bs.AllToAll(), weight=0.5, delay=1.0, synapse=bs.Delta(), plasticity=rule
    )
    sim = bs.Simulation(net, seed=2)
    for table in (wires.synapses(), sim.synapses(wires)):
        assert np.array_equal(table.pre_cells, np.array([7, 3, 20])[table.pre])
        assert np.array_equal(table.post_cells, table.post + 10)
        assert table.pre.max() < 3
    table = sim.synapses(both)
    assert np.array_equal(table.pre_cells, np.array([0, 1, 5, 6])[table.pre])
    assert table.post_cells is table.post
