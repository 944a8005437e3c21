"""Pairs by their distance: the cells near a cell, and what an expression of the distance says of each of them.

The cells that may be chosen are sorted into bins of a grid (`near_places`), so that a row looks only at bins within the
largest distance. An expression is compiled to a function of arrays, which is called by its address: the functions that
sample rows are the same for all texts. Of 40,000 cells with 1,200 others within reach, a candidate takes 5 ns, of which the
exponential is a quarter; 6 ns on a periodic sheet.

Whether a pair is connected, and its weight if that is sampled, are functions of the seed and of both cells.
"""

from __future__ import annotations

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address
from brainsim.jit.records import Context, address_of, array_of, new_scratch, record_or_none
from brainsim.models.distribution import is_of_pairs
from brainsim.models.packed import as_kept
from brainsim.rng.hashing import hashed, step_key, uniform

SLACK = 1e-9  # added to the distance within which bins are looked at, so that rounding misses none

# what is known of the places of one projection; offsets are into `xyz`, `bin_first` and `bin_cells`
PLACES = np.dtype(
    [
        ("pre", "i8"),
        ("post", "i8"),
        ("bin_first", "i8"),  # where the cells of each bin begin, counted from `bin_cells`
        ("bin_cells", "i8"),
        ("reach", "f8"),  # the largest distance
        *((f"period_{axis}", "f8") for axis in "xyz"),  # 0 along an axis that is not periodic
        *((f"bins_{axis}", "i8") for axis in "xyz"),  # how many there are
        *((f"origin_{axis}", "f8") for axis in "xyz"),
        *((f"per_um_{axis}", "f8") for axis in "xyz"),  # bins per um
        *((f"inverse_{axis}", "f8") for axis in "xyz"),  # of the period, or 0
        ("flat", "i8"),  # whether all cells have the same third coordinate
        ("within", "i8"),  # whether the cells of the bins lie within one period, so that those of a bin have one image
        ("components", "i8"),  # whether the probability depends on more than the distance
        ("p", "i8"),  # addresses of the functions of the texts, 0 if there are none
        ("weight", "i8"),
        ("delay", "i8"),
        ("places", "i8"),  # whether a weight or a delay depends on the distance
        ("indices", "i8"),  # whether one depends on the indices of the cells
        ("shortest", "i8"),  # limits of the delay, in steps
        ("longest", "i8"),
    ]
)


def scratch_fields(candidates):
    """Return room for the distances of this many cells, as fields of a record."""
    # one more, since what is not within reach is written, too, and then overwritten
    arrays = {name: new_scratch(candidates + 1) for name in ("d", "dx", "dy", "dz", "j", "out")} | {"i": 0.0}
    image = {"one_image": False, "shift_x": 0.0, "shift_y": 0.0, "shift_z": 0.0}  # of the bins that are looked at
    return {"pairs": Context(**arrays, **image, n=0), "candidate": new_scratch(candidates + 1, np.int32)}


def most_candidates(projections):
    """Return how many cells a row of any of these projections looks at."""
    return max((max(p.pre.n, p.post.n) for p in projections if is_near(p)), default=0)


def is_near(projection):
    """Return whether anything about the synapses of a projection depends on the distance or the indices of its cells."""
    values = (as_kept(projection, "weight"), as_kept(projection, "delay"))
    return projection.rule.text is not None or any(is_of_pairs(value) for value in values)


@helper
def displace(near, r, pre, post, pairs):
    """Write the distances from cell `pre` of a projection to the cells in `post`, and their components."""
    xyz, start = array_of(r.xyz), near.pre + 3 * pre
    _components(near, xyz, start, near.post, 1.0, post, pairs)
    d, dx, dy, dz = array_of(pairs.d), array_of(pairs.dx), array_of(pairs.dy), array_of(pairs.dz)
    for j in range(post.size):
        d[j] = np.sqrt(dx[j] * dx[j] + dy[j] * dy[j] + dz[j] * dz[j])
    pairs.n = post.size


@helper
def enumerate_pairs(pre, post, pairs):
    """Write the indices of cell `pre` and of the cells in `post`."""
    j = array_of(pairs.j)
    for k in range(post.size):
        j[k] = post[k]
    pairs.i = np.float64(pre)
    pairs.n = post.size


@helper
def _components(near, xyz, centre, others, sign, cells, pairs):
    """Write the components of the distances from the cell at `centre` to some of the others."""
    dx, dy, dz = array_of(pairs.dx), array_of(pairs.dy), array_of(pairs.dz)
    for j in range(cells.size):
        at = others + 3 * np.int64(cells[j])
        dx[j] = sign * _nearest(xyz[at] - xyz[centre], near.period_x, near.inverse_x)
        dy[j] = sign * _nearest(xyz[at + 1] - xyz[centre + 1], near.period_y, near.inverse_y)
        dz[j] = sign * _nearest(xyz[at + 2] - xyz[centre + 2], near.period_z, near.inverse_z)


@helper
def _nearest(apart, period, inverse):
    """Return a component of the distance to the nearest image; `period` is 0 if there is only one. It vectorises."""
    return apart - period * np.rint(apart * inverse)


@helper
def evaluate(address, pairs):
    """Write the values of an expression for the distances in `pairs` into its field `out`."""
    call_address(address, (address_of(pairs),))


@helper
def candidates(near, r, centre, others, sign, itself, pairs):
    """Find the cells within reach of the cell at `centre`, and their distances; return their number.

    `centre` and `others` are offsets in `xyz`; `sign` is -1 if the others are the sources; `itself` is the index of the cell
    among the others, -1 if it is not one or does not count as one.
    """
    xyz, bin_first = array_of(r.xyz), array_of(r.bin_first)[near.bin_first :]
    more = np.int64(near.within == 0)
    x0, nx = _span(xyz[centre] - near.origin_x, near.reach, near.per_um_x, near.bins_x, near.period_x > 0.0, more)
    y0, ny = _span(xyz[centre + 1] - near.origin_y, near.reach, near.per_um_y, near.bins_y, near.period_y > 0.0, more)
    z0, nz = _span(xyz[centre + 2] - near.origin_z, near.reach, near.per_um_z, near.bins_z, near.period_z > 0.0, more)
    all_bins = (
        ((near.period_x > 0.0) & (nx == near.bins_x))
        | ((near.period_y > 0.0) & (ny == near.bins_y))
        | ((near.period_z > 0.0) & (nz == near.bins_z))
    )
    pairs.one_image, pairs.n = near.within != 0 and not all_bins, 0
    for kz in range(z0, z0 + nz):
        pairs.shift_z = near.period_z * (kz // near.bins_z)
        for ky in range(y0, y0 + ny):
            pairs.shift_y = near.period_y * (ky // near.bins_y)
            row = ((kz % near.bins_z) * near.bins_y + ky % near.bins_y) * near.bins_x
            # the bins of a row lie side by side; behind the last one, a periodic row begins again
            first, image = x0 % near.bins_x, x0 // near.bins_x
            stop = min(first + nx, near.bins_x)
            pairs.shift_x = near.period_x * image
            _within_reach(near, r, centre, bin_first[row + first], bin_first[row + stop], itself, pairs)
            if first + nx > stop:
                pairs.shift_x = near.period_x * (image + 1)
                _within_reach(near, r, centre, bin_first[row], bin_first[row + first + nx - stop], itself, pairs)
    found = pairs.n
    d, candidate = array_of(pairs.d), array_of(r.candidate)
    for j in range(found):
        d[j] = np.sqrt(d[j])
    if near.components:
        _components(near, xyz, centre, others, sign, candidate[:found], pairs)
    return found


@helper
def _within_reach(near, r, centre, start, stop, itself, pairs):
    """Append the cells of some bins that are within reach, with the squares of their distances."""
    cells = array_of(r.bin_cells)[near.bin_cells + start : near.bin_cells + stop]
    square, d, candidate = array_of(pairs.out), array_of(pairs.d), array_of(r.candidate)
    limit, found = near.reach * near.reach, pairs.n
    # two loops, of which the first vectorises: together they take twice as long
    _squares(near, r, array_of(r.xyz)[centre:], near.bin_cells + start, cells.size, pairs)
    for j in range(cells.size):
        candidate[found], d[found] = cells[j], square[j]
        found += (square[j] <= limit) & (cells[j] != itself)
    pairs.n = found


@helper
def _squares(near, r, centre, start, n, pairs):
    """Write the squares of the distances to `n` cells in the order of the bins."""
    square = array_of(pairs.out)
    x_of, y_of, z_of = array_of(r.bin_x)[start:], array_of(r.bin_y)[start:], array_of(r.bin_z)[start:]
    x, y, z = centre[0], centre[1], centre[2]
    shift_x, shift_y, shift_z = pairs.shift_x, pairs.shift_y, pairs.shift_z
    # without the third axis a third less; looking for the image of each cell on a periodic sheet takes half as much again
    if pairs.one_image and near.flat:
        for j in range(n):
            ax, ay = x_of[j] - x + shift_x, y_of[j] - y + shift_y
            square[j] = ax * ax + ay * ay
    elif pairs.one_image:
        for j in range(n):
            ax, ay, az = x_of[j] - x + shift_x, y_of[j] - y + shift_y, z_of[j] - z + shift_z
            square[j] = ax * ax + ay * ay + az * az
    else:
        for j in range(n):
            ax = _nearest(x_of[j] - x, near.period_x, near.inverse_x)
            ay = _nearest(y_of[j] - y, near.period_y, near.inverse_y)
            az = _nearest(z_of[j] - z, near.period_z, near.inverse_z)
            square[j] = ax * ax + ay * ay + az * az


@helper
def _span(x, reach, per_um, bins, periodic, more):
    """Return the first bin along an axis that is within reach of a coordinate, and the number of bins.

    On a periodic axis the numbers of bins continue through its images: bin `b` of image `m` is ``b + m * bins``.
    """
    low = np.int64(np.floor((x - reach * (1.0 + SLACK)) * per_um))
    high = np.int64(np.floor((x + reach * (1.0 + SLACK)) * per_um))
    if periodic:
        # one bin more at both ends if that of a cell is found from its distance modulo the period, which is rounded
        low, high = low - more, high + more
        return (np.int64(0), bins) if high - low + 1 >= bins else (low, high - low + 1)
    low, high = max(low, np.int64(0)), min(high, bins - 1)
    return low, max(high - low + 1, np.int64(0))


@helper
def connected(near, r, key, pre, itself, chosen):
    """Find the targets of a source, each with the probability of its distance; write them, and return their number.

    If `chosen` has no room, they are only counted.
    """
    pairs = record_or_none(r, "pairs")
    found = candidates(near, r, near.pre + 3 * pre, near.post, 1.0, itself, pairs)
    evaluate(near.p, pairs)
    p, candidate, row = array_of(pairs.out), array_of(r.candidate), step_key(key, pre)
    taken = np.int64(0)
    for j in range(found):
        p[j] -= uniform(hashed(row, candidate[j]))
    for j in range(found):
        if p[j] > 0.0:
            if chosen.size:
                chosen[taken] = candidate[j]
            taken += 1
    return taken
