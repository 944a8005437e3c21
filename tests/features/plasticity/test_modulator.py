"""The variable that all synapses of a projection share, e.g. dopamine: closed forms, bits, and what the user sets."""

import numpy as np
import pytest

import brainsim as bs
from tests.features.plasticity import test_networks

pytestmark = pytest.mark.usefixtures("more_partitions")


def pair(*, reward=1015.0, modulated=True, times=(10.0,), **parameters):
    """Return a network in which one synapse sees its source 4 ms before its target, and a dopaminergic cell fires later."""
    trains = {"source": list(times), "kick": [time + 4.0 for time in times], "dopamine": [reward]}
    source, kick, dopamine = (bs.Population(1, bs.SpikeTrains([train]), name=name) for name, train in trains.items())
    cell = bs.Population(1, bs.LIF(), name="cell")
    net = bs.Network(seed=1)
    rule = bs.DopamineSTDP(**{"w_max": 4.0, "release": 0.5, "c_plus": 0.1} | parameters)
    options = {"modulator": dopamine, "modulator_delay": 2.0} if modulated else {}
    wires = net.connect(source, cell, bs.AllToAll(), weight=0.01, delay=1.0, synapse=bs.Delta(), plasticity=rule, **options)
    net.connect(kick, cell, bs.AllToAll(), weight=100.0, delay=1.0, synapse=bs.Delta())
    return net, wires


def gained(trace, wait, tau_c, tau_n, size, duration):
    """Return what a trace gains from a reward of some size that comes after `wait` ms and acts for `duration` ms."""
    k = 1.0 / tau_c + 1.0 / tau_n
    return trace * size * np.exp(-wait / tau_c) / k * -np.expm1(-k * duration)


@pytest.mark.thorough
@pytest.mark.parametrize(("tau_c", "reward", "stop"), [(1000.0, 1015.0, 9000.0), (20.0, 65.0, 500.0), (5.0, 30.0, 5000.0)])
@pytest.mark.parametrize("pieces", [1, 4])
def test_a_pair_and_a_reward(tau_c, reward, stop, pieces):
    net, wires = pair(reward=reward, tau_c=tau_c)
    sim = bs.Simulation(net, seed=1)
    for _ in range(pieces):
        sim.run(stop / pieces)
    assert sim.result().spikes["cell"].times == pytest.approx([15.0])
    expected = gained(0.1 * np.exp(-4.0 / 20.0), reward + 2.0 - 15.0, tau_c, 200.0, 0.5, stop - reward - 2.0)
    assert sim.synapses(wires).weight[0] - 0.01 == pytest.approx(expected, rel=1e-9)


@pytest.mark.thorough
def test_what_is_left_of_a_large_reward_is_exact():
    """The second pair comes when a ten millionth of the reward is left; it was inexact by 1e-8."""
    net, wires = pair(times=(10.0, 136.0), reward=3.0, release=50.0, c_minus=0.0, tau_c=20.0, tau_n=10.0)
    sim = bs.Simulation(net, seed=1)
    sim.run(141.0)
    sim.set(wires, w=0.0)
    sim.run(1.0)
    before = sim.synapses(wires).weight[0]
    sim.run(18.0)
    assert sim.result().spikes["cell"].times == pytest.approx([15.0, 141.0])
    trace = 0.1 * np.exp(-4.0 / 20.0) * (1.0 + 2.0 * np.exp(-126.0 / 20.0)) * np.exp(-1.0 / 20.0)
    expected = gained(trace, 0.0, 20.0, 10.0, 50.0 * np.exp(-137.0 / 10.0), 18.0)
    assert sim.synapses(wires).weight[0] - before == pytest.approx(expected, rel=1e-11)


def test_the_printed_number():
    """A trace of 0.1, a reward of 0.5 after 1,000 ms, tau_c 1,000 and tau_n 200 ms."""
    net, wires = pair(reward=1013.0, c_plus=0.1 * np.exp(4.0 / 20.0))
    sim = bs.Simulation(net, seed=1)
    sim.run(9000.0)
    assert sim.synapses(wires).weight[0] - 0.01 == pytest.approx(3.0657, abs=5e-5)


def test_what_is_left_of_a_reward_is_part_of_the_state():
    """The reward reaches the synapses at 32 ms, and the state is of 40 ms."""
    net, wires = pair(reward=30.0, tau_c=50.0)
    whole, sim = bs.Simulation(net, seed=1), bs.Simulation(net, seed=1)
    whole.run(100.0)
    later = bs.Simulation(net, state=sim.run(40.0).state)
    assert later.modulator(wires) == sim.modulator(wires) > 0.4
    later.run(60.0)
    assert later.synapses(wires).weight[0] == whole.synapses(wires).weight[0] > sim.synapses(wires).weight[0]


def test_a_level_below_zero_weakens():
    net, wires = pair(reward=4000.0, n_base=0.001, w_max=4.0)
    sim = bs.Simulation(net, seed=1)
    sim.set(wires, w=2.0)
    sim.run(3000.0)
    lost = 0.1 * np.exp(-4.0 / 20.0) * 0.001 * 1000.0 * -np.expm1(-(3000.0 - 15.0) / 1000.0)
    assert 2.0 - sim.synapses(wires).weight[0] == pytest.approx(lost, rel=1e-9)


def test_the_user_sets_it():
    net, wires = pair(modulated=False)
    sim = bs.Simulation(net, seed=1)
    assert sim.modulator(wires) == 0.0
    sim.run(1015.0)
    assert sim.modulator(wires) == 0.0
    sim.set(wires, n=0.3)
    sim.set(wires, n=sim.modulator(wires) + 0.2)
    sim.run(100.0)
    assert sim.modulator(wires) == pytest.approx(0.5 * np.exp(-100.0 / 200.0), rel=1e-12)
    sim.run(8000.0)
    expected = gained(0.1 * np.exp(-4.0 / 20.0), 1000.0, 1000.0, 200.0, 0.5, np.inf)
    assert sim.synapses(wires).weight[0] - 0.01 == pytest.approx(expected, rel=1e-9)
    sim.reset()
    assert sim.modulator(wires) == 0.0


class TestMistakes:
    def test_of_connections(self):
        cells = bs.Population(4, bs.LIF(), name="cells")
        net, options = bs.Network(seed=1), {"weight": 0.5, "delay": 1.0, "synapse": bs.Delta()}
        with pytest.raises(ValueError, match=r"Network.connect.modulator: has no effect without plasticity"):
            net.connect(cells, cells, bs.AllToAll(), modulator=cells, **options)
        with pytest.raises(ValueError, match=r"has no effect with STDP, which has no on_modulator"):
            net.connect(cells, cells, bs.AllToAll(), modulator=cells, plasticity=bs.STDP(), **options)
        with pytest.raises(ValueError, match=r"modulator_delay: has no effect without cells"):
            net.connect(cells, cells, bs.AllToAll(), modulator_delay=2.0, plasticity=bs.DopamineSTDP(), **options)

    def test_of_setting(self):
        net, wires = pair()
        sim = bs.Simulation(net, seed=1)
        with pytest.raises(ValueError, match=r"cannot set 'm'"):
            sim.set(wires, m=1.0)
        with pytest.raises(ValueError, match=r"n"):
            sim.set(wires, n=np.nan)

    def test_of_rules(self):
        def rule(**texts):
            names = {
                "tau": bs.parameter(20.0, "ms", "time"),
                "c": bs.initial(0.0, "weight", "trace"),
                "n": bs.initial(0.0, "1/ms", "level"),
                "on_post": "c = c + 0.1*w",
            }
            return type("Own", (bs.Plasticity,), names | texts)

        decay = "dc/dt = -c/tau; dn/dt = -n/tau"
        rule(equations=f"{decay}; dw/dt = c*(n - 1/tau)", on_modulator="n = n + 1/tau")
        for wrong in ("dw/dt = c*n*n", "dw/dt = c*c*n", "dw/dt = n*w", "dw/dt = -w/tau"):
            with pytest.raises(bs.EquationError, match=r"dw/dt must be a variable of the synapse that decays to 0"):
                rule(equations=f"{decay}; {wrong}", on_modulator="n = n + 1/tau", dimensions=False)
        with pytest.raises(bs.EquationError, match=r"on_modulator.*depends on 'c'"):
            rule(equations=decay, on_modulator="n = n + c", dimensions=False)
        with pytest.raises(bs.EquationError, match=r"must assign one variable, which nothing else assigns"):
            rule(equations=decay, on_modulator="c = c + w; n = n + 1", dimensions=False)

    @pytest.mark.parametrize("name", ["n_base", "release", "tau_n", "tau_c"])
    def test_of_values_that_all_synapses_share(self, name):
        cells, net = bs.Population(4, bs.LIF(), name="cells"), bs.Network(seed=1)
        options = {"weight": 0.5, "delay": 1.0, "synapse": bs.Delta()}
        net.connect(cells, cells, bs.AllToAll(), plasticity=bs.DopamineSTDP(**{name: bs.Uniform(0.1, 0.2)}), **options)
        with pytest.raises(ValueError, match=rf"DopamineSTDP.{name}: must be one number, since it belongs to"):
            bs.Simulation(net)

    def test_of_a_gain_and_an_offset_that_all_synapses_share(self):
        class Own(bs.Plasticity):
            equations = "dc/dt = -c/tau; dn/dt = -n/tau; dw/dt = c*(gain*n - offset)"
            on_post, on_modulator = "c = c + 0.1*w", "n = n + 1"
            dimensions = False
            tau: float = bs.parameter(20.0, "ms", "time", above=0.0)
            gain: float = bs.parameter(1.0, "1/ms", "factor of the modulator")
            offset: float = bs.parameter(0.1, "1/ms", "level without change")
            c: float = bs.initial(0.0, "weight", "trace")
            n: float = bs.initial(0.0, "1/ms", "level")

        for name in ("gain", "offset"):
            cells, net = bs.Population(4, bs.LIF(), name="cells"), bs.Network(seed=1)
            options = {"weight": 0.5, "delay": 1.0, "synapse": bs.Delta()}
            net.connect(cells, cells, bs.AllToAll(), plasticity=Own(**{name: bs.Uniform(0.1, 0.2)}), **options)
            with pytest.raises(ValueError, match=rf"Own.{name}: must be one number, since it belongs to n, which all"):
                bs.Simulation(net)


class Reads(bs.Plasticity):
    """At a spike of the source, the weight becomes what the modulator is at the synapse."""

    equations = "dn/dt = -n/tau"
    on_pre = "w = n"
    on_modulator = "n = n + 1"
    tau: float = bs.parameter(20.0, "ms", "time constant of the modulator", above=0.0)
    n: float = bs.initial(0.0, "weight", "modulator")
    dimensions = False


@pytest.mark.thorough_but("[2.0]")
@pytest.mark.parametrize("dendritic", [0.0, 2.0, 5.0])
def test_a_spike_of_the_source_reads_what_is_there_when_it_reaches_the_synapse(dendritic):
    """The spike, sent at 20 ms with a delay of 6 ms, is at the synapse the dendritic part of the delay before the cell."""
    trains = {"source": 20.0, "dopamine": 10.0}
    source, dopamine = (bs.Population(1, bs.SpikeTrains([[time]]), name=name) for name, time in trains.items())
    net, cell = bs.Network(seed=1), bs.Population(1, bs.LIF(), name="cell")
    options = {"weight": 0.5, "delay": 6.0, "dendritic_delay": dendritic, "synapse": bs.Exponential()}
    options |= {"plasticity": Reads(), "modulator": dopamine, "modulator_delay": 1.0}
    wires = net.connect(source, cell, bs.AllToAll(), **options)
    sim = bs.Simulation(net, seed=1)
    sim.run(40.0)
    expected = np.exp(-(20.0 + 6.0 - dendritic - 11.0) / 20.0)
    assert sim.synapses(wires).weight[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize("delay", [1.0, 5.0])
def test_without_cells_it_is_known_in_all_steps_of_a_slice(delay):
    """With one long delay a slice is longer than a spike of modulating cells would take by default."""
    rule = bs.DopamineSTDP(c_plus=0.2, c_minus=0.1, n_base=0.02, w_max=4.0)
    net, loop = test_networks.network(rule, delay=delay)
    sim, _ = test_networks.check(net, loop, (100.0, 50.0))
    pieces = bs.Simulation(net, dt=0.5, seed=5, threads=2, progress=False)
    for _ in range(60):
        pieces.run(2.5)
    assert np.array_equal(pieces.synapses(loop).weight, sim.synapses(loop).weight)


def test_the_old_names_of_the_amplitudes_warn_and_mean_the_same():
    """`a_plus` is a share of w_max in other rules; here it was a weight."""
    with pytest.warns(
        UserWarning, match=r"DopamineSTDP: write c_plus=0.2, c_minus=0.3; a_plus and a_minus of other rules"
    ) as seen:
        old = bs.DopamineSTDP(a_plus=0.2, a_minus=0.3, w_max=2.0)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert old == bs.DopamineSTDP(c_plus=0.2, c_minus=0.3, w_max=2.0)
    with pytest.warns(UserWarning, match=r"write c_minus=0.3; a_minus of other rules"):
        assert bs.DopamineSTDP(a_minus=0.3).c_plus == 0.1
    with pytest.raises(TypeError, match="unknown parameter 'a_plus'"):
        bs.DopamineSTDP(a_plus=0.2, c_plus=0.3)


def test_all_built_in_rules_mean_the_same_by_a_plus():
    """A plain number, to be multiplied by a weight."""
    rules = [rule for rule in vars(bs).values() if isinstance(rule, type) and issubclass(rule, bs.Plasticity)]
    rules += [bs.STDP, bs.TripletSTDP, bs.VogelsSTDP, bs.DopamineSTDP, bs.ClopathSTDP, bs.CalciumPlasticity]
    amplitudes = {name: spec.unit for rule in rules for name, spec in rule.parameters.items() if name.startswith("a")}
    assert {"a_plus", "a_minus"} <= amplitudes.keys()
    assert {amplitudes["a_plus"], amplitudes["a_minus"]} == {""}
    assert not {"a_plus", "a_minus"} & bs.DopamineSTDP.parameters.keys()
