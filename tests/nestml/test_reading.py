"""Models in NESTML are classes that do what their statements say."""

import sys
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from tests.nestml import models

pytestmark = pytest.mark.thorough


def RISE(t):
    return 3.0 * (np.exp(-t / 10) - np.exp(-t))


@pytest.fixture
def read(tmp_path):
    pytest.importorskip("pynestml", reason="models in NESTML need pynestml: pip install nestml")

    def of_text(text, **options):
        path = tmp_path / "model.nestml"
        path.write_text(text, encoding="utf-8")
        return bs.nestml.read(path, **options)

    return of_text


def run(cell, time, current=0.0, spikes=(), record=(), dt=0.1):
    """Return the result of a cell with a constant current and spikes (port, times of arrival, weight)."""
    cells = bs.Population(1, cell(), name="cell")
    net = bs.Network(seed=1)
    net.add(cells)
    if current:
        net.stimulate(cells, bs.CurrentInput(current))
    for port, times, weight in spikes:
        source = bs.Population(1, bs.SpikeTrains([np.array(times) - 1.0]), name=port)
        net.connect(source, cells, bs.AllToAll(), weight=weight, delay=1.0, synapse=cell.ports[port])
    return bs.simulate(net, time, dt=dt, record=[bs.Trace(cells, name) for name in record])


class TestCells:
    def test_a_timer_becomes_a_refractory_time(self, read):
        cell = read(models.CURRENT)
        assert (cell.threshold, cell.reset, cell.refractory, cell.frozen) == ("v >= V_th", "v = V_reset", "refr_T", ("v",))
        assert cell.exc_spikes.arrival == "I_exc = I_exc + w"
        assert (cell.parameters["C_m"].default, cell.parameters["C_m"].unit) == (250.0, "pF")
        assert cell.parameters["V_reset"].default == -65.0
        assert cell.parameters["tau_m"].meaning == "membrane time constant"
        with pytest.raises(ValueError, match="C_m > 0 must hold"):
            cell(C_m=-1.0)

    def test_it_fires_as_a_built_in_one(self, read):
        given = {"current": 450.0, "spikes": [("exc_spikes", [12.0, 13.5, 40.0], 300.0)], "record": ["v", "V_m"]}
        mine = run(read(models.CURRENT), 100.0, **given)
        lif = bs.LIF(c_m=250.0, tau_m=10.0, v_rest=-70.0, v_th=-55.0, v_reset=-65.0, t_ref=2.0)
        cells = bs.Population(1, lif, name="cell", initial={"v": -70.0})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(450.0))
        source = bs.Population(1, bs.SpikeTrains([[11.0, 12.5, 39.0]]), name="source")
        net.connect(source, cells, bs.AllToAll(), weight=300.0, delay=1.0, synapse=bs.Exponential(tau=2.0))
        built_in = bs.simulate(net, 100.0, record=bs.Trace(cells, "v"))
        assert len(built_in.spikes["cell"]) == 6
        np.testing.assert_array_equal(mine.spikes["cell"].times, built_in.spikes["cell"].times)
        np.testing.assert_allclose(mine.traces["cell", "v"].values, built_in.traces["cell", "v"].values, rtol=1e-12)
        np.testing.assert_array_equal(mine.traces["cell", "V_m"].values, mine.traces["cell", "v"].values)

    def test_a_timer_that_is_read_stays_a_variable(self, read):
        cell = read(models.COUNTER)
        assert cell.refractory is None
        result = run(cell, 12.0, spikes=[("spikes", [2.0, 4.0, 4.1, 8.0], 16.0)], record=["left", "seen"])
        # the counter is 0 again in the step in which the second one arrives, and the cell is refractory when the third does
        assert result.spikes["cell"].times.tolist() == pytest.approx([2.0, 4.0, 8.0])
        left, seen = (result.traces["cell", name].values[:, 0] for name in ("left", "seen"))
        assert left[[19, 20, 21, 39, 40, 60]].tolist() == [0, 20, 19, 1, 20, 0]
        assert seen[[40, 41, 120]].tolist() == [0, 1, 1]

    def test_initial_values_may_count_steps(self, read):
        cell = read(models.COUNTER.replace("left integer = 0", "left integer = counts - 1"))
        assert run(cell, 1.0, record=["left"], dt=0.5).traces["cell", "left"].values[0, 0] == 3.0

    def test_two_reasons_for_a_spike(self, read):
        result = run(read(models.TWICE), 2.1, spikes=[("spikes", [1.3, 1.7], 1.0)], record=["seen"])
        assert result.spikes["cell"].times.tolist() == pytest.approx([1.0, 1.7, 2.0])
        assert result.traces["cell", "seen"].values[[12, 13, 16, 17], 0].tolist() == [0.0, 1.0, 1.0, 0.0]

    def test_otherwise_means_that_the_condition_did_not_hold(self, read):
        result = run(read(models.OTHERWISE), 0.6, record=["left", "waited"])
        left, waited = (result.traces["cell", name].values[:, 0].tolist() for name in ("left", "waited"))
        assert result.spikes["cell"].times.tolist() == pytest.approx([0.1, 0.5])
        assert left == [0.0, 3.0, 2.0, 1.0, 0.0, 3.0, 2.0]
        assert waited == [0.0, 0.0, 1.0, 2.0, 3.0, 3.0, 4.0]

    def test_a_random_threshold(self, read):
        escape = "onCondition(refr_t <= 0 ms and random_uniform(0, 1) < resolution() / 5 ms)"
        cell = read(models.CURRENT.replace("onCondition(refr_t <= 0 ms and V_m >= V_th)", escape))
        assert (cell.threshold, cell.each_step, cell.events) == ("rand() < dt / 5", "", {})
        cell = read(models.COUNTER.replace("onCondition(V_m >=", "onCondition(random_uniform(0, 1) < 0.5 and V_m >="))
        assert (cell.threshold, cell.reset[:7]) == ("rand() < 0.5 and v >= V_th", "v = E_L")

    def test_a_peak_in_place_of_a_threshold(self, read):
        cell = read(models.CHANNEL, method="rk4")
        result = run(cell, 30.0, current=300.0, record=["v", "I_K"])
        v = result.traces["cell", "v"].values[:, 0]
        peaks = np.flatnonzero((v[1:] < v[:-1]) & (v[1:] > -65.0)) + 1
        assert peaks.size
        np.testing.assert_allclose(result.spikes["cell"].times, 0.1 * peaks)

    @pytest.mark.parametrize(("declared", "current", "response"), [
        (["k = exp(-t / tau)"], "convolve(k, exc)", lambda t: np.exp(-t / 10)),
        (["k = (e / tau) * t * exp(-t / tau)"], "convolve(k, exc)", lambda t: np.e / 10 * t * np.exp(-t / 10)),
        (["k = scale * (exp(-t / tau) - exp(-t / rise))"], "2 * convolve(k, exc)", RISE),
        (["g' = g$ - g / tau,\n               g$' = -g$ / rise"], "convolve(g, exc)", lambda t: RISE(t) / 0.9),
    ], ids=["exponential", "alpha", "difference", "equations"])  # fmt: skip
    def test_kernels(self, read, declared, current, response):
        result = run(read(models.kernels(*declared, current=current)), 20.0, spikes=[("exc", [5.0], 2.0)], record=["I_syn"])
        trace = result.traces["cell", "I_syn"]
        later = trace.times > 4.95
        np.testing.assert_allclose(trace.values[later, 0], 2.0 * response(trace.times[later] - 5.0), atol=1e-12)
        assert not trace.values[~later].any()

    def test_impulses_and_two_ports_of_one_kernel(self, read):
        text = models.kernels("k = exp(-t / tau)", "d = delta(t)", current="convolve(k, exc) - convolve(k, inh)")
        text = text.replace("I_syn * 1 mV/ms", "I_syn * 1 mV/ms + 3 mV/ms * convolve(d, inh)")
        cell = read(text)
        assert cell.exc.arrival == "k = k + w"
        assert {*cell.inh.arrival.split("; ")} == {"k_inh = k_inh + w", "v = v + 3.0*w"}
        with pytest.raises(ValueError, match="the port inhibits, so weights must not be negative"):
            bs.PoissonInput(rate=1.0, weight=-1.0, synapse=cell.inh)


def test_methods_suit_the_equations(read):
    kernel = models.kernels("k = exp(-t / tau)", current="convolve(k, exc)")
    curved = kernel.replace("-V_m / tau", "-V_m * convolve(k, exc) / tau")
    for text, method in ((kernel, "exact"), (curved, "rk4"), (models.CHANNEL, "exponential_strang")):
        assert run(read(text), 1.0, spikes=[("exc", [1.0], 1.0)] * ("exc" in text)).stats["methods"] == {"cell": method}


def test_a_synapse_is_a_rule(read):
    rule = read(models.PAIR)
    assert rule.plasticity_equations.post_traces == ("post_trace",)
    sources = bs.Population(1, bs.SpikeTrains([[10.0, 60.0]]), name="sources")
    targets = bs.Population(1, bs.SpikeTrains([[20.0, 25.0, 55.0]]), name="targets")
    # listed spikes cannot be targets: cells that fire at them
    cells = bs.Population(1, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(targets, cells, bs.OneToOne(), weight=1000.0, delay=1.0, synapse=bs.Delta())
    options = {"weight": 1.0, "delay": 1.0, "dendritic_delay": "all", "synapse": bs.Delta(), "plasticity": rule()}
    wires = net.connect(sources, cells, bs.AllToAll(), **options)
    sim = bs.Simulation(net)
    sim.run(100.0)
    # post spikes are back at 22, 27 and 57 ms; the second of them does not pair
    post = [22.0, 27.0, 57.0]
    fallen = 0.1 * sum(np.exp(-(60.0 - t) / 20.0) for t in post)
    assert sim.synapses(wires).weight[0] == pytest.approx(1.0 + 0.1 * np.exp(-12.0 / 20.0) - fallen, abs=1e-9)


MODELS = Path(sys.prefix) / "models"  # where the wheel of NESTML puts its own


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(MODELS.glob("*/*.nestml")), ids=lambda path: path.stem)
def test_models_that_come_with_nestml(path):
    pytest.importorskip("pynestml", reason="models in NESTML need pynestml: pip install nestml")
    model = bs.nestml.read(path)
    assert issubclass(model, bs.Neuron if "neuron" in path.stem else bs.Plasticity)
    model()
