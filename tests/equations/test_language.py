"""The language of equations: what texts mean, and what messages say."""

import ast
import contextlib
import random
import sys

import numpy as np
import pytest

from brainsim.equations import model_parser as tx
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from tests.helpers.equations.expressions import compiled

PLAIN = tx.Declared({"k": ""}, {"v": ""}, dimensions=False)


def value(text, **names):
    return lang.evaluate(lang.parse_expression(text, "here"), names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4", 14.0),
        ("(2 + 3)*4", 20.0),
        ("-2**2", -4.0),
        ("2**-1", 0.5),
        ("2**3**2", 512.0),
        ("8/4/2", 1.0),
        ("2 - 3 - 4", -5.0),
        ("-x**2", -9.0),
        ("+x", 3.0),
        ("1e3", 1000.0),
        ("1_000", 1000.0),
        ("x if x > 2 else 0", 3.0),
        ("where(x > 2 and x < 4, 1, 0)", 1.0),
        ("where(not x > 2 or x == 3, 1, 0)", 1.0),
        ("min(x, 2) + max(x, 2)", 5.0),
        ("clip(x, 0, 1)", 1.0),
        ("clip(-x, 0, 1)", 0.0),
        ("abs(-x)", 3.0),
        ("sign(-x)", -1.0),
        ("floor(2.7)", 2.0),
        ("exp(log(x))", 3.0),
        ("sigmoid(0)", 0.5),
        ("sigmoid(log(x))", 0.75),
        ("exprel(0)", 1.0),
        ("exprel(log(x))", 2 / np.log(3)),
        ("x/exprel(log(x))", 3 * np.log(3) / 2),
        ("x**0.5", 3**0.5),
        ("x**-2", 1 / 9),
        ("x**6 - (-x)**5", 972.0),
        ("x**1.5", 3**1.5),
        ("x**y", 81.0),
        ("(x - 5)**3", -8.0),
        ("expm1(0) + log1p(0) + tanh(0) + sin(0)", 0.0),
        ("sqrt(4)*cos(0)", 2.0),
        ("cosh(x)**2 - sinh(x)**2 + cosh(0)", 2.0),
        ("log10(1000)*tan(0) + log10(x/3*1e5)", 5.0),
        ("sinh(arcsin(0)) + arccos(1) + 4*arctan(1)", np.pi),
        ("ceil(2.2) - ceil(-2.2) + floor(2.8)", 7.0),
        ("y % x + 10*(-y % x) + 100*(y % -x)", 1.0 + 20.0 - 200.0),
        ("2*y // x + 10*(-y // x)", 2.0 - 20.0),
        ("10 - y % x*2 - (x + y) // 2 % 2", 10.0 - 2.0 - 1.0),
    ],
)
def test_values(text, expected):
    tree = lang.parse_expression(text, "here")
    assert float(lang.evaluate(tree, {"x": 3.0, "y": 4.0})) == pytest.approx(expected, rel=1e-15)
    assert compiled(tree, ("x", "y"))(3.0, 4.0) == pytest.approx(expected, rel=4e-16)


def test_lines():
    derivatives, algebraic = lang.parse_equations(
        """
        # the membrane
        dv/dt = (v_rest - v)/tau_m   # leak
        minf = 1/(1 + exp(
            -v  # in brackets an equation continues
        ))

        du / dt=0
        """,
        "here",
    )
    assert list(derivatives) == ["v", "u"]
    assert ast.unparse(derivatives["v"]) == "(v_rest - v) / tau_m"
    assert ast.unparse(algebraic["minf"]) == "1 / (1 + exp(-v))"
    assert lang.parse_equations("", "here") == lang.parse_equations("# nothing\n\n", "here") == ({}, {})


def test_assignments():
    result = lang.parse_assignments("v = c; u += d\n v -= 1 + 2; u *= a + b; v /= 2 # end", "here")
    assert [(name, ast.unparse(tree)) for name, tree in result] == [
        ("v", "c"),
        ("u", "u + d"),
        ("v", "v - (1 + 2)"),
        ("u", "u * (a + b)"),
        ("v", "v / 2"),
    ]
    assert lang.parse_assignments("", "here") == []


def cell_of(equations, **given):
    return tx.parse_cell("here", PLAIN, equations=equations, **given)


def test_algebraic_lines_stay_lines_in_the_equations_and_are_put_in_elsewhere():
    cell = cell_of("b = 2*a\na = v + k\ndv/dt = b - a", threshold="b > 3", reset="v = a")
    assert ast.unparse(cell.derivatives["v"]) == "b - a"
    assert list(cell.algebraic) == ["a", "b"]  # in the order in which they can be computed
    assert ast.unparse(cell.threshold) == "2 * (v + k) > 3"
    assert ast.unparse(cell.reset[0][1]) == "v + k"


def test_lines_that_double_are_rejected_when_they_are_inserted():
    """Sixty short lines could else stand for 2**60 terms; in the equations, where they stay lines, they do no harm."""
    doubling = "\n".join(["a0 = v + v", *(f"a{n} = a{n - 1} + a{n - 1}" for n in range(1, 60)), "dv/dt = a59"])
    nesting = "\n".join(["a0 = exp(v)", *(f"a{n} = exp(-a{n - 1})" for n in range(1, 400)), "dv/dt = a399"])
    for text, last in ((doubling, "a59"), (nesting, "a399")):
        cell_of(text)
        with pytest.raises(EquationError, match="too large after the lines"):
            cell_of(text, threshold=f"{last} > 3")


def test_lines_that_need_each_other_are_rejected():
    with pytest.raises(EquationError, match="'a', 'b' need each other"):
        cell_of("a = b\nb = a + v\ndv/dt = a")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x + open('f')", "here: unknown function 'open'; available: exp, "),
        ("x.real + 1", "here: 'x.real' is not arithmetic: "),
        ("x + 'a'", "here: only numbers up to 1e308 are allowed here (got \"'a'\")|    x + 'a'|        ^"),
        ("x + True", "here: only numbers up to 1e308 are allowed here (got 'True')|    x + True|        ^"),
        ("x + 1j", "here: only numbers up to 1e308 are allowed here (got '1j')|    x + 1j|        ^"),
        ("τ*x + _y", "here: a name must not start with '_' or contain '__' (got '_y')|    τ*x + _y|          ^"),
        ("x + (y", "here: this bracket is never closed|    x + (y|        ^"),
        ("x + y)*2", "here: this bracket was never opened|    x + y)*2|         ^"),
        ("1 < x < 2", "here: compare two at a time: 'a < x and x < b'|    1 < x < 2|    ^"),
        ("x +", "here: this is not an expression; put an expression of several lines in brackets|    x +"),
        ("max(x)", "here: max takes 2 arguments (got 1)|    max(x)|    ^"),
        ("exp(x=1)", "here: exp takes 1 argument (got 0)|    exp(x=1)|    ^"),
        ("x\ny", "here: must be one expression (got 2 lines); put an expression of several lines in brackets"),
        ("", "here: must be one expression (got 0 lines)"),
        ("x" * 5000, "here: longer than 4000 characters; break it into lines"),
        ("x" + " + x" * 250, "here: a sum or product of more than 200 terms and brackets; break it into lines 'name = ...'"),
        ("-" * 100 + "x", "here: nested deeper than 60 levels"),
        ("1" + "0" * 400, "here: only numbers up to 1e308 are allowed here"),
    ],
)
def test_messages_show_the_line_and_the_place(text, shown):
    with pytest.raises(EquationError) as caught:
        lang.parse_expression(text, "here")
    assert str(caught.value).replace("\n", "|").startswith(shown), str(caught.value)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt", "one '='"),
        ("dv/dt = ", "something on both sides"),
        ("3 = v", "an equation is"),
        ("v == 3", "one '='"),
        ("dv/dt = -v\ndv/dt = v", "two equations"),
        ("import os", "one '='"),
        ("dv__x/dt = 1", "an equation is"),
        ("f(v) = 3", "an equation is"),
        ("dv/dt = v := 3", "not an expression"),
        ("dv/dt = a" + " " * 5000 + "b", "longer"),
    ],
)
def test_texts_that_are_not_equations(equations, message):
    with pytest.raises(EquationError, match=message):
        lang.parse_equations(equations, "here")


def test_an_open_bracket_is_found_in_its_own_line():
    for text in ("dv/dt = -(v/k\nb = 3\ndu/dt = v)", "a = (v\n + k\ndv/dt = a", "v = (u\nu = 0"):
        with pytest.raises(EquationError) as caught:
            (lang.parse_assignments if text[0] == "v" else lang.parse_equations)(text, "here")
        assert "this bracket is never closed" in str(caught.value)
        assert str(caught.value).splitlines()[1].strip().startswith(text.splitlines()[0])
    assert list(lang.parse_equations("a = max(v,\n k == 3\n)\nb = a", "here")[1]) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("x^2", "a power is written '**'"),
        ("x > 1 & y > 1", "write 'and' for '&'"),
        ("~(x > 1)", "write 'not' for '~'"),
        ("(x > 1) | (y > 1)", "write 'or' for '|'"),
        ("!(x > 1)", "write 'not' for '!'"),
        ("x : 1", "a unit is written after"),
        ("x > 1 && y > 1", "write 'and' for '&'"),
        ("x > 1 || y > 1", "write 'or' for '|'"),
        ("x = 1", "'=' assigns, to compare write '>='"),
        ("x => 1", "'=' assigns, to compare write '>='"),
        ("where(x = 1, 2, 3)", "'=' assigns, to compare write '>='"),
        ("2.5x", "write 2.5*x"),
        ("-2z/tau", "write 2*z"),
        ("2(x + y)", "written with '*': 2*(...)"),
        ("k(x + y)", "a product is written k*(...)"),
        ("x \\", "put an expression of several lines in brackets"),
        ("x*", "put an expression of several lines in brackets"),
        ("ln(x)", "write log(x)"),
        ("pow(x, 2)", "write x**y"),
        ("np.exp(x)", "did you mean 'exp'"),
        ("x/0", "divides by 0"),
        ("heaviside(x)", "write where(x > 0, 1, 0)"),
        ("x : volt", "a unit is written after"),
        ("x/(2 - 2)", "divides by 0"),
        ("1/(0*exp(1))", "divides by 0"),
    ],
)
def test_syntax_of_other_languages_is_translated(text, meant):
    with pytest.raises(EquationError) as caught:
        lang.parse_expression(text, "here")
    assert meant in str(caught.value)
    for fine in ("1e5*x", "2e-3*x + 1E2", "x1/(y - y)", "0/x", "x/rand()", "x != 1"):
        lang.parse_expression(fine, "here")


def test_a_long_sum_is_one_expression():
    """Python nests the terms of a sum as if they were in brackets."""
    text = " + ".join(f"{k}*x" for k in range(150)) + " - x/2/2" + "*1" * 120
    tree = lang.parse_expression(text, "here")
    assert float(lang.evaluate(tree, {"x": 2.0})) == 2.0 * (150 * 149 / 2 - 0.25)
    assert compiled(tree, ("x",))(2.0) == 2.0 * (150 * 149 / 2 - 0.25)
    mixed = lang.parse_expression("8/x/2*3 - (x - (1 - x)) - 2**x/4*x + -(x*x)*x", "here")
    assert float(lang.evaluate(mixed, {"x": 2.0})) == compiled(mixed, ("x",))(2.0) == 6.0 - 3.0 - 2.0 - 8.0
    with pytest.raises(EquationError, match="nested deeper than 60 levels"):
        lang.parse_expression("x + (" * 70 + "x" + ")" * 70, "here")


def test_names_of_any_alphabet_and_form():
    """As Python reads them: forms of one letter are one name, and what only looks like a digit is not one."""
    derivatives, algebraic = lang.parse_equations("dν/dt = -ν/τ_m + α\nα = ϵ*2", "here")
    assert lang.names_in(derivatives["ν"]) == {"ν", "τ_m", "α"}
    assert lang.names_in(algebraic["α"]) == {"ε"}
    assert list(lang.parse_equations("ϵ = ﬁ", "here")[1]) == ["ε"]
    assert lang.parse_assignments("τ += 1", "here")[0][0] == "τ"
    for text in ("²v = 3", "v² = 3", "_τ = 3", "τ__a = 3", "⁂ = 2"):
        with pytest.raises(EquationError):
            lang.parse_equations(text, "here")


# -- long texts ------------------------------------------------------------------------------------------------------------


def calls(parse, n):
    """Return how many functions are called, those in C included."""
    counted = 0

    def count(frame, event, argument):
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        with contextlib.suppress(EquationError):
            parse(n)
    finally:
        sys.setprofile(None)
    return counted


def test_the_work_grows_in_proportion_to_the_text():
    """Eight times the lines take fewer than 10 times the calls: work that grows with the square would take 64 times."""

    def chain(n):
        cell_of("\n".join(f"a{k} = {f'a{k - 1}' if k else 'v'} + 1" for k in range(n)[::-1]) + f"\ndv/dt = a{n - 1}")

    def opened(n):
        lang.parse_equations("dv/dt = (v\n" + "+ v\n" * n, "here")

    for parse, n in ((chain, 30), (opened, 1000)):
        calls(parse, n)
        assert calls(parse, 8 * n) < 10 * calls(parse, n)


def test_lines_are_put_in_order_however_they_are_written():
    rng = random.Random(5)
    for _ in range(20):
        n = rng.randint(2, 40)
        lines = [f"a{k} = v + {' + '.join(f'a{rng.randrange(k)}' for _ in range(3)) if k else 1}" for k in range(n)]
        rng.shuffle(lines)
        done = set()
        for name, tree in cell_of("\n".join([*lines, f"dv/dt = a{n - 1}"])).algebraic.items():
            assert lang.names_in(tree) - {"v"} <= done
            done.add(name)
        assert len(done) == n
    with pytest.raises(EquationError, match="'a0', 'a1', 'a2', .* and others need each other"):
        cell_of("\n".join(f"a{k} = a{(k + 1) % 30}" for k in range(30)) + "\ndv/dt = a0")
