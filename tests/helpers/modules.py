"""The modules of the package as syntax trees, and what each imports."""

import ast
import gc
import importlib
from functools import cache
from pathlib import Path

from brainsim.core.pauses import pause_gc

PACKAGE = Path(__file__).resolve().parents[2] / "brainsim"


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache  # not when it is imported, which each process that collects tests does
def modules():
    """Return name -> tree of all modules."""
    with pause_gc():
        trees = {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    gc.freeze()  # their million nodes stay until the end
    return trees


def need(*features):
    """Import some features; where one was deleted, this raises the sentence with which a test is left out."""
    for feature in features:
        importlib.import_module(f"brainsim.features.{feature}")


def imported(module, tree, types=False):
    """Return the names of all modules that a module imports, and whether when it is loaded; those for types if asked."""
    found = []
    for node, at_load, for_types in _statements(tree.body):
        if for_types and not types:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, at_load) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(name if name in modules() else node.module, at_load) for name in inner]
    return found


def _statements(body, at_load=True, for_types=False):
    """Go through statements: (statement, whether it runs when the module is loaded, whether it is for types alone).

    Expressions hold no imports; a walk through them, too, takes twenty times as long.
    """
    for node in body:
        yield node, at_load, for_types
        inside = at_load and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            if inner := getattr(node, part, None):
                yield from _statements(inner, inside, for_types or (part == "body" and _is_for_types(node)))


def _is_for_types(node):
    """Return whether a statement is ``if TYPE_CHECKING:`` or ``if typing.TYPE_CHECKING:``."""
    test = node.test if isinstance(node, ast.If) else None
    return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))
