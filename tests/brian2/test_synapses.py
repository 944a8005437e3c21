"""Synapses with variables of their own, sums, and code at regular times, as Brian2 runs them."""

import numpy as np
import pytest

pytestmark = pytest.mark.thorough
STDP = """
w : 1
dapre/dt = -apre/(20*ms) : 1 (event-driven)
dapost/dt = -apost/(15*ms) : 1 (event-driven)
"""


def test_spike_timing_dependent_plasticity(same):
    def script(b):
        rng = np.random.default_rng(1)
        times = np.sort(rng.integers(1, 4000, 200)) // 7 * 7 * 0.1
        sources = b.SpikeGeneratorGroup(20, np.arange(200) % 20, times * b.ms)
        cells = b.NeuronGroup(3, "dv/dt = (0.3 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
        synapses = b.Synapses(
            sources,
            cells,
            STDP,
            on_pre="v_post += w; apre += 0.1; w = clip(w + apost, 0, 1)",
            on_post="apost -= 0.105; w = clip(w + apre, 0, 1)",
        )
        synapses.connect()
        synapses.w, synapses.delay = "0.2 + 0.1*j", "0.1*i*ms"
        spikes, weights = b.SpikeMonitor(cells), b.StateMonitor(synapses, "w", record=[0, 5], dt=1 * b.ms)
        b.Network(sources, cells, synapses, spikes, weights).run(400 * b.ms)
        return {"w": synapses.w, "t": spikes.t_, "i": spikes.i, "weights": weights.w, "times": weights.t_}

    found = same(script)
    assert len(found["t"]) > 20
    assert np.ptp(found["w"]) > 0.3


def test_sums_and_synapses_that_move_with_the_clock(same):
    def script(b):
        cells = b.NeuronGroup(5, "dv/dt = (drive - v + 0.1*total)/(10*ms) : 1\ndrive : 1\ntotal : 1", method="euler")
        cells.drive, cells.v = "1 + i", "0.3*i"
        gap = b.Synapses(cells, cells, "total_post = g*(v_pre - v_post) : 1 (summed)\ng : 1")
        gap.connect("i != j")
        gap.g = "0.1*(i + 1)"
        slow = b.Synapses(cells, cells, "ds/dt = (v_pre - s)/(7*ms) : 1 (clock-driven)", method="euler")
        slow.connect(j="i")
        states, of_synapses = b.StateMonitor(cells, ["v", "total"], record=True), b.StateMonitor(slow, "s", record=True)
        b.Network(cells, gap, slow, states, of_synapses).run(20 * b.ms)
        return {"v": states.v, "total": states.total, "s": of_synapses.s}

    same(script)


def test_sums_that_are_variables_of_synapses(same):
    def script(b):
        cells = b.NeuronGroup(5, "")
        inner = b.Synapses(cells, cells, "total : integer")
        inner.connect(j="i")
        inner.total = 1
        outer = b.Synapses(cells, inner, "total_post = x : integer (summed)\nx : integer")
        outer.connect("i >= j")
        outer.x = "i"
        b.Network(cells, inner, outer).run(0.3 * b.ms)
        return {"total": inner.total}

    assert same(script)["total"].tolist() == [10, 10, 9, 7, 4]


def test_code_and_functions_at_regular_times(same):
    def script(b):
        cells = b.NeuronGroup(
            3, "dv/dt = (a - v)/(10*ms) : 1\na : 1\nn : integer", threshold="v > 1", reset="v = 0", method="euler"
        )
        cells.run_regularly("a += 0.1*i; n += 1", dt=2 * b.ms)
        cells.run_regularly("v += 0.01", when="end")

        @b.network_operation(dt=5 * b.ms)
        def swap(t):
            cells.a[0] = 1.5 - cells.a[0] + t / b.second

        spikes, states = b.SpikeMonitor(cells), b.StateMonitor(cells, ["v", "a", "n"], record=True)
        b.Network(cells, swap, spikes, states).run(50 * b.ms)
        return {"t": spikes.t_, "i": spikes.i, "v": states.v, "a": states.a, "n": states.n}

    assert len(same(script)["t"]) > 3


def test_parts_of_groups(same):
    def script(b):
        cells = b.NeuronGroup(6, "dv/dt = (1.5 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
        cells.v = "0.15*i"
        synapses = b.Synapses(cells[2:4], cells[3:], on_pre="v_post -= 0.1", delay=0.5 * b.ms)
        synapses.connect(j="i")
        spikes, rates = b.SpikeMonitor(cells[3:5]), b.PopulationRateMonitor(cells[1:3])
        b.Network(cells, synapses, spikes, rates).run(60 * b.ms)
        return {"t": spikes.t_, "i": spikes.i, "count": spikes.count, "rate": rates.rate_, "v": cells.v}

    assert len(same(script)["t"]) > 3


def test_events_besides_the_spike_and_what_is_recorded_at_spikes(same):
    def script(b):
        equations = "dv/dt = (g - v)/(50*ms) : 1\ndg/dt = -g/(10*ms) : 1\nready : boolean"
        events = {"high": "g > 1 and ready", "low": "g < 1 and not ready"}
        reset = "v = 0; g = 0; ready = True"
        cells = b.NeuronGroup(3, equations, threshold="v > 0.3", reset=reset, events=events, method="euler")
        cells.run_on_event("high", "ready = False")
        cells.run_on_event("low", "ready = True")
        sources = b.SpikeGeneratorGroup(1, np.zeros(2000, int), np.arange(2000) * 2 * b.ms)
        seen = b.NeuronGroup(3, "dx/dt = -x/(10*ms) : 1\ndy/dt = -y/(10*ms) : 1", method="exact")
        inputs = b.Synapses(sources, cells, on_pre="g += 0.5 + 0.1*j")
        inputs.connect()
        on = {"pre": "spike", "high": "high"}
        synapses = b.Synapses(cells, seen, on_pre={"pre": "x += 1", "high": "y += 1"}, on_event=on)
        synapses.connect(j="i")
        high, spikes = b.EventMonitor(cells, "high"), b.SpikeMonitor(cells, variables=["v", "g"])
        states = b.StateMonitor(seen, ["x", "y"], record=True)
        net = b.Network(sources, cells, seen, inputs, synapses, high, spikes, states)
        net.run(40 * b.ms)
        net.run(3960 * b.ms)
        found = {"t": spikes.t_, "i": spikes.i, "v": spikes.v, "g": spikes.g, "count": spikes.count, "x": states.x}
        return found | {"high.t": high.t_, "high.i": high.i, "y": states.y}

    found = same(script)
    assert len(found["t"]) > 600
    assert len(found["high.t"]) > 1024  # more than there is room for at first


def test_variables_of_other_groups_and_shared_ones(same):
    """The threshold reads both, so what moves the cells and tests it is code in Brian2's order."""

    def script(b):
        others = b.NeuronGroup(3, "dx/dt = (1.5 - x)/(10*ms) : 1", method="euler", name="a_group")
        equations = "dv/dt = (1 + x - v)/(5*ms) : 1\nx : 1 (linked)\nhigher : 1 (shared)"
        cells = b.NeuronGroup(
            3, equations, threshold="v > x + higher", reset="v = 0", method="euler", refractory=1 * b.ms, name="b_group"
        )
        cells.x = b.linked_var(others, "x", index=[2, 0, 1])
        cells.run_regularly("higher += 0.01", dt=1 * b.ms)
        others.x = "0.1*i"
        found = b.SpikeMonitor(cells), b.StateMonitor(cells, ["v", "x"], record=True)
        b.Network(others, cells, found).run(50 * b.ms)
        return {"t": found[0].t_, "i": found[0].i, "v": found[1].v, "x": found[1].x, "higher": cells.higher[:]}

    assert len(same(script)["t"]) > 10
