"""What a user reads: every public name is explained, by parameters and an example; models say units; texts are short.

The examples run as doctests (``--doctest-modules`` in pyproject.toml).
"""

import ast
import builtins
import doctest
import inspect
import re
import types
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs

DOCS = Path(__file__).parents[2] / "docs"
UNITS = {"", "ms", "mV", "pA", "pF", "nS", "Hz", "um", "mM", "uM"}
BASES = ("Neuron", "Synapse", "Coupling", "Plasticity", "RatePlasticity")
OF_MODELS = tuple(getattr(bs, name) for name in BASES)
PUBLIC = [name for name in bs.__all__ if not isinstance(getattr(bs, name), types.ModuleType)]
KINDS = {name: thing for name in PUBLIC if inspect.isclass(thing := getattr(bs, name))}
MODELS = [name for name, kind in KINDS.items() if issubclass(kind, OF_MODELS)]
BASE = bs.values.Distribution
VALUES = [n for n, kind in vars(bs.values).items() if inspect.isclass(kind) and issubclass(kind, BASE) and kind != BASE]


def parameters_of(thing):
    """Return the names of the parameters that the page of a public class or function must explain."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:
        return []
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name != "_"]
    of_all = {bs.Synapse: {"name"}, bs.Coupling: {"name", "order"}}  # which the page of the base explains
    explained = set().union(*(n for base, n in of_all.items() if inspect.isclass(thing) and issubclass(thing, base)))
    return [name for name in names if name not in explained]


def faults_of_page(name):
    """Yield what the page of a public name lacks."""
    thing = getattr(bs, name)
    text = inspect.getdoc(thing) or ""
    base = name in BASES
    if len(text.split("\n\n")[0]) <= 15:
        yield f"{name}: does not say what it is"
    heading = "Attributes\n---" if name in ("View", "Projection") else "Parameters\n---"
    if parameters_of(thing) and not base and heading not in text:
        yield f"{name}: has no list of parameters"
    if base and "Class attributes\n---" not in text:
        yield f"{name}: has no list of class attributes"
    # a State comes out of a result, and is not made by hand
    if name != "State" and ">>> " not in text.partition("Examples\n---")[2]:
        yield f"{name}: has no example"


def faults_of_parameters(name):
    """Yield the parameters of a public name that its page does not explain."""
    thing = getattr(bs, name)
    for parameter in (name for name in parameters_of(thing) if not name.startswith("_")):
        # "name : type", "name, other : type", "name" on a line of its own, or `name` in the text
        listed = rf"^ *(\w+, )*{parameter}(, \w+)*( :.*)?$|`{parameter}`"
        if not re.search(listed, inspect.getdoc(thing), re.MULTILINE):
            yield f"{name}: does not explain {parameter}"


def faults_of_methods(name):
    """Yield the methods and properties of a public class that have no docstring."""
    for attribute, value in vars(getattr(bs, name)).items():
        is_public = not attribute.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
        if is_public and not inspect.getdoc(value):
            yield f"{name}.{attribute}: has no docstring"


def test_public_names_are_explained():
    faults = [fault for name in PUBLIC for fault in faults_of_page(name)]
    faults += [fault for name in PUBLIC if name not in ("View", *BASES) for fault in faults_of_parameters(name)]
    faults += [fault for name in KINDS for fault in faults_of_methods(name)]
    assert faults == []


def test_distributions_are_documented():
    assert {"Uniform", "Normal", "LogNormal", "ExponentialDistribution", "Gamma", "Clipped"} <= set(VALUES)
    for name in VALUES:
        text = inspect.getdoc(getattr(bs.values, name))
        assert ">>> " in text, name


def test_models_say_units_and_meanings():
    for name in (m for m in MODELS if m not in BASES):
        model = getattr(bs, name)
        text = inspect.getdoc(model)
        units = UNITS | {"1"} | ({"weight"} if issubclass(model, bs.Plasticity | bs.RatePlasticity) else set())
        for key, spec in {**model.parameters, **model.initials}.items():
            assert len(spec.meaning) > 4, (name, key)
            assert all(part in units for part in re.split(r"/|\*(?!\*)", re.sub(r"\*\*\d", "", spec.unit))), (name, key)
        for key, spec in model.parameters.items():
            assert re.search(rf"\b{key}\b", text), (name, key)
            assert not spec.unit or f"[{spec.unit}]" in text, (name, key)
        if issubclass(model, bs.Synapse | bs.Coupling):
            assert all(part in UNITS for part in re.split(r"[*/]", model.weight_unit)), name
            assert f" {model.weight_unit or 'plain numbers'}" in text, (name, "the unit of the weights")


def test_a_docstring_lists_what_its_class_declares():
    class Leaky(bs.Neuron):
        """A cell.

        Examples
        --------
        None.
        """

        equations = "dv/dt = (low - v)/tau"
        conditions = ("low < 0",)
        tau: float = bs.parameter(10.0, "ms", "time constant; a long one is slow", above=0.0)
        low: float = bs.parameter(-1.0, "", "where v goes")
        v: float = bs.initial("low", "", "depolarization")

    listed = "tau : float, default 10\n    Time constant [ms], > 0; a long one is slow.\n"
    listed += "low : float, default -1\n    Where v goes [1]; ``low < 0``.\n"
    variables = "Variables\n---------\nv : begins at low\n    Depolarization [1].\n"
    assert Leaky.__doc__ == f"A cell.\n\nParameters\n----------\n{listed}\n{variables}\nExamples\n--------\nNone."
    arguments = bs.STDP.__doc__.partition("Variables\n---")[0]
    assert re.findall(r"^(w_max|sign|pairing) : ", arguments, re.MULTILINE) == ["w_max", "sign", "pairing"]


CELLS = bs.Population(12_500, bs.LIF(tau_m=10.0, c_m=250.0), name="excitatory")
TYPICAL = [
    bs.LIF(),
    bs.LIF(tau_m=10.0, c_m=250.0, v_rest=-60.0),
    bs.LIF(tau_m=np.linspace(10.0, 20.0, 1000)),
    bs.LIF(v_th=bs.Normal(-50.0, 2.0)),
    bs.Poisson(rate=8.0),
    bs.SpikeTrains(np.arange(1000.0), np.zeros(1000)),
    bs.Delta(),
    bs.Exponential(tau=0.5, name="ampa"),
    bs.ExponentialConductance(tau=5.0, e_rev=-80.0),
    CELLS,
    CELLS[:10_000],
    CELLS[:10] + CELLS[20:30],
    CELLS[::2],
    CELLS[np.arange(12_500) % 3 == 0],
    bs.FixedIndegree(1000),
    bs.AllToAll(autapses=False),
    bs.FromArrays(np.arange(1000), np.arange(1000)),
    bs.Clipped(bs.Normal(1.5, 0.75), low=0.1),
    bs.LogNormal(-0.7, 0.9),
    bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()),
    bs.CurrentInput([300.0, 0.0], times=[100.0, 400.0]),
    bs.CurrentInput(np.ones(12_500)),
    bs.Trace(CELLS[:3], "v", every=1.0),
    bs.Network(seed=1),
]


@pytest.mark.parametrize("thing", TYPICAL, ids=lambda thing: type(thing).__name__)
def test_texts_are_short(thing):
    text = repr(thing)
    assert len(text) < 100
    assert "\n" not in text
    assert " at 0x" not in text
    assert type(thing).__name__ in text


@pytest.mark.parametrize("model", [bs.LIF(tau_m=10.0, v_th=-40.0), bs.Exponential(tau=2.0, name="ampa"), bs.Delta()])
def test_texts_of_models_can_be_typed(model):
    assert eval(repr(model), {name: getattr(bs, name) for name in MODELS}) == model


def test_texts_of_what_a_run_gives():
    net = bs.Network(seed=1)
    cells = bs.Population(20, bs.LIF(v_rest=-45.0), name="cells")
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Delta())
    result = bs.simulate(net, 50.0, seed=1, threads=1, record=[bs.Trace(cells[:3], "v", every=1.0)])
    for thing in (result.spikes["cells"], result.traces["cells", "v"], result.state):
        assert len(repr(thing)) < 120
        assert "cells" in repr(thing)
    assert all(len(line) < 100 for line in repr(result).splitlines())
    assert all(len(line) < 120 for line in repr(net).splitlines())
    simulation = bs.Simulation(net, seed=1, threads=1)
    assert repr(simulation.state["cells"]) == "state of 'cells': v"


def pasted(text):
    """Return the code of the examples of a docstring, with those that doctest skips."""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(text))


def undefined(code):
    """Return the names that code reads and does not define."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | {
        node.arg for node in nodes if isinstance(node, ast.arg)
    }
    made |= {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.ExceptHandler)}
    made |= {(node.asname or node.name).split(".")[0] for node in nodes if isinstance(node, ast.alias)}
    return {node.id for node in names} - made - set(dir(builtins))


def documented(label, thing):
    """Yield public things, their public methods, and the public things of modules, each with its name."""
    yield label, thing
    if inspect.isclass(thing):
        yield from ((f"{label}.{name}", one) for name, one in inspect.getmembers(thing) if not name.startswith("_"))
    elif isinstance(thing, types.ModuleType) and thing.__name__.startswith("brainsim"):
        for name in getattr(thing, "__all__", ()):
            yield from documented(f"{label}.{name}", getattr(thing, name))


def test_examples_run_when_they_are_pasted():
    of_all = [pair for name in bs.__all__ for pair in documented(f"bs.{name}", getattr(bs, name))]
    found = {label: names for label, thing in of_all if (names := undefined(pasted(inspect.getdoc(thing) or "")))}
    assert found == {}
    assert len(of_all) > 1000
    assert undefined(pasted(">>> x = np.array(y)  # doctest: +SKIP")) == {"np", "y"}


@pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no pages")
def test_pages_define_the_names_that_they_use():
    """Also in blocks that no test runs, since they need a notebook, a window or another simulator."""
    codes = {
        str(path.relative_to(DOCS)): "".join(re.findall(r"^```(?:python|py)\n(.*?)^```", text, re.M | re.S))
        for path in DOCS.rglob("*.md")
        if "```py" in (text := path.read_text(encoding="utf-8")) and "import *" not in text  # names of Brian2 and PyNN
    }
    assert {page: names for page, code in codes.items() if (names := undefined(code))} == {}
    assert len(codes) > 40


# these read files that are not here, or need a window or another package
ELSEWHERE = r"bs\.(sonata|nir|nestml|connectomes|ann\.datasets)\b|\.check_reader$|plot\.Live$|Spikes\.to_(neo|pynapple)$"


def skipped():
    """Return the examples that doctest skips, because they draw or write: name of what they are of -> code."""
    of_all = [pair for name in bs.__all__ for pair in documented(f"bs.{name}", getattr(bs, name))]
    texts = {label: inspect.getdoc(thing) or "" for label, thing in of_all if not re.search(ELSEWHERE, label)}
    return {label: pasted(text) for label, text in texts.items() if "doctest: +SKIP" in text}


@pytest.mark.thorough
def test_examples_that_doctest_skips_run(tmp_path, monkeypatch):
    """All in one test, so that the usual tests need not read every docstring to know their names."""
    monkeypatch.chdir(tmp_path)
    plt = pytest.importorskip("matplotlib.pyplot")
    codes = skipped()
    assert len(codes) > 30
    for label, code in codes.items():
        for package in re.findall(r"^import (\w+)", code, re.M):
            pytest.importorskip(package)
        exec(compile(code, label, "exec"), {"__name__": "pasted"})
        plt.close("all")
