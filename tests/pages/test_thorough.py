"""Random networks, and the examples, have on a page the bits of Python, while controls are moved at random steps."""

import importlib
import pkgutil
import warnings

import numpy as np
import pytest

import brainsim as bs
import brainsim.examples
from brainsim.pages.page import bind
from brainsim.testing.random_networks import networks
from tests.pages.engine import run_there

SILENT = {"worm"}  # whose cells have no spikes
LASTS = {"single": 400.0}  # ms, of those whose first spike comes later than in 50 ms
CASES = 300
THOROUGH = (3, 21)


def examples():
    """Return the names of the examples that are networks: all but the pictures of the tour."""
    names = [info.name for info in pkgutil.iter_modules(brainsim.examples.__path__) if not info.ispkg]
    return [name for name in names if hasattr(importlib.import_module(f"brainsim.examples.{name}"), "build")]


def controls_of(rng, sim):
    """Return up to three controls of numbers of a simulation, of inputs and of parameters, that can be moved."""
    layout, found = sim._layout, []
    wanted = [(stimulus.name, "rate") for stimulus in layout.inputs if hasattr(stimulus.input, "rate")]
    wanted += [(p.name, "weight") for p in layout.network.projections if p.plasticity is None]
    for name, member in layout.members.items():
        wanted += [(name, key) for key in getattr(member.population.model, "parameters", {})]
    for k in rng.permutation(len(wanted))[:3]:
        target, name = wanted[k]
        for scale in (1.0, -1.0):
            try:
                at = bind(sim, [bs.Control(target, name, -1e9, 1e9)])[0].current
                if not at:
                    break
                values = sorted(at * factor for factor in (0.97, 1.0, 1.02))
                found += [bs.Control(target, name, values=values)] if scale > 0 else []
                break
            except (TypeError, ValueError):
                continue
    return found


def movable(sim, controls):
    """Return those of some controls whose positions the simulation takes, without two of one constant."""
    taken = []
    for control in controls:
        try:
            (bound,) = bind(sim, [control])
            for value in (*bound.values, bound.current):
                bound.set(sim, value)
        except (TypeError, ValueError):
            continue
        taken.append(control)
    return taken


def compare(seed, folder, precise=False):
    """Assert that a random network has the same digest in Python and in node; return whether it could be compared."""
    plan, rng = networks.drawn(seed, precise), np.random.default_rng([seed, 44])
    options = {"dt": plan.dt, "seed": seed + 2, "threads": 1, "progress": False, "precise": precise}

    def made():
        return bs.Simulation(plan.network(), **options)

    try:
        here, there = made(), made()
    except ValueError:
        return False
    controls, parts = movable(made(), controls_of(rng, there)), []
    cuts = np.sort(rng.integers(1, plan.steps, 3)).tolist()
    bound = bind(here, controls)
    for steps in np.diff([0, *cuts, plan.steps]).tolist():
        if steps:
            parts.append({"type": "advance", "steps": steps})
        if bound:
            k = int(rng.integers(len(bound)))
            parts.append({"type": "control", "control": k, "position": int(rng.integers(3))})
    try:
        for part in parts:
            if part["type"] == "advance":
                here.run(part["steps"] * plan.dt)
            else:
                bound[part["control"]].set(here, bound[part["control"]].values[part["position"]])
        expected = here.digest()
    except ValueError:
        return False  # it ran away
    try:
        digest, _ = run_there(there, parts, folder, controls)
    except ValueError as error:
        if "same constant" in str(error) or "other functions" in str(error):
            return False
        raise
    assert digest == expected, f"seed {seed}: {parts}, {controls}"
    return True


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) for name in examples()])
def test_an_example(tmp_path, name):
    """The small version of each; those that Python steers in pieces without this."""
    example = importlib.import_module(f"brainsim.examples.{name}")
    settings = {"dt": getattr(example, "DT", 0.1), "precise": getattr(example, "PRECISE", False), "seed": 2, "threads": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net, lasts = example.build(**getattr(example, "SMALL", {}))[0], LASTS.get(name, 50.0)
        here, there = (bs.Simulation(net, **settings) for _ in range(2))
        digest, spikes = run_there(there, [lasts], tmp_path)
        here.run(lasts)
    assert digest == here.digest()
    assert (spikes == 0) == (name in SILENT)


def test_all_examples_but_the_tour_are_networks():
    names = {info.name for info in pkgutil.iter_modules(brainsim.examples.__path__) if not info.ispkg}
    assert names - {*examples()} == {"tour"}


@pytest.mark.parametrize(
    "seed", [pytest.param(k, marks=pytest.mark.thorough if k in THOROUGH else pytest.mark.slow) for k in range(CASES)]
)
def test_a_random_network(tmp_path, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not compare(seed, tmp_path):
            pytest.skip("it ran away, or needs Python")
