"""Checkpoints: a run that continues from a file has the bits of one that was not disturbed, and nothing else is accepted."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.runs.checkpointed import assert_equal, loaded, network, simulation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


class TestContinuing:
    def test_reset_goes_back_to_the_state_from_which_the_run_began(self, path):
        began = simulation().run(10.0).state
        net = network()
        sim = bs.Simulation(net, state=began)
        sim.run(10.0)
        sim.save(path)
        again = bs.Simulation.load(network(), path)
        assert (again.result().start, again.result().duration) == (10.0, 10.0)
        again.reset()
        sim.reset()
        assert again.time == 10.0
        assert again.run(10.0).spikes["cells"] == sim.run(10.0).spikes["cells"]

    def test_with_synapses_that_were_added_and_removed(self, path):
        sim = simulation()
        sim.run(10.0)
        for name in ("wires", "plastic"):
            sim.rewire(name, remove=[0, 3, 9], pre=[1, 2], post=[7, 8], weight=[10.0, 12.0], delay=2.0)
            sim.run(5.0)
        sim.rewire("plastic", remove=[1])
        sim.set("noise", rate=2500.0)
        sim.run(5.0)
        sim.save(path)
        again = loaded(path)
        sim.run(20.0)
        again.run(20.0)
        assert_equal(again.result(), sim.result())
        for name in ("wires", "plastic"):
            assert np.array_equal(again.synapses(name).weight, sim.synapses(name).weight)
        sim.reset()
        again.reset()
        assert_equal(again.run(10.0), sim.run(10.0))

    def test_other_things_to_record(self, path):
        sim = simulation()
        sim.run(20.0)
        sim.save(path)
        with pytest.warns(UserWarning, match=r"record=, spikes= or to= are not those .* result\(\) begins at 20 ms"):
            again = bs.Simulation.load(network(), path)
        again.run(10.0)
        assert (again.result().start, again.result().duration) == (20.0, 10.0)
        assert again.result().spikes["cells"] == sim.run(10.0).spikes["cells"]


def test_checkpoint_moves_with_its_copy(path, tmp_path):
    """It is one file that can be copied to another machine."""
    sim = simulation()
    sim.run(5.0)
    copy = Path(shutil.copy(sim.save(path), tmp_path / "elsewhere.ckpt"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loaded(copy).time == 5.0
