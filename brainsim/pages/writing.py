"""The page as one file: the viewer, the engine, and the network in it, without anything from elsewhere."""

import base64
import gzip
import html
import json
from pathlib import Path

HERE = Path(__file__).parent
LARGE = 5e6  # bytes, above which the size is said before the file is written


def packed(data):
    """Return bytes compressed, as text."""
    return base64.b64encode(gzip.compress(bytes(data), 9, mtime=0)).decode()


def engine_text():
    """Return the script of the engine."""
    return _joined("engine", "*.js")


def elements(about, blobs, engine=None):
    """Return the elements of the page that hold the network, name of a blob -> its bytes, and the programs that run it."""
    about = json.dumps(about | {"blobs": list(blobs)}, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    held = {"engine": (engine or engine_text()).encode(), "viewer": _joined("viewer", "*.js").encode()}
    held |= {f"blob-{name}": data for name, data in blobs.items()}
    lines = [
        f'<script type="application/json" id="about">{about}</script>',
        *(f'<script type="text/plain" id="{name}">{packed(data)}</script>' for name, data in held.items()),
    ]
    return "\n".join(lines)


def page_text(about, blobs, engine=None):
    """Return the whole page; tests put another program in the place of the engine."""
    parts = {
        "@TITLE@": html.escape(about["title"]),
        "@STYLE@": _joined("viewer", "*.css"),
        "@DATA@": elements(about, blobs, engine),
        "@UNPACK@": _joined(".", "unpack.js"),
    }
    rest, found = (HERE / "viewer" / "page.html").read_text(encoding="utf-8"), []
    for name, part in parts.items():
        before, _, rest = rest.partition(name)
        found += [before, part]
    return "".join([*found, rest])


def _joined(folder, pattern):
    """Return the files of a folder as one text, without lines of comments and without indentation."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((HERE / folder).glob(pattern)))
    return "\n".join(line for line in map(str.strip, text.split("\n")) if line and not line.startswith("// "))
