"""The page about the core names each feature, each door and each file as they are, and stays an hour's reading."""

import re
from pathlib import Path

import pytest

from brainsim.core.doors import listed_doors
from tests.without import FEATURES, PACKAGE, ROOMS

PAGE = Path(__file__).parents[2] / "docs" / "core.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="an installed package has no pages")


def words_in_code():
    """Return what stands between backticks."""
    return set(re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8")))


def test_it_is_an_hour_of_reading():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 300


def test_its_table_has_every_feature_and_every_room():
    assert re.findall(r"^\| \*\*(.*?)\*\* \|", PAGE.read_text(encoding="utf-8"), re.M) == [*FEATURES]
    assert {*ROOMS} - words_in_code() == set()


def test_it_names_every_door():
    assert {*listed_doors()} - words_in_code() == set()


def test_the_files_and_folders_that_it_names_are_there():
    named = {word for word in words_in_code() if "/" in word and word.endswith(".py")}
    assert len(named) > 30
    missing = {word for word in named if not any((root / word).exists() for root in (PACKAGE, PACKAGE.parent))}
    assert missing == set()


def test_the_functions_that_it_names_are_in_their_files():
    found = re.findall(r"`(\w[\w/]*\.py)`, `(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(found) > 6
    for file, name in found:
        assert re.search(rf"^ *(def|class) {name}\b", (PACKAGE / file).read_text(encoding="utf-8"), re.M), (file, name)


def test_it_says_how_large_each_room_of_the_core_is():
    """Within a tenth: a room that has grown by more needs a new reason, or has got what is a feature's."""
    found, counted = re.findall(r"^\| `([\w/]+)` \| (\d+) \| ([\d,]+) \|", PAGE.read_text(encoding="utf-8"), re.M), {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).parts[:-1]
        if parts and parts[0] not in (*ROOMS, "features") and path.name != "__init__.py":
            room = "/".join(parts[: 1 + (parts[0] == "engine")])
            files, lines = counted.get(room, (0, 0))
            counted[room] = files + 1, lines + path.read_text(encoding="utf-8").count("\n")
    assert {room for room, *_ in found} == {*counted}
    for room, files, lines in found:
        expected = int(files), int(lines.replace(",", ""))
        assert expected == pytest.approx(counted[room], rel=0.1, abs=1), room
