"""A function given by points, as kernels compute it."""

from brainsim.jit.decorators import helper


@helper
def interpolated(points, x):
    """Return the value at x of the straight lines through points: all their places, then all their values.

    Before the first point and beyond the last it has their values; of NaN it is NaN.
    """
    n = points.size // 2
    x = points[0] if x < points[0] else points[n - 1] if x > points[n - 1] else x
    low, high = 0, n - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if x < points[middle]:
            high = middle
        else:
            low = middle
    share = (x - points[low]) / (points[low + 1] - points[low])
    return points[n + low] + share * (points[n + low + 1] - points[n + low])
