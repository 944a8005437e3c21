"""What a user reads: every public name is explained, by parameters and an example; models say units; texts are short.

The examples run as doctests (``--doctest-modules`` in pyproject.toml).
"""

import inspect
import re
import types

import numpy as np
import pytest

import brainsim as bs

UNITS = {"", "ms", "mV", "pA", "pF", "nS", "Hz", "um", "mM"}
BASES = ("Neuron", "Synapse", "Plasticity")
PUBLIC = [name for name in bs.__all__ if not isinstance(getattr(bs, name), types.ModuleType)]
KINDS = {name: thing for name in PUBLIC if inspect.isclass(thing := getattr(bs, name))}
MODELS = [name for name, kind in KINDS.items() if issubclass(kind, bs.Neuron | bs.Synapse | bs.Plasticity)]
BASE = bs.values.Distribution
VALUES = [n for n, kind in vars(bs.values).items() if inspect.isclass(kind) and issubclass(kind, BASE) and kind != BASE]


def parameters_of(thing):
    """Return the names of the parameters that the page of a public class or function must explain."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except ValueError:
        return []
    names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name != "_"]
    is_synapse = inspect.isclass(thing) and issubclass(thing, bs.Synapse)
    return [name for name in names if not (is_synapse and name == "name")]  # bs.Synapse explains it


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    thing = getattr(bs, name)
    text = inspect.getdoc(thing) or ""
    assert len(text.split("\n\n")[0]) > 15, "says what it is"
    base = name in BASES
    if parameters_of(thing) and not base:
        heading = "Attributes\n---" if name in ("View", "Projection") else "Parameters\n---"
        assert heading in text
    if base:
        assert "Class attributes\n---" in text
    if name == "State":  # comes out of a result, and is not made by hand
        return
    assert "Examples\n---" in text
    assert ">>> " in text.split("Examples\n---")[1]


@pytest.mark.parametrize("name", [n for n in PUBLIC if n not in ("View", *BASES)])  # a user makes none of these
def test_every_parameter_is_explained(name):
    thing = getattr(bs, name)
    text = inspect.getdoc(thing)
    for parameter in parameters_of(thing):
        # "name : type", "name, other : type", "name" on a line of its own, or `name` in the text
        listed = rf"^ *(\w+, )*{parameter}(, \w+)*( :.*)?$|`{parameter}`"
        assert re.search(listed, text, re.MULTILINE), parameter


@pytest.mark.parametrize("name", PUBLIC)
def test_public_methods_are_documented(name):
    thing = getattr(bs, name)
    if not inspect.isclass(thing):
        return
    for attribute, value in vars(thing).items():
        if not attribute.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{name}.{attribute}"


def test_distributions_are_documented():
    assert {"Uniform", "Normal", "LogNormal", "Exponential", "Gamma", "Clipped"} <= set(VALUES)
    for name in VALUES:
        text = inspect.getdoc(getattr(bs.values, name))
        assert ">>> " in text, name


@pytest.mark.parametrize("name", [m for m in MODELS if m not in BASES])
def test_models_say_units_and_meanings(name):
    model = getattr(bs, name)
    text = inspect.getdoc(model)
    for key, spec in {**model.parameters, **model.initials}.items():
        assert len(spec.meaning) > 4, key
        units = UNITS | {"1"} | ({"weight"} if issubclass(model, bs.Plasticity) else set())
        assert all(part in units for part in re.split(r"[*/]", spec.unit)), key
    for key, spec in model.parameters.items():
        assert re.search(rf"\b{key}\b", text), key
        assert not spec.unit or f"[{spec.unit}]" in text, key
    if issubclass(model, bs.Synapse):
        assert all(part in UNITS for part in model.weight_unit.split("*"))
        assert f" {model.weight_unit or 'plain numbers'}" in text, "the unit of the weights"


def test_help_shows_the_parameters():
    """`help(bs.LIF)` and the tooltip of an editor show names and defaults."""
    assert str(inspect.signature(bs.LIF)).startswith("(*, tau_m=20.0, c_m=200.0, v_rest=-65.0")
    assert str(inspect.signature(bs.Exponential)).startswith("(*, tau=5.0")


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
