"""How traces show themselves in a notebook: lines of the first cells."""

from __future__ import annotations

import typing

import numpy as np

from brainsim.features.html import parts as html
from brainsim.results.colours import PALETTE

if typing.TYPE_CHECKING:
    from brainsim.results.traces import Traces

WIDTH, HEIGHT, EDGE = 600, 150, 4  # pixels
MOST = 5  # cells that are drawn
COLUMNS = 600  # of a longer trace, the lowest and the highest value in each of as many pieces are drawn


def html_of_traces(traces: Traces) -> str:
    """Return the traces of one variable as HTML."""
    kind, _, rest = repr(traces).partition(" ")
    head = html.heading(kind, html.text(rest))
    times, values = _points(traces.times, traces.values[:, :MOST])
    finite = values[np.isfinite(values)]
    if traces.times.size < 2 or not finite.size:
        return f"<div>{head}</div>"
    low, high = float(finite.min()), float(finite.max())
    lines = "".join(_lines(times, values, low, high))
    label = f"{', '.join(map(str, traces.ids[:MOST].tolist()))}{', ...' * (traces.ids.size > MOST)}"
    unit = f" {traces.unit}" if traces.unit else ""
    alt = html.text(f"{traces.variable} of {traces.name!r} from {low:.4g} to {high:.4g}{unit}")
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    picture = f'<svg role="img" aria-label="{alt}" {size} style="display:block">{lines}</svg>'
    shown = html.over_time(picture, WIDTH, traces.times[0], traces.times[-1])
    words = html.text(f"{low:.4g} to {high:.4g}{unit}; {'cells' if traces.ids.size > 1 else 'cell'} {label}")
    return f"<div>{head}{shown}{html.note(words)}</div>"


def _points(times, values):
    """Return times and values of at most two points for each column of the picture."""
    n = times.size
    if n <= 2 * COLUMNS:
        return times, values
    first = np.arange(COLUMNS) * n // COLUMNS
    ends = np.stack([np.fmin.reduceat(values, first), np.fmax.reduceat(values, first)], axis=1)
    return np.repeat(times[first], 2), ends.reshape(2 * COLUMNS, -1)


def _lines(times, values, low, high):
    """Yield a line for each piece of finite values of each cell."""
    x = (times - times[0]) * (WIDTH / (times[-1] - times[0]))
    y = EDGE + (HEIGHT - 2 * EDGE) * ((high - values) / (high - low) if high > low else 0.5 + 0.0 * values)
    for cell in range(values.shape[1]):
        finite = np.isfinite(y[:, cell])
        for piece in np.split(np.arange(x.size), np.flatnonzero(np.diff(finite)) + 1):
            if finite[piece[0]]:
                points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x[piece], y[piece, cell], strict=True))
                yield f'<polyline points="{points}" fill="none" stroke="{PALETTE[cell]}" stroke-width="1"></polyline>'
