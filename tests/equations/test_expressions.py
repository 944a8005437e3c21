"""Numbers, text and machine code agree on the value of an expression, and its linear parts are found."""

import ast
import random

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from brainsim.jit.decorators import load_source
from tests.helpers.equations.expressions import KERNEL_NAMES, NAMES, close, compiled, random_number, written
from tests.helpers.small_networks import neuron

NAN = (
    "min(x, 1)",
    "min(1, x)",
    "max(x, y)",
    "max(y, x)",
    "min(x, y)",
    "min(y, x)",
    "sign(x)",
    "clip(x, -1, 1)",
    "floor(x)",
    "clip(y, x, 1)",
    "clip(y, -1, x)",
    "abs(x)",
    "max(0, min(x, 1))",
    "sqrt(max(x, 0))",
)


@pytest.mark.parametrize("text", NAN)
def test_nan_stays_nan(text):
    """A NaN that min or clip turned into a number could not be found and named after the run."""
    tree = lang.parse_expression(text, "here")
    function = compiled(tree, ("x", "y"))
    assert np.isnan(function(np.nan, 0.5))
    assert np.isnan(lang.evaluate(tree, {"x": np.nan, "y": 0.5}))
    with np.errstate(invalid="ignore"):
        assert function(2.0, 0.5) == pytest.approx(float(lang.evaluate(tree, {"x": 2.0, "y": 0.5})), rel=1e-15)


def test_random_expressions_agree():
    """Numbers by NumPy, the rendered text read by Python, and the compiled text: one meaning."""
    rng = random.Random(1)
    plain = {name: function for name, function in lang.FUNCTIONS.items() if name not in ("min", "max", "abs")}
    plain |= {"lesser": np.minimum, "greater": np.maximum}
    plain |= {"power": np.power, "exprel_inverse": lambda x: 1 / lang.FUNCTIONS["exprel"](x)}
    plain |= {"whole_power": lambda x, n: x**n}
    plain |= {"square": lambda x: x * x, "cube": lambda x: x * x * x, "fourth": lambda x: (x * x) * (x * x)}
    trees = []
    while len(trees) < 300:
        try:
            trees.append(lang.parse_expression(random_number(rng, 4), "here"))
        except EquationError as error:  # only for size
            assert "deeper" in str(error) or "longer" in str(error)  # noqa: PT017
    for tree in trees:
        lang.check_kind(tree, "here")
        for _ in range(4):
            names = {name: rng.uniform(-3, 3) for name in NAMES}
            with np.errstate(all="ignore"):
                expected = float(lang.evaluate(tree, names))
                rendered = eval(written(tree), plain | {"np": np}, {n: np.float64(v) for n, v in names.items()})
            assert close(expected, rendered), ast.unparse(tree)
            again = lang.parse_expression(ast.unparse(tree), "again")
            assert float(lang.evaluate(again, names)) == expected
        arrays = {name: np.array([rng.uniform(-3, 3) for _ in range(3)]) for name in NAMES}
        with np.errstate(all="ignore"):
            many = np.broadcast_to(lang.evaluate(tree, arrays), 3)
            one = [lang.evaluate(tree, {n: v[k] for n, v in arrays.items()}) for k in range(3)]
        np.testing.assert_allclose(many, np.ravel(one), rtol=1e-13, atol=1e-13)


def test_compiled_expressions_agree():
    """Forty at a time, since compiling takes longer than all else."""
    rng = random.Random(2)
    trees = [lang.parse_expression(random_number(rng, 3), "here") for _ in range(40)]
    lines = "\n".join(f"        out[i, {k}] = {written(tree)}" for k, tree in enumerate(trees))
    heads = "\n".join(f"        {name} = values[i, {k}]" for k, name in enumerate(NAMES))
    module = load_source(
        f"{KERNEL_NAMES}\n\n@kernel\ndef fill(values, out):\n    for i in range(values.shape[0]):\n{heads}\n{lines}\n"
    )
    values = np.array([[rng.uniform(-3, 3) for _ in NAMES] for _ in range(50)])
    out = np.empty((50, 40))
    module.fill(values, out)
    for row, results in zip(values, out, strict=True):
        names = dict(zip(NAMES, row, strict=True))
        for tree, result in zip(trees, results, strict=True):
            with np.errstate(all="ignore"):
                assert close(float(lang.evaluate(tree, names)), result), ast.unparse(tree)


# -- linear parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        ("x", True),
        ("y", True),
        ("3 - x*y", True),
        ("-(x - y)/tau", True),
        ("(x + y)*k - x/(k*tau)", True),
        ("k*(y - x)*2", True),
        ("exp(y)*x + x*sin(k)", True),
        ("x - x", True),
        ("0*x + y", True),
        ("(2*x + 1)/(1 + exp(y))", True),
        ("+y - -x", True),
        ("x*x", False),
        ("x**2", False),
        ("exp(x)", False),
        ("1/x", False),
        ("abs(x)", False),
        ("min(x, y)", False),
        ("x/(x + 1)", False),
        ("where(x > 0, 1, 0)", False),
        ("x if y > 0 else 2*x", False),
        ("y**x", False),
    ],
)
def test_linear_parts(text, linear):
    tree = lang.parse_expression(text, "here")
    parts = algebra.linear_in(tree, "x")
    assert (parts is not None) == linear
    if not linear:
        return
    rng = np.random.default_rng(1)
    for y, k, tau, x, z in rng.uniform(0.5, 3, (20, 5)):
        names = {"y": y, "k": k, "tau": tau}
        assert "x" not in lang.names_in(parts[0]) | lang.names_in(parts[1])
        slope, rest = (lang.evaluate(part, names) for part in parts)
        f = [float(lang.evaluate(tree, names | {"x": at})) for at in (x, z)]
        assert slope == pytest.approx((f[0] - f[1]) / (x - z), rel=1e-8, abs=1e-10)
        assert slope * x + rest == pytest.approx(f[0], rel=1e-12, abs=1e-12)


def test_random_expressions_are_linear_or_not():
    """`linear_in` never calls linear what differences say is not."""
    rng = random.Random(3)
    found = 0
    for _ in range(800):
        tree = lang.parse_expression(random_number(rng, 2), "here")
        parts = algebra.linear_in(tree, "x")
        if parts is None:
            continue
        found += "x" in lang.names_in(tree)
        names = {name: rng.uniform(0.5, 3) for name in NAMES}
        with np.errstate(all="ignore"):
            slope, rest = (float(lang.evaluate(part, names)) for part in parts)
            f = float(lang.evaluate(tree, names))
        assert close(slope * names["x"] + rest, f), ast.unparse(tree)
    assert found > 20


@pytest.mark.parametrize(
    ("equations", "zero"),
    [
        ("x = v/k\ndv/dt = -v/tau*x/(exp(x) - 1)", {"v": 0.0}),
        ("dv/dt = -0.1*(v + k)/(1 - exp(-(v + k)/k))/tau", {"v": -2.0}),
        ("dv/dt = n*(k - v)/expm1((v - k)/v_th)/tau", {"v": 2.0}),
        ("dv/dt = 3*v*n/-(exp(n) - 1)/tau", {"n": 0.0}),
    ],
)
def test_zero_over_zero_has_the_value_that_it_approaches(equations, zero):
    """x/(exp(x) - 1) is 1 for x = 0, though both of its parts are 0 there."""
    more = {"k": bs.parameter(2.0, "mV", "x"), "n": bs.initial(0.0, "", "x")}
    cell = neuron(equations=equations, **more).cell_equations
    tree = lang.resolve(cell.derivatives["v"], cell.algebraic, "x")
    derivatives, lines = lang.parse_equations(equations, "x")
    typed = lang.resolve(derivatives["v"], lines, "x")

    def at(tree, **changed):
        return lang.evaluate(tree, {"k": 2.0, "tau": 10.0, "v_th": 15.0, "v": 1.3, "n": 0.7} | changed)

    (name, value), *_ = zero.items()
    for far in (-3.1, 0.9, 7.7):
        assert at(tree, **{name: far}) == pytest.approx(at(typed, **{name: far}), rel=1e-13)
    assert at(tree, **zero) == pytest.approx(at(tree, **{name: value + 1e-9}), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    "equations",
    ["dv/dt = -v/tau/(exp(v/k) + 1)", "dv/dt = (k - v)/(exp((v - v_th)/k) - 1)/tau", "dv/dt = k/(exp(v/k) - 1)/tau"],
)
def test_other_quotients_stay_as_they_are(equations):
    tree = neuron(equations=equations, k=bs.parameter(2.0, "mV", "x")).cell_equations.derivatives["v"]
    assert ast.dump(tree) == ast.dump(lang.parse_equations(equations, "x")[0]["v"])


def test_numbers_are_computed_as_kernels_do():
    x = np.array([-30.0, -1e-9, 0.0, 0.5, 3.0])
    expected = np.where(x == 0.0, 1.0, np.expm1(x) / np.where(x == 0.0, 1.0, x))
    np.testing.assert_allclose(lang.compute(lang.parse_expression("exprel(x)", "x"), {"x": x}), expected, rtol=1e-15)
