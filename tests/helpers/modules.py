"""The modules of the package as syntax trees, and what each imports."""

import ast
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "brainsim"


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache  # not when it is imported, which each process that collects tests does
def modules():
    """Return name -> tree of all modules."""
    return {module_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imported(module, tree, types=False):
    """Return the names of all modules that a module imports, and whether when it is loaded; those for types if asked."""
    return _imported(module, types) if modules().get(module) is tree else _imported_by(module, tree, types)


@cache  # several tests ask for those of all modules, which takes two seconds
def _imported(module, types):
    return _imported_by(module, modules()[module], types)


def _imported_by(module, tree, types):
    loaded = {id(node) for top in tree.body for node in _at_load(top)}
    for_types = {
        id(inner) for node in ast.walk(tree) if _is_for_types(node) for line in node.body for inner in ast.walk(line)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in for_types and not types:
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in loaded) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(name if name in modules() else node.module, id(node) in loaded) for name in inner]
    return found


def _at_load(node):
    """Go through the nodes that run when a module is loaded: all but the bodies of functions."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _at_load(child)


def _is_for_types(node):
    """Return whether a statement is ``if typing.TYPE_CHECKING:``."""
    return isinstance(node, ast.If) and ast.unparse(node.test).removeprefix("typing.") == "TYPE_CHECKING"
