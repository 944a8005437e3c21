"""The machine of wrong lines: each change is one wrong piece of code, and tests that fail notice it."""

import ast
import json

import pytest

from tests.mutations import __main__ as command
from tests.mutations import bench, nearest, rooms, shares
from tests.mutations.changes import changes_of
from tests.without import ROOMS

SOURCE = '''"""A module."""

from typing import TYPE_CHECKING

def f(x, y, n=2):
    """Return something of x == y."""
    if x < y and not n:
        g(x, y)
    return x + 1


if TYPE_CHECKING:
    LIMIT = 3


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

VERDICTS = [
    ("rng/hashing.py", "usual"),
    ("rng/hashing.py", "thorough"),
    ("rng/streams.py", "survived"),
    ("rng/streams.py", "open"),
    ("core/time.py", "hung"),
]


def test_changes_are_of_code_that_runs():
    assert {(change.kind, change.text) for change in changes_of(SOURCE)} == EXPECTED


def test_what_changes_nothing_is_not_drawn():
    text = "np.maximum(a, b)\nmax(a, b, c)\nfor x, y in zip(a, b, strict=True):\n    print(x, flush=True)\nf(a, b)"
    assert [change.text for change in changes_of(text)] == ["pass", "pass", "pass", "pass", "f(b, a)"]


def test_each_change_is_one_other_program():
    texts = [change.apply(SOURCE) for change in changes_of(SOURCE)]
    trees = {ast.dump(ast.parse(text)) for text in (SOURCE, *texts)}
    assert len(trees) == len(texts) + 1


def test_the_seed_says_which_lines():
    drawn = rooms.draw("engine/synapses", 10, 1)
    assert drawn == rooms.draw("engine/synapses", 10, 1)
    assert drawn != rooms.draw("engine/synapses", 10, 2)
    assert len({(file, change.start[0]) for file, change in drawn}) == 10
    for file, change in drawn:
        ast.parse(change.apply((rooms.ROOT / file).read_text(encoding="utf-8")))


def test_every_room_has_tests():
    files = [file.relative_to(rooms.ROOT).as_posix() for file in (rooms.ROOT / "brainsim").rglob("*.py")]
    for room in {rooms.room_of(file) for file in files}:
        for place in rooms.tests_of(room):
            assert (rooms.ROOT / place).exists() or was_deleted(place), room


def was_deleted(place):
    """Return whether tests are those of a feature or a room that this copy of the package lacks."""
    folder = place.removeprefix("tests/")
    return (folder in ROOMS or folder.startswith("features/")) and not (rooms.ROOT / "brainsim" / folder).exists()


def test_the_nearest_tests_name_what_is_wrong_or_what_calls_it(tmp_path, monkeypatch):
    for folder in ("brainsim", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "brainsim" / "room.py").write_text("def _inner(x):\n    return x\n\n\ndef outer(x):\n    return _inner(x)\n")
    texts = {"far": "other(1)", "called": "outer(1)", "named": "_inner(1)"}
    tests = "\n\n".join(f"def test_{name}():\n    {text}" for name, text in texts.items())
    (tmp_path / "tests" / "test_it.py").write_text(tests)
    monkeypatch.setattr(nearest, "ROOT", tmp_path)
    monkeypatch.setattr(nearest, "_users", nearest._users.__wrapped__)
    monkeypatch.setattr(nearest, "_tests_in", nearest._tests_in.__wrapped__)
    order = nearest.order_of("brainsim/room.py", 2, ["tests"])
    assert [test.rpartition("_")[2] for test, _ in order] == ["named", "called", "far"]
    assert order[1][1] > order[2][1] == 0.0


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project of one module with one test."""
    project = tmp_path / "root"
    project.mkdir()
    (project / "module.py").write_text(SOURCE.replace("g(x, y)", "return x + y - 1"))
    monkeypatch.setattr(bench, "ROOT", project)
    monkeypatch.setattr(bench, "COPIED", ("module.py", "test_module.py"))
    monkeypatch.setattr(bench, "IMPORTED", ("pytest",))

    def make(test):
        (project / "test_module.py").write_text(f"from module import f\n\ndef test_f():\n    {test}\n")
        return bench.Bench(tmp_path / "copy")

    return make


@pytest.mark.parametrize(
    ("test", "seconds", "happened"),
    [
        ("assert f(2, 3, 0) == 4", 60.0, ("failed", "test_module.py::test_f")),
        ("assert f(2, 1) == 3", 60.0, ("passed", "")),
        ("while f(2, 3, 0) == 3: pass", 0.5, ("hung", "")),
    ],
)
def test_what_fails_is_noticed(test, seconds, happened, small):
    copy = small(test)
    change = next(c for c in changes_of((copy.folder / "module.py").read_text()) if c.kind == "dropped not")
    with copy.changed("module.py", change):
        assert "not n" not in (copy.folder / "module.py").read_text()
        assert copy.trial(["test_module.py"], "", seconds) == happened
    assert "not n" in (copy.folder / "module.py").read_text()
    assert copy.failing(["test_module.py::test_f"], "") == set()


def test_what_fails_anyway_notices_nothing(small):
    test = "test_module.py::test_f"
    assert small("assert f(2, 1) == 4").failing([test], "") == {test}


def test_results_are_kept(tmp_path):
    change = next(c for c in changes_of((rooms.ROOT / "brainsim/rng/hashing.py").read_text()))
    pair = "brainsim/rng/hashing.py", change
    first = command._Kept(tmp_path / "results", near=True)
    first.add(*pair, "open", "")
    assert first.has(*pair, set())
    assert not command._Kept(tmp_path / "results", near=False).has(*pair, set())
    first.add(*pair, "usual", "tests/rng/test_rng.py::test_x")
    again = command._Kept(tmp_path / "results", near=False)
    assert again.has(*pair, set())
    assert not again.has(*pair, {"tests/rng/test_rng.py::test_x"})
    assert [json.loads(line)["verdict"] for line in (tmp_path / "results").read_text().splitlines()] == ["open", "usual"]


def test_the_table_has_a_row_for_each_room():
    results = [{"file": f"brainsim/{file}", "verdict": verdict} for file, verdict in VERDICTS]
    head, core, rng, total = shares.table(results)
    assert head.split() == ["room", "drawn", "usual", "thorough", "hung", "survived", "open", "noticed"]
    assert core.split()[:7] == ["core", "1", "0", "0", "1", "0", "0"]
    assert rng.split()[:8] == ["rng", "4", "1", "1", "0", "1", "1", "50%"]  # what is open has not been noticed
    assert total.split()[:8] == ["all", "5", "1", "1", "1", "1", "1", "60%"]
