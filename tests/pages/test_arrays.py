"""Arrays that a script of a page sets have the bits of `Simulation.set`."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.pages.controls import Array
from brainsim.pages.page import alone, contents
from brainsim.pages.writing import elements
from tests.pages.engine import answers, run_there


def network():
    """Cells with a current of their own each, and listed synapses."""
    cells = bs.Population(40, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -52.0)})
    net = bs.Network(seed=1)
    net.connect(
        cells, cells, bs.FixedProbability(0.2), weight=bs.Uniform(0.0, 40.0), delay=1.0, synapse=bs.Delta(), name="wires"
    )
    net.stimulate(cells, bs.CurrentInput(np.full(40, 300.0)), name="current")
    return net


def test_arrays_have_the_bits_of_set(tmp_path):
    random = np.random.default_rng(1)
    here, there = (bs.Simulation(network(), seed=2, threads=1) for _ in range(2))
    weights = here.synapses("wires").weight
    arrays = [
        Array("current", "amplitude", np.full(40, 300.0)),
        Array("wires", "weight", weights),
        Array("cells", "v_th", np.full(40, -50.0)),
    ]
    plan = []
    for k, values in (
        (0, random.uniform(200.0, 600.0, 40)),
        (1, weights * (random.random(weights.size) < 0.5)),
        (2, np.where(np.arange(40) % 3, -50.0, 1e300)),
        (0, random.uniform(200.0, 600.0, 40)),
    ):
        here.run(12.3)
        here.set(arrays[k].target, **{arrays[k].name: values})
        plan += [12.3, {"type": "array", "array": k, "values": values.tolist()}]
    spikes = sum(len(here.run(5.0).spikes["cells"]) for _ in range(4))
    assert spikes > 10
    assert run_there(there, [*plan, 20.0], tmp_path, arrays=arrays)[0] == here.digest()


@pytest.mark.thorough
def test_a_page_that_starts_again_keeps_its_arrays(tmp_path):
    sim = bs.Simulation(network(), seed=2, threads=1)
    arrays, values = [Array("current", "amplitude", np.full(40, 300.0))], np.linspace(200.0, 600.0, 40)
    plan = [
        {"type": "array", "array": 0, "values": values.tolist()},
        {"type": "advance", "steps": 100},
        {"type": "restart"},
        {"type": "advance", "steps": 300},
        {"type": "digest"},
    ]
    found = answers(elements(*contents(alone(sim), arrays=arrays)), plan, tmp_path)[-1]["text"]
    sim.set("current", amplitude=values)
    sim.run(30.0)
    assert found == sim.digest()


@pytest.mark.thorough
def test_constants_that_are_computed_from_an_array_are_refused():
    sim = bs.Simulation(network(), seed=2, threads=1)
    with pytest.raises(ValueError, match="page: tau_m of 'cells': constants are computed from its numbers"):
        contents(alone(sim), arrays=[Array("cells", "tau_m", np.full(40, 20.0))])
