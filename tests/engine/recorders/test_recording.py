"""What is recorded: windows, means over cells, lines of the equations, inputs, and spikes of a part of a run."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.recorders import traces as traces_module
from brainsim.engine.recorders.reduced import BLOCK, SUM, Stretch


def network(n=300, model=None):
    cells = bs.Population(n, model or bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -55.0)})
    other = bs.Population(170, bs.LIF(), name="other", initial={"v": bs.Uniform(-65.0, -55.0)})
    net = bs.Network(seed=1)
    ampa = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")
    net.connect(other, cells, bs.FixedIndegree(20), weight=1.0, delay=1.5, synapse=ampa)
    net.stimulate(other, bs.PoissonInput(rate=10_000.0, weight=0.3, synapse=bs.Delta()), name="noise")
    net.stimulate(cells, bs.CurrentInput("100 + 50*sin(0.5*t)"), name="wave")
    return net


def record(*traces, net=None, duration=30.0, **settings):
    return bs.simulate(net or network(), duration, seed=2, record=list(traces), **settings).traces


class TestWindows:
    @pytest.mark.parametrize("every", [None, 0.1, 0.7, 3.0])
    @pytest.mark.parametrize(("start", "stop"), [(None, 12.0), (12.0, None), (5.0, 12.05), (0.0, 30.0), (40.0, 50.0)])
    @pytest.mark.filterwarnings("ignore:.*is not a multiple of dt")
    def test_a_part_of_the_samples(self, every, start, stop, monkeypatch):
        monkeypatch.setattr("brainsim.engine.loop.progress.Pace.steps", lambda self, left: min(left, 70))
        net = network()
        cells = net.populations["cells"][:3]
        whole = record(bs.Trace(cells, "v", every=every), net=net)["cells", "v"]
        part = record(bs.Trace(cells, "v", every=every, start=start, stop=stop), net=net)["cells", "v"]
        inside = (whole.times >= (start or 0.0) - 1e-9) & (whole.times <= (stop or 30.0) + 1e-9)
        assert np.array_equal(part.times, whole.times[inside])
        assert np.array_equal(part.values, whole.values[inside])

    def test_weights(self):
        cells = bs.Population(50, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        net = bs.Network(seed=1)
        wires = net.connect(
            cells, cells, bs.FixedIndegree(5), weight=0.5, delay=1.5, synapse=bs.Delta(), plasticity=bs.STDP(w_max=1.0)
        )
        net.stimulate(cells, bs.CurrentInput(400.0))
        every = {"synapses": 4, "every": 7.0}
        whole = bs.simulate(net, 60.0, seed=2, record=bs.WeightTrace(wires, **every)).weights[wires]
        part = bs.simulate(net, 60.0, seed=2, record=bs.WeightTrace(wires, **every, start=10.0, stop=40.0)).weights[wires]
        assert part.times.tolist() == [14.0, 21.0, 28.0, 35.0, 40.0]
        assert np.array_equal(part.values[:4], whole.values[2:6])
        late = bs.simulate(net, 60.0, seed=2, record=bs.WeightTrace(wires, **every, start=50.0)).weights[wires]
        assert late.times.tolist() == [56.0]


class TestSpikeRecord:
    def test_the_last_part(self):
        net = network()
        whole = bs.simulate(net, 30.0, seed=2).spikes
        part = bs.simulate(net, 30.0, seed=2, spikes=bs.SpikeRecord(start=20.0)).spikes
        for name in ("cells", "other"):
            assert part[name] == whole[name].between(20.0)
        assert len(part["other"]) > 0

    @pytest.mark.parametrize("to", [None, "part/"])
    def test_a_spike_at_the_start_is_outside_and_one_at_the_stop_inside(self, to, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        source = bs.Population(2, bs.SpikeTrains([5.0, 7.0, 10.0, 12.0], [0, 0, 0, 0]), name="source")
        net = bs.Network(seed=1)
        net.add(source)
        kept = [source, bs.SpikeRecord(source[:1], start=5.0, stop=10.0)]
        found = bs.simulate(net, 15.0, seed=2, spikes=kept, to=to).spikes
        assert found["source"].times.tolist() == [5.0, 7.0, 10.0, 12.0]
        assert found["source[0]"].times.tolist() == [7.0, 10.0]

    def test_no_memory_for_others(self):
        net = network()
        sim = bs.Simulation(
            net, seed=2, spikes=[net.populations["other"][:5], bs.SpikeRecord(net.populations["cells"], stop=9.0)]
        )
        result = sim.run(30.0)
        assert sim._run.log.store.rows["spikes.step.u4"] == sum(map(len, result.spikes.values()))
        whole = bs.simulate(net, 30.0, seed=2).spikes
        assert np.array_equal(result.spikes["other[0:5]"].times, whole["other"].of(slice(5)).times)
        assert result.spikes["cells"] == whole["cells"].between(0.0, 9.0)


@pytest.mark.usefixtures("more_partitions")
class TestReduce:
    @pytest.mark.parametrize("reduce", ["mean", "sum", "std"])
    @pytest.mark.parametrize("some", [slice(None), slice(1), slice(7, 7 + BLOCK), slice(3, 250), [280, 5, 90, 91, 150, 20]])
    def test_any_cells_in_short_chunks_on_two_threads(self, reduce, some, monkeypatch):
        net = network()
        cells = net.populations["cells"]
        cells = cells if some == slice(None) else cells[some]
        request = bs.Trace(cells, "v", every=0.5, reduce=reduce)
        key = (cells, f"{reduce}(v)")
        whole = record(request, net=net, threads=1)[key]
        full = record(bs.Trace(cells, "v", every=0.5), net=net, threads=1)["cells", "v"].values
        np.testing.assert_allclose(whole.values[:, 0], getattr(full, reduce)(axis=1), rtol=1e-12, atol=1e-12)
        monkeypatch.setattr(traces_module, "SAMPLE_ROOM", 300)  # many short chunks
        sim = bs.Simulation(net, seed=2, record=request, threads=2)
        sim.run(7.3), sim.run(22.7)
        assert sim.result().traces[key] == whole

    def test_a_sample_has_a_number_for_64_cells(self):
        """And one for each cell of a block that lies in two partitions."""
        assert Stretch.of(0, 640, 640, SUM).width == 10
        assert Stretch.of(5, 133, 640, SUM).width == 59 + 1 + 5

    def test_of_large_numbers(self):
        """The spread of values far from 0 does not drown."""
        net = network()
        sim = bs.Simulation(net, seed=2, record=bs.Trace(net.populations["cells"], "v", reduce="std", start=0.1))
        v = sim.state["cells"]["v"]
        v[:] = 1e9 + np.arange(300) % 2
        result = sim.run(0.1)
        assert 0.4 < result.traces["cells", "std(v)"].values[0, 0] <= 0.5 or v.max() < 1e8

    @pytest.mark.thorough
    def test_single_precision_and_lines(self):
        net = network()
        cells = net.populations["cells"]
        requests = [bs.Trace(cells, "v", reduce="mean"), bs.Trace(cells, "ampa.current", reduce="sum")]
        requests += [bs.Trace(cells, "ampa.current")]
        found = record(*requests, net=net, threads=2, precision="single")
        current = found["cells", "ampa.current"].values
        np.testing.assert_allclose(found["cells", "sum(ampa.current)"].values[:, 0], current.sum(axis=1), rtol=1e-12)


class Adaptive(bs.Neuron):
    """A cell with lines."""

    equations = """
        dv/dt = (v_rest - v + gain*drive)/tau_m + I/c_m
        dw/dt = -w/tau_w
        drive = exp(-away/width**2) - w
        away = (v - v_rest)**2
    """
    threshold = "v > v_th"
    reset = "v = v_rest"
    v_rest: float = bs.parameter(-65.0, "mV", "rest")
    gain: float = bs.parameter(1.0, "mV", "gain")
    width: float = bs.parameter(10.0, "mV", "width")
    v_th: float = bs.parameter(-50.0, "mV", "threshold")
    tau_m: float = bs.parameter(20.0, "ms", "time constant")
    tau_w: float = bs.parameter(100.0, "ms", "time constant")
    c_m: float = bs.parameter(200.0, "pF", "capacitance")
    v: float = bs.initial("v_rest", "mV", "potential")
    w: float = bs.initial(0.5, "1", "adaptation")


class TestLines:
    def test_of_a_neuron(self):
        net = network(40, Adaptive(gain=np.linspace(1.0, 2.0, 40)))
        cells = net.populations["cells"]
        names = ("v", "w", "away", "drive", "I", "I_ext", "ampa.g", "ampa.current")
        found = record(*(bs.Trace(cells[10:20], name, every=0.5) for name in names), net=net, threads=2)
        v, w, away, drive, total, injected, g, current = (found["cells", name].values for name in names)
        np.testing.assert_allclose(away, (v + 65.0) ** 2, rtol=1e-12)
        np.testing.assert_allclose(drive, np.exp(-away / 100.0) - w, rtol=1e-12)
        np.testing.assert_allclose(current, g * (0.0 - v), rtol=1e-12)
        np.testing.assert_allclose(total, injected + current, rtol=1e-12)
        assert found["cells", "I"].unit == found["cells", "ampa.current"].unit == "pA"
        assert injected[0, 0] == 0.0
        times = found["cells", "I_ext"].times[1:] - 0.05  # the middle of the step that ends at the sample
        np.testing.assert_allclose(injected[1:, 3], 100.0 + 50.0 * np.sin(0.5 * times), rtol=1e-9)

    @pytest.mark.thorough
    def test_ionic_currents(self):
        cells = bs.Population(3, bs.HodgkinHuxley(), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(500.0))
        result = bs.simulate(net, 20.0, seed=1, record=[bs.Trace(cells, name) for name in ("v", "alpha_m")])
        v, alpha = (result.traces["cells", name].values for name in ("v", "alpha_m"))
        assert np.ptp(alpha) > 0.1
        assert np.corrcoef(v.ravel(), alpha.ravel())[0, 1] > 0.5

    def test_the_newest_parameters(self):
        net = network(40, Adaptive())
        sim = bs.Simulation(net, seed=2, record=[bs.Trace(net.populations["cells"][:2], n) for n in ("v", "away")])
        sim.run(5.0)
        sim.set("cells", v_rest=-70.0)
        result = sim.run(5.0)
        v, away = (result.traces["cells", name].values for name in ("v", "away"))
        np.testing.assert_allclose(away, (v + 70.0) ** 2, rtol=1e-12)


class TestInputs:
    def test_current_and_rate(self):
        net = network()
        cells, other = net.populations["cells"], net.populations["other"]
        sim = bs.Simulation(net, seed=2, record=[bs.Trace(cells[3:6], "wave", every=0.5), bs.Trace(other[:2], "noise")])
        first = sim.run(10.0)
        wave = first.traces["cells", "wave"]
        assert wave.unit == "pA"
        np.testing.assert_allclose(wave.values[:, 1], 100.0 + 50.0 * np.sin(0.5 * (wave.times + 0.05)), rtol=1e-9)
        assert first.traces["other", "noise"].unit == "Hz"
        assert (first.traces["other", "noise"].values == 10_000.0).all()
        sim.set("noise", rate=5_000.0)
        assert (sim.run(10.0).traces["other", "noise"].values == 5_000.0).all()


class TestEvents:
    @pytest.mark.usefixtures("more_partitions")
    def test_when_a_condition_becomes_true(self, monkeypatch, tmp_path):
        net = network()
        cells = net.populations["cells"]
        v = record(bs.Trace(cells[7:60], "v"), net=net)["cells", "v"]
        true = v.values > -59.0
        at, ids = np.nonzero(true[1:] & ~true[:-1])
        request = bs.EventRecord(cells[7:60], "v > v_rest + 6*(v_th - v_rest)/15", name="up")
        whole = bs.simulate(net, 30.0, seed=2, record=request)
        assert np.array_equal(whole.spikes["up"].times, v.times[1:][at])
        assert np.array_equal(whole.spikes["up"].ids, ids)
        assert len(ids) > 20
        monkeypatch.setattr(traces_module, "SAMPLE_ROOM", 300)
        sim = bs.Simulation(net, seed=2, record=request, threads=2)
        sim.run(7.3), sim.run(0.1), sim.run(22.6)
        assert sim.result().spikes == whole.spikes
        streamed = bs.simulate(net, 30.0, seed=2, record=request, threads=3, to=tmp_path / "run.npz")
        assert streamed.spikes == whole.spikes == bs.Result.load(tmp_path / "run.npz").spikes

    def test_currents_and_lines(self):
        net = network(40, Adaptive())
        cells = net.populations["cells"]
        result = bs.simulate(
            net, 30.0, seed=2, record=[bs.EventRecord(cells, "I_ext > 120"), bs.EventRecord(cells, "away > 9*t")]
        )
        assert (result.spikes["cells: I_ext > 120"].counts() == 3).all()


MISTAKES = [
    (lambda cells: bs.EventRecord(3, "v > 0"), TypeError, "EventRecord.cells: must be a population or a view"),
    (lambda cells: bs.EventRecord(cells, 3), TypeError, "EventRecord.condition: must be a string"),
    (lambda cells: bs.Trace(cells, "v", start=-1.0), ValueError, r"Trace.start: must be >= 0 ms \(got -1"),
    (lambda cells: bs.Trace(cells, "v", start=5.0, stop=5.0), ValueError, r"Trace.stop: must be > start, 5 ms \(got 5 ms\)"),
    (lambda cells: bs.Trace(cells, "v", reduce="max"), ValueError, "Trace.reduce: must be None, 'mean', 'sum' or 'std' "),
    (lambda cells: bs.SpikeRecord("cells"), TypeError, r"SpikeRecord.cells: must be a population or a view \(got 'cells'\)"),
    (lambda cells: bs.SpikeRecord(cells, start="now"), TypeError, "SpikeRecord.start: must be"),
    (lambda cells: bs.SpikeRecord(stop=-1.0), ValueError, "SpikeRecord.stop: must be >= 0 ms"),
]


@pytest.mark.parametrize(("make", "kind", "message"), MISTAKES)
def test_mistakes(make, kind, message):
    with pytest.raises(kind, match=message):
        make(network().populations["cells"])


RUNNING = [
    (lambda a, b: [bs.EventRecord(a, "u > 1")], "EventRecord.condition: unknown name 'u'"),
    (lambda a, b: [bs.EventRecord(a, "v + 1")], "EventRecord.condition: "),
    (lambda a, b: [bs.EventRecord(a, "v > 1", name="other")], "other spikes or events already have this name"),
    (lambda a, b: [bs.Trace(a, "v"), bs.Trace(a[:3], "v", start=5.0)], "another trace of this variable has another window"),
    (lambda a, b: [bs.Trace(a[:3], "alpha_m")], r"'cells' has no variable 'alpha_m'"),
    (lambda a, b: [bs.Trace(a[:3], "ampa.curent")], r"did you mean 'ampa.current'"),
    (lambda a, b: [bs.Trace(a[:3], "noise")], "the input 'noise' does not reach all of these cells"),
    (
        lambda a, b: [bs.Trace(a[:3].named("x"), "v", reduce="mean"), bs.Trace(a[3:].named("x"), "v", reduce="mean")],
        r"another trace has the name 'x'; give these cells a name of their own",
    ),
]


@pytest.mark.parametrize(("make", "message"), RUNNING)
def test_mistakes_of_a_network(make, message):
    net = network()
    with pytest.raises((ValueError, bs.MissingName), match=message):
        record(*make(net.populations["cells"], net.populations["other"]), net=net)


def test_texts():
    cells = network().populations["cells"]
    assert repr(bs.Trace(cells[:3], "v", start=1.0, reduce="sum")) == "Trace(cells[0:3], 'v', start=1.0, reduce='sum')"
    assert repr(bs.SpikeRecord(start=1.0)) == "SpikeRecord(start=1.0)"
    assert repr(bs.SpikeRecord(cells, stop=1.0)) == "SpikeRecord(cells, stop=1.0)"
