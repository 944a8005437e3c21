"""What decides, between two events, whether and when a cell crosses its threshold: for simulations and for training."""

from brainsim.jit.decorators import helper

SAME = 1e-11  # ms; events less than this apart are one event


@helper
def stays_below(before, after, first, last, h):
    """Return whether a cell stays below the threshold for h ms, given its distances and their slopes at both ends."""
    if after >= 0.0:
        return False
    if first <= 0.0 or last >= 0.0:
        return True
    return not before + first * (after - before - last * h) / (first - last) >= 0.0


@helper
def nearer(at, gap, slope, low, high):
    """Return where to look next for a crossing between `low` and `high`: by Newton's method, else in the middle."""
    following = at - gap / slope
    if not (low < following and following < high):
        following = 0.5 * (low + high)
    return following
