"""What type checkers must accept and reject in a user's code; mypy reads this file, and nobody runs it.

Each ``type: ignore`` marks an error that must be reported: mypy warns if it is not.
"""

from typing import assert_type

import numpy as np

import brainsim as bs


class Leaky(bs.Neuron):
    """A model of a user's own."""

    equations = "dv/dt = -v/tau + I/c_m"
    threshold = "v > v_th"
    reset = "v = 0"
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    c_m: bs.values.Value = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_th: bs.values.Value = bs.parameter(15.0, "mV", "threshold")
    v: float = bs.initial(0.0, "mV", "membrane potential")


def models() -> None:
    bs.LIF(tau_m=20.0, c_m=[100.0, 200.0], v_th=bs.Normal(-50.0, 1.0))
    bs.LIF(tau_n=20.0)  # type: ignore[call-arg]
    bs.LIF(20.0)  # type: ignore[call-arg]
    bs.Exponential(tau=5.0, name="ampa")
    bs.Exponential(name=5.0)  # type: ignore[arg-type]
    Leaky(tau=10.0, v_th=bs.Uniform(10.0, 20.0))
    Leaky(tau=bs.Uniform(10.0, 20.0))  # type: ignore[arg-type]
    Leaky(v=3.0)  # type: ignore[call-arg]
    Leaky().tau = 5.0  # type: ignore[misc]
    assert_type(2.0 * bs.LIF().tau_m > 0.0, object)  # type: ignore[assert-type]  # Any: a number, array or distribution


def networks() -> None:
    cells = bs.Population(100, Leaky(), name="cells", initial={"v": bs.Uniform(0.0, 10.0)})
    bs.Population("100", Leaky())  # type: ignore[arg-type]
    assert_type(cells[:80] + cells[[90, 91]], bs.View)
    assert_type(cells[:80].ids.size, int)
    net = bs.Network(seed=1)
    delay = bs.Clipped(bs.Normal(1.5, 0.75), low=0.1)
    wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.1, delay=delay, synapse=bs.Delta())
    assert_type(wires, bs.Projection)
    net.connect(cells, cells, bs.FromArrays([0, 1], [1, 2]), weight=np.ones(2), delay=1.5, synapse=bs.Delta())
    net.connect(cells, cells, bs.AllToAll(), weight=0.1, delay=1.5, synapse="delta")  # type: ignore[arg-type]
    net.connect(cells, cells, 0.1, weight=0.1, delay=1.5, synapse=bs.Delta())  # type: ignore[arg-type]
    net.stimulate(cells, bs.PoissonInput(rate=np.ones(100), weight=0.1, synapse=bs.Delta()))
    net.stimulate(cells, bs.CurrentInput([300.0, 0.0], times=[100.0, 400.0]))
    bs.Population(3, bs.SpikeTrains([[1.0], [2.5], [2.5]]))
    bs.Population(3, bs.SpikeTrains(times=np.array([1.0, 2.5]), ids=[0, 1]))


def statistics_and_codes(spikes: bs.Spikes) -> None:
    assert_type(bs.analysis.cv2(spikes), float)
    bs.analysis.psth(spikes, [10.0, 20.0], window=(-5.0, 5.0))
    bs.analysis.correlogram(spikes, spikes, norm="rates")  # type: ignore[arg-type]
    assert_type(bs.encode.Rate(max_rate=50.0).encode([0.1, 0.9], 100.0, seed=1), bs.Spikes)
    bs.encode.PopulationCode(by="phase")  # type: ignore[arg-type]
    table = bs.sweep(lambda g: g, over={"g": [1.0, 2.0]}, seeds=[1, 2], errors="raise")
    assert_type(table, bs.Sweep)


def results(result: bs.Result) -> None:
    assert_type(result.spikes["cells"], bs.Spikes)
    assert_type(result.traces["cells", "v"], bs.Traces)


def running(net: bs.Network, cells: bs.Population, state: bs.State) -> None:
    assert_type(bs.simulate(net, 100.0, seed=1, record=bs.Trace(cells, "v"), spikes=[cells[:10]], state=state), bs.Result)
    bs.simulate(net, "100 ms")  # type: ignore[arg-type]
    sim = bs.Simulation(net, seed=1, threads=2)
    assert_type(sim.run(10.0), bs.Result)
    assert_type(sim.synapses("cells->cells").weight, np.ndarray)
    sim.set(cells, tau_m=10.0)
    sim.set(3.0)  # type: ignore[arg-type]
