"""Cells whose method is too coarse for their equations say so when they are built, with what to write instead."""

import contextlib
import re
import warnings

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import brainsim as bs
from brainsim.build.groups import step_of
from brainsim.build.layout import Layout
from brainsim.equations.steps.accuracy import LIMIT, deviation
from tests.equations.test_large_systems import chain
from tests.helpers.equations.catalogue import NEURONS
from tests.helpers.equations.own_models import Squid
from tests.helpers.equations.single_cells import by_method, run

BENT = " - v#*v#*v#/tau/top**2"  # a leak that is not linear


def bent(n, **given):
    return chain(n, BENT, top=bs.parameter(10.0, "mV", "scale of the leak"), **given)


def said(model, dt=0.1, synapse=None, n=1, initial=None):
    """Return the warnings when a network of these cells is built."""
    net = bs.Network(seed=1)
    cells = bs.Population(n, model, name="cells", initial=initial)
    net.add(cells)
    if model.cell_equations.uses_current:
        net.stimulate(cells, bs.CurrentInput(1.0))
    if synapse is not None:
        net.stimulate(cells, bs.PoissonInput(rate=1.0, weight=1.0, synapse=synapse))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        Layout(net, dt, 1)
    return [str(warning.message) for warning in found if warning.category is UserWarning]


def test_a_chain_that_is_not_linear_says_what_to_write():
    [text] = said(bent(20)())
    assert re.fullmatch(
        r"cells: the method 'exponential_euler' is too coarse for the equations of Chain at dt = 0.1 ms: near the initial "
        r"values, one step moves 'v\d+' and what is coupled to it (\d\d|more than 100) % differently from two half steps; "
        r"write method = 'rk4' and substeps = 8 in the class",
        text,
    )
    assert said(bent(20, method="rk4", substeps=8)()) == []
    assert said(bent(20)(), dt=0.001) == []
    assert said(bent(20)(a=0.2)) == []
    assert said(chain(20)()) == []


@pytest.mark.thorough
def test_the_advice_is_right():
    """Exponential Euler is 5 % off, what the warning says is right to a thousandth."""

    def slope(t, v):
        between = 20.0 * np.diff(v)
        return -v / 10.0 - v**3 / 1000.0 + np.append(between, 0.0) - np.append(0.0, between) + [20.0, 0.0, 0.0, 0.0]

    true = solve_ivp(slope, (0.0, 2.0), np.zeros(4), rtol=1e-10, atol=1e-10).y[:, -1]
    errors = {}
    for given in ({}, {"method": "rk4", "substeps": 8}):
        model = bent(4, **given)()
        with contextlib.nullcontext() if given else pytest.warns(UserWarning, match="'exponential_euler' is too coarse"):
            values, result = run(model, 2.0, 0.1, current=20.0, every=2.0)
        found = np.array([trace[-1, 0] for trace in values.values()])
        errors[result.stats["methods"]["cells"]] = np.abs(found / true - 1.0).max()
    assert errors["exponential_euler"] > 0.05
    assert errors["rk4"] < 1e-3


def test_an_unstable_method_is_named():
    [text] = said(by_method(Squid, "euler")(), dt=0.5)
    assert "the method 'euler' is too coarse" in text
    assert "write method = 'exponential_strang'" in text
    assert said(by_method(Squid, "euler")(), dt=0.01) == []


def test_one_warning_for_each_kind_of_cells():
    net = bs.Network(seed=1)
    model = bent(20)()
    for name in ("one", "two"):
        net.add(bs.Population(1, model, name=name))
    with pytest.warns(UserWarning, match="too coarse") as found:
        Layout(net, 0.1, 1)
    # others may come meanwhile, such as that of a file which an earlier test has left to the garbage collection
    assert sum("too coarse" in str(warning.message) for warning in found) == 1


@pytest.mark.parametrize("synapse", [None, bs.Alpha(), bs.ExponentialConductance(), bs.NMDA()])
def test_no_model_of_the_catalogue_warns_at_the_usual_dt(synapse):
    for name, kind in NEURONS.items():
        takes = (
            kind.equations and kind().cell_equations.uses_current and ("v" in kind.initials or isinstance(synapse, bs.Alpha))
        )
        if kind.spiking_source or (synapse is not None and not takes):
            continue
        assert [text for text in said(kind(), 0.1, synapse) if "coarse" in text] == [], name


def test_corners_and_values_that_are_not_numbers_are_no_alarm():
    """At the initial value the slope jumps, and a root has no derivative."""
    texts = {
        "equations": "dv/dt = where(v > v_0, -10, 10)*v*v/v_0/tau + sqrt(abs(v - v_0))*u/tau - v/tau\ndu/dt = -u*v*v/tau",
        "dimensions": False,
        "tau": bs.parameter(10.0, "ms", "time constant"),
        "v_0": bs.parameter(1.0, "mV", "corner"),
        "v": bs.initial("v_0", "mV", "potential"),
        "u": bs.initial(0.1, "", "other"),
    }
    assert said(type("Cornered", (bs.Neuron,), texts)()) == []
    texts["equations"] = "dv/dt = -log(-v)*u*v/tau\ndu/dt = -u*v*v/tau"
    assert said(type("Nothing", (bs.Neuron,), texts)()) == []


@pytest.mark.parametrize("sign", [1, -1])
def test_at_a_corner_the_steeper_side_counts(sign):
    """On one side of its initial value v decays eight times as fast: too fast for this step, which the other side is not."""
    texts = {
        "equations": f"dv/dt = -v/tau - 7*max({sign}*v, 0)*{sign}/tau",
        "method": "euler",
        "dimensions": False,
        "tau": bs.parameter(10.0, "ms", "time constant"),
        "v": bs.initial(0.0, "mV", "potential"),
    }
    assert len(said(type("Bent", (bs.Neuron,), texts)(), dt=1.0)) == 1
    texts["equations"] = "dv/dt = -v/tau"
    assert said(type("Straight", (bs.Neuron,), texts)(), dt=1.0) == []


def test_the_limit_lies_between_what_is_right_and_what_is_wrong():
    """A decay of one variable by Euler's method: at dt = 0.7 tau it warns, at half of tau it does not."""
    kind = type(
        "Decay",
        (bs.Neuron,),
        {
            "equations": "dv/dt = -v/tau",
            "method": "euler",
            "tau": bs.parameter(10.0, "ms", "time constant"),
            "v": bs.initial(1.0, "mV", "potential"),
        },
    )
    assert said(kind(), dt=5.0) == []
    assert len(said(kind(), dt=7.5)) == 1
    found, name = deviation(*step_of(kind(), (), False, "cells"), (("tau", 10.0),), (1.0,), 7.5)
    left, expected = 0.25, (1.0 - 0.375) ** 2
    assert found == pytest.approx((expected - left) / (1.0 - expected), rel=1e-6)
    assert found > LIMIT
    assert name == "v"
