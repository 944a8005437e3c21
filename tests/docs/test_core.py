"""The page about the core names each feature, each door and each file as they are, and stays an hour's reading."""

import io
import re
import tokenize
from pathlib import Path

import pytest

from brainsim.core.doors import listed_doors
from tests.without import FEATURES, PACKAGE, ROOMS

PAGE = Path(__file__).parents[2] / "docs" / "core.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="an installed package has no pages")


def words_in_code():
    """Return what stands between backticks."""
    return set(re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8")))


def core_files():
    """Return the files of the core besides `__init__.py`, by their path within the package."""
    paths = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    return {name: path for name, path in paths.items() if "/" in name and name.split("/")[0] not in (*ROOMS, "features")}


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
    deleted = {feature for feature, files in FEATURES.items() if not (PACKAGE / files.split()[0]).exists()}
    assert missing <= {file for feature in deleted for file in FEATURES[feature].split()}


def test_the_functions_that_it_names_are_in_their_files():
    found = re.findall(r"`(\w[\w/]*\.py)`, `(\w+)`", PAGE.read_text(encoding="utf-8"))
    assert len(found) > 6
    for file, name in found:
        assert re.search(rf"^ *(def|class) {name}\b", (PACKAGE / file).read_text(encoding="utf-8"), re.M), (file, name)


WORDS = {"lag": r"precise|(^|_)lags?(_|$)", "ranks": r"(^|_)ranks?(_|$)", "coupling": r"(?i)coupling"}


@pytest.mark.parametrize("word", WORDS)
def test_it_names_the_files_in_which_an_identifier_has_the_word_of_a_feature(word):
    (row,) = re.findall(rf"^\| {word} \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    named, folder = set(), ""
    for file in re.findall(r"`([\w/]+\.py)`", row):
        folder = file.rpartition("/")[0] or folder
        named.add(f"{folder}/{file.rpartition('/')[2]}")
    found = set()
    for name, path in core_files().items():
        tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if any(token.type == tokenize.NAME and re.search(WORDS[word], token.string) for token in tokens):
            found.add(name)
    assert named == found


def test_it_says_how_large_each_room_of_the_core_is():
    """Within a tenth: a room that has grown by more needs a new reason, or has got what is a feature's."""
    found, counted = re.findall(r"^\| `([\w/]+)` \| (\d+) \| ([\d,]+) \|", PAGE.read_text(encoding="utf-8"), re.M), {}
    for name, path in core_files().items():
        parts = name.split("/")
        room = "/".join(parts[: 1 + (parts[0] == "engine")])
        files, lines = counted.get(room, (0, 0))
        counted[room] = files + 1, lines + path.read_text(encoding="utf-8").count("\n")
    assert {room for room, *_ in found} == {*counted}
    for room, files, lines in found:
        expected = int(files), int(lines.replace(",", ""))
        assert expected == pytest.approx(counted[room], rel=0.1, abs=1), room
