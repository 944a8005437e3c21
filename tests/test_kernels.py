"""The text of kernels, and what the loop does beside the method: events, refractoriness, tables over time, parts of dt."""

import ast
import textwrap

import numpy as np
import pytest
from single_cells import run, steps
from test_methods import Bent, Driven, Squid
from test_noise import Process

import brainsim as bs
from brainsim.equations import language as lang
from brainsim.equations import trees
from brainsim.equations.codegen import write_kernel
from brainsim.equations.methods import METHODS
from brainsim.equations.system import compose
from brainsim.numbers import jit
from brainsim.numbers.jit import load_source

# -- from classes to systems -----------------------------------------------------------------------------------------------


def composed(model, *synapses, current=False):
    receptors = [s.receptor_equations for s in synapses]
    return compose(model.cell_equations, receptors, external_current=current, where="cells")


def test_names_of_receptors_do_not_clash():
    system = composed(bs.LIF(), bs.Alpha(), bs.Alpha(tau=1.0), bs.ExponentialConductance(), current=True)
    assert system.variables == ("v", "r0_i", "r0_h", "r1_i", "r1_h", "r2_g")
    used = set().union(*(lang.names_in(tree) for tree in system.derivatives.values()))
    assert {"r0_tau", "r1_tau", "r2_tau", "r2_e_rev", "I_ext"} <= used
    assert "tau" not in used
    assert "I" not in used
    assert lang.names_in(system.derivatives["r1_i"]) == {"r1_i", "r1_h", "r1_tau"}
    assert system.arrivals == ((("r0_h", trees.ONE),), (("r1_h", trees.ONE),), (("r2_g", trees.ONE),))
    # a second composition of the same classes starts from the same trees
    assert ast.unparse(composed(bs.LIF(), bs.Alpha()).derivatives["v"]) == "(v_rest - v) / tau_m + r0_i / c_m"


def test_a_current_that_is_not_there_leaves_no_trace():
    assert ast.unparse(composed(bs.LIF()).derivatives["v"]) == "(v_rest - v) / tau_m"


def test_a_neuron_may_use_any_name():
    """Names that kernels use themselves ('k', 'spike', 'cell') do not get in the way of the user's."""
    names = ["k", "key", "cell", "spike", "free", "flag", "state", "count", "step", "first", "low", "block", "float",
             "v_", "v_new", "v_mid", "v_slope", "v_reset1", "p_v_v", "p_v_const", "input_0", "input_0_", "gain_0_v", "k0",
             "refractory_", "r0"]  # fmt: skip
    found = []
    for chosen in ([f"q{number}" for number in range(len(names))], names):
        terms = [f"{number + 1}*{name}" for number, name in enumerate(chosen)]
        mine = type("Mine", (bs.Neuron,), {
            "equations": f"dv/dt = -v/10 + ({' + '.join(terms)})/400", "threshold": f"v > ({' + '.join(terms[::-1])})/100",
            "reset": f"v = 0.001*({' + '.join(terms)}) - {chosen[0]}", "dimensions": False, "v": bs.initial(0.0, "mV", "x"),
            **{name: bs.parameter(1.0 + 0.01 * number, "mV/ms", "x") for number, name in enumerate(chosen)},
        })  # fmt: skip
        cells, net = bs.Population(3, mine(), name="cells"), bs.Network(seed=1)
        net.stimulate(cells, bs.PoissonInput(rate=1000.0, weight=0.1, synapse=bs.Delta()))
        result = bs.simulate(net, 100.0, seed=1, threads=1, record=[bs.Trace(cells, "v")])
        found.append((tuple(result.spikes["cells"].times), result.traces["cells", "v"].values.tobytes()))
    assert found[0] == found[1]
    assert len(found[0][0]) > 3


# -- the text of kernels ---------------------------------------------------------------------------------------------------


def kernel_of(model, *synapses, current=False, per_cell=()):
    system = composed(model, *synapses, current=current)
    return write_kernel(system, METHODS[model.method](system, "cells"), set(per_cell))


def test_a_kernel_holds_no_value():
    one, two = bs.LIF(tau_m=7.125, c_m=31.625, v_th=-40.375), bs.LIF(tau_m=20.0)
    texts = [kernel_of(m, bs.Exponential(tau=t)).text for m, t in ((one, 2.375), (two, 5.0))]
    assert texts[0] == texts[1]
    assert not any(number in texts[0] for number in ("7.125", "31.625", "40.375", "2.375"))
    assert kernel_of(one, bs.Alpha()).text != texts[0]
    assert kernel_of(one, bs.Exponential(), per_cell={"v_th"}).text != texts[0]


def test_a_kernel_says_what_its_arguments_hold():
    kernel = kernel_of(bs.LIF(), bs.ExponentialConductance(), current=True, per_cell={"v_th", "r0_tau"})
    assert "v_th" in kernel.arrays
    assert "v_th" not in kernel.scalars
    assert "v_reset" in kernel.scalars
    assert not kernel.random
    assert kernel_of(bs.Poisson()).random
    compile(kernel.text, "kernel", "exec")
    assert max(map(len, kernel.text.splitlines())) < 400


KERNELS = {
    "LIF + exponential current": ((bs.LIF(), bs.Exponential()), {}),
    "LIF + alpha current and a current": ((bs.LIF(), bs.Alpha()), {"current": True}),
    "LIF + conductances": ((bs.LIF(), bs.ExponentialConductance(tau=5.0), bs.ExponentialConductance(tau=10.0)), {}),
    "LIF + exponential current, one threshold a cell": ((bs.LIF(), bs.Exponential()), {"per_cell": {"v_th"}}),
    "gates": ((Bent(),), {}),
    "Hodgkin-Huxley, exponential Euler": ((Squid(),), {"current": True}),
    "Hodgkin-Huxley, Runge-Kutta": ((type("M", (Squid,), {"method": "rk4"})(),), {"current": True}),
    "noise": ((type("M", (Bent,), {"equations": "dv/dt = -v/tau + gain*sqrt(2/tau)*xi"})(),), {}),
    "functions that are chosen between": ((type("M", (Bent,), {
        "equations": "dv/dt = where(v > gain, exp(v/gain), tanh(u))*(-v if u > log(v/gain) else gain)/tau",
        "threshold": "v > gain and rand() < u", "reset": "v = -gain", "method": "euler"})(),), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_vectorise(name, tmp_path, monkeypatch):
    """The innermost loop works on vectors of doubles: without that all else about speed is idle."""
    # numba shows the code of what it compiles here and now only, not of what it finds in a cache
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)
    given, options = KERNELS[name]
    module = load_source(kernel_of(*given, **options).text + "# for the test that it vectorises\n")
    text = module.advance.inspect_llvm()
    assert " x double>" in text
    assert any(f"<{width} x double>" in text for width in (2, 4, 8))


# -- events, refractoriness ------------------------------------------------------------------------------------------------


class Clock(bs.Neuron):
    """v runs at 1 mV/ms: what happens when is known to the step."""

    equations = "dv/dt = speed"
    threshold = "v >= v_th"
    reset = "v = 0; count += 1"
    speed: float = bs.parameter(1.0, "mV/ms", "speed")
    v_th: float = bs.parameter(0.95, "mV", "threshold")
    v_half: float = bs.parameter(0.45, "mV", "half of it")
    v: float = bs.initial(0.0, "mV", "potential")
    u: float = bs.initial(0.0, "", "a counter")
    count: float = bs.initial(0.0, "", "spikes")


def clock(**texts):
    return type("Mine", (Clock,), texts)


def test_events_have_their_own_conditions_and_effects():
    model = clock(events={"half": ("v > v_half and v < v_half + dt*speed", "u += 1; v += 0"),
                          "spike": ("v >= v_th", "u += 100*count")})  # fmt: skip
    values, result = run(model(), 5.0)
    assert steps(result).tolist() == [10, 20, 30, 40, 50]
    # the effect of an event comes after the reset and sees what it left; conditions see what was before it
    assert values["u"][[4, 5, 9, 10, 15, 20, 50], 0].tolist() == [0.0, 1.0, 1.0, 101.0, 102.0, 302.0, 1505.0]
    assert values["count"][-1] == 5.0


def test_an_event_needs_no_spike_and_is_none():
    model = type("Mine", (bs.Neuron,), {
        "equations": "dv/dt = speed", "events": {"wrap": ("v > 10*speed*dt + speed*dt/2", "v = 0")},
        "speed": bs.parameter(1.0, "mV/ms", "speed"), "v": bs.initial(0.0, "mV", "potential")})  # fmt: skip
    values, result = run(model(), 3.0)
    assert values["v"][:, 0] == pytest.approx([k % 11 * 0.1 for k in range(31)], abs=1e-12)
    assert len(result.spikes["cells"]) == 0


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ({"e": "v > v_th"}, "must be a pair"), ({"e": ("v", "v = 0")}, "must be a comparison"),
        ({"e": ("v > v_th", "speed = 0")}, "'speed' is no variable"), ({"e": ("v > vth", "v = 0")}, "did you mean 'v_th'"),
        ({"e": ("v > v_th", "v == 0")}, "one '='"),
    ],
)  # fmt: skip
def test_events_that_are_none(events, message):
    with pytest.raises(ValueError, match=rf"Mine.events\['e'\]: .*{message}"):
        clock(events=events)


def test_class_attributes_of_a_wrong_kind():
    with pytest.raises(TypeError, match=r"Mine.events: must be a dict such as"):
        clock(events=("v > v_th", "v = 0"))
    with pytest.raises(TypeError, match=r"Mine.frozen: must be a tuple of variables, such as \('v',\)"):
        clock(frozen="v")
    for name, value in (("substep", 4), ("dimension", False), ("event", {})):
        with pytest.raises(TypeError, match=rf"Mine.{name}: no such attribute of a model; did you mean '{name}s'"):
            clock(**{name: value})


REFRACTORY = {
    "a parameter": ({"t_ref": bs.parameter(2.0, "ms", "x")}, 30),
    "an expression": ({"refractory": "4*tau/2", "tau": bs.parameter(1.0, "ms", "x")}, 30),
    "an expression of a variable": ({"refractory": "tau*count", "tau": bs.parameter(1.0, "ms", "x")}, (10, 30, 60, 100)),
    "with a random number": ({"refractory": "tau*(1 + floor(rand()))*2", "tau": bs.parameter(1.0, "ms", "x")}, 30),
    "none": ({}, 10),
    "negative by a variable": ({"refractory": "-tau*count", "tau": bs.parameter(1.0, "ms", "x")}, 10),
}  # fmt: skip


@pytest.mark.parametrize("name", REFRACTORY)
def test_refractory_times(name):
    texts, period = REFRACTORY[name]
    values, result = run(clock(**texts)(), 12.0)
    expected = np.arange(10, 121, period) if np.ndim(period) == 0 else period
    assert steps(result)[: len(expected)].tolist() == list(expected)[: len(steps(result))]
    if period == 30:
        assert np.all(values["v"][10:31, 0] == 0.0)


def test_a_condition_keeps_a_cell_refractory():
    """v comes down by itself: no reset, one spike for each time that v rises through the threshold."""
    model = type("Mine", (bs.Neuron,), {
        "equations": "dv/dt = (size*cos(2*pi*t/period))*2*pi/period", "threshold": "v > v_th", "refractory": "v > v_th",
        "size": bs.parameter(10.0, "mV", "x"), "period": bs.parameter(10.0, "ms", "x"), "v_th": bs.parameter(5.0, "mV", "x"),
        "v": bs.initial(0.0, "mV", "x"), "method": "rk4"})  # fmt: skip
    values, result = run(model(), 40.0)
    v = values["v"][:, 0]
    assert np.allclose(v, 10 * np.sin(2 * np.pi * np.arange(401) / 100), atol=1e-4)  # nothing is frozen
    rising = np.flatnonzero((v[1:] > 5.0) & (v[:-1] <= 5.0)) + 1
    assert steps(result).tolist() == rising.tolist()
    assert rising.size == 4
    without = type("Without", (model,), {"refractory": None})
    assert len(steps(run(without(), 40.0)[1])) > 50


def test_which_variables_are_frozen():
    texts = {"equations": "dv/dt = speed\ndu/dt = 1/one", "one": bs.parameter(1.0, "ms", "x"),
             "t_ref": bs.parameter(1.0, "ms", "x")}  # fmt: skip
    cases = {None: (False, True), ("v",): (False, True), ("u",): (True, False), ("u", "v"): (False, False), (): (True, True)}
    for frozen, moves in cases.items():
        values, result = run(clock(frozen=frozen, **texts)(), 2.0)
        assert steps(result)[0] == 10
        for name, moved in zip("vu", moves, strict=True):
            stretch = values[name][10:21, 0]
            assert (stretch[-1] - stretch[0] == pytest.approx(1.0)) if moved else np.all(stretch == stretch[0]), frozen


def test_refractory_times_of_each_cell():
    values, result = run(clock(refractory="t_wait*(1 + u)", t_wait=bs.parameter(1.0, "ms", "x"))(
        t_wait=np.array([0.5, 1.0, 2.0])), 9.0, n=3, initial={"u": np.array([0.0, 1.0, 2.0])})  # fmt: skip
    for cell, period in enumerate((15, 30, 70)):
        assert steps(result, cell).tolist() == list(range(10, 91, period))


def test_refractoriness_is_kept_in_a_state():
    """A run in pieces is the run in one, with a condition and with an expression."""
    for texts in ({"refractory": "v > v_half - 1*v_half", "reset": "v = v_th/2"},
                  {"refractory": "wait*count", "wait": bs.parameter(0.7, "ms", "x")}):  # fmt: skip
        cells = bs.Population(1, clock(**texts)(), name="cells")
        net = bs.Network(seed=1)
        net.add(cells)
        whole = bs.simulate(net, 6.0, seed=1).spikes["cells"].times
        first = bs.simulate(net, 1.5, seed=1)
        second = bs.simulate(net, 4.5, state=first.state)
        assert np.array_equal(np.concatenate([first.spikes["cells"].times, second.spikes["cells"].times]), whole)


# -- tables over time and the time itself ----------------------------------------------------------------------------------


class Reading(bs.Neuron):
    """v takes the value of the table at the start of the step; q adds it up."""

    equations = "dq/dt = table(t)/one"
    threshold = "v > never"
    reset = ""
    events = {"read": ("v < never", "v = table(t)")}
    one: float = bs.parameter(1.0, "ms", "x")
    never: float = bs.parameter(1e9, "mV", "x")
    table = bs.parameter(bs.TimedArray([0.0], dt=1.0), "mV", "values over time")
    q: float = bs.initial(0.0, "mV", "sum")
    v: float = bs.initial(0.0, "mV", "value")


@pytest.mark.parametrize("interval", [0.1, 0.3, 0.7, 1.0])
def test_a_table_is_read_at_the_start_of_each_step(interval):
    values = np.arange(1.0, 12.0)
    recorded, _ = run(Reading(table=bs.TimedArray(values, dt=interval)), 10.0)
    per = round(interval / 0.1)
    held = values[np.minimum(np.arange(100) // per, 10)]
    np.testing.assert_allclose(np.diff(recorded["q"][:, 0]), 0.1 * held, atol=1e-12)
    np.testing.assert_array_equal(recorded["v"][1:, 0], held)


def test_a_table_with_a_column_for_each_cell():
    table = np.random.default_rng(1).normal(size=(20, 5000))
    for threads in (1, 2):  # more than a block of cells, cut in two
        recorded, result = run(Reading(table=bs.TimedArray(table, dt=0.5)), 10.0, n=5000, threads=threads)
        np.testing.assert_array_equal(recorded["v"][1:], table[np.arange(100) // 5])
        again = bs.simulate(_network(Reading(table=bs.TimedArray(table, dt=0.5)), 5000), 4.0, state=None, seed=1)
        later = bs.simulate(_network(Reading(table=bs.TimedArray(table, dt=0.5)), 5000), 6.0, state=again.state)
        assert np.array_equal(later.state.variables["cells"]["q"], result.state.variables["cells"]["q"])


def _network(model, n):
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells"))
    return net


def test_tables_of_cells_and_of_a_synapse():
    """Two tables in one kernel, of different lengths; populations with different tables in one network."""

    class Modulated(bs.Synapse):
        equations = "dg/dt = -g/tau"
        arrival = "g = g + w"
        current = "gate(t)*g*(e_rev - v)"
        weight_unit = "nS"
        tau: float = bs.parameter(1e9, "ms", "decay time", above=0.0)
        e_rev: float = bs.parameter(10.0, "mV", "reversal potential")
        gate = bs.parameter(bs.TimedArray([0.0, 1.0, 0.0, 2.0], dt=1.0), "", "gate")

    class Cell(bs.Neuron):
        equations = "dv/dt = I_in(t)/c_m + I/c_m*scale(t)"
        method = "euler"
        c_m: float = bs.parameter(100.0, "pF", "capacitance")
        I_in = bs.parameter(bs.TimedArray([5.0, 7.0], dt=2.5), "pA", "current")
        scale = bs.parameter(bs.TimedArray(np.ones((1, 2)), dt=1.0), "", "scale")
        v: float = bs.initial(0.0, "mV", "potential")

    net = bs.Network(seed=1)
    source = bs.Population(1, bs.SpikeTrains([0.1], [0]), name="source")
    one = bs.Population(2, Cell(), name="one")
    other = bs.Population(2, Cell(I_in=3.0, scale=bs.TimedArray([[0.0, 1.0]], dt=1.0)), name="other")
    net.connect(source, one + other, bs.AllToAll(), weight=2.0, delay=0.1, synapse=Modulated())
    traces = [bs.Trace(p, "v") for p in (one, other)]
    result = bs.simulate(net, 5.0, dt=0.1, seed=1, threads=1, record=traces)
    assert result.stats["methods"] == {"one": "euler", "other": "euler"}
    g, gate = 2.0 * (np.arange(50) >= 2), np.array([0.0, 1.0, 0.0, 2.0, 2.0])[np.arange(50) // 10]
    for name, scale, current in (("one", (1.0, 1.0), np.where(np.arange(50) < 25, 5.0, 7.0)), ("other", (0.0, 1.0), 3.0)):
        for cell in range(2):
            v = [0.0]
            for k in range(50):
                into = np.broadcast_to(current, 50)[k] + scale[cell] * gate[k] * g[k] * (10.0 - v[-1])
                v.append(v[-1] + 0.1 * into / 100.0)
            np.testing.assert_allclose(result.traces[name, "v"].values[:, cell], v, rtol=1e-7)


def test_a_table_is_changed_in_a_run():
    net = _network(Reading(), 3)
    sim = bs.Simulation(net, seed=1)
    sim.run(1.0)
    sim.set("cells", table=bs.TimedArray([4.0], dt=1.0))
    sim.run(1.0)
    assert sim.state["cells"]["q"] == pytest.approx(4.0)
    with pytest.raises(ValueError, match="Reading.table: must stay a TimedArray with one column"):
        sim.set("cells", table=bs.TimedArray(np.zeros((2, 3)), dt=1.0))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: bs.TimedArray([], dt=1.0), ValueError, "TimedArray.values: must have the shape"),
        (lambda: bs.TimedArray(3.0, dt=1.0), ValueError, "TimedArray.values: must have the shape"),
        (lambda: bs.TimedArray(["a"], dt=1.0), TypeError, "TimedArray.values"),
        (lambda: bs.TimedArray([1.0, np.nan], dt=1.0), ValueError, "TimedArray.values: must be finite"),
        (lambda: bs.TimedArray([1.0], dt=0.0), ValueError, "TimedArray.dt: must be > 0 ms"),
        (lambda: Reading(table="x"), TypeError, "Reading.table: must be a TimedArray or a number in mV"),
        (lambda: Reading(table=np.ones(3)), TypeError, "Reading.table: must be a TimedArray or a number in mV"),
        (lambda: bs.LIF(v_th=bs.TimedArray([1.0], dt=1.0)), TypeError, "LIF.v_th: must be one number or one per cell"),
        (lambda: bs.Population(3, Reading(table=bs.TimedArray(np.ones((2, 4)), dt=1.0)), name="c"), ValueError,
         "Reading.table: 'c' has 3 cells, but the TimedArray has 4 columns"),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = table/one"}), ValueError,
         "'table' is a TimedArray; write table"),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = table(t, i)/one"}), ValueError,
         "write table\\(t\\), also where"),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = one(t)"}), ValueError, "unknown function 'one'"),
        (lambda: type("M", (Reading,), {"equations": "dq/dt = tabel(t)"}), ValueError, "did you mean 'table'"),
    ],
)  # fmt: skip
def test_tables_that_are_none(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_timed_arrays_are_values():
    one, same, other = (bs.TimedArray(v, dt=1.0) for v in ([1.0, 2.0], [1.0, 2.0], [1.0, 3.0]))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert Reading(table=one) == Reading(table=same) != Reading(table=other)
    assert repr(one) == "<TimedArray: 2 values every 1 ms>"
    with pytest.raises(AttributeError):
        one.dt = 2.0
    with pytest.raises(ValueError):
        one.values[0] = 3.0


# -- parts of dt -----------------------------------------------------------------------------------------------------------


def test_parts_of_a_step_are_smaller_steps():
    """Four parts of 0.4 ms are four steps of 0.1 ms, to the bit, where no spike falls."""
    for method in ("euler", "rk4", "exponential_euler", "heun"):
        fine, _ = run(type("M", (Squid,), {"method": method})(), 4.0, 0.1, current=2.0)
        parts, _ = run(type("M", (Squid,), {"method": method, "substeps": 4})(), 4.0, 0.4, current=2.0)
        for name, values in parts.items():
            np.testing.assert_allclose(values, fine[name][::4], rtol=1e-12)


def test_the_time_in_a_threshold_is_that_of_the_end_of_the_step():
    for substeps in (1, 4):
        _, result = run(clock(threshold="t > t_0 and t < t_0 + 2*dt", refractory="2*dt", substeps=substeps, reset="",
                              t_0=bs.parameter(2.95, "ms", "x"))(), 5.0)  # fmt: skip
        assert steps(result)[0] == 30
        assert len(steps(result)) == 1


def test_the_time_and_tables_go_on_within_a_step():
    texts = {"equations": "dq/dt = table(t)/one + 2*t/one**2*q_1\ndv/dt = 0", "events": {}, "substeps": 5, "method": "euler",
             "q_1": bs.parameter(1.0, "mV", "x")}  # fmt: skip
    table = bs.TimedArray(np.arange(50.0), dt=0.1)
    parts, _ = run(type("M", (Reading,), texts)(table=table), 4.0, 0.5)
    fine, _ = run(type("M", (Reading,), texts | {"substeps": 1})(table=table), 4.0, 0.1)
    np.testing.assert_allclose(parts["q"], fine["q"][::5], rtol=1e-12)


def test_a_spike_within_a_step_resets_there_and_has_the_time_of_its_end():
    """v crosses 0.95 mV at 0.2 of a step of 0.5 ms; from there it stands still for the rest of it and for t_ref."""
    texts = {"t_ref": bs.parameter(1.0, "ms", "x"), "substeps": 5}
    values, result = run(clock(**texts)(v_th=0.55), 5.0, 0.5)
    assert steps(result).tolist() == [2, 6, 10]
    assert values["v"][:7, 0] == pytest.approx([0.0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0])
    values, result = run(clock(substeps=5)(v_th=0.55), 5.0, 0.5)
    assert values["v"][:5, 0] == pytest.approx([0.0, 0.5, 0.4, 0.3, 0.2])
    # more than one spike in a step is one that is sent
    values, result = run(clock(substeps=5)(v_th=0.15), 5.0, 0.5)
    assert steps(result).tolist() == list(range(1, 11))
    assert values["count"][-1] == 25


def test_noise_in_parts_of_a_step_is_new_in_each():
    class Walk(bs.Neuron):
        equations = "dx/dt = sigma*xi"
        substeps = 4
        method = "euler_maruyama"
        sigma: float = bs.parameter(1.0, "mV/sqrt(ms)", "size")
        x: float = bs.initial(0.0, "mV", "walk")

    values, _ = run(Walk(), 1.0, 1.0, n=20_000)
    assert values["x"][-1].var() == pytest.approx(1.0, rel=0.04)
    one, two = (run(Walk(), 3.0, 0.5, n=99, threads=threads)[0]["x"] for threads in (1, 2))
    assert one.tobytes() == two.tobytes()


SINGLE = {
    "a table, one column": lambda: Reading(table=bs.TimedArray(np.sin(np.arange(300.0)), dt=0.3)),
    "a table, a column for each": lambda: Reading(table=bs.TimedArray(np.sin(np.arange(300.0)).reshape(100, 3), dt=0.1)),
    "noise": lambda: Process(), "parts": lambda: type("M", (Squid,), {"method": "rk4", "substeps": 2})(),
    "noise in parts": lambda: type("M", (Process,), {"method": "euler_maruyama", "substeps": 3})(),
    "the time": lambda: Driven(), "waiting": lambda: clock(refractory="t_0*count", t_0=bs.parameter(1.0, "ms", "x"))(),
}  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision_follows(name):
    """The same numbers to about six digits: nothing of the loop is lost where it works on float32."""
    found = []
    for precision in ("single", "double"):
        cells = bs.Population(3, SINGLE[name](), name="cells")
        net = bs.Network(seed=1)
        net.add(cells)
        result = bs.simulate(net, 10.0, seed=1, threads=1, precision=precision)
        found.append((result.state.variables["cells"], result.spikes["cells"]))
    (single, spikes), (double, others) = found
    for variable, values in double.items():
        np.testing.assert_allclose(single[variable], values, rtol=1e-4, atol=1e-4)
    assert spikes == others


@pytest.mark.parametrize("substeps", [0, 2.5, "2"])
def test_substeps_that_are_none(substeps):
    with pytest.raises((ValueError, TypeError), match="Mine.substeps: must be"):
        clock(substeps=substeps)


# -- initial values --------------------------------------------------------------------------------------------------------


def test_initial_values_may_lean_on_variables_and_lines():
    class Resting(bs.Neuron):
        equations = """
            dv/dt = (v_rest - v)/tau
            dm/dt = (m_inf - m)/tau
            m_inf = sigmoid((v - v_rest)/slope)
        """
        tau: float = bs.parameter(10.0, "ms", "time constant")
        slope: float = bs.parameter(5.0, "mV", "slope")
        v_rest: float = bs.parameter(-60.0, "mV", "rest")
        v: float = bs.initial("v_rest + slope", "mV", "potential")
        m: float = bs.initial("m_inf", "", "gate")

    values, _ = run(Resting(slope=np.array([1.0, 5.0])), 1.0, n=2, initial={"v": bs.Uniform(-60.0, -50.0)})
    start = values["v"][0]
    np.testing.assert_allclose(values["m"][0], 1 / (1 + np.exp(-(start + 60.0) / [1.0, 5.0])), rtol=1e-14)
    assert run(Resting(), 1.0)[0]["m"][0, 0] == pytest.approx(1 / (1 + np.exp(-1.0)), rel=1e-14)
    with pytest.raises(ValueError, match=r"Mine.v: the initial value of 'v' needs 'm', which is declared later"):
        type("Mine", (Resting,), {"v": bs.initial("m_inf*slope", "mV", "x"), "equations":
                                  "dv/dt = 0\ndm/dt = 0\nm_inf = m"})  # fmt: skip


def test_cells_with_parameters_of_their_own_are_cells_by_themselves():
    """Every parameter of a conductance-based cell drawn for each cell, under three methods."""
    rng = np.random.default_rng(1)
    drawn = {"g_na": rng.uniform(100, 140, 3), "g_k": rng.uniform(30, 40, 3), "g_l": rng.uniform(0.2, 0.4, 3),
             "c_m": rng.uniform(0.8, 1.2, 3)}  # fmt: skip
    for method in ("exponential_euler", "rk4", "euler"):
        kind = type("M", (Squid,), {"method": method})
        together, _ = run(kind(**drawn), 10.0, 0.02, n=3, current=8.0)
        for cell in range(3):
            alone, _ = run(kind(**{k: v[cell] for k, v in drawn.items()}), 10.0, 0.02, current=8.0)
            for name, values in alone.items():
                np.testing.assert_allclose(together[name][:, cell], values[:, 0], rtol=1e-9)


def test_an_error_shows_the_place_in_the_line_as_it_was_typed():
    with pytest.raises(ValueError) as caught:
        clock(equations="dv/dt = speed*(v + v_t)/v_th  # rises")
    assert str(caught.value) == textwrap.dedent("""\
        Mine.equations: unknown name 'v_t'; did you mean 'v_th'?
            dv/dt = speed*(v + v_t)/v_th
                               ^""")
    with pytest.raises(ValueError, match=r"Mine.V: has an equation but no initial value; did you mean 'v'\?"):
        clock(equations="dV/dt = speed")
    for text in ("dv/dt = I_x\nI_x = I_y\nI_y = I_x", "dv/dt = speed\nspeed = 3", "v = 3", "t = 3", "xi = 3"):
        with pytest.raises(ValueError, match="Mine.equations: "):
            clock(equations=text)
    assert ast.unparse(lang.parse_expression("a if b > c else d", "here")) == "a if b > c else d"
