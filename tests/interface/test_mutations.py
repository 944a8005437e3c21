"""The machine of wrong lines: each change is one wrong piece of code, and tests that fail notice it."""

import ast
import shutil

import pytest

from tests import mutations

SOURCE = '''"""A module."""

def f(x, y, n=2):
    """Return something of x == y."""
    if x < y and not n:
        g(x, y)
    return x + 1


def h(x):
    raise ValueError(f"{x + 1}")
'''
EXPECTED = {
    ("comparison", "x <= y"),
    ("condition", "((x < y) or not n)"),
    ("dropped condition", "(x < y)"),
    ("dropped condition", "True"),
    ("dropped not", "n"),
    ("swapped arguments", "g(y, x)"),
    ("dropped call", "pass"),
    ("sign", "(x - 1)"),
    ("constant", "2"),
    ("constant", "3"),
}


def test_changes_are_of_code_that_runs():
    assert {(change.kind, change.text) for change in mutations.changes_of(SOURCE)} == EXPECTED


def test_each_change_is_one_other_program():
    texts = [change.apply(SOURCE) for change in mutations.changes_of(SOURCE)]
    trees = {ast.dump(ast.parse(text)) for text in (SOURCE, *texts)}
    assert len(trees) == len(texts) + 1


def test_the_seed_says_which_lines():
    drawn = mutations.draw("engine/synapses", 10, 1)
    assert drawn == mutations.draw("engine/synapses", 10, 1)
    assert drawn != mutations.draw("engine/synapses", 10, 2)
    assert len({(file, change.start[0]) for file, change in drawn}) == 10
    for file, change in drawn:
        ast.parse(change.apply((mutations.ROOT / file).read_text(encoding="utf-8")))


def test_every_room_has_tests():
    rooms = [path for path in (mutations.ROOT / "brainsim").iterdir() if (path / "__init__.py").exists()]
    rooms += [
        path.parent for path in (mutations.ROOT / "brainsim" / "features").glob("*/README.md") if path.parent.name != "pairs"
    ]
    for room in rooms:
        for place in mutations.tests_of(room.relative_to(mutations.ROOT / "brainsim").as_posix()):
            assert (mutations.ROOT / place).exists(), room


@pytest.mark.parametrize(("test", "noticed"), [("f(2, 3, 0) == 4", True), ("f(2, 1) == 3", False)])
def test_what_fails_is_noticed(test, noticed, tmp_path):
    (tmp_path / "module.py").write_text(SOURCE.replace("g(x, y)", "return x + y - 1"))
    (tmp_path / "test_module.py").write_text(f"from module import f\n\ndef test_f():\n    assert {test}\n")
    change = next(c for c in mutations.changes_of((tmp_path / "module.py").read_text()) if c.kind == "dropped not")
    assert mutations.is_noticed(tmp_path, "module.py", change, ["test_module.py"], "") == noticed
    assert "not n" in (tmp_path / "module.py").read_text()
    shutil.rmtree(tmp_path)
