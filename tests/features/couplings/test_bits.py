"""Couplings give the same bits on any number of threads, cut anywhere, restored, and after changes of their weights."""

import copy

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.couplings import delayed, junctions, leaky, rates
from tests.helpers.layouts import layouts

pytestmark = pytest.mark.usefixtures("more_partitions")


@pytest.mark.thorough
@pytest.mark.parametrize("build", [junctions, delayed, rates])
def test_the_same_bits_in_every_way(build):
    bs.testing.check_bits(build, duration=40.0)


@pytest.mark.thorough
@pytest.mark.parametrize("build", [junctions, delayed])
def test_in_single_precision(build):
    bs.testing.check_bits(build, duration=20.0, precision="single")


@pytest.mark.thorough
def test_networks_without_couplings_keep_their_slices():
    net = bs.Network(seed=1)
    net.add(leaky(3))
    assert bs.Simulation(net, seed=1)._run.partitions[0].progress["slice"] == 64
    for build, slice_ in ((junctions, 1), (delayed, 3)):
        assert bs.Simulation(build(), seed=1)._run.partitions[0].progress["slice"] == slice_


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_what_was_written_to_the_state_acts_in_a_copy_too(tmp_path):
    """Saved or copied after v was changed, before it acts; a copy in which the change is taken back is as if unchanged."""
    sim = bs.Simulation(junctions(), seed=2)
    sim.run(5.0)
    before, v = copy.copy(sim), sim.state["others"]["v"].copy()
    sim.state["others"]["v"] = v - 10.0
    copied, undone = copy.copy(sim), copy.copy(sim)
    sim.save(tmp_path / "run.ckpt")
    loaded = bs.Simulation.load(junctions(), tmp_path / "run.ckpt", threads=3)
    undone.state["others"]["v"] = v
    changed, unchanged = sim.run(5.0).state.variables, before.run(5.0).state.variables
    assert not np.array_equal(changed["others"]["v"], unchanged["others"]["v"])
    for one, expected in ((copied, changed), (loaded, changed), (undone, unchanged)):
        found = one.run(5.0).state.variables
        assert all(np.array_equal(found[name][key], expected[name][key]) for name in expected for key in expected[name])


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
        built = sim._run.synapses.others
        assert row[2] == pytest.approx(built.nbytes, rel=0.1)
        assert row[1] == pytest.approx(sim.n_synapses, rel=0.02)
        assert abs(built.nbytes - each * sim.n_synapses) < 150e3


@pytest.mark.parametrize("build", [junctions, delayed])
def test_ranks_divide_the_pairs(build):
    """Each has those onto its cells, in their order, and knows the sums of the weights of all cells."""
    from brainsim.engine.synapses.store import Synapses

    of_ranks = [Synapses(layout, 1).others for layout in layouts(build(), 3, 2)]
    whole = Synapses(layouts(build(), 1, 1)[0], 1).others
    for here in of_ranks:
        assert here.number == whole.number
        for name, member in here._layout.members.items():
            for key, values in member.sums.items():
                assert np.array_equal(values, whole._layout.members[name].sums[key])
    for k, some in enumerate(whole.sums):
        parts = [here.sums[k] for here in of_ranks]
        if not hasattr(some, "source"):
            assert all(np.array_equal(part.columns, some.columns) for part in parts)
            continue
        assert max(part.source.size for part in parts) < some.source.size
        for target in range(some.view.n):
            places = slice(*some.first[target : target + 2])
            found = [(part, slice(*part.first[target : target + 2])) for part in parts]
            found = [(part, here) for part, here in found if here.start < here.stop]
            assert len(found) == (places.start < places.stop)
            for part, here in found:
                for name in ("source", "weights", "delays"):
                    assert np.array_equal(getattr(part, name)[here], getattr(some, name)[places])


def test_the_estimate_knows_the_bytes_of_a_rank():
    from brainsim.engine.synapses.store import Synapses
    from brainsim.features.estimates.memory import estimate_layout

    cells = leaky(2000)
    net = bs.Network(seed=1)
    rule, weight = bs.FixedProbability(0.1), bs.Uniform(0.0, 1.0)
    net.connect(cells[:1200], cells[1200:], rule, weight=weight, synapse=bs.GapJunction(), name="gap")
    for layout in layouts(net, 3, 1):
        row = next(row for row in estimate_layout(layout).rows if row[0] == "gap")
        assert row[2] == pytest.approx(Synapses(layout, 1).others.nbytes, rel=0.1)
