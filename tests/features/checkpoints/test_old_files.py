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
    sim = bs.Simulation.load(net, DATA / "simulation_0.1.0.npz")
    assert sim.time == pytest.approx(30.0)
    sim.run(20.0)
    spikes, then = sim.result().spikes["cells"], np.load(DATA / "after_0.1.0.npz")
    assert then["times"].size > 50
    np.testing.assert_array_equal(spikes.times[spikes.times > 30.0], then["times"])
    np.testing.assert_array_equal(spikes.ids[spikes.times > 30.0], then["ids"])
    np.testing.assert_array_equal(sim.synapses(net.projections[0]).weight, then["w"])


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
    old = names()
    assert [(m, name) for m, tree in modules().items() for name, _ in imported(m, tree, types=True) if name in old] == []
