"""The README, CONTRIBUTING and CHANGELOG as pages, and links to and from them: on GitHub they lie outside of docs/."""

import os
import re
from pathlib import Path

# page -> the file whose text it has
FILES = {"index": "README.md", "contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
ELSEWHERE = re.compile(r"<!-- not on the site -->.*?<!-- end -->\n*", re.S)  # how to work on the program itself
LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)#\s]+)")
GALLERY, PICTURES = "gallery/", "pictures/"  # scripts, and where sphinx-gallery puts their pages


def read(app, page, content):
    """Replace the text of a page by that of its file, and links by those that lead somewhere in the site."""
    docs = Path(app.srcdir)
    home = docs / page
    text = content[0]
    if page in FILES:
        file = docs.parent / FILES[page]
        text, below = file.read_text(encoding="utf-8"), text.partition("<!-- below -->")[2]
        home = file
        text = LINK.sub(lambda found: found[1] + _from(page, found[2], home, docs), ELSEWHERE.sub("", text)) + below
        content[0] = text
    elif Path(app.env.doc2path(page, False)).suffix == ".md":
        content[0] = LINK.sub(lambda found: found[1] + _from(page, found[2], home, docs), text)


def _from(page, target, home, docs):
    """Return the link from a page of the site to what `target` means next to the file `home`."""
    path = Path(os.path.normpath(home.parent / target))
    for name, file in FILES.items():
        if path == docs.parent / file:
            path = docs / f"{name}.md"
    if not path.is_relative_to(docs):
        return target
    inside = path.relative_to(docs).as_posix()
    if inside == f"{GALLERY}README.txt":
        inside = f"{PICTURES}index.rst"
    elif inside.startswith(GALLERY) and inside.endswith(".py"):
        inside = PICTURES + inside.removeprefix(GALLERY).removesuffix(".py") + ".rst"
    return os.path.relpath(docs / inside, (docs / page).parent).replace(os.sep, "/")
