"""Networks become graphs of NIR, and the graphs of NIR what they were."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.ann.conversion.spiking import Readout
from brainsim.nir.graphs import FlatGraph
from tests.nir.graphs import GRAPHS, chain, cuba, ends, graph, lif, nir

NOT_COMPARED = ("metadata", "input_type", "output_type", "input_shape")


def parts(made):
    """Return the nodes of a graph with their arrays, and its edges, with nested graphs taken apart."""
    flat, nodes = FlatGraph(made), {}
    for name, node in flat.nodes.items():
        kind = type(node).__name__
        values = {key: np.asarray(value).tolist() for key, value in vars(node).items() if key not in NOT_COMPARED}
        if kind in ("Input", "Output"):
            values["shape"] = np.asarray(next(iter(vars(node)[f"{kind.lower()}_type"].values()))).tolist()
        if kind not in ("Input", "Output") or name in flat.ends:  # others are the ends of graphs in the graph
            nodes[name] = kind, values
    ways, edges = [(a, b) for a, b in flat.edges if a in nodes], set()
    for a, b in ways:
        if b in nodes:
            edges.add((a, b))
        else:
            ways += [(a, after) for before, after in flat.edges if before == b]
    return nodes, edges


class TestReadAndWritten:
    @pytest.mark.parametrize("name", GRAPHS)
    def test_a_graph_stays_as_it_is(self, name, tmp_path):
        made = GRAPHS[name](np.random.default_rng(1))
        first = bs.nir.read(made)
        found = bs.nir.write(first, tmp_path / "a.nir")
        second = bs.nir.read(tmp_path / "a.nir")
        nodes, edges = parts(made)
        # cells that are connected to themselves are a graph of their own
        cycle = {"cuba": "cuba.lif", "back": "cuba.back"} if name == "everything else" else {}
        expected = {cycle.get(key, key): value for key, value in nodes.items()}
        assert parts(found) == (expected, {tuple(cycle.get(end, end) for end in edge) for edge in edges})
        again = bs.nir.write(second)
        assert parts(again) == parts(found)
        here, there = ({q.name: q for q in net.projections} for net in (bs.nir.read(found), second))
        assert here.keys() == there.keys()
        for key, q in here.items():
            assert np.array_equal(q.rule.pre, there[key].rule.pre), key
            assert np.array_equal(q.rule.post, there[key].rule.post), key
            assert np.array_equal(q.weight, there[key].weight), key
            assert np.array_equal(q.delay, there[key].delay), key

    def test_graphs_in_graphs(self):
        inner_ends, last = ends(3, 3), ends(3, 3)[1]
        inner = graph(
            inner_ends[0] | {"lif": lif(3), "w_rec": nir.Linear(np.eye(3))} | inner_ends[1],
            [*chain("input", "lif", "output"), *chain("lif", "w_rec", "lif")],
        )
        made = graph(last | {"b": lif(3), "a": inner} | ends(3, 3)[0], chain("input", "a", "b", "output"))
        net = bs.nir.read(made)
        assert [*net.populations] == ["input", "a.lif", "b", "output"]
        assert {p.name for p in net.projections} == {
            "input -> a.lif",
            "a.lif -> a.w_rec -> a.lif",
            "a.lif -> b",
            "b -> output",
        }
        found = bs.nir.write(net)
        assert {*found.nodes} == {*made.nodes}
        assert parts(found) == parts(made)

    def test_an_edge_with_the_name_of_no_node(self):
        """Two files of the paper call a node lif1 and lead edges to lif."""
        first, last = ends(2, 2)
        with pytest.warns(UserWarning, match="edges name 'lif', which is not a node; they are taken as those of 'lif1'"):
            net = bs.nir.read(graph(first | {"lif1": lif(2)} | last, chain("input", "lif", "output")))
        assert "lif1" in net.populations


def network(model, synapse, weight, **more):
    net = bs.Network(seed=1)
    given = bs.Population(20, bs.SpikeTrains(np.empty(0), np.empty(0, int)), name="input")
    hidden, out = (bs.Population(n, model, name=name) for n, name in ((15, "hidden"), (5, "out")))
    for pre, post, delay in ((given, hidden, 0.1), (hidden, hidden, 0.3), (hidden, out, 0.5)):
        rule = bs.FixedProbability(0.5)
        net.connect(pre, post, rule, weight=weight, delay=delay, synapse=synapse, **more)
    return net


class TestNetworks:
    @pytest.mark.thorough
    def test_cells_without_a_leak_fire_the_same_spikes(self):
        """The jumps are the same, so spikes are; delays beyond a step become Delays."""
        net = network(bs.IF(c_m=1.0, v_th=-64.0, v_reset=-65.0, t_ref=0.0), bs.Delta(), bs.Normal(0.2, 0.3))
        net.stimulate(net.populations["out"], bs.CurrentInput(0.05))
        made = bs.nir.write(net)
        kinds = {name: type(node).__name__ for name, node in FlatGraph(made).nodes.items()}
        assert kinds["hidden.lif"] == kinds["out"] == "IF"
        assert [kind for name, kind in kinds.items() if name.endswith("_delay")] == ["Delay", "Delay"]
        rng = np.random.default_rng(1)
        times, ids = np.sort(rng.integers(0, 500, 800)) * 0.1, rng.integers(0, 20, 800)
        sim = bs.Simulation(net)
        sim.set("input", times=times, ids=ids)
        there = bs.simulate(bs.nir.read(made, inputs=bs.SpikeTrains(times, ids)), 60.0, dt=0.1)
        here = sim.run(60.0)
        for name, same in (("hidden", "hidden.lif"), ("out", "out")):
            assert len(here.spikes[name]) > 50
            np.testing.assert_array_equal(here.spikes[name].ids, there.spikes[same].ids)
            np.testing.assert_allclose(here.spikes[name].times, there.spikes[same].times, atol=1e-9)

    def test_the_numbers_of_leaky_cells(self):
        model = bs.LIF(tau_m=10.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-60.0, t_ref=0.0)
        net = network(model, bs.Delta(), 1.0)
        net.stimulate(net.populations["out"], bs.CurrentInput(100.0))
        made = bs.nir.write(net)
        cell, weights = made.nodes["out"], made.nodes["hidden_to_out"]
        assert type(weights).__name__ == "Affine"
        for name, value in (("tau", 0.01), ("r", 1.0), ("v_leak", 0.0), ("v_threshold", 15.0), ("v_reset", 5.0)):
            np.testing.assert_allclose(getattr(cell, name), np.full(5, value), err_msg=name)
        np.testing.assert_allclose(weights.bias, np.full(5, 100.0 * 10.0 / 200.0))
        np.testing.assert_allclose(np.unique(weights.weight), [0.0, 1.0 * 10.0 / 0.1])
        smooth = bs.nir.write(network(model, bs.Exponential(tau=2.0), 1.0), time_unit="ms").nodes["out"]
        for name, value in (("tau_syn", 2.0), ("tau_mem", 10.0), ("r", 100.0), ("w_in", 2.0 / 200.0), ("v_threshold", 15.0)):
            np.testing.assert_allclose(getattr(smooth, name), np.full(5, value), err_msg=name)

    @pytest.mark.thorough
    def test_smooth_currents_act_as_they_do_here(self):
        """With small steps, the potentials are the same, a step later."""
        net = bs.Network(seed=1)
        given = bs.Population(1, bs.SpikeTrains([1.0, 3.0], [0, 0]), name="input")
        cell = bs.Population(1, bs.LI(tau_m=10.0, c_m=200.0, v_rest=0.0), name="cell")
        net.connect(given, cell, bs.AllToAll(), weight=100.0, delay=0.01, synapse=bs.Exponential(tau=2.0))
        made = bs.nir.write(net, dt=0.01)
        there = bs.nir.read(made, dt=0.01, inputs=given.model)
        v = []
        for each in (net, there):
            result = bs.simulate(each, 20.0, dt=0.01, record=bs.Trace(each.populations["cell"], "v"))
            v.append(result.traces["cell", "v"].values[:, 0])
        np.testing.assert_allclose(v[0], v[1], atol=0.01 * v[0].max())

    @pytest.mark.thorough
    def test_a_trained_network(self):
        rng = np.random.default_rng(1)
        times, labels = rng.uniform(10.0, 20.0, (150, 8)), rng.integers(0, 2, 150)
        times[labels == 1, :4] -= 8.0
        times[labels == 0, 4:] -= 8.0
        layer = bs.learn.Layer(30, learns="tau_m", weight=(1.0, 0.7))
        net = bs.learn.SpikingNetwork(layer, epochs=10, learning_rate=0.02, duration=40.0, validation=0.0, dt=0.1)
        net.fit(times[:120], labels[:120])
        made, same, fired = bs.nir.write(net.to_network(times[0]), dt=net.dt), 0, np.zeros(2)
        for x, label in zip(times[120:], net.predict(times[120:]), strict=True):
            steps = np.zeros((400, 8))
            steps[np.ceil(x / 0.1 - 1e-9).astype(int), np.arange(8)] = 1.0
            there = bs.nir.read(made, inputs=steps)
            result = bs.simulate(there, 40.0, dt=0.1, record=bs.Trace(there.populations["output"], "v"))
            same += result.traces["output", "v"].values.mean(axis=0).argmax() == label
            fired += len(result.spikes["hidden0"]), len(net.activity(x[None])["hidden0"])
        assert same >= 29  # of 30: here spikes are found within a step
        assert abs(fired[0] - fired[1]) < 0.02 * fired[1]

    @pytest.mark.thorough
    def test_a_converted_network(self):
        data = bs.ann.datasets.digits()
        trained = bs.ann.MLP((16,), seed=1, epochs=3).fit(data.X_train[:500], data.y_train[:500])
        converted = bs.ann.convert(trained, data.X_train[:100], encoder="poisson")
        with pytest.warns(UserWarning, match="'hidden1' is reset by subtraction"):
            made = bs.nir.write(converted.network)
        here = converted.network_for(data.X_test[0], 32, seed=3)
        there = bs.nir.read(made, dt=1.0, reset="subtract", inputs=here.populations["input"].model)
        sim = bs.Simulation(there, dt=1.0)
        sim.state["hidden1"]["v"] = here.populations["hidden1"].initial["v"]
        found, expected = sim.run(32.0).spikes["hidden1"], bs.simulate(here, 32.0, dt=1.0).spikes["hidden1"]
        assert len(expected) > 50
        np.testing.assert_array_equal(found.ids, expected.ids)
        np.testing.assert_array_equal(found.times, expected.times)


class TestMistakes:
    @pytest.mark.parametrize(
        ("model", "synapse", "more", "message"),
        [
            (bs.LIF(), bs.Delta(), {}, "NIR has no refractory time; 'hidden' has t_ref = 2.0, which must be 0"),
            (bs.AdEx(), bs.Delta(), {}, "NIR has no node for AdEx, of 'hidden'; it has LIF, LI and IF"),
            (bs.LIF(t_ref=0.0), bs.Alpha(), {}, "synapses onto 'hidden' must all be Delta, or all one Exponential"),
            (bs.LIF(t_ref=0.0), bs.Delta(), {"plasticity": bs.STDP(w_max=9.0)}, "NIR has no plasticity, which"),
        ],
    )
    def test_what_the_format_lacks(self, model, synapse, more, message):
        with pytest.raises(ValueError, match=message):
            bs.nir.write(network(model, synapse, 1.0, **more))

    def test_inputs_and_arguments(self):
        net = network(bs.LIF(t_ref=0.0), bs.Delta(), 1.0)
        net.stimulate(net.populations["hidden"], bs.PoissonInput(rate=10.0, weight=1.0, synapse=bs.Delta()))
        with pytest.raises(ValueError, match="NIR has no node for PoissonInput.* of 'hidden'; constant currents can be"):
            bs.nir.write(net)
        with pytest.raises(TypeError, match="nir.write.network: must be a Network"):
            bs.nir.write(3)
        with pytest.raises(ValueError, match="nir.write.time_unit: there is no 'us'"):
            bs.nir.write(net, time_unit="us")

    @pytest.mark.parametrize(
        "given",
        [
            bs.CurrentInput(10.0, start=5.0),
            bs.CurrentInput(10.0, stop=5.0),
            bs.CurrentInput([10.0, 0.0], times=[0.0, 5.0]),
            bs.CurrentInput([10.0, 20.0, 10.0], times=[0.0, 5.0, 6.0]),
            bs.CurrentInput(10.0 * np.eye(2, 15), times=[0.0, 5.0]),
            bs.CurrentInput([10.0], times=[5.0]),
            bs.CurrentInput("10*sin(2*pi*t/125)"),
        ],
        ids=["start", "stop", "step", "pulse", "by cell", "late", "expression"],
    )
    def test_currents_that_change(self, given):
        net = network(bs.LIF(t_ref=0.0), bs.Delta(), 1.0)
        net.stimulate(net.populations["hidden"], given)
        with pytest.raises(ValueError, match="NIR has no node for CurrentInput.* of 'hidden'; constant currents can be"):
            bs.nir.write(net)

    @pytest.mark.parametrize("given", [([10.0, 0.0], [0.0, 5.0]), ([10.0], [5.0])], ids=["step", "late"])
    def test_currents_of_a_user_beside_a_readout(self, given):
        """Only the current that a conversion gives to a layer for the time of a sample is written as constant."""
        net = network(bs.LIF(t_ref=0.0), bs.Delta(), 1.0)
        net.add(bs.Population(2, Readout(), name="output"))
        net.stimulate(net.populations["hidden"], bs.CurrentInput(given[0], times=given[1]))
        with pytest.raises(ValueError, match="NIR has no node for CurrentInput.* of 'hidden'"):
            bs.nir.write(net)

    def test_listed_currents_that_are_constant(self):
        written = []
        for given in (bs.CurrentInput(10.0), bs.CurrentInput([10.0, 10.0], times=[0.0, 5.0])):
            net = network(bs.LIF(t_ref=0.0), bs.Delta(), 1.0)
            net.stimulate(net.populations["hidden"], given)
            written.append(parts(bs.nir.write(net)))
        assert written[0] == written[1]

    def test_delays_of_single_synapses(self):
        net = bs.Network(seed=1)
        cells = bs.Population(4, bs.IF(t_ref=0.0), name="cells")
        net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=bs.Uniform(0.5, 2.0), synapse=bs.Delta())
        with pytest.raises(ValueError, match="'cells->cells' has a delay for each synapse; NIR has one for each source"):
            bs.nir.write(net)

    def test_without_nir(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "nir", None)
        with pytest.raises(ImportError, match=r"nir.read: needs nir; pip install nir"):
            bs.nir.read("a.nir")


def test_cuba_cells_with_two_equal_times():
    """What a pulse adds has a limit if both time constants are equal."""
    first, last = ends(2, 2)
    near = cuba(2, tau_syn=np.array([2e-3, 2e-3 * (1.0 + 1e-7)]), v_threshold=1e9)
    x = np.ones((10, 2))
    net = bs.nir.read(graph(first | {"cell": near} | last, chain("input", "cell", "output")), inputs=x)
    v = bs.simulate(net, 2.0, record=bs.Trace(net.populations["cell"], "v")).traces["cell", "v"].values[-1]
    assert v[0] > 0.1
    assert v[0] == pytest.approx(v[1], rel=1e-6)
