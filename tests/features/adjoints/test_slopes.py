"""`equations.adjoints.step`: derivatives of the numbers in a kernel against differences; what has none."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.build.constants import kernel_constants
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.steps.methods import method_named
from brainsim.equations.system import compose
from brainsim.features.adjoints.step import slope_of, slopes_of
from brainsim.learn.spiking.from_equations.smooth import WithinStep


class Coupled(bs.Neuron):
    """A linear system in which all depends on all, with a constant and a term without a method's constant."""

    equations = "dv/dt = (v_0 - v - w*gain**2 + I)/tau\ndw/dt = (exp(-k)*v - w)/(tau + 3)"
    threshold = "v >= 1"
    reset = "v = 0"
    dimensions = False
    tau: float = bs.parameter(7.0, "ms", "time constant", above=0.0)
    gain: float = bs.parameter(1.3, "", "of w")
    k: float = bs.parameter(0.4, "", "of v")
    v_0: float = bs.parameter(0.2, "", "rest")
    other: float = bs.parameter(0.2, "", "of nothing")
    v: float = bs.initial(0.0, "", "potential")
    w: float = bs.initial(0.0, "", "recovery")


DT = 0.5


def of(model, method, external=True):
    system = compose(model.cell_equations, [WithinStep().receptor_equations], external_current=external, label="cell")
    values = {name: getattr(model, name) for name in model.parameters} | {"r0_tau": 3.0}
    return system, method_named(method, "cell")(system, "cell"), values


@pytest.mark.parametrize("method", ["exact", "exponential_euler", "heun", "rk4"])
def test_slopes_equal_differences(method):
    system, step, values = of(Coupled(), method)
    for name in ("tau", "gain", "k", "v_0", "r0_tau"):
        slopes = slopes_of(system, step, name, "cell")
        found, h = slopes.at(values, DT), 1e-3
        at = [kernel_constants(system, step, values | {name: values[name] + d * h}, DT, "cell") for d in (-2, -1, 1, 2)]
        for number, value in at[0].items():
            wanted = (value - 8.0 * at[1][number] + 8.0 * at[2][number] - at[3][number]) / (12.0 * h)
            assert found.get(number, 0.0) == pytest.approx(wanted, rel=1e-8, abs=1e-11), (name, number)
            assert number in slopes.names or abs(wanted) < 1e-11
    assert slopes_of(system, step, "other", "cell").names == {"other"}


def test_only_what_can_depend_on_a_parameter_is_named():
    system, step, _ = of(Coupled(), "exact")
    names = slopes_of(system, step, "r0_tau", "cell").names
    assert names == {"r0_tau", "_p__r0_i__r0_i", "_p__r0_i__r0_i_less_one", "_p__v__r0_i", "_p__w__r0_i"}


def test_a_decay_has_its_derivative_to_rounding():
    system, step, values = of(Coupled(), "exact")
    for tau in (1e-2, 3.0, 1e5):
        found = slopes_of(system, step, "r0_tau", "cell").at(values | {"r0_tau": tau}, DT)["_p__r0_i__r0_i"]
        assert found == pytest.approx(np.exp(-DT / tau) * DT / tau**2, rel=1e-13, abs=1e-18)


def test_a_derivative_goes_through_other_names():
    tree, through = (lang.parse_expression(text, "cell") for text in ("p*x + x**2", "3*p"))
    value = lang.compute(slope_of(tree, "p", {"x": through}, "cell"), {"p": 2.0, "x": 5.0})
    assert value == 5.0 + (2.0 + 10.0) * 6.0
    assert lang.compute(slope_of(3.0, "p", {}, "cell"), {}) == 0.0


def test_what_is_not_smooth_is_refused():
    class Whole(Coupled):
        equations = "dv/dt = (v_0 - v*floor(gain) - w + I)/tau\ndw/dt = (v - w)/where(k > 0, tau, 2*tau)"

    system, step, values = of(Whole(), "heun")
    for name, said in (("gain", r"cell: cannot be differentiated: floor\(\)"), ("k", "a condition on 'k' is not smooth")):
        with pytest.raises(EquationError, match=said):
            slopes_of(system, step, name, "cell")
    slopes = slopes_of(system, step, "tau", "cell")  # the condition does not depend on it
    for k, slope in ((0.4, -1.0 / 49.0), (-0.4, -1.0 / 98.0)):
        assert any(found == pytest.approx(slope, rel=1e-14) for found in slopes.at(values | {"k": k}, DT).values())
