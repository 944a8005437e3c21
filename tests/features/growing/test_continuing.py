"""A network that grows, or changes, between two runs: what was there continues as it was."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.couplings import Linear

AT = 60.3  # ms at which a network grows


def growing(grown=True):
    """Return a function that adds parts to a network, and a network to which they have been added or not.

    The parts that are added fire from `AT` on.
    """
    cells = bs.Population(60, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    others = bs.Population(20, bs.AdEx(), name="others")
    net = bs.Network(seed=1)
    fast, slow = bs.Exponential(tau=2.0), bs.Exponential(tau=8.0)
    stdp = bs.STDP(w_max=80.0)
    net.connect(cells, cells, bs.FixedIndegree(8), weight=20.0, delay=bs.Uniform(0.5, 4.0), synapse=fast, name="static")
    net.connect(cells, others, bs.FixedIndegree(9), weight=40.0, delay=1.5, synapse=fast, plasticity=stdp, name="learning")
    net.connect(others, cells, bs.AllToAll(), weight=9.0, delay=2.0, synapse=bs.Delta(), plasticity=bs.TsodyksMarkram())
    net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=30.0, synapse=slow))
    net.stimulate(cells, bs.NoiseInput(60.0, tau=5.0), name="noise")
    net.stimulate(others, bs.CurrentInput(500.0))

    def grow():
        more = bs.Population(16, bs.Izhikevich(), name="more", initial={"v": -70.0, "u": -14.0})
        again = bs.Population(8, bs.LIF(v_th=-51.0), name="again")
        net.connect(cells, more, bs.FixedIndegree(5), weight=3.0, delay=3.0, synapse=bs.Delta())
        net.connect(again, cells, bs.FixedIndegree(4), weight=25.0, delay=1.0, synapse=bs.Alpha(tau=3.0))
        net.connect(again, others, bs.AllToAll(), weight=25.0, delay=1.0, synapse=slow, plasticity=bs.STDP(w_max=60.0))
        net.stimulate(again, bs.CurrentInput(600.0, start=AT))
        net.stimulate(again, bs.NoiseInput(50.0, tau=3.0, start=AT), name="noise of again")

    if grown:
        grow()
    return net, grow


def everything(sim, names=("cells", "others")):
    """Return the spikes, variables and weights of a simulation, as bytes."""
    result = sim.result()
    found = {name: (result.spikes[name].times.tobytes(), result.spikes[name].ids.tobytes()) for name in names}
    for name in names:
        found |= {(name, key): values.tobytes() for key, values in sim.state[name].items()}
    for projection in sim.network.projections:
        if projection.plasticity is not None:
            table = sim.synapses(projection)
            found |= {(projection.name, key): v.tobytes() for key, v in {"w": table.weight, **table.columns}.items()}
    return found


def continued(threads, cuts):
    net, grow = growing(grown=False)
    sim = bs.Simulation(net, seed=3, threads=threads[0])
    sim.run(AT)
    grow()
    sim = sim.continue_with(net, threads=threads[1])
    for cut in cuts:
        sim.run(cut)
    return sim


@pytest.mark.thorough_only("[threads0]")
@pytest.mark.parametrize("threads", [(1, 1), (2, 1), (1, 2)])
def test_a_grown_network_continues_as_if_its_new_parts_had_been_silent(threads):
    net, _ = growing()
    whole = bs.Simulation(net, seed=3, threads=1)
    whole.run(AT)
    assert not whole.result().spikes["again"].times.size
    names = ("cells", "others", "again")
    sim = continued(threads, (20.0, 40.0))
    piece = whole.run(60.0)
    assert {name: len(piece.spikes[name]) > 0 for name in names} == dict.fromkeys(names, True)
    for name in names:
        assert sim.result().spikes[name] == piece.spikes[name]
    last = everything(whole, names)
    found = everything(sim, names)
    assert {k for k in last if k not in names and found[k] != last[k]} == set()


def test_copies_resets_and_checkpoints_of_it_continue_alike(tmp_path):
    expected = everything(continued((1, 1), (20.0, 40.0)), ("cells", "more"))
    sim = continued((1, 1), (20.0,))
    path, fork = sim.save(tmp_path / "run.ckpt"), copy.deepcopy(sim)
    net, _ = growing()
    loaded = bs.Simulation.load(net, path, threads=2)
    for one in (sim, loaded):
        one.run(40.0)
        assert everything(one, ("cells", "more")) == expected
    fork.run(40.0)
    assert everything(fork, ("cells", "more")) == expected
    for one in (sim, loaded):
        one.reset()
        assert one.time == AT
        one.run(60.0)
        assert everything(one, ("cells", "more")) == expected


def test_a_state_continues_in_the_grown_network():
    net, grow = growing(grown=False)
    result = bs.simulate(net, AT, seed=3)
    old = bs.Simulation(net, state=result.state)
    grow()
    sim = old.continue_with(net)
    sim.run(60.0)
    assert everything(sim) == everything(continued((1, 1), (60.0,)))
    assert old.time == AT


def test_receptors_are_found_by_their_synapses():
    """The default names of receptors count them in an order that changes when a projection joins."""
    cells = bs.Population(3, bs.LIF(), name="cells")
    source = bs.Population(1, bs.SpikeTrains([[1.0]]), name="source")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=5000.0, weight=10.0, synapse=bs.Exponential(tau=5.0)))
    sim = bs.Simulation(net, seed=1)
    sim.run(20.0)
    current = sim.state["cells"]["exponential.i"].copy()
    net.connect(source, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Exponential(tau=3.0))
    state = sim.continue_with(net).state["cells"]
    assert current.all()
    assert np.array_equal(state["exponential_2.i"], current)
    assert not state["exponential.i"].any()


def test_what_was_set_and_rewired_stays(tmp_path):
    def network():
        cells = bs.Population(10, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(300.0), name="drive")
        net.connect(cells, cells, bs.FixedIndegree(3), weight=1.0, delay=1.0, synapse=bs.Delta(), name="wires")
        return net

    net = network()
    sim = bs.Simulation(net, seed=1)
    sim.run(20.0)
    sim.set("drive", amplitude=500.0)
    sim.set("cells", tau_m=np.linspace(10.0, 25.0, 10))
    sim.rewire("wires", remove=[0], pre=[4], post=[5], weight=3.0, delay=2.0)
    other = copy.deepcopy(sim)
    net.add(bs.Population(4, bs.LIF(), name="more"))
    new = sim.continue_with(net)
    table, expected = (one.synapses("wires") for one in (new, sim))
    for name in ("pre", "post", "weight", "delay"):
        assert np.array_equal(getattr(table, name), getattr(expected, name))
    spikes = other.run(50.0).spikes["cells"]
    assert new.run(50.0).spikes["cells"] == spikes
    loaded = bs.Simulation.load(new.network, new.save(tmp_path / "run.ckpt"))
    assert loaded.run(50.0).spikes["cells"] == new.run(50.0).spikes["cells"]
    for one in (new, loaded):
        one.reset()
        one.set("drive", amplitude=500.0)
        one.set("cells", tau_m=np.linspace(10.0, 25.0, 10))
        assert one.run(50.0).spikes["cells"] == spikes


@pytest.mark.parametrize("again", [False, True])
def test_what_was_set_stays_if_the_network_grows_twice_or_is_described_again(again):
    def network():
        cells = bs.Population(10, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(300.0), name="drive")
        net.connect(cells, cells, bs.FixedIndegree(3), weight=1.0, delay=1.0, synapse=bs.Delta(), name="wires")
        return net

    net = network()
    sim = bs.Simulation(net, seed=1)
    sim.run(20.0)
    sim.set("wires", weight=4.0)
    sim.set("drive", amplitude=500.0)
    sim.set("cells", tau_m=12.0)
    expected = copy.deepcopy(sim).run(30.0).spikes["cells"]
    for name in ("more", "again"):
        net = network() if again else net
        net.add(bs.Population(4, bs.LIF(), name=name))
        sim = sim.continue_with(net)
    assert sim.run(30.0).spikes["cells"] == expected


@pytest.mark.parametrize("synapse", [bs.Delta(), bs.GradedSynapse()])
@pytest.mark.parametrize("given", ["the same", "as it is now", "saved and loaded"])
def test_new_synapses_are_like_those_that_were_connected_though_the_network_continues(synapse, given, tmp_path):
    """As many are added as there are: a list of now would fit."""
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    wires = {"weight": bs.Uniform(0.1, 0.5), "delay": bs.Uniform(0.5, 4.0), "synapse": synapse}
    net.connect(cells, cells, bs.FixedIndegree(3), name="wires", **wires)
    ids, tables = np.arange(59), []
    for continues in (False, True):
        sim = bs.Simulation(net, seed=3, threads=1)
        sim.rewire("wires", remove=[0])
        for network in (sim.network, net) if continues else ():
            sim = sim.continue_with(network if given == "as it is now" else net)
            if given == "saved and loaded":
                sim = bs.Simulation.load(pickle.loads(pickle.dumps(sim.network)), sim.save(tmp_path / "run.ckpt"))
        sim.rewire("wires", pre=ids % 20, post=7 * ids % 20)
        tables.append(sim.synapses("wires"))
    for name in ("pre", "post", "weight", "delay"):
        np.testing.assert_array_equal(getattr(tables[1], name), getattr(tables[0], name))


def test_what_was_set_does_not_stay_of_a_part_that_is_described_otherwise():
    def network(tau, amplitude, weight):
        cells = bs.Population(10, bs.LIF(tau_m=tau), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(amplitude), name="drive")
        net.connect(cells, cells, bs.FixedIndegree(3), weight=weight, delay=1.0, synapse=bs.Delta(), name="wires")
        return net

    sim = bs.Simulation(network(20.0, 300.0, 1.0), seed=1)
    sim.set("wires", weight=4.0)
    sim.set("drive", amplitude=500.0)
    sim.set("cells", tau_m=12.0)
    found = sim.continue_with(network(15.0, 400.0, 2.0))
    assert found.synapses("wires").weight.tolist() == [2.0] * 30
    assert found.run(50.0).spikes["cells"] == bs.simulate(network(15.0, 400.0, 2.0), 50.0, seed=1).spikes["cells"]


def test_other_parameters_and_fewer_parts():
    net, _ = growing()
    sim = bs.Simulation(net, seed=3)
    sim.run(30.0)
    cells = bs.Population(60, bs.LIF(tau_m=12.0), name="cells")
    alone = bs.Network(seed=1)
    alone.stimulate(cells, bs.CurrentInput(0.0))
    new = sim.continue_with(alone)
    assert np.array_equal(new.state["cells"]["v"], sim.state["cells"]["v"])
    new.run(300.0)
    assert np.allclose(new.state["cells"]["v"], -65.0)


class TestCouplings:
    @staticmethod
    def network(grown, **coupling):
        cells = bs.Population(12, bs.TraubMiles(), name="cells", initial={"v": bs.Uniform(-70.0, -55.0)})
        net = bs.Network(seed=1)
        net.connect(cells, cells, bs.FixedIndegree(3), weight=2.0, synapse=bs.GapJunction(), name="gaps", **coupling)
        net.stimulate(cells, bs.CurrentInput(np.linspace(100.0, 250.0, 12)))

        def grow():
            more = bs.Population(5, bs.LIF(), name="more")
            net.connect(more, more, bs.AllToAll(), weight=1.0, synapse=bs.GapJunction(name="other"), **coupling)

        if grown:
            grow()
        return net, grow

    @pytest.mark.thorough
    def test_at_once(self):
        net, _ = self.network(True)
        whole = bs.Simulation(net, seed=2)
        whole.run(20.0)
        net, grow = self.network(False)
        sim = bs.Simulation(net, seed=2)
        sim.run(8.0)
        grow()
        sim = sim.continue_with(net)
        sim.run(12.0)
        for name in ("cells", "more"):
            assert np.array_equal(sim.state[name]["v"], whole.state[name]["v"])

    @pytest.mark.parametrize("order", [1, 2])
    def test_delayed(self, order):
        """What was given before is kept; units that are new have given what they give at their start."""

        def network(grown):
            units = bs.Population(6, Linear(drive=np.linspace(50.0, 300.0, 6)), name="units")
            net = bs.Network(seed=2)
            rates = bs.RateConnection(order=order)
            net.connect(units, units, bs.FixedIndegree(2), weight=bs.Uniform(-3.0, 3.0), delay=2.0, synapse=rates)
            net.connect(units, units[:2], bs.FixedTotal(3), weight=1.0, synapse=rates)
            if grown:
                grow(net)
            return net

        def grow(net):
            more = bs.Population(4, Linear(drive=0.0), name="more", initial={"r": 0.0})
            net.connect(more, more, bs.AllToAll(), weight=1.0, delay=3.0, synapse=bs.RateConnection(order=order))
            net.connect(more, net.populations["units"], bs.AllToAll(), weight=1.0, synapse=bs.RateConnection(order=order))

        whole = bs.Simulation(network(True), seed=2)
        whole.run(20.0)
        net = network(False)
        sim = bs.Simulation(net, seed=2)
        sim.run(8.0)
        grow(net)
        sim = sim.continue_with(net, threads=2)
        sim.run(12.0)
        assert np.ptp(whole.state["units"]["r"]) > 1.0
        for name in ("units", "more"):
            assert np.array_equal(sim.state[name]["r"], whole.state[name]["r"])


def test_before_the_first_run_time_0_is_still_to_come():
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, seed=1)
    sim.state["cells"]["v"][:] = -55.0
    net.add(bs.Population(2, bs.LIF(), name="more"))
    new = sim.continue_with(net, record=bs.Trace(cells, "v", every=0.1))
    trace = new.run(1.0).traces["cells", "v"]
    assert trace.times[0] == 0.0
    assert trace.values[0].tolist() == [-55.0] * 3


class TestDelays:
    """Spikes under way keep the delays with which they were sent, as they do in NEST and in Brian2."""

    # delays change at 10 and 12 ms: what was sent at 3.0 and 3.1 is due then by a delay of 7 ms, and a step later, and has
    # been taken up by a buffer; what was sent at 8.0 and 8.1, by one of 2 ms; and so on
    TIMES = ([2.0, 2.1, 3.0, 3.1, 9.0], [5.0, 5.0, 5.1, 7.0, 7.1], [8.0, 8.1, 9.9, 11.9], [10.0, 10.1, 13.0])
    DELAYS = ((8.0, 3.0), (3.0, 8.0), (bs.Uniform(1.0, 9.0), 0.3), (0.3, bs.Uniform(1.0, 9.0), 6.0), (7.0, 2.0, 7.0))
    SYNAPSES = (
        (bs.Exponential(tau=3.0), "exponential.i", 3.0),
        (bs.ExponentialConductance(tau=4.0), "exponentialconductance.g", 4.0),
        (bs.Delta(), "v", 20.0),
    )

    def pieces(self, delays, synapse, storage, threads):
        """Return samples of a variable of cells, and those that follow from when spikes were sent by which delays."""
        synapse, variable, tau = synapse
        ends = [10.0, 12.0, 40.0] if len(delays) == 3 else [10.0, 40.0]
        found, expected, sim, t = [], 0.0, None, np.arange(401)[:, None] / 10.0
        for end, delay in zip(ends, delays, strict=True):
            source = bs.Population(4, bs.SpikeTrains(self.TIMES), name="source")
            cells = bs.Population(3, bs.LIF(v_th=1000.0, tau_m=20.0), name="cells")
            net = bs.Network(seed=1)
            given = {"synapse": synapse, "name": "wires", "storage": storage}
            net.connect(source, cells, bs.FixedProbability(0.9), weight=2.0, delay=delay, **given)
            given = {"threads": threads, "record": bs.Trace(cells, variable, every=0.1)}
            sim = bs.Simulation(net, seed=1, **given) if sim is None else sim.continue_with(net, **given)
            begin, table = sim.time, sim.synapses("wires")
            found.append(sim.run(end - begin).traces["cells", variable].values)
            for pre, post, weight, d in zip(table.pre, table.post, table.weight, table.delay, strict=True):
                for sent in (time for time in self.TIMES[pre] if begin < time <= end):
                    age = t - (sent + d)
                    expected = expected + (np.arange(3) == post) * weight * np.where(age > -0.01, np.exp(-age / tau), 0.0)
        return np.concatenate(found) + 65.0 * (variable == "v"), expected

    @pytest.mark.thorough_but("[delays4-")
    @pytest.mark.parametrize("storage", ["stored", "procedural"])
    @pytest.mark.parametrize("synapse", SYNAPSES, ids=lambda given: given[1])
    @pytest.mark.parametrize("delays", DELAYS)
    def test_spikes_arrive_when_they_would_have(self, delays, synapse, storage):
        found, expected = self.pieces(delays, synapse, storage, 1)
        assert expected.max() > 2.0
        assert np.allclose(found, expected, rtol=0.0, atol=1e-9)
        assert np.array_equal(self.pieces(delays, synapse, storage, 2)[0], found)

    def test_an_input_whose_last_event_is_due_now_is_left_out(self):
        source = bs.Population(1, bs.SpikeTrains([[2.0]]), name="source")
        cells, net, sim = bs.Population(1, bs.LIF(), name="cells"), [], None
        for delay in (8.0, 3.0, 3.0):
            net = bs.Network(seed=1)
            net.connect(source, cells, bs.AllToAll(), weight=2.0, delay=delay, synapse=bs.Exponential(), name="wires")
            sim = bs.Simulation(net, seed=1) if sim is None else sim.continue_with(net)
            inputs = len(sim.network.inputs)
            sim.run(5.0)
        assert (inputs, sim.time) == (0, 15.0)

    def test_what_is_under_way_is_in_checkpoints_and_in_what_follows(self, tmp_path):
        def network(delay, more=False):
            cells = bs.Population(20, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
            net = bs.Network(seed=1)
            net.stimulate(cells, bs.PoissonInput(rate=4000.0, weight=1.0, synapse=bs.Delta()))
            exponential = bs.Exponential()
            net.connect(cells, cells, bs.FixedIndegree(6), weight=30.0, delay=delay, synapse=exponential, name="wires")
            if more:
                net.add(bs.Population(3, bs.LIF(), name="more"))
            return net

        sim = bs.Simulation(network(9.0), seed=1)
        sim.run(50.0)
        sim = sim.continue_with(network(2.0))
        assert [stimulus.name for stimulus in sim.network.inputs][1:] == ["under way to cells"]
        sim.run(3.0)
        path, grown = sim.save(tmp_path / "run.ckpt"), sim.continue_with(network(2.0, more=True))
        same = sim.continue_with(sim.network)
        spikes = sim.run(60.0).spikes["cells"]
        loaded = bs.Simulation.load(sim.network, path)
        assert loaded.run(60.0).spikes["cells"] == spikes
        assert grown.run(60.0).spikes["cells"] == spikes
        assert same.run(60.0).spikes["cells"] == spikes
        sim.reset()
        sim.run(3.0)
        assert sim.run(60.0).spikes["cells"] == spikes


class TestMistakes:
    @pytest.fixture
    def running(self):
        net, grow = growing(grown=False)
        sim = bs.Simulation(net, seed=3)
        sim.run(20.0)
        return sim

    def test_another_number_of_cells(self, running):
        net = bs.Network(seed=1)
        net.add(bs.Population(61, bs.LIF(), name="cells"))
        with pytest.raises(ValueError, match=r"continue_with.network: 'cells' must have 60 cells \(got 61\)"):
            running.continue_with(net)

    def test_other_pairs_that_learn(self, running):
        cells, others = (bs.Population(n, m, name=k) for n, m, k in ((60, bs.LIF(), "cells"), (20, bs.AdEx(), "others")))
        net = bs.Network(seed=7)
        stdp = {"synapse": bs.Exponential(tau=2.0), "plasticity": bs.STDP(w_max=80.0), "name": "learning"}
        net.connect(cells, others, bs.FixedIndegree(9), weight=40.0, delay=1.5, **stdp)
        with pytest.raises(ValueError, match="'learning' learn, and are between other cells"):
            running.continue_with(net)

    def test_not_a_network(self, running):
        with pytest.raises(TypeError, match="must be a Network"):
            running.continue_with("network")

    def test_delays_of_synapses_that_learn_while_spikes_are_under_way(self):
        def network(delay):
            cells = bs.Population(10, bs.LIF(), name="cells")
            net = bs.Network(seed=1)
            net.stimulate(cells, bs.CurrentInput(400.0))
            rule = {"synapse": bs.Delta(), "plasticity": bs.STDP(), "name": "wires"}
            net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=delay, **rule)
            return net

        sim = bs.Simulation(network(5.0), seed=1)
        sim.run(8.0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            sim.continue_with(network(1.0))
            sim.run(4.0)
        with pytest.warns(UserWarning, match="10 spikes may be under way in 'wires'"):
            sim.continue_with(network(1.0))

    def test_what_delayed_couplings_need(self):
        net = bs.Network(seed=1)
        units = bs.Population(3, Linear(drive=50.0), name="units")
        net.add(units)
        sim = bs.Simulation(net, seed=1)
        sim.run(5.0)
        net.connect(units, units, bs.AllToAll(), weight=1.0, delay=2.0, synapse=bs.RateConnection())
        with pytest.raises(
            ValueError, match="delay of a coupling: must be at most 0, .* what 'units' gave longer ago is not known"
        ):
            sim.continue_with(net)
