"""The page of what is supported: each row names a test that is there, each claim a command that is there."""

import re
from pathlib import Path

import pytest

from tests.without import FEATURES, ROOMS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "status.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="an installed package has no pages")


def rows(heading):
    """Return the cells of the table below a heading."""
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("| ")][1:]


def missing(text):
    """Yield the tests and files that a text names and that are not there."""
    for name, test in re.findall(r"`((?:tests|benchmarks)/[\w/.]+)(?:::(\w+))?", text):
        path = ROOT / name
        if not path.exists():
            yield name
        elif test and f"def {test}(" not in path.read_text(encoding="utf-8"):
            yield f"{name}::{test}"


def test_every_test_that_is_named_is_there():
    text = PAGE.read_text(encoding="utf-8")
    assert list(missing(text)) == []
    assert list(missing("`tests/laws/test_laws.py::test_none` and `tests/nowhere.py`")) == [
        "tests/laws/test_laws.py::test_none",
        "tests/nowhere.py",
    ]


def test_a_row_is_shown_by_a_test_unless_it_is_not_supported():
    found = rows("Supported, not supported, different")
    assert len(found) >= 20
    for what, brainsim, _, shown in found:
        assert ("`tests/" in shown) == (not brainsim.startswith("not supported")), what


def test_a_claim_has_its_command_and_its_last_result():
    found = rows("Claims, and how to repeat them")
    assert len(found) >= 25
    for claim, command, result in found:
        for name in re.findall(r"python -m ([\w.]+)", command):
            path = ROOT / name.replace(".", "/")
            assert name in ("pytest", "build") or path.is_dir() or path.with_suffix(".py").exists(), claim
        assert re.search(r"`python ", command), claim
        assert re.search(r"\d{1,2} [A-Z][a-z]+ 20\d\d", result), claim


def test_every_feature_and_room_has_a_tier():
    tiers = " ".join(row[2] for row in rows("What you can rely on")).lower()
    assert [name for name in [*FEATURES, *ROOMS] if name.lower() not in tiers] == []
