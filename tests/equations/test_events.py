"""Events, thresholds and refractoriness: what happens when, to the step."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.equations.own_models import clock
from tests.helpers.equations.single_cells import run, steps


def test_events_have_their_own_conditions_and_effects():
    model = clock(
        events={"half": ("v > v_half and v < v_half + dt*speed", "u += 1; v += 0"), "spike": ("v >= v_th", "u += 100*count")}
    )
    values, result = run(model(), 5.0)
    assert steps(result).tolist() == [10, 20, 30, 40, 50]
    # the effect of an event comes after the reset and sees what it left; conditions see what was before it
    assert values["u"][[4, 5, 9, 10, 15, 20, 50], 0].tolist() == [0.0, 1.0, 1.0, 101.0, 102.0, 302.0, 1505.0]
    assert values["count"][-1] == 5.0


def test_an_event_is_not_a_spike():
    model = type(
        "Mine",
        (bs.Neuron,),
        {
            "equations": "dv/dt = speed",
            "events": {"wrap": ("v > 10*speed*dt + speed*dt/2", "v = 0")},
            "speed": bs.parameter(1.0, "mV/ms", "speed"),
            "v": bs.initial(0.0, "mV", "potential"),
        },
    )
    values, result = run(model(), 3.0)
    assert values["v"][:, 0] == pytest.approx([k % 11 * 0.1 for k in range(31)], abs=1e-12)
    assert len(result.spikes["cells"]) == 0


@pytest.mark.thorough
def test_each_step_comes_before_the_threshold_and_the_events():
    model = clock(
        each_step="v = min(v, v_half); u = v/v_half", threshold="u >= 1", events={"high": ("u > 0.8", "count = count + 10")}
    )
    values, result = run(model(), 1.1)
    assert steps(result).tolist() == [5, 10]
    assert values["v"][:7, 0] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.0, 0.1], abs=1e-12)
    assert values["u"][:7, 0] * 0.45 == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.1], abs=1e-12)
    assert values["count"][[3, 4, 5, 9, 10], 0].tolist() == [0.0, 10.0, 21.0, 31.0, 42.0]


@pytest.mark.parametrize("text", ["speed = 0", "u = fast; fast = 0", "v_half = 2; u = v_half"])
def test_each_step_needs_variables(text):
    with pytest.raises(
        ValueError, match=r"Mine.each_step: ('speed' is not a variable|'v_half' is not a variable|unknown name 'fast')"
    ):
        clock(each_step=text)


def test_each_step_has_names_of_its_own():
    values, _ = run(clock(each_step="twice = v + v; twice = 2*twice; u = (twice - v)/v_half")(), 0.5)
    assert values["u"][1:, 0] == pytest.approx(3 * values["v"][1:, 0] / 0.45, abs=1e-12)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ({"e": "v > v_th"}, "must be a pair"),
        ({"e": ("v", "v = 0")}, "must be a comparison"),
        ({"e": ("v > v_th", "speed = 0")}, "'speed' is not a variable"),
        ({"e": ("v > vth", "v = 0")}, "did you mean 'v_th'"),
        ({"e": ("v > v_th", "v == 0")}, "one '='"),
    ],
)
def test_invalid_events(events, message):
    with pytest.raises(ValueError, match=rf"Mine.events\['e'\]: .*{message}"):
        clock(events=events)


def test_class_attributes_of_a_wrong_kind():
    with pytest.raises(TypeError, match=r"Mine.events: must be a dict such as"):
        clock(events=("v > v_th", "v = 0"))
    with pytest.raises(TypeError, match=r"Mine.frozen: must be a tuple of variables, such as \('v',\)"):
        clock(frozen="v")
    for name, value in (("substep", 4), ("dimension", False), ("event", {})):
        with pytest.raises(TypeError, match=rf"Mine.{name}: no such attribute of a model; did you mean '{name}s'"):
            clock(**{name: value})


REFRACTORY = {
    "a parameter": ({"t_ref": bs.parameter(2.0, "ms", "x")}, 30),
    "an expression": ({"refractory": "4*tau/2", "tau": bs.parameter(1.0, "ms", "x")}, 30),
    "an expression of a variable": ({"refractory": "tau*count", "tau": bs.parameter(1.0, "ms", "x")}, (10, 30, 60, 100)),
    "with a random number": ({"refractory": "tau*(1 + floor(rand()))*2", "tau": bs.parameter(1.0, "ms", "x")}, 30),
    "none": ({}, 10),
    "negative by a variable": ({"refractory": "-tau*count", "tau": bs.parameter(1.0, "ms", "x")}, 10),
}


@pytest.mark.thorough_but("a parameter", "an expression")
@pytest.mark.parametrize("name", REFRACTORY)
def test_refractory_times(name):
    texts, period = REFRACTORY[name]
    values, result = run(clock(**texts)(), 12.0)
    expected = np.arange(10, 121, period) if np.ndim(period) == 0 else period
    assert steps(result)[: len(expected)].tolist() == list(expected)[: len(steps(result))]
    if period == 30:
        assert np.all(values["v"][10:31, 0] == 0.0)


def test_a_condition_keeps_a_cell_refractory():
    """v comes down without a reset: one spike for each time that v rises through the threshold."""
    model = type(
        "Mine",
        (bs.Neuron,),
        {
            "equations": "dv/dt = (size*cos(2*pi*t/period))*2*pi/period",
            "threshold": "v > v_th",
            "refractory": "v > v_th",
            "size": bs.parameter(10.0, "mV", "x"),
            "period": bs.parameter(10.0, "ms", "x"),
            "v_th": bs.parameter(5.0, "mV", "x"),
            "v": bs.initial(0.0, "mV", "x"),
            "method": "rk4",
        },
    )
    values, result = run(model(), 40.0)
    v = values["v"][:, 0]
    assert np.allclose(v, 10 * np.sin(2 * np.pi * np.arange(401) / 100), atol=1e-4)  # nothing is frozen
    rising = np.flatnonzero((v[1:] > 5.0) & (v[:-1] <= 5.0)) + 1
    assert steps(result).tolist() == rising.tolist()
    assert rising.size == 4
    without = type("Without", (model,), {"refractory": None})
    assert len(steps(run(without(), 40.0)[1])) > 50


@pytest.mark.thorough
def test_which_variables_are_frozen():
    texts = {
        "equations": "dv/dt = speed\ndu/dt = 1/one",
        "one": bs.parameter(1.0, "ms", "x"),
        "t_ref": bs.parameter(1.0, "ms", "x"),
    }
    cases = {None: (False, True), ("v",): (False, True), ("u",): (True, False), ("u", "v"): (False, False), (): (True, True)}
    for frozen, moves in cases.items():
        values, result = run(clock(frozen=frozen, **texts)(), 2.0)
        assert steps(result)[0] == 10
        for name, moved in zip("vu", moves, strict=True):
            stretch = values[name][10:21, 0]
            assert (stretch[-1] - stretch[0] == pytest.approx(1.0)) if moved else np.all(stretch == stretch[0]), frozen


@pytest.mark.thorough_but("a parameter", "an expression")
def test_refractory_times_of_each_cell():
    values, result = run(
        clock(refractory="t_wait*(1 + u)", t_wait=bs.parameter(1.0, "ms", "x"))(t_wait=np.array([0.5, 1.0, 2.0])),
        9.0,
        n=3,
        initial={"u": np.array([0.0, 1.0, 2.0])},
    )
    for cell, period in enumerate((15, 30, 70)):
        assert steps(result, cell).tolist() == list(range(10, 91, period))
