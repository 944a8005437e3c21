"""Limits of axes that already hold something."""

import numpy as np


def held_limits(ax, axis):
    """Return the limits along "x" or "y" of axes in which data are drawn already, else None.

    Data of axes that share this axis count; lines and areas that only mark something along the other axis do not.
    """
    shared = (ax.get_shared_x_axes() if axis == "x" else ax.get_shared_y_axes()).get_siblings(ax)
    drawn = [getattr(one.dataLim, f"interval{axis}") for one in shared if one.has_data()]
    if not any(np.isfinite(interval).all() for interval in drawn):
        return None
    return ax.get_xlim() if axis == "x" else ax.get_ylim()


def joined(limits, others):
    """Return limits that cover two pairs of them; the second may be None."""
    both = limits if others is None else (*limits, *others)
    return min(both), max(both)
