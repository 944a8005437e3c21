"""What a checkpoint or a state holds passes the checks of what a user gives, before anything is built of it."""

import copy

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mutations import attempt, content_of, is_checked, write_mutated
from tests.helpers.runs.checkpointed import loaded, network, recorded, simulation

MUTATIONS = 60


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return the path of a checkpoint with everything that one can hold."""
    net = network()
    first = bs.simulate(net, 5.0, seed=2, threads=1).state
    sim = bs.Simulation(net, state=first, record=recorded(net), threads=1)
    sim.run(10.0)
    sim.rewire("plastic", remove=[0, 1], pre=[1], post=[2], weight=10.0, delay=2.5)
    sim.set("noise", rate=np.linspace(5000.0, 6000.0, 50))
    sim.set("cells", tau_m=21.0)
    sim.run(5.0)
    return sim.save(tmp_path_factory.mktemp("saved") / "good.ckpt")


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_whatever_is_damaged_is_named_or_harmless(saved, tmp_path):
    content, rng, path, refused = content_of(saved), np.random.default_rng(1), tmp_path / "bad.ckpt", 0
    for _ in range(MUTATIONS):
        what = write_mutated(path, content, rng)
        sim, error = attempt(lambda: loaded(path, threads=1))
        if error is not None:
            assert "bad.ckpt" in str(error), what
            assert is_checked(error), (what, error)
            refused += 1
        else:
            sim.run(1.0)
            sim.reset()
            assert sim.time == 5.0, what
    assert refused > MUTATIONS / 2


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("weight", np.ones(0), r"plastic.weight: must be one number or one for each of 199 synapses \(got shape \(0,\)\)"),
        ("weight", np.ones(10), "plastic.weight: must be one number or one for each of 199"),
        ("weight", np.full(199, 41.0), r"plastic.weight: must be <= w_max = 40, the bound of STDP.* \(got 41\)"),
        ("delay", np.ones(100_000), "plastic.delay: must be one number or one for each of 199"),
        ("delay", np.full(199, -1.0), "must be at most the shortest delay, -1 ms"),
        ("delay", np.full(199, 0.04), r"plastic.delay: must be at least dt = 0.1 ms \(got 0.04 ms\)"),
        ("delay", np.full(199, 1e6), "plastic.delay: must be at most 6500 ms"),
        ("delay", np.full(199, "1"), "plastic.delay: must be a number"),
        ("pre", np.zeros(7, np.int32), r"FromArrays.post: must be as long as pre, 7 \(got 199\)"),
        ("post", np.full(199, 50, np.int32), "FromArrays.post: 50 is beyond 'cells'"),
        ("rule/w_max", np.full(199, 50.0), "STDP.w_max: does not differ between synapses"),
        ("rule/bounds", np.ones(199), "STDP.bounds: does not differ between synapses"),
    ],
)
def test_rewired_synapses_pass_the_checks_of_rewire(saved, tmp_path, name, values, message):
    content = content_of(saved) | {f"rewired/plastic/{name}": values}
    if name.startswith("rule/"):
        text, of_rule = str(content["description"]), f'"{name[5:]}": {{"array": "rewired/plastic/{name}"}}'
        content["description"] = np.array(text.replace('"rule": {', f'"rule": {{{of_rule}', 1))
        assert str(content["description"]) != text
    with (tmp_path / "bad.ckpt").open("wb") as file:
        np.savez(file, **content)
    with pytest.raises(ValueError, match=rf"Simulation.load: '.*bad.ckpt' is not a readable .*{message}"):
        loaded(tmp_path / "bad.ckpt", threads=1)


@pytest.fixture(scope="module")
def whole():
    return simulation().run(10.0).state


class TestStates:
    """Of a plastic projection kernels take steps from a state as they are, and look decays up in tables with them."""

    @pytest.fixture
    def state(self, whole):
        return copy.deepcopy(whole)

    @pytest.mark.parametrize(
        ("part", "change", "message"),
        [
            ("sweep", lambda a: a - 1, r"must be a step from 0 to 101, and 0 or 1 \(got -1 and 0\)"),
            ("sweep", lambda a: [102, 1], "must be a step from 0 to 101, and 0 or 1"),
            ("sweep", lambda a: [0, 2], "must be a step from 0 to 101, and 0 or 1"),
            ("log.time", lambda a: a + 101, r"steps must be 0 to 100 \(got"),
            ("posts.time", lambda a: a[::-1], "steps must not decrease"),
            ("log.source", lambda a: a + 50, r"must be 0 to 49 \(got"),
            ("log.before.x", lambda a: a * np.nan, r"must be numbers \(got nan at 0\)"),
            ("w", lambda a: a[:-1], "must be an array of 200 float64"),
            ("w", lambda a: np.where(a == a[7], np.nan, a), r"must be numbers \(got nan at 7\)"),
        ],
    )
    def test_steps_and_numbers_of_plastic_synapses(self, state, part, change, message):
        state.extra[f"plastic.{part}"] = np.asarray(change(state.extra[f"plastic.{part}"]))
        with pytest.raises(ValueError, match=rf"state.extra\['plastic.{part}'\]: {message}"):
            bs.simulate(network(), 5.0, state=state)

    @pytest.mark.parametrize(
        ("part", "value", "message"),
        [
            ("pending", {"cells": 3}, r"state.pending\['cells'\]: must be a list \(got 3\)"),
            ("variables", {"cells": {"v": "x"}}, r"state.variables\['cells'\]\['v'\]: must be an array \(got 'x'\)"),
            ("network", [1], r"state.network: must be a dict"),
            ("refractory", {1: 2}, "state.refractory: must be a dict with names as keys"),
            ("arriving", {}, "is of another network: its population 'cells'"),
        ],
    )
    def test_structure(self, state, part, value, message):
        setattr(state, part, value)
        with pytest.raises(ValueError, match=message):
            bs.simulate(network(), 5.0, state=state)
