"""Laws of exact spike times: closed forms, and errors that fall with the order of the method."""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.stats import kstest

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.simulation.settings import timing_of
from brainsim.features.estimates.memory import expected_segments
from brainsim.testing import reference
from brainsim.testing.verification.random_runs import compare

LIF = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-65.0, v_th=-50.0, v_reset=-65.0, t_ref=2.0)


def times_of(model, dt, current=0.0, train=None, synapse=None, weight=0.0, duration=100.0, delay=1.6, **options):
    """Return the spike times of one cell with a current and listed spikes."""
    cell, net = bs.Population(1, model, name="cell"), bs.Network(seed=1)
    net.add(cell)
    if current:
        net.stimulate(cell, bs.CurrentInput(current))
    if train is not None:
        sources = bs.Population(1, bs.SpikeTrains(train, np.zeros(len(train), int)), name="train")
        net.connect(sources, cell, bs.AllToAll(), weight=weight, delay=delay, synapse=synapse)
    return bs.simulate(net, duration, dt=dt, seed=1, precise=True, **options).spikes["cell"].times


@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("t_ref", [0.0, 0.2, 0.7, 2.0, 2.345])
def test_intervals_of_a_constant_current(t_ref, dt):
    """The refractory time need not be a multiple of dt, and may be shorter than half of it."""
    model = bs.LIF(t_ref=t_ref)
    first = 20.0 * np.log(40.0 / 25.0)  # from -65 towards -25 mV
    found = times_of(model, dt, current=400.0, duration=99.0)
    expected = first + (first + t_ref) * np.arange(found.size)
    np.testing.assert_allclose(found, expected, atol=1e-10, rtol=0)
    assert expected[-1] + first + t_ref > 99.0


@pytest.mark.thorough
def test_a_cell_of_each_its_own_parameters():
    tau = np.linspace(10.0, 30.0, 7)
    cells, net = bs.Population(7, bs.LIF(tau_m=tau, t_ref=1.5), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(700.0))
    spikes = bs.simulate(net, 30.0, dt=0.25, seed=1, precise=True).spikes["cells"]
    found = [spikes.times[spikes.ids == k][0] for k in range(7)]
    drive = 700.0 / 200.0 * tau
    np.testing.assert_allclose(found, tau * np.log(drive / (drive - 15.0)), atol=1e-11, rtol=0)


@pytest.mark.parametrize("dt", [0.1, 0.5, 1.0])
def test_v_may_cross_the_threshold_and_return_within_a_step(dt):
    """A short current lifts v above the threshold between 13.74 and 13.80 ms, with a maximum in between."""
    tau, top = 0.5, 13.77
    arrival = top - np.log(20.0 / tau) / (1.0 / tau - 1.0 / 20.0)

    def v(time, weight):
        share = weight / 200.0 / (1.0 / tau - 1.0 / 20.0)
        return -65.0 + share * (np.exp(-(time - arrival) / 20.0) - np.exp(-(time - arrival) / tau))

    weight = 15.00001 / (v(top, 1.0) + 65.0)
    expected = brentq(lambda time: v(time, weight) + 50.0, arrival, top, xtol=1e-14)
    assert 13.73 < expected < top < brentq(lambda time: v(time, weight) + 50.0, top, top + 5.0) < 13.81
    found = times_of(LIF, dt, train=[arrival - 2.0], synapse=bs.Exponential(tau=tau), weight=weight, delay=2.0)
    np.testing.assert_allclose(found, [expected], atol=1e-9, rtol=0)


@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_a_jump_over_the_threshold_is_a_spike_at_its_time(dt):
    found = times_of(LIF, dt, train=[3.123456, 7.0, 8.99], synapse=bs.Delta(), weight=20.0, delay=2.0)
    # the event at 9 ms comes 2 ms after a spike at 7 + 2 - 3.876544 ms later; that at 10.99 comes too early
    np.testing.assert_allclose(found, [5.123456, 9.0], atol=1e-12, rtol=0)


class Curved(bs.LIF):
    """A LIF that is not linear.

    Examples
    --------
    >>> Curved()
    Curved()
    """

    equations = "dv/dt = (v_rest - v)/tau_m*(1.0 + 0.1*exp((v_th - v)/v_th)) + I/c_m"


@pytest.mark.thorough_only("[0.1-curved]", "[0.1-linear]")
@pytest.mark.parametrize("model", [LIF, Curved()], ids=["linear", "curved"])
@pytest.mark.parametrize("dt", [0.1, 1.0])
def test_a_cell_that_begins_above_its_threshold_fires_at_once(dt, model):
    """Also if it would be below it at the end of the first step; so do cells that are put there."""
    cells, net = bs.Population(2, model, name="cells", initial={"v": [-49.9, -50.1]}), bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, dt=dt, seed=1, precise=True)
    sim.run(5.0)
    sim.state["cells"]["v"][1] = -49.9
    sim.run(5.0)
    spikes = sim.result().spikes["cells"]
    assert spikes.ids.tolist() == [0, 1]
    np.testing.assert_allclose(spikes.times, [0.0, 5.0], atol=1e-12, rtol=0)


class Bent(bs.Neuron):
    """A cell whose current is given by points: its way from the reset to the threshold is known piece by piece."""

    equations = "dv/dt = (f(v) - g(v) + I)/c_m"
    threshold = "v >= v_th"
    reset = "v = v_reset"
    refractory = "t_ref"

    f = bs.parameter(bs.Curve([-90.0, -65.0, -58.0, -53.0, -40.0], [250.0, 0.0, -40.0, -20.0, 60.0], of="mV"), "pA", "one")
    g = bs.parameter(bs.Curve([-70.0, -40.0], [10.0, 40.0], of="mV"), "pA", "another")
    c_m: float = bs.parameter(200.0, "pF", "capacitance")
    v_th: float = bs.parameter(-50.0, "mV", "threshold")
    v_reset: float = bs.parameter(-66.0, "mV", "reset")
    t_ref: float = bs.parameter(2.0, "ms", "refractory time")
    v: float = bs.initial("v_reset", "mV", "potential")


def test_spikes_of_equations_with_curves_converge_to_those_of_the_pieces():
    """Between two points dv/dt is linear in v, so a piece takes ``c_m*dv/dy*log(y_end/y_start)``; two populations differ."""
    errors, steeper = [], bs.Curve([-70.0, -60.0, -40.0], [10.0, 5.0, 30.0], of="mV")
    models = [Bent(), Bent(g=steeper)]
    for dt in (0.1, 0.02):
        net = bs.Network(seed=1)
        for k, model in enumerate(models):
            net.stimulate(bs.Population(2, model, name=f"p{k}"), bs.CurrentInput(140.0))
        spikes, worst = bs.simulate(net, 300.0, dt=dt, precise=True).spikes, 0.0
        for k, model in enumerate(models):
            corners = {*model.f.x, *model.g.x, model.v_reset, model.v_th}
            v = np.array(sorted(x for x in corners if model.v_reset <= x <= model.v_th))
            y = model.f.at(v) - model.g.at(v) + 140.0
            interval = (model.c_m * np.diff(v) / np.diff(y) * np.diff(np.log(y))).sum() + model.t_ref
            found = spikes[f"p{k}"].of([0]).times
            assert found.size > 5
            worst = max(worst, np.abs(found - (np.arange(found.size) * interval + interval - model.t_ref)).max())
        errors.append(worst)
    assert errors[0] < 1e-4
    assert errors[1] < 1e-6
    assert len({*np.round(spikes["p0"].times, 6)} & {*np.round(spikes["p1"].times, 6)}) == 0


def test_the_reference_has_exact_times_with_curves():
    net = bs.Network(seed=1)
    cells = bs.Population(3, Bent(), name="cells", initial={"v": [-66.0, -60.0, -55.0]})
    net.stimulate(cells, bs.CurrentInput(140.0))
    trains = bs.Population(2, bs.SpikeTrains([[3.21, 17.7], [9.93]]), name="trains")
    net.connect(trains, cells, bs.AllToAll(), weight=3.0, delay=1.5, synapse=bs.Delta())
    found = compare(reference.run(net, 600, 0.1, 1, precise=True), bs.simulate(net, 60.0, seed=1, precise=True), 0.1, 1e-9)
    assert found.failures == []
    assert found.spikes > 2


@pytest.mark.thorough
def test_a_cell_that_is_reset_to_its_threshold_may_return_to_it_within_a_step():
    """It is below it on the way, so it fires again, which a step in which it has fired already does not allow."""
    model, drive = bs.ResonateAndFire(), 800.0 / 200.0  # mV/ms
    rates = np.array([[-model.damping, -model.omega], [model.omega, -model.damping]])
    rest = np.linalg.solve(rates, [-drive, 0.0])
    interval = brentq(lambda t: (rest + expm(rates * t) @ ([0.0, 1.0] - rest))[1] - model.v_th, 0.055, 0.5, xtol=1e-14)
    for dt in (0.05, 0.0125):
        found = times_of(model, dt, current=800.0, duration=50.0)
        assert len(found) > 700
        np.testing.assert_allclose(np.diff(found), interval, atol=1e-11, rtol=0)
    with pytest.raises(ValueError, match="fires twice within dt = 0.1 ms"):
        times_of(model, 0.1, current=800.0, duration=50.0)


@pytest.mark.parametrize("dt", [0.1, 0.5])
def test_an_event_at_the_end_of_the_refractory_time_acts(dt):
    np.testing.assert_allclose(
        times_of(LIF, dt, train=[10.0, 12.0], synapse=bs.Delta(), weight=20.0, delay=1.0), [11.0, 13.0], atol=1e-12
    )
    assert len(times_of(LIF, dt, train=[10.0, 11.999], synapse=bs.Delta(), weight=20.0, delay=1.0)) == 1


def test_events_at_one_time_are_one_event():
    """Excitation and inhibition that arrive together do not make a spike in between."""
    cell, net = bs.Population(1, LIF, name="cell"), bs.Network(seed=1)
    train = bs.Population(2, bs.SpikeTrains([5.03, 6.03], [0, 1]), name="train")
    net.connect(train[:1], cell, bs.AllToAll(), weight=20.0, delay=2.0, synapse=bs.Delta())
    net.connect(train[1:], cell, bs.AllToAll(), weight=-10.0, delay=1.0, synapse=bs.Delta())
    result = bs.simulate(net, 20.0, dt=0.5, seed=1, precise=True, record=[bs.Trace(cell, "v")])
    assert len(result.spikes["cell"]) == 0
    trace = result.traces["cell", "v"]
    expected = np.where(trace.times >= 7.03, -65.0 + 10.0 * np.exp(-(trace.times - 7.03) / 20.0), -65.0)
    np.testing.assert_allclose(trace.values.ravel(), expected, atol=1e-12)


@pytest.mark.parametrize("dt", [0.1, 0.2, 0.3, 0.5])
def test_rounding_does_not_part_events_at_a_point_of_the_grid(dt):
    """Spikes of two sources, sent at different times, arrive together at the end of a step: half of each would be late."""
    n, rng = 200, np.random.default_rng(1)
    arrival, net = rng.integers(30, 100, n) * dt, bs.Network(seed=1)
    cells = bs.Population(n, LIF, name="cells")
    for name, weight in (("excitation", 20.0), ("inhibition", -10.0)):
        sent = np.round(arrival - dt - rng.uniform(0.0, 1.5, n), 3)
        order, pairs = np.argsort(sent), bs.FromArrays(np.arange(n), np.arange(n))
        source = bs.Population(n, bs.SpikeTrains(sent[order], order), name=name)
        net.connect(source, cells, pairs, weight=weight, delay=np.round(arrival - sent, 9), synapse=bs.Delta())
    result = bs.simulate(net, 60.0, dt=dt, seed=1, precise=True, record=[bs.Trace(cells, "v", every=dt)])
    assert len(result.spikes["cells"]) == 0
    v = result.traces["cells", "v"].values
    np.testing.assert_allclose(v[np.rint(arrival / dt).astype(int), np.arange(n)], -55.0, atol=1e-12)


@pytest.mark.parametrize("dt", [0.1, 0.4])
def test_delays_need_not_be_multiples_of_dt(dt):
    """Each spike makes the next cell of a chain fire; delays are numbers, arrays and distributions."""
    cells, train = bs.Population(4, LIF, name="cells"), bs.Population(1, bs.SpikeTrains([0.987], [0]), name="train")
    net = bs.Network(seed=1)
    options = {"weight": 20.0, "synapse": bs.Delta()}
    net.connect(train, cells[:1], bs.AllToAll(), delay=1.2345, **options)
    net.connect(cells[:1], cells[1:2], bs.FromArrays([0], [0]), delay=[0.41], **options)
    net.connect(cells[1:2], cells[2:3], bs.AllToAll(), delay=np.pi, **options)
    wires = net.connect(cells[2:3], cells[3:], bs.AllToAll(), delay=bs.Uniform(1.0, 2.0), **options)
    sim = bs.Simulation(net, dt=dt, seed=1, precise=True)
    sampled = sim.synapses(wires).delay[0]
    expected = np.cumsum([0.987 + 1.2345, 0.41, np.pi, sampled])
    spikes = sim.run(20.0).spikes["cells"]
    assert spikes.ids.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(spikes.times, expected, atol=1e-9, rtol=0)
    assert 1.0 < sampled < 2.0
    assert sampled == bs.Simulation(net, dt=0.2, seed=1, precise=True).synapses(wires).delay[0]


@pytest.mark.thorough
def test_adaptive_thresholds_are_exact():
    """A threshold that moves, and a cell that is not clamped while it is refractory."""
    found = {dt: times_of(bs.ALIF(), dt, current=500.0, duration=300.0) for dt in (0.05, 0.5, 1.0)}
    assert found[0.05].size > 10
    for dt in (0.5, 1.0):
        np.testing.assert_allclose(found[dt], found[0.05], atol=1e-9, rtol=0)


@pytest.mark.parametrize("dt", [0.1, 0.25])
def test_a_cell_that_is_reset_to_its_threshold_may_fire_when_it_has_been_below(dt):
    """Izhikevich's resonator with z' = (b + i*w) z + I: the second component begins at the threshold after each spike."""
    model, current = bs.ResonateAndFire(), 300.0
    found, exact = (times_of(model, step, current=current, duration=60.0) for step in (dt, 0.01))
    assert found.size > 3
    np.testing.assert_allclose(found, exact, atol=1e-9, rtol=0)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["cells without a threshold", "cells that are silent"])
def test_cells_that_do_not_fire(name):
    model = bs.LI() if name == "cells without a threshold" else LIF
    assert times_of(model, 0.1, current=100.0).size == 0


TRAIN = np.round(np.sort(np.random.default_rng(3).uniform(1.0, 55.0, 24)), 6)
NONLINEAR = {
    "channels": (
        bs.HodgkinHuxley(),
        {"current": 300.0, "train": TRAIN, "synapse": bs.ExponentialConductance(tau=2.0), "weight": 3.0},
    ),
    "conductances": (LIF, {"train": TRAIN, "synapse": bs.ExponentialConductance(tau=3.0), "weight": 6.0}),
    "adaptive exponential": (
        bs.AdEx(),
        {"current": 700.0, "train": TRAIN, "synapse": bs.Exponential(tau=3.0), "weight": 60.0},
    ),
    "quadratic": (bs.Izhikevich(), {"current": 10.0}),
    "exponential": (bs.EIF(), {"current": 400.0}),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", NONLINEAR)
def test_errors_fall_with_the_fourth_power_of_dt(name):
    model, options = NONLINEAR[name]
    exact = times_of(model, 0.2 / 32, duration=60.0, **options)
    assert exact.size
    errors = []
    for dt in (0.2, 0.1, 0.05):
        found = times_of(model, dt, duration=60.0, **options)
        assert found.size == exact.size
        errors.append(np.abs(found - exact).max())
    assert errors[1] < 5e-5
    assert errors[2] < 5e-6
    assert np.log2(errors[0] / errors[2]) / 2 > 3.0


@pytest.mark.thorough
def test_poisson_drive_is_a_poisson_process_at_any_dt():
    """Each event is a spike, but for a dead time of 0.1 ms; times do not depend on dt, and intervals are exponential."""
    net = bs.Network(seed=1)
    cells = bs.Population(40, bs.LIF(t_ref=0.1), name="cells")
    rates = np.repeat([100.0, 400.0], 20)
    net.stimulate(cells, bs.PoissonInput(rate=rates, weight=30.0, synapse=bs.Delta(), start=5.0))
    found = [bs.simulate(net, 2000.0, dt=dt, seed=3, precise=True).spikes["cells"] for dt in (0.05, 0.1)]
    orders = [np.lexsort((spikes.times, spikes.ids)) for spikes in found]
    (one, two), (first, second) = found, orders
    assert np.array_equal(one.ids[first], two.ids[second])
    np.testing.assert_allclose(one.times[first], two.times[second], atol=1e-9, rtol=0)
    for k, rate in ((0, 100.0), (20, 400.0)):
        mine = (one.ids >= k) & (one.ids < k + 20)
        expected = 1995.0 * 20 / (1000.0 / rate + 0.1)
        assert abs(mine.sum() - expected) < 4 * np.sqrt(expected)
        intervals = np.concatenate([np.diff(one.times[one.ids == cell]) for cell in range(k, k + 20)])
        assert kstest(intervals, "expon", args=(0.1, 1000.0 / rate)).pvalue > 1e-3
        within = np.modf(one.times[mine] / 0.5)[0]
        assert kstest(within, "uniform").pvalue > 1e-3
    assert one.times.min() > 5.0


def test_the_estimate_of_memory_knows_that_each_synapse_has_a_delay_of_its_own():
    cells, net = bs.Population(100, LIF, name="cells"), bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(40), weight=0.1, delay=bs.Uniform(1.0, 5.0), synapse=bs.Delta())
    net.connect(cells, cells, bs.FixedIndegree(10), weight=0.2, delay=1.5, synapse=bs.Delta())
    store = bs.Simulation(net, seed=1, precise=True, threads=1)._run.synapses.store
    layout = Layout(net, 0.1, 1, filled=False, timing=timing_of(True))
    expected = expected_segments({projection: projection.expected for projection in net.projections}, layout)
    assert expected == pytest.approx(store.piece.size, rel=0.03)
    assert store.delay.dtype == layout.delay_type
