"""The text of kernels, and what the loop does besides the method: parts of dt, single precision, values of each cell."""

import ast
import textwrap

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.groups import form_groups
from brainsim.engine.operators.cell_kernels import CellKernels
from brainsim.equations.codegen import write_kernel
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.steps.methods import METHODS
from brainsim.equations.system import compose
from brainsim.jit.decorators import load_source
from tests.helpers.equations.own_models import Bent, Driven, Process, Reading, Squid, clock
from tests.helpers.equations.single_cells import run, steps

# -- from classes to systems -----------------------------------------------------------------------------------------------


def composed(model, *synapses, current=False):
    receptors = [s.receptor_equations for s in synapses]
    return compose(model.cell_equations, receptors, external_current=current, label="cells")


def test_names_of_receptors_do_not_clash():
    system = composed(bs.LIF(), bs.Alpha(), bs.Alpha(tau=1.0), bs.ExponentialConductance(), current=True)
    assert system.variables == ("v", "r0_i", "r0_h", "r1_i", "r1_h", "r2_g")
    used = set().union(*(lang.names_in(tree) for tree in system.derivatives.values()))
    assert {"r0_tau", "r1_tau", "r2_tau", "r2_e_rev", "I_ext"} <= used
    assert "tau" not in used
    assert "I" not in used
    assert lang.names_in(system.derivatives["r1_i"]) == {"r1_i", "r1_h", "r1_tau"}
    assert system.arrivals == ((("r0_h", algebra.ONE),), (("r1_h", algebra.ONE),), (("r2_g", algebra.ONE),))
    # a second composition of the same classes starts from the same trees
    assert ast.unparse(composed(bs.LIF(), bs.Alpha()).derivatives["v"]) == "(v_rest - v) / tau_m + r0_i / c_m"


def test_a_current_that_is_not_there_leaves_no_trace():
    assert ast.unparse(composed(bs.LIF()).derivatives["v"]) == "(v_rest - v) / tau_m"


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


def test_a_refractory_time_of_each_cell_is_not_read_in_the_loop_over_cells():
    shared, own = (kernel_of(bs.LIF(), bs.Delta(), per_cell=names) for names in ((), {"t_ref", "refractory_steps"}))
    assert own.arrays == ("refractory_steps",)
    assert own.text != shared.text
    assert [kernel.text.partition("def advance")[0] for kernel in (own, shared)].count(
        own.text.partition("def advance")[0]
    ) == 2


def test_only_parameters_in_the_equations_give_each_cell_factors_of_its_own():
    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.LIF(t_ref=np.array([0.0, 1.0, 2.0]), v_th=np.linspace(-50.0, -48.0, 3)), name="cells"))
    assert form_groups(net, 0.1, np.float64)[0].kernel.arrays == ("v_th", "refractory_steps")  # in the order of their use


KERNELS = {
    "LIF + exponential current": ((bs.LIF(), bs.Exponential()), {}),
    "LIF + alpha current and a current": ((bs.LIF(), bs.Alpha()), {"current": True}),
    "LIF + conductances": ((bs.LIF(), bs.ExponentialConductance(tau=5.0), bs.ExponentialConductance(tau=10.0)), {}),
    "LIF + exponential current, one threshold a cell": ((bs.LIF(), bs.Exponential()), {"per_cell": {"v_th"}}),
    "gates": ((Bent(),), {}),
    "Hodgkin-Huxley, exponential Euler": ((Squid(),), {"current": True}),
    "Hodgkin-Huxley, Runge-Kutta": ((type("M", (Squid,), {"method": "rk4"})(),), {"current": True}),
    "noise": ((type("M", (Bent,), {"equations": "dv/dt = -v/tau + gain*sqrt(2/tau)*xi"})(),), {}),
    "functions that are chosen between": (
        (
            type(
                "M",
                (Bent,),
                {
                    "equations": "dv/dt = where(v > gain, exp(v/gain), tanh(u))*(-v if u > log(v/gain) else gain)/tau",
                    "threshold": "v > gain and rand() < u",
                    "reset": "v = -gain",
                    "method": "euler",
                },
            )(),
        ),
        {},
    ),
}


@pytest.fixture(scope="module")
def records():
    """Return the types of the records that a kernel is called with."""
    net = bs.Network(seed=1)
    net.add(bs.Population(1, bs.LIF(), name="cells"))
    partition = bs.Simulation(net, seed=1, threads=1)._run.partitions[0]
    ((*_, context),) = partition.operator(CellKernels).calls()
    return context.kind, partition.progress.kind


@pytest.mark.thorough_but("LIF + conductances")
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_vectorise(name, records):
    """The innermost loop works on vectors of doubles: without that all else about speed is idle."""
    given, options = KERNELS[name]
    module = load_source(kernel_of(*given, **options).text + "# for the test that it vectorises\n")
    text = module.advance.inspect_llvm(*records)
    assert " x double>" in text
    assert any(f"<{width} x double>" in text for width in (2, 4, 8))


# -- parts of dt -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.thorough
def test_parts_of_a_step_are_smaller_steps():
    """Four parts of 0.4 ms are four steps of 0.1 ms, to the bit, if there is no spike."""
    for method in ("euler", "rk4", "exponential_euler", "heun"):
        fine, _ = run(type("M", (Squid,), {"method": method})(), 4.0, 0.1, current=2.0)
        parts, _ = run(type("M", (Squid,), {"method": method, "substeps": 4})(), 4.0, 0.4, current=2.0)
        for name, values in parts.items():
            np.testing.assert_allclose(values, fine[name][::4], rtol=1e-12)


@pytest.mark.thorough
def test_the_time_in_a_threshold_is_that_of_the_end_of_the_step():
    for substeps in (1, 4):
        _, result = run(
            clock(
                threshold="t > t_0 and t < t_0 + 2*dt",
                refractory="2*dt",
                substeps=substeps,
                reset="",
                t_0=bs.parameter(2.95, "ms", "x"),
            )(),
            5.0,
        )
        assert steps(result)[0] == 30
        assert len(steps(result)) == 1


@pytest.mark.thorough
def test_the_time_and_tables_go_on_within_a_step():
    texts = {
        "equations": "dq/dt = table(t)/one + 2*t/one**2*q_1\ndv/dt = 0",
        "events": {},
        "substeps": 5,
        "method": "euler",
        "q_1": bs.parameter(1.0, "mV", "x"),
    }
    table = bs.TimedArray(np.arange(50.0), dt=0.1)
    parts, _ = run(type("M", (Reading,), texts)(table=table), 4.0, 0.5)
    fine, _ = run(type("M", (Reading,), texts | {"substeps": 1})(table=table), 4.0, 0.1)
    np.testing.assert_allclose(parts["q"], fine["q"][::5], rtol=1e-12)


def test_a_spike_within_a_step_resets_there_and_has_the_time_of_its_end():
    """v crosses 0.95 mV at 0.2 of a step of 0.5 ms; from there it is clamped for the rest of it and for t_ref."""
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


@pytest.mark.thorough
@pytest.mark.usefixtures("more_partitions")
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
    "noise": lambda: Process(),
    "parts": lambda: type("M", (Squid,), {"method": "rk4", "substeps": 2})(),
    "noise in parts": lambda: type("M", (Process,), {"method": "euler_maruyama", "substeps": 3})(),
    "the time": lambda: Driven(),
    "waiting": lambda: clock(refractory="t_0*count", t_0=bs.parameter(1.0, "ms", "x"))(),
}


@pytest.mark.slow
@pytest.mark.thorough_but("[waiting]")
@pytest.mark.parametrize("name", SINGLE)
def test_single_precision_follows(name):
    """The same numbers to about six digits: nothing of the loop is lost in float32."""
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
def test_invalid_substeps(substeps):
    with pytest.raises((ValueError, TypeError), match="Mine.substeps: must be"):
        clock(substeps=substeps)


# -- initial values --------------------------------------------------------------------------------------------------------


STILL = {"equations": "dv/dt = 0*slope/tau\ndm/dt = 0/tau\nm_inf = m"}


def test_initial_values_may_depend_on_variables_and_lines():
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
    # in any order, and of the time step, which is that of a part
    later = {"v": bs.initial("2*m*slope", "mV", "x"), "m": bs.initial("dt/tau", "", "x"), "substeps": 2}
    assert run(type("Mine", (Resting,), later)(), 1.0)[0]["v"][0, 0] == pytest.approx(2 * 0.05 / 10.0 * 5.0, rel=1e-14)
    with pytest.raises(ValueError, match=r"Mine: 'v', 'm' need each other; initial values must not depend on themselves"):
        type("Mine", (Resting,), {"v": bs.initial("m_inf*slope", "mV", "x"), "m": bs.initial("v/slope", "", "x")} | STILL)


@pytest.mark.slow
@pytest.mark.thorough
def test_cells_with_parameters_of_their_own_are_cells_by_themselves():
    """Every parameter of a conductance-based cell sampled for each cell, under three methods."""
    rng = np.random.default_rng(1)
    drawn = {
        "g_na": rng.uniform(100, 140, 3),
        "g_k": rng.uniform(30, 40, 3),
        "g_l": rng.uniform(0.2, 0.4, 3),
        "c_m": rng.uniform(0.8, 1.2, 3),
    }
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


def test_other_constants_and_another_class_are_the_same_kernel():
    """A kernel is compiled once for a structure: numbers, the class and what it means are not part of it."""
    text = """
        dv/dt = (e_l - v)/tau + I/c : mV  # membrane potential
        e_l = -65 mV
        tau = 20 ms, > 0
        c = 200 pF, > 0
        threshold: v > e_l + 15*mv
        reset: v = e_l
        mv = 1 mV
    """
    other = text.replace("20 ms, > 0", "7 ms, > 1  # another").replace("-65", "-80").replace("potential", "voltage")
    first, second = bs.Neuron.of(text, name="First"), bs.Neuron.of(other, name="Second")
    texts = set()
    for model in (first(), first(tau=3.0), second()):
        net = bs.Network(seed=1)
        net.stimulate(bs.Population(3, model, name="cells"), bs.CurrentInput(300.0))
        texts |= {group.kernel.text for group in bs.Simulation(net, progress=False)._layout.groups}
    assert len(texts) == 1
