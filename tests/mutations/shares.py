"""Which share of wrong lines was noticed, by room, with its 95 % interval (Wilson 1927).

https://doi.org/10.1080/01621459.1927.10502953
"""

import math
from collections import Counter

from tests.mutations.rooms import room_of


def interval(noticed, number):
    """Return the ends of the 95 % interval of a share.

    Examples
    --------
    >>> interval(8, 10)
    (0.49, 0.94)
    """
    z, share = 1.96, noticed / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number)) / (1 + z * z / number)
    return round(middle - half, 2), round(middle + half, 2)


def table(results):
    """Return lines that say for each room, and for all, how many were drawn and noticed."""
    rooms = sorted({room_of(result["file"]) for result in results})
    lines = [f"{'room':22} drawn usual thorough hung survived open  noticed"]
    lines += [_line(room, [r for r in results if room_of(r["file"]) == room]) for room in rooms]
    return [*lines, _line("all", results)]


def _line(room, results):
    count = Counter(result["verdict"] for result in results)
    noticed, number = len(results) - count["survived"] - count["open"], len(results)
    low, high = interval(noticed, number)
    counts = f"{number:5} {count['usual']:5} {count['thorough']:8} {count['hung']:4} {count['survived']:8} {count['open']:4}"
    return f"{room:22} {counts}  {noticed / number:.0%} ({low:.0%} to {high:.0%})"
