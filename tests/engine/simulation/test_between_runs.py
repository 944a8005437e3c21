"""What happens between two runs: Ctrl-C, drawn values that stay, `forget`, and what must not be silent."""

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

    class Noted(bs.LIF):  # what begins with an underscore may be called as one likes
        _treshold = "v >= 1"

    assert Noted() == Noted()

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
