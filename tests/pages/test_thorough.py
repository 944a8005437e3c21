"""Random networks, and the examples, have on a page the bits of Python, while controls are moved at random steps."""

import importlib
import pkgutil
import warnings

import pytest

import brainsim as bs
import brainsim.examples
from tests.pages.engine import run_there
from tests.random_networks import command

SILENT = {"worm", "digits_stdp"}  # cells have no spikes; pixels have none until a digit is shown
LASTS = {"single": 400.0}  # ms, of those whose first spike comes later than in 50 ms
CASES = 300
THOROUGH = (3, 10)  # in double and single precision; 10 failed once


def examples():
    """Return the names of the examples that are networks: all but the pictures of the tour."""
    names = [info.name for info in pkgutil.iter_modules(brainsim.examples.__path__) if not info.ispkg]
    return [name for name in names if hasattr(importlib.import_module(f"brainsim.examples.{name}"), "build")]


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
def test_a_random_network(seed):
    """With and without controls that move; `random_pages` says how to compare others."""
    outcome, lines = command.outcome_of(seed, command.PAGE)
    assert outcome in ("agrees", "ran away"), "\n".join(
        [f"{outcome}; to repeat it: {command.command_of(seed, command.PAGE)}", *lines]
    )
