"""Runs with a callback, and runs until a condition is true: same bits, nothing lost, and what a callback may do."""

import signal

import numpy as np
import pytest

import brainsim as bs


@pytest.fixture
def net():
    cells = bs.Population(50, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -55.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(5), weight=2.0, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=10_000.0, weight=0.3, synapse=bs.Delta()), name="noise")
    return net


def simulation(net, **settings):
    return bs.Simulation(net, seed=2, record=[bs.Trace(net.populations["cells"][:3], "v", every=0.7)], **settings)


def same(a, b):
    return a.spikes == b.spikes and a.traces == b.traces and (a.start, a.duration) == (b.start, b.duration)


class TestCallback:
    @pytest.mark.parametrize(("every", "look"), [(0.1, False), (3.3, True), (100.0, True), (400.0, False)])
    def test_same_bits_as_one_run(self, net, every, look):
        seen, whole, sim = [], simulation(net).run(100.0), simulation(net)

        def callback(sim):
            seen.append(sim.time)
            if look and len(seen) % 7 == 1:
                assert sim.result().duration == sim.time

        result = sim.run(100.0, every=every, callback=callback)
        assert len(whole.spikes["cells"]) > 50
        assert same(result, whole)
        assert same(sim.result(), whole)
        np.testing.assert_allclose(seen, every * np.arange(1, int(100.0 / every + 1e-9) + 1))

    def test_a_second_piece_counts_from_its_beginning(self, net):
        seen, sim = [], simulation(net)
        first = sim.run(7.0)
        second = sim.run(10.0, every=4.0, callback=lambda sim: seen.append(sim.time))
        assert seen == [11.0, 15.0]
        assert (first.duration, second.start, second.duration) == (7.0, 7.0, 10.0)
        assert same(sim.result(), simulation(net).run(17.0))

    def test_changes_as_between_two_runs(self, net):
        sim, other = simulation(net), simulation(net)
        sim.run(40.0, every=20.0, callback=lambda sim: sim.set("noise", rate=0.0))
        other.run(20.0)
        other.set("noise", rate=0.0)
        other.run(20.0)
        assert same(sim.result(), other.result())

    def test_an_error_loses_nothing(self, net):
        def fails(sim):
            if sim.time > 25.0:
                raise ZeroDivisionError("mine")

        sim = simulation(net)
        with pytest.raises(ZeroDivisionError, match="mine"):
            sim.run(100.0, every=10.0, callback=fails)
        assert sim.time == 30.0
        sim.run(70.0)
        assert same(sim.result(), simulation(net).run(100.0))

    def test_an_error_in_simulate_brings_the_simulation(self, net):
        def fails(sim):
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError) as error:
            bs.simulate(net, 100.0, seed=2, every=10.0, callback=fails)
        assert error.value.simulation.result().duration == 10.0
        assert "until 10 ms is in error.simulation.result()" in error.value.__notes__[0]

    def test_ctrl_c_stops_the_callback(self, net):
        def pressed(sim):
            signal.raise_signal(signal.SIGINT)
            pytest.fail("Ctrl-C came late")

        sim = simulation(net)
        with pytest.raises(KeyboardInterrupt):
            sim.run(100.0, every=10.0, callback=pressed)
        assert sim.time == 10.0
        assert same(sim.run(5.0), simulation(net, state=simulation(net).run(10.0).state).run(5.0))


class TestRunUntil:
    def test_stops_at_the_first_check_that_is_true(self, net):
        sim, seen = simulation(net), []
        result = sim.run_until(lambda sim: seen.append(sim.time) or sim.time >= 13.0, at_most=100.0, every=5.0)
        assert (result.duration, seen) == (15.0, [0.0, 5.0, 10.0, 15.0])
        assert same(result, simulation(net).run(15.0))

    def test_true_at_once(self, net):
        sim = simulation(net)
        result = sim.run_until(lambda sim: True, at_most=10.0)
        assert (result.duration, len(result.spikes["cells"]), sim.time) == (0.0, 0, 0.0)
        assert result.traces["cells", "v"].times.size == 0
        assert same(sim.run(5.0), simulation(net).run(5.0))

    def test_by_default_every_ms_or_every_step(self):
        net = bs.Network(seed=1)
        net.add(bs.Population(2, bs.LIF(), name="cells"))
        for dt, times in ((0.1, [0.0, 1.0, 2.0, 3.0, 4.0]), (2.0, [0.0, 2.0, 4.0])):
            seen = []
            bs.Simulation(net, seed=2, dt=dt).run_until(lambda sim, seen=seen: bool(seen.append(sim.time)), at_most=4.0)
            assert seen == times


def test_the_first_call_is_after_an_interval_or_at_the_start(net, tmp_path):
    seen = []
    note = lambda sim: seen.append(sim.time)  # noqa: E731
    sim = simulation(net)
    for at_start in (False, True):
        sim.run(5.0, every=2.0, callback=note, callback_at_start=at_start)
    assert seen == [2.0, 4.0, 5.0, 7.0, 9.0]
    file, seen[:] = tmp_path / "run.ckpt", []
    for _ in range(2):  # the second time there is nothing left to do
        bs.simulate(net, 4.0, every=2.0, callback=note, callback_at_start=True, seed=2, checkpoint=file, resume=True)
    bs.simulate(net, 6.0, every=2.0, callback=note, callback_at_start=True, checkpoint=file, resume=True)
    assert seen == [0.0, 2.0, 4.0, 6.0]


def test_what_is_set_at_the_start_acts_from_the_first_step(net):
    drive = bs.CurrentInput(0.0)
    net.stimulate(net.populations["cells"], drive, name="drive")
    first = simulation(net).run(
        20.0, every=20.0, callback=lambda sim: sim.set("drive", amplitude=500.0), callback_at_start=True
    )
    sim = simulation(net)
    sim.set("drive", amplitude=500.0)
    assert first.spikes == sim.run(20.0).spikes


class Runaway(bs.Neuron):
    equations = "dv/dt = v*v/tau"
    dimensions = False
    method = "euler"
    tau: float = bs.parameter(1.0, "ms", "time constant")
    v: float = bs.initial(1.0, "mV", "potential")


def test_a_condition_can_stop_a_run_at_nan():
    """What ran away was not set by the user who looked at it."""
    net = bs.Network(seed=1)
    net.add(bs.Population(2, Runaway(), name="cells"))
    sim = bs.Simulation(net, seed=1)
    with pytest.warns(UserWarning, match="cells.v: a variable ran away"):
        result = sim.run_until(lambda sim: not np.isfinite(sim.state["cells"]["v"]).all(), at_most=50.0)
    assert result.duration < 10.0


MISTAKES = [
    (lambda sim: sim.run(10.0, callback_at_start=True), TypeError, "run.callback_at_start: there is no callback"),
    (
        lambda sim: sim.run(10.0, callback_at_start="no"),
        TypeError,
        r"run.callback_at_start: must be True or False \(got 'no'\)",
    ),
    (lambda sim: bs.simulate(sim.network, 1.0, resume="no"), TypeError, "simulate.resume: must be True or False"),
    (lambda sim: bs.simulate(sim.network, 1.0, live="no"), TypeError, "simulate.live: must be True or False"),
    (lambda sim: bs.simulate(sim.network, 1.0, profile="no"), TypeError, "simulate.profile: must be True or False"),
    (lambda sim: sim.run(10.0, every=1.0), TypeError, "run.callback: give every= and callback= together"),
    (lambda sim: sim.run(10.0, callback=print), TypeError, "run.callback: give every= and callback= together"),
    (lambda sim: sim.run(10.0, every=0.25, callback=print), ValueError, "run.every: must be a multiple of dt = 0.1 ms"),
    (lambda sim: sim.run(10.0, every=-1.0, callback=print), ValueError, "run.every: must be > 0 ms"),
    (lambda sim: sim.run(10.0, every=1.0, callback=3), TypeError, r"run.callback: must be a function .* \(got 3\)"),
    (lambda sim: sim.run_until(True, at_most=1.0), TypeError, r"run_until.condition: must be a function .* \(got True\)"),
    (
        lambda sim: sim.run_until(lambda sim: sim.state["cells"]["v"] > 0.0, at_most=1.0),
        TypeError,
        "run_until.condition: must return True or False; .any",
    ),
    (lambda sim: sim.run_until(lambda sim: False, at_most=0.0), ValueError, "run_until.at_most: must be > 0 ms"),
    (lambda sim: sim.run(5.0, every=1.0, callback=lambda sim: sim.run(1.0)), RuntimeError, "run: cannot be called by"),
    (lambda sim: sim.run(5.0, every=1.0, callback=lambda sim: sim.reset()), RuntimeError, "reset: cannot be called by"),
    (
        lambda sim: sim.run(5.0, every=1.0, callback=lambda sim: sim.state["cells"]["v"].fill(np.nan)),
        ValueError,
        "cells.v: the state was set to a number that is not finite",
    ),
]


@pytest.mark.parametrize(("do", "kind", "message"), MISTAKES)
def test_mistakes(net, do, kind, message):
    with pytest.raises(kind, match=message):
        do(simulation(net))
