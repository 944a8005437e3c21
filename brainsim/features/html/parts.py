"""Pieces of HTML: objects show themselves with them in a notebook, and pages of pictures are made of them.

They need no other package and no network, escape every text, and never raise: a notebook then falls back to the plain text.
"""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

MAX_ROWS = 24  # of a table; the rest is counted
CELL = "padding:2px 12px 2px 0;text-align:{align};vertical-align:top"


def text(thing: Any, limit: int = 200) -> str:
    """Return a thing as escaped text of at most `limit` letters."""
    words = str(thing)
    return html.escape(words if len(words) <= limit else words[: limit - 3] + "...")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Container[int] = ()) -> str:
    """Return a table; `rows` hold finished HTML, and the columns `numbers` are aligned to the right."""
    rows = list(rows)
    more = len(rows) - MAX_ROWS
    lines = [_line(header, "th", numbers), *(_line(row, "td", numbers) for row in rows[:MAX_ROWS])]
    if more > 0:
        lines.append(f'<tr><td colspan="{len(header)}" style="color:#777">and {more:,} more</td></tr>')
    return f'<table style="border-collapse:collapse"><thead>{lines[0]}</thead><tbody>{"".join(lines[1:])}</tbody></table>'


def _line(row, tag, numbers):
    cells = "".join(
        f'<{tag} style="{CELL.format(align="right" if k in numbers else "left")}">{cell}</{tag}>'
        for k, cell in enumerate(row)
    )
    return f"<tr>{cells}</tr>"


def swatch(colour: str) -> str:
    """Return a small square in a colour."""
    return (
        f'<span style="display:inline-block;width:0.7em;height:0.7em;border-radius:2px;margin-right:0.45em;'
        f'background:{html.escape(colour)}"></span>'
    )


def heading(kind: str, rest: str) -> str:
    """Return the first line of what is shown: the kind of the object in bold; `rest` is finished HTML."""
    return f'<div style="margin-bottom:4px"><b>{html.escape(kind)}</b> {rest}</div>'


def note(words: str) -> str:
    """Return a line in grey; `words` are finished HTML."""
    return f'<div style="color:#666;margin-top:3px">{words}</div>'


def image(data: bytes, words: str, look: str = "") -> str:
    """Return an image, the bytes of a file of type PNG, as an element that holds them; `words` say what it shows."""
    source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    style = f' style="{look}"' if look else ""
    return f'<img alt="{html.escape(words)}" src="{source}"{style}>'


def png(pixels: np.ndarray) -> bytes:
    """Return an image as a file of type PNG; `pixels` are RGB bytes of shape (height, width, 3), the top row first."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), dtype=np.uint8)  # each row begins with the number of its filter, 0
    rows[:, 1:] = pixels.reshape(height, -1)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", size), chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def over_time(picture: str, width: int, start: float, stop: float) -> str:
    """Return a picture, finished HTML, above an axis of time [ms]."""
    axis = (
        f'<div style="display:flex;justify-content:space-between;width:{width}px;color:#666;font-size:85%;'
        f'border-top:1px solid #bbb"><span>{start:,.6g}</span><span>time [ms]</span><span>{stop:,.6g}</span></div>'
    )
    return f'<div style="background:#fff;display:inline-block;padding:6px 0">{picture}{axis}</div>'


def frame(page: str, height: int) -> str:
    """Return a whole page as an element that shows it within another page."""
    return f'<iframe srcdoc="{html.escape(page)}" style="width:100%;height:{height}px;border:0"></iframe>'


def html_of_page(path: Path, height: int = 700) -> str:
    """Return the page in a file as HTML."""
    return frame(path.read_text(encoding="utf-8"), height)
