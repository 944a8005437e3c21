"""Mistakes in what is run: found before anything is compiled, or between two runs."""

import sys
import tempfile

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.recorders.recorder import Recorder
from brainsim.results.streams.columns import column
from tests.helpers.mistakes import mistakes
from tests.helpers.small_networks import LIF, connected, network, neuron, population, run, simulation, tabled

COND = bs.ExponentialConductance()
NO_CURRENT = neuron(equations="dv/dt = -v/tau")()
NO_V = type(
    "NoV",
    (bs.Neuron,),
    {"equations": "du/dt = I", "threshold": "u > 0", "reset": "u = 0", "u": bs.initial(0.0, "pA*ms", "charge")},
)()


def of(model, **given):
    """Run a network of cells of one model."""
    return run(network(population(model=model)), **given)


def without(module, **given):
    """Run where a module is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module, None)
        return run(**given)


def traced(variable="v", **given):
    cells = population()
    return run(network(cells), record=[bs.Trace(cells, variable, **given)])


test_ranks = mistakes(
    (lambda: run(ranks=4), TypeError, "simulate.ranks: must be True or a communicator of mpi4py (got 4)", "mpiexec -n 4"),
    (lambda: run(ranks="all"), TypeError, "simulate.ranks", "(got 'all')"),
    (lambda: network().estimate(ranks=0), ValueError, "Network.estimate.ranks: must be >= 1", "got 0"),
    (lambda: network().estimate(ranks=2, rate=-1.0), ValueError, "Network.estimate.rate", "-1"),
    (lambda: without("mpi4py", ranks=True), ImportError, "simulate.ranks: needs mpi4py", "pip install mpi4py mpich"),
)

test_networks = mistakes(
    (lambda: run(bs.Network(seed=1)), ValueError, "simulate.network: has no population", "net.add"),
    (lambda: run(population()), TypeError, "simulate.network", "Population('cells', 10 LIF)"),
    (
        lambda: run(connected(population(model=bs.LIF(tau_m=0.02)), synapse=COND)),
        ValueError,
        "LIF.tau_m",
        "0.02 ms",
        "dt = 0.1 ms",
        "did you mean 20",
    ),
    (lambda: run(connected(synapse=bs.ExponentialConductance(tau=0.005))), ValueError, "did you mean 5"),
    (lambda: of(bs.LIF(t_ref=0.002)), ValueError, "LIF.t_ref", "0.002 ms", "dt = 0.1 ms", "did you mean 2?"),
    (lambda: of(bs.LIF(t_ref=np.linspace(0.0, 0.004, 10))), ValueError, "LIF.t_ref", "did you mean 4?"),
    (lambda: of(bs.LIF(t_ref=0.4), dt=1.0), ValueError, "LIF.t_ref", "dt = 1 ms", "a smaller dt, or write 0"),
    (
        lambda: of(neuron(t_ref=bs.parameter(-2.0, "ms", "x"))()),
        ValueError,
        "cells: t_ref as the refractory time",
        ">= 0 ms",
        "-2.0",
    ),
    (
        lambda: of(tabled(0.05)),
        ValueError,
        "cells.I_in",
        "a value every 0.05 ms",
        "time step is 0.1 ms",
        "average them, or use a smaller dt",
    ),
    (
        lambda: run(network(population(100, bs.LIF(v_reset=bs.Uniform(-70.0, -40.0))))),
        ValueError,
        "v_reset < v_th must hold",
        "100 values",
    ),
    (lambda: run(connected(synapse=bs.Exponential(tau=[5.0] * 3))), ValueError, "Exponential.tau", "10 cells", "3 values"),
    (lambda: run(connected(delay=0.05)), ValueError, "cells->cells.delay", "dt = 0.1 ms", "0.05"),
    (lambda: run(connected(delay=1e5)), ValueError, "cells->cells.delay", "steps of dt"),
    (lambda: run(connected(population(model=NO_CURRENT), synapse=bs.Exponential())), ValueError, "cells", "no I"),
    (lambda: run(connected(population(model=NO_V))), ValueError, "cells", "'v'"),
    (lambda: run(connected(population(model=NO_V), synapse=COND)), ValueError, "cells", "'v'"),
    (
        lambda: of(neuron(equations="dv/dt = -v*v/tau", dimensions=False, method="exact")()),
        ValueError,
        "'exact'",
        "linear",
        "dv/dt",
    ),
)

test_arguments = mistakes(
    (lambda: run(dt=0.0), ValueError, "dt", "> 0 ms"),
    (
        lambda: run(every="10 min", checkpoint="a.ckpt"),
        TypeError,
        "simulate.every: must be the interval",
        "checkpoint_every",
    ),
    (lambda: run(every=10.0, checkpoint="a.ckpt"), TypeError, "simulate.every: must be the interval", "checkpoint_every"),
    (lambda: run(seed=-1), ValueError, "seed", ">= 0"),
    (lambda: run(seed=1.5), TypeError, "seed", "whole number"),
    (lambda: run(threads=0), ValueError, "threads", ">= 1"),
    (lambda: run(threads=1.5), TypeError, "threads", "whole number"),
    (lambda: run(record=["v"]), TypeError, "record", "bs.Trace(cells, 'v')", "'v'"),
    (lambda: run(record=3), TypeError, "simulate.record", "bs.Trace(cells, 'v')"),
    (
        lambda: run(record=[bs.Trace(population(name="cell"), "v")]),
        KeyError,
        "no population named 'cell'",
        "did you mean 'cells'",
    ),
    (lambda: run(record=[bs.Trace(population(), "v")]), ValueError, "Trace(cells, 'v')", "not the population named 'cells'"),
    (lambda: traced("V"), KeyError, "no variable 'V'", "did you mean 'v'"),
    (lambda: traced("ampa.g"), KeyError, "no variable 'ampa.g'", "available: v"),
    (lambda: traced(every=0.01), ValueError, "every", "dt = 0.1 ms"),
    (lambda: bs.Trace(population(), 3), TypeError, "Trace.variable", "'v'"),
    (lambda: bs.Trace("cells", "v"), TypeError, "Trace.cells", "Trace(cells[:3], 'v')"),
    (lambda: bs.Trace(population() + population(name="b"), "v"), ValueError, "one population"),
    (lambda: bs.Trace(population(), "v", every=0.0), ValueError, "Trace.every", "> 0 ms"),
    (lambda: run(spikes=3), TypeError, "simulate.spikes", "got 3"),
    (lambda: run(progress="no"), TypeError, "progress: must be True or False", "got 'no'"),
    (lambda: run(spikes=None), TypeError, "simulate.spikes", "got None"),
    (lambda: run(spikes=[population()]), ValueError, "simulate.spikes", "cells"),
    (lambda: run(spikes=[population(name="cell")]), KeyError, "'cell'", "did you mean 'cells'"),
    (lambda: bs.Result.load("/nowhere/run.npz"), FileNotFoundError, "/nowhere/run.npz"),
)


class Half(Recorder):
    """Has a column for which it returns no rows."""

    def recorder(self, layout):
        """Return itself, so that it can be given for ``record=``."""
        return self

    def columns(self):
        """Return the column."""
        return {"columns": [column("x", "<f8")]}

    def rows(self, chunk):
        """Return nothing."""
        return {}


def loaded(**given):
    """Load a simulation that was saved."""
    with tempfile.TemporaryDirectory() as folder:
        return bs.Simulation.load(network(), simulation().save(f"{folder}/run.ckpt"), **given)


def within_a_callback():
    """Make a mistake in a function that a run calls: the call that it makes is named, not the run."""
    simulation().run(1.0, every=0.5, callback=lambda sim: bs.simulate(sim.network, 1.0, dt=-0.1))


# options are named by the call to which they were given
test_calls_with_options = mistakes(
    (lambda: bs.Simulation(network(), threads=0), ValueError, "Simulation.threads: must be >= 1 (got 0)"),
    (lambda: bs.Simulation(population()), TypeError, "Simulation.network: must be a Network"),
    (lambda: bs.Simulation(network(), record=3), TypeError, "Simulation.record: must be a list of bs.Trace"),
    (lambda: bs.Simulation(network(), spikes=3), TypeError, "Simulation.spikes: must be True, False"),
    (lambda: bs.Simulation(network(), to="run.csv"), ValueError, "Simulation.to: must end in"),
    (lambda: bs.page(network(), seed=-1), ValueError, "page.seed: must be >= 0 (got -1)"),
    (lambda: bs.explore.fi_curve(LIF, [100.0], dt=-1.0), ValueError, "fi_curve.dt: must be > 0 ms (got -1.0)"),
    (lambda: bs.explore.step_response(LIF, 100.0, seed=-1), ValueError, "step_response.seed: must be >= 0 (got -1)"),
    (lambda: bs.explore.current_ramp(LIF, 100.0, dt=-1.0), ValueError, "current_ramp.dt: must be > 0 ms (got -1.0)"),
    (lambda: bs.explore.phase_plane(bs.AdEx(), seed=-1), ValueError, "phase_plane.seed: must be >= 0"),
)
test_calls_with_options_of_a_simulation = mistakes(
    (lambda: simulation().continue_with(network(), threads=0), ValueError, "Simulation.continue_with.threads: must be >= 1"),
    (lambda: loaded(ranks=4), TypeError, "Simulation.load.ranks: must be True or a communicator"),
    (lambda: loaded(record=3), TypeError, "Simulation.load.record: must be a list of bs.Trace"),
    (lambda: simulation(record=[Half()]).run(1.0), ValueError, "Simulation.record: a recorder has a column 'x', but rows"),
    (within_a_callback, ValueError, "simulate.dt: must be > 0 ms (got -0.1)"),
    before_compiling=False,
)


def change(n=None, **values):
    model = bs.LIF(tau_m=np.full(10, 20.0)) if n else LIF
    cells = population(model=model)
    simulation(network(cells)).set(cells, **values)


def set_nan():
    sim = simulation()
    sim.state["cells"]["v"][3] = np.nan
    sim.run(1.0)


test_in_a_run = mistakes(
    (lambda: run(duration=-1.0), ValueError, "duration", "> 0 ms", "-1.0"),
    (lambda: run(duration=0.0), ValueError, "duration", "> 0 ms"),
    (lambda: run(duration=np.inf), ValueError, "duration", "finite"),
    (lambda: run(duration=1.05), ValueError, "duration", "multiple of dt = 0.1 ms", "1.05"),
    (lambda: run(connected(delay=bs.Uniform(6000.0, 7000.0))), ValueError, "cells->cells.delay", "steps of dt", "7000"),
    (lambda: run(dt=0.2, seed=None, state=run().state), ValueError, "dt = 0.1 ms", "got 0.2 ms"),
    (lambda: run(seed=2, state=run().state), ValueError, "seed of the state, 1", "leave seed out"),
    (lambda: run(seed=None, state=run()), TypeError, "result.state"),
    (lambda: run(network(population(5)), seed=None, state=run().state), ValueError, "state"),
    (set_nan, ValueError, "cells.v", "not finite", "cell 3"),
    (lambda: simulation().state["cell"], KeyError, "did you mean 'cells'"),
    (lambda: simulation().state["cells"]["V"], KeyError, "did you mean 'v'"),
    (lambda: simulation().state.__setitem__("cells", 3.0), TypeError, "['cells']['v']"),
    (lambda: simulation().state["cells"].__setitem__("v", np.ones(3)), ValueError, "cells.v", "10 cells", "(3,)"),
    (lambda: run().spikes["cell"], KeyError, "did you mean 'cells'"),
    (lambda: run().traces["cells", "v"], KeyError, "no traces were recorded; run with record=[bs.Trace(cells, 'v')]"),
    before_compiling=False,
)

test_changes = mistakes(
    (lambda: simulation().set("drive", rate=3.0), KeyError, "'drive'", "not an input"),
    (lambda: simulation().set(population(name="cell"), tau_m=3.0), KeyError, "'cell'", "did you mean 'cells'"),
    (lambda: simulation().set(population(), tau_m=3.0), ValueError, "Simulation.set", "not the population named 'cells'"),
    (lambda: change(tau=3.0), ValueError, "unknown parameter 'tau'", "mean 'tau_m'"),
    (lambda: change(tau_m=-3.0), ValueError, "LIF.tau_m", "> 0 ms"),
    (lambda: change(v_reset=0.0), ValueError, "v_reset < v_th must hold"),
    (lambda: change(n=10, tau_m=np.full(11, 9.0)), ValueError, "LIF.tau_m", "10 cells", "11 values"),
    (lambda: change(tau_m=bs.Uniform(5.0, 9.0)), TypeError, "distribution"),
    (lambda: change(n=10, tau_m=[9.0] * 3), ValueError, "LIF.tau_m", "10 cells", "3 values"),
    (lambda: change(t_ref=0.002), ValueError, "LIF.t_ref", "did you mean 2?"),
    before_compiling=False,
)
