"""Live pages: what scripts of the gallery write with `bs.page`, shown in the site where GitHub shows a picture of them."""

import re
import shutil
from pathlib import Path

GALLERY, FOLDER = "gallery/live", "live"  # the scripts, and where their pages are in the site
KEPT = Path("pictures", "live", "pages")  # in docs, next to what sphinx-gallery keeps of its scripts
# a picture that links to the script: [![what one sees](../images/live/groups.png)](../gallery/live/plot_live_groups.py)
SHOWN = re.compile(r"^\[!\[([^\]]*)\]\(\S*images/live/([\w-]+)\.png\)\]\(\S+\)$", re.M)


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


def frame(name, up, words=""):
    """Return HTML that shows a page: `up` leads to the root of the site, `words` say what one sees."""
    address = f"{up}{FOLDER}/{name}.html"
    alone = f'<p class="downloads"><a href="{address}">The page alone</a>, to send to others</p>'
    return f'<iframe class="live" src="{address}" title="{words or name}" loading="lazy"></iframe>{alone}'


def read(app, page, content):
    """Replace pictures of live pages by the pages, where the scripts of the gallery are run."""
    if str(app.config.plot_gallery) not in ("0", "False"):
        content[0] = embedded(content[0], page)


def embedded(text, page):
    """Return the text of a page of the site with live pages in place of their pictures."""
    up = "../" * page.count("/")
    return SHOWN.sub(lambda found: frame(found[2], up, found[1]), text)


def write(app, problem):
    """Copy the pages into the site."""
    kept = Path(app.srcdir) / KEPT
    if problem is None and app.builder.format == "html" and kept.exists():
        shutil.copytree(kept, Path(app.outdir) / FOLDER, ignore=shutil.ignore_patterns("*.png"), dirs_exist_ok=True)
