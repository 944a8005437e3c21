"""interpolate = True: spike times within the step, against closed forms."""

import math

import numpy as np
import pytest

import brainsim as bs


class PreciseLIF(bs.LIF):
    """LIF with spike times within the step."""

    interpolate = True


# NEST's test iaf_ps_dc_accuracy: E_L 0 mV, I 1000 pA, C 250 pF, tau 10 ms, threshold 15 mV
CELL = {"tau_m": 10.0, "c_m": 250.0, "v_rest": 0.0, "v_reset": 0.0, "v_th": 15.0, "t_ref": 0.0}
EXACT = 4.700036292457356


def spikes_of(model, current, duration, dt, **options):
    cells = bs.Population(np.size(current), model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    return bs.simulate(net, duration, dt=dt, **options).spikes["cells"]


def test_first_spike_has_the_published_time():
    assert -10.0 * math.log(1.0 - 15.0 / 40.0) == pytest.approx(EXACT, abs=1e-14)
    errors = [abs(spikes_of(PreciseLIF(**CELL), 1000.0, 8.0, dt).times[0] - EXACT) for dt in (0.4, 0.2, 0.1, 0.01)]
    assert errors[2] < 1e-9
    assert errors[3] < 1e-13
    # fourth order: halving dt divides the error by 16, if the crossing lies alike within the step
    assert errors[0] / errors[2] > 50.0
    assert spikes_of(bs.LIF(**CELL), 1000.0, 8.0, 0.1).times[0] == 4.8  # the end of the step


@pytest.mark.parametrize("precision", ["double", "single"])
def test_all_cells_cross_where_the_closed_form_says(precision):
    currents = np.linspace(400.0, 5000.0, 500)
    spikes = spikes_of(PreciseLIF(**CELL), currents, 40.0, 0.1, precision=precision, threads=2)
    ids, first = np.unique(spikes.ids, return_index=True)
    assert ids.size == 500
    exact = -10.0 * np.log1p(-15.0 / (currents * 10.0 / 250.0))
    # in single precision v is off by up to 280 roundings of 5e-7 mV where it creeps over the threshold at 0.1 mV/ms
    assert np.abs(spikes.times[first] - exact).max() < (2e-8 if precision == "double" else 1.4e-3)


def test_an_event_that_crosses_the_threshold_has_the_end_of_the_step():
    source = bs.Population(1, bs.SpikeTrains(times=[1.0], ids=[0]), name="source")
    cells = bs.Population(1, PreciseLIF(**CELL), name="cells")
    net = bs.Network(seed=1)
    net.connect(source, cells, bs.AllToAll(), weight=20.0, delay=1.0, synapse=bs.Delta())
    assert bs.simulate(net, 5.0).spikes["cells"].times.tolist() == [2.0]


@pytest.mark.usefixtures("more_partitions")
def test_the_grid_and_the_bits_stay():
    currents = np.linspace(400.0, 1500.0, 100)
    on_grid = spikes_of(bs.LIF(**CELL | {"t_ref": 2.0}), currents, 200.0, 0.1)
    one, two = (spikes_of(PreciseLIF(**CELL | {"t_ref": 2.0}), currents, 200.0, 0.1, threads=k) for k in (1, 2))
    assert one == two
    order, plain = np.lexsort((one.times, one.ids)), np.lexsort((on_grid.times, on_grid.ids))
    lag = on_grid.times[plain] - one.times[order]
    assert np.array_equal(one.ids[order], on_grid.ids[plain])
    assert lag.min() >= -1e-12
    assert lag.max() <= 0.1
    assert np.std(lag) > 0.02  # spread over the step


def test_a_moving_threshold_and_a_run_in_pieces():
    class Adaptive(bs.Neuron):
        equations = """
            dv/dt = (-v + R*I)/tau
            dtheta/dt = (v_th - theta)/tau_theta
        """
        threshold = "v >= theta"
        reset = "v = 0; theta += jump"
        interpolate = True
        R: float = bs.parameter(0.04, "mV/pA", "resistance")
        tau: float = bs.parameter(10.0, "ms", "time constant")
        tau_theta: float = bs.parameter(30.0, "ms", "of the threshold")
        v_th: float = bs.parameter(15.0, "mV", "threshold at rest")
        jump: float = bs.parameter(5.0, "mV", "step of the threshold")
        v: float = bs.initial(0.0, "mV", "membrane potential")
        theta: float = bs.initial(15.0, "mV", "threshold")

    assert spikes_of(Adaptive(), 1000.0, 8.0, 0.1).times[0] == pytest.approx(EXACT, abs=1e-9)
    # from v = 0 at t = 4.8 on: 40 (1 - exp(-s/10)) = 15 + 5 exp(-s/30)
    s = 5.5
    for _ in range(50):
        gap = 40.0 * (1.0 - math.exp(-s / 10.0)) - 15.0 - 5.0 * math.exp(-s / 30.0)
        s -= gap / (4.0 * math.exp(-s / 10.0) + math.exp(-s / 30.0) / 6.0)
    cells = bs.Population(1, Adaptive(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(1000.0))
    sim = bs.Simulation(net)
    pieces = [sim.run(duration).spikes["cells"] for duration in (4.8, 5.0, 5.2)]
    times = np.concatenate([piece.times for piece in pieces])
    assert times[1] == pytest.approx(4.8 + s, abs=1e-8)
    assert np.array_equal(sim.result().spikes["cells"].times, times)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": "v >= v_th and v > 0"}, "one comparison"),
        ({"threshold": "v*v >= v_th*v_th"}, "linear in 'v'"),
        ({"equations": "dv/dt = -v/tau + v_th*sqrt(2/tau)*xi"}, "without noise"),
        ({"substeps": 2}, "without substeps"),
        ({"threshold": "v >= v_th*(1 + exp(-t/tau))"}, "a threshold without t; write an equation"),
        ({"equations": "dv/dt = -v/tau\ntheta = v_th*sin(t/tau)", "threshold": "v >= theta"}, "a threshold without t"),
    ],
)
def test_what_cannot_be_interpolated_is_rejected(changes, message):
    words = {"equations": "dv/dt = -v/tau", "threshold": "v >= v_th", "interpolate": True, **changes}
    words |= {
        "v_th": bs.parameter(15.0, "mV", "threshold"),
        "tau": bs.parameter(10.0, "ms", "time constant"),
        "v": bs.initial(0.0, "mV", "potential"),
        "__annotations__": {},
    }
    model = type("Cell", (bs.Neuron,), words)
    net = bs.Network(seed=1)
    net.add(bs.Population(1, model(), name="cells"))
    with pytest.raises(bs.EquationError, match=f"interpolate needs .*{message}"):
        bs.simulate(net, 1.0)


@pytest.mark.parametrize("dt", [0.05, 0.1, 0.2, 0.7])
def test_a_cell_above_threshold_at_the_start_fires_at_time_0_in_single_precision(dt):
    cells = bs.Population(5, PreciseLIF(t_ref=0.0), name="cells", initial={"v": bs.Uniform(-49.9, -40.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(500.0))
    sim = bs.Simulation(net, dt=dt, seed=1, precision="single")
    pieces = [sim.run(dt) for _ in range(400)]
    first = pieces[0].spikes["cells"]
    assert len(first) == 5
    assert first.times.min() >= 0.0
    assert first.times.max() < 1e-6
    # each spike lies in the piece that it was found in, whatever the rounding
    assert sum(len(piece.spikes["cells"]) for piece in pieces) == len(sim.result().spikes["cells"]) > 5
