"""The page as one file: the viewer, the engine, and the network in it, without anything from elsewhere."""

import base64
import gzip
import html
import json
from pathlib import Path

HERE = Path(__file__).parent
VIEWER = HERE / "viewer"
SHARED = ("base.css", "asking.js", "colours.js", "controls.js")  # of the viewer, for pages that have another one
LARGE = 5e6  # bytes, above which the size is said before the file is written


def packed(data):
    """Return bytes compressed, as text."""
    return base64.b64encode(gzip.compress(bytes(data), 9, mtime=0)).decode()


def engine_text():
    """Return the script of the engine."""
    return joined(sorted((HERE / "engine").glob("*.js")))


def elements(about, blobs, engine=None, viewer=VIEWER):
    """Return the elements of the page that hold the network, name of a blob -> its bytes, and the programs that run it."""
    about = json.dumps(about | {"blobs": list(blobs)}, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    held = {"engine": (engine or engine_text()).encode(), "viewer": joined(_of_viewer(viewer, ".js")).encode()}
    held |= {f"blob-{name}": data for name, data in blobs.items()}
    lines = [
        f'<script type="application/json" id="about">{about}</script>',
        *(f'<script type="text/plain" id="{name}">{packed(data)}</script>' for name, data in held.items()),
    ]
    return "\n".join(lines)


def page_text(about, blobs, engine=None, viewer=VIEWER):
    """Return the whole page; tests put another program in the place of the engine.

    `viewer` is a folder with ``page.html``, which follows the head of all pages, and with styles and scripts, which those of
    another page than `VIEWER` add to the `SHARED` ones.
    """
    parts = {
        "@TITLE@": html.escape(about["title"]),
        "@STYLE@": joined(_of_viewer(viewer, ".css")),
        "@DATA@": elements(about, blobs, engine, viewer),
        "@UNPACK@": joined([HERE / "unpack.js"]),
    }
    rest, found = "".join(path.read_text(encoding="utf-8") for path in (VIEWER / "head.html", viewer / "page.html")), []
    for name, part in parts.items():
        before, _, rest = rest.partition(name)
        found += [before, part]
    return "".join([*found, rest])


def _of_viewer(folder, ending):
    """Return the paths of the styles, or of the scripts, of a viewer."""
    shared = () if folder == VIEWER else (VIEWER / name for name in SHARED)
    return [path for path in (*shared, *sorted(folder.iterdir())) if path.suffix == ending]


def joined(paths):
    """Return files as one text, without lines of comments and without indentation."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line and not line.startswith("// "))
