"""Couplings give the same bits on any number of threads, cut anywhere, restored, and after changes of their weights."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.couplings import leaky

pytestmark = pytest.mark.usefixtures("more_partitions")
OF_TWO = bs.Uniform(-75.0, -50.0)


def spiking(n=60):
    return bs.Population(n, bs.LIF(), name="cells", initial={"v": OF_TWO})


def driven(net, cells):
    net.stimulate(cells, bs.CurrentInput(np.linspace(150.0, 400.0, cells.n)))
    return net


def junctions(order=2):
    """Gap junctions of three kinds onto cells that fire, next to synapses."""
    cells, others = spiking(), leaky(30, "others", initial={"v": OF_TWO})
    net = bs.Network(seed=1)
    gap = bs.GapJunction(order=order)
    net.connect(cells, cells, bs.FixedProbability(0.2), weight=bs.Uniform(0.1, 0.9), synapse=gap)
    net.connect(cells[::3], others, bs.AllToAll(), weight=0.05, synapse=gap)
    net.connect(others, others, bs.FixedTotal(50), weight=0.5, synapse=bs.GapJunction(rectifying=True, order=order))
    net.connect(cells, cells, bs.FixedIndegree(5), weight=20.0, delay=1.5, synapse=bs.Exponential())
    return driven(net, cells)


def delayed():
    """Delays of one and of many steps; graded synapses with kinetics; gates of cells that fire."""
    cells, others = spiking(), leaky(30, "others", initial={"v": OF_TWO})
    net = bs.Network(seed=1)
    net.connect(cells, others, bs.FixedIndegree(6), weight=0.4, delay=bs.Uniform(0.3, 4.0), synapse=bs.GatedNMDA())
    net.connect(cells, cells, bs.AllToAll(autapses=False), weight=0.01, delay=0.5, synapse=bs.GatedNMDA())
    graded = bs.GradedSynapse(tau=3.0)
    net.connect(others, cells, bs.FixedProbability(0.3), weight=bs.Uniform(0.1, 0.5), delay=0.7, synapse=graded)
    return driven(net, cells)


def rates():
    units = bs.Population(40, bs.RateUnit(), name="units", initial={"r": bs.Uniform(0.0, 50.0)})
    net = bs.Network(seed=1)
    net.connect(units, units, bs.FixedIndegree(7), weight=bs.Normal(0.0, 2.0), synapse=bs.RateConnection(gain="sigmoid"))
    net.connect(units, units, bs.FixedIndegree(3), weight=1.0, delay=2.0, synapse=bs.RateConnection(order=1))
    net.stimulate(units, bs.NoiseInput(50.0, tau=5.0))
    return net


@pytest.mark.parametrize("build", [junctions, delayed, rates])
def test_the_same_bits_in_every_way(build):
    bs.testing.check_bits(build, duration=40.0)


@pytest.mark.parametrize("build", [junctions, delayed])
def test_in_single_precision(build):
    bs.testing.check_bits(build, duration=20.0, precision="single")


def test_networks_without_couplings_keep_their_slices():
    net = bs.Network(seed=1)
    net.add(leaky(3))
    assert bs.Simulation(net, seed=1)._run.partitions[0].progress["slice"] == 64
    for build, slice_ in ((junctions, 1), (delayed, 3)):
        assert bs.Simulation(build(), seed=1)._run.partitions[0].progress["slice"] == slice_


def test_what_the_user_writes_to_the_state_acts_at_once():
    """Between two pieces v is changed: the sums are those of the new v, on any number of threads, also just after a save."""
    found = []
    for threads in (1, 3):
        sim = bs.Simulation(junctions(), seed=2, threads=threads)
        sim.run(5.0)
        sim.state["others"]["v"] = -90.0
        found.append(sim.run(5.0).state.variables)
        assert sim.state["others"]["gapjunction.total"].max() < 0.0
    for name, variables in found[0].items():
        for variable, values in variables.items():
            assert np.array_equal(values, found[1][name][variable]), (name, variable)


def test_a_saved_simulation_continues(tmp_path):
    whole = bs.Simulation(delayed(), seed=2)
    whole.run(10.0)
    whole.save(tmp_path / "run.ckpt")
    expected = whole.run(10.0)
    sim = bs.Simulation.load(delayed(), tmp_path / "run.ckpt", threads=3)
    found = sim.run(10.0)
    assert found.spikes["cells"] == expected.spikes["cells"]
    for name, variables in expected.state.variables.items():
        for variable, values in variables.items():
            assert np.array_equal(values, found.state.variables[name][variable]), (name, variable)


class TestWeights:
    def run(self, change=None, **given):
        cells = leaky(6, initial={"v": np.linspace(-80.0, -40.0, 6)})
        net = bs.Network(seed=1)
        pairs = {"weight": 1.0} | given
        rule = bs.FromArrays([0, 1, 2, 3], [4, 5, 3, 1])
        gap = net.connect(cells, cells, rule, synapse=bs.GapJunction(), **pairs)
        sim = bs.Simulation(net, seed=1)
        first = sim.run(1.0)
        if change:
            change(sim, gap)
        return sim, gap, first, sim.run(5.0).state.variables["cells"]["v"]

    def test_they_can_be_set(self):
        """With weight 0 the cells are alone from then on; with others they are as in a network that begins with these."""
        sim, gap, first, v = self.run(lambda sim, gap: sim.set(gap, weight=0.0))
        alone = -65.0 + (first.state.variables["cells"]["v"] + 65.0) * np.exp(-5.0 / 20.0)
        assert np.allclose(v, alone, rtol=1e-12)
        assert np.all(sim.synapses(gap).weight == 0.0)
        new = np.array([1.0, 4.0, 2.0, 0.5])
        sim, gap, _, v = self.run(lambda sim, gap: sim.set(gap, weight=new))
        order = np.lexsort(([4, 5, 3, 1], [0, 1, 2, 3]))
        assert np.array_equal(sim.synapses(gap).weight, new[order])
        sim.reset()
        assert np.all(sim.synapses(gap).weight == 1.0)
        sim.run(1.0)
        sim.set(gap, weight=new)
        assert np.array_equal(sim.run(5.0).state.variables["cells"]["v"], v)

    def test_junctions_come_and_go(self):
        sim, gap, _, v = self.run(lambda sim, gap: sim.rewire(gap, remove=[0], pre=[5], post=[2]))
        table = sim.synapses(gap)
        assert list(zip(table.pre.tolist(), table.post.tolist(), strict=True)) == [(1, 5), (2, 3), (3, 1), (5, 2)]
        sums = sim._layout.members["cells"].sums["r0_weights"]
        assert sums.tolist() == [0.0, 2.0, 2.0, 2.0, 0.0, 2.0]


def test_the_estimate_knows_the_bytes():
    cells = leaky(2000)
    for rule, weight, each in (
        (bs.FixedProbability(0.1), 0.1, 4.0),
        (bs.FixedProbability(0.1), bs.Uniform(0.0, 1.0), 12.0),
        (bs.AllToAll(), 0.1, 0.0),
    ):
        net = bs.Network(seed=1)
        net.connect(cells, cells, rule, weight=weight, synapse=bs.GapJunction(), name="gap")
        sim = bs.Simulation(net, seed=1)
        row = next(row for row in net.estimate().rows if row[0] == "gap")
        built = sim._run.synapses.couplings
        assert row[2] == pytest.approx(built.nbytes, rel=0.1)
        assert row[1] == pytest.approx(sim.n_synapses, rel=0.02)
        assert abs(built.nbytes - each * sim.n_synapses) < 150e3


def test_several_ranks_are_refused():
    from brainsim.build.layout import Layout
    from brainsim.build.own import Planned
    from brainsim.engine.synapses.store import Synapses

    layout = Layout(junctions(), 0.1, 2, ranks=Planned(2))
    with pytest.raises(ValueError, match="couplings without spikes work on one rank .*'cells->cells'"):
        Synapses(layout, 1)
