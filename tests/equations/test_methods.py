"""Methods: each converges at the order it states, against scipy at 1e-12; what it cannot integrate it says."""

import ast

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import brainsim as bs
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.steps.linear import covariance, one_step
from brainsim.equations.steps.methods import METHODS
from brainsim.equations.system import compose
from tests.helpers.equations.own_models import Bent, Driven, Quadratic
from tests.helpers.equations.single_cells import run, step_of

DTS = np.array([0.2, 0.1, 0.05, 0.025])
OPTIONS = {"rtol": 1e-12, "atol": 1e-12, "method": "DOP853"}


def slope_of(errors):
    return np.polyfit(np.log(DTS), np.log(errors), 1)[0]


def solved(derivative, start, duration):
    return solve_ivp(derivative, (0, duration), start, **OPTIONS).y[:, -1]


SYSTEMS = {
    "bent": (Bent, lambda t, y: [(-y[0] + 10 * y[1]) / 5, (1 / (1 + np.exp(-y[0] / 5)) - y[1]) / 10], [3.0, 0.0]),
    "driven": (Driven, lambda t, y: [(10 * np.sin(2 * np.pi * t / 7) - y[0]) / 5], [1.0]),
}
CASES = [(method, "driven") for method in ("euler", "heun", "rk4", "exponential_euler", "exponential_strang")]
CASES += [("euler_maruyama", "bent"), ("milstein", "bent")]


@pytest.mark.thorough_but("[rk4")
@pytest.mark.parametrize(("method", "name"), CASES)
def test_order(method, name):
    """The error falls with dt to the power that the step states."""
    kind, derivative, start = SYSTEMS[name]
    model = type(kind.__name__, (kind,), {"method": method})()
    duration = 10.0
    expected = solved(derivative, start, duration)
    errors = []
    for dt in DTS / (1 if method == "rk4" else 4):
        values, result = run(model, duration, dt)
        errors.append(max(abs(v[-1, 0] - e) for v, e in zip(values.values(), expected, strict=True)))
    assert result.stats["methods"]["cells"] == method
    order = step_of(model).order
    assert np.log2(errors[-2] / errors[-1]) == pytest.approx(order, abs=0.12), errors


def test_stated_orders():
    orders = {name: step_of(type("M", (Bent,), {"method": name})()).order for name in METHODS if name != "exact"}
    assert orders == {
        "auto": 1,
        "accurate": 4,
        "exponential_euler": 1,
        "exponential_strang": 2,
        "euler": 1,
        "heun": 2,
        "rk4": 4,
        "euler_maruyama": 1,
        "milstein": 1,
    }
    assert step_of(bs.LIF()).order == 0
    assert step_of(bs.LIF(), bs.ExponentialConductance()).order == 2
    assert step_of(type("M", (Driven,), {"method": "exponential_euler"})()).order == 2


@pytest.mark.parametrize(
    ("base", "changes", "method"),
    [
        (bs.LIF, {}, "exact"),
        (Bent, {}, "rk4"),
        (bs.HodgkinHuxley, {}, "exponential_strang"),
        (Bent, {"equations": "dv/dt = -v**3/tau\ndu/dt = u*v*(1 - u)/tau"}, "rk4"),
    ],
)
def test_accurate_chooses_by_how_many_equations_are_not_linear(base, changes, method):
    assert step_of(type("M", (base,), {"method": "accurate", "dimensions": False} | changes)()).method == method


def test_exact_is_the_exponential_of_the_matrix():
    model = bs.LIF(v_th=1e6, tau_m=12.0, c_m=150.0)
    values, result = run(model, 30.0, 0.1, initial={"v": -60.0}, events=(bs.Alpha(tau=3.0), 200.0, 1.0), current=50.0)
    assert result.stats["methods"]["cells"] == "exact"
    tau, t_m, c_m = 3.0, 12.0, 150.0
    matrix = np.array(
        [[-1 / t_m, 1 / c_m, 0, (-65.0 / t_m + 50.0 / c_m)], [0, -1 / tau, np.e / tau, 0], [0, 0, -1 / tau, 0], [0, 0, 0, 0]]
    )
    y = np.array([-60.0, 0.0, 0.0, 1.0])
    expected = [y[0]]
    for step in range(1, 301):
        y = expm(matrix * 0.1) @ y
        y[2] += 200.0 * (step == 10)
        expected.append(y[0])
    np.testing.assert_allclose(values["v"][:, 0], expected, rtol=0, atol=1e-10)


def exponential_in_long_double(matrix):
    """Return the exponential by the series of a matrix halved to a norm below 1/64, and doubling; 20 digits on x86."""
    halvings = max(0, int(np.ceil(np.log2(np.abs(matrix).sum(axis=1).max())))) + 6
    part = matrix.astype(np.longdouble) / np.longdouble(2) ** halvings
    result = np.zeros_like(part)
    for k in range(25, 0, -1):
        result = (part + part @ result) / k
    for _ in range(halvings):
        result = 2 * result + result @ result
    return result + np.eye(len(matrix))


def matrices(kind):
    """Return 200 matrices of one kind, with the entries of small cells or harder ones."""
    rng = np.random.default_rng(1)
    rates = 10.0 ** rng.uniform(-3, 2, 200)
    return {
        "ordinary": lambda: rng.normal(size=(200, 4, 4)),
        "tiny": lambda: 1e-9 * rng.normal(size=(200, 4, 4)),
        "large": lambda: 8.0 * rng.normal(size=(200, 5, 5)),
        "zero": lambda: np.zeros((200, 3, 3)),
        "one of many": lambda: np.where(np.arange(200)[:, None, None] == 7, -3.0, np.zeros((200, 2, 2))),
        "stiff": lambda: np.array(
            [np.triu(rng.normal(size=(5, 5)), 1) - np.diag(10.0 ** rng.uniform(-4, 5, 5)) for _ in range(200)]
        ),
        "defective": lambda: rates[:, None, None] * (np.eye(4, k=1) - np.eye(4)),
        "nearly defective, driven": lambda: np.array([[[-a, 1e6, 3.0], [0, -a * (1 + 1e-7), 0], [0, 0, 0]] for a in rates]),
    }[kind]()


@pytest.mark.thorough_only("[ordinary]", "[tiny]", "[large]")
@pytest.mark.parametrize(
    "kind", ["ordinary", "tiny", "large", "zero", "one of many", "stiff", "defective", "nearly defective, driven"]
)
def test_exponentials_of_many_matrices(kind):
    """Right to the last digits, and those of a matrix have the same bits alone and among others."""
    given = matrices(kind)
    got = one_step(10.0 * given, 0.1)
    size = np.maximum(1.0, np.abs(got).max(axis=(1, 2), keepdims=True))
    # scipy's loses digits where entries differ much in size: 1e-9 of the last kind
    assert (np.abs(got - expm(given)) < 1e-8 * size).all()
    if np.finfo(np.longdouble).nmant > 52:
        true = np.array([exponential_in_long_double(matrix) if matrix.any() else np.eye(len(matrix)) for matrix in given])
        assert (np.abs(got - true) < (1e-12 if kind == "nearly defective, driven" else 2e-14) * size).all()
    for k in range(0, 200, 7):
        assert np.array_equal(one_step(10.0 * given[k], 0.1), got[k])


def test_what_hardly_decays_keeps_its_digits():
    """1 - exp(-dt/tau) to 12 digits of itself, for time constants up to 1e4 steps."""
    rates = np.geomspace(1e-4, 1e-1, 50)
    decay = one_step(-rates[:, None, None], 1.0)[:, 0, 0]
    np.testing.assert_allclose(1.0 - decay, -np.expm1(-rates), rtol=0, atol=1.2e-16)


def test_the_covariance_of_a_cell_does_not_depend_on_the_others():
    rng = np.random.default_rng(2)
    slopes = np.array([-np.eye(2) * rate + np.eye(2, k=1) for rate in (0.01, 1.0, 50.0, 1000.0)])
    gains = rng.normal(size=(4, 2, 2))
    together = covariance(slopes, gains, 0.1)
    for k in range(4):
        assert np.array_equal(together[k], covariance(slopes[k], gains[k], 0.1))


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt = -v/tau/k", r"cells: '-1.0 / tau / k' in dv/dt is -inf with k = 0, tau = 2; is there a division by 0"),
        ("rate = k/(k - k)\ndv/dt = -v/tau*rate", "in dv/dt is nan with k = 0"),
        ("dv/dt = -v/tau*log(k - 1)", "in dv/dt is nan with k = 0"),
        ("dv/dt = -v/tau + v_top/k*xi/sqrt(tau)", "in dv/dt is inf with k = 0"),
    ],
)
def test_a_division_by_a_parameter_that_is_0_is_named(equations, message):
    kind = variant(equations=equations, k=bs.parameter(0.0, "", "x"))
    for model in (kind, type(kind)(k=[0.0, 0.0])):
        with pytest.raises(ValueError, match=message):
            run(model, 1.0, 0.1, n=2)


def conductance_reference(model, synapse, weight, v0):
    """Return v at t = 20 ms: from rest until the event arrives at 1 ms, then with the conductance."""

    def slope(t, y):
        v, g = y
        return [(model.v_rest - v) / model.tau_m + g * (synapse.e_rev - v) / model.c_m, -g / synapse.tau]

    first = solve_ivp(slope, (0, 1), [v0, 0.0], **OPTIONS).y[:, -1]
    return solve_ivp(slope, (1, 20), [first[0], first[1] + weight], **OPTIONS).y[0, -1]


def test_exponential_euler_is_second_order_for_conductances():
    model, synapse = bs.LIF(v_th=1e6), bs.ExponentialConductance(tau=5.0, e_rev=0.0)
    expected = conductance_reference(model, synapse, 30.0, -70.0)
    results = [run(model, 20.0, dt, initial={"v": -70.0}, events=(synapse, 30.0, 1.0)) for dt in DTS]
    assert results[0][1].stats["methods"]["cells"] == "exponential_euler"
    errors = [abs(values["v"][-1, 0] - expected) for values, _ in results]
    assert errors[1] < 1e-3
    assert slope_of(errors) == pytest.approx(step_of(model, synapse).order, abs=0.1)


class Blocked(bs.LIF):
    """With an NMDA receptor, whose current is not linear in v."""

    method = "exponential_strang"


@pytest.mark.thorough
def test_strang_is_second_order_for_conductances_and_terms_that_are_not_linear():
    """Exponential Euler is of first order in the current of an NMDA receptor."""
    synapse, weight, start = bs.NMDA(), 20.0, -70.0
    model = Blocked(v_th=1e6)
    peak = weight * np.exp(np.log(50.0) / (1 - 1 / 50.0))  # h jumps by the weight, scaled so that g peaks at it

    def slope(t, y):
        v, g, h = y
        current = -g * v / (1 + np.exp(-0.062 * v) / 3.57)
        return [(-65.0 - v) / 20.0 + current / 200.0, (peak / weight * h - g) / 100.0, -h / 2.0]

    first = solve_ivp(slope, (0, 1), [start, 0.0, 0.0], **OPTIONS).y[:, -1]
    expected = solve_ivp(slope, (1, 20), [first[0], first[1], weight], **OPTIONS).y[0, -1]
    errors = {}
    for kind in (Blocked, bs.LIF):
        model = type("Mine", (kind,), {"method": "exponential_euler" if kind is bs.LIF else kind.method})(v_th=1e6)
        results = [run(model, 20.0, dt, initial={"v": start}, events=(synapse, weight, 1.0)) for dt in DTS]
        errors[kind] = [abs(values["v"][-1, 0] - expected) for values, _ in results]
    assert slope_of(errors[Blocked]) == pytest.approx(2.0, abs=0.15)
    assert slope_of(errors[bs.LIF]) == pytest.approx(1.0, abs=0.15)
    assert step_of(Blocked(), synapse).order == 2


def test_strang_computes_the_rates_of_gates_once():
    """v by half a step, all gates, v by the other half: six exponentials of rates and five of moves."""
    step = step_of(type("S", (bs.TraubMiles,), {"method": "exponential_strang"})(), current=True)
    lines = "".join(ast.unparse(line.value) for line in step.lines)
    assert sum(lines.count(name) for name in ("exprel_inverse(", "exp(", "sigmoid(")) == 6
    assert lines.count("relaxation(") == 5


def test_strang_rejects_noise_by_name():
    kind = type(
        "N",
        (Bent,),
        {
            "equations": Bent.equations.replace("gain*u)/tau", "gain*u)/tau + s*xi"),
            "s": bs.parameter(1.0, "mV/sqrt(ms)", "size"),
            "method": "exponential_strang",
        },
    )
    with pytest.raises(EquationError, match=r"'exponential_strang' cannot integrate noise, but dv/dt has some; write"):
        step_of(kind())


class Adapting(bs.Neuron):
    """Linear, with a second variable that depends on the clamped one."""

    equations = """
        dv/dt = -v/tau - w_a/c_m + I/c_m
        dw_a/dt = (a*v - w_a)/tau_w
    """
    threshold = "v >= v_th"
    reset = "v = v_reset; w_a += b"
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    tau_w: float = bs.parameter(30.0, "ms", "time constant of adaptation", above=0.0)
    a: float = bs.parameter(20.0, "nS", "adaptation below threshold")
    b: float = bs.parameter(5.0, "pA", "jump of adaptation")
    c_m: float = bs.parameter(200.0, "pF", "capacitance")
    v_th: float = bs.parameter(10.0, "mV", "threshold")
    v_reset: float = bs.parameter(-4.0, "mV", "reset")
    t_ref: float = bs.parameter(5.0, "ms", "refractory time")
    v: float = bs.initial(10.5, "mV", "potential")
    w_a: float = bs.initial(40.0, "pA", "adaptation")


@pytest.mark.thorough_but("[rk4]")
@pytest.mark.parametrize("method", ["exact", "heun", "rk4"])
def test_what_depends_on_a_clamped_variable_sees_it_clamped(method):
    """v = -4 mV for 5 ms after the spike at 0.1 ms: w_a relaxes to a*v at its own time constant, to rounding if exact."""
    values, result = run(type("M", (Adapting,), {"method": method})(), 5.1, 0.1)
    v, w = values["v"][:, 0], values["w_a"][:, 0]
    assert result.spikes["cells"].times.tolist() == [0.1]
    assert np.all(v[1:] == -4.0)
    expected = -80.0 + (w[1] + 80.0) * np.exp(-0.1 * np.arange(51) / 30.0)
    tolerance = {"exact": 1e-12, "heun": 1e-4, "rk4": 1e-10}[method]
    np.testing.assert_allclose(w[1:], expected, rtol=0, atol=tolerance)


class Gated(Bent):
    """The same, by the method that suits it."""


NOISY = {"equations": "dv/dt = (v_top - v)/tau + sigma*xi", "sigma": bs.parameter(1.0, "mV/sqrt(ms)", "size")}
ROUGH = {"equations": "dv/dt = (v_top - v*v/v_top)/tau + sigma*xi", "sigma": bs.parameter(1.0, "mV/sqrt(ms)", "size")}
SCALED = {"equations": "dv/dt = (v_top - v)/tau + sigma*v*xi", "sigma": bs.parameter(1.0, "1/sqrt(ms)", "size")}
SHARED = {
    "equations": "dv/dt = -v/tau + u*s*xi_a\ndu/dt = -u/tau + v*s*xi_a",
    "s": bs.parameter(1.0, "1/sqrt(ms)", "size"),
    "u": bs.initial(1.0, "mV", "another"),
}


def variant(**texts):
    return type("Mine", (Quadratic,), texts)()


@pytest.mark.thorough_but("model0", "model4")
@pytest.mark.parametrize(
    ("model", "synapse", "method"),
    [
        (bs.LIF(), None, "exact"),
        (bs.LIF(), bs.Exponential(), "exact"),
        (bs.LIF(), bs.Delta(), "exact"),
        (bs.LIF(), bs.ExponentialConductance(), "exponential_euler"),
        (bs.LIF(), bs.AlphaConductance(), "exponential_euler"),
        (Gated(), None, "exponential_euler"),
        (Quadratic(), None, "euler"),
        (variant(**NOISY), None, "exact"),
        (variant(**ROUGH), None, "euler_maruyama"),
        (variant(**SCALED), None, "milstein"),
        (variant(**SHARED), None, "euler_maruyama"),
    ],
)
def test_auto_takes_the_first_that_can(model, synapse, method):
    _, result = run(model, 1.0, 0.1, events=synapse and (synapse, 1.0, 0.9))
    assert result.stats["methods"]["cells"] == method


@pytest.mark.parametrize(
    ("method", "texts", "message"),
    [
        ("exact", {}, r"'exact' needs .* linear .*\n    dv/dt = \(v_top - v \* v / v_top\) / tau"),
        ("exponential_euler", {}, r"'exponential_euler' needs .* linear .*\n    dv/dt = "),
        (
            "euler",
            NOISY,
            "'euler' cannot integrate noise, but dv/dt has some; write method = 'euler_maruyama'\n    dv/dt = .*xi",
        ),
        ("rk4", NOISY, "'rk4' cannot integrate noise, but dv/dt has some; write method = 'heun'"),
        ("exact", SCALED, "'exact' needs .*write method = 'milstein'"),
        ("exponential_euler", SCALED, "needs noise that does not depend on variables; write method = 'milstein'"),
        ("milstein", SHARED, "needs a separate noise in each equation.*; write method = 'euler_maruyama'"),
    ],
)
def test_a_method_that_cannot_says_so(method, texts, message):
    with pytest.raises(EquationError, match=f"cells: method {message}" if message[0] == "'" else message):
        run(variant(method=method, **texts), 1.0, 0.1)


def test_a_line_that_depends_on_the_current_is_evaluated_once():
    """I in two places becomes a line of its own; lines that never change are numbers."""
    kind = type(
        "Mine",
        (Quadratic,),
        {
            "equations": "dv/dt = I/c_m - v*v/tau2 + I_k/c_m\ntau2 = tau*v_top\nI_k = I*k*v",
            "c_m": bs.parameter(100.0, "pF", "x"),
            "k": bs.parameter(0.1, "1/mV", "x"),
        },
    )
    receptors = [s.receptor_equations for s in (bs.Exponential(), bs.ExponentialConductance())]
    system = compose(kind.cell_equations, receptors, external_current=True, label="cells")
    assert list(system.algebraic) == ["I", "I_k"]
    lines = METHODS["euler"](system, "cells").lines
    assert [line.name for line in lines] == ["I", "I_k", "_v_new", "_r0_i_new", "_r1_g_new"]
    assert "r1_g" not in lines[2].needs
    values, _ = run(kind(), 3.0, 0.01, current=10.0, initial={"v": 0.0})
    expected = solved(lambda t, y: [(10 + y[0]) / 100 - y[0] ** 2 / 4], [0.0], 3.0)[0]
    assert values["v"][-1, 0] == pytest.approx(expected, rel=1e-3)
