"""Colours and the style sheet."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb

from brainsim.core.palette import PALETTE, REST, colour

__all__ = ["DARK", "FAINT", "LUMA", "PALETTE", "REST", "colour", "ink", "legend_above", "shades", "style"]

MAX_COLUMNS = 8  # of a legend
FAINT = "#9a9a9a"  # thresholds, scale bars
LUMA, DARK = np.array([0.299, 0.587, 0.114]), 0.35  # weights of red, green and blue in the lightness of a colour, 0 to 1


@contextmanager
def style() -> Iterator[None]:
    """Return a context manager under which figures get the look of brainsim.

    It changes only the settings in its style sheet and restores them on exit. The first figure under it may choose a backend
    and turn on interactive plotting, as in a notebook; that stays.

    Examples
    --------
    >>> with bs.plot.style():                                           # doctest: +SKIP
    ...     figure, ax = plt.subplots()
    ...     bs.plot.raster(spikes, ax=ax)
    """
    before = {key: matplotlib.rcParams[key] for key in _sheet()}
    matplotlib.rcParams.update(_sheet())
    try:
        yield
    finally:
        matplotlib.rcParams.update(before)


@functools.cache
def _sheet():
    """Return the settings of the style sheet."""
    sheet = Path(__file__).parents[1] / "brainsim.mplstyle"  # matplotlib finds it as brainsim.plot.brainsim
    return dict(matplotlib.rc_params_from_file(sheet, use_default_template=False))


def ink(base):
    """Return a colour for labels of what is drawn in `base`: a little darker, since letters are thin."""
    return to_hex(0.78 * np.array(to_rgb(base)))


def legend_above(ax, count, entries=None):
    """Put a legend of `count` lines above the axes, where it covers nothing; `entries` are (line, text), by default all.

    They are side by side as far as the width of the axes allows.
    """
    columns, room = min(count, MAX_COLUMNS), ax.get_window_extent().width
    while (excess := _legend(ax, columns, entries).get_window_extent().width / max(room, 1.0)) > 1.0 and columns > 1:
        columns = max(min(columns - 1, int(columns / excess)), 1)


def _legend(ax, columns, entries):
    """Replace the legend of axes by one above them, and return it."""
    return ax.legend(
        *(zip(*entries, strict=True) if entries else ()),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        borderaxespad=0.2,
        ncols=columns,
        fontsize="small",
        handlelength=1.2,
        columnspacing=1.2,
    )


def shades(base, count):
    """Return `count` shades of `base`: itself, then darker and lighter ones.

    A dark colour gets only lighter shades: darker ones could not be told apart.
    """
    rgb = np.array(to_rgb(base))
    dark = rgb @ LUMA < DARK
    mixes = ([0.0, 0.5, 0.25, 0.6, 0.38] if dark else [0.0, -0.45, 0.4, -0.25, 0.2])[: max(count, 1)]
    family = [to_hex(rgb * (1 + mix) if mix < 0 else rgb + (1 - rgb) * mix) for mix in mixes]
    return [family[k % len(family)] for k in range(count)]
