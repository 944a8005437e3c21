"""The adjoint of the lines of a step: against differences, and against the adjoint of the equations for short steps."""

import ast
import math
from dataclasses import replace

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.constants import kernel_constants
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.statements import Assign, formula, once
from brainsim.equations.steps.methods import method_named
from brainsim.equations.system import compose
from brainsim.features.adjoints.adjoint import adjoint_of
from brainsim.features.adjoints.step import D, active_names, reversed_statements
from brainsim.jit.decorators import kernel
from brainsim.learn.spiking.kernels.responses import relaxation_slope


@kernel
def slopes_of_relaxation(z, out):
    for k in range(z.size):
        out[k] = relaxation_slope(z[k])


def relaxation(z):
    return -math.expm1(-z) / z if z else 1.0


FUNCTIONS = {
    "exp": math.exp,
    "expm1": math.expm1,
    "tanh": math.tanh,
    "flushed": lambda x: x,
    "lesser": min,
    "greater": max,
    "square": lambda x: x * x,
    "cube": lambda x: x * x * x,
    "relaxation": relaxation,
    "relaxation_slope": lambda z: (math.exp(-z) - relaxation(z)) / z,
}


def step_of(model, method, dt):
    """Return the system, the statements of a step in which no name is assigned twice, what variables become, and numbers."""
    name = type(model).__name__
    receptors = [bs.Exponential().receptor_equations]
    system = compose(model.cell_equations, receptors, external_current=True, label=name)
    system = replace(system, refractory=None, frozen=frozenset())
    step = method_named(method, name)(system, name)
    known = {p: getattr(model, p) for p in model.parameters} | {"r0_tau": 5.0}
    constants = kernel_constants(system, step, known, dt, name)
    lines, last = once(step.lines, {*system.variables, *constants, "I_ext"})
    return system, lines, {v: last[f"_{v}_new"] for v in system.variables}, constants | {"I_ext": 1.5}


def run(lines, values):
    values = dict(values) | FUNCTIONS
    for line in lines:
        values[line.name] = eval(ast.unparse(line.value), values)
    return values


def adjoint_matrix(system, lines, ends, values):
    """Return the derivatives (at the end, at the start) of a step by its reversed statements."""
    back = reversed_statements(lines, {*system.variables}, "step")
    names = active_names(lines, {*system.variables})
    matrix = []
    for end in ends.values():
        start = [*(Assign(D + name, formula("0.0")) for name in names), Assign(D + end, formula("1.0"))]
        after = run([*lines, *start, *back], values)
        matrix.append([after[D + v] for v in system.variables])
    return np.array(matrix)


def state_of(model, system, seed=0):
    rng = np.random.default_rng(seed)
    state = {name: rng.uniform(0.2, 0.9) for name in system.variables}
    if hasattr(model, "v_rest"):
        state["v"] += model.v_rest
    return state


CASES = [(name, method) for name in ("AdEx", "QIF", "FitzHughNagumo") for method in ("euler", "heun", "rk4")]


@pytest.mark.parametrize(("name", "method"), [*CASES, ("AdEx", "exponential_euler")])
def test_reversed_statements_equal_differences(name, method):
    model = getattr(bs, name)()
    system, lines, ends, constants = step_of(model, method, dt=0.2)
    values = constants | state_of(model, system)
    matrix = adjoint_matrix(system, lines, ends, values)
    for column, variable in enumerate(system.variables):
        moved = [run(lines, values | {variable: values[variable] + h}) for h in (1e-5, -1e-5)]
        for row, end in enumerate(ends.values()):
            found = (moved[0][end] - moved[1][end]) / 2e-5
            assert matrix[row, column] == pytest.approx(found, rel=1e-6, abs=1e-8), (variable, end)


def test_short_steps_have_the_adjoint_of_the_equations():
    """The derivative of a step is 1 + dt*J, up to dt**2, with the Jacobian J that `adjoint_of` derives."""
    model = bs.AdEx()
    errors = []
    for dt in (0.01, 0.005):
        system, lines, ends, constants = step_of(model, "rk4", dt)
        values = constants | state_of(model, system)
        jacobian = adjoint_of(system, "AdEx").jacobian
        wanted = np.eye(len(system.variables))
        for (one, other), tree in jacobian.items():
            place = system.variables.index(one), system.variables.index(other)
            wanted[place] += dt * lang.compute(tree, values | {"pi": np.pi})
        errors.append(np.abs(adjoint_matrix(system, lines, ends, values) - wanted).max())
    assert errors[0] < 1e-4
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.05)


def test_the_slope_of_relaxation():
    z = np.array([-3.0, -0.02, -0.011, -0.009, -1e-5, 0.0, 1e-5, 0.009, 0.011, 2.0, 30.0])
    slopes = np.empty_like(z)
    slopes_of_relaxation(z, slopes)
    for at, slope in zip(z, slopes, strict=True):
        step = 1e-4 * max(abs(at), 1.0)
        found = (relaxation(at + step) - relaxation(at - step)) / (2.0 * step)
        assert slope == pytest.approx(found, rel=1e-7, abs=1e-9)


def test_what_has_no_derivative_is_named():
    with pytest.raises(EquationError, match=r"cell.*cannot be differentiated: floor\(\) has no derivative here"):
        reversed_statements([Assign("y", formula("floor(x)"))], {"x"}, "cell")
    lines = [Assign("y", formula("floor(k)")), Assign("z", formula("x*y"))]
    (back,) = reversed_statements(lines, {"x"}, "cell")
    assert (back.name, ast.unparse(back.value)) == ("__d_x", "__d_x + __d_z * y")
