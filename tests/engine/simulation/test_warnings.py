"""What goes wrong in a run or is doubtful: it is told, and nothing that was recorded is lost."""

import os
import subprocess
import sys

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.small_networks import connected, network, neuron, population, run, simulation, tabled


def test_nothing_recorded_is_lost():
    """A mistake between two runs leaves the simulation as it was."""
    cells = population(model=bs.LIF(v_rest=-45.0))
    sims = [simulation(network(cells), record=[bs.Trace(cells, "v")]) for _ in range(2)]
    first = [sim.run(20.0) for sim in sims]
    for wrong in (
        lambda: sims[0].run(-1.0),
        lambda: sims[0].run(0.05),
        lambda: sims[0].set("nobody", rate=1.0),
        lambda: sims[0].set(cells, tau_m=-1.0),
        lambda: sims[0].set(cells, v_reset=0.0, tau_m=10.0),
        lambda: sims[0].set(cells, tau_m=10.0, tau=1.0),
        lambda: sims[0].state["cells"]["w"],
    ):
        with pytest.raises((ValueError, KeyError)):
            wrong()
        assert sims[0].time == 20.0
    sims[0].state["cells"]["v"][0], before = np.nan, sims[0].state["cells"]["v"][0]
    with pytest.raises(ValueError, match="not finite"):
        sims[0].run(20.0)
    sims[0].state["cells"]["v"][0] = before
    for sim in sims:
        sim.run(20.0)
    whole = [sim.result() for sim in sims]
    assert len(first[0].spikes["cells"]) > 0
    assert whole[0].spikes["cells"] == whole[1].spikes["cells"]
    assert np.array_equal(whole[0].traces["cells", "v"].values, whole[1].traces["cells", "v"].values)


def test_off_the_grid_is_rounded_with_a_warning():
    for net, name in (
        (connected(delay=1.26), "cells->cells.delay: 1.26 ms"),
        (network(population(model=bs.LIF(t_ref=0.26))), "cells: t_ref: 0.26 ms"),
        (network(population(3, bs.SpikeTrains([1.03], [0]))), "cells.times: 1.03 ms"),
    ):
        with pytest.warns(UserWarning, match=f"{name} is not a multiple of dt = 0.1 ms and was rounded"):
            run(net)
    source = population(1, bs.SpikeTrains([1.0], [0]), name="source")
    target, net = population(), bs.Network(seed=1)
    net.connect(source, target, bs.AllToAll(), weight=1.0, delay=1.26, synapse=bs.Delta())
    with pytest.warns(UserWarning, match="source->cells.delay"):
        v = run(net, 5.0, record=[bs.Trace(target, "v")]).traces["cells", "v"]
    assert v.times[np.flatnonzero(v.values[:, 0] > -65.0)[0]] == pytest.approx(2.3)


def decay(model, dt=0.1, duration=1.0):
    """Return v at the multiples of dt, from 1 mV on."""
    cells = population(1, model, initial={"v": 1.0})
    return run(network(cells), duration, dt=dt, record=[bs.Trace(cells, "v")]).traces["cells", "v"].values[:, 0]


def told(recwarn):
    """Return what brainsim says; Python says at any time that a stream which an earlier test left open is closed."""
    return [str(warning.message) for warning in recwarn.list if not issubclass(warning.category, ResourceWarning)]


def test_a_time_constant_below_the_step_is_exact_and_told_if_it_may_be_in_seconds(recwarn):
    fast = bs.LIF(tau_m=[0.25], v_rest=0.0, v_th=2.0, v_reset=0.0)
    np.testing.assert_allclose(decay(fast, dt=0.5), np.exp(-np.arange(3) * 2.0), rtol=1e-12)
    assert not told(recwarn)
    with pytest.warns(UserWarning, match="looks like a value in s"):
        nets = network(population(model=bs.LIF(tau_m=0.02))), connected(synapse=bs.Exponential(tau=0.02))
    for net in nets:
        with pytest.warns(UserWarning, match=r"0.02 ms is shorter than dt = 0.1 ms; times are in ms: did you mean 20\?"):
            run(net)
    with pytest.warns(UserWarning, match=r"LIF.tau_m: 0.05 ms .* did you mean 50\?"):
        v = decay(bs.LIF(tau_m=0.05, v_rest=0.0, v_th=2.0, v_reset=0.0))
    np.testing.assert_allclose(v, np.exp(-2.0 * np.arange(11)), rtol=1e-12)
    sim = simulation()
    with pytest.warns(UserWarning, match=r"LIF.tau_m: 0.02 ms .* did you mean 20\?"):
        sim.set("cells", tau_m=0.02)


@pytest.mark.parametrize(
    ("interval", "dt", "changes", "warned"),
    [
        (0.25, 0.1, {}, True),
        (0.3, 0.1, {}, False),
        (0.1, 0.1, {}, False),
        (7.0, 0.1, {}, False),
        (0.15, 0.1, {}, True),
        (0.05, 0.1, {"substeps": 2, "method": "euler"}, False),
        (0.07, 0.1, {"substeps": 2, "method": "euler"}, True),
    ],
)
def test_a_table_whose_interval_is_no_multiple_of_the_step_is_told(interval, dt, changes, warned, recwarn):
    run(network(population(model=tabled(interval, **changes))), dt=dt)
    said = told(recwarn)
    assert len(said) == warned
    start = f"cells.I_in: the TimedArray's {interval:g} ms are not a multiple of the time step"
    assert not warned or said[0].startswith(start)


def test_one_value_fits_every_step():
    """A number for a table is one that stays; it has no interval to leave values out of."""
    cells = population(model=type(tabled(0.01))(I_in=5.0))
    assert run(network(cells)).duration == 1.0


def test_a_subclass_without_threshold_has_nothing_that_follows_a_spike():
    smooth = type("Smooth", (bs.LIF,), {"threshold": "", "conditions": ()})
    equations = smooth.cell_equations
    assert (equations.reset, equations.refractory, equations.threshold) == ((), None, None)
    assert type("Again", (smooth,), {"threshold": "v > v_th"}).cell_equations.refractory is not None
    with pytest.raises(ValueError, match=r"Smooth.reset: has no effect"):
        type("Smooth", (bs.LIF,), {"threshold": "", "reset": "v = v_reset"})
    assert len(run(network(population(model=smooth(v_rest=0.0)))).spikes["cells"]) == 0


def test_a_variable_that_runs_away_is_named_and_what_was_recorded_is_kept():
    runaway = neuron(
        equations="dv/dt = v*v", threshold="v < -1.0", v=bs.initial(100.0, "mV", "x"), method="euler", dimensions=False
    )()
    with pytest.warns(UserWarning, match="cells.v: a variable ran away"), pytest.warns(UserWarning, match="is too coarse"):
        result = run(network(population(model=runaway)), 10.0)
    assert result.duration == 10.0


@pytest.mark.thorough
def test_a_cache_folder_that_cannot_be_written_warns_and_works():
    """In a process of its own, since the folder is chosen once."""
    script = (
        "import brainsim as bs\n"
        "net = bs.Network(seed=1)\n"
        "net.add(bs.Population(3, bs.LIF(v_rest=-45.0), name='cells'))\n"
        "print(len(bs.simulate(net, 100.0, seed=1).spikes['cells']))\n"
    )
    environment = os.environ | {"BRAINSIM_CACHE_DIR": "/proc/nope"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
    assert "/proc/nope" in done.stderr
    assert "cannot be written" in done.stderr
    assert "BRAINSIM_CACHE_DIR" in done.stderr
