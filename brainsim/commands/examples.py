"""``brainsim list`` and ``brainsim copy``: the examples, and a copy of one to change."""

import ast
import functools
import importlib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
GROUPS = {
    "cells and synapses": ("single", "coincidence", "fit", "short_term", "stdp_window"),
    "networks": ("balanced", "coba", "cobahh", "cuba", "gap_junctions", "microcircuit", "rates", "sheet", "synfire"),
    "brains that have been mapped": ("fly", "larva", "worm"),
    "memory and decisions": ("decision", "memory", "reservoir", "wang", "working_memory"),
    "learning by plasticity": ("digits_stdp", "fear", "grid", "inhibitory_balance", "reward", "stdp"),
    "learning by gradients": ("image", "language", "speech", "timing"),
    "a page of pictures": ("tour",),
}


@functools.cache
def example_names():
    """Return the names of all examples in alphabetical order."""
    return sorted(path.stem for path in EXAMPLES.glob("[!_]*.py"))


def summary_of(name):
    """Return the first line of an example's docstring, without importing it."""
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))
    return ast.get_docstring(tree).splitlines()[0]


def find_example(name):
    """Return the module of an example."""
    return importlib.import_module(f"brainsim.examples.{name}")


def examples_with(option):
    """Return the names of the examples that have an option of their own, such as "--state"."""
    key = option.removeprefix("--").replace("-", "_")
    return [name for name in example_names() if key in getattr(find_example(name), "OPTIONS", {})]


def list_examples(arguments):
    """Print a line for each example, in groups."""
    width = max(map(len, example_names()))
    for group, names in GROUPS.items():
        print(group)
        for name in names:
            print(f" {name:{width}}  {summary_of(name).rstrip('.')}")
    print("\nbrainsim run NAME simulates one, brainsim copy NAME makes a script of it")


def copy_example(arguments):
    """Write a copy of an example: a script that can be changed."""
    source = EXAMPLES / f"{arguments.name}.py"
    target = arguments.out or Path(source.name)
    if target.suffix != ".py":
        raise ValueError(f"--out: must end in .py (got {str(target)!r})")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"--out: there is no folder {str(target.parent)!r}")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(source.read_text(encoding="utf-8"))
    except FileExistsError:
        raise FileExistsError(f"there is a file {str(target)!r} already; --out FILE.py names another") from None
    print(f"{'script':<11} {target}")
    print(f"{'run it':<11} python {target}")
