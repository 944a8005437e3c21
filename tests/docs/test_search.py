"""Words that people search for lead to pages that are there, and each word to one page."""

import collections
import importlib
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="an installed package has no pages")


@pytest.fixture
def words():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(DOCS / "_ext"), *sys.path])
        yield importlib.import_module("search_words")


def test_pages_are_there_and_words_lead_to_one_of_them(words):
    table = words.table()
    assert [page for page in table if not (DOCS / f"{page}.md").exists()] == []
    counts = collections.Counter(word for found in table.values() for word in found)
    assert [word for word, count in counts.items() if count > 1] == []
    assert len(counts) >= 100
    assert {"supervised learning", "interaural time difference", "graphics card", "multiprocessing", "memory usage"} <= {
        *counts
    }


def test_entries_stand_below_the_title(words):
    content = ["# Sweeps\n\nA text.\n"]
    words.read(None, "guide/sweeps", content)
    title, entries = content[0].split("\n\n")[:2]
    assert title == "# Sweeps"
    assert entries.startswith("```{index} ! single: parallel\n```\n```{index} ! single: multiprocessing\n```\n")
    content = ["# Else\n"]
    words.read(None, "else", content)
    assert content == ["# Else\n"]
