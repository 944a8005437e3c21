"""Live pages, shown in the site where GitHub shows a picture of them.

Networks are what scripts of the gallery write with `bs.page`. Figures of formulas are HTML with a few lines of script, in
docs/live: a title and what follows it. The site makes one file of each, with the same head.
"""

import re
import shutil
from pathlib import Path

GALLERY, FOLDER = "gallery/live", "live"  # the scripts, and where their pages are in the site
KEPT = Path("pictures", "live", "pages")  # in docs, next to what sphinx-gallery keeps of its scripts
FIGURES = "live"  # in docs
# a picture that links to the script: [![what one sees](../images/live/groups.png)](../gallery/live/plot_live_groups.py),
# or to a figure: [![what one sees](../images/live/xor.png)](../live/xor.html)
SHOWN = re.compile(r"^\[!\[([^\]]*)\]\(\S*images/live/([\w-]+)\.png\)\]\((\S+)\)$", re.M)
HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="figure.css">
"""
BESIDE = re.compile(
    r'<link rel="stylesheet" href="(?P<style>[\w.]+)">|<script(?P<kind>[^>]*) src="(?P<script>[\w.]+)"></script>'
)


def scraper(block, variables, configuration):
    """Take the page that a script wrote, show it, and let its picture be the thumbnail."""
    script, docs, shown = Path(variables["src_file"]), Path(configuration["src_dir"]), []
    for page in sorted(script.parent.glob("*.html")):
        folder = docs / KEPT
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(page, folder / page.name)
        variables["file_conf"]["thumbnail_path"] = str(thumbnail(docs, page.stem).relative_to(docs))
        shown.append(".. raw:: html\n\n    " + frame(page.stem, "../../") + "\n")
    return "\n".join(shown)


def thumbnail(docs, name):
    """Return the path of the part of a picture that shows activity: all of it would be too small."""
    from PIL import Image

    path = docs / KEPT / f"{name}.png"
    with Image.open(docs / "images" / "live" / f"{name}.png") as picture:
        width, height = picture.size
        picture.crop((0, round(0.09 * height), round(0.92 * width), round(0.62 * height))).save(path)
    return path


def frame(name, up, words="", figure=False):
    """Return HTML that shows a page: `up` leads to the root of the site, `words` say what one sees."""
    address = f"{up}{FOLDER}/{name}.html"
    link = f'<p class="downloads"><a href="{address}">The page alone</a>, to send to others</p>'
    kind = "live figure" if figure else "live"
    shown = f'<iframe class="{kind}" src="{address}" title="{words or name}" loading="lazy"></iframe>'
    return f'<div class="alive">{shown}{link}</div>'


def read(app, page, content):
    """Replace pictures of live pages by the pages; those of networks only where the scripts of the gallery are run."""
    content[0] = embedded(content[0], page, networks=str(app.config.plot_gallery) not in ("0", "False"))


def embedded(text, page, networks=True):
    """Return the text of a page of the site with live pages in place of their pictures."""

    def shown(found):
        figure = found[3].endswith(".html")
        return frame(found[2], "../" * page.count("/"), found[1], figure) if figure or networks else found[0]

    return SHOWN.sub(shown, text)


def alone(path):
    """Return the text of a figure, with its head and the files that it names in it."""

    def inside(found):
        text = (path.parent / (found["style"] or found["script"])).read_text(encoding="utf-8")
        return f"<style>\n{text}</style>" if found["style"] else f"<script{found['kind']}>\n{text}</script>"

    return BESIDE.sub(inside, HEAD + path.read_text(encoding="utf-8"))


def write(app, problem):
    """Copy the pages into the site."""
    if problem is not None or app.builder.format != "html":
        return
    kept, there = Path(app.srcdir) / KEPT, Path(app.outdir) / FOLDER
    if kept.exists():
        shutil.copytree(kept, there, ignore=shutil.ignore_patterns("*.png"), dirs_exist_ok=True)
    there.mkdir(exist_ok=True)
    for path in (Path(app.srcdir) / FIGURES).glob("*.html"):
        (there / path.name).write_text(alone(path), encoding="utf-8")
