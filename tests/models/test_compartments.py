"""Two compartments: against the exact solution, and synapses on the dendrite."""

import numpy as np
import pytest
from scipy.linalg import expm

import brainsim as bs

pytestmark = pytest.mark.thorough_but("exact_solution")


class OnDendrite(bs.Synapse):
    """An event adds to the current into the dendrite."""

    arrival = "i_d = i_d + w"


def matrix(m):
    """Return A of ``dx/dt = A x`` for x = (v - v_rest, v_d - v_rest, i_d)."""
    return np.array(
        [
            [-(m.g_l + m.g_c) / m.c_m, m.g_c / m.c_m, 0.0],
            [m.g_c / m.c_d, -(m.g_d + m.g_c) / m.c_d, 1.0 / m.c_d],
            [0.0, 0.0, -1.0 / m.tau_d],
        ]
    )


def run(model, stimulus, duration):
    cells = bs.Population(1, model, name="cells")
    net = bs.Network(seed=1)
    if isinstance(stimulus, bs.CurrentInput):
        net.stimulate(cells, stimulus)
    else:
        kick = bs.Population(1, bs.SpikeTrains([5.0], [0]), name="kick")
        net.connect(kick, cells, bs.AllToAll(), weight=stimulus[1], delay=1.0, synapse=stimulus[0])
    return bs.simulate(net, duration, seed=1, record=[bs.Trace(cells, x) for x in ("v", "v_d", "i_d")])


def test_an_event_on_the_dendrite_is_the_exact_solution():
    model = bs.TwoCompartmentLIF(g_c=4.0, tau_d=3.0)
    result = run(model, (OnDendrite(), 300.0), 60.0)
    assert result.stats["methods"]["cells"] == "exact"
    times = result.traces["cells", "v"].times
    expected = np.array([expm(matrix(model) * (t - 6.0)) @ [0.0, 0.0, 300.0] if t > 5.95 else np.zeros(3) for t in times])
    for k, (name, rest) in enumerate([("v", -65.0), ("v_d", -65.0), ("i_d", 0.0)]):
        np.testing.assert_allclose(result.traces["cells", name].values[:, 0] - rest, expected[:, k], rtol=1e-9, atol=1e-9)
    peaks = [times[np.argmax(result.traces["cells", name].values)] for name in ("v_d", "v")]
    assert peaks[0] < peaks[1]


def test_what_a_constant_current_does():
    model = bs.TwoCompartmentLIF(g_c=6.0)
    result = run(model, bs.CurrentInput(60.0), 800.0)
    moved = 60.0 / (model.g_l + model.g_c * model.g_d / (model.g_c + model.g_d))
    assert result.traces["cells", "v"].values[-1, 0] - model.v_rest == pytest.approx(moved, rel=1e-9)
    dendrite = result.traces["cells", "v_d"].values[-1, 0] - model.v_rest
    assert dendrite == pytest.approx(moved * model.g_c / (model.g_c + model.g_d), rel=1e-9)


def test_the_dendrite_goes_on_while_the_soma_is_refractory():
    result = run(bs.TwoCompartmentLIF(t_ref=5.0), bs.CurrentInput(400.0), 60.0)
    times, spikes = result.traces["cells", "v"].times, result.spikes["cells"].times
    assert spikes.size > 2
    held = (times > spikes[1]) & (times < spikes[1] + 4.9)
    assert set(result.traces["cells", "v"].values[held, 0]) == {-65.0}
    assert np.ptp(result.traces["cells", "v_d"].values[held, 0]) > 0.1


def test_without_the_conductance_the_soma_is_a_lif():
    alone = run(bs.TwoCompartmentLIF(g_c=0.0), bs.CurrentInput(200.0), 200.0).spikes["cells"].times
    assert np.array_equal(alone, lif_times())


def lif_times():
    cells = bs.Population(1, bs.LIF(tau_m=20.0, c_m=100.0), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(200.0))
    return bs.simulate(net, 200.0, seed=1).spikes["cells"].times
