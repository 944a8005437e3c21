"""What is checked of each argument, pinned: what a call refuses is as much a promise as what it is called.

``python -m tests.interface.test_ranges`` writes ``tests/data/ranges.json`` anew. Ranges of parameters of models are
pinned in `test_public`.
"""

import ast
import json
import re
from pathlib import Path

import brainsim as bs

PACKAGE = Path(bs.__file__).parent
PINNED = Path(__file__).parents[1] / "data" / "ranges.json"
BOUNDS = ("above", "at_least", "at_most", "below")
DECLARED = "parameter", "bs.parameter"
CHECKS = ("number", "integer", "true_or_false", "one_of", "choice", "check_name", "check_word", "in_range", "check_unit")
CHECKED = re.compile(rf"\b({'|'.join([*(f'{name}=' for name in BOUNDS), *(f'{name}[(]' for name in CHECKS)])})")


def ranges():
    """Return file -> label -> what is checked under it, such as ``Trace.every: number, above 0.0``."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        text, labels = file.read_text(encoding="utf-8"), {}
        if CHECKED.search(text):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and (what := _checked(node)):
                    labels.setdefault(_label(node), set()).add(what)
        if labels:
            found[file.relative_to(PACKAGE).as_posix()] = {label: sorted(what) for label, what in sorted(labels.items())}
    return found


def _checked(call):
    """Return what a call checks, "" if it checks nothing."""
    bounds = [f"{k.arg} {ast.unparse(k.value)}" for k in call.keywords if k.arg in BOUNDS]
    name = ast.unparse(call.func)
    return ", ".join([name, *bounds]) if name in CHECKS or (bounds and name not in DECLARED) else ""


def _label(call):
    """Return the text with which a message of a check begins, "" if it is not written there."""
    for part in call.args[1:]:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return part.value
        if isinstance(part, ast.JoinedStr):
            return ast.unparse(part)[2:-1]
        if isinstance(part, ast.Call) and ast.unparse(part.func) == "option":
            return ast.unparse(part)
    return ""


def test_what_is_allowed_stays_as_it_is():
    found, known = ranges(), json.loads(PINNED.read_text(encoding="utf-8"))
    there = {file: labels for file, labels in known.items() if (PACKAGE / file).exists()}  # others were deleted
    changed = [
        (file, label, there.get(file, {}).get(label), found.get(file, {}).get(label))
        for file in sorted({*found, *there})
        for label in sorted({*found.get(file, {}), *there.get(file, {})})
    ]
    changed = [one for one in changed if one[2] != one[3]]
    assert changed == [], "if you meant it: python -m tests.interface.test_ranges"


if __name__ == "__main__":
    rows = [f"{json.dumps(file)}: {json.dumps(labels, ensure_ascii=False)}" for file, labels in ranges().items()]
    PINNED.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
