"""``brainsim list``: the examples."""

import ast
import functools
import importlib
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


@functools.cache
def example_names():
    """Return the names of all examples in alphabetical order."""
    return sorted(path.stem for path in EXAMPLES.glob("[!_]*.py"))


def summary_of(name):
    """Return the first line of an example's docstring, without importing it."""
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))
    return ast.get_docstring(tree).splitlines()[0]


def example_named(name):
    """Return the module of an example."""
    return importlib.import_module(f"brainsim.examples.{name}")


def list_examples(arguments):
    """Print a line for each example."""
    width = max(map(len, example_names()))
    for name in example_names():
        print(f"{name:{width}}  {summary_of(name)}")
