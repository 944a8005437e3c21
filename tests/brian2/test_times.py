"""Deterministic scripts have Brian2's spikes, step and cell, and its traces to 1e-9 of their range."""

import numpy as np
import pytest

pytestmark = pytest.mark.thorough
METHODS = ("exact", "euler", "exponential_euler", "rk2", "rk4", "heun")


def recorded(brian2, cells, *variables):
    """Return a function that returns what monitors of some cells recorded."""
    spikes, states = brian2.SpikeMonitor(cells), brian2.StateMonitor(cells, variables, record=True)
    rates = brian2.PopulationRateMonitor(cells)

    def found():
        of_spikes = {"t": spikes.t_, "i": spikes.i, "count": spikes.count, "rate": rates.rate_, "rate.t": rates.t_}
        return of_spikes | {name: getattr(states, f"{name}_") for name in variables} | {"states.t": states.t_}

    return found, [spikes, states, rates]


@pytest.mark.parametrize("method", METHODS)
def test_methods(same, method):
    def script(b):
        equations = "dv/dt = (drive + g - v)/(10*ms) : 1\ndg/dt = -g/(3*ms) : 1\ndrive : 1 (constant)"
        cells = b.NeuronGroup(4, equations, threshold="v > 1", reset="v = 0; g += 0.5", method=method)
        cells.drive, cells.v = "0.8 + 0.3*i", "0.1*i"
        found, monitors = recorded(b, cells, "v", "g")
        b.Network(cells, monitors).run(40 * b.ms)
        return found()

    assert len(same(script)["t"]) > 5


@pytest.mark.parametrize("refractory", ["2*ms", "v > 0.4", "wait"])
def test_refractoriness(same, refractory):
    def script(b):
        equations = "dv/dt = (1.5 + g - v)/(10*ms) : 1 (unless refractory)\ndg/dt = -g/(5*ms) : 1\nwait : second"
        cells = b.NeuronGroup(3, equations, threshold="v > 1", reset="v = 0", refractory=refractory, method="euler")
        cells.wait, cells.v = "i*ms", "0.2*i"
        kicks = b.SpikeGeneratorGroup(1, np.zeros(20, int), np.arange(20) * 1.7 * b.ms)
        synapses = b.Synapses(kicks, cells, on_pre="v += 0.2; g += 0.1")
        synapses.connect()
        found, monitors = recorded(b, cells, "v", "g")
        b.Network(cells, kicks, synapses, monitors).run(40 * b.ms)
        return found()

    assert len(same(script)["t"]) > 5


@pytest.mark.parametrize("delay", ["0*ms", "0.1*ms", "0.3*ms", "j*0.4*ms"])
def test_delays_and_the_order_of_synapses_and_resets(same, delay):
    """A jump at a cell that fires in the same step is lost; one to the threshold fires a step later."""

    def script(b):
        cells = b.NeuronGroup(3, "dv/dt = -v/(10*ms) : 1\nhits : 1", threshold="v > 1", reset="v = 0", method="exact")
        sources = b.SpikeGeneratorGroup(2, [0, 0, 1, 1, 0, 1], [1, 1.1, 1.1, 2, 3, 3] * b.ms)
        synapses = b.Synapses(sources, cells, "w : 1", on_pre="v_post += w; hits_post += 1")
        synapses.connect()
        synapses.w, synapses.delay = "0.7 + 0.5*i", delay
        ring = b.Synapses(cells, cells, on_pre="v += 0.6", delay=0.2 * b.ms)
        ring.connect(j="(i + 1) % 3")
        found, monitors = recorded(b, cells, "v", "hits")
        b.Network(cells, sources, synapses, ring, monitors).run(6 * b.ms)
        return found()

    assert len(same(script)["t"]) > 5


def test_what_is_under_way_and_times_continue_in_the_next_run(same):
    def script(b):
        cells = b.NeuronGroup(
            2, "dv/dt = (1.2*int(t > 3*ms) - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="euler"
        )
        synapses = b.Synapses(cells, cells, on_pre="v += 0.05", delay=4 * b.ms)
        synapses.connect(i=[0, 1], j=[1, 0])
        found, monitors = recorded(b, cells, "v")
        net = b.Network(cells, synapses, monitors)
        for duration in (9, 3, 0.1, 20):
            net.run(duration * b.ms)
        net.store()
        net.run(5 * b.ms)
        net.restore()
        cells.v[1] = 0.9
        net.run(10 * b.ms)
        return found() | {"now": net.t_}

    assert len(same(script)["t"]) > 5


def test_a_table_over_time(same):
    def script(b):
        current = b.TimedArray([0.5, 1.5, 3.0], dt=7 * b.ms)
        each = b.TimedArray(np.arange(12.0).reshape(4, 3), dt=5 * b.ms)
        cells = b.NeuronGroup(
            3, "dv/dt = (current(t) + 0.1*each(t, i) - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="euler"
        )
        found, monitors = recorded(b, cells, "v")
        b.Network(cells, monitors).run(30 * b.ms, namespace={"current": current, "each": each})
        return found()

    assert len(same(script)["t"]) > 5


@pytest.mark.parametrize("text", ["v > 1", "v > 1 and v < limit"])
def test_numbers_that_are_not_finite(same, text):
    def script(b):
        equations = "dv/dt = (clip(1.5 + 0.1*i, 0, limit) - v)/(5*ms) : 1"
        cells = b.NeuronGroup(2, equations, threshold=text, reset="v = 0", method="euler", namespace={"limit": np.inf})
        found, monitors = recorded(b, cells, "v")
        b.Network(cells, monitors).run(30 * b.ms)
        return found()

    assert len(same(script)["t"]) > 5
