"""What happens between two runs: set, Ctrl-C, drawn values that stay, and what must not be silent."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest

import brainsim as bs
from brainsim.models.values import Uniform


def driven(amplitude=400.0, n=10, **model):
    cells = bs.Population(n, bs.LIF(**model), name="cells")
    net = bs.Network(seed=1)
    drive = bs.CurrentInput(amplitude)
    net.stimulate(cells, drive)
    return net, cells, drive


@pytest.fixture(autouse=True)
def _ctrl_c_works():
    """A process that was started in the background ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def run_for_ever(sim):
    while True:
        sim.run(0.1)


def test_ctrl_c_ends_a_loop_of_short_runs_and_keeps_what_was_recorded():
    net, _, _ = driven()
    sim = bs.Simulation(net, seed=1)
    sim.run(1.0)
    press_ctrl_c_after(0.3)
    with pytest.raises(KeyboardInterrupt):
        run_for_ever(sim)
    done = sim.result()
    assert done.duration == pytest.approx(sim.time)
    assert done.duration > 1.0
    assert sim.run(10.0).start == pytest.approx(done.duration)


def test_ctrl_c_in_simulate_returns_what_there_is():
    net, _, _ = driven(n=2000)
    bs.simulate(net, 1.0, seed=1)
    press_ctrl_c_after(0.5)
    with pytest.warns(UserWarning, match="stopped by Ctrl-C after"):
        result = bs.simulate(net, 1e7, seed=1)
    assert 0 < result.duration < 1e7
    assert len(result.spikes["cells"]) > 0


def test_what_decays_under_euler_ends_at_zero():
    class Plain(bs.Neuron):
        equations = "dv/dt = (-v + I)/20"
        dimensions = False
        threshold = "v >= 100"
        method = "euler"
        v: float = bs.initial(1.0, "mV", "potential")

    cells = bs.Population(8, Plain(), name="cells")
    source = bs.Population(1, bs.SpikeTrains(times=[1.0], ids=[0]), name="source")
    net = bs.Network(seed=1)
    net.connect(source, cells, bs.AllToAll(), weight=1.0, delay=0.1, synapse=bs.Exponential(tau=2.0))
    sim = bs.Simulation(net, seed=1)
    sim.run(2000.0)
    assert not sim.state["cells"]["exponential.i"].any()
    sim.run(18_000.0)
    assert not sim.state["cells"]["v"].any()


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


@pytest.mark.thorough
def test_a_drawn_synapse_keeps_its_numbers_when_others_join():
    def taus(more):
        net, cells, _ = driven()
        if more:
            net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=bs.Alpha())
        drawn = bs.Exponential(tau=Uniform(3.0, 6.0), name="ampa")
        net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=drawn)
        member = bs.Simulation(net, seed=1)._layout.members["cells"]
        return member.values[f"r{member.synapses.index(drawn)}_tau"]

    assert np.array_equal(taus(False), taus(True))


def test_receptors_have_names_of_their_own():
    net, cells, _ = driven()
    for synapse in (bs.Exponential(tau=1.0), bs.Exponential(tau=2.0), bs.Exponential(tau=3.0, name="exponential_2")):
        net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=synapse)
    names = list(bs.Simulation(net, seed=1).state["cells"])
    assert sorted(names) == ["exponential.i", "exponential_2.i", "exponential_3.i", "v"]


def test_two_synapses_of_one_name_are_refused():
    net, cells, _ = driven()
    for tau in (1.0, 2.0):
        synapse = bs.Exponential(tau=tau, name="ampa")
        net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=synapse)
    with pytest.raises(ValueError, match="two different synapses are named 'ampa'"):
        bs.Simulation(net, seed=1)


@pytest.mark.thorough
def test_the_leak_stays_exact_beside_a_nonlinear_receptor():
    class NMDA(bs.Synapse):
        equations = "dg/dt = -g/tau"
        arrival = "g = g + w"
        current = "g*(0 - v)/(1 + exp(-0.062*v)/3.57)"
        dimensions = False
        weight_unit = "nS"
        tau: float = bs.parameter(100.0, "ms", "decay time", above=0.0)

    def potential(with_receptor):
        net, cells, _ = driven(300.0, v_th=1000.0)
        if with_receptor:
            net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=NMDA())
        sim = bs.Simulation(net, dt=1.0, seed=1)
        result = sim.run(20.0)
        return sim.state["cells"]["v"][0], result.stats["methods"]["cells"]

    exact, silent = potential(False), potential(True)
    assert (exact[1], silent[1]) == ("exact", "exponential_euler")
    assert silent[0] == pytest.approx(exact[0], abs=1e-9)


def test_drawn_refractory_times_are_rounded_without_a_word():
    net, _, _ = driven(t_ref=Uniform(1.0, 3.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bs.Simulation(net, seed=1).run(10.0)


def test_the_seconds_of_a_piece_are_its_own():
    net, _, _ = driven()
    sim = bs.Simulation(net, seed=1)
    pieces = [sim.run(200.0).stats["run"] for _ in range(4)]
    assert sim.result().stats["run"] == pytest.approx(sum(pieces), abs=5e-6)  # each is rounded to a microsecond
    sim.reset()
    piece = sim.run(10.0)
    assert sim.result().stats["run"] == pytest.approx(piece.stats["run"], abs=5e-6)


def test_class_attributes_without_effect_are_refused():
    with pytest.raises(TypeError, match=r"Quick.tau_m: a plain value does not replace the parameter"):

        class Quick(bs.LIF):
            tau_m = 5.0

    with pytest.raises(TypeError, match=r"Typo.treshold: no such attribute of a model; did you mean 'threshold'"):

        class Typo(bs.Neuron):
            equations = "dv/dt = -v/10"
            treshold = "v >= 1"
            v: float = bs.initial(0.0, "mV", "potential")

    with pytest.raises(TypeError, match="variables of a synapse start at 0"):

        class Started(bs.Synapse):
            equations = "dg/dt = -g/5"
            arrival = "g = g + w"
            g: float = bs.initial(1.0, "nS", "conductance")


def test_a_reset_may_use_algebraic_names():
    class Jump(bs.Neuron):
        equations = """
            dv/dt = I
            floor_v = 0.5*bottom
        """
        dimensions = False
        threshold = "v >= 1"
        reset = "v = floor_v"
        method = "euler"
        bottom: float = bs.parameter(-4.0, "mV", "twice the reset")
        v: float = bs.initial(1.0, "mV", "potential")

    cells = bs.Population(1, Jump(), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, seed=1)
    sim.run(0.1)
    assert sim.state["cells"]["v"][0] == -2.0


def test_powers_of_powers_stay_short():
    class Power(bs.Neuron):
        equations = f"dv/dt = -1e-9*{'(' * 9}v{')**4' * 9}"
        dimensions = False
        method = "euler"
        v: float = bs.initial(1.0, "mV", "potential")

    cells = bs.Population(1, Power(), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, seed=1)
    assert len(sim._layout.groups[0].kernel.text) < 10_000
    sim.run(1.0)
    assert sim.state["cells"]["v"][0] == pytest.approx(1.0 - 1e-9, abs=1e-12)


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


class TestForget:
    @staticmethod
    def simulation(**options):
        net, cells, _ = driven()
        net.connect(cells, cells, bs.FixedIndegree(3), weight=0.5, delay=1.5, synapse=bs.Delta(), plasticity=bs.STDP())
        record = [bs.Trace(cells, "v", every=0.7), bs.WeightTrace(net.projections[0], every=4.0)]
        return bs.Simulation(net, seed=1, record=[*record, bs.EventRecord(cells, "v > -52", name="high")], **options)

    @staticmethod
    def parts(result):
        arrays = {
            (kind, *np.atleast_1d(key)): part
            for kind in ("spikes", "traces", "weights")
            for key, part in getattr(result, kind).items()
        }
        return {key: (part.times.tobytes(), vars(part).get("values", np.empty(0)).tobytes()) for key, part in arrays.items()}

    @pytest.mark.parametrize("threads", [1, 2])
    def test_what_comes_is_as_in_a_piece(self, threads, tmp_path):
        whole = self.simulation(threads=threads)
        whole.run(25.0)
        piece = self.parts(whole.run(30.0))
        sim = self.simulation(threads=threads)
        sim.run(10.0)
        sim.forget()
        assert (sim.time, sim.result().start, sim.result().duration) == (10.0, 10.0, 0.0)
        assert not len(sim.result().spikes["cells"])
        sim.run(15.0)
        sim.forget()
        sim.run(12.0)
        loaded = bs.Simulation.load(
            sim.network, sim.save(tmp_path / "run.ckpt"), record=sim._settings.record, threads=threads
        )
        for one in (sim, loaded):
            one.run(18.0)
            assert (one.result().start, one.result().duration) == (25.0, 30.0)
            assert self.parts(one.result()) == piece
        sim.reset()
        sim.run(25.0)
        assert self.parts(sim.run(30.0)) == piece

    def test_before_a_run_there_is_nothing(self):
        sim, other = self.simulation(), self.simulation()
        sim.forget()
        assert self.parts(sim.run(10.0)) == self.parts(other.run(10.0))

    def test_not_during_a_run_and_not_on_the_disk(self, tmp_path):
        with pytest.raises(RuntimeError, match="forget: cannot be called by a callback"):
            self.simulation().run(10.0, every=5.0, callback=lambda sim: sim.forget())
        with self.simulation(to=tmp_path / "run.npz") as sim, pytest.raises(RuntimeError, match=r"goes to '.*run.npz'"):
            sim.forget()
