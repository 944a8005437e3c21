"""How spikes are drawn: as strokes if there are few, as dots if there are more, as pixels if there are many."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.colors import to_rgb

STROKES = 2_000  # more than this many spikes are drawn as dots
PIXELS = 5_000  # more dots are pixels in vector files, where each takes a hundred bytes
DOTS = 20_000  # more are counted into pixels: sharper than dots, and a line with as many markers takes 0.3 s per million
MAX_STROKE = 10.0  # height of a stroke [points]


def add_marks(ax, times, rows, colour, total, density, size=None):
    """Draw one mark per spike at `times`, which are sorted, and `rows`; return the artist.

    The limits of the picture are set already. How all marks are drawn depends on `total`, the number of spikes in the whole
    picture, and on `density`, the spikes per ms and row in it. `size` is that of a mark [points].
    """
    if total > DOTS:
        return ax.add_artist(SpikeImage(times, rows, colour, density, size or 0.7))
    if total > STROKES:
        look = {"marker": ".", "markeredgewidth": 0.0, "markersize": size or np.clip(300.0 / np.sqrt(total), 1.2, 4.0)}
    else:
        height = np.clip(0.85 * row_height(ax), 3.0, MAX_STROKE)
        look = {"marker": "|", "markeredgewidth": 1.0, "markersize": size or height}
    return ax.plot(times, rows, linestyle="none", color=colour, rasterized=total > PIXELS, **look)[0]


def row_height(ax):
    """Return the height of one row of cells [points] at the present size and limits of the axes."""
    low, high = ax.get_ylim()
    return ax.get_window_extent().height * 72.0 / ax.figure.dpi / max(abs(high - low), 1.0)


class SpikeImage(Artist):
    """Spikes counted into the pixels of the axes at each drawing, so that the image is sharp at any zoom and resolution.

    Times are sorted. A pixel is half full at the density of the whole picture, and emptier ones are more transparent;
    `size` is the smallest width and height of a mark [points].
    """

    def __init__(self, times, rows, colour, density, size):
        super().__init__()
        self.times, self.rows, self.colour, self.density, self.size = times, rows, colour, density, size
        self.set_zorder(2)

    def draw(self, renderer):
        """Count the spikes into pixels and pass them to the backend as one image."""
        if not self.get_visible() or self.times.size == 0:
            return
        box, zoom = self.axes.bbox, renderer.get_image_magnification()
        left, bottom = round(box.x0), round(box.y0)
        shape = max(round(box.y1 * zoom - bottom * zoom), 1), max(round(box.x1 * zoom - left * zoom), 1)
        context = renderer.new_gc()
        self._set_gc_clip(context)
        renderer.draw_image(context, left, bottom, self.pixels(shape, self.axes.figure.dpi * zoom))
        context.restore()
        self.stale = False

    def pixels(self, shape, dpi):
        """Return the picture as RGBA bytes, shape (height, width, 4), bottom row first."""
        (x0, x1), (y0, y1) = self.axes.get_xlim(), self.axes.get_ylim()
        area = abs((x1 - x0) * (y1 - y0)) / (shape[0] * shape[1])
        wide = max(round(self.size * dpi / 72.0), 1)
        high = max(wide, min(int(0.7 * shape[0] / max(abs(y1 - y0), 1.0)), round(MAX_STROKE * dpi / 72.0)))
        counts = spread(spread(self.counts(shape), high, axis=0), wide, axis=1)
        clear = 1.0 - 1.0 / (1.0 + self.density * area * wide * high)  # of one spike: then a mean pixel is half full
        opacity = np.rint(255.0 * (1.0 - clear ** np.arange(256))).astype(np.uint8)
        image = np.empty((*shape, 4), dtype=np.uint8)
        image[..., :3] = np.rint(255.0 * np.array(to_rgb(self.colour)))
        image[..., 3] = opacity[np.minimum(counts, 255)]
        return image

    def counts(self, shape):
        """Return how many spikes fall into each pixel, int32, shape (height, width)."""
        (x0, x1), (y0, y1) = self.axes.get_xlim(), self.axes.get_ylim()
        start, stop = np.searchsorted(self.times, sorted((x0, x1)))
        column = ((self.times[start:stop] - x0) * (shape[1] / (x1 - x0))).astype(np.int32)
        row = np.floor((self.rows[start:stop] - y0) * (shape[0] / (y1 - y0))).astype(np.int32)
        pixel = row * np.int32(shape[1]) + np.minimum(column, shape[1] - 1)
        inside = (row >= 0) & (row < shape[0])
        if not inside.all():
            pixel = pixel[inside]
        return np.bincount(pixel, minlength=shape[0] * shape[1]).astype(np.int32).reshape(shape)


def spread(counts, width, axis):
    """Sum each `width` neighbouring pixels along `axis`, centred: a mark grows from one pixel to `width`."""
    before = (width - 1) // 2
    pad = [(0, 0), (0, 0)]
    pad[axis] = (width - before, before)
    total = np.cumsum(np.pad(counts, pad), axis=axis)
    size = counts.shape[axis]
    return np.take(total, range(width, width + size), axis) - np.take(total, range(size), axis) if width > 1 else counts
