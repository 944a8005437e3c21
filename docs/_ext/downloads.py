"""A notebook and a script of every page with Python, and the links to them below its title."""

import sys
from pathlib import Path

DOCS = Path(__file__).parents[1]
sys.path.append(str(DOCS))

import notebooks  # noqa: E402

FOLDER, KINDS = "notebooks", {"ipynb": "notebook", "py": "script"}
# pages whose blocks are pieces to copy, one at a time; index and contributing have the text of other files
NOT_OFFERED = {"index", "contributing", "changelog", "architecture", "clusters", "features", "guide/questions"}


def read(app, page, content):
    """Put the links below the title of a page."""
    if page in offered():
        up = "../" * page.count("/")
        links = [f'<a href="{up}{FOLDER}/{page}.{end}" download>{word}</a>' for end, word in KINDS.items()]
        title, _, rest = content[0].partition("\n")
        content[0] = f'{title}\n\n<p class="downloads">This page as a {" or a ".join(links)}</p>\n{rest}'


def offered():
    """Return the names of the pages that are offered."""
    found = set()
    for path in DOCS.rglob("*.md"):
        name, text = path.relative_to(DOCS).with_suffix("").as_posix(), path.read_text(encoding="utf-8")
        if "```python" in text and "DOCS" not in text and not name.startswith("_build"):  # DOCS: a path of this folder
            found.add(name)
    return found - NOT_OFFERED


def write(app, problem):
    """Write the files next to the pages of the site."""
    if problem is None and app.builder.format == "html":
        for name in offered():
            path = DOCS / f"{name}.md"
            notebooks.write(path.read_text(encoding="utf-8"), path.stem, Path(app.outdir) / FOLDER / Path(name).parent)
