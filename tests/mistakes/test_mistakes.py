"""Mistakes: each is a clear error of the right kind at the right line, and nothing is lost by it.

`DESCRIBING` are caught where they are written (a model, a population, a network), before anything runs; `RUNNING` when the
network is handed to `simulate` or `Simulation`, or between two runs.
"""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistakes import LIF, connected, network, neuron, population, run, simulation, synapse, tabled

AMPA = bs.ExponentialConductance()


def traced(variable="v", **given):
    cells = population()
    return run(network(cells), record=[bs.Trace(cells, variable, **given)])


NO_CURRENT = neuron(equations="dv/dt = -v/tau")()
NO_V = type(
    "NoV",
    (bs.Neuron,),
    {"equations": "du/dt = I", "threshold": "u > 0", "reset": "u = 0", "u": bs.initial(0.0, "pA*ms", "charge")},
)()


def set_nan():
    sim = simulation()
    sim.state["cells"]["v"][3] = np.nan
    sim.run(1.0)


def drawn_above_threshold():
    return run(network(population(100, bs.LIF(v_reset=bs.Uniform(-70.0, -40.0)))))


def change(n=None, **values):
    model = bs.LIF(tau_m=np.full(10, 20.0)) if n else LIF
    cells = population(model=model)
    simulation(network(cells)).set(cells, **values)


def another_name_for_one_cell():
    cells = population()
    net = connected(cells, name="loop")
    net.connect(cells, cells, bs.OneToOne(), weight=1.0, delay=1.0, synapse=bs.Delta(), name="loop")


# -- the tables: what one calls it, the mistake, what is raised, what the message says --------------------------------------

DESCRIBING = [
    ("time constant of zero", lambda: bs.LIF(tau_m=0.0), ValueError, ["LIF.tau_m", "> 0 ms", "got 0.0"]),
    ("negative time constant", lambda: bs.LIF(tau_m=-20.0), ValueError, ["LIF.tau_m", "> 0 ms", "got -20.0"]),
    ("one negative among many", lambda: bs.LIF(tau_m=[20.0, -1.0]), ValueError, ["LIF.tau_m", "> 0 ms", "got -1.0"]),
    ("synapse without time", lambda: bs.Exponential(tau=0), ValueError, ["Exponential.tau", "> 0 ms"]),
    ("negative refractory time", lambda: bs.LIF(t_ref=-1.0), ValueError, ["LIF.t_ref", ">= 0 ms"]),
    ("capacitance of zero", lambda: bs.LIF(c_m=0.0), ValueError, ["LIF.c_m", "> 0 pF"]),
    ("reset above threshold", lambda: bs.LIF(v_reset=-40.0), ValueError, ["v_reset < v_th must hold", "-40", "-50"]),
    ("one reset above threshold", lambda: bs.LIF(v_reset=[-70.0, -40.0]), ValueError, ["v_reset < v_th", "[-70.0, -40.0]"]),
    ("NaN parameter", lambda: bs.LIF(v_th=np.nan), ValueError, ["LIF.v_th", "finite", "nan"]),
    ("unit in a text", lambda: bs.LIF(tau_m="20 ms"), TypeError, ["LIF.tau_m", "number in ms", "'20 ms'"]),
    ("None for a number", lambda: bs.LIF(tau_m=None), TypeError, ["LIF.tau_m", "number in ms"]),
    ("matrix of parameters", lambda: bs.LIF(tau_m=np.ones((2, 2))), ValueError, ["LIF.tau_m", "shape (2, 2)"]),
    ("no parameters", lambda: bs.LIF(tau_m=[]), ValueError, ["LIF.tau_m", "one per cell", "empty"]),
    ("ragged parameters", lambda: bs.LIF(tau_m=[[1.0], [2.0, 3.0]]), TypeError, ["LIF.tau_m", "array of numbers"]),
    (
        "array for other cells",
        lambda: population(model=bs.LIF(tau_m=[20.0] * 3)),
        ValueError,
        ["tau_m", "10 cells", "3 val"],
    ),
    ("initial values for other cells", lambda: population(initial={"v": [1.0] * 3}), ValueError, ["initial['v']", "(10,)"]),
    ("unknown parameter", lambda: bs.LIF(tau=10.0), TypeError, ["unknown parameter 'tau'", "did you mean 'tau_m'"]),
    ("unknown variable", lambda: population(initial={"V": 0.0}), ValueError, ["no variable 'V'", "did you mean 'v'"]),
    ("unknown public name", lambda: bs.Netwrok, AttributeError, ["Netwrok", "did you mean 'Network'"]),
    (
        "distribution that can be negative",
        lambda: bs.LIF(tau_m=bs.Normal(10.0, 2.0)),
        ValueError,
        ["LIF.tau_m", "> 0 ms", "Clipped(Normal(10.0, 2.0), low=...)"],
    ),
    ("parameter by position", lambda: bs.LIF(10.0), TypeError, ["given by name", "LIF(tau_m=10.0)"]),
    ("changing a frozen model", lambda: setattr(bs.LIF(), "tau_m", 10.0), AttributeError, ["frozen", "LIF(tau_m=10.0)"]),
    ("deleting from a frozen model", lambda: delattr(bs.LIF(), "tau_m"), AttributeError, ["frozen", "tau_m"]),
    ("a class for a model", lambda: bs.Population(3, bs.LIF), TypeError, ["LIF is a class", "bs.LIF()"]),
    ("a class for a synapse", lambda: connected(synapse=bs.Delta), TypeError, ["Delta is a class", "Delta()"]),
    ("a class for a rule", lambda: connected(rule=bs.AllToAll), TypeError, ["AllToAll is a class"]),
    ("capacitance in farads", lambda: bs.LIF(c_m=2e-10), ValueError, ["LIF.c_m", "SI value", "did you mean 200"]),
    ("weight in amperes", lambda: connected(weight=1e-11, synapse=bs.Exponential()), ValueError, ["pA", "did you mean 10"]),
    ("conductance in siemens", lambda: connected(weight=6e-9, synapse=bs.ExponentialConductance()), ValueError, ["mean 6"]),
    ("current in amperes", lambda: bs.CurrentInput(3e-10), ValueError, ["CurrentInput.amplitude", "did you mean 300"]),
    ("probability above one", lambda: bs.FixedProbability(1.1), ValueError, ["FixedProbability.p", "<= 1", "1.1"]),
    ("negative probability", lambda: bs.FixedProbability(-0.1), ValueError, ["FixedProbability.p", ">= 0"]),
    (
        "more sources than there are",
        lambda: connected(rule=bs.FixedIndegree(11, multapses=False)),
        ValueError,
        ["FixedIndegree.k", "11 sources", "10 cells", "multapses=True"],
    ),
    ("negative delay", lambda: connected(delay=-1.0), ValueError, ["Network.connect.delay", "> 0 ms", "-1.0"]),
    ("NaN weight", lambda: connected(weight=np.nan), ValueError, ["Network.connect.weight", "finite", "nan"]),
    ("infinite weight", lambda: connected(weight=np.inf), ValueError, ["Network.connect.weight", "finite", "inf"]),
    ("one NaN weight", lambda: connected(weight=[1.0] * 9 + [np.nan], rule=bs.OneToOne()), ValueError, ["finite", "nan"]),
    ("weights of another shape", lambda: connected(weight=np.ones(9), rule=bs.OneToOne()), ValueError, ["(10,)", "(9,)"]),
    (
        "negative conductance",
        lambda: connected(weight=-1.0, synapse=bs.ExponentialConductance()),
        ValueError,
        ["conductance cannot be negative", "e_rev", "-1.0"],
    ),
    ("two populations of one name", lambda: network(population(), population()), ValueError, ["two populations", "'cells'"]),
    ("two projections of one name", another_name_for_one_cell, ValueError, ["already named", "'loop'"]),
    ("no cells", lambda: population(0), ValueError, ["Population.n", ">= 1"]),
    ("half a cell", lambda: population(2.5), TypeError, ["Population.n", "whole number", "2.5"]),
    ("cell out of range", lambda: population()[10], IndexError, ["'cells'", "0 to 9", "got 10"]),
    ("slice out of range", lambda: population()[:20], IndexError, ["'cells'", "10 cells", "20"]),
    ("mask of other cells", lambda: population()[np.ones(5, bool)], IndexError, ["10 cells", "(5,)"]),
    ("unsorted spike times", lambda: bs.SpikeTrains([2.0, 1.0], [0, 0]), ValueError, ["SpikeTrains.times", "argsort"]),
    ("negative spike times", lambda: bs.SpikeTrains([-2.0, 1.0], [0, 0]), ValueError, ["SpikeTrains.times", ">= 0 ms"]),
    ("ids out of range", lambda: population(3, bs.SpikeTrains([1.0], [3])), ValueError, ["ids", "3 is beyond", "0 to 2"]),
    ("spikes without ids", lambda: bs.SpikeTrains([1.0, 2.0], [0]), ValueError, ["SpikeTrains.ids", "2"]),
    ("negative rate", lambda: bs.Poisson(rate=-8.0), ValueError, ["Poisson.rate", ">= 0 Hz"]),
    ("negative seed of the wiring", lambda: bs.Network(seed=-1), ValueError, ["Network.seed", ">= 0"]),
    ("trace of no variable", lambda: bs.Trace(population(), 3), TypeError, ["Trace.variable", "'v'"]),
    ("trace of a name", lambda: bs.Trace("cells", "v"), TypeError, ["Trace.cells", "Trace(cells[:3], 'v')"]),
    ("trace of two populations", lambda: bs.Trace(population() + population(name="b"), "v"), ValueError, ["one population"]),
    ("trace at no interval", lambda: bs.Trace(population(), "v", every=0.0), ValueError, ["Trace.every", "> 0 ms"]),
    ("no such file", lambda: bs.Result.load("/nowhere/run.npz"), FileNotFoundError, ["/nowhere/run.npz"]),
    # the texts of a class, when it is defined
    (
        "wrong name in equations",
        lambda: neuron(equations="dv/dt = -v/tua + I/c_m"),
        ValueError,
        ["Mine.equations", "unknown name 'tua'", "did you mean 'tau'", "dv/dt = -v/tua + I/c_m\n               ^"],
    ),
    (
        "missing bracket",
        lambda: neuron(equations="dv/dt = -(v/tau + I/c_m"),
        ValueError,
        ["never closed", "-(v/tau", "\n             ^"],
    ),
    (
        "missing bracket, more lines",
        lambda: neuron(equations="dv/dt = -(v/tau + I/c_m\ndu/dt = v"),
        ValueError,
        ["never closed"],
    ),
    ("bracket too many", lambda: neuron(equations="dv/dt = -v/tau) + I/c_m"), ValueError, ["never opened", "^"]),
    (
        "unknown function",
        lambda: neuron(equations="dv/dt = -epx(v)"),
        ValueError,
        ["function 'epx'", "did you mean 'exp'", "^"],
    ),
    ("too many arguments", lambda: neuron(equations="dv/dt = exp(v, 1)"), ValueError, ["exp takes 1 argument", "got 2"]),
    ("attribute", lambda: neuron(equations="dv/dt = v.real"), ValueError, ["'v.real'", "not arithmetic", "^"]),
    ("import", lambda: neuron(equations="dv/dt = __import__('os').system('ls')"), ValueError, ["unknown function", "^"]),
    ("dunder", lambda: neuron(equations="dv/dt = __builtins__"), ValueError, ["underscore", "'__builtins__'"]),
    ("no equals sign", lambda: neuron(equations="dv/dt"), ValueError, ["Mine.equations", "one '='"]),
    ("two equations", lambda: neuron(equations="dv/dt = -v\ndv/dt = v"), ValueError, ["'v' has two equations"]),
    (
        "no initial value",
        lambda: neuron(equations="dv/dt = -v\ndz/dt = -z"),
        ValueError,
        ["Mine.z", "z: float = bs.initial("],
    ),
    ("equation for a parameter", lambda: neuron(equations="dtau/dt = -v"), ValueError, ["Mine.tau", "no parameter"]),
    ("random drift", lambda: neuron(equations="dv/dt = rand()"), ValueError, ["a threshold, a reset or an event only"]),
    ("chained comparison", lambda: neuron(threshold="0 < v < v_th"), ValueError, ["two at a time", "and", "^"]),
    ("threshold that is a number", lambda: neuron(threshold="v"), ValueError, ["Mine.threshold", "comparison", "v >= v_th"]),
    ("number that is a comparison", lambda: neuron(equations="dv/dt = -v*(v > 3)"), ValueError, ["where(comparison, 1, 0)"]),
    ("wrong name in the threshold", lambda: neuron(threshold="v > vth"), ValueError, ["Mine.threshold", "mean 'v_th'", "^"]),
    ("reset of no variable", lambda: neuron(reset="u = 0"), ValueError, ["Mine.reset", "'u' is no variable"]),
    ("comparison for an assignment", lambda: neuron(reset="v == 0"), ValueError, ["Mine.reset", "one '='"]),
    ("unknown method", lambda: neuron(method="eulre"), ValueError, ["Mine.method", "did you mean 'euler'"]),
    ("unknown refractory time", lambda: neuron(refractory="taus"), ValueError, ["Mine.refractory", "did you mean 'tau'"]),
    ("unknown frozen variable", lambda: neuron(frozen=("V",)), ValueError, ["Mine.frozen", "did you mean 'v'"]),
    ("unknown name in a condition", lambda: neuron(conditions=("v_th > vt",)), ValueError, ["Mine.conditions", "'vt'"]),
    ("name in the wrong case", lambda: neuron(equations="dv/dt = -v/tau + i/c_m"), ValueError, ["'i'; did you mean 'I'"]),
    ("equations in a list", lambda: neuron(equations=["dv/dt = -v/tau"]), ValueError, ["Mine.equations", "must be a text"]),
    (
        "line that goes on without brackets",
        lambda: neuron(equations="dv/dt = -v/tau\n + I/c_m"),
        ValueError,
        ["needs one '='", "what goes on over lines does so in brackets"],
    ),
    ("line that needs itself", lambda: neuron(equations="dv/dt = a/tau\na = a + v"), ValueError, ["'a' needs itself"]),
    (
        "initial value of a later one",
        lambda: neuron(v=bs.initial("u", "mV", "x"), u=bs.initial(1.0, "mV", "x")),
        ValueError,
        ["Mine.v", "needs 'u', which is declared later", "move the line of 'u' above that of 'v'"],
    ),
    (
        "initial value of itself",
        lambda: neuron(equations="dv/dt = -v/tau\na = 2*v", v=bs.initial("a", "mV", "x")),
        ValueError,
        ["Mine.v", "the initial value of 'v' needs itself"],
    ),
    (
        "a plain number for a parameter",
        lambda: neuron(tau=10.0),
        TypeError,
        ["Mine.tau", "do not see a plain number", "tau: float = bs.parameter(10.0, 'mV', 'what it is')"],
    ),
    (
        "conditions that are a text",
        lambda: neuron(conditions="v_th > 0"),
        TypeError,
        ["Mine.conditions", "tuple of texts", "got 'v_th > 0'"],
    ),
    ("current of a neuron", lambda: neuron(current="v*tau"), TypeError, ["Mine.current", "bs.Synapse", "no effect here"]),
    ("threshold of a synapse", lambda: synapse(threshold="g > 1"), TypeError, ["Mine.threshold", "bs.Neuron", "no effect"]),
    (
        "reset without threshold",
        lambda: neuron(threshold=""),
        ValueError,
        ["Mine.reset", "no effect without a threshold", "threshold = 'v >= v_th'", "leave out reset = 'v = 0'"],
    ),
    (
        "plastic synapse",
        lambda: synapse(equations="dg/dt = -g/tau\ndApre/dt = -Apre/tau", arrival="g = g + w; Apre = Apre + g"),
        ValueError,
        ["Mine.arrival", "'Apre = Apre + w'", "plasticity", "not available in this version", "new Network"],
    ),
    (
        "weights that change",
        lambda: synapse(arrival="g = g + w; w = w + g"),
        ValueError,
        ["Mine.arrival", "'w' is no variable", "stay as they are", "plasticity", "not available in this version"],
    ),
    (
        "gap junction",
        lambda: type(
            "Gap",
            (bs.Synapse,),
            {"current": "g*(e - v)", "g": bs.parameter(1.0, "nS", "x"), "e": bs.parameter(0.0, "mV", "x")},
        )(),
        TypeError,
        ["Gap: has no arrival", "gap junction", "not available in this version", "sim.set('gap', amplitude=...)"],
    ),
    (
        "cells that never spike as sources",
        lambda: connected(population(model=bs.LI())),
        ValueError,
        ["Network.connect.pre", "'cells' is of LI", "no threshold", "threshold = 'v >= v_th'", "not available in"],
    ),
    (
        "some cells that never spike",
        lambda: bs.Network().connect(
            population() + population(name="rates", model=bs.RateUnit()),
            population(name="post"),
            bs.AllToAll(),
            weight=1.0,
            delay=1.0,
            synapse=bs.Delta(),
        ),
        ValueError,
        ["'rates' is of RateUnit", "never spike"],
    ),
    (
        "t_ref without threshold",
        lambda: neuron(threshold="", reset="", t_ref=bs.parameter(2.0, "ms", "x")),
        ValueError,
        ["Mine.t_ref", "has no effect without a threshold", "or leave it out"],
    ),
    (
        "refractory without threshold",
        lambda: neuron(threshold="", reset="", refractory="v > v_th"),
        ValueError,
        ["Mine.refractory", "has no effect without a threshold"],
    ),
    (
        "interpolate without threshold",
        lambda: neuron(threshold="", reset="", interpolate=True),
        ValueError,
        ["Mine.interpolate", "no effect without a threshold"],
    ),
    (
        "frozen without refractory time",
        lambda: neuron(frozen=("v",)),
        ValueError,
        ["Mine.frozen", "no effect without a refractory time", "leave out frozen = ('v',)"],
    ),
    (
        "frozen v of cells without v",
        lambda: type(
            "Mine",
            (type(NO_V),),
            {"threshold": "u > q", "q": bs.parameter(1.0, "pA*ms", "x"), "refractory": "dt", "frozen": ("v",)},
        ),
        ValueError,
        ["Mine.frozen", "'v' is no variable; available: u"],
    ),
    (
        "default out of range",
        lambda: neuron(tau=bs.parameter(-1.0, "ms", "x", above=0.0)),
        ValueError,
        ["Mine.tau", "> 0 ms"],
    ),
    ("default that is a text", lambda: neuron(tau=bs.parameter("x", "ms", "x")), TypeError, ["Mine.tau", "number in ms"]),
    (
        "wrong name in an initial value",
        lambda: neuron(v=bs.initial("vth", "mV", "x")),
        ValueError,
        ["Mine.v", "mean 'v_th'"],
    ),
    ("word of the language", lambda: neuron(exp=bs.parameter(1.0, "", "x")), ValueError, ["Mine.exp", "choose another"]),
    ("name of a receptor", lambda: neuron(r0_g=bs.parameter(1.0, "", "x")), ValueError, ["Mine.r0_g", "choose another"]),
    (
        "word of Python",
        lambda: neuron(**{"lambda": bs.parameter(1.0, "", "x")}),
        ValueError,
        ["Mine.lambda", "choose another"],
    ),
    ("parameter called threshold", lambda: neuron(threshold=bs.parameter(1.0, "mV", "x")), ValueError, ["Mine.threshold"]),
    ("arrival that is not linear", lambda: synapse(arrival="g = g + w**2"), ValueError, ["Mine.arrival", "g = g + w"]),
    ("arrival that forgets", lambda: synapse(arrival="g = w"), ValueError, ["Mine.arrival", "g = g + w"]),
    (
        "arrival that depends on state",
        lambda: synapse(arrival="g = g + w*(1 - g)"),
        ValueError,
        ["Mine.arrival", "g = g + w"],
    ),
    ("synapse without arrival", lambda: synapse(arrival="")(), TypeError, ["Mine", "no arrival", "g = g + w"]),
    (
        "synapse that depends on v",
        lambda: synapse(equations="dg/dt = -g*v"),
        ValueError,
        ["depends on v", "only the current"],
    ),
    ("wrong name in a current", lambda: synapse(current="g*(erev - v)"), ValueError, ["Mine.current", "mean 'e_rev'", "^"]),
]

RUNNING = [
    ("nothing in the network", lambda: run(bs.Network(seed=1)), ValueError, ["nothing in it", "net.add"]),
    ("no network", lambda: run(population()), TypeError, ["simulate.network", "Population('cells', 10 LIF)"]),
    (
        "seconds for milliseconds",
        lambda: run(connected(population(model=bs.LIF(tau_m=0.02)), synapse=AMPA)),
        ValueError,
        ["LIF.tau_m", "0.02 ms", "dt = 0.1 ms", "did you mean 20"],
    ),
    (
        "refractory time in seconds",
        lambda: run(network(population(model=bs.LIF(t_ref=0.002)))),
        ValueError,
        ["LIF.t_ref", "0.002 ms", "dt = 0.1 ms", "did you mean 2?"],
    ),
    (
        "refractory times in seconds",
        lambda: run(network(population(model=bs.LIF(t_ref=np.linspace(0.0, 0.004, 10))))),
        ValueError,
        ["LIF.t_ref", "did you mean 4?"],
    ),
    (
        "refractory time under a long step",
        lambda: run(network(population(model=bs.LIF(t_ref=0.4))), dt=1.0),
        ValueError,
        ["LIF.t_ref", "dt = 1 ms", "a smaller dt, or write 0"],
    ),
    (
        "negative refractory time in equations",
        lambda: run(network(population(model=neuron(t_ref=bs.parameter(-2.0, "ms", "x"))()))),
        ValueError,
        ["cells: t_ref as the refractory time", ">= 0 ms", "-2.0"],
    ),
    (
        "table finer than dt",
        lambda: run(network(population(model=tabled(0.05)))),
        ValueError,
        ["cells.I_in", "a value every 0.05 ms", "time step is 0.1 ms", "average them, or use a smaller dt"],
    ),
    (
        "seconds in a synapse",
        lambda: run(connected(synapse=bs.ExponentialConductance(tau=0.005))),
        ValueError,
        ["did you mean 5"],
    ),
    ("reset drawn above threshold", drawn_above_threshold, ValueError, ["v_reset < v_th must hold", "100 values"]),
    (
        "synapse's array for other cells",
        lambda: run(connected(synapse=bs.Exponential(tau=[5.0] * 3))),
        ValueError,
        ["Exponential.tau", "10 cells", "3 values"],
    ),
    ("no time step", lambda: run(dt=0.0), ValueError, ["dt", "> 0 ms"]),
    ("negative duration", lambda: run(duration=-1.0), ValueError, ["duration", "> 0 ms", "-1.0"]),
    ("no duration", lambda: run(duration=0.0), ValueError, ["duration", "> 0 ms"]),
    ("infinite duration", lambda: run(duration=np.inf), ValueError, ["duration", "finite"]),
    ("duration off the grid", lambda: run(duration=1.05), ValueError, ["duration", "multiple of dt = 0.1 ms", "1.05"]),
    ("delay under dt", lambda: run(connected(delay=0.05)), ValueError, ["cells->cells.delay", "dt = 0.1 ms", "0.05"]),
    ("delay beyond the calendar", lambda: run(connected(delay=1e5)), ValueError, ["cells->cells.delay", "steps of dt"]),
    ("negative seed", lambda: run(seed=-1), ValueError, ["seed", ">= 0"]),
    ("half a seed", lambda: run(seed=1.5), TypeError, ["seed", "whole number"]),
    ("no threads", lambda: run(threads=0), ValueError, ["threads", ">= 1"]),
    ("half a thread", lambda: run(threads=1.5), TypeError, ["threads", "whole number"]),
    ("record what is no trace", lambda: run(record=["v"]), TypeError, ["record", "bs.Trace(cells, 'v')", "'v'"]),
    (
        "record a population that is elsewhere",
        lambda: run(record=[bs.Trace(population(name="cell"), "v")]),
        KeyError,
        ["no population named 'cell'", "did you mean 'cells'"],
    ),
    (
        "record a namesake",
        lambda: run(record=[bs.Trace(population(), "v")]),
        ValueError,
        ["Trace(cells, 'v')", "not the population named 'cells'"],
    ),
    ("record what does not exist", lambda: traced("V"), KeyError, ["no variable 'V'", "did you mean 'v'"]),
    ("record a synapse that is not there", lambda: traced("ampa.g"), KeyError, ["no variable 'ampa.g'", "available: v"]),
    ("record more often than there are steps", lambda: traced(every=0.01), ValueError, ["every", "dt = 0.1 ms"]),
    ("keep spikes of others", lambda: run(spikes=[population(name="cell")]), KeyError, ["'cell'", "did you mean 'cells'"]),
    (
        "current for cells without I",
        lambda: run(connected(population(model=NO_CURRENT), synapse=bs.Exponential())),
        ValueError,
        ["cells", "no I"],
    ),
    ("jump of v for cells without v", lambda: run(connected(population(model=NO_V))), ValueError, ["cells", "'v'"]),
    (
        "conductance on cells without v",
        lambda: run(connected(population(model=NO_V), synapse=bs.ExponentialConductance())),
        ValueError,
        ["cells", "'v'"],
    ),
    (
        "exact where it is not linear",
        lambda: run(network(population(model=neuron(equations="dv/dt = -v*v/tau", dimensions=False, method="exact")()))),
        ValueError,
        ["'exact'", "linear", "dv/dt"],
    ),
    ("state of another dt", lambda: run(dt=0.2, seed=None, state=run().state), ValueError, ["dt = 0.1 ms", "got 0.2 ms"]),
    ("state of another seed", lambda: run(seed=2, state=run().state), ValueError, ["own seed 1", "leave seed out"]),
    ("state that is a result", lambda: run(seed=None, state=run()), TypeError, ["result.state"]),
    ("state of another network", lambda: run(network(population(5)), seed=None, state=run().state), ValueError, ["state"]),
    ("NaN in the state", set_nan, ValueError, ["cells.v", "not finite", "cell 3"]),
    ("state of no population", lambda: simulation().state["cell"], KeyError, ["did you mean 'cells'"]),
    ("state of no variable", lambda: simulation().state["cells"]["V"], KeyError, ["did you mean 'v'"]),
    ("state of a population at once", lambda: simulation().state.__setitem__("cells", 3.0), TypeError, ["['cells']['v']"]),
    ("set an unknown input", lambda: simulation().set("drive", rate=3.0), KeyError, ["'drive'", "no input"]),
    ("set an unknown parameter", lambda: change(tau=3.0), ValueError, ["unknown parameter 'tau'", "mean 'tau_m'"]),
    ("set a bad value", lambda: change(tau_m=-3.0), ValueError, ["LIF.tau_m", "> 0 ms"]),
    ("set what must hold", lambda: change(v_reset=0.0), ValueError, ["v_reset < v_th must hold"]),
    ("set an array for one number", lambda: change(tau_m=np.full(10, 9.0)), ValueError, ["one number", "from the start"]),
    ("set a distribution", lambda: change(tau_m=bs.Uniform(5.0, 9.0)), TypeError, ["distribution"]),
    ("spikes of nobody", lambda: run().spikes["cell"], KeyError, ["did you mean 'cells'"]),
    ("traces that were not recorded", lambda: run().traces["cells", "v"], KeyError, ["no traces of 'cells'"]),
]


def change_another():
    simulation().set(population(name="cell"), tau_m=3.0)


ENGINE = [  # of arguments and of `set`
    ("record a number", lambda: run(record=3), TypeError, ["simulate.record", "bs.Trace(cells, 'v')"]),
    ("keep the spikes of a number", lambda: run(spikes=3), TypeError, ["simulate.spikes", "got 3"]),
    ("keep no spikes by None", lambda: run(spikes=None), TypeError, ["simulate.spikes", "got None"]),
    ("keep spikes of a namesake", lambda: run(spikes=[population()]), ValueError, ["simulate.spikes", "cells"]),
    (
        "delays drawn beyond the calendar",
        lambda: run(connected(delay=bs.Uniform(6000.0, 7000.0))),
        ValueError,
        ["cells->cells.delay", "steps of dt", "7000"],
    ),
    ("set a population that is elsewhere", change_another, KeyError, ["'cell'", "did you mean 'cells'"]),
    (
        "set a namesake",
        lambda: simulation().set(population(), tau_m=3.0),
        ValueError,
        ["Simulation.set", "not the population named 'cells'"],
    ),
    (
        "set an array for other cells",
        lambda: change(n=10, tau_m=[9.0] * 3),
        ValueError,
        ["LIF.tau_m", "10 cells", "3 values"],
    ),
    ("set seconds for milliseconds", lambda: change(t_ref=0.002), ValueError, ["LIF.t_ref", "did you mean 2?"]),
    (
        "state for other cells",
        lambda: simulation().state["cells"].__setitem__("v", np.ones(3)),
        ValueError,
        ["cells.v", "10 cells", "(3,)"],
    ),
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("mistake", "kind", "fragments"), [pytest.param(*case[1:], id=case[0]) for case in DESCRIBING + RUNNING + ENGINE]
)
def test_mistakes(mistake, kind, fragments):
    with pytest.raises(kind) as caught:
        mistake()
    text = str(caught.value)
    missing = [fragment for fragment in fragments if fragment not in text]
    assert not missing, text
    assert len(text) < 500


def test_ids_are_unique_and_there_are_enough():
    names = [case[0] for case in DESCRIBING + RUNNING + ENGINE]
    assert len(set(names)) == len(names) >= 45


LATE = ("duration", "state", "spikes of", "traces")  # made in a run or after one
EARLY = [c for c in RUNNING if c[1].__code__.co_names[:1] == ("run",) and not any(word in c[0] for word in LATE)]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("mistake", EARLY, ids=lambda case: case[0])
def test_the_message_comes_before_anything_runs(mistake, monkeypatch):
    """No kernel is compiled or called for a network or argument that is wrong."""
    monkeypatch.setattr(bs.Simulation, "_compile", lambda self: pytest.fail("reached the compiler"))
    with pytest.raises(mistake[2]):
        mistake[1]()
