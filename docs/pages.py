"""Run the Python of pages of the documentation and draw the pictures that they name.

    python docs/pages.py                 # all pages: their pictures are drawn again
    python docs/pages.py 1-two-kinds     # the pages with this in their name

The blocks of a page run one after the other, in one namespace and an empty folder. A figure that is open after a block
belongs to the next picture that the page links. If a block is followed by a ``text`` block, that is what it prints, together
with those before it that only a fold divides from it. Blocks
of ``py`` need other simulators; with `peer=True`, these are run instead.
"""

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
ITEM = re.compile(r"^```(python|py|text)\n(.*?)^```$|^!\[[^\]]*\]\(([^)]+\.png)\)$", re.M | re.S)
LEARNS = re.compile(r"\.fit\(|\.train\(|\bTrainer\(|\.classify\(")
FOLDS = re.compile(r"\s*(?:</?details>\s*|<summary>Code of [^<]*</summary>\s*)*")  # between blocks of one piece of code
NUMBER = re.compile(r"-?\d+(?:\.(\d+))?(?= (%)|)")
DPI, COLOURS = 150, 128  # of the pictures: few colours make small files


def pages():
    """Return the paths of the pages whose pictures are drawn from their own code."""
    folders = ("course", "coming-from", "ported")
    return sorted(path for folder in folders for path in (DOCS / folder).glob("*.md")) + [
        DOCS / "checked.md",
        DOCS / "tour.md",
    ]


def guides():
    """Return the paths of the pages of the guide that draw their pictures and are run by a test of their own."""
    names = ("connectivity", "models", "plasticity", "single-cells", "space", "training")
    return [DOCS / "guide" / f"{name}.md" for name in names]


def agrees(printed, said, roughly=False):
    """Return whether two texts have the same words and numbers.

    If they agree `roughly`, numbers may differ by one in the last decimal place that the page has, and whole per cent by
    two, as what is learned differs a little by processor.
    """
    if not roughly:
        return printed == said
    words = [NUMBER.sub("0", text) for text in (printed, said)]
    if words[0] != words[1]:
        return False
    return all(
        abs(float(a[0]) - float(b[0])) <= (10.0 ** -len(b[1]) if b[1] else 2.0 * bool(b[2])) + 1e-9
        for a, b in zip(NUMBER.finditer(printed), NUMBER.finditer(said), strict=True)
    )


def run(page, *, save=None, peer=False):
    """Run a page; raise ValueError if it prints, or draws, something else than it says.

    Parameters
    ----------
    page : Path
    save : function (figure, Path), optional
        What is done with each figure and the path of its picture; by default nothing.
    peer : bool
        Whether to run the blocks for other simulators, and only these.

    Returns
    -------
    list of Path
        The pictures that the page names, all of which were drawn.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    text, roughly = page.read_text(encoding="utf-8"), peer
    names, figures, printed, pictures, end = {"__name__": page.stem}, [], None, [], len(text)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), matplotlib.rc_context():
        for item in ITEM.finditer(text):
            kind, code, picture = item.groups()
            place = f"{page.name}, line {text[: item.start()].count(chr(10)) + 1}"
            if kind in ("python", "py"):
                before = printed if printed and FOLDS.fullmatch(text, end, item.start()) else ""
                printed = before + executed(code, place, names) if (kind == "py") == peer else None
                roughly = roughly or LEARNS.search(code) is not None
                figures += [plt.figure(number) for number in plt.get_fignums() if plt.figure(number) not in figures]
            elif kind == "text":
                printed = printed[-len(code) :] if peer and printed else printed  # NEST begins with its name
                if printed is not None and not agrees(printed, code, roughly):
                    raise ValueError(f"{place}: the page says {code!r}, its code prints {printed!r}")
            elif not peer:
                if not figures:
                    raise ValueError(f"{place}: no figure was drawn for {picture}")
                pictures.append((page.parent / picture).resolve())
                figure = figures.pop(0)
                if save is not None:
                    save(figure, pictures[-1])
                plt.close(figure)
            end = item.end() if kind in ("python", "py") else len(text)  # only a block of code goes on
        plt.close("all")
    if figures:
        raise ValueError(f"{page.name}: {len(figures)} figures are drawn that no picture shows")
    return pictures


def executed(code, place, names):
    """Run a block in a namespace; return what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, place, "exec"), names)
    return printed.getvalue()


def write(figure, path):
    """Write a figure as a small PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(buffer).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    for page in pages() + guides():
        if not sys.argv[1:] or any(word in str(page) for word in sys.argv[1:]):
            for path in run(page, save=write):
                print(os.path.relpath(path), f"{path.stat().st_size / 1000:.0f} kB")
