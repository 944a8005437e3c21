"""Wrong lines, put in one at a time: which share of them do the tests of a room notice?

``python -m tests.mutations --room engine/synapses --number 20 --seed 1`` draws lines of the room, changes each in a copy of
the project, and runs the usual tests of the room on it; with ``--thorough`` the thorough ones as well. A line that no test
notices is printed: it needs a test, or is a change that changes nothing. The share has a 95 % interval (Wilson 1927,
https://doi.org/10.1080/01621459.1927.10502953).
"""

import argparse
import ast
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("brainsim", "tests", "docs", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "conftest.py", "pyproject.toml")
PATIENCE = 900.0  # seconds, after which tests count as having noticed that something hangs
# rooms whose tests are not in the folder of their name
TESTS = {
    "build": "tests/build tests/network",
    "engine": "tests/engine tests/laws",
    "engine/loop": "tests/engine/simulation tests/laws/test_golden.py",
    "engine/operators": "tests/models tests/laws/test_golden.py tests/laws/test_poisson.py",
    "engine/states": "tests/engine/simulation tests/engine/test_states.py",
    "features/adjoints": "tests/features/adjoints tests/learn",
    "features/formats": "tests/features/formats tests/results tests/sonata",
    "features/resting": "tests/features/resting tests/laws/test_golden.py",
    "features/streams": "tests/features/streams tests/results",
    "commands": "tests/interface",
    "explore": "tests/interface tests/examples",
}
OPPOSITES = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is",
    ast.In: "not in", ast.NotIn: "in", ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.And: "or", ast.Or: "and",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """A wrong piece of text in place of a right one, from (line, column) to (line, column), the columns in bytes."""

    kind: str
    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    def apply(self, source):
        """Return the source with the change."""
        lines = source.encode().split(b"\n")
        (first, left), (last, right) = self.start, self.end
        lines[first - 1 : last] = [lines[first - 1][:left] + self.text.encode() + lines[last - 1][right:]]
        return b"\n".join(lines).decode()


def changes_of(source):
    """Return all changes of a source, in the order of its text; none in docstrings, messages and annotations."""
    tree = ast.parse(source)
    hidden = {id(inner) for node in ast.walk(tree) for part in _not_code(node) for inner in ast.walk(part)}
    found = []
    for node in ast.walk(tree):
        if id(node) not in hidden:
            found += _changes_at(node)
    return sorted(found, key=lambda change: (change.start, change.end, change.kind))


def _not_code(node):
    """Return the parts of a node that are not run in a program that works: messages of errors, and annotations."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return [node]
    if isinstance(node, ast.FunctionDef):
        return [part for part in (node.returns, *(a.annotation for a in node.args.args + node.args.kwonlyargs)) if part]
    return [node.annotation] if isinstance(node, ast.AnnAssign) else []


def _changes_at(node):
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITES:
            yield _put("comparison", node, f"{_code(node.left)} {OPPOSITES[type(op)]} {_code(node.comparators[0])}")
        case ast.BinOp(op=op) if type(op) in OPPOSITES:
            yield _put("sign", node, f"({_code(node.left)} {OPPOSITES[type(op)]} {_code(node.right)})")
        case ast.BoolOp(op=op, values=values):
            yield _put("condition", node, f"({f' {OPPOSITES[type(op)]} '.join(map(_code, values))})")
            yield _put("dropped condition", node, _code(values[0]))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _put("dropped not", node, _code(operand))
        case ast.Constant(value=bool(value)):
            yield _put("constant", node, str(not value))
        case ast.Constant(value=int(value) | float(value)):
            yield _put("constant", node, repr(value + 1))
        case ast.Call(args=[first, second, *others]) if not node.keywords and not _is_starred(first, second):
            given = ", ".join(map(_code, (second, first, *others)))
            if _code(first) != _code(second):
                yield _put("swapped arguments", node, f"{_code(node.func)}({given})")
        case ast.If(test=test):
            yield _put("dropped condition", test, "True")
        case ast.Expr(value=ast.Call()):
            yield _put("dropped call", node, "pass")


def _is_starred(*nodes):
    return any(isinstance(node, ast.Starred) for node in nodes)


def _code(node):
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, ast.IfExp | ast.BoolOp | ast.Lambda | ast.Compare | ast.NamedExpr) else text


def _put(kind, node, text):
    return Change(kind, (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset), text)


def draw(room, number, seed):
    """Return (file, change) of some lines of a room, all lines with the same chance."""
    place = ROOT / "brainsim" / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    by_line = {}
    for file in files:
        for change in changes_of(file.read_text(encoding="utf-8")):
            by_line.setdefault((file.relative_to(ROOT), change.start[0]), []).append(change)
    rng = random.Random(seed)
    lines = rng.sample(sorted(by_line), min(number, len(by_line)))
    return [(file, rng.choice(by_line[file, line])) for file, line in lines]


def tests_of(room):
    """Return the tests of a room: those of the nearest folder that has some."""
    while room:
        if room in TESTS:
            return TESTS[room].split()
        if (ROOT / "tests" / room).exists():
            return [f"tests/{room}"]
        room = room.rpartition("/")[0]
    raise SystemExit("tests.mutations: there are no tests of this room; name one in TESTS")


def copy_project(folder):
    """Copy what tests need to a folder."""
    for name in COPIED:
        source, target = ROOT / name, Path(folder, name)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "_build"))
        else:
            shutil.copy(source, target)


def is_noticed(folder, file, change, tests, tiers):
    """Return whether tests fail if a change is made in a copy of the project, in which it is taken back."""
    path = Path(folder, file)
    right = path.read_text(encoding="utf-8")
    path.write_text(change.apply(right), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", tiers, "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=folder, env=_environment(folder), capture_output=True, timeout=PATIENCE)
        return done.returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(right, encoding="utf-8")


def _environment(folder):
    return os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def interval(noticed, number):
    """Return the ends of the 95 % interval of a share.

    Examples
    --------
    >>> interval(8, 10)
    (0.49, 0.94)
    """
    z, share = 1.96, noticed / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number)) / (1 + z * z / number)
    return round(middle - half, 2), round(middle + half, 2)


def main(arguments=None):
    """Change lines, run the tests, and print what no test noticed, and the share that was."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.split("\n\n")[0])
    parser.add_argument("--room", required=True, help="a folder or a file of brainsim, such as engine/synapses")
    parser.add_argument("--number", type=int, default=20, help="of lines")
    parser.add_argument("--seed", type=int, required=True, help="chosen after the tests were written")
    parser.add_argument("--thorough", action="store_true", help="run the thorough tests of the room as well")
    options = parser.parse_args(arguments)
    tests, tiers = tests_of(options.room), "not slow" if options.thorough else "not slow and not thorough"
    noticed, drawn = 0, draw(options.room, options.number, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        copy_project(folder)
        for file, change in drawn:
            seen = is_noticed(folder, file, change, tests, tiers)
            noticed += seen
            right = (ROOT / file).read_text(encoding="utf-8").split("\n")[change.start[0] - 1].strip()
            print("noticed " if seen else "SURVIVED", f"{file}:{change.start[0]} {change.kind}: {change.text}", flush=True)
            if not seen:
                print(f"         instead of: {right}", flush=True)
    low, high = interval(noticed, len(drawn))
    print(f"{options.room}: {noticed} of {len(drawn)} noticed, {noticed / len(drawn):.0%} ({low:.0%} to {high:.0%})")


if __name__ == "__main__":
    main()
