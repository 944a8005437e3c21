"""A page that begins from a saved state has the bits of a simulation that does."""

import copy

import pytest

import brainsim as bs
from brainsim.pages.page import alone, bind, contents
from brainsim.pages.writing import elements
from tests.pages.engine import answers
from tests.pages.test_bits import NETWORKS, OPTIONS, balanced

RUN, DIGEST = {"type": "advance", "steps": 300}, {"type": "digest"}
CASES = {"balanced": balanced, "procedural": lambda: balanced(200, "procedural")}
CASES |= {
    name: NETWORKS[name]
    for name in ("stdp", "short-term", "exact times", "single", "gap junctions", "conductances", "scaled")
}


def saved(net, *times, **options):
    """Return the states of one run at some times."""
    sim, found = bs.Simulation(net, seed=2, **options), {}
    for time in times:
        found[f"at {time:g} ms"] = sim.run(time - sim.time).state
    return found


@pytest.mark.thorough_but("[balanced]", "[stdp]")
@pytest.mark.parametrize("name", CASES)
def test_a_saved_state_is_chosen(tmp_path, name):
    """The states are of runs in which lists and calendars may have grown; a control stays where it was moved."""
    net, options = CASES[name](), OPTIONS.get(name, {})
    target, field = ("current", "amplitude") if net.inputs[0].name == "current" else (net.inputs[0].name, "rate")
    value = getattr(net.inputs[0].input, field)
    controls = [bs.Control(target, field, values=[0.9 * value, value])]
    states = saved(net, 37.3, 150.0, **options)
    sim = bs.Simulation(net, seed=2, threads=1, **options)
    chosen = [{"type": "restart", "state": k} for k in range(3)]
    plan = [RUN, chosen[1], RUN, DIGEST, chosen[2], RUN, DIGEST, chosen[0], RUN, DIGEST]
    plan += [{"type": "control", "control": 0, "position": 0}, chosen[1], RUN, DIGEST]
    found = answers(elements(*contents(alone(sim), controls, states=states)), plan, tmp_path)
    assert [answer["step"] for answer in found if answer["type"] == "restarted"] == [373, 1500, 0, 373]
    there = iter([answer["text"] for answer in found if answer["type"] == "digest"])
    for state, position in ((states["at 37.3 ms"], 1), (states["at 150 ms"], 1), (None, 1), (states["at 37.3 ms"], 0)):
        here = bs.Simulation(net, seed=2, state=state, threads=1, **options)
        (bound,) = bind(here, controls)
        if position == 0:
            bound.set(here, bound.values[0])
        here.run(30.0)
        assert next(there) == here.digest(), (name, state and state.step, position)


def test_what_the_reader_chooses_from(tmp_path):
    net = balanced(100)
    about, blobs = contents(alone(bs.Simulation(net, seed=2)), states=saved(net, 10.0))
    assert about["states"] == [{"label": "the start", "help": "at 0 ms"}, {"label": "at 10 ms", "help": "at 10 ms"}]
    assert len(blobs["states"]) < len(blobs["image"])
    assert contents(alone(bs.Simulation(net, seed=2)))[0]["states"] == []


def test_states_that_do_not_fit_are_refused_by_name(tmp_path):
    net, file = balanced(100), tmp_path / "page.html"
    (state,) = saved(net, 10.0).values()
    other = copy.copy(state)
    other.seed = 3
    (foreign,) = saved(balanced(101), 1.0).values()
    cases = [
        ([state], TypeError, "page.states: must be a dict such as"),
        ({"late": 3.0}, TypeError, "page.states\\['late'\\]: page.state: must be the state of a result: result.state"),
        ({"late": other}, ValueError, "page.states\\['late'\\]: was saved with seed 3 .got 2.; give seed=3"),
        ({"late": foreign}, ValueError, "page.states\\['late'\\]: .*of another network"),
    ]
    for given, error, match in cases:
        with pytest.raises(error, match=match):
            bs.page(net, file, states=given, seed=2)
    assert not file.exists()
