"""Curves: functions given by points, which equations call."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.testing import reference
from brainsim.testing.random_networks.own_models import Measured, Tabled
from brainsim.testing.verification.random_runs import TOLERANCES, compare
from tests.helpers.equations.single_cells import run
from tests.helpers.modules import need

X = [-80.0, -60.0, -59.5, -20.0, 30.0]
Y = [2.0, -1.0, 4.0, 4.5, -3.0]


class Read(bs.Neuron):
    """A cell that notes the value of a curve at its potential."""

    equations = "dv/dt = 0*v/tau"
    each_step = "y = f(v)"
    f = bs.parameter(bs.Curve(X, Y, of="mV"), "nS", "what is read")
    tau: float = bs.parameter(1.0, "ms", "unused")
    v: float = bs.initial(0.0, "mV", "membrane potential")
    y: float = bs.initial(0.0, "nS", "value")


@pytest.mark.parametrize("points", [2, 3, 5, 400])
def test_kernels_read_straight_lines_between_points_and_the_ends_beyond_them(points):
    rng = np.random.default_rng(points)
    curve = bs.Curve(np.cumsum(rng.uniform(0.01, 1.0, points)), rng.normal(size=points), of="mV")
    at = np.concatenate([curve.x, [-1e9, 1e9], rng.uniform(curve.x[0] - 1.0, curve.x[-1] + 1.0, 3000)])
    recorded, result = run(Read(f=curve), 0.2, n=at.size, initial={"v": at}, record=["y"])
    np.testing.assert_allclose(recorded["y"][-1], np.interp(at, curve.x, curve.y), atol=1e-12)
    assert np.array_equal(recorded["y"][-1], curve.at(at))
    assert result.stats["methods"]["cells"]


def test_single_precision_and_populations_with_curves_of_their_own():
    at, net = np.linspace(-90.0, 40.0, 500), bs.Network(seed=1)
    curves = [bs.Curve(X, Y, of="mV"), bs.Curve([-50.0, 0.0], [0.0, 1.0], of="mV")]
    for k, curve in enumerate(curves):
        net.add(bs.Population(500, Read(f=curve), name=f"p{k}", initial={"v": at}))
    for precision, close in (("double", 1e-12), ("single", 1e-5)):
        state = bs.simulate(net, 0.2, precision=precision).state.variables
        for k, curve in enumerate(curves):
            np.testing.assert_allclose(state[f"p{k}"]["y"], np.interp(at, curve.x, curve.y), rtol=close, atol=close)


def test_other_points_are_not_compiled():
    layouts = [bs.Simulation(_net(Read(f=bs.Curve(np.arange(n), np.arange(n), of="mV"))))._layout for n in (2, 50)]
    first, second = (layout.groups[0].kernel.text for layout in layouts)
    assert first == second


def test_what_is_not_a_number_stays_so():
    class Bad(Read):
        each_step = "y = f(v*log(-1))"

    with pytest.warns(UserWarning, match="cells.y: a variable ran away"):
        bs.simulate(_net(Bad()), 0.3)
    assert np.isnan(bs.Curve(X, Y).at(np.nan))


def _net(model, n=1):
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells"))
    return net


def network(weight=2.0):
    net = bs.Network(seed=3)
    cells = bs.Population(20, Tabled(), name="cells")
    sources = bs.Population(30, bs.Poisson(rate=40.0), name="sources")
    net.connect(sources, cells, bs.FixedProbability(0.3), weight=weight, delay=1.0, synapse=Measured())
    net.stimulate(cells, bs.CurrentInput(200.0))
    return net


@pytest.mark.parametrize("precision", ["double", "single"])
def test_the_reference_has_gates_thresholds_and_synapses_with_curves(precision):
    need("couplings")  # receptors of the reference
    tolerance, limit = TOLERANCES[precision]
    result = bs.simulate(network(), 60.0, seed=5, precision=precision)
    found = compare(reference.run(network(), 600, 0.1, 5, tolerance), result, 0.1, limit)
    assert found.failures == []
    assert found.spikes > 100
    other = bs.simulate(network(weight=0.0), 60.0, seed=5).spikes["cells"]
    assert other.times.size < result.spikes["cells"].times.size


def test_a_gate_given_by_points_is_that_of_its_formula():
    """With a thousand points, the error of straight lines is far below that of the step."""

    class Formula(Tabled):
        equations = """
            open = sigmoid((v + 55)/5)
            dv/dt = (g_l*(v_rest - v) + g*n**2*(e - v) + I)/c_m
            dn/dt = (open - n)/tau_n(v)
        """
        dimensions = False
        threshold = "v > -30"
        reset = "v = v_rest"
        n: float = bs.initial(0.1, "", "gate")

    class Points(Formula):
        equations = Formula.equations.replace("open = sigmoid((v + 55)/5)", "").replace("open - n", "steady(v) - n")
        x = np.linspace(-100.0, 0.0, 1000)
        steady = bs.parameter(bs.Curve(x, 1.0 / (1.0 + np.exp(-(x + 55.0) / 5.0)), of="mV"), "", "steady state")

    (first, _), (second, _) = (run(model, 100.0, current=150.0) for model in (Formula(), Points()))
    np.testing.assert_allclose(first["v"], second["v"], atol=2e-3)
    assert np.ptp(first["n"]) > 0.1


def test_couplings_read_curves_in_all_texts():
    need("couplings")

    class Released(bs.Coupling):
        source = "f(v)"
        current = "total*of_target(v)"
        pair = "w*shape(x)"
        weight_unit = "pA"
        f = bs.parameter(bs.Curve([-60.0, -40.0], [0.0, 1.0], of="mV"), "", "what is released")
        shape = bs.parameter(bs.Curve([0.0, 0.5, 1.0], [0.0, 0.1, 1.0]), "", "how it acts")
        of_target = bs.parameter(bs.Curve([-70.0, -50.0], [1.0, 0.0], of="mV"), "", "how the target takes it")

    before = bs.Population(2, bs.LI(), name="before", initial={"v": [-50.0, -45.0]})
    after = bs.Population(1, bs.LI(), name="after", initial={"v": -65.0})
    for order in (1, 2):
        net = bs.Network(seed=1)
        net.connect(before, after, bs.AllToAll(), weight=10.0, synapse=Released(order=order))
        net.stimulate(after, bs.CurrentInput(20.0))
        result = bs.simulate(net, 20.0, seed=1)
        run = reference.run(net, 200, 0.1, 1)
        assert compare(run, result, 0.1, 1e-9).failures == []
    alone = bs.simulate(_net(bs.LI()), 20.0).state.variables["cells"]["v"]
    assert result.state.variables["after"]["v"][0] > alone[0] + 0.5


def test_curves_change_in_a_run_and_are_saved(tmp_path):
    sim = bs.Simulation(_net(Read(), n=3), seed=1)
    sim.run(1.0)
    other = bs.Curve([-10.0, 10.0], [7.0, 9.0], of="mV")
    sim.set("cells", f=other)
    sim.run(1.0)
    assert sim.state["cells"]["y"].tolist() == [8.0] * 3
    sim.set("cells", f=2.5)
    sim.run(1.0)
    assert sim.state["cells"]["y"].tolist() == [2.5] * 3
    need("checkpoints")
    sim.set("cells", f=other)
    sim.save(tmp_path / "there.npz")
    again = bs.Simulation.load(_net(Read(), n=3), tmp_path / "there.npz")
    again.run(1.0)
    assert again.state["cells"]["y"].tolist() == [8.0] * 3


def test_initial_values_and_where_a_variable_rests():
    Model = bs.Neuron.of(  # noqa: N806 - a class
        """
        dv/dt = -v/tau : mV
        dm/dt = (m_inf(v) - m)/tau : 1
        tau = 10 ms
        v(0) = -30
        """,
        m_inf=bs.parameter(bs.Curve([-40.0, 0.0], [0.0, 1.0], of="mV"), "", "steady state"),
    )
    assert Model.initials["m"].default == "m_inf(v)"
    recorded, _ = run(Model(), 0.1)
    assert recorded["m"][0, 0] == 0.25


def test_a_curve_in_a_line_is_recorded():
    class Lines(Read):
        equations = "open = f(v)/g; dv/dt = -v*open/tau"
        g: float = bs.parameter(2.0, "nS", "scale")

    recorded, _ = run(Lines(), 5.0, initial={"v": -70.0}, record=["v", "open"])
    np.testing.assert_allclose(recorded["open"], 0.5 * np.interp(recorded["v"], X, Y), atol=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "of", "message"),
    [
        (
            [0.0, 1.0, 1.0],
            [1.0, 2.0, 3.0],
            "",
            r"x: must increase \(got 1 and then 1, points 1 and 2\); for a jump, take two",
        ),
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0], "", r"x: must increase \(got 2 and then 1.*sort both"),
        ([0.0, 1.0], [1.0, 2.0, 3.0], "", r"y: must have a value for each of the 2 points of x \(got 3 values\)"),
        ([0.0], [1.0], "", r"x: must be a list of 2 to 1048576 numbers"),
        (3.0, [1.0, 2.0], "", r"x: must be a list of 2"),
        ([[0.0, 1.0]], [1.0, 2.0], "", r"x: must be a list of 2"),
        ([0.0, np.nan], [1.0, 2.0], "", r"Curve.x.*finite"),
        ([0.0, 1.0], [1.0, np.inf], "", r"Curve.y.*finite"),
        ([0.0, 1.0], ["a", "b"], "", r"Curve.y"),
        ([0.0, 1.0], [1.0, 2.0], "V", r"Curve.of: unknown unit 'V'; 1 V is 1000 mV"),
    ],
)
def test_points_that_are_no_curve(x, y, of, message):
    with pytest.raises((TypeError, ValueError), match=message):
        bs.Curve(x, y, of=of)


def reading(text, of="mV", unit="nS"):
    curve = bs.parameter(bs.Curve(X, Y, of=of), unit, "curve")
    names = {"equations": text, "f": curve, "tau": bs.parameter(5.0, "ms", "time")}
    names |= {"g": bs.parameter(1.0, "nS", "scale"), "v": bs.initial(0.0, "mV", "potential")}
    annotations = {"f": "object", "tau": float, "g": float, "v": float}
    return type("Model", (bs.Neuron,), names | {"__annotations__": annotations})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dv/dt = -v*f/(g*tau)", r"f is a Curve, a function of one variable; write f\(v\)"),
        ("dv/dt = -v*f(v, 1)/(g*tau)", r"f is a Curve, a function of one variable; write f\(v\)"),
        ("dv/dt = -v*f()/(g*tau)", r"f is a Curve, a function of one variable; write f\(v\)"),
        ("dv/dt = -v*f(tau)/(g*tau)", r"f is a Curve of what is in mV, but 'tau' is in ms"),
        ("dv/dt = -v*f(3)/(g*tau)", r"f is a Curve of what is in mV, but '3' is .*plain number"),
        ("dv/dt = -v*f(v)/tau", r"dv/dt is in mV/ms, but this is in"),
        (
            "dv/dt = -v*h(v)/(g*tau)",
            r"unknown function 'h'.*a function given by points is a parameter, h = bs.parameter\(bs.Curve",
        ),
        ("dv/dt = -v*f(v > 0)/(g*tau)", r"comparison is not a number"),
    ],
)
def test_mistakes_in_equations(text, message):
    with pytest.raises(bs.EquationError, match=message):
        reading(text)


def test_mistakes_in_values():
    with pytest.raises(TypeError, match=r"Curve: y is missing; a function is given by points: x = np.linspace"):
        bs.Curve(lambda v: 2.0 * v)
    with pytest.raises(ValueError, match=r"Read.f: must be a Curve of='mV' \(got one without of=\)"):
        Read(f=bs.Curve(X, Y))
    with pytest.raises(TypeError, match=r"Read.f: must be a Curve or a number in nS \(got \[1, 2\]\)"):
        Read(f=[1, 2])
    with pytest.raises(TypeError, match=r"LIF.tau_m: must be one number or one per cell .*equations read it as name\(v\)"):
        bs.LIF(tau_m=bs.Curve(X, Y))
    with pytest.raises(ValueError, match=r"Tabled.tau_n: must be > 0 ms"):
        Tabled(tau_n=bs.Curve([0.0, 1.0], [1.0, 0.0], of="mV"))
    with pytest.raises(ValueError, match="closer than single precision can tell"):
        bs.simulate(_net(Read(f=bs.Curve([1.0, 1.0 + 1e-12], [1.0, 2.0], of="mV"))), 1.0, precision="single")
    with pytest.raises(AttributeError, match="frozen"):
        Read().f.x = 1.0


def test_what_cannot_have_curves_says_so():
    need("plasticity")
    texts = {"on_pre": "w = w + f(w)", "f": bs.parameter(bs.Curve(X, Y), "", "curve")}
    with pytest.raises(TypeError, match="a rule reads neither the time nor a Curve"):
        type("Rule", (bs.Plasticity,), texts)
    cells = bs.Population(2, Tabled(), name="cells")
    net = bs.Network(seed=1)
    net.connect(
        bs.Population(3, bs.SpikeTrains([1.0], [0])), cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Exponential()
    )
    with pytest.raises(ValueError, match=r"'cells': Tabled: .* is a Curve, whose corners .*; write it as a formula"):
        bs.learn.Trainer(net, cells, loss="count")
