"""The name of compiled code says what it depends on: what an edit changes is compiled again, and nothing else."""

import ast
import importlib.util
import sys
import textwrap
import types
import zipfile
from pathlib import Path
from types import SimpleNamespace

import llvmlite.binding as llvm
import numba
import pytest

from brainsim.jit import naming
from brainsim.jit.naming import TRANSLATORS
from tests.helpers.equations.compiled_texts import TEXT, fresh, python
from tests.helpers.modules import imported, modules

ROOT = Path(__file__).parents[2]
MODULE = '''
import math
from typing import NamedTuple

import numpy as np

import brainsim.rng.hashing as hashing
from brainsim.jit.decorators import External, helper, inlined, intrinsic, kernel

SCALE, TABLE, PAIR, UNUSED = 3.0, np.array([1.0, 2.0]), (1, (2.0, "two")), 7

class Fields(NamedTuple):
    first: float
    second: float

system = External("clock", "int64()", 1)

@intrinsic
def written(context, x):
    """Write code."""
    def generate(target, builder, signature, arguments):
        return builder.fadd(arguments[0], constant(11.0))
    return x(x), generate

def constant(value):
    return value + 1.0

def made(factor):
    @helper
    def product(x):
        return factor * x
    return product

five = made(5.0)

@helper
def deep(x, shift=4.0):
    return SCALE * x + TABLE[1] + PAIR[0] + five(x) + shift

@inlined
def inner(x):
    """Return a number."""
    return deep(x) + written(x) + max([y for y in (6.0, x)])

@helper
def even(n):
    return True if n == 0 else odd(n - 1)

@helper
def odd(n):
    return False if n == 0 else even(n - 1)

@kernel
def outer(x):
    """Return another number.

    It is described here.
    """
    return inner(x) + Fields(x, 1.0).first + math.sqrt(2.0) + system() + hashing.hashed(np.uint64(1), 2) + even(12)

@kernel
def other(x):
    return 8.0 * x
'''
# a part of the text -> what is written in its place, which changes the code of `outer`
CHANGES = {
    "SCALE, TABLE, PAIR, UNUSED = 3.0": "SCALE, TABLE, PAIR, UNUSED = 3",
    "array([1.0, 2.0])": "array([1.0, 2.5])",
    "array([1.0, 2.0]),": "array([1.0, 2.0], np.float32),",
    '(1, (2.0, "two"))': '(1, (2.0, "three"))',
    "    second: float": "    third: float",
    '"int64()"': '"int32()"',
    '"clock"': '"time"',
    "constant(11.0)": "constant(12.0)",
    "builder.fadd": "builder.fsub",
    "value + 1.0": "value + 2.0",
    "made(5.0)": "made(6.0)",
    "factor * x": "factor * x * x",
    "shift=4.0": "shift=4.5",
    "@inlined": "@helper",
    "@intrinsic": "@intrinsic(prefer_literal=True)",
    "y in (6.0, x)": "y in (7.0, x)",
    "math.sqrt": "math.exp",
    "False if n == 0": "False if n <= 0",
    "import brainsim.rng.hashing as hashing": "import brainsim.jit.vmath as hashing\n\nhashing.hashed = hashing.exp",
    "deep(x) + written(x)": "written(x) + deep(x)",
}
# edits that change nothing
NO_CHANGES = {
    '"""Return another number.': '"""Return a third number.',
    '"""Return a number."""': '"""Return a number.\n\n    Of two.\n    """',
    '"""Write code."""': '"""Write the code."""',
    '"two")), 7': '"two")), 8',
    "@kernel\ndef outer": "# a comment\n\n\n@kernel\ndef outer",
    "8.0 * x": "9.0 * x",
}


def named(text, function="outer"):
    """Return the name of a function of a module with this text."""
    module = types.ModuleType("a_module")
    sys.modules["a_module"] = module
    try:
        exec(compile(text, "a_module.py", "exec"), module.__dict__)
    finally:
        del sys.modules["a_module"]
    return naming.name_of(getattr(module, function)._function, "float")


def edited(old, new):
    assert MODULE.count(old) == 1
    return MODULE.replace(old, new)


@pytest.mark.parametrize("part", CHANGES)
def test_what_a_function_reads_is_in_its_name(part, monkeypatch):
    if "hashing" in part:
        import brainsim.jit.vmath

        monkeypatch.setattr(brainsim.jit.vmath, "hashed", None, raising=False)
    changed = edited(part, CHANGES[part])
    assert named(changed) != named(MODULE)
    assert named(changed, "other") == named(MODULE, "other")


@pytest.mark.parametrize("part", NO_CHANGES)
def test_what_a_function_does_not_read_is_not_in_its_name(part):
    assert named(edited(part, NO_CHANGES[part])) == named(MODULE)


def test_a_constant_that_was_replaced_is_in_the_name_of_what_is_compiled_then():
    """The name under which a function is looked up is remembered, the name under which it is stored is not."""
    module = types.ModuleType("a_module")
    exec(compile(MODULE, "a_module.py", "exec"), module.__dict__)
    before = naming.name_of(module.outer._function, "float")
    module.SCALE = 3.5
    assert naming.name_of(module.outer._function, "float", fresh=True) == named(MODULE.replace("= 3.0", "= 3.5")) != before


def test_functions_that_call_each_other_have_one_name_whichever_is_read_first():
    names = []
    for first, second in [("even", "odd"), ("odd", "even")]:
        known = {}
        module = types.ModuleType("a_module")
        exec(compile(MODULE, "a_module.py", "exec"), module.__dict__)
        functions = [getattr(module, name).__wrapped__ for name in (first, second)]
        texts = dict(
            zip((first, second), [naming.Texts(known, naming._bytecode).of_function(f) for f in functions], strict=True)
        )
        names.append((texts["even"], texts["odd"]))
    assert names[0] == names[1]


def test_the_name_of_a_file_says_what_its_code_depends_on(monkeypatch):
    value, other_value = (fresh(TEXT.format(number)).value._function for number in (1, 2))
    usual = naming.name_of(value, "float")
    assert naming.name_of(value, "float") == usual
    names = [naming.name_of(value, "numpy.float32"), naming.name_of(other_value, "float")]
    assigned = numba.config.BOUNDSCHECK, numba.config.OPT
    for where, name, given in [
        (llvm, "get_process_triple", lambda: "another"),
        (llvm, "get_host_cpu_name", lambda: "skylake"),
        (llvm, "get_host_cpu_features", lambda: SimpleNamespace(flatten=lambda: "+avx2")),
        (naming, "numba_version", lambda: "1.2"),
        (numba.config, "BOUNDSCHECK", not assigned[0]),
        (numba.config, "OPT", 0),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(where, name, given)
            names.append(_name(value))
    for name in naming.NAMES:
        with monkeypatch.context() as patch:
            patch.setenv(f"NUMBA_{name}", "3")
            names.append(_name(value))
    assert _name(value) == usual
    assert len({*names, usual}) == len(names) + 1


def _name(function):
    naming._surroundings.cache_clear()
    try:
        return naming.name_of(function, "float")
    finally:
        naming._surroundings.cache_clear()


NETWORK = """
import brainsim as bs
from brainsim.jit import naming
from brainsim.jit.decorators import note_needed
cells = bs.Population(20, bs.AdEx(), name="cells")
net = bs.Network(seed=1)
net.connect(cells, cells, bs.FixedProbability(0.5), weight=0.1, delay=1.5, synapse=bs.Exponential(), plasticity=bs.STDP())
net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=0.1, synapse=bs.Delta()))
with note_needed() as needed:
    bs.simulate(net, 1.0, seed=1, threads=1, progress=False)
print(*(name for name, _ in needed), sep="\\n")
"""


def test_names_are_the_same_in_every_process(tmp_path):
    """Whatever the order of sets, and however modules were imported."""
    found = [
        python(NETWORK, BRAINSIM_CACHE_DIR=str(tmp_path), PYTHONHASHSEED=seed, BRAINSIM_COMPILERS="1")[0].split()
        for seed in ("1", "2")
    ]
    assert len(found[0]) > 10
    assert found[0] == found[1]


def test_the_translation_is_in_the_name(monkeypatch):
    """What modules do that translate functions; not their docstrings, comments and lines."""
    usual, found = naming._translation(), {}

    class Loader:
        def __init__(self, edit):
            self.edit = edit

        def get_code(self, name):
            return compile(self.edit(modules_text(name)), name, "exec")

    edits = {
        "nothing": lambda text: text,
        "a comment": lambda text: "# a comment\n" + text.replace('"""', '"""Now: ').replace('"""Now: \n', '"""\n'),
        "a constant": lambda text: text.replace("WORD = ir.IntType(BITS)", "WORD = ir.IntType(32)"),
        "an attribute of a class": lambda text: text.replace("library_class = Unaddressed", "library_class = None"),
        "a method": lambda text: text.replace("state.flags.no_compile = True", "state.flags.no_compile = False"),
    }
    for what, edit in edits.items():
        loader = Loader(edit)
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, loader=loader: SimpleNamespace(name=name, loader=loader)
        )
        naming._translation.cache_clear()
        found[what] = naming._translation()
    naming._translation.cache_clear()
    assert found["nothing"] == found["a comment"] == usual
    assert len(set(found.values())) == 4


def modules_text(name):
    return (ROOT / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")


@pytest.mark.thorough
def test_all_modules_that_translate_are_known():
    """Those that import Numba or are imported where code is written, and no function names."""
    of_jit = {name: tree for name, tree in modules().items() if name.startswith("brainsim.jit.")}
    found = {
        name.rpartition(".")[2]
        for name, tree in of_jit.items()
        if any(other.split(".")[0] == "numba" and now for other, now in imported(name, tree))
    }
    assert {"compiler", "entry", "inner", "passes", "reference_type"} <= found <= {*TRANSLATORS}
    late = {
        other
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(_is_intrinsic(each) for each in node.decorator_list)
        for other, _ in imported(name, ast.Module(node.body, []))
    }
    assert late <= {f"brainsim.jit.{name}" for name in TRANSLATORS}


def _is_intrinsic(decorator):
    called = getattr(decorator, "func", decorator)
    return getattr(called, "id", "") == "intrinsic"


@pytest.mark.thorough
def test_a_package_without_sources_has_names_too(tmp_path):
    """In a zip file; another version with the same cache is compiled again."""
    script = """
        import sys
        sys.path.insert(0, sys.argv.pop())
        sys.meta_path = [each for each in sys.meta_path if "editable" not in str(each).lower()]
        from brainsim.jit.decorators import load_source
        text = "import numpy as np\\nfrom brainsim.jit.decorators import kernel\\n"
        text += "from brainsim.rng.hashing import step_key\\n\\n"
        value = load_source(text + "@kernel\\ndef value(x):\\n    return step_key(np.uint64(x), 2)\\n").value
        print(value(1), value.compiled, __import__("brainsim").__file__)
    """
    old, new = "0xD1342543DE82EF95", "0xD1342543DE82EF97"
    for name in ("old", "new"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as file:
            for path in sorted((ROOT / "brainsim").rglob("*.py")):
                text = path.read_text(encoding="utf-8")
                changed = name == "new" and path.name == "hashing.py"
                assert not changed or old in text
                file.writestr(path.relative_to(ROOT).as_posix(), text.replace(old, new) if changed else text)
    found = []
    for name, cached in [("old", "one"), ("old", "one"), ("new", "one"), ("new", "two")]:
        lines = f"import sys; sys.argv = ['', {str(tmp_path / f'{name}.zip')!r}]\n" + textwrap.dedent(script)
        out, _ = python(lines, BRAINSIM_CACHE_DIR=str(tmp_path / cached), PYTHONPATH=None)
        found.append(out.split())
    assert all(".zip" in each[2] for each in found)
    assert [each[1] for each in found] == ["1", "0", "1", "1"]
    assert found[0][0] == found[1][0] != found[2][0] == found[3][0]
