"""The map of the course has each lesson, and an arrow for what each says that it needs."""

import importlib.util
from pathlib import Path

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


def test_what_follows_from_others_has_no_arrow():
    module = maps()
    found = {1: ("a", set()), 2: ("b", {1}), 3: ("c", {1, 2}), 4: ("d", {1})}
    assert module.direct(found) == [(1, 2), (2, 3), (1, 4)]
    assert module.steps(found) == {1: 0, 2: 1, 3: 2, 4: 1}
    assert module.drawn(found).count("<text") == 4
