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


DOCS = ROOT / "docs"
TOCTREE = re.compile(r"^```\{toctree\}\n(?::.*\n)*\n(.*?)^```", re.M | re.S)


def lists(texts):
    """Return the pages that each list of the site has, in their order: page -> names, from texts by their names."""
    found = {}
    for name, text in texts.items():
        for lines in TOCTREE.findall(text):
            entries = [re.sub(r".*<(.*)>$", r"\1", line).strip() for line in lines.splitlines() if line.strip()]
            found[name] = [f"{entry}.md" for entry in entries]
    return found


def faults_of_lists(texts):
    """Yield the pages that a list of the site, or its text as GitHub shows it, lacks, from texts of docs by their names."""
    listed = lists(texts)
    named = [name for names in listed.values() for name in names]
    for name in texts:
        if name != "index.md" and named.count(name) != 1:
            yield f"{name}: {named.count(name)} lists have it"
    for name, names in listed.items():
        if name == "index.md":  # which has the links of the README
            continue
        elsewhere = {other for page, others in listed.items() if page != name for other in others}
        text = re.sub(r"^```.*?^```", "", texts[name], flags=re.M | re.S)
        linked = dict.fromkeys(re.findall(r"\]\((?![a-z]+:)([^)\s#]+\.md)\)", text))
        shown = [link for link in linked if link not in elsewhere]
        if shown != names:
            yield f"{name}: the site lists {names}, the text {shown}"


def docs():
    """Return the texts of the pages of docs/ by their names there."""
    return {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in PAGES if DOCS in path.parents}


def test_lists_of_pages_are_the_same_on_github_and_in_the_site():
    assert list(faults_of_lists(docs())) == []


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("guide.md", r"^- \[Recording\].*\n"),
        ("guide.md", r"^guide/recording\n"),
        ("course.md", r"^\| \[8 Memory\].*\n"),
        ("course.md", r"^course/8-memory\n"),
        ("coming.md", r"^- \[Coming from NEST\].*\n"),
        ("index.md", r"^coming\n"),
    ],
)
def test_a_page_that_a_list_lacks_is_noticed(name, pattern):
    texts = docs()
    shorter = re.sub(pattern, "", texts[name], flags=re.M)
    assert shorter != texts[name]
    assert list(faults_of_lists(texts | {name: shorter}))


def test_a_new_page_without_a_list_is_noticed():
    assert list(faults_of_lists(docs() | {"guide/new.md": "# New\n"})) == ["guide/new.md: 0 lists have it"]


def test_links_are_found():
    assert "docs/guide/models.md" in links(PAGES[0])
    assert "what-it-can-do" in headings(PAGES[0])
