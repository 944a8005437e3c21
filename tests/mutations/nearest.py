"""Which tests of a room are likely to notice a wrong line: those that name what it belongs to, or what calls that."""

import ast
import functools
import math
from collections import Counter, defaultdict
from pathlib import Path

from tests.mutations.rooms import ROOT

FAR = 3  # calls between a test and a line
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def order_of(file, line, places):
    """Return (test, score) for the tests in some places, the likeliest first."""
    near = _names_near(file, line)
    tests = [found for place in places for found in _tests_in(place)]
    common = Counter(name for _, names in tests for name in names)
    scores = {}
    for test, names in tests:
        worth = [near[name] * math.log(1 + len(tests) / common[name]) for name in names & near.keys()]
        scores[test] = max(worth, default=0.0) + 0.1 * sum(worth) + (Path(file).stem.lower() in test.lower())
    return sorted(scores.items(), key=lambda item: -item[1])


@functools.cache
def _tests_in(place):
    """Return (test, the names in it) for all tests below a folder, or in a file."""
    path = ROOT / place
    files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    return [found for file in files for found in _tests_of(file)]


def _tests_of(file):
    tree, name = ast.parse(file.read_text(encoding="utf-8")), file.relative_to(ROOT).as_posix()
    helpers = {node.name: _names_in(node) for node in tree.body if isinstance(node, DEFINITIONS)}
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for test in inner:
            if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
                names = _names_in(test)
                names |= set().union(*(helpers[helper] for helper in names & helpers.keys()))
                yield "::".join([name, *([node.name] if node is not test else []), test.name]), names


def _names_in(node):
    names = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                names.add(name)
            case ast.Constant(value=str(text)) if len(text) < 80:
                names.update(text.replace(".", " ").split())
    return names


def _names_near(file, line):
    """Return the names that a test may use to reach a line, each with how near it is: 1, or less with each call."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    near = dict.fromkeys(_around(tree, line), 1.0)
    ring, users = set(near), _users()
    for distance in range(1, FAR + 1):
        ring = {user for name in ring for user in users[name]} - near.keys()
        near |= dict.fromkeys(ring, 0.5**distance)
    return near


def _around(tree, line):
    """Return the names of the functions and classes around a line, or of what it defines."""
    around = [n for n in ast.walk(tree) if isinstance(n, DEFINITIONS) and n.lineno <= line <= n.end_lineno]
    names = {node.name for node in around if not node.name.startswith("__")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.lineno <= line <= node.end_lineno:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= (
                {t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)} if not around else set()
            )
    return names


@functools.cache
def _users():
    """Return for each name which functions and classes of the package use it."""
    users = defaultdict(set)
    for file in sorted((ROOT / "brainsim").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            for part in (node, *(node.body if isinstance(node, ast.ClassDef) else ())):
                if isinstance(part, DEFINITIONS) and not part.name.startswith("__"):
                    for name in _names_in(part) - {part.name}:
                        users[name].add(part.name)
    return users
