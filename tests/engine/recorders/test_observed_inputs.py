"""What recorders see of inputs: the value that holds in the step which begins at a point."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.operators.registry import observed_of
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
        (stimulus,) = partition.layout.inputs
        it = observed_of(partition, stimulus)
        for _, _, function, context in it.calls:
            progress = partition.progress
            call(function.address(context.kind, progress.kind), context.address, progress.address)
        values[it.cells] = it.values[it.places]
    before = sim.state["cells"]["v"][3:].copy()
    sim.run(dt)
    return *given.observed, values, (sim.state["cells"]["v"][3:] - before) / dt


@pytest.mark.thorough_but("given0", "given2")
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


@pytest.mark.parametrize("tau", [None, 3.0])
def test_noise_flows_from_its_start_to_its_stop(tau):
    """The sample at `stop` is of the step that begins there, in which nothing flows any more."""
    cells, net = bs.Population(3, bs.IF(c_m=1.0, v_th=1e12), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.NoiseInput(5.0, tau=tau, start=1.0, stop=2.0), name="noise")
    trace = bs.simulate(net, 3.0, seed=1, record=bs.Trace(cells, "noise")).traces["cells", "noise"]
    flows = np.zeros(31, bool)
    flows[10:20] = True
    assert np.array_equal((trace.values != 0.0).all(axis=1), flows)
    assert np.array_equal((trace.values != 0.0).any(axis=1), flows)


@pytest.mark.thorough_but("7.0-7.0")
@pytest.mark.parametrize(
    ("rate", "expected"),
    [(7.0, 7.0), ("7*i - 20", np.maximum(7.0 * np.arange(37) - 20, 0)), (bs.TimedArray([1.0, 2.0], 2.0), 2.0)],
)
def test_the_rate(rate, expected):
    variable, unit, values, _ = seen(bs.PoissonInput(rate=rate, weight=0.0, synapse=bs.Delta()), 50)
    assert (variable, unit) == ("rate", "Hz")
    assert np.allclose(values, expected)


SOURCES = {
    "text": (bs.Poisson(rate="20 + 15*sin(2*pi*8*t/1000)"), lambda t, i: 20 + 15 * np.sin(2 * np.pi * 0.008 * (t + 0.05))),
    "negative": (bs.GammaRenewal(rate="3*i - 6 + 1*t"), lambda t, i: np.maximum(3 * i - 6 + t + 0.05, 0)),
    "table": (bs.PoissonWithDeadTime(rate=bs.TimedArray([5.0, 50.0], 1.0)), lambda t, i: np.where(t < 1 - 1e-9, 5, 50)),
    "number": (bs.Poisson(rate=7.0), lambda t, i: 7.0),
    "array": (bs.Poisson(rate=np.arange(5.0)), lambda t, i: i),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_the_rate_of_sources_is_recorded(kind):
    model, expected = SOURCES[kind]
    cells, net = bs.Population(5, model, name="cells"), bs.Network(seed=1)
    net.add(cells)
    record = [bs.Trace(cells[1:], "rate"), bs.Trace(cells, "rate", reduce="mean", every=0.5)]
    sim = bs.Simulation(net, seed=2, threads=2, record=record)
    sim.run(1.5)
    sim.set(cells, rate=np.full(5, 9.0) if kind in ("negative", "array") else 9.0)
    sim.run(0.5)
    trace, mean = sim.result().traces["cells", "rate"], sim.result().traces["cells", "mean(rate)"]
    assert trace.unit == "Hz"
    assert trace.ids.tolist() == [1, 2, 3, 4]
    t, i = trace.times[:, None], np.arange(5)
    # a sample is made when the step before it ends, so the one at 1.5 ms was made before the change
    values = np.where(t < 1.55, expected(t, i) + 0.0 * i, 9.0)
    assert np.allclose(trace.values, values[:, 1:], rtol=1e-9)
    assert np.allclose(mean.values[:, 0], values[::5].mean(axis=1), rtol=1e-9)
    assert sim.result().spikes["cells"] == plain_spikes(model, kind)


def plain_spikes(model, kind):
    """Return the spikes of the same run without traces."""
    cells, net = bs.Population(5, model, name="cells"), bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, seed=2)
    sim.run(1.5)
    sim.set(cells, rate=np.full(5, 9.0) if kind in ("negative", "array") else 9.0)
    sim.run(0.5)
    return sim.result().spikes["cells"]


def test_a_variable_that_comes_after_an_input_of_its_name():
    cells, net = bs.Population(5, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells[:2], bs.CurrentInput(5.0), name="exponential.i")
    net.connect(cells, cells, bs.FixedIndegree(1), weight=1.0, delay=1.0, synapse=bs.Exponential())
    with pytest.raises(ValueError, match="an input and a variable are named 'exponential.i'; give the input another name"):
        bs.Simulation(net, record=bs.Trace(cells[:1], "exponential.i"))
    bs.Simulation(net, record=bs.Trace(cells[2:], "exponential.i"))
