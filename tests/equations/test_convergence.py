"""Each method at the order it states on every model of the catalogue, and with noise on paths that are known.

Without noise: the slope of log error over log dt, against DOP853 at 1e-13 of the right-hand side as NumPy evaluates it; the
threshold is taken away, so that the motion is smooth. With noise: a cell whose gain is not linear, and the exponential
integrate-and-fire cell, whose equation is not.
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.steps.methods import METHODS
from brainsim.explore.flow import VectorField
from tests.helpers.equations.catalogue import NEURONS
from tests.helpers.equations.single_cells import by_method, run, step_of

DURATION = 3.2  # ms
DTS = 0.8 / 2.0 ** np.arange(9)
ROUNDING = 2e-11  # of the range of a variable: smaller errors say nothing about the method
# from the initial state, so that all variables move
PUSH = {"mV": 2.0, "pA": 20.0, "nS": 2.0, "Hz": 5.0, "mV/ms": 1.0, "": 0.02}
PUSH |= {"ms": 0.0}  # for how long v is still held at its peak
# others: 100 pA
CURRENT = {"FitzHughNagumo": 0.5, "HindmarshRose": 0.5, "Izhikevich": 5.0, "MorrisLecar": 50.0, "WangBuzsaki": 300.0}
DETERMINISTIC = ("exact", "exponential_euler", "exponential_strang", "euler", "heun", "rk4")
FAST = ("AdEx", "SFALIF", "ResonateAndFire")  # of the feature "further neurons"; to compile all takes a minute
SMOOTH = {"threshold": "", "reset": "", "events": {}, "refractory": None, "frozen": None, "substeps": 1}
# a constant slope, and a gain of a constant current: nothing is left for the method to miss
EXACT = {("IF", method) for method in ("euler", "heun", "rk4")} | {
    ("RateUnit", "exponential_euler"),
    ("RateUnit", "exponential_strang"),
}


def smooth(name, method):
    """Return a model of the catalogue without threshold, by a method; None if the method cannot integrate it."""
    model = type(f"Smooth{name}", (NEURONS[name],), SMOOTH | {"method": method})
    model = model(**({"t_ref": 0.0} if "t_ref" in model.parameters else {}))
    try:
        step_of(model, current=model.cell_equations.uses_current)
    except EquationError:
        return None
    return model


def methods_of(name):
    """Return the methods that can integrate a model of the catalogue."""
    return [method for method in DETERMINISTIC if smooth(name, method) is not None]


def errors_of(model, current):
    """Return for each dt the largest error at the end of the run, each variable's in units of its range.

    For one that hardly moves, it is in units of a thousandth of its size, of which the last digit is rounded in each step.
    """
    flow, names = VectorField(model, current=0.0 if current is None else current), list(model.initials)
    start = {name: value + PUSH[model.initials[name].unit] for name, value in flow.initial().items()}

    def slopes(t, values):
        found = flow.slopes(dict(zip(names, values, strict=True)))
        return [float(found[name]) for name in names]

    true = solve_ivp(slopes, (0.0, DURATION), list(start.values()), method="DOP853", rtol=1e-13, atol=1e-13).y
    unit = np.maximum(np.ptp(true, axis=1), 1e-3 * np.abs(true).max(axis=1))
    errors = []
    for dt in DTS:
        values, result = run(model, DURATION, dt, current=current, initial=start, every=DURATION)
        assert result.stats["methods"]["cells"] in (model.method, "exact")
        end = np.array([trace[-1, 0] for trace in values.values()])
        errors.append((np.abs(end - true[:, -1]) / np.where(unit > 0.0, unit, 1.0)).max())
    return np.array(errors)


CASES = [("EIF", "rk4")] + [(name, method) for name in FAST if name in NEURONS for method in methods_of(name)]


@pytest.mark.thorough_but("[EIF-rk4]")
@pytest.mark.filterwarnings("ignore:.*ran away", "ignore:.*is too coarse")  # the longest dt are too long for fast channels
@pytest.mark.parametrize(("name", "method"), CASES)
def test_order(name, method):
    check_order(name, method)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*ran away", "ignore:.*is too coarse")
@pytest.mark.parametrize("name", [name for name, kind in NEURONS.items() if kind.equations and name not in FAST])
def test_order_of_all_methods(name):
    for method in methods_of(name):
        check_order(name, method)


def check_order(name, method):
    """The slope over the two shortest dt whose errors are those of the method and not of rounding."""
    model = smooth(name, method)
    current = CURRENT.get(name, 100.0) if model.cell_equations.uses_current else None
    errors, order = errors_of(model, current), step_of(model, current=current is not None).order
    if order == 0 or (name, method) in EXACT:
        assert errors[:4].max() < ROUNDING, (name, method)  # at the longest dt; over many steps rounding adds up
        return
    known = errors[: np.nanargmin(errors) + 1]  # with still shorter dt, the rounding of more steps adds up
    known = known[known > ROUNDING]
    assert known.size >= 2, (name, method)
    assert known[-1] < 0.05, (name, method)
    assert np.log2(known[-2] / known[-1]) == pytest.approx(order, abs=0.15), (name, method, errors)


@pytest.mark.thorough
def test_every_method_is_tried_on_every_model():
    """What is left out is what a method says it cannot do: exact needs linear equations, exponential ones a linear term."""
    names = {name for name, kind in NEURONS.items() if kind.equations}
    left_out = {method: set() for method in DETERMINISTIC}
    for name in names:
        for method in set(DETERMINISTIC).difference(methods_of(name)):
            left_out[method].add(name)
    bent = {"ClopathAdEx", "HindmarshRose", "QIF", "Theta"}
    assert left_out["exponential_euler"] == left_out["exponential_strang"] == bent & names
    assert not left_out["euler"] | left_out["heun"] | left_out["rk4"]
    linear = {
        "ALIF",
        "GIF",
        "GLIF1",
        "GLIF2",
        "GLIF3",
        "GLIF4",
        "GLIF5",
        "HomeostaticLIF",
        "IF",
        "LI",
        "LIF",
        "MAT2",
        "MihalasNiebur",
        "ResonateAndFire",
        "ShiuLIF",
        "TwoCompartmentLIF",
    }
    assert names - left_out["exact"] == linear & names
    assert set(METHODS) == {"auto", "accurate", "euler_maruyama", "milstein", *DETERMINISTIC}


# ------------------------------------------------------------------------------------------------------------ noise


class Bending(bs.Neuron):
    """A gain that is not linear: x = sinh(s W + asinh(x_0)), with the drift x s**2/2 in the sense of Ito."""

    equations = """
        dx/dt = drift*x*s**2/2 + s*sqrt(1 + x**2)*xi_w
        dw_path/dt = xi_w
    """
    drift: float = bs.parameter(1.0, "", "1 as Ito means it, 0 as Stratonovich")
    s: float = bs.parameter(0.5, "1/sqrt(ms)", "size")
    x: float = bs.initial(0.5, "", "value")
    w_path: float = bs.initial(0.0, "sqrt(ms)", "Wiener process")


class Alone(Bending):
    """The same path for `milstein`, which needs a separate noise in each equation: it has the same numbers."""

    equations = """
        dx/dt = drift*x*s**2/2 + s*sqrt(1 + x**2)*xi
        dw_path/dt = 0/dt
    """
    method = "milstein"


class NoisyEIF(bs.EIF):
    """EIF with white noise on v and no threshold; its Wiener process is recorded."""

    equations = """
        dv/dt = (g_l*(v_rest - v) + g_l*delta_t*exp((v - v_th)/delta_t))/c_m + sigma*xi_w
        dw_path/dt = xi_w
    """
    threshold, reset, conditions = "", "", ()
    sigma: float = bs.parameter(1.0, "mV/sqrt(ms)", "size of the noise")
    w_path: float = bs.initial(0.0, "sqrt(ms)", "Wiener process")


NOISE_DTS, CELLS = np.array([0.1, 0.05, 0.025, 0.0125]), 1000


@pytest.mark.filterwarnings("ignore:.*is too coarse")  # the largest of the steps
@pytest.mark.parametrize(("method", "drift"), [("euler_maruyama", 1.0), ("milstein", 1.0), ("heun", 0.0)])
def test_strong_order_with_a_gain_that_is_not_linear(method, drift):
    errors = []
    for dt in NOISE_DTS:
        recorded = by_method(Bending, "euler_maruyama" if method == "milstein" else method)(drift=drift)
        values, _ = run(recorded, 1.0, dt, n=CELLS, every=1.0)
        w = values["w_path"][-1]
        if method == "milstein":
            values, _ = run(Alone(), 1.0, dt, n=CELLS, every=1.0)
        errors.append(np.abs(values["x"][-1] - np.sinh(0.5 * w + np.arcsinh(0.5))).mean())
    step = step_of(Alone() if method == "milstein" else recorded)
    assert step.strong == {"euler_maruyama": 0.5, "milstein": 1, "heun": 1}[method]
    assert step.interpretation == ("Stratonovich" if method == "heun" else "Ito")
    assert np.polyfit(np.log(NOISE_DTS), np.log(errors), 1)[0] == pytest.approx(step.strong, abs=0.12), errors


def refined(w, dt, finer, seed):
    """Return a Wiener process, shape (times, cells), at `finer` times as many instants: Brownian bridges between."""
    rng = np.random.default_rng(seed)
    while finer > 1:
        middle = 0.5 * (w[1:] + w[:-1]) + 0.5 * np.sqrt(dt) * rng.standard_normal(w[1:].shape)
        both = np.empty((2 * len(w) - 1, w.shape[1]))
        both[::2], both[1::2] = w, middle
        w, dt, finer = both, dt / 2, finer // 2
    return w


def finest(cell, w, dt):
    """Return the end of the paths of v that the Wiener process w drives, by Heun's method at dt."""

    def drift(v):
        return cell.g_l * (cell.v_rest - v + cell.delta_t * np.exp((v - cell.v_th) / cell.delta_t)) / cell.c_m

    v = np.full(w.shape[1], cell.v_rest)
    for kick in cell.sigma * np.diff(w, axis=0):
        slope = drift(v)
        v = v + 0.5 * dt * (slope + drift(v + dt * slope + kick)) + kick
    return v


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["euler_maruyama", "heun"])
def test_strong_order_of_a_noisy_exponential_cell(method):
    """Against paths 64 times finer through the same points of the Wiener process."""
    cell, errors, dts = by_method(NoisyEIF, method)(t_ref=0.0), [], 8 * NOISE_DTS
    for dt in dts:
        values, result = run(cell, 8.0, dt, n=CELLS)
        assert result.stats["methods"]["cells"] == method
        true = finest(cell, refined(values["w_path"], dt, 64, seed=1), dt / 64)
        errors.append(np.abs(values["v"][-1] - true).mean())
    assert step_of(cell).strong == 1
    assert np.polyfit(np.log(dts), np.log(errors), 1)[0] == pytest.approx(1.0, abs=0.12), errors
