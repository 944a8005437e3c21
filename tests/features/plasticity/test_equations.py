"""Rules of plasticity: which variables are traces, what their equations become, units, and each mistake with its message."""

import ast

import pytest

import brainsim as bs
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.expressions.units import unit
from brainsim.equations.parsed import Declared
from brainsim.features.plasticity.equations.parser import parse_plasticity
from brainsim.features.plasticity.equations.rule_variables import relaxation

PARAMETERS = {"tau": "ms", "a": "", "b": "weight", "w_max": "weight", "slow": "ms"}
PAIR = {
    "equations": "dx/dt = -x/tau\ndy/dt = -y/tau",
    "on_pre": "w = w - b*y; x = x + 1",
    "on_post": "w = w + b*x; y = y + 1",
}


def parsed(variables="xyz", per_synapse=(), dimensions=True, initials=None, **texts):
    """Parse a rule with the pair rule's texts unless given otherwise; its variables are plain numbers."""
    declared = Declared(PARAMETERS, dict.fromkeys(variables, ""), dimensions=dimensions)
    return parse_plasticity("Mine", declared, initials=initials, per_synapse=frozenset(per_synapse), **PAIR | texts)


def text(part):
    """Return trees as texts, in tuples and dicts."""
    if isinstance(part, dict):
        return {name: text(tree) for name, tree in part.items()}
    if isinstance(part, tuple):
        return tuple(map(text, part))
    return ast.unparse(part) if isinstance(part, ast.AST) else part


class TestClassification:
    def test_a_pair_rule_has_two_traces(self):
        e = parsed()
        assert (e.pre_traces, e.post_traces, e.variables) == (("x",), ("y",), ())
        assert text(e.pre_jumps) == (("x", "x + 1"),)
        assert text(e.post_jumps) == (("y", "y + 1"),)
        assert text(e.on_pre) == (("w", "w - b * y"),)
        assert text(e.on_post) == (("w", "w + b * x"),)
        assert text(e.amplitude) == "w"
        assert e.bounds == (None, None)
        assert e.parameters == ("tau", "b")
        assert e.changes_weights

    def test_a_weight_is_computed_if_nothing_but_one_line_between_spikes_assigns_it(self):
        e = parsed(equations="", between="w = b*z", on_pre="z = z + 1", on_post="z = z - a")
        assert text(e.computed_weight) == "b * z"
        assert text(tuple(e.followed)) == ("z", "b", "0.0")
        for texts in ({"on_pre": "z = z + 1; w = w + b"}, {"between": "w = b*z; w = w + b"}):
            given = {"equations": "", "between": "w = b*z", "on_pre": "z = z + 1", "on_post": "z = z - a"}
            assert parsed(**given | texts).computed_weight is None

    def test_traces_may_depend_on_traces_of_their_side(self):
        e = parsed(on_pre="z = x*a; x = x + z; w = w + b*z")
        assert e.pre_traces == ("x", "z")
        assert text(e.pre_jumps) == (("z", "x * a"), ("x", "x + z"))
        assert text(e.on_pre) == (("w", "w + b * z__new"),)

    @pytest.mark.parametrize(
        "texts",
        [
            {"on_pre": "z = z + y; w = w + b*z; x = x + 1"},  # reads the other side
            {"on_pre": "z = z + w/b; x = x + 1"},  # reads the weight
            {"on_pre": "z = z + 1; x = x + 1", "on_post": "z = 0; w = w + b*x; y = y + 1"},  # assigned on both sides
            {"on_post": "w = w + b*(x - z); z = x; y = y + 1"},  # set from a trace of the other side
        ],
    )
    def test_all_else_belongs_to_the_synapse(self, texts):
        e = parsed(**texts)
        assert (e.pre_traces, e.post_traces, e.variables) == (("x",), ("y",), ("z",))

    def test_what_depends_on_a_variable_of_the_synapse_is_one(self):
        e = parsed("xyzuv"[:4], on_pre="z = y; u = u + z; x = x + 1; w = w + b*u")
        assert e.variables == ("z", "u")
        assert e.pre_traces == ("x",)

    @pytest.mark.parametrize(
        ("texts", "initials"),
        [
            ({"on_pre": "x = x + a; w = w - b*y"}, {}),
            ({"equations": "dx/dt = -x/(a*tau)\ndy/dt = -y/tau"}, {}),
            ({"equations": "dx/dt = (a - x)/tau\ndy/dt = -y/tau"}, {}),
            ({}, {"x": "a"}),
        ],
    )
    def test_no_trace_depends_on_a_parameter_that_differs_between_synapses(self, texts, initials):
        assert parsed(initials=initials, **texts).pre_traces == ("x",)
        e = parsed(per_synapse=("a",), initials=initials, **texts)
        assert (e.pre_traces, e.post_traces, e.variables) == ((), ("y",), ("x",))
        assert [name for name, _ in e.on_pre].count("x") == 1
        assert e.pre_jumps == ()

    def test_variables_that_no_text_names_are_dropped(self):
        e = parsed("xyzk")
        assert set(e.initials) == {"x", "y"}
        assert set(e.units) == {"w", "x", "y"}


class TestPlaces:
    """Where a trace is read: before its jump or after it."""

    def test_before_and_after_the_jump(self):
        e = parsed(on_pre="w = w + b*x; x = x + 1; w = w - b*x; w = w + b*y", amplitude="w*(1 + a*x - y)")
        assert text(e.on_pre) == (("w", "w + b * x"), ("w", "w - b * x__new"), ("w", "w + b * y"))
        assert text(e.amplitude) == "w * (1 + a * x__new - y)"

    def test_traces_of_the_other_cell_are_as_before(self):
        e = parsed(on_post="y = y + 1; w = w + b*(x + y)")
        assert text(e.on_post) == (("w", "w + b * (x + y__new)"),)

    def test_two_assignments(self):
        e = parsed(on_pre="w = w + b*x; x = a*x; x = x + 1; w = w - b*x")
        assert text(e.on_pre) == (("w", "w + b * x"), ("w", "w - b * x__new"))
        message = r"Mine.on_pre: this reads 'x' between two assignments of it; assign x once\n    w = w - b\*x"
        with pytest.raises(EquationError, match=message):
            parsed(on_pre="x = a*x; w = w - b*x; x = x + 1")


class TestRelaxation:
    @pytest.mark.parametrize(
        ("equation", "rate", "limit"),
        [
            ("-x/tau", "1.0 / tau", "0.0"),
            ("(1 - x)/tau", "1.0 / tau", "1"),
            ("(a - x)/tau", "1.0 / tau", "a"),
            ("(a - x)*c", "c", "a"),
            ("c*(a - x)", "c", "a"),
            ("-(x - a)/tau", "1.0 / tau", "a"),
            ("a/tau - x/tau", "1.0 / tau", "a / tau / (1.0 / tau)"),
            ("-2*(x - 1)", "2 * 1.0", "1"),
        ],
    )
    def test_rate_and_limit(self, equation, rate, limit):
        parts = relaxation(lang.parse_expression(equation, "x"), "x")
        values = {"tau": 4.0, "a": 3.0, "c": 0.5, "x": 10.0}
        assert lang.evaluate(parts[0], values) == lang.evaluate(lang.parse_expression(rate, "x"), values)
        assert lang.evaluate(parts[1], values) == lang.evaluate(lang.parse_expression(limit, "x"), values)
        right = lang.evaluate(lang.parse_expression(equation, "x"), values)
        assert lang.evaluate(parts[0], values) * (lang.evaluate(parts[1], values) - 10.0) == pytest.approx(right, rel=1e-14)

    def test_a_time_constant_of_zero_is_an_infinite_rate(self):
        e = parsed(equations="dx/dt = (1 - x)/tau\ndy/dt = -y/tau")
        assert text(e.rates) == {"x": "1.0 / tau", "y": "1.0 / tau"}
        assert text(e.limits) == {"x": "1", "y": "0.0"}

    def test_a_variable_without_equation_is_constant(self):
        e = parsed(equations="dx/dt = -x/tau")
        assert set(e.rates) == set(e.limits) == {"x"}
        assert set(parsed(equations="dx/dt = -x/tau; dy/dt = 0").rates) == {"x"}

    def test_lines_of_parameters_are_substituted(self):
        e = parsed(equations="c = a*b\nq = c + b\ndx/dt = -x/tau; dy/dt = -y/tau", on_pre="w = w + q*y; x = x + 1")
        assert text(e.on_pre) == (("w", "w + (a * b + b) * y"),)
        assert e.parameters == ("tau", "a", "b")


def test_bounds_and_initial_values():
    e = parsed(bounds=("0", "w_max"), initials={"x": "2*a", "y": 3})
    assert text(e.bounds) == ("0", "w_max")
    assert text(e.initials) == {"x": "2 * a", "y": 3.0}
    assert e.parameters == ("tau", "a", "b", "w_max")
    assert parsed(bounds=["", "w_max"]).bounds[0] is None


def test_short_term_plasticity_changes_no_weight():
    e = parsed(equations="dx/dt = (1 - x)/tau", on_pre="z = a*x; x = x - z", on_post="", amplitude="w*z")
    assert not e.changes_weights
    assert (e.pre_traces, e.on_pre, e.on_post) == (("x", "z"), (), ())
    assert text(e.amplitude) == "w * z__new"


class TestUnits:
    def test_the_weight_has_a_unit_of_its_own(self):
        e = parsed()
        assert str(e.units["w"]) == "weight"
        assert str(unit("weight/ms", "x")) == "weight/ms"
        assert unit("weight*ms/ms", "x").of_weight
        assert not unit("mV", "x").of_weight
        assert parsed(dimensions=False, on_pre="w = w - a; x = x + 1").units == {}

    @pytest.mark.parametrize(
        ("texts", "message"),
        [
            (
                {"on_pre": "w = w - a*y; x = x + 1"},
                "Mine.on_pre: 'w' is in units of weight, but 'a \\* y' is a plain number",
            ),
            ({"on_pre": "x = x + w"}, "Mine.on_pre: 'x' is a plain number, but 'w' is in units of weight"),
            ({"equations": "dx/dt = -x; dy/dt = -y/tau"}, r"dx/dt is in 1/ms, but this is a plain number"),
            ({"amplitude": "a*x"}, "Mine.amplitude: the amplitude is in units of weight, but this is a plain number"),
            ({"bounds": ("", "tau")}, "Mine.bounds: a bound of w is in units of weight, but this is in ms"),
        ],
    )
    def test_wrong_units(self, texts, message):
        with pytest.raises(EquationError, match=message):
            parsed(**texts)


# text that is wrong -> parts of the message
MISTAKES = [
    ({"equations": "dw/dt = -w/tau"}, "Mine.equations: dw/dt must be a variable of the synapse that decays to 0"),
    ({"equations": "dx/dt = -x**2/tau"}, "Mine.equations: dx/dt is not linear in x: between spikes a variable must relax"),
    ({"equations": "dx/dt = 1/(tau*x)"}, "Mine.equations: dx/dt is not linear in x: between spikes a variable must relax"),
    ({"equations": "dx/dt = 1/tau"}, "Mine.equations: dx/dt does not depend on x: between spikes"),
    (
        {"equations": "dx/dt = -y/tau"},
        "Mine.equations: this depends on 'y': between spikes a variable must relax on its own",
    ),
    ({"equations": "dx/dt = (w/b - x)/tau"}, "Mine.equations: this depends on 'w': between spikes"),
    ({"equations": "dx/dt = -x/tau*y"}, "Mine.equations: this depends on 'y'"),
    ({"equations": "c = a*y; dx/dt = -x/tau"}, "Mine.equations: this depends on 'y': a line 'name = ...' may contain param"),
    ({"equations": "dx/dt = -x/tua"}, "Mine.equations: unknown name 'tua'; did you mean 'tau'?"),
    ({"equations": "dX/dt = -X/tau"}, "Mine.X: has an equation but no initial value; did you mean 'x'?"),
    ({"equations": "dtau/dt = -tau"}, "Mine.tau: has an equation, so it is not a parameter"),
    ({"equations": "dx/dt = -x/tau\ndz/dt = -z/tau"}, "Mine.z: is never assigned in on_pre or on_post; write z = ..."),
    ({"equations": "dx/dt = (xi - x)/tau"}, "Mine.equations: 'xi' belongs to the cell"),
    ({"on_pre": "W = w + b"}, "Mine.on_pre: 'W' is not a variable; did you mean 'w'?"),
    ({"on_pre": "ww = w + b"}, "Mine.on_pre: 'ww' is not a variable"),
    ({"on_pre": "b = b + w"}, "Mine.on_pre: 'b' is not a variable, but a parameter, which does not change"),
    ({"on_pre": "w = w - b*yy; x = x + 1"}, "Mine.on_pre: unknown name 'yy'; did you mean 'y'?"),
    ({"on_post": "w = w + b*v"}, "Mine.on_post: 'v' belongs to a cell: that of the target is v_post"),
    ({"on_post": "w = w + b*v_post"}, "Mine.on_post: 'w' is in units of weight, but 'b * v_post' is in units of mV*weight"),
    (
        {"on_pre": "w = w + b*v_pre"},
        "Mine.on_pre: variables of the source such as 'v' cannot be read: a synapse knows its spikes only; "
        "what a source gives in each step is pre in a bs.RatePlasticity, of a bs.Coupling with source = 'v'",
    ),
    ({"on_post": "v_post = 1"}, "Mine.on_post: 'v_post' is not a variable: a rule does not change the target cell"),
    ({"on_pre": "w = w + b*t/tau"}, "Mine.on_pre: a rule cannot read the time: write a variable that decays"),
    ({"on_pre": "w = w + b*dt/tau"}, "Mine.on_pre: a rule cannot read the time"),
    ({"amplitude": "w*rand()"}, "Mine.amplitude: random numbers are allowed only in on_pre, on_post and between"),
    ({"on_pre": "w = w > b"}, "Mine.on_pre: a comparison is not a number"),
    ({"on_pre": "w - b"}, "Mine.on_pre: needs one '=' with something on both sides"),
    ({"amplitude": "w*u"}, "Mine.amplitude: unknown name 'u'"),
    ({"amplitude": "w; w"}, "Mine.amplitude: this is not an expression"),
    ({"bounds": ("0", "w")}, "Mine.bounds: this depends on 'w': a bound may contain parameters"),
    ({"bounds": ("0", "w_mx")}, "Mine.bounds: unknown name 'w_mx'; did you mean 'w_max'?"),
    ({"initials": {"x": "y"}}, "Mine.x: this depends on 'y': an initial value may contain parameters"),
    ({"initials": {"x": "b"}}, "Mine.x: 'x' is a plain number, but this is in units of weight"),
]


@pytest.mark.parametrize(("texts", "message"), MISTAKES, ids=[message[:60] for _, message in MISTAKES])
def test_mistakes(texts, message):
    with pytest.raises(EquationError) as caught:
        parsed(**texts)
    assert str(caught.value).startswith(message)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("bounds", ["w_max", ("0",), ("0", 1.0), None])
def test_bounds_are_two_texts(bounds):
    with pytest.raises(
        TypeError, match=r'Mine.bounds: must be a pair of strings, such as \("0", "w_max"\); "" means no bound'
    ):
        parsed(bounds=bounds)


def test_an_initial_value_is_the_same_for_all_synapses():
    with pytest.raises(
        TypeError, match="Mine.x: must be a number or an expression of parameters, the same for all synapses"
    ):
        parsed(initials={"x": bs.Uniform(0.0, 1.0)})
