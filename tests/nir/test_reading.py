"""Graphs of NIR run as the equations of their cells say."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.nir import linear
from brainsim.nir.graphs import FlatGraph
from tests.nir import reference
from tests.nir.graphs import DT, GRAPHS, chain, cuba, ends, full, graph, lif, nir

h5py = pytest.importorskip("h5py", reason="files of NIR are files of HDF5")
# of lif_exact.csv, which comes with the paper: the steps with an input, and those with a spike
PULSES = [60, 220, 270, 310, 320, 350, 370, 400, 410, 430, 440, 450, 460, 470, 480, 490, 500, 510, 520, 530]
PULSES += [*range(670, 790, 10), 840, 850]
SPIKES = [460, 510, 710, 760]


def test_the_cell_of_the_paper(tmp_path):
    tau = float(np.float32(2.5e-3))
    nodes, last = ends(1, 1)
    nodes |= {"0": nir.Affine(np.ones((1, 1)), np.zeros(1)), "1": lif(1, tau=tau, v_threshold=0.1)}
    nir.write(tmp_path / "lif.nir", graph(nodes | last, chain(*nodes, "output")))
    x = np.zeros((1000, 1))
    x[PULSES] = 1.0
    net = bs.nir.read(tmp_path / "lif.nir", inputs=x)
    result = bs.simulate(net, 100.0, dt=0.1, record=bs.Trace(net.populations["1"], "v"))
    v, expected = result.traces["1", "v"].values[1:, 0], [0.0]
    for now in x[:460, 0]:
        expected.append(expected[-1] * np.exp(-1e-4 / tau) + now * -np.expm1(-1e-4 / tau))
    np.testing.assert_allclose(v[:460], expected[1:], rtol=0.0, atol=1e-12)
    assert v[[60, 220]] == pytest.approx([0.03921056170668949, 0.03927571229132772], abs=1e-12)
    for cells, steps_behind in (("1", 1), ("output", 2)):
        assert (np.rint(result.spikes[cells].times / 0.1) - steps_behind).tolist() == SPIKES


class TestAgainstNumPy:
    @pytest.mark.thorough
    @pytest.mark.parametrize("name", GRAPHS)
    def test_all_kinds_of_nodes(self, name):
        rng = np.random.default_rng(1)
        made = GRAPHS[name](rng)
        shape = tuple(made.nodes["input"].input_type["input"])
        x = 1.0 * (rng.random((150, *shape)) < 0.1)
        self.compare(made, {"input": x})

    @pytest.mark.thorough
    def test_inputs_of_any_size(self):
        rng = np.random.default_rng(2)
        nodes, last = ends(3, 4)
        nodes |= {"delay": nir.Delay(np.array([0.0, 2 * DT, 2 * DT])), "w": nir.Linear(rng.normal(0.0, 20.0, (4, 3)))}
        nodes |= {"cuba": cuba(4), "direct": nir.Input({"input": np.array([4])})}
        made = graph(nodes | last, [*chain("input", "delay", "w", "cuba", "output"), ("direct", "output")])
        given = {"input": rng.normal(size=(100, 3)), "direct": rng.normal(size=(100, 4))}
        found = self.compare(made, given)
        assert found["cuba"].any()

    def compare(self, made, given):
        """Run a graph here and there; return name -> what its ends gave there."""
        steps, there = len(next(iter(given.values()))), FlatGraph(made)
        net = bs.nir.read(made, inputs=given, method="euler")
        quiet = [p for p in net.populations.values() if "v" in getattr(p.model, "initials", ())]
        result = bs.simulate(net, (steps + 10) * 0.1, dt=0.1, record=[bs.Trace(p, "v") for p in quiet])
        found = reference.Reference(there.nodes, there.edges, there.level, DT).run(given)
        fired = 0
        for name, values in found.items():
            values, behind = values.reshape(steps, -1), there.level[name]
            if not getattr(net.populations[name].model, "threshold", "listed"):
                trace = result.traces[name, "v"].values[behind : behind + steps]
                np.testing.assert_allclose(trace, values, rtol=0.0, atol=1e-6 * max(1.0, np.abs(values).max()), err_msg=name)
            elif type(made.nodes[name]).__name__ != "Input":
                spikes = result.spikes[name]
                at = np.zeros((steps + 20, values.shape[1]))
                at[np.rint(spikes.times / 0.1).astype(int) - behind, spikes.ids] = 1.0
                np.testing.assert_array_equal(at[:steps], values, err_msg=name)
                fired += values.sum()
        assert fired > 20
        return found

    @pytest.mark.thorough
    def test_the_solution_of_the_equations(self):
        """Exact cells, against the method of Runge and Kutta with 200 parts of a step, in which a pulse is held."""
        nodes, last = ends(1, 3)
        values = {
            "tau_syn": [1e-3, 2e-3, 3e-3],
            "tau_mem": [2e-3, 2e-3, 1e-3],
            "r": [2.0, 1.0, 3.0],
            "v_leak": [0.1, 0.0, -0.2],
        }
        arrays = {name: np.array(value) for name, value in (values | {"w_in": [1.0, 2.0, 3.0]}).items()}
        nodes |= {"w": nir.Affine(np.array([[1.0], [2.0], [0.5]]), np.array([0.0, 0.1, 0.2])), "cell": nir.CubaLI(**arrays)}
        x = np.zeros((60, 1))
        x[[3, 4, 20], 0] = 1.0
        net = bs.nir.read(graph(nodes | last, chain(*nodes, "output")), inputs=x)
        result = bs.simulate(net, 6.0, dt=0.1, record=bs.Trace(net.populations["cell"], "v"))
        tau_syn, tau_mem, r, rest, w_in = (arrays[name] for name in ("tau_syn", "tau_mem", "r", "v_leak", "w_in"))
        y, h, found = np.stack([np.zeros(3), rest]), DT / 200, []
        for now in x:
            drive = nodes["w"].weight @ now + nodes["w"].bias

            def slope(y, drive=drive):
                return np.stack([(w_in * drive - y[0]) / tau_syn, (rest - y[1] + r * y[0]) / tau_mem])

            for _ in range(200):
                k1 = slope(y)
                k2 = slope(y + 0.5 * h * k1)
                k3 = slope(y + 0.5 * h * k2)
                y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + slope(y + h * k3))
            found.append(y[1])
        np.testing.assert_allclose(result.traces["cell", "v"].values[1:], found, rtol=0.0, atol=1e-12)


def test_a_step_may_be_one_unit():
    """Sinabs and others count in steps: a cell without a leak adds up its inputs."""
    nodes, last = ends(1, 1)
    nodes |= {"if": nir.IF(**full(1, r=1.0, v_threshold=2.5))}
    made = graph(nodes | last, chain(*nodes, "output"))
    x = np.ones((10, 1))
    for reset, steps in (("value", [3, 6, 9]), ("subtract", [3, 6, 8])):
        net = bs.nir.read(made, dt=1.0, time_unit="ms", inputs=x, reset=reset)
        assert bs.simulate(net, 10.0, dt=1.0).spikes["if"].times.tolist() == steps


def test_an_input_may_be_cells():
    nodes, last = ends(2, 2)
    made = graph(nodes | {"if": nir.IF(**full(2, r=1e4, v_threshold=0.5))} | last, chain("input", "if", "output"))
    net = bs.nir.read(made, inputs=bs.Poisson(rate=100.0))
    result = bs.simulate(net, 100.0, dt=0.1, seed=1)
    assert 5 < len(result.spikes["if"]) <= len(result.spikes["input"])
    sim = bs.Simulation(bs.nir.read(made), dt=0.1)
    assert len(sim.run(10.0).spikes["if"]) == 0
    sim.set("input", times=[12.0, 15.0], ids=[0, 1])  # another input, without reading the graph again
    np.testing.assert_allclose(sim.run(10.0).spikes["if"].times, [12.1, 15.1])


def test_nothing_flows_after_the_last_step():
    """Of inputs that are more than spikes, and of one value or many."""
    nodes, last = ends(2, 2)
    made = graph(nodes | last, chain("input", "output"))
    x = np.array([[0.5, 0.0], [0.0, 2.0], [3.0, 4.0]])
    for given in (x, x[-1:]):
        net = bs.nir.read(made, inputs=given)
        v = bs.simulate(net, 1.0, dt=0.1, record=bs.Trace(net.populations["output"], "v")).traces["output", "v"].values
        np.testing.assert_allclose(v[1:], np.pad(given, [(0, 10 - len(given)), (0, 0)]))


def test_delays_in_a_row_do_not_double_what_is_kept():
    """Of two values, which come later by other delays in each node, only the sums of their own are left."""
    nodes, last = ends(2, 2)
    late = {f"late{k}": nir.Delay(DT * np.array([1.0, k])) for k in range(2, 20)}
    net = bs.nir.read(graph(nodes | late | last, chain("input", *late, "output")), inputs=np.array([[0.5, 0.25]]))
    (way,) = net.projections
    np.testing.assert_allclose(way.delay, [1.8 + 0.1, 0.1 * sum(range(2, 20)) + 0.1])
    assert len(net.inputs) == 2


def test_values_that_come_at_once_and_later():
    """Between cells that do not fire; their coupling acts at once in all pairs or in none, so there are two."""
    nodes, last = ends(2, 2)
    nodes |= {name: nir.LI(**full(2, tau=1e-3, r=1.0, v_leak=0.1)) for name in "ab"}
    nodes["delay"] = nir.Delay(np.array([0.0, 2 * DT]))
    net = bs.nir.read(graph(nodes | last, chain("input", "a", "delay", "b", "output")))
    found = {p.name: (p.rule.pre.tolist(), float(p.delay)) for p in net.projections if p.pre.name == "a"}
    assert found == {"a -> delay -> b at once": ([0], 0.0), "a -> delay -> b": ([1], pytest.approx(0.2))}
    written = bs.nir.write(net)
    assert written.nodes["delay"].delay.tolist() == [0.0, 2 * DT]
    assert [edge for edge in written.edges if "delay" in edge] == [("a", "delay"), ("delay", "b")]


def diamonds(k):
    """Return a graph in which 2**k paths lead from an input to a cell."""
    nodes, last = ends(1, 1)
    edges, before = [], "input"
    for j in range(k):
        nodes |= {f"{side}{j}": nir.Scale(np.array([0.5])) for side in "abs"}
        edges += [edge for side in "ab" for edge in ((before, f"{side}{j}"), (f"{side}{j}", f"s{j}"))]
        before = f"s{j}"
    return graph(nodes | {"cell": lif(1)} | last, [*edges, *chain(before, "cell", "output")])


def test_all_paths_count():
    net = bs.nir.read(diamonds(2))
    assert len(net.projections) == 4 + 1
    assert sum(p.weight.sum() for p in net.projections if p.post.name == "cell") == pytest.approx(4 * 0.5**4)


class TestMistakes:
    @pytest.mark.parametrize("k", [20, 300])
    def test_paths_that_double(self, k):
        with pytest.raises(
            ValueError, match=r"1,024 paths without a cell lead from 's\d+' to 'cell', and each becomes a proj"
        ):
            bs.nir.read(diamonds(k))

    def test_graphs_in_graphs(self, tmp_path):
        nodes, last = ends(1, 1)
        made = graph(nodes | {"cell": lif(1)} | last, chain("input", "cell", "output"))
        nir.write(tmp_path / "a.nir", made)
        deep = made
        for _ in range(120):
            deep = graph(nodes | {"in": deep} | last, chain("input", "in", "output"))
        with pytest.raises(ValueError, match="nir.read: a graph has at most 10,000 nodes, and 100 graphs in each other"):
            bs.nir.read(deep)
        wide = made
        for _ in range(20):
            wide = graph(nodes | {"a": wide, "b": wide} | last, chain("input", "a", "b", "output"))
        with pytest.raises(ValueError, match="nir.read: a graph has at most 10,000 nodes, and 100 graphs in each other"):
            bs.nir.read(wide)
        made.nodes["cell"] = made
        with pytest.raises(ValueError, match="nir.read: the graph 'cell' lies in itself"):
            bs.nir.read(made)
        with h5py.File(tmp_path / "a.nir", "a") as file:
            file["node/nodes/cell/nodes"] = file["node"]  # another name of the same group
        with pytest.raises(
            ValueError, match="a.nir' is not a readable graph of NIR .the group '/node/nodes/cell/nodes' lies"
        ):
            bs.nir.read(tmp_path / "a.nir")

    def test_what_lies_elsewhere_or_is_not_stored(self, tmp_path):
        nodes, last = ends(1, 1)
        made = graph(nodes | {"cell": lif(1)} | last, chain("input", "cell", "output"))
        for link, message in (
            (lambda h, tau: h.create_dataset(tau, (2**33,), "f8", chunks=(2**16,)), "tau' claims 68,719,476,736 bytes"),
            (lambda h, tau: h.__setitem__(tau, h5py.ExternalLink("b.nir", tau)), "'tau' .* is a link to another file"),
        ):
            nir.write(tmp_path / "a.nir", made)
            nir.write(tmp_path / "b.nir", made)
            with h5py.File(tmp_path / "a.nir", "a") as file:
                del file["node/nodes/cell/tau"]
                link(file, "node/nodes/cell/tau")
            with pytest.raises(ValueError, match=message):
                bs.nir.read(tmp_path / "a.nir")

    @pytest.mark.parametrize(
        ("node", "message"),
        [
            (lambda: nir.Delay(np.array([np.nan, 1e-3])), "'a', Delay, delay: must be finite"),
            (lambda: nir.Delay(np.array([-1e-3, 1e-3])), "'a', Delay, delay: must be >= 0"),
            (lambda: nir.Scale(np.array([1.0, 1.0 + 1.0j])), "'a', Scale, scale: must be a number or an array of numbers"),
            (lambda: lif(2, tau=0.01 + 1.0j), "'a', LIF, tau: must be a number or an array of numbers"),
            (lambda: nir.Linear(np.ones((2, 2)) * 1.0j), "'a', Linear, weight: must be a number or an array of numbers"),
            (lambda: nir.Linear(np.full((2, 2), np.nan)), "'a', Linear, weight: must be finite"),
            (lambda: nir.Linear(np.ones((0, 2))), r"'a', Linear, weight: has no values \(got the shape \(0, 2\)\)"),
            (lambda: nir.Affine(np.ones((2, 2)), np.zeros(3)), r"'a', Affine, bias: must have 2 values \(got 3\)"),
            (lambda: nir.Input({"input": np.array([-3])}), r"'a', Input, shape: must be >= 1 \(got -3\)"),
            (lambda: nir.Input({"input": np.array([0, 2])}), r"'a', Input, shape: must be >= 1 \(got 0\)"),
            (lambda: nir.Input({"input": np.array([2**62])}), "'a', Input, shape: has 4,611,686,018,427,387,904 cells"),
            (
                lambda: nir.Output({"output": np.array([10**6, 10**6])}),
                "'a', Output, shape: has 1,000,000,000,000 cells; a pop",
            ),
        ],
    )
    def test_values(self, node, message):
        first, last = ends(2, 2)
        with pytest.raises((TypeError, ValueError), match=f"nir.read: {message}"):
            bs.nir.read(graph(first | {"a": node()} | last, chain("input", "a", "output")))

    def test_files(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="nir.read: there is no file"):
            bs.nir.read(tmp_path / "none.nir")
        (tmp_path / "text.nir").write_text("nothing")
        with pytest.raises(ValueError, match="text.nir. is not a readable graph of NIR"):
            bs.nir.read(tmp_path / "text.nir")
        nodes, last = ends(1, 1)
        nir.write(tmp_path / "a.nir", graph(nodes | {"cell": lif(1)} | last, chain("input", "cell", "output")))
        with h5py.File(tmp_path / "a.nir", "a") as file:
            del file["node/nodes/cell/type"]
            file["node/nodes/cell/type"] = "Izhikevich"
        with pytest.raises(ValueError, match="'cell' is a node of an unknown kind, Izhikevich"):
            bs.nir.read(tmp_path / "a.nir")
        with pytest.raises(TypeError, match="nir.read.source: must be a file or a nir.NIRGraph"):
            bs.nir.read(3)

    @pytest.mark.parametrize(
        ("of", "message"),
        [
            (graph({"w": nir.Scale(np.ones(2))}, []), "no Input leads to 'w', so its shape is not known"),
            (
                graph(ends(1, 1)[0] | {"s": nir.Scale(np.array([1e308])), "cell": lif(1)}, chain("input", "s", "cell")),
                "'input -> s -> cell': Network.connect.weight: must lie within",
            ),
            (
                graph(ends(1, 1)[0] | {"cell": lif(1, tau=-1.0)}, chain("input", "cell")),
                r"'cell', LIF: LIF\w*.tau: must be > 0",
            ),
        ],
    )
    def test_a_file_is_named(self, of, message, tmp_path):
        """Also where what it holds does not fit together, or is nothing that a model takes."""
        nir.write(tmp_path / "a.nir", of)
        with pytest.raises(ValueError, match=f"nir.read: '.*a.nir': {message}"):
            bs.nir.read(tmp_path / "a.nir")
        with pytest.raises(ValueError, match=f"nir.read: {message}"):
            bs.nir.read(of)

    @pytest.mark.parametrize(
        ("start", "end", "message"),
        [(0, 2, "end_dim: must be <= 1 .got 2"), (-3, 1, "start_dim: must be >= -2"), (0, 0.5, "end_dim: must be a whole")],
    )
    def test_dimensions_that_are_not_there(self, start, end, message):
        first, last = ends((2, 3), 6)
        flat = nir.Flatten({"input": np.array([2, 3])}, 0, 1)
        flat.start_dim, flat.end_dim = start, end
        with pytest.raises(ValueError, match=f"nir.read: 'flat', Flatten: {message}"):
            bs.nir.read(graph(first | {"flat": flat} | last, chain("input", "flat", "output")))

    def test_a_kernel_for_another_shape(self):
        first, last = ends((1, 5), 3)
        nodes = first | {"conv": nir.Conv1d(7, np.ones((1, 1, 3)), 1, 0, 1, 1, np.zeros(1))} | last
        with pytest.warns(
            UserWarning, match=r"'conv', Conv1d: input_shape is 7, but what reaches it has \(5,\), which is taken"
        ):
            net = bs.nir.read(graph(nodes, chain("input", "conv", "output")))
        assert net.populations["output"].n == 3

    @pytest.mark.parametrize(
        ("middle", "edges", "message"),
        [
            (
                {"w": lambda: nir.Linear(np.ones((2, 3)))},
                ("input", "w", "output"),
                "'w', Linear, takes 3 values, but gets 2",
            ),
            ({"a": lambda: lif(3)}, ("input", "a", "output"), "'a', LIF, takes 3 values, but gets 2 from 'input'"),
            ({"a": lambda: lif(2)}, ("input", "a", "b", "output"), "an edge leads to 'b', which is not a node"),
            ({"w": lambda: nir.Linear(np.ones((2, 2)))}, ("input", "w", "w", "output"), "'w' are a cycle without a cell"),
            ({"w": lambda: nir.Linear(np.ones((2, 2)))}, ("w", "output"), "no Input leads to 'w'"),
            ({"a": lambda: lif(2)}, ("input", "a", "input"), "an edge leads from 'a' to 'input', which is an Input"),
            (
                {"p": lambda: nir.SumPool2d(*[np.array([2, 2])] * 3)},
                ("input", "p", "output"),
                r"'p', SumPool2d: Pooling.shape: must be the channels and at least one size",
            ),
        ],
    )
    def test_graphs(self, middle, edges, message):
        first, last = ends(2, 2)
        nodes = first | {name: make() for name, make in middle.items()} | last
        with pytest.raises(ValueError, match=message):
            bs.nir.read(graph(nodes, chain(*edges)))

    def test_a_kernel_that_does_not_fit(self):
        pool = nir.SumPool2d(*(np.array([k, k]) for k in (4, 1, 0)))
        with pytest.raises(ValueError, match=r"'p', SumPool2d: Pooling.shape: is \(1, 2, 2\), too small for a kernel"):
            linear.unroll("p", pool, (1, 2, 2))

    def test_inputs(self):
        nodes, last = ends(2, 2)
        made = graph(nodes | {"cell": lif(2)} | last, chain("input", "cell", "output"))
        with pytest.raises(ValueError, match=r"of 'input' must have the shape \('steps', 2\) \(got \(5, 3\)\)"):
            bs.nir.read(made, inputs=np.zeros((5, 3)))
        for wrong, message in (
            (np.zeros((0, 2)), r"must have at least one step \(got the shape \(0, 2\)\)"),
            (np.full((5, 2), np.nan), "must be finite"),
            (np.full((5, 2), 1.0j), "must be a number or an array of numbers"),
        ):
            with pytest.raises((TypeError, ValueError), match=f"nir.read.inputs: of 'input'.*{message}"):
                bs.nir.read(made, inputs=wrong)
        with pytest.raises(ValueError, match="the graph has no Input 'inptu'; did you mean 'input'"):
            bs.nir.read(made, inputs={"inptu": np.zeros((5, 2))})
        for wrong in ({"method": "rk4"}, {"time_unit": "us"}, {"reset": "none"}, {"dt": 0.0}):
            with pytest.raises(ValueError, match=f"nir.read.{next(iter(wrong))}"):
                bs.nir.read(made, **wrong)
