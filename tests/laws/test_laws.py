"""What theory says of cells, synapses and inputs, in closed form; random numbers within four standard deviations."""

import math

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.own_models import Integrator
from tests.helpers.equations.single_cells import DT, steps_of

LIF = {"tau_m": 20.0, "c_m": 200.0, "v_rest": -65.0, "v_th": -50.0, "v_reset": -65.0, "t_ref": 2.0}
SILENT = LIF | {"v_rest": 0.0, "v_reset": 0.0, "v_th": 1e6}  # never fires, and rests at exactly 0


class Clamped(bs.Neuron):
    """Held at one voltage; q is the charge that has flown in."""

    equations = """
        dv/dt = 0
        dq/dt = I
    """
    v: float = bs.initial(-40.0, "mV", "membrane potential")
    q: float = bs.initial(0.0, "pA*ms", "charge")


def sources(times, n=1, name="source"):
    """n cells that all fire at these times."""
    return bs.Population(n, bs.SpikeTrains(np.repeat(times, n), np.tile(np.arange(n), len(times))), name=name)


# neurons


@pytest.mark.parametrize("v_reset", [-65.0, -58.0])
def test_rate_against_current_is_the_closed_form_on_the_grid(v_reset):
    p = LIF | {"v_reset": v_reset}
    rheobase = p["c_m"] * (p["v_th"] - p["v_rest"]) / p["tau_m"]
    current = np.concatenate([[0.5, 0.99], np.geomspace(1.01, 30.0, 38)]) * rheobase
    cells = bs.Population(current.size, bs.LIF(**p), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    spikes = bs.simulate(net, 1000.0, dt=DT, seed=1).spikes["cells"]
    target = current * p["tau_m"] / p["c_m"]
    for cell in range(current.size):
        steps = steps_of(spikes, cell)
        if current[cell] < rheobase:
            assert steps.size == 0
            continue
        above = target[cell] - (p["v_th"] - p["v_rest"])
        rise = p["tau_m"] * math.log((target[cell] - (v_reset - p["v_rest"])) / above)
        first = p["tau_m"] * math.log(target[cell] / above)
        # the crossing is seen at the end of its step
        assert steps[0] == math.ceil(first / DT)
        assert set(np.diff(steps)) == {round(p["t_ref"] / DT) + math.ceil(rise / DT)}
        assert 0.0 <= np.diff(steps)[0] * DT - (p["t_ref"] + rise) < DT


def test_refractory_time_is_exact():
    t_ref = np.array([0.0, 0.1, 2.0, 5.0])
    cells = bs.Population(4, bs.LIF(**LIF | {"t_ref": t_ref}), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    result = bs.simulate(net, 100.0, dt=DT, seed=1, record=bs.Trace(cells, "v"))
    v = result.traces["cells", "v"].values
    for cell, still in enumerate(np.rint(t_ref / DT).astype(int)):
        steps = steps_of(result.spikes["cells"], cell)
        assert steps.size > 3
        for step in steps[:-1]:
            assert np.all(v[step : step + still + 1, cell] == LIF["v_reset"])
            assert v[step + still + 1, cell] > LIF["v_reset"]


def test_what_arrives_at_a_refractory_cell_moves_only_what_is_not_frozen():
    cells = bs.Population(2, bs.LIF(**LIF), name="cells", initial={"v": -40.0})  # fires at 0.1 ms, still until 2.1 ms
    net = bs.Network(seed=1)
    net.connect(sources([0.9, 1.9]), cells[0], bs.AllToAll(), weight=3.0, delay=0.1, synapse=bs.Delta())
    net.connect(sources([1.9], name="later"), cells[1], bs.AllToAll(), weight=100.0, delay=0.1, synapse=bs.Exponential())
    record = [bs.Trace(cells, "v"), bs.Trace(cells, "exponential.i")]
    result = bs.simulate(net, 3.0, dt=DT, seed=1, record=record)
    assert np.array_equal(result.spikes["cells"].times, [0.1, 0.1])
    v, i = result.traces["cells", "v"].values, result.traces["cells", "exponential.i"].values
    assert np.all(v[1:, 0] == -65.0)
    assert i[20, 1] == 100.0
    assert v[21, 1] == -65.0
    assert v[22, 1] > -65.0


def test_what_arrives_at_a_refractory_cell_can_be_kept():
    """Events of 3 mV at 1 and 2 ms wait in v until the cell is free, after 2.1 ms; those of a current act as ever."""
    model = type("Keeping", (bs.LIF,), {"arrivals": "kept"})
    cells = bs.Population(2, model(**LIF), name="cells", initial={"v": -40.0})  # fires at 0.1 ms
    net = bs.Network(seed=1)
    net.connect(sources([0.9, 1.9]), cells[0], bs.AllToAll(), weight=3.0, delay=0.1, synapse=bs.Delta())
    net.connect(sources([1.9], name="later"), cells[1], bs.AllToAll(), weight=100.0, delay=0.1, synapse=bs.Exponential())
    v = bs.simulate(net, 3.0, dt=DT, seed=1, record=bs.Trace(cells, "v")).traces["cells", "v"].values
    assert np.array_equal(v[1:22, 0], np.repeat([-65.0, -62.0, -59.0], [9, 10, 2]))
    assert np.allclose(v[22:, 0], -65.0 + 6.0 * np.exp(-np.arange(1, 10) * DT / 20.0), rtol=0, atol=1e-12)
    assert np.all(v[1:22, 1] == -65.0)
    assert v[22, 1] > -65.0


def test_what_is_kept_can_cause_a_spike_as_soon_as_the_cell_is_free():
    model = type("Keeping", (bs.LIF,), {"arrivals": "kept"})
    cell, net = bs.Population(1, model(**LIF), name="cell", initial={"v": -40.0}), bs.Network(seed=1)
    net.connect(sources([0.9]), cell, bs.AllToAll(), weight=20.0, delay=0.1, synapse=bs.Delta())
    assert np.allclose(bs.simulate(net, 3.0, dt=DT, seed=1).spikes["cell"].times, [0.1, 2.2])


def test_exact_integration_gives_one_voltage_at_every_step_length():
    synapses = [bs.Alpha(tau=2.0), bs.Alpha(tau=20.0, name="as_membrane"), bs.Exponential(tau=5.0), bs.Delta()]
    seen = {}
    for dt in (0.1, 0.01):
        cells = bs.Population(4, bs.LIF(**LIF | {"v_th": 1e6}), name="cells")
        net = bs.Network(seed=1)
        for cell, (synapse, weight) in enumerate(zip(synapses, (100.0, 20.0, -50.0, 2.0), strict=True)):
            source = sources([0.0, 3.0, 3.7, 20.0], name=f"source {cell}")
            net.connect(source, cells[cell], bs.AllToAll(), weight=weight, delay=1.5, synapse=synapse)
        net.stimulate(cells, bs.CurrentInput([120.0, -30.0], times=[5.0, 60.0]))
        seen[dt] = bs.simulate(net, 100.0, dt=dt, seed=1, record=bs.Trace(cells, "v", every=0.1)).traces["cells", "v"]
    assert np.allclose(seen[0.1].times, seen[0.01].times, rtol=0, atol=1e-9)
    assert np.ptp(seen[0.1].values, axis=0).min() > 1.0
    assert np.abs(seen[0.1].values - seen[0.01].values).max() < 1e-9


# synapses


def after_a_spike(model, synapse, weight, duration, variables, initial=None):
    """One spike at 1 ms, delay 1 ms: values from its arrival on, by variable."""
    cell = bs.Population(1, model, name="cell", initial=initial)
    net = bs.Network(seed=1)
    net.connect(sources([1.0]), cell, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)
    result = bs.simulate(net, 2.0 + duration, dt=DT, seed=1, record=[bs.Trace(cell, variable) for variable in variables])
    return [result.traces["cell", variable].values[20:, 0] for variable in variables]


def test_current_synapses_have_the_closed_form_of_current_and_voltage():
    tau, tau_m, c_m, w = 5.0, LIF["tau_m"], LIF["c_m"], 100.0
    t = np.arange(1001) * DT
    i, v = after_a_spike(bs.LIF(**SILENT), bs.Exponential(tau=tau), w, 100.0, ["exponential.i", "v"])
    assert np.allclose(i, w * np.exp(-t / tau), rtol=0, atol=1e-9)
    expected = w / c_m * tau * tau_m / (tau_m - tau) * (np.exp(-t / tau_m) - np.exp(-t / tau))
    assert np.allclose(v, expected, rtol=0, atol=1e-9)
    i, v = after_a_spike(bs.LIF(**SILENT), bs.Alpha(tau=tau), w, 100.0, ["alpha.i", "v"])
    assert np.allclose(i, w * t / tau * np.exp(1 - t / tau), rtol=0, atol=1e-9)
    assert i.argmax() == round(tau / DT)
    assert abs(i.max() - w) < 1e-9
    b = 1 / tau - 1 / tau_m
    expected = w * math.e / (tau * c_m) * (np.exp(-t / tau_m) / b**2 - np.exp(-t / tau) * (t / b + 1 / b**2))
    assert np.allclose(v, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("tau", [0.5, 2.0, 8.0])
def test_charge_of_an_event_is_its_area(tau):
    c_m, w, long = 200.0, 80.0, 60 * tau  # beyond 60 tau less than 1e-24 of it is to come
    for synapse, area in ((bs.Exponential(tau=tau), w * tau), (bs.Alpha(tau=tau), math.e * w * tau)):
        (v,) = after_a_spike(Integrator(c_m=c_m), synapse, w, long, ["v"])
        assert v[0] == 0.0
        assert abs(v[-1] * c_m / area - 1) < 1e-12


def test_a_delta_event_jumps_by_its_weight_and_decays():
    (v,) = after_a_spike(Integrator(), bs.Delta(), 0.75, 5.0, ["v"])
    assert np.all(v == 0.75)
    (v,) = after_a_spike(bs.LIF(**SILENT), bs.Delta(), -0.75, 50.0, ["v"])
    assert np.allclose(v, -0.75 * np.exp(-np.arange(501) * DT / LIF["tau_m"]), rtol=0, atol=1e-12)


def test_conductances_at_a_held_voltage():
    w, e_rev, tau, t = 3.0, 0.0, 5.0, np.arange(4001) * DT
    shapes = [
        (bs.ExponentialConductance, w * np.exp(-t / tau), 1.0),
        (bs.AlphaConductance, w * t / tau * np.exp(1 - t / tau), math.e),
    ]
    for synapse, shape, area in shapes:
        name = synapse.__name__.lower()
        g, q, v = after_a_spike(Clamped(), synapse(tau=tau, e_rev=e_rev), w, 400.0, [f"{name}.g", "q", "v"])
        assert np.all(v == -40.0)
        assert np.allclose(g, shape, rtol=0, atol=1e-12)
        assert g.argmax() == np.argmax(shape)
        # the charge is summed by the trapezoid rule, whose error here is below (dt/tau)**2/12
        assert abs(q[-1] / (area * w * tau * (e_rev + 40.0)) - 1) < (DT / tau) ** 2 / 12


DELAYS = [0.1, 1.5, 10.0]
KINDS = [  # synapse, variable that an event changes immediately, steps until v moves
    (bs.Delta(), "v", 0),
    (bs.Exponential(), "exponential.i", 1),
    (bs.Alpha(), "alpha.h", 1),
    (bs.ExponentialConductance(), "exponentialconductance.g", 1),
    (bs.AlphaConductance(), "alphaconductance.h", 1),
]


@pytest.fixture(scope="module", params=[0.0, 4.0], ids=["from listed spikes", "from a LIF cell"])
def delayed(request):
    """For every synapse and delay a cell that gets one spike: (result, step of that spike)."""
    cells = bs.Population(len(KINDS) * len(DELAYS), bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    if request.param == 0.0:
        source, step = sources([0.0]), 0
    else:
        source, step = bs.Population(1, bs.LIF(t_ref=100.0), name="source"), 41
        net.stimulate(source, bs.CurrentInput([1e5], times=[request.param]))
    for k, (synapse, *_) in enumerate(KINDS):
        for j, delay in enumerate(DELAYS):
            net.connect(source, cells[len(DELAYS) * k + j], bs.AllToAll(), weight=2.0, delay=delay, synapse=synapse)
    record = [bs.Trace(cells, name) for name in dict.fromkeys(["v", *(name for _, name, _ in KINDS)])]
    result = bs.simulate(net, 20.0, dt=DT, seed=1, record=record, threads=1)
    assert np.array_equal(steps_of(result.spikes["source"]), [step])
    return result, step


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[type(k[0]).__name__ for k in KINDS])
def test_delays_are_exact_to_a_step(delayed, kind):
    result, sent = delayed
    _, variable, wait = KINDS[kind]
    for j, delay in enumerate(DELAYS):
        due = sent + round(delay / DT)
        column = len(DELAYS) * kind + j
        at_once, v = (result.traces["cells", name].values[:, column] for name in (variable, "v"))
        assert np.flatnonzero(at_once != at_once[0])[0] == due
        if wait:
            assert at_once[due] == 2.0
        # the alpha current is 0 when it arrives, but not over the step; the rest keeps rounding errors of v_rest
        assert np.flatnonzero(np.abs(v - v[0]) > 1e-9)[0] == due + wait


@pytest.mark.parametrize("shift", [0.1, 1.3, 6.4, 25.0])
def test_shifted_input_shifts_the_output(shift):
    rng = np.random.default_rng(1)
    times = np.sort(np.round(rng.uniform(0.0, 60.0, 60), 1))
    seen = []
    for begin in (0.0, shift):
        cells = bs.Population(3, bs.LIF(**SILENT | {"v_th": 15.0}), name="cells")
        train = bs.Population(1, bs.SpikeTrains(times + begin, np.zeros(60)), name="train")
        net = bs.Network(seed=1)
        for cell, (synapse, weight) in enumerate([(bs.Delta(), 6.0), (bs.Exponential(), 300.0), (bs.Alpha(), 200.0)]):
            net.connect(train, cells[cell], bs.AllToAll(), weight=weight, delay=0.7, synapse=synapse)
        result = bs.simulate(net, 80.0 + begin, dt=DT, seed=1, record=bs.Trace(cells, "v"))
        seen.append((result.spikes["cells"], result.traces["cells", "v"].values))
    steps = round(shift / DT)
    assert min(seen[0][0].counts()) > 2
    for cell in range(3):
        assert np.array_equal(steps_of(seen[1][0], cell), steps_of(seen[0][0], cell) + steps)
    assert np.all(seen[1][1][:steps] == 0.0)
    assert np.array_equal(seen[1][1][steps:], seen[0][1])


def test_relabelled_cells_give_relabelled_spikes():
    n, synapses = 60, 900
    rng = np.random.default_rng(2)
    pre, post = rng.integers(0, n, (2, synapses))
    weight, delay = rng.integers(-8, 17, synapses) / 8, rng.integers(1, 40, synapses) * DT
    v0, current = rng.uniform(-65.0, -50.0, n), rng.uniform(120.0, 200.0, n)
    new_place = rng.permutation(n)
    old = np.argsort(new_place)
    spikes = []
    for place, order in ((np.arange(n), np.arange(n)), (new_place, old)):
        cells = bs.Population(n, bs.LIF(**LIF), name="cells", initial={"v": v0[order]})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(current[order]))
        for half, scale, synapse in ((slice(None, None, 2), 1.0, bs.Delta()), (slice(1, None, 2), 30.0, bs.Exponential())):
            net.connect(
                cells,
                cells,
                bs.FromArrays(place[pre[half]], place[post[half]]),
                weight=scale * weight[half],
                delay=delay[half],
                synapse=synapse,
            )
        spikes.append(bs.simulate(net, 200.0, dt=DT, seed=1).spikes["cells"])
    assert len(spikes[0]) > 3 * n
    for cell in range(n):
        assert np.array_equal(steps_of(spikes[0], cell), steps_of(spikes[1], new_place[cell]))


# inputs


def test_a_piecewise_constant_current_acts_from_its_time_on():
    times, amplitude = np.array([0.0, 10.0, 20.5, 30.0]), np.array([0.0, 150.0, -40.0, 0.0])
    cells = bs.Population(3, bs.LIF(**SILENT), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells[0], bs.CurrentInput(amplitude, times=times))
    net.stimulate(cells[1:], bs.CurrentInput(np.outer(amplitude, [1.0, 2.0])[1:], times=times[1:]))
    net.stimulate(cells[2], bs.CurrentInput(10.0))
    v = bs.simulate(net, 50.0, dt=DT, seed=1, record=bs.Trace(cells, "v")).traces["cells", "v"].values
    for cell, (scale, constant) in enumerate([(1.0, 0.0), (1.0, 0.0), (2.0, 10.0)]):
        # each piece charges from where the last one left off
        expected, level = np.zeros(501), 0.0
        edges = np.append(np.rint(times / DT).astype(int), 500)
        for begin, end, current in zip(edges[:-1], edges[1:], scale * amplitude + constant, strict=True):
            target = current * LIF["tau_m"] / LIF["c_m"]
            t = np.arange(end - begin + 1) * DT
            expected[begin : end + 1] = target + (level - target) * np.exp(-t / LIF["tau_m"])
            level = expected[end]
        assert np.allclose(v[:, cell], expected, rtol=0, atol=1e-9)
    assert np.all(v[:101, 0] == 0.0)
    assert v[101, 0] > 0.0
    assert np.array_equal(v[:, 0], v[:, 1])


def test_listed_spikes_are_sent_and_recorded_as_they_are():
    times = np.array([0.0, 0.0, 0.1, 0.3, 1.7, 1.7, 1.7, 9.9, 10.0])
    ids = np.array([2, 0, 1, 1, 0, 2, 2, 1, 0])
    train = bs.Population(3, bs.SpikeTrains(times, ids), name="train")
    cells = bs.Population(3, Integrator(), name="cells")
    net = bs.Network(seed=1)
    net.connect(train, cells, bs.OneToOne(), weight=1.0, delay=0.2, synapse=bs.Delta())
    result = bs.simulate(net, 10.0, dt=DT, seed=1, record=bs.Trace(cells, "v"))
    order = np.lexsort((ids, times))
    assert np.array_equal(result.spikes["train"].times, times[order])
    assert np.array_equal(result.spikes["train"].ids, ids[order])
    expected = np.zeros((101, 3))
    for time, cell in zip(times, ids, strict=True):
        expected[round(time / DT) + 2 :, cell] += 1.0
    assert np.array_equal(result.traces["cells", "v"].values, expected)


def test_listed_spikes_beyond_the_end_and_off_the_grid():
    train = bs.Population(1, bs.SpikeTrains([1.04, 2.06, 50.0], [0, 0, 0]), name="train")
    net = bs.Network(seed=1)
    net.add(train)
    with pytest.warns(UserWarning, match="not a multiple of dt"):
        result = bs.simulate(net, 10.0, dt=DT, seed=1)
    assert np.array_equal(result.spikes["train"].times, [1.0, 2.1])
