"""The adjoint that is derived from equations: against differences, against the kernels of learning, and what is refused."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions import language as lang
from brainsim.equations.steps.linear import one_step
from brainsim.equations.system import compose
from brainsim.features.adjoints.adjoint import SMOOTH, adjoint_of, derivative
from brainsim.learn.spiking.kernels.net import V_V, block_numbers
from brainsim.learn.spiking.layers import Layer

MODELS = ["LIF", "ALIF", "QIF", "EIF", "AdEx", "Izhikevich", "Theta", "FitzHughNagumo", "HindmarshRose", "MorrisLecar"]


def system_of(model, synapse=None):
    receptors = [(synapse or bs.Exponential()).receptor_equations]
    return compose(model.cell_equations, receptors, external_current=True, label=type(model).__name__)


def values_of(model, adjoint, rng):
    """Return parameters, and a state near that at the start."""
    known = {name: getattr(model, name) for name in model.parameters} | {"pi": np.pi, "I_ext": 1.5, "r0_tau": 5.0}
    state = {name: rng.uniform(0.2, 0.9) for name in adjoint.variables}
    if "v" in state and "v_rest" in known:  # where exponentials do not drown the other terms
        state["v"] += known["v_rest"]
    return known | state


def check(tree_of, by, variables, known):
    """Compare the derivatives of trees with central differences."""
    compared = 0
    for name, tree in tree_of.items():
        for other in variables:
            ends = [lang.compute(tree, known | {other: known[other] + step}) for step in (1e-6, -1e-6)]
            found = lang.compute(by[name, other], known) if (name, other) in by else 0.0
            assert found == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7), (name, other)
            compared += (name, other) in by
    return compared


@pytest.mark.parametrize("function", [*SMOOTH])
def test_the_derivative_of_each_function(function):
    for x in (0.3, 0.8):
        tree = lang.parse_expression(f"{function}(x*x)", "here")
        found = lang.compute(derivative(tree, "x", "here"), {"x": x})
        ends = [lang.compute(tree, {"x": x + step}) for step in (1e-6, -1e-6)]
        assert found == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_equal_differences(name):
    model = getattr(bs, name)()
    adjoint = adjoint_of(system_of(model), name)
    for seed in range(3):
        known = values_of(model, adjoint, np.random.default_rng(seed))
        assert check(adjoint.flow, adjoint.jacobian, adjoint.variables, known) >= len(adjoint.variables)
        check(adjoint.reset, adjoint.reset_by, adjoint.variables, known)
        if adjoint.gap is not None:
            check({"gap": adjoint.gap}, {("gap", v): d for v, d in adjoint.gap_by.items()}, adjoint.variables, known)
            # the gap after a short time along the flow
            moved = known | {v: known[v] + 1e-6 * lang.compute(f, known) for v, f in adjoint.flow.items()}
            change = (lang.compute(adjoint.gap, moved) - lang.compute(adjoint.gap, known)) / 1e-6
            assert lang.compute(adjoint.slope, known) == pytest.approx(change, rel=1e-3, abs=1e-5)


def test_the_derived_step_is_the_one_of_the_kernels():
    """For LIF cells with exponential currents, the adjoint moves by the transposed propagator, which `undo_step` applies."""
    layer = Layer(1, tau_m=17.0, tau_s=4.0)
    model = bs.LIF(tau_m=17.0, c_m=17.0, v_rest=0.0, v_th=1.0, v_reset=0.0)
    adjoint = adjoint_of(system_of(model, bs.Exponential(tau=4.0)), "LIF")
    known = values_of(model, adjoint, np.random.default_rng(0)) | {"r0_tau": 4.0}
    assert adjoint.variables == ("v", "r0_i")
    jacobian = np.zeros((2, 2))
    for (row, column), tree in adjoint.jacobian.items():
        jacobian[adjoint.variables.index(row), adjoint.variables.index(column)] = lang.compute(tree, known)
    numbers, [(v_i, i_i)] = block_numbers(layer, [17.0, 4.0, 100.0, 0.0], [4.0], 1.0, currents=False)
    expected = np.array([[numbers[V_V], 0.0], [v_i, i_i]])
    np.testing.assert_allclose(one_step(jacobian.T, 1.0), expected, rtol=1e-14, atol=1e-300)
    assert {name: lang.compute(tree, known) for name, tree in adjoint.gap_by.items()} == {"v": 1.0}
    rise = (known["r0_i"] + known["I_ext"] - known["v"]) / 17.0  # I - theta of EventProp, divided by tau_m
    assert lang.compute(adjoint.slope, known) == pytest.approx(rise, rel=1e-14)
    assert adjoint.reset_by == {}  # v is set to a constant


def cell(**parts):
    """Return a model of one variable with other equations."""
    base = {"equations": "dv/dt = -v/tau", "threshold": "v >= 1", "reset": "v = 0", "dimensions": False}
    fields = {"tau": bs.parameter(10.0, "ms", "time"), "v": bs.initial(0.0, "", "potential"), "__annotations__": {}}
    return type("Cell", (bs.Neuron,), {**base, **fields, **parts})()


REFUSED = {
    "noise": ({"equations": "dv/dt = -v/tau + xi/sqrt(tau)"}, "there is noise in dv/dt"),
    "abs": ({"equations": "dv/dt = -abs(v)/tau"}, r"abs\(\) has no derivative here"),
    "time": ({"equations": "dv/dt = (sin(t) - v)/tau"}, "the equations depend on t"),
    "random reset": ({"reset": "v = 0.1*rand()"}, "there are random numbers"),
    "condition": ({"equations": "dv/dt = -(v if v > 0.5 else 0.1)/tau"}, "is not smooth"),
    "threshold": ({"threshold": "v >= 1 and v < 3"}, "the threshold must be one comparison"),
}


@pytest.mark.parametrize(("parts", "said"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_adjoint_is_refused_by_name(parts, said):
    with pytest.raises(
        bs.EquationError, match=f"Cell: cannot be differentiated: .*{said}|Cell: cannot be differentiated: {said}"
    ):
        adjoint_of(compose(cell(**parts).cell_equations, [], external_current=False, label="Cell"), "Cell")
