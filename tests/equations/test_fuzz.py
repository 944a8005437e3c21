"""Nothing that a user types is ever executed: junk is rejected, and what gets through is arithmetic."""

import ast
import random
import re
import string
import subprocess
import sys

import pytest

import brainsim as bs
from brainsim.equations.codegen import write_kernel
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.expressions.lower import HELPERS, lower
from brainsim.equations.steps.methods import method_named
from brainsim.equations.system import compose

ALLOWED = (
    ast.Constant,
    ast.Name,
    ast.Call,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.BoolOp,
    ast.IfExp,
    ast.Load,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.boolop,
)

SEEDS = [
    "(v_rest - v)/tau_m + I/c_m",
    "exp(-v)*where(v > 3 and u < 2, 1, 0)",
    "__import__('os').system('touch {path}')",
    "open('{path}', 'w').write('x')",
    "(lambda: open('{path}', 'w'))()",
    "[open('{path}', 'w') for x in (1,)]",
    "(y := open('{path}', 'w'))",
    "f\"{open('{path}','w')}\"",
    "().__class__.__base__.__subclasses__()",
    "exec('import os')",
    "eval(\"open('{path}','w')\")",
    "9**9**9**9",
    "10**400",
    "1" * 500,
    "((((((((((1))))))))))",
    "not not not v",
    "v if u else w",
    "*a",
    "**b",
    "a[0]",
    "a.b",
    "{1: 2}",
    "{1, 2}",
    "await x",
    "yield",
    "...",
    "None",
    "True",
    "'a'",
    "b'a'",
    "1j",
    "0x1F",
    "0b1",
    "1if 2else 3",
    "v is u",
    "v in u",
    "a @ b",
    "a // b",
    "a % b",
    "a << b",
    "a & b",
    "~a",
    "a,",
    "print(1)",
    "exp(*a)",
    "exp(**a)",
    "lambda: 0",
    "\x00",
    "v\x00",
    "ü*2",
    "ﬁ + 1",
    "𝐱 + 1",
    "x\u2028y",
    "\ud800",
    "a\\\nb",
    "# only",
    ";",
    "v; u",
    "v = 3",
    "dv/dt = v",
    "breakpoint()",
    "help",
    "type",
    "exit()",
    "__builtins__",
    "v.__class__",
    "inf",
    "nan",
    "1e999",
    "'\\d'",
    "rand()",
    "randn()",
    "xi",
    "xi*xi",
    "xi_a*2",
    "I_in(t)",
    "I_in(t, i)",
    "I_in",
    "I_in(v)",
    "t",
    "dt",
    "I_in__t",
    "exp(exp)",
    "exp(x)(y)",
    "where(1, 2, 3)(4)",
    "%s" % ("-" * 300 + "1"),
    "(" * 150 + "1" + ")" * 150,
    "[" * 150 + "1" + "]" * 150,
    "lambda:" * 200 + "1",
    "a" + "+a" * 900,
    "a" + ".b" * 900,
    "a" + "(1)" * 300,
    "if x: pass",
    " + ".join("v" for _ in range(190)),
    "*".join("v" for _ in range(190)),
    "-".join("(v+u)" for _ in range(120)),
    "v + (" * 59 + "u" + ")" * 59,
    "τ*α + β",
    "v²",
    "ϵ = v",
    "dτ/dt = -τ",
    "v_⁀ = 1",
    "v＿＿u",
    "１ + v",
    "min(v, max(u, 1))",
    "1/0",
    "v/(1 - 1)",
    "v/(exp(v) - 1)",
    "v == 1 = 2",
    "v : volt",
    "2v",
    "v^2",
    "v & u",
    "!v",
    "v \\",
    "def f(): pass",
    "class A: pass",
    "import os",
    "from os import system",
    "del v",
    "assert v",
    "raise v",
    "while 1: pass",
]
JUNK = string.printable + "αβ∂√≤±·×−‘’“”\x00\u2028\u200b\ufeff𝐱ﬁ"


def mutated(rng, path):
    """Return a seed text with parts changed, copied, cut or joined, or plain junk."""
    text = rng.choice(SEEDS).replace("{path}", path)
    for _ in range(rng.randint(0, 5)):
        at, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        other = rng.choice(SEEDS).replace("{path}", path)
        text = rng.choice(
            [
                text[:at] + rng.choice(JUNK) + text[at:],
                text[:at] + text[end:],
                text[:at] + other + text[end:],
                text + rng.choice("+-*/ ") + other,
                f"({text})",
                f"exp({text})",
                text[at:end] * rng.randint(1, 4),
                text.replace("v", rng.choice(["_v", "v__", "exp", "I"])),
                f"where({text}, {other}, 1)",
                f"{text} if {other} else 0",
                "".join(rng.choice(JUNK) for _ in range(rng.randint(1, 40))),
            ]
        )
    return text


WATCHED = {"exec", "import", "open", "os.system", "subprocess.Popen", "os.remove", "os.mkdir", "socket.connect"}


def test_junk_is_rejected_and_never_executed(tmp_path):
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
            trees = (
                [result]
                if isinstance(result, ast.AST)
                else [t for _, t in result]
                if isinstance(result, list)
                else [t for table in result for t in table.values()]
            )
            for tree in trees:
                parsed += 1
                for node in ast.walk(tree):
                    assert isinstance(node, ALLOWED), (text, node)
                    assert not isinstance(node, ast.Name) or not node.id.startswith("_")
                lower(tree)
    assert refused > 6000
    assert parsed > 500


# what the body of a kernel's loop is made of
WRITTEN = (*ALLOWED, ast.Assign, ast.Store, ast.Subscript, ast.Attribute, ast.Module, ast.Expr)
CALLED = {*HELPERS, "max", "min", "abs", "float64", "int32", "int64", "uint64"}


def checked_kernel(model, *synapses):
    """Write the kernel of a model and check that its loops hold assignments of arithmetic, and nothing else."""
    receptors = [s.receptor_equations for s in synapses]
    system = compose(model.cell_equations, receptors, external_current=False, label="cells")
    kernel = write_kernel(system, method_named(model.method, "cells")(system, "cells"), set())
    tree = ast.parse(kernel.text)
    loops = [f for f in tree.body if isinstance(f, ast.FunctionDef) and f.name in ("block", "part_of_block")]
    assert loops
    for *before, loop in (f.body for f in loops):
        assert [ast.unparse(statement) for statement in before] in ([], ["wide_vectors()"]), kernel.text
        for node in (n for statement in loop.body for n in ast.walk(statement)):
            assert isinstance(node, WRITTEN), (kernel.text, node)
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) in ("np.float64", "np.int32", "np.int64", "np.uint64")
            if isinstance(node, ast.Subscript):
                assert ast.unparse(node.slice) == "_k"
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func).removeprefix("np.") in CALLED
            if isinstance(node, ast.Constant):
                assert type(node.value) in (int, float, bool)
            if isinstance(node, ast.Name):
                assert not re.fullmatch(r"__\w*__", node.id)


@pytest.mark.thorough
def test_junk_in_classes_is_rejected():
    """The whole way from a class to a kernel: an EquationError (a ValueError), or arithmetic."""
    rng = random.Random(5)
    base = {
        "v": bs.initial(0.0, "mV", "x"),
        "u": bs.initial(0.0, "mV", "x"),
        "tau_m": bs.parameter(1.0, "ms", "x"),
        "I_in": bs.parameter(bs.TimedArray([0.0], dt=1.0), "pA", "x"),
        "dimensions": False,
    }
    written = 0
    for number in range(300):
        text = SEEDS[number % len(SEEDS)] if number < 2 * len(SEEDS) else mutated(rng, "/nowhere/x")
        texts = [
            {"equations": f"dv/dt = {text}"},
            {"threshold": text},
            {"threshold": "v > u", "reset": f"v = {text}"},
            {"equations": text},
            {"equations": f"a = {text}\ndv/dt = a"},
            {"events": {"e": (text, f"v = {text}")}},
            {"threshold": "v > u", "refractory": text},
        ]
        texts += [{"conditions": (text,)}, {"v": bs.initial(text, "mV", "x")}, {"method": text}]
        for given in texts:
            try:
                checked_kernel(type("Mine", (bs.Neuron,), base | given)())
            except ValueError:
                continue
            written += 1
        for given in (
            {"equations": f"dg/dt = {text}", "arrival": "g = g + w", "current": "g"},
            {"arrival": f"v = {text}"},
            {"arrival": "v = v + w", "current": text},
        ):
            try:
                synapse = type("Mine", (bs.Synapse,), {"dimensions": False} | given)
                checked_kernel(type("Cell", (bs.Neuron,), base | {"equations": "dv/dt = I"})(), synapse())
            except ValueError:
                continue
            written += 1
    assert written > 200


def test_a_warning_of_python_is_not_an_error():
    """Texts that Python only warns about, even if warnings are errors, are judged by the language alone."""
    script = "from brainsim.equations.expressions.language import parse_expression as p; p('1if x > 0else 2', 'here')"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True, timeout=300)
