"""Rates and currents that change in time, compared with theory: texts and TimedArrays in inputs and in sources of spikes."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.own_models import Integrator
from tests.helpers.statistics import within

N = 400
WAVE = "4000 + 3000*sin(2*pi*t/20)"  # events a second


def wave(t):
    return 4000.0 + 3000.0 * np.sin(2 * np.pi * t / 20.0)


def counts(rate, dt=0.1, duration=60.0, n=N, threads=1, pieces=1, **given):
    """Return the number of events of each cell in each step, shape (steps, n)."""
    cells = bs.Population(n, Integrator(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=1.0, synapse=bs.Delta(), **given))
    sim = bs.Simulation(net, dt=dt, seed=3, record=bs.Trace(cells, "v"), threads=threads)
    for _ in range(pieces):
        sim.run(duration / pieces)
    return np.diff(sim.result().traces["cells", "v"].values, axis=0)


def currents(amplitude, dt=0.1, duration=30.0, n=4, **given):
    """Return the current into each cell in each step, shape (steps, n), from what a cell without a leak integrates."""
    cells = bs.Population(n, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(amplitude, **given))
    v = bs.simulate(net, duration, dt=dt, seed=3, record=bs.Trace(cells, "v")).traces["cells", "v"].values
    return np.diff(v, axis=0) / dt


@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("how", ["text", "table", "per cell"])
def test_counts_are_poisson_with_the_rate_of_each_step(dt, how):
    steps = round(40.0 / dt)
    middle = (np.arange(steps) + 0.5) * dt
    rate = {"text": WAVE, "table": bs.TimedArray(wave(middle), dt), "per cell": WAVE + "*(1 + 0*i)"}[how]
    found, mean = counts(rate, dt, 40.0), wave(middle)[:, None] * dt * 1e-3
    z = (found - mean) / np.sqrt(mean)
    assert within(z.mean(), 0.0, 1.0 / z.size)
    # the variance of z**2 is 2 + 1/mean of a Poisson number
    assert within((z**2).mean(), 1.0, (2.0 + (1.0 / mean).mean()) / z.size)
    # phase by phase, and no correlation from step to step or from cell to cell
    sums = z.reshape(20, -1, N).sum(axis=(1, 2))
    assert within(sums, 0.0, z.size / 20)
    assert within((z[1:] * z[:-1]).sum(), 0.0, z[1:].size)
    assert within((z[:, 1:] * z[:, :-1]).sum(), 0.0, z[:, 1:].size)
    if how != "per cell":
        spectrum = np.abs(np.fft.rfft(found.sum(axis=1))) ** 2
        assert np.argmax(spectrum[1:]) + 1 == 2  # two periods of 20 ms


# of a mean of 26.2, the largest number that counts is 127: the table has exactly a power of two of entries
@pytest.mark.parametrize("mean", [0.02, 3.0, 26.2, 300.0])
def test_a_text_and_a_table_that_do_not_change_give_the_events_of_a_number(mean):
    rate = mean * 1e4
    expected = counts(rate, duration=2.0)
    assert np.array_equal(counts(f"{rate} + 0*t", duration=2.0), expected)
    assert np.array_equal(counts(bs.TimedArray([rate, rate], 1.0), duration=2.0), expected)
    assert np.array_equal(counts(f"{rate}", duration=2.0), expected)


def test_rates_per_cell_come_from_parameters_columns_and_the_index():
    cells = bs.Population(3, bs.IF(c_m=[1.0, 2.0, 3.0], v_th=1e12), name="cells", initial={"v": 0.0})
    for text, expected in [
        ("c_m*1000", [1, 2, 3]),
        ("(i + 1)*1000 + 0*t", [1, 2, 3]),
        ("1000*where(i > 1, 1, 0)", [0, 0, 1]),
    ]:
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.PoissonInput(rate=text, weight=1.0, synapse=bs.Delta()))
        v = bs.simulate(net, 2000.0, dt=1.0, seed=2).state.variables["cells"]["v"]
        assert within(v, 2000.0 * np.array(expected), 2000.0 * np.array(expected)), text
    table = bs.TimedArray(np.array([[0.0, 1e4], [1e4, 0.0]]), 5.0)
    found = counts(table, n=2, duration=10.0)
    assert not found[:50, 0].any()
    assert found[50:, 0].any()
    assert found[:50, 1].any()
    assert not found[50:, 1].any()


def test_a_negative_rate_is_none_and_edges_on_the_grid_are_exact():
    found = counts("1e5*sin(2*pi*t/10)", duration=10.0, n=20)
    assert not found[50:].any()
    found = counts("where(t < 0.29, 1e6, 0)", dt=0.01, duration=0.5, n=20)  # 29*0.01 is less than 0.29
    assert found[:29].all()
    assert not found[29:].any()


class TestCurrents:
    @pytest.mark.parametrize("dt", [0.01, 0.1, 1.0])
    def test_a_text_has_its_value_at_the_middle_of_each_step(self, dt):
        t = (np.arange(round(30.0 / dt)) + 0.5) * dt
        found = currents("50 + 20*sin(2*pi*t/7)*(1 + i)", dt)
        expected = 50.0 + 20.0 * np.sin(2 * np.pi * t[:, None] / 7.0) * (1 + np.arange(4))
        assert np.allclose(found, expected, rtol=1e-9, atol=1e-6)

    def test_a_table_has_its_value_at_the_start_of_each_step(self):
        values = np.arange(40.0).reshape(10, 4)
        assert np.allclose(currents(bs.TimedArray(values, 3.0)), np.repeat(values, 30, axis=0))

    def test_start_and_stop_of_stairs(self):
        found = currents([10.0, 20.0, 30.0], times=[2.0, 8.0, 20.0], start=5.0, stop=25.0)[:, 0]
        expected = np.select([np.arange(300) < cut for cut in (50, 80, 200, 250)], [0.0, 10.0, 20.0, 30.0])
        assert np.allclose(found, expected)

    def test_inputs_add_up(self):
        cells = bs.Population(6, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput("2*t"))
        net.stimulate(cells[::2], bs.CurrentInput(100.0, stop=5.0))
        net.stimulate(cells[1:3], bs.CurrentInput(bs.TimedArray([1.0, 7.0], 5.0)))
        v = bs.simulate(net, 10.0, seed=2).state.variables["cells"]["v"]
        assert np.allclose(v, 100.0 + np.array([500, 40, 540, 0, 500, 0]))


class TestSources:
    @pytest.mark.parametrize("dt", [0.1, 1.0])
    @pytest.mark.parametrize(
        "model", [bs.Poisson, bs.PoissonWithDeadTime, lambda **given: bs.GammaRenewal(order=3, **given)]
    )
    def test_the_rate_follows_the_text(self, model, dt):
        cells = bs.Population(300, model(rate="20 + 15*sin(2*pi*t/100)"), name="cells")
        net = bs.Network(seed=1)
        net.add(cells)
        spikes = bs.simulate(net, 3000.0, dt=dt, seed=3).spikes["cells"]
        # at 1 ms, a source sends at most one spike in a step
        t = (np.arange(100) + 0.5) * 1.0
        phases = np.histogram((spikes.times - 0.5 * dt) % 100.0, bins=10, range=(0, 100))[0]
        expected = (20.0 + 15.0 * np.sin(2 * np.pi * t / 100.0)).reshape(10, 10).sum(axis=1) * 1e-3 * 30 * 300
        settled = 0.0 if model is bs.Poisson else 0.03 * expected  # a dead time ends later than a change of the rate
        assert np.all(np.abs(phases - expected) <= 4 * np.sqrt(expected) + settled)

    def test_a_gamma_process_is_regular_in_operational_time(self):
        net = bs.Network(seed=1)
        net.add(bs.Population(200, bs.GammaRenewal(rate="30 + 25*sin(2*pi*t/400)", order=4), name="cells"))
        spikes = bs.simulate(net, 4000.0, seed=3).spikes["cells"]
        passed = 0.030 * spikes.times + 0.025 * 400 / (2 * np.pi) * (1 - np.cos(2 * np.pi * spikes.times / 400))
        order = np.lexsort((passed, spikes.ids))
        intervals = np.diff(passed[order])[np.diff(spikes.ids[order]) == 0]
        assert intervals.mean() == pytest.approx(1.0, abs=4 * 0.5 / np.sqrt(intervals.size) + 0.01)
        assert intervals.var() == pytest.approx((1 - 4 * 0.003) / 4, rel=0.04)

    def test_the_same_spikes_as_with_a_rate_for_each_cell(self):
        def times(rate, threads=1, pieces=1):
            net = bs.Network(seed=1)
            net.add(bs.Population(50, bs.Poisson(rate=rate), name="cells"))
            sim = bs.Simulation(net, seed=3, threads=threads)
            for _ in range(pieces):
                sim.run(300.0 / pieces)
            return sim.result().spikes["cells"].times

        expected = times(np.full(50, 25.0))
        assert np.array_equal(times("25 + 0*t"), expected)
        assert np.array_equal(times(bs.TimedArray([25.0, 25.0], 10.0), 2, 3), expected)


class TestSet:
    def simulation(self, **inputs):
        cells = bs.Population(5, bs.IF(c_m=1.0, v_th=1e12), name="cells", initial={"v": 0.0})
        net = bs.Network(seed=1)
        for name, given in inputs.items():
            net.stimulate(cells, given, name=name)
        return bs.Simulation(net, seed=2)

    def added(self, sim):
        before = sim.state["cells"]["v"].copy()
        sim.run(10.0)
        return sim.state["cells"]["v"] - before

    def test_a_current_of_any_kind_can_become_one_of_any_other(self):
        sim = self.simulation(current=bs.CurrentInput(1.0))
        ramp = bs.TimedArray(np.arange(5.0), 10.0)
        kinds = [
            (2.0, 20.0),
            ("3 + 0*t", 30.0),
            (ramp, 40.0),
            (np.arange(5.0), 10 * np.arange(5.0)),
            ("i", 10 * np.arange(5.0)),
        ]
        assert np.allclose(self.added(sim), 10.0)
        sim.run(10.0)
        for value, expected in kinds:
            sim.set("current", amplitude=value)
            assert np.allclose(self.added(sim), expected), value
        sim.set("current", stop=75.0)
        assert np.allclose(self.added(sim), 5 * np.arange(5.0))
        sim.reset()
        assert np.allclose(self.added(sim), 10.0)

    def test_texts_read_parameters_as_they_are_now(self):
        sim = self.simulation(current=bs.CurrentInput("c_m*(1 + 0*t)"))
        assert np.allclose(self.added(sim), 10.0)
        sim.set("cells", c_m=2.0)
        assert np.allclose(self.added(sim), 10.0)  # twice the current into twice the capacitance

    def test_a_rate_of_any_kind(self):
        sim = self.simulation(drive=bs.PoissonInput(rate=0.0, weight=1.0, synapse=bs.Delta()))
        assert not self.added(sim).any()
        for rate in ("1e6 + 1*t", bs.TimedArray([1e6], 1.0), np.full(5, 1e6), "1e6*(1 + i)"):
            sim.set("drive", rate=rate)
            assert (self.added(sim) > 9000).all()

    def test_the_rate_of_a_source(self):
        net = bs.Network(seed=1)
        cells = bs.Population(20, bs.Poisson(rate="0*i"), name="cells")
        net.add(cells)
        sim = bs.Simulation(net, dt=1.0, seed=2)
        assert len(sim.run(100.0).spikes["cells"]) == 0
        for rate in ("1000 + 0*t", 1000.0, np.full(20, 1000.0), bs.TimedArray([1000.0], 1.0)):
            sim.set(cells, rate=rate)
            assert len(sim.run(10.0).spikes["cells"]) == 200
        sim.reset()
        assert len(sim.run(100.0).spikes["cells"]) == 0


def test_what_was_recorded_stays_if_a_text_fails():
    cells = bs.Population(5, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput("400 + where(t > 2000 and i > 2, 1/(t - t), 0)"), name="drive")
    sim = bs.Simulation(net, seed=2)
    first = sim.run(1000.0)
    with pytest.raises(
        ValueError, match=r"drive.amplitude: must be finite \(got inf for cell 3 at t = 2000.05 ms from '400"
    ):
        sim.run(2000.0)
    kept = sim.result()
    assert len(kept.spikes["cells"]) >= len(first.spikes["cells"]) > 0
    sim.reset()
    sim.set("drive", amplitude=400.0)
    assert len(sim.run(1000.0).spikes["cells"]) == len(first.spikes["cells"])


def test_a_rate_that_becomes_too_high_is_an_error_of_the_run():
    """More events than an integer holds would count as negative."""
    with pytest.raises(ValueError, match=r"0.001\*rate\*dt <= 1e9 must hold \(got 1.05e\+13 at t = 1.05 ms from '1e13\*t'"):
        counts("1e13*t", duration=5.0, n=4)
    assert counts("1e13", duration=0.2, n=4).min() == pytest.approx(1e9, rel=1e-3)  # as many as are allowed


@pytest.mark.thorough
def test_inputs_may_depend_on_the_positions():
    """A bump that moves over a sheet: for inputs, for parts of a population, for sources, and if it is set in a run."""
    places = bs.positions.grid((3, 4), spacing=10.0)
    sheet = bs.Population(12, bs.LIF(), name="sheet", positions=places)
    text = "100*exp(-((x - 2*t)/10)**2) + 1*y"
    source = bs.Population(12, bs.Poisson(rate=text), name="source", positions=places)
    net = bs.Network(seed=1)
    net.add(source)
    net.stimulate(sheet[5:], bs.CurrentInput(text), name="bump")
    record = [bs.Trace(sheet[5:], "bump", every=0.1), bs.Trace(source, "rate", every=0.1)]
    sim = bs.Simulation(net, seed=2, record=record, threads=2)
    sim.run(5.0)
    sim.set("bump", amplitude="2*x")
    result = sim.run(0.1)
    bump, rate = (sim.result().traces[key].values for key in ((sheet[5:], "bump"), (source, "rate")))
    t = np.arange(50)[:, None] * 0.1 + 0.05
    expected = 100.0 * np.exp(-(((places[:, 0] - 2.0 * t) / 10.0) ** 2)) + places[:, 1]
    np.testing.assert_allclose(bump[:50], expected[:, 5:], rtol=1e-9)
    np.testing.assert_allclose(rate[:50], expected, rtol=1e-9)
    np.testing.assert_allclose(result.traces[sheet[5:], "bump"].values[-1], 2.0 * places[5:, 0])
