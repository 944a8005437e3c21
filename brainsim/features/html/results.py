"""How a result shows itself in a notebook: a table of its populations and a small raster; spikes alone have the raster."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence

import numpy as np

from brainsim.features.html import parts as html
from brainsim.results.colours import ColouredCells, colour, parts_of, place_of

if typing.TYPE_CHECKING:
    from brainsim.results.result import Result
    from brainsim.results.spikes import Spikes

WIDTH, HEIGHT = 1200, 300  # pixels of the raster, shown at half the size
FEW = 20_000  # fewer are drawn with wider and darker marks
MAX_SPIKES = 1_000_000  # of the raster; of a longer run the last part is shown


def html_of(result: Result) -> str:
    """Return a result as HTML."""
    header, *rows = result._rows()
    places = _colours(result)
    lines = []
    for row in rows:
        name = "".join(html.swatch(shade) for shade in places.get(row[0], ())) + html.text(row[0])
        lines.append([name, *map(html.text, row[1:])])
    notes = "".join(html.note(html.text(line, 1000)) for line in result._footer())
    head = html.heading("Result", ": " + html.text(result._heading()))
    sizes = {name: spikes.n for name, spikes in result.spikes.items()}
    raster = small_raster(result.spikes, parts_of(sizes, result.views), result.start, result.stop)
    return f"<div>{head}{html.table(header, lines, range(1, 5))}{raster}{notes}</div>"


def html_of_spikes(spikes: Spikes) -> str:
    """Return the spikes of one population as HTML."""
    kind, _, rest = repr(spikes).partition(" ")
    part = ColouredCells("", "", 0, spikes.n, place_of(spikes) or 0)
    raster = small_raster({"": spikes}, [part], spikes.start, spikes.start + spikes.duration)
    return f"<div>{html.heading(kind, html.text(rest))}{raster}</div>"


def _colours(result):
    sizes = {name: spikes.n for name, spikes in result.spikes.items()}
    found: dict[str, list[str]] = {}
    for part in parts_of(sizes, result.views):
        found.setdefault(part.population, []).append(colour(part.place))
    return found


def small_raster(spikes: Mapping[str, Spikes], parts: Sequence[ColouredCells], start: float, stop: float) -> str:
    """Return a small raster of some parts of populations as an image; nothing if there are no spikes."""
    total = sum(len(some) for some in spikes.values())
    cells = sum(some.n for some in spikes.values())
    if not total or not cells or not stop > start:
        return ""
    if total > MAX_SPIKES:
        start = stop - (stop - start) * MAX_SPIKES / total
    pixels = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
    gap, row = 0.012 * cells, 0.0
    scale = HEIGHT / (cells + gap * (len(parts) - 1))
    high = int(np.clip(0.7 * scale, 1, 14))
    mark = high, 2 if total < FEW else 1, 0.1 if total < FEW else 0.35
    for part in parts:
        _draw(pixels, spikes[part.population], part, (start, stop), (row, scale), mark)
        row += part.stop - part.start + gap
    alt = f"raster of {total:,} spikes of {cells:,} cells"
    image = html.image(html.png(pixels), alt, f"width:{WIDTH // 2}px;height:{HEIGHT // 2}px;display:block")
    return html.over_time(image, WIDTH // 2, start, stop)


def _draw(pixels, spikes, part, window, rows, mark):
    """Draw the spikes of some cells into an image: the more in a pixel, the darker."""
    first, last = np.searchsorted(spikes.times, window, side="right")
    first = 0 if window[0] <= spikes.start else first
    times, ids = spikes.times[first:last], spikes.ids[first:last]
    if part.stop - part.start < spikes.n:
        kept = (ids >= part.start) & (ids < part.stop)
        times, ids = times[kept], ids[kept]
    if not times.size:
        return
    (row, scale), (height, width, _) = rows, pixels.shape
    x = np.minimum(((times - window[0]) * (width / (window[1] - window[0]))).astype(np.int64), width - 1)
    y = np.minimum(((ids - part.start + row) * scale).astype(np.int64), height - 1)
    counts = np.bincount(y * width + x, minlength=height * width).reshape(height, width)
    drawn = counts.astype(float)
    high, wide, clear = mark
    for k in range(1, high):
        drawn[k:] += counts[:-k]
    for _ in range(1, wide):
        drawn[:, 1:] += drawn[:, :-1].copy()
    busy = drawn[drawn > 0.0].mean()
    opacity = 1.0 - clear ** (drawn / busy)  # of a mean pixel with spikes: 1 - clear
    ink = np.array([int(colour(part.place)[k : k + 2], 16) for k in (1, 3, 5)], dtype=float)
    pixels[:] = np.rint(pixels * (1.0 - opacity[..., None]) + ink * opacity[..., None]).astype(np.uint8)
