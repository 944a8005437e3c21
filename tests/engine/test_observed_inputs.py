"""What recorders see of inputs: the value that holds in the step which begins at a point."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.operators.observed import observed
from brainsim.jit.records import call

N = 40


def seen(given, step, threads=2, dt=0.1):
    """Return variable, unit and the value for each cell of an input at a step, from all partitions."""
    cells = bs.Population(N, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
    net = bs.Network(seed=1)
    net.stimulate(cells[3:], given, name="it")
    sim = bs.Simulation(net, dt=dt, seed=2, threads=threads)
    if step:
        sim.run(step * dt)
    values = np.full(N - 3, np.nan)
    for partition in sim._run.partitions:
        it = observed(partition, "it")
        for _, _, function, context in it.calls:
            progress = partition.progress
            call(function.address(context.kind, progress.kind), context.address, progress.address)
        values[it.cells] = it.values[it.places]
    before = sim.state["cells"]["v"][3:].copy()
    sim.run(dt)
    return it.variable, it.unit, values, (sim.state["cells"]["v"][3:] - before) / dt


@pytest.mark.parametrize("step", [0, 30, 77])
@pytest.mark.parametrize(
    "given",
    [
        bs.CurrentInput(5.0, start=2.0, stop=5.0),
        bs.CurrentInput(np.arange(37.0)),
        bs.CurrentInput([3.0, 4.0], times=[1.0, 4.0], stop=6.0),
        bs.CurrentInput(np.arange(74.0).reshape(2, 37), times=[0.0, 4.0]),
        bs.CurrentInput("2*t + i"),
        bs.CurrentInput(bs.TimedArray(np.arange(20.0), 0.5)),
        bs.NoiseInput(5.0, mean=1.0, correlation=0.5),
        bs.NoiseInput("5 + 1*t", tau=3.0, start=1.0),
    ],
)
def test_the_current_is_what_flows_in_the_next_step(given, step):
    variable, unit, values, flown = seen(given, step)
    assert unit == "pA"
    assert variable == ("current" if isinstance(given, bs.NoiseInput) else "amplitude")
    assert np.allclose(values, flown, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(7.0, 7.0), ("7*i - 20", np.maximum(7.0 * np.arange(37) - 20, 0)), (bs.TimedArray([1.0, 2.0], 2.0), 2.0)],
)
def test_the_rate(rate, expected):
    variable, unit, values, _ = seen(bs.PoissonInput(rate=rate, weight=0.0, synapse=bs.Delta()), 50)
    assert (variable, unit) == ("rate", "Hz")
    assert np.allclose(values, expected)
