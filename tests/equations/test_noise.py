"""Noise: white noise and the Ornstein-Uhlenbeck process against their theory, and the orders of the methods."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.own_models import Process
from tests.helpers.equations.single_cells import by_method, run, step_of

N = 20_000
# a variance estimated from N normal numbers has the relative deviation sqrt(2/N) = 1 %; four of these
CLOSE = 4 * np.sqrt(2 / N)


class Walk(bs.Neuron):
    """White noise added up: variance sigma**2*t; the same noise in two variables, and one of its own in each."""

    equations = """
        dx/dt = sigma*xi
        dy/dt = sigma*xi
        da/dt = sigma*xi_common
        db/dt = -2*sigma*xi_common
    """
    sigma: float = bs.parameter(0.5, "mV/sqrt(ms)", "size")
    x: float = bs.initial(0.0, "mV", "one")
    y: float = bs.initial(0.0, "mV", "another")
    a: float = bs.initial(0.0, "mV", "with the others' noise")
    b: float = bs.initial(0.0, "mV", "with the others' noise")


class Chain(bs.Neuron):
    """Coloured noise into a membrane: a two-dimensional linear system whose stationary covariance is known."""

    equations = """
        dv/dt = -v/tau_v + z/tau_z
        dz/dt = -z/tau_z + sigma*sqrt(2/tau_z)*xi
    """
    tau_v: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    tau_z: float = bs.parameter(4.0, "ms", "time constant of the noise", above=0.0)
    sigma: float = bs.parameter(1.0, "mV", "size")
    v: float = bs.initial(0.0, "mV", "potential")
    z: float = bs.initial(0.0, "mV", "noise")


@pytest.mark.thorough_but("[exact")
@pytest.mark.parametrize(
    ("method", "dt"),
    [("exact", 0.1), ("exact", 2.0), ("exponential_euler", 2.0), ("heun", 0.1), ("euler_maruyama", 0.1), ("milstein", 0.1)],
)
def test_variance_and_autocorrelation_of_a_process(method, dt):
    """In the stationary state; exact methods hold at any dt, the others have their known variance at theirs."""
    values, result = run(by_method(Process, method)(), 50.0, dt, n=N)
    v = values["v"]
    assert result.stats["methods"]["cells"] == method
    h = dt / 5.0
    decay = {"exact": np.exp(-h), "exponential_euler": np.exp(-h), "heun": 1 - h + h * h / 2}.get(method, 1 - h)
    size = {"heun": 2 * h * (1 - h / 2) ** 2, "exact": 1 - decay**2, "exponential_euler": 1 - decay**2}.get(method, 2 * h)
    assert v[-1].var() == pytest.approx(9.0 * size / (1 - decay**2), rel=CLOSE)
    assert abs(v[-1].mean()) < 4 * 3.0 / np.sqrt(N)
    for lag in (1, round(4.0 / dt)):
        correlation = np.corrcoef(v[-1 - lag], v[-1])[0, 1]
        assert correlation == pytest.approx(decay**lag, abs=4 / np.sqrt(N))


@pytest.mark.thorough
@pytest.mark.parametrize("dt", [0.1, 4.0])
def test_exponential_euler_has_the_variance_of_the_held_equation(dt):
    """The slope is a variable of an equation that is not linear, and stands at 1: a process, but by no exact method."""

    class Modulated(Process):
        equations = """
            dv/dt = -g*v/tau + sigma*sqrt(2/tau)*xi
            dg/dt = (2/(1 + g) - g)/tau
        """
        g: float = bs.initial(1.0, "", "slope")

    values, result = run(Modulated(), 48.0, dt, n=N)
    assert result.stats["methods"]["cells"] == "exponential_euler"
    assert values["v"][-1].var() == pytest.approx(9.0, rel=CLOSE)
    correlation = np.corrcoef(values["v"][-2], values["v"][-1])[0, 1]
    assert correlation == pytest.approx(np.exp(-dt / 5.0), abs=4 / np.sqrt(N))


@pytest.mark.thorough
def test_the_kurtosis_and_tails_are_normal():
    values, _ = run(Walk(), 1.0, 1.0, n=200_000)
    z = values["x"][-1] / values["x"][-1].std()
    assert np.mean(z**4) == pytest.approx(3.0, abs=4 * np.sqrt(96 / z.size))
    assert np.mean(np.abs(z) > 3) == pytest.approx(0.0026998, abs=4 * np.sqrt(0.0027 / z.size))


@pytest.mark.thorough_but("[heun]")
@pytest.mark.parametrize("method", ["exact", "exponential_euler", "heun", "euler_maruyama"])
def test_white_noise_is_independent_unless_it_is_named(method):
    values, _ = run(by_method(Walk, method)() if method != "exponential_euler" else Walk(), 20.0, 0.5, n=N)
    ends = {name: v[-1] for name, v in values.items()}
    for name, scale in (("x", 1), ("y", 1), ("a", 1), ("b", 4)):
        assert ends[name].var() == pytest.approx(scale * 0.25 * 20.0, rel=CLOSE)
    np.testing.assert_allclose(ends["b"], -2 * ends["a"], rtol=0, atol=1e-13)
    for one, other in (("x", "y"), ("x", "a"), ("y", "a")):
        assert abs(np.corrcoef(ends[one], ends[other])[0, 1]) < 4 / np.sqrt(N)
    moves = np.diff(values["x"], axis=0)
    assert abs(np.corrcoef(moves[3], moves[4])[0, 1]) < 4 / np.sqrt(N)
    assert abs(np.corrcoef(moves[3][:-1], moves[3][1:])[0, 1]) < 4 / np.sqrt(N)


@pytest.mark.parametrize("dt", [0.5, 4.0])
def test_coloured_noise_has_its_covariance_at_any_dt(dt):
    """The Lyapunov equation A Q + Q A' + G G' = 0; exact, also if dt is longer than the time constants."""
    from scipy.linalg import solve_continuous_lyapunov

    values, result = run(Chain(), 100.0, dt, n=N)
    assert result.stats["methods"]["cells"] == "exact"
    a, g = np.array([[-0.1, 0.25], [0.0, -0.25]]), np.array([[0.0], [np.sqrt(2 / 4.0)]])
    expected = solve_continuous_lyapunov(a, -g @ g.T)
    found = np.cov(values["v"][-1], values["z"][-1])
    np.testing.assert_allclose(found, expected, rtol=2 * CLOSE)


def test_stated_orders_with_noise():
    assert (step_of(Process()).strong, step_of(Process()).weak, step_of(Process()).order) == (0, 0, 0)
    assert step_of(by_method(Process, "euler_maruyama")()).strong == 1
    assert step_of(by_method(Process, "euler_maruyama")()).interpretation == ""
    assert step_of(by_method(Walk, "heun")()).strong == 0.5
    assert step_of(bs.LIF()).strong is None


def test_a_frozen_variable_gets_no_noise():
    class Firing(Process):
        threshold = "v >= v_th"
        reset = "v = v_th - sigma"
        v_th: float = bs.parameter(2.0, "mV", "threshold")
        t_ref: float = bs.parameter(3.0, "ms", "refractory time")

    values, result = run(Firing(), 40.0, n=50)
    spikes = result.spikes["cells"]
    assert len(spikes) > 50
    for time, cell in zip(spikes.times, spikes.ids, strict=True):
        k = round(time / 0.1)
        assert np.all(values["v"][k : k + 31, cell] == -1.0)
        assert k + 31 >= len(values["v"]) or values["v"][k + 31, cell] != -1.0


def test_random_numbers_in_a_reset_are_new_each_time():
    class Jumping(bs.Neuron):
        equations = "dv/dt = 1*speed"
        threshold = "v >= v_th + v_th*rand()"
        reset = "v = v_th*(randn() - 5); u = rand(); y = randn() + rand()"
        speed: float = bs.parameter(1.0, "mV/ms", "speed")
        v_th: float = bs.parameter(1.0, "mV", "threshold")
        v: float = bs.initial(0.0, "mV", "potential")
        u: float = bs.initial(0.0, "", "uniform")
        y: float = bs.initial(0.0, "", "a sum")

    values, result = run(Jumping(), 400.0, n=100)
    spikes = result.spikes["cells"]
    at = np.rint(spikes.times / 0.1).astype(int), spikes.ids
    v, u, y = (values[name][at] for name in ("v", "u", "y"))
    count = v.size
    assert count > 5000
    assert len(np.unique(u)) == count
    assert (v.mean(), v.std()) == (pytest.approx(-5.0, abs=4 / np.sqrt(count)), pytest.approx(1.0, rel=4 / np.sqrt(count)))
    assert u.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / count))
    assert y.var() == pytest.approx(1 + 1 / 12, rel=6 / np.sqrt(count))
    for one, other in ((v, u), (v, y), (u, y)):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(count)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt = xi**2", "xi must enter linearly"),
        ("dv/dt = exp(xi_a)", "xi_a must enter linearly"),
        ("a = sigma*xi\ndv/dt = a", "the noise xi is allowed only in lines 'dx/dt = ...'"),
    ],
)
def test_noise_in_the_wrong_place(equations, message):
    with pytest.raises(ValueError, match=message):
        type("Mine", (Process,), {"equations": equations, "dimensions": False})
    for field in ("threshold", "reset", "refractory"):
        with pytest.raises(ValueError, match=r"unknown name 'xi'|xi"):
            type("Mine", (Process,), {field: "v = xi" if field == "reset" else "v > xi"})


@pytest.mark.parametrize("name", ["xi", "xi_a"])
def test_a_parameter_is_not_called_as_the_noise(name):
    with pytest.raises(ValueError, match="reserved in equations"):
        type("Mine", (Process,), {name: bs.parameter(1.0, "", "x")})
