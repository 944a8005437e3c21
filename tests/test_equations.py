"""The language of equations, the methods and the text of kernels."""

import ast
import random
import string
import subprocess
import sys

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import brainsim as bs
from brainsim.equations import language as lang
from brainsim.equations import system as sy
from brainsim.equations.codegen import write_kernel
from brainsim.equations.language import EquationError
from brainsim.equations.methods import METHODS
from brainsim.numbers import jit
from brainsim.numbers.jit import load_source

NAMES = ("x", "y", "k", "tau")
ALLOWED = (ast.Constant, ast.Name, ast.Call, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.IfExp, ast.Load,
           ast.operator, ast.unaryop, ast.cmpop, ast.boolop)  # fmt: skip


def value(text, **names):
    return lang.evaluate(lang.parse_expression(text, "here"), names)


# -- what the texts mean ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3*4", 14.0), ("(2 + 3)*4", 20.0), ("-2**2", -4.0), ("2**-1", 0.5), ("2**3**2", 512.0), ("8/4/2", 1.0),
        ("2 - 3 - 4", -5.0), ("-x**2", -9.0), ("+x", 3.0), ("1e3", 1000.0), ("1_000", 1000.0), ("x if x > 2 else 0", 3.0),
        ("where(x > 2 and x < 4, 1, 0)", 1.0), ("where(not x > 2 or x == 3, 1, 0)", 1.0), ("min(x, 2) + max(x, 2)", 5.0),
        ("clip(x, 0, 1)", 1.0), ("clip(-x, 0, 1)", 0.0), ("abs(-x)", 3.0), ("sign(-x)", -1.0), ("floor(2.7)", 2.0),
        ("exp(log(x))", 3.0), ("expm1(0) + log1p(0) + tanh(0) + sin(0)", 0.0), ("sqrt(4)*cos(0)", 2.0),
    ],
)  # fmt: skip
def test_values(text, expected):
    tree = lang.parse_expression(text, "here")
    assert float(lang.evaluate(tree, {"x": 3.0})) == pytest.approx(expected, rel=1e-15)
    assert compiled(tree, ("x",))(3.0) == pytest.approx(expected, rel=1e-15)


def test_lines():
    derivatives, algebraic = lang.parse_equations(
        """
        # the membrane
        dv/dt = (v_rest - v)/tau_m   # leak
        minf = 1/(1 + exp(
            -v  # in brackets an equation goes on
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
        ("v", "c"), ("u", "u + d"), ("v", "v - (1 + 2)"), ("u", "u * (a + b)"), ("v", "v / 2"),
    ]  # fmt: skip
    assert lang.parse_assignments("", "here") == []


def test_algebraic_lines_are_put_in():
    cell = sy.parse_cell("here", "a = v + k\nb = 2*a\ndv/dt = b - a", "b > 3", "v = 0", ("v",), ("k",))
    assert ast.unparse(cell.derivatives["v"]) == "2 * (v + k) - (v + k)"
    assert ast.unparse(cell.threshold) == "2 * (v + k) > 3"


def test_lines_that_double_are_refused():
    """Sixty short lines could else stand for 2**60 terms."""
    doubling = "\n".join(["a0 = v + v", *(f"a{n} = a{n - 1} + a{n - 1}" for n in range(1, 60)), "dv/dt = a59"])
    nesting = "\n".join(["a0 = exp(v)", *(f"a{n} = exp(-a{n - 1})" for n in range(1, 400)), "dv/dt = a399"])
    for text in (doubling, nesting):
        with pytest.raises(EquationError, match="too large once the lines"):
            sy.parse_cell("here", text, None, None, ("v",), ())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x + open('f')", "here: unknown function 'open'; there is exp, "),
        ("x.real + 1", "here: 'x.real' is not arithmetic: "),
        ("x + 'a'", "here: only numbers may stand here, up to 1e308 (got \"'a'\")|    x + 'a'|        ^"),
        ("x + True", "here: only numbers may stand here, up to 1e308 (got 'True')|    x + True|        ^"),
        ("x + 1j", "here: only numbers may stand here, up to 1e308 (got '1j')|    x + 1j|        ^"),
        ("τ*x + _y",
        "here: a name must not start with an underscore or have two of them (got '_y')|    τ*x + _y|          ^"),
        ("x + (y", "here: this bracket is never closed|    x + (y|        ^"),
        ("x + y)*2", "here: this bracket was never opened|    x + y)*2|         ^"),
        ("1 < x < 2", "here: compare two at a time: 'a < x and x < b'|    1 < x < 2|    ^"),
        ("x +", "here: not an expression (invalid syntax)|    x +"),
        ("max(x)", "here: max takes 2 arguments (got 1)|    max(x)|    ^"),
        ("exp(x=1)", "here: exp takes 1 argument (got 0)|    exp(x=1)|    ^"),
        ("x\ny", "here: must be one expression (got 2 lines); one in brackets may go on over lines"),
        ("", "here: must be one expression (got 0 lines)"),
        ("x" * 5000, "here: longer than 4000 characters"),
        ("-" * 100 + "x", "here: nested deeper than 60 levels"),
        ("1" + "0" * 400, "here: only numbers may stand here, up to 1e308"),
    ],
)
def test_messages_show_the_line_and_the_place(text, shown):
    with pytest.raises(EquationError) as caught:
        lang.parse_expression(text, "here")
    assert str(caught.value).replace("\n", "|").startswith(shown), str(caught.value)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("dv/dt", "one '='"), ("dv/dt = ", "something on both sides"), ("3 = v", "an equation is"), ("v == 3", "one '='"),
        ("dv/dt = -v\ndv/dt = v", "two equations"), ("import os", "one '='"), ("dv__x/dt = 1", "an equation is"),
        ("f(v) = 3", "an equation is"), ("dv/dt = v := 3", "not an expression"), ("dv/dt = a" + " " * 5000 + "b", "longer"),
    ],
)  # fmt: skip
def test_equations_that_are_none(equations, message):
    with pytest.raises(EquationError, match=message):
        lang.parse_equations(equations, "here")


# -- evaluate, render and the compiled kernel agree ------------------------------------------------------------------------


def random_number(rng, depth):
    """Return the text of a random expression over NAMES, well away from overflow."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice([*NAMES, f"{rng.uniform(0.1, 5):.3g}", str(rng.randint(1, 9))])

    def sub():
        return random_number(rng, depth - 1)

    make = rng.choice([
        lambda: f"({sub()} + {sub()})", lambda: f"{sub()} - {sub()}", lambda: f"({sub()})*({sub()})", lambda: f"-({sub()})",
        lambda: f"({sub()})/(1 + abs({sub()}))", lambda: f"tanh({sub()})**{rng.randint(0, 5)}",
        lambda: f"(1 + abs({sub()}))**clip({sub()}, -2, 1.5)",
        lambda: f"exp(clip({sub()}, -20, 3))", lambda: f"expm1(tanh({sub()}))", lambda: f"log1p(abs({sub()}))",
        lambda: f"sqrt(abs({sub()}))", lambda: f"log(1 + abs({sub()}))", lambda: f"sin({sub()})*cos({sub()})",
        lambda: f"min({sub()}, {sub()})", lambda: f"max({sub()}, {sub()})",
        lambda: f"clip({sub()}, -1, {rng.randint(0, 3)})",
        lambda: f"sign({sub()})", lambda: f"floor({sub()})",
        lambda: f"where({random_test(rng, depth - 1)}, {sub()}, {sub()})",
        lambda: f"({sub()} if {random_test(rng, depth - 1)} else {sub()})",
    ])  # fmt: skip
    return make()


def random_test(rng, depth):
    """Return the text of a random comparison."""
    a, b = random_number(rng, max(0, depth - 1)), random_number(rng, max(0, depth - 1))
    plain = f"{a} {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {b}"
    if depth <= 0 or rng.random() < 0.5:
        return plain
    other = random_test(rng, depth - 1)
    return rng.choice([f"({plain}) and ({other})", f"({plain}) or ({other})", f"not ({plain})"])


KERNEL_NAMES = (
    "from math import cos, expm1, log, log1p, sin, sqrt, tanh\nimport numpy as np\nfrom brainsim.numbers.jit import kernel\n"
    "from brainsim.numbers.vmath import cube, exp, fourth, square\n"
)


def compiled(tree, names):
    """Compile an expression as the body of a kernel has it."""
    return load_source(
        f"{KERNEL_NAMES}\n\n@kernel\ndef value({', '.join(names)}):\n    return np.float64({lang.render(tree)})\n"
    ).value


def close(a, b):
    return (np.isnan(a) and np.isnan(b)) or abs(a - b) <= 1e-12 * max(1.0, abs(a), abs(b))


def test_random_expressions_agree():
    """Numbers by NumPy, the rendered text read by Python, and the compiled text: one meaning."""
    rng = random.Random(1)
    plain = {name: getattr(np, name) for name in ("cos", "expm1", "floor", "log", "log1p", "sin", "sqrt", "tanh", "exp")}
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
                rendered = eval(lang.render(tree), plain | {"np": np}, {n: np.float64(v) for n, v in names.items()})
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
    lines = "\n".join(f"        out[i, {k}] = {lang.render(tree)}" for k, tree in enumerate(trees))
    heads = "\n".join(f"        {name} = values[i, {k}]" for k, name in enumerate(NAMES))
    module = load_source(
        f"{KERNEL_NAMES}\n\n@kernel\n"
        f"def fill(values, out):\n    for i in range(values.shape[0]):\n{heads}\n{lines}\n"
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
        ("x", True), ("y", True), ("3 - x*y", True), ("-(x - y)/tau", True), ("(x + y)*k - x/(k*tau)", True),
        ("k*(y - x)*2", True),
        ("exp(y)*x + x*sin(k)", True), ("x - x", True), ("0*x + y", True), ("(2*x + 1)/(1 + exp(y))", True),
        ("+y - -x", True),
        ("x*x", False), ("x**2", False), ("exp(x)", False), ("1/x", False), ("abs(x)", False), ("min(x, y)", False),
        ("x/(x + 1)", False), ("where(x > 0, 1, 0)", False), ("x if y > 0 else 2*x", False), ("y**x", False),
    ],
)  # fmt: skip
def test_linear_parts(text, linear):
    tree = lang.parse_expression(text, "here")
    parts = lang.linear_in(tree, "x")
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
        parts = lang.linear_in(tree, "x")
        if parts is None:
            continue
        found += "x" in lang.names_in(tree)
        names = {name: rng.uniform(0.5, 3) for name in NAMES}
        with np.errstate(all="ignore"):
            slope, rest = (float(lang.evaluate(part, names)) for part in parts)
            f = float(lang.evaluate(tree, names))
        assert close(slope * names["x"] + rest, f), ast.unparse(tree)
    assert found > 20


# -- nothing is ever executed ----------------------------------------------------------------------------------------------

SEEDS = [
    "(v_rest - v)/tau_m + I/c_m", "exp(-v)*where(v > 3 and u < 2, 1, 0)", "__import__('os').system('touch {path}')",
    "open('{path}', 'w').write('x')", "(lambda: open('{path}', 'w'))()", "[open('{path}', 'w') for x in (1,)]",
    "(y := open('{path}', 'w'))", "f\"{open('{path}','w')}\"", "().__class__.__base__.__subclasses__()", "exec('import os')",
    "eval(\"open('{path}','w')\")", "9**9**9**9", "10**400", "1" * 500, "((((((((((1))))))))))", "not not not v",
    "v if u else w",
    "*a", "**b", "a[0]", "a.b", "{1: 2}", "{1, 2}", "await x", "yield", "...", "None", "True", "'a'", "b'a'", "1j", "0x1F",
    "0b1", "1if 2else 3", "v is u", "v in u", "a @ b", "a // b", "a % b", "a << b", "a & b", "~a", "a,", "print(1)",
    "exp(*a)",
    "exp(**a)", "lambda: 0", "\x00", "v\x00", "ü*2", "ﬁ + 1", "𝐱 + 1", "x\u2028y", "\ud800", "a\\\nb", "# only", ";", "v; u",
    "v = 3", "dv/dt = v", "breakpoint()", "help", "type", "exit()", "__builtins__", "v.__class__", "inf", "nan", "1e999",
    "'\\d'",
    "rand()", "exp(exp)", "exp(x)(y)", "where(1, 2, 3)(4)", "%s" % ("-" * 300 + "1"), "(" * 150 + "1" + ")" * 150,
    "[" * 150 + "1" + "]" * 150, "lambda:" * 200 + "1", "a" + "+a" * 900, "a" + ".b" * 900, "a" + "(1)" * 300, "if x: pass",
    "def f(): pass", "class A: pass", "import os", "from os import system", "del v", "assert v", "raise v", "while 1: pass",
]  # fmt: skip
JUNK = string.printable + "αβ∂√≤±·×−‘’“”\x00\u2028\u200b\ufeff𝐱ﬁ"


def mutated(rng, path):
    """Return a seed text with parts changed, copied, cut or joined, or plain junk."""
    text = rng.choice(SEEDS).replace("{path}", path)
    for _ in range(rng.randint(0, 5)):
        at, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        other = rng.choice(SEEDS).replace("{path}", path)
        text = rng.choice([
            text[:at] + rng.choice(JUNK) + text[at:], text[:at] + text[end:], text[:at] + other + text[end:],
            text + rng.choice("+-*/ ") + other, f"({text})", f"exp({text})", text[at:end] * rng.randint(1, 4),
            text.replace("v", rng.choice(["_v", "v__", "exp", "I"])), f"where({text}, {other}, 1)",
            f"{text} if {other} else 0", "".join(rng.choice(JUNK) for _ in range(rng.randint(1, 40))),
        ])  # fmt: skip
    return text


WATCHED = {"exec", "import", "open", "os.system", "subprocess.Popen", "os.remove", "os.mkdir", "socket.connect"}


def test_junk_is_refused_and_never_executed(tmp_path):
    """Whatever comes in is arithmetic or an EquationError: no other exception, no side effect, nothing run as Python."""
    target = tmp_path / "made"
    watching, seen = [], []
    sys.addaudithook(lambda event, given: seen.append((event, given)) if watching and event in WATCHED else None)
    lang.parse_expression("v + 1", "here")
    watching.append(True)
    try:
        _fuzz(str(target))
    finally:
        watching.clear()
    assert seen == []
    assert not target.exists()


def _fuzz(target):
    rng = random.Random(4)
    parsed = refused = 0
    for number in range(6000):
        text = SEEDS[number] if number < len(SEEDS) else mutated(rng, target)
        for parse in (lang.parse_expression, lang.parse_equations, lang.parse_assignments):
            try:
                result = parse(text, "here")
            except EquationError as error:
                refused += 1
                assert len(str(error)) < 5000  # noqa: PT017
                continue
            trees = [result] if isinstance(result, ast.AST) else [t for _, t in result] if isinstance(result, list) else [
                t for table in result for t in table.values()]  # fmt: skip
            for tree in trees:
                parsed += 1
                for node in ast.walk(tree):
                    assert isinstance(node, ALLOWED), (text, node)
                    assert not isinstance(node, ast.Name) or not node.id.startswith("_")
                lang.render(tree)
    assert refused > 6000
    assert parsed > 500


def test_junk_in_classes_is_refused():
    """The whole way from a class: an EquationError (a ValueError), or a class."""
    rng = random.Random(5)
    base = {"v": bs.initial(0.0, "mV", "x"), "u": bs.initial(0.0, "mV", "x"), "tau_m": bs.parameter(1.0, "ms", "x")}
    for number in range(600):
        text = SEEDS[number % len(SEEDS)] if number < 2 * len(SEEDS) else mutated(rng, "/nowhere/x")
        texts = [{"equations": f"dv/dt = {text}"}, {"threshold": text}, {"reset": f"v = {text}"}, {"equations": text}]
        texts += [{"conditions": (text,)}, {"v": bs.initial(text, "mV", "x")}, {"method": text}]
        for given in texts:
            try:
                type("Mine", (bs.Neuron,), base | given)
            except ValueError:
                continue
        for given in ({"equations": f"dg/dt = {text}", "arrival": "g = g + w"}, {"arrival": f"v = {text}"},
                      {"arrival": "v = v + w", "current": text}):  # fmt: skip
            try:
                type("Mine", (bs.Synapse,), given)
            except ValueError:
                continue


def test_a_warning_of_python_is_no_error():
    """Texts that Python only remarks on, even where such remarks are errors, are judged by the language alone."""
    script = "from brainsim.equations.language import parse_expression as p; p('1if x > 0else 2', 'here')"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=60)


# -- from classes to systems -----------------------------------------------------------------------------------------------


def composed(model, *synapses, current=False):
    return sy.compose(
        model.cell_equations, [s.receptor_equations for s in synapses], frozen=("v",), refractory="t_ref",
        external_current=current, where="cells",
    )  # fmt: skip


def test_names_of_receptors_do_not_clash():
    system = composed(bs.LIF(), bs.Alpha(), bs.Alpha(tau=1.0), bs.ExponentialConductance(), current=True)
    assert system.variables == ("v", "r0_i", "r0_h", "r1_i", "r1_h", "r2_g")
    used = set().union(*(lang.names_in(tree) for tree in system.derivatives.values()))
    assert {"r0_tau", "r1_tau", "r2_tau", "r2_e_rev", "I_ext"} <= used
    assert "tau" not in used
    assert "I" not in used
    assert lang.names_in(system.derivatives["r1_i"]) == {"r1_i", "r1_h", "r1_tau"}
    assert system.arrivals == ((("r0_h", lang.ONE),), (("r1_h", lang.ONE),), (("r2_g", lang.ONE),))
    # a second composition of the same classes starts from the same trees
    assert ast.unparse(composed(bs.LIF(), bs.Alpha()).derivatives["v"]) == "(v_rest - v) / tau_m + r0_i / c_m"


def test_a_current_that_is_not_there_leaves_no_trace():
    assert ast.unparse(composed(bs.LIF()).derivatives["v"]) == "(v_rest - v) / tau_m"


def test_a_neuron_may_use_any_name():
    """Names that kernels use themselves ('k', 'spike', 'cell') do not get in the way of the user's."""
    names = ["k", "key", "cell", "spike", "free", "flag", "state", "count", "step", "first", "low", "block", "float",
             "v_", "v_new", "v_mid", "v_slope", "v_reset1", "p_v_v", "p_v_const", "input_0", "input_0_", "gain_0_v", "k0",
             "refractory_", "r0"]  # fmt: skip
    found = []
    for chosen in ([f"q{number}" for number in range(len(names))], names):
        terms = [f"{number + 1}*{name}" for number, name in enumerate(chosen)]
        mine = type("Mine", (bs.Neuron,), {
            "equations": f"dv/dt = -v/10 + ({' + '.join(terms)})/400", "threshold": f"v > ({' + '.join(terms[::-1])})/100",
            "reset": f"v = 0.001*({' + '.join(terms)}) - {chosen[0]}", "v": bs.initial(0.0, "mV", "x"),
            **{name: bs.parameter(1.0 + 0.01 * number, "mV/ms", "x") for number, name in enumerate(chosen)},
        })  # fmt: skip
        cells, net = bs.Population(3, mine(), name="cells"), bs.Network(seed=1)
        net.stimulate(cells, bs.PoissonInput(rate=1000.0, weight=0.1, synapse=bs.Delta()))
        result = bs.simulate(net, 100.0, seed=1, threads=1, record=[bs.Trace(cells, "v")])
        found.append((tuple(result.spikes["cells"].times), result.traces["cells", "v"].values.tobytes()))
    assert found[0] == found[1]
    assert len(found[0][0]) > 3


# -- methods ---------------------------------------------------------------------------------------------------------------


def run(model, duration, dt, *, v0=None, synapse=None, weight=0.0, current=None, record="v"):
    """Return one cell's trace, with one event of a synapse at t = 1 ms."""
    cells = bs.Population(1, model, name="cells", initial={} if v0 is None else {"v": v0})
    net = bs.Network(seed=1)
    net.add(cells)
    if synapse is not None:
        source = bs.Population(1, bs.SpikeTrains([0.2], [0]), name="source")
        net.connect(source, cells, bs.AllToAll(), weight=weight, delay=0.8, synapse=synapse)
    if current is not None:
        net.stimulate(cells, bs.CurrentInput(current))
    result = bs.simulate(net, duration, dt=dt, seed=1, threads=1, record=[bs.Trace(cells, record)])
    return result.traces["cells", record].values[:, 0], result


def test_exact_is_the_exponential_of_the_matrix():
    model = bs.LIF(v_th=1e6, tau_m=12.0, c_m=150.0)
    v, result = run(model, 30.0, 0.1, v0=-60.0, synapse=bs.Alpha(tau=3.0), weight=200.0, current=50.0)
    assert result.stats["methods"]["cells"] == "exact"
    tau, t_m, c_m = 3.0, 12.0, 150.0
    matrix = np.array([[-1 / t_m, 1 / c_m, 0, (-65.0 / t_m + 50.0 / c_m)], [0, -1 / tau, np.e / tau, 0], [0, 0, -1 / tau, 0],
                       [0, 0, 0, 0]])  # fmt: skip
    y = np.array([-60.0, 0.0, 0.0, 1.0])
    expected = [y[0]]
    for step in range(1, 301):
        y = expm(matrix * 0.1) @ y
        y[2] += 200.0 * (step == 10)
        expected.append(y[0])
    np.testing.assert_allclose(v, expected, rtol=0, atol=1e-10)


DTS = np.array([0.2, 0.1, 0.05, 0.025])


def slope_of(errors):
    return np.polyfit(np.log(DTS), np.log(errors), 1)[0]


def conductance_reference(model, synapse, weight, v0):
    """Return v at t = 20 ms: from rest until the event arrives at 1 ms, then with the conductance."""

    def slope(t, y):
        v, g = y
        return [(model.v_rest - v) / model.tau_m + g * (synapse.e_rev - v) / model.c_m, -g / synapse.tau]

    options = {"rtol": 1e-12, "atol": 1e-12, "method": "DOP853"}
    first = solve_ivp(slope, (0, 1), [v0, 0.0], **options).y[:, -1]
    return solve_ivp(slope, (1, 20), [first[0], first[1] + weight], **options).y[0, -1]


def test_exponential_euler_is_second_order_for_conductances():
    model, synapse = bs.LIF(v_th=1e6), bs.ExponentialConductance(tau=5.0, e_rev=0.0)
    expected = conductance_reference(model, synapse, 30.0, -70.0)
    results = [run(model, 20.0, dt, v0=-70.0, synapse=synapse, weight=30.0) for dt in DTS]
    assert results[0][1].stats["methods"]["cells"] == "exponential_euler"
    errors = [abs(v[-1] - expected) for v, _ in results]
    assert errors[1] < 1e-3
    assert slope_of(errors) == pytest.approx(2.0, abs=0.1)


class Bent(bs.Neuron):
    """A cell with a nonlinear equation that is linear in its own variable."""

    equations = """
        dv/dt = (-v + 10*u)/tau
        du/dt = (1/(1 + exp(-v/5)) - u)/(2*tau)
    """
    method = "exponential_euler"
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(3.0, "mV", "potential")
    u: float = bs.initial(0.0, "", "gate")


class Quadratic(bs.Neuron):
    """A cell that only forward Euler can integrate."""

    equations = "dv/dt = (4 - v*v)/tau"
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(0.5, "mV", "potential")


@pytest.mark.parametrize(
    ("model", "derivative", "start"),
    [
        (Bent(), lambda t, y: [(-y[0] + 10 * y[1]) / 5, (1 / (1 + np.exp(-y[0] / 5)) - y[1]) / 10], [3.0, 0.0]),
        (Quadratic(), lambda t, y: [(4 - y[0] ** 2) / 20], [0.5]),
    ],
    ids=["exponential_euler of a nonlinear system", "euler"],
)
def test_first_order(model, derivative, start):
    expected = solve_ivp(derivative, (0, 10), start, rtol=1e-12, atol=1e-12, method="DOP853").y[0, -1]
    errors = [abs(run(model, 10.0, dt)[0][-1] - expected) for dt in DTS]
    assert slope_of(errors) == pytest.approx(1.0, abs=0.1)


class Gated(Bent):
    """The same, by the method that suits it."""

    method = "auto"


@pytest.mark.parametrize(
    ("model", "synapse", "method"),
    [
        (bs.LIF(), None, "exact"), (bs.LIF(), bs.Exponential(), "exact"), (bs.LIF(), bs.Delta(), "exact"),
        (bs.LIF(), bs.ExponentialConductance(), "exponential_euler"), (bs.LIF(), bs.AlphaConductance(), "exponential_euler"),
        (Gated(), None, "exponential_euler"), (Quadratic(), None, "euler"),
    ],
)  # fmt: skip
def test_auto_takes_the_first_that_can(model, synapse, method):
    _, result = run(model, 1.0, 0.1, synapse=synapse)
    assert result.stats["methods"]["cells"] == method


@pytest.mark.parametrize("method", ["exact", "exponential_euler"])
def test_a_method_that_cannot_says_so(method):
    cell = type("Mine", (Quadratic,), {"method": method})
    message = rf"cells: method '{method}' needs .* linear .*\n    dv/dt = \(4 - v \* v\) / tau"
    with pytest.raises(EquationError, match=message):
        run(cell(), 1.0, 0.1)


# -- the text of kernels ---------------------------------------------------------------------------------------------------


def kernel_of(model, *synapses, current=False, per_cell=()):
    system = composed(model, *synapses, current=current)
    return write_kernel(system, METHODS[model.method](system, "cells"), set(per_cell))


def test_a_kernel_holds_no_value():
    one, two = bs.LIF(tau_m=7.125, c_m=31.625, v_th=-40.375), bs.LIF(tau_m=20.0)
    texts = [kernel_of(m, bs.Exponential(tau=t)).text for m, t in ((one, 2.375), (two, 5.0))]
    assert texts[0] == texts[1]
    assert not any(number in texts[0] for number in ("7.125", "31.625", "40.375", "2.375"))
    assert kernel_of(one, bs.Alpha()).text != texts[0]
    assert kernel_of(one, bs.Exponential(), per_cell={"v_th"}).text != texts[0]


def test_a_kernel_says_what_its_arguments_hold():
    kernel = kernel_of(bs.LIF(), bs.ExponentialConductance(), current=True, per_cell={"v_th", "r0_tau"})
    assert "v_th" in kernel.arrays
    assert "v_th" not in kernel.scalars
    assert "v_reset" in kernel.scalars
    assert not kernel.random
    assert kernel_of(bs.Poisson()).random
    compile(kernel.text, "kernel", "exec")
    assert max(map(len, kernel.text.splitlines())) < 400


KERNELS = {
    "LIF + exponential current": ((bs.LIF(), bs.Exponential()), {}),
    "LIF + alpha current and a current": ((bs.LIF(), bs.Alpha()), {"current": True}),
    "LIF + conductances": ((bs.LIF(), bs.ExponentialConductance(tau=5.0), bs.ExponentialConductance(tau=10.0)), {}),
    "LIF + exponential current, one threshold a cell": ((bs.LIF(), bs.Exponential()), {"per_cell": {"v_th"}}),
    "gates": ((Bent(),), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_vectorise(name, tmp_path, monkeypatch):
    """The innermost loop works on vectors of doubles: without that all else about speed is idle."""
    # numba shows the code of what it compiles here and now only, not of what it finds in a cache
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)
    given, options = KERNELS[name]
    module = load_source(kernel_of(*given, **options).text + "# for the test that it vectorises\n")
    text = module.advance.inspect_llvm()
    assert " x double>" in text
    assert any(f"<{width} x double>" in text for width in (2, 4, 8))
