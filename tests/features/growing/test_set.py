"""Parameters and inputs that are set between two runs: they act, and what is refused changes nothing."""

import numpy as np
import pytest

import brainsim as bs


def driven(amplitude=400.0, n=10, **model):
    cells = bs.Population(n, bs.LIF(**model), name="cells")
    net = bs.Network(seed=1)
    drive = bs.CurrentInput(amplitude)
    net.stimulate(cells, drive)
    return net, cells, drive


def test_a_failed_set_changes_nothing():
    net, cells, drive = driven()
    poisson = bs.PoissonInput(rate=10.0, weight=1.0, synapse=bs.Delta())
    net.stimulate(cells, poisson)
    sim = bs.Simulation(net, seed=1)
    with pytest.raises(ValueError, match="PoissonInput.synapse: cannot change"):
        sim.set(poisson, synapse=bs.Exponential())
    with pytest.raises(ValueError, match="do not fit"):
        sim.set(drive, amplitude=np.zeros(3))
    with pytest.raises(ValueError, match="so zero steps"):
        sim.set(cells, tau_m=5.0, t_ref=0.02)
    sim.set(poisson, rate=5.0)
    sim.run(10.0)


def test_a_network_that_grows_later_does_not_touch_the_simulation():
    net, cells, drive = driven()
    sim = bs.Simulation(net, seed=1)
    first = sim.run(50.0).spikes["cells"]
    other = bs.Population(5, bs.LIF(), name="other")
    net.stimulate(other, bs.CurrentInput(1000.0))
    sim.reset()
    sim.set(drive, amplitude=400.0)
    assert sim.run(50.0).spikes["cells"] == first


def test_cells_are_coupled_step_by_step():
    """What the message about a current without spikes says: the coupling is a current that is held over each step."""
    g, dt, v = 5.0, 0.1, np.array([-60.0, -70.0])
    model = bs.LI(tau_m=20.0, c_m=200.0, v_rest=-65.0)
    cells, net = bs.Population(2, model, name="cells", initial={"v": v}), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([0.0] * cells.n), name="gap")
    sim = bs.Simulation(net, dt=dt, seed=1, threads=1)
    for _ in range(20):
        sim.set("gap", amplitude=g * (sim.state["cells"]["v"][::-1] - sim.state["cells"]["v"]))
        sim.run(dt)
        goal = -65.0 + g * (v[::-1] - v) * 20.0 / 200.0
        v = goal + (v - goal) * np.exp(-dt / 20.0)
        np.testing.assert_allclose(sim.state["cells"]["v"], v, rtol=1e-13)
    assert v[0] - v[1] < 10.0 * np.exp(-2.0 / 20.0 - 2 * g * 2.0 / 200.0) * 1.01


def test_what_a_loop_computes_may_be_small(tmp_path):
    """Currents and weights that decay to nothing are not mistaken for values in SI units, nor those of a checkpoint."""
    net, cells, drive = driven(np.zeros(10))
    wires = net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=bs.Exponential(), name="wires")
    sim = bs.Simulation(net, seed=1)
    sim.set(drive, amplitude=np.full(10, 1e-9))
    sim.set(wires, weight=1e-9)
    sim.set(cells, c_m=1e-9)
    sim.rewire(wires, pre=[0], post=[1], weight=1e-9)
    sim.save(tmp_path / "run.ckpt")
    again = bs.Simulation.load(net, tmp_path / "run.ckpt")
    assert again.synapses("wires").weight.max() == 1e-9


def test_a_change_that_is_rejected_changes_nothing():
    net, cells, _ = driven(0.0)
    net.stimulate(cells, bs.PoissonInput(rate="2000 + 0*t", weight=1.0, synapse=bs.Delta()), name="noise")
    sim, same = bs.Simulation(net, seed=1), bs.Simulation(net, seed=1)
    for rate in (1e23, bs.TimedArray([1e23], 1.0)):
        with pytest.raises(ValueError, match=r"noise.rate: 0.001\*rate\*dt <= 1e9 must hold \(rate = 1e\+23, dt = 0.1\)"):
            sim.set("noise", rate=rate)
    assert sim.run(20.0).spikes == same.run(20.0).spikes


def test_a_row_of_the_state_that_a_user_keeps_stays_that_of_the_run():
    """Other weights, synapses or spikes must not leave the user with a row that nothing reads."""
    net, cells, _ = driven(0.0)
    net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=bs.Delta(), name="wires")
    net.add(bs.Population(2, bs.SpikeTrains([], []), name="source"))
    sim = bs.Simulation(net, seed=1)
    v = sim.state["cells"]["v"]
    sim.set("source", times=[1.0, 1.0], ids=[0, 1])
    sim.rewire("wires", pre=[0], post=[1])
    sim.set("wires", weight=2.0)
    v[:3] = -40.0
    sim.run(1.0)
    assert np.flatnonzero(sim.result().spikes["cells"].counts()).tolist() == [0, 1, 2]
    assert np.shares_memory(v, sim.state["cells"]["v"])


class TestOneValueForEachCell:
    """A parameter that was one number may get one for each cell; the population then has another kernel."""

    @staticmethod
    def network(**model):
        cells = bs.Population(40, bs.LIF(**model), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        alike = bs.Population(30, bs.LIF(), name="alike", initial={"v": bs.Uniform(-65.0, -50.0)})
        source = bs.Population(8, bs.Poisson(rate="20 + 10*sin(t/20)"), name="source")
        net = bs.Network(seed=1)
        exponential = bs.Exponential(tau=4.0)
        for pre, post in ((cells, alike), (alike, cells)):
            net.connect(pre, post, bs.FixedIndegree(5), weight=30.0, delay=1.5, synapse=exponential)
        net.connect(source, cells, bs.FixedIndegree(3), weight=9.0, delay=1.0, synapse=exponential)
        net.stimulate(alike + cells, bs.PoissonInput(rate=3000.0, weight=25.0, synapse=exponential))
        return net

    @staticmethod
    def bits(result):
        names = ("cells", "alike", "source")
        spikes = [part.tobytes() for name in names for part in (result.spikes[name].times, result.spikes[name].ids)]
        return spikes + [result.state[name]["v"].tobytes() for name in names[:2]]

    @pytest.mark.slow_but("[double]")
    @pytest.mark.thorough_but("[double]")
    @pytest.mark.parametrize("precision", ["double", "single"])
    def test_as_if_it_had_been_an_array_from_the_start(self, precision, tmp_path):
        tau, threshold = np.linspace(10.0, 30.0, 40), np.linspace(-52.0, -48.0, 40)
        found, expected = [], []
        for threads in (1, 2):
            sim = bs.Simulation(self.network(), seed=2, threads=threads, precision=precision)
            first = sim.run(30.0)
            sim.set("cells", tau_m=tau)
            sim.run(20.3)
            sim.set("cells", v_th=threshold, tau_m=np.full(40, 15.0))
            path = sim.save(tmp_path / "run.ckpt")
            sim.run(30.0)
            found.append(self.bits(sim.result()))
            loaded = bs.Simulation.load(self.network(), path, threads=3 - threads)
            loaded.run(30.0)
            found.append(self.bits(loaded.result()))
            sim.reset()
            assert self.bits(sim.run(30.0)) == self.bits(first)
            sim = bs.Simulation(self.network(tau_m=np.full(40, 20.0), v_th=np.full(40, -50.0)), seed=2, precision=precision)
            assert self.bits(sim.run(30.0)) == self.bits(first)
            sim.set("cells", tau_m=tau)
            sim.run(20.3)
            sim.set("cells", v_th=threshold, tau_m=15.0)
            sim.run(30.0)
            expected.append(self.bits(sim.result()))
        assert found == [expected[0]] * 4

    def test_it_acts_on_each_cell(self):
        cells = bs.Population(3, bs.LIF(t_ref=2.0), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(600.0))
        sim = bs.Simulation(net, seed=1)
        assert len(set(sim.run(200.0).spikes["cells"].counts())) == 1
        sim.set(cells, t_ref=[2.0, 20.0, 60.0])
        counts = sim.run(200.0).spikes["cells"].counts()
        assert counts[0] > counts[1] > counts[2] > 0

    def test_of_rates_that_change_in_time(self):
        source = bs.Population(200, bs.Poisson(rate="20 + 10*sin(t/20)"), name="source")
        net = bs.Network(seed=1)
        net.add(source)
        sim = bs.Simulation(net, seed=1, threads=2)
        sim.run(20.0)
        sim.set(source, rate="where(i < 100, 100, 0)")
        ids = sim.run(200.0).spikes["source"].ids
        assert ids.size == pytest.approx(2000, abs=180)
        assert ids.max() < 100
        sim.set(source, rate=np.where(np.arange(200) < 100, 0.0, 50.0))
        ids = sim.run(200.0).spikes["source"].ids
        assert ids.size == pytest.approx(1000, abs=130)
        assert ids.min() >= 100
