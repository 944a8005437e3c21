"""Voltage clamp: the potential is the command, channels relax to it, and the clamp current is what Ohm's law says."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.clamps.operator import Clamp
from tests.helpers.mistakes import mistakes


def clamped(model, clamp, duration=20.0, dt=0.1, n=6, variables=("v",), threads=1, pieces=1):
    cells = bs.Population(n, model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, clamp, name="clamp")
    record = [bs.Trace(cells, name) for name in variables]
    sim = bs.Simulation(net, dt=dt, seed=2, record=record, threads=threads)
    for _ in range(pieces):
        sim.run(duration / pieces)
    return sim


def current_of(sim):
    """Return the clamp current in the last step [pA]."""
    partition = sim._run.partitions[0]
    seen = Clamp.observed(partition, next(s for s in partition.layout.inputs if s.name == "clamp"))
    return seen.values[seen.places]


def test_v_is_the_command_in_each_step():
    sim = clamped(bs.LIF(), bs.VoltageClamp("-70 + 5*sin(2*pi*t/10)*i", start=2.0, stop=12.0))
    v = sim.result().traces["cells", "v"].values
    middle = (np.arange(20, 120) + 0.5) * 0.1
    expected = -70.0 + 5.0 * np.sin(2 * np.pi * middle[:, None] / 10.0) * np.arange(6)
    assert np.allclose(v[21:121], expected, rtol=0.0, atol=1e-9)
    assert np.all(np.diff(v[121:, 0]) != 0.0)  # free again


def test_the_current_is_the_leak_at_the_command():
    model = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=0.0)
    command = np.array([-80.0, -65.0, -60.0, -40.0, -30.0, -10.0])
    sim = clamped(model, bs.VoltageClamp(command), dt=0.01)
    expected = 200.0 / 20.0 * (command + 65.0)
    assert np.allclose(current_of(sim), expected, rtol=1e-3)  # dt/(2 tau)
    sim.set("clamp", stop=15.0)
    sim.run(0.02)
    assert not current_of(sim).any()


@pytest.mark.thorough
def test_channels_relax_to_the_command():
    sim = clamped(bs.HodgkinHuxley(), bs.VoltageClamp(bs.TimedArray([-65.0, 0.0], 10.0)), 40.0, 0.01, variables=("v", "n"))
    n = sim.result().traces["cells", "n"].values[:, 0]
    late = sim.state["cells"]["n"].copy()
    sim.run(20.0)
    assert np.allclose(sim.state["cells"]["n"], late, atol=1e-6)  # at rest at 0 mV
    assert n[-1] > n[900] + 0.3
    assert current_of(sim).min() > 0.0  # holds against potassium


def test_a_clamped_cell_sends_no_spikes_and_others_do():
    cells = bs.Population(6, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(500.0))
    net.stimulate(cells[2:4], bs.VoltageClamp(-20.0, start=50.0, stop=150.0), name="clamp")
    for threads in (1, 2):
        spikes = bs.simulate(net, 300.0, seed=2, threads=threads).spikes["cells"]
        inside = spikes.ids[(spikes.times > 50.0) & (spikes.times <= 150.0)]
        assert set(inside) == {0, 1, 4, 5}
        assert set(spikes.ids) == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(("model", "current"), [(bs.LIF(), 500.0), (bs.HodgkinHuxley(), 700.0)])
def test_it_silences_cells_which_fire_normally_at_once_afterwards(model, current):
    cells = bs.Population(4, model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    net.stimulate(cells[:2], bs.VoltageClamp(-65.0, start=100.0, stop=300.0), name="silence")
    sim = bs.Simulation(net, seed=2, threads=1)

    def rates():
        spikes = sim.run(100.0).spikes
        return spikes[cells[:2]].rate(), spikes[cells[2:]].rate()

    silent, others = zip(*(rates() for _ in range(2)), strict=True)
    assert silent[0] == others[0] > 50.0
    assert silent[1] == 0.0 < others[1]
    sim.set("silence", stop=200.0)  # earlier than was said
    woken, others = rates()
    assert woken == pytest.approx(others, abs=10.0)
    assert np.all(np.isfinite(sim.state["cells"]["v"]))
    sim.set("silence", start=300.0, stop=400.0)
    assert rates()[0] == 0.0


def stimulated(clamp, model=None):
    bs.Network(seed=1).stimulate(bs.Population(10, model or bs.LIF(), name="cells"), clamp)


test_mistakes = mistakes(
    (lambda: bs.VoltageClamp(None), TypeError, "VoltageClamp.v: must be a number in mV (got None)"),
    (lambda: bs.VoltageClamp(np.nan), ValueError, "VoltageClamp.v: must be finite"),
    (lambda: stimulated(bs.VoltageClamp([1.0, 2.0])), ValueError, "VoltageClamp.v: 2 values do not fit 'cells'"),
    (lambda: stimulated(bs.VoltageClamp("tau_m")), bs.EquationError, "VoltageClamp.v: must be in mV, but this is in ms"),
    (lambda: stimulated(bs.VoltageClamp(0.0), bs.RateUnit()), ValueError, "RateUnit, which has no variable 'v'"),
    (lambda: bs.VoltageClamp(0.0, start=3.0, stop=2.0), ValueError, "VoltageClamp.stop: must be > 3 ms"),
)


def test_the_clamp_current_is_recorded_by_the_name_of_the_input():
    cells = bs.Population(3, bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0), name="cells", initial={"v": -65.0})
    net = bs.Network(seed=1)
    net.stimulate(cells[1:], bs.VoltageClamp(-70.0, start=2.0, stop=4.0), name="clamp")
    trace = bs.simulate(net, 6.0, seed=1, record=bs.Trace(cells[1:], "clamp")).traces["cells", "clamp"]
    assert trace.unit == "pA"
    assert np.allclose(trace.values[21:41], 200.0 / 20.0 * -5.0, rtol=0.01)
    assert not trace.values[:21].any()
    assert not trace.values[41:].any()
