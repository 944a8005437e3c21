"""Links of the README, CONTRIBUTING, CHANGELOG and all pages of docs/: their files and headings are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = {"_build", "models", "reference", "pictures"}  # folders that the build of the site writes
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.relative_to(ROOT / "docs").parts[0] not in WRITTEN]
pytestmark = pytest.mark.skipif(not PAGES[0].exists(), reason="an installed package has no pages")


def prose(path):
    """Return the text of a page without its blocks of code."""
    return re.sub(r"^(```|~~~).*?^\1", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def headings(path):
    """Return the anchors that GitHub and the site give to the headings of a page."""
    found = []
    for title in re.findall(r"^#{1,6} (.*)$", prose(path), re.M):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title).lower()).strip().replace(" ", "-")
        found.append(words if words not in found else f"{words}-{found.count(words)}")
    return found


def links(path):
    """Return the targets of all links and pictures of a page that lead to files."""
    text = re.sub(r"`[^`\n]*`", "", prose(path))
    return re.findall(r"\]\((?![a-z]+:)([^)\s]+)\)", text)


def faults_of_links(path):
    """Yield the links of a page that lead nowhere."""
    for target in links(path):
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            yield f"{path.name}: {target}: no such file"
        elif not file.is_relative_to(ROOT.resolve()):
            yield f"{path.name}: {target}: outside of the repository"
        elif anchor and anchor not in headings(file):
            yield f"{path.name}: {target}: no such heading; there are {', '.join(headings(file))}"


def test_links_lead_somewhere():
    assert [fault for path in PAGES for fault in faults_of_links(path)] == []


def test_a_page_has_one_title_and_leaves_out_no_level():
    for path in PAGES:
        levels = [len(marks) for marks in re.findall(r"^(#{1,6}) ", prose(path), re.M)]
        assert levels.count(1) == 1, path
        assert levels[0] == 1, path
        assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False)), path


def test_lists_of_pages_are_the_same_on_github_and_in_the_site():
    for path in PAGES:
        found = re.search(r"^```\{toctree\}\n(?::.*\n)*\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
        if found and path.name != "index.md":  # which has the links of the README
            listed = [f"{page}.md" for page in found[1].split()]
            assert listed == [link for link in links(path) if link in listed], path  # it may link pages of other lists, too


def test_links_are_found():
    assert "docs/guide/models.md" in links(PAGES[0])
    assert "a-network-in-twenty-lines" in headings(PAGES[0])
