"""Files and pickles of version 0.1.0, whose modules had other names, are read, and continue with the same bits."""

import importlib
import pickle
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.core.moved import names
from tests.helpers.modules import imported, modules

DATA = Path(__file__).parents[2] / "data"


def test_a_simulation_of_an_older_version_continues():
    net = pickle.loads((DATA / "network_0.1.0.pickle").read_bytes())
    assert type(net.projections[0].plasticity) is bs.STDP
    with pytest.warns(UserWarning, match=r"the last bits may differ \(brainsim 0\.1\.0 then, "):
        sim = bs.Simulation.load(net, DATA / "simulation_0.1.0.npz")
    assert sim.time == pytest.approx(30.0)
    sim.run(20.0)
    spikes, then = sim.result().spikes["cells"], np.load(DATA / "after_0.1.0.npz")
    assert then["times"].size > 50
    np.testing.assert_array_equal(spikes.times[spikes.times > 30.0], then["times"])
    np.testing.assert_array_equal(spikes.ids[spikes.times > 30.0], then["ids"])
    np.testing.assert_array_equal(sim.synapses(net.projections[0]).weight, then["w"])


def test_a_result_of_an_older_version_is_read():
    result = bs.Result.load(DATA / "result_0.1.0.npz")
    spikes, v, w = result.spikes["cells"], result.traces["cells", "v"], result.weights["learning"]
    assert (result.seed, result.dt, result.stop, len(spikes), spikes.ids.sum()) == (2, 0.1, 40.0, 125, 2437)
    assert spikes.times.sum() == pytest.approx(2664.3, rel=1e-12)  # as 0.1.0 said
    assert v.values.shape == (41, 3)
    assert v.values.sum() == pytest.approx(-7093.313160513949, rel=1e-12)
    assert w.values.shape == (5, 238)
    assert w.values.sum(dtype=float) == pytest.approx(30896.0757890692, rel=1e-12)


@pytest.mark.filterwarnings("ignore:.*was saved elsewhere:UserWarning")
def test_a_rule_whose_parameters_were_renamed_continues():
    """`c_plus` of DopamineSTDP was `a_plus` until 0.1.1."""
    net = pickle.loads((DATA / "dopamine_0.1.1.pickle").read_bytes())
    assert net.projections[0].plasticity == bs.DopamineSTDP(w_max=3.0, c_plus=0.3)
    sim = bs.Simulation.load(net, DATA / "dopamine_0.1.1.npz", threads=1)
    whole = bs.Simulation(net, seed=2, threads=1)
    whole.run(100.0)
    sim.run(50.0)
    assert sim.digest() == whole.digest()


@pytest.mark.thorough
def test_a_network_gives_the_result_of_an_older_version():
    cells = bs.Population(40, bs.LIF(t_ref=2.0), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net, synapse = bs.Network(seed=1), bs.Exponential(tau=3.0)
    values = {"weight": bs.Uniform(10.0, 40.0), "delay": bs.Uniform(0.5, 2.0), "plasticity": bs.STDP(w_max=80.0)}
    learning = net.connect(cells[:30], cells, bs.FixedProbability(0.2), synapse=synapse, name="learning", **values)
    net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=60.0, synapse=synapse))
    record = [bs.Trace(cells[:3], "v", every=1.0), bs.WeightTrace(learning, synapses=None, every=10.0)]
    now, then = bs.simulate(net, 40.0, seed=2, record=record), bs.Result.load(DATA / "result_0.1.0.npz")
    for name in ("times", "ids"):
        np.testing.assert_array_equal(getattr(now.spikes["cells"], name), getattr(then.spikes["cells"], name))
    np.testing.assert_array_equal(now.traces["cells", "v"].values, then.traces["cells", "v"].values)
    np.testing.assert_array_equal(now.weights["learning"].values, then.weights["learning"].values)


def test_all_modules_that_have_moved_are_found():
    moved = {old: new for old, new in names().items() if new}
    assert len(moved) > 90
    if not find_spec("pynestml"):  # the modules of that folder import it
        moved = {old: new for old, new in moved.items() if not old.startswith("brainsim.nestml.")}
    for old, new in moved.items():
        found = importlib.import_module(old)
        assert found is importlib.import_module(new)
        assert found.__spec__.name == new


def test_the_package_does_not_use_old_names():
    packages = Path(bs.__file__).parents[1]  # some of which only a part of the modules has left
    old = {name for name, new in names().items() if new or not (packages / name.replace(".", "/")).is_dir()}
    assert [(m, name) for m, tree in modules().items() for name, _ in imported(m, tree, types=True) if name in old] == []
