"""Linear systems of many variables: one product of a matrix, exact like the sums of small systems."""

import ast

import numpy as np
import pytest
from scipy.linalg import expm

import brainsim as bs
from brainsim.equations import rows
from brainsim.equations.codegen import write_kernel
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.steps import exact
from brainsim.equations.steps.methods import METHODS
from brainsim.equations.system import compose
from tests.helpers.equations.single_cells import run, step_of, steps


def chain(n, extra="", **given):
    """Return a class of n compartments with leaks, each coupled to its neighbours; a current enters the first."""
    lines = [
        f"dv{k}/dt = -v{k}/tau + " + " + ".join(f"a*(v{j} - v{k})" for j in (k - 1, k + 1) if 0 <= j < n) for k in range(n)
    ]
    lines = [line + extra.replace("#", str(k)) for k, line in enumerate(lines)]
    texts = {
        "equations": "\n".join([f"{lines[0]} + I/c_m", *lines[1:]]),
        "tau": bs.parameter(10.0, "ms", "leak", above=0.0),
        "a": bs.parameter(20.0, "1/ms", "coupling"),
        "c_m": bs.parameter(1.0, "pF", "capacitance of the first"),
    }
    return type("Chain", (bs.Neuron,), texts | {f"v{k}": bs.initial(0.0, "mV", "potential") for k in range(n)} | given)


def solution(n, a, current, duration, tau=10.0):
    """Return the potentials of a chain after a time."""
    matrix = np.zeros((n + 1, n + 1))
    matrix[:n, :n] = a * (np.eye(n, k=1) + np.eye(n, k=-1))
    matrix -= np.diag([*matrix[:n].sum(axis=1) + 1.0 / tau, 0.0])
    matrix[0, n] = current
    return expm(matrix * duration)[:n, n]


@pytest.mark.thorough_but("18-15.0")
@pytest.mark.parametrize(("n", "a"), [(10, 20.0), (18, 15.0), (60, 20.0)])
def test_chains_are_exact(n, a):
    values, result = run(chain(n)(a=a), 100.0, 0.1, current=20.0, every=100.0)
    assert result.stats["methods"]["cells"] == "exact"
    np.testing.assert_allclose([v[-1, 0] for v in values.values()], solution(n, a, 20.0, 100.0), rtol=1e-9, atol=0)


@pytest.mark.thorough
def test_a_cable_of_sixty_compartments():
    """Half a length constant long, sealed, with a current at one end: the steady state of the cable equation."""
    n, tau, length, current = 60, 10.0, 0.5, 200.0
    a = (n / length) ** 2 / tau
    values, _ = run(chain(n)(a=a, tau=tau), 150.0, 0.01, current=current, every=150.0)
    middle = (np.arange(n) + 0.5) / n * length
    theory = current * tau * length / n * np.cosh(length - middle) / np.sinh(length)
    found = np.array([v[-1, 0] for v in values.values()])
    assert 30.0 < found.max() < 40.0
    np.testing.assert_allclose(found, theory, rtol=0, atol=0.01)
    np.testing.assert_allclose(found, solution(n, a, current, 150.0, tau), rtol=1e-9)


def test_the_kernel_of_single_precision_reads_the_decay_minus_one():
    """Of a small system: its own factor in a step, minus 1, from the digits of double precision."""
    step = step_of(bs.LIF(tau_m=12.0), bs.Exponential(tau=3.0))
    values = {name: getattr(bs.LIF(tau_m=12.0), name) for name in bs.LIF.parameters} | {"r0_tau": 3.0}
    numbers = step.compute(values, 0.1)
    assert numbers[f"_p__v__v{exact.LESS_ONE}"] == pytest.approx(np.expm1(-0.1 / 12.0), rel=1e-13)
    assert numbers[f"_p__r0_i__r0_i{exact.LESS_ONE}"] == pytest.approx(np.expm1(-0.1 / 3.0), rel=1e-13)


def test_the_text_of_a_kernel_grows_with_the_variables_and_not_with_their_square():
    step = step_of(chain(60)(), current=True)
    assert len(step.product.constants) == 60 * 61
    assert len(step.lines) == 60
    assert len("".join(ast.unparse(line.value) for line in step.lines)) < 60 * 40
    assert step_of(chain(17)(), current=True).product is not None  # 17*18 terms
    assert step_of(chain(16)(), current=True).product is None


def kernel_of(model):
    """Return the kernel of a cell with an injected current."""
    system = compose(model.cell_equations, [], external_current=True, label="cells")
    return write_kernel(system, METHODS[model.method](system, "cells"), frozenset())


def test_a_kernel_is_as_long_for_many_compartments_as_for_few():
    few, many = (kernel_of(chain(n)()).text.partition("def advance")[0].splitlines()[2:] for n in (18, 40))
    assert len(few) == len(many)
    assert sum(map(len, many)) - sum(map(len, few)) < 10


ENDS = {
    "threshold": "v0 > 2",
    "reset": "v0 = -1",
    "refractory": "t_ref",
    "frozen": ("v0",),
    "dimensions": False,
    "t_ref": bs.parameter(1.0, "ms", "refractory time"),
}
NEXT = {
    "equations": chain(8).equations + "\ndz/dt = -z*z*v3/k - z/tau",
    "k": bs.parameter(1.0, "mV", "scale"),
    "z": bs.initial(1.0, "", "not linear"),
    "dimensions": False,
}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("texts", "given", "precision"),
    [
        ({"dimensions": False, "extra": " + sigma*xi", "sigma": bs.parameter(0.5, "", "noise")}, {}, "double"),
        (ENDS, {"tau": [5.0, 10.0, 20.0]}, "double"),
        (ENDS | {"substeps": 2}, {}, "double"),
        (ENDS, {}, "single"),
        (NEXT, {}, "double"),
    ],
    ids=["noise", "clamped", "substeps", "single", "next"],
)
def test_loops_over_rows_give_the_bits_of_lines_for_each_variable(monkeypatch, texts, given, precision):
    """Clamped: while v0 is held all others follow another system; an event acts on v7."""
    monkeypatch.setattr(exact, "MAX_TERMS", 0)
    found = []
    for fewest in (rows.FEWEST, 1000):
        monkeypatch.setattr(rows, "FEWEST", fewest)
        model = chain(8, **texts)(a=0.5, **given)
        assert ("part_of(_state" in kernel_of(model).text) == (fewest < 1000)
        cells = bs.Population(3, model, name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(10.0))
        source = bs.Population(1, bs.SpikeTrains([1.0], [0]), name="source")
        net.connect(source, cells, bs.AllToAll(), weight=3.0, delay=0.8, synapse=bs.Delta(variable="v7"))
        traces = [bs.Trace(cells, name) for name in model.initials]
        result = bs.simulate(net, 5.0, record=traces, precision=precision, seed=2)
        found.append([*(result.traces["cells", name].values for name in model.initials), result.spikes["cells"].times])
    assert found[0][-1].size > 1 or not model.threshold
    assert all(np.array_equal(one, other) for one, other in zip(*found, strict=True))


class Three(bs.Neuron):
    """All that a step can have: a clamped variable, a current, a table, noise of its own and shared, an alpha synapse."""

    equations = """
        dv/dt = (v_rest - v)/tau + a*(u - v) + I/c_m + sigma*xi
        du/dt = -u/tau + a*(v - u) + a*(s - u) + sigma*xi_both
        ds/dt = -s/tau + a*(u - s) + drive(t)/tau + sigma*xi_both
    """
    threshold = "v > 4"
    reset = "v = v_rest"
    dimensions = False
    tau: bs.values.Value = bs.parameter(10.0, "ms", "leak", above=0.0)
    a: float = bs.parameter(0.4, "1/ms", "coupling")
    c_m: float = bs.parameter(10.0, "pF", "capacitance")
    sigma: float = bs.parameter(0.5, "", "noise")
    v_rest: float = bs.parameter(-1.0, "mV", "rest")
    t_ref: float = bs.parameter(1.5, "ms", "refractory time")
    drive: bs.TimedArray = bs.parameter(bs.TimedArray([1.0, -2.0], dt=4.0), "mV", "a table")
    v: float = bs.initial(0.0, "mV", "potential")
    u: float = bs.initial(0.5, "mV", "potential")
    s: float = bs.initial(1.0, "mV", "potential")


@pytest.mark.slow_but("given0")
@pytest.mark.thorough
@pytest.mark.parametrize("given", [{}, {"tau": [5.0, 10.0, 20.0], "substeps": 2}])
def test_a_product_gives_what_the_sums_give(monkeypatch, given):
    """With one matrix, and with one for each cell; while refractory v is held, so u and s follow another system."""
    texts = {name: given[name] for name in given if name == "substeps"}
    found = []
    for limit in (exact.MAX_TERMS, 0):
        monkeypatch.setattr(exact, "MAX_TERMS", limit)
        model = type("Three", (Three,), texts)(**{k: v for k, v in given.items() if k not in texts})
        assert (step_of(model, current=True).product is None) == (limit > 0)
        values, result = run(model, 12.0, n=3, current=60.0, events=(bs.Alpha(tau=1.0), 30.0, 2.0))
        assert result.stats["methods"]["cells"] == "exact"
        assert steps(result).size > 1
        found.append((np.array(list(values.values())), steps(result)))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=0, atol=1e-12)
    assert np.array_equal(found[1][1], found[0][1])


@pytest.mark.thorough
def test_parameters_of_the_threshold_need_no_matrix_for_each_cell():
    names = {"threshold": "v0 > v_th", "reset": "v0 = 0", "v_th": bs.parameter(50.0, "mV", "threshold"), "dimensions": False}
    model = chain(18, **names)(v_th=[2.0, 5.0])
    step = step_of(model, current=True)
    values = {name: getattr(model, name) for name in model.parameters}
    assert all(np.ndim(step.compute(values, 0.1)[constant]) == 0 for constant in step.product.constants)
    values["tau"] = np.array([5.0, 10.0])
    assert all(np.ndim(step.compute(values, 0.1)[constant]) == 1 for constant in step.product.constants)


@pytest.mark.thorough
def test_single_precision_and_one_cell_among_many():
    """The matrix is stored minus 1, so that slow decays keep their digits; a cell has the same bits in any block."""
    model, current = chain(18)(a=15.0), np.full(70, 20.0)
    found = {}
    for name, cells in (("one", bs.Population(1, model, name="cells")), ("many", bs.Population(70, model, name="cells"))):
        for precision in ("double", "single"):
            net = bs.Network(seed=1)
            net.stimulate(cells, bs.CurrentInput(current[: cells.n]))
            trace = bs.Trace(cells, "v17", every=20.0)
            found[name, precision] = bs.simulate(net, 100.0, precision=precision, record=trace).traces["cells", "v17"].values
    for precision in ("double", "single"):
        assert (found["many", precision] == found["one", precision]).all()
    np.testing.assert_allclose(found["one", "double"][-1], solution(18, 15.0, 20.0, 100.0)[-1], rtol=1e-9)
    np.testing.assert_allclose(found["one", "single"], found["one", "double"], rtol=2e-5)


def test_what_depends_on_nothing_else_is_exact_next_to_what_is_not_linear():
    extra = {"equations": chain(18).equations + "\ndz/dt = -z*z*v17/k - z/tau", "k": bs.parameter(1.0, "mV", "scale")}
    model = chain(18, dimensions=False, z=bs.initial(1.0, "", "not linear"), **extra)()
    step = step_of(model, current=True)
    assert step.method == "exponential_euler"
    assert step.product.outputs == tuple(f"_v{k}_change" for k in range(18))


def test_a_layer_that_learns_rejects_a_product(monkeypatch):
    monkeypatch.setattr(exact, "MAX_TERMS", 0)
    with pytest.raises(EquationError, match="so many variables .* has no derived adjoint; write method='heun'"):
        bs.learn.ModelLayer(4, type("Mine", (bs.LIF,), {})(t_ref=0.0), learns=("tau_m",))
