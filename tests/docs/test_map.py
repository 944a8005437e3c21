"""The map of the course has each lesson, and an arrow for what each says that it needs."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no pages")


def maps():
    spec = importlib.util.spec_from_file_location("course_map", DOCS / "course_map.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_map_is_that_of_the_lessons():
    module = maps()
    assert module.MAP.read_text(encoding="utf-8") == module.drawn(module.lessons()), "run docs/course_map.py"
    assert "images/course/map.svg" in (DOCS / "course.md").read_text(encoding="utf-8")


def test_a_lesson_needs_earlier_ones_only():
    for number, (_, needs) in maps().lessons().items():
        assert all(other < number for other in needs), number


def points_of(path):
    """Yield points of the curves and lines of an arrow."""
    now, share = None, np.linspace(0.0, 1.0, 50)[:, None]
    for kind, numbers in re.findall(r"([MLC])([-\d. ]+)", path):
        ends = np.array(numbers.split(), float).reshape(-1, 2)
        if kind == "L":
            yield from now + share * (ends[0] - now)
        elif kind == "C":
            a, b, c = ends
            yield from (
                (1 - share) ** 3 * now + 3 * (1 - share) ** 2 * share * a + 3 * (1 - share) * share**2 * b + share**3 * c
            )
        now = ends[-1]


def test_no_arrow_runs_behind_a_box():
    """It would look as if it went to this box, and another one began there."""
    module = maps()
    found = module.lessons()
    text = module.drawn(found)
    boxes = np.array(re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" rx', text), float)
    paths = re.findall(r'<path d="([^"]+)" fill="none"', text)
    assert len(boxes) == len(found)
    assert len(paths) == len(module.direct(found))
    for x, y in (point for path in paths for point in points_of(path)):
        inside = (
            (boxes[:, 0] < x - 1) & (x + 1 < boxes[:, 0] + boxes[:, 2]) & (boxes[:, 1] < y) & (y < boxes[:, 1] + boxes[:, 3])
        )
        assert not inside.any(), (x, y)


def test_what_follows_from_others_has_no_arrow():
    module = maps()
    found = {1: ("a", set()), 2: ("b", {1}), 3: ("c", {1, 2}), 4: ("d", {1})}
    assert module.direct(found) == [(1, 2), (2, 3), (1, 4)]
    assert module.steps(found) == {1: 0, 2: 1, 3: 2, 4: 1}
    assert module.drawn(found).count("<text") == 4
