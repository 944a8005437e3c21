"""What is prepared of a projection that depends on the distance, or on the indices, of its cells, before rows are sampled.

The cells that may be chosen are sorted into bins, and expressions become functions that `near` calls by their addresses.
"""

from __future__ import annotations

import functools

import numpy as np

from brainsim.engine.synapses.near import PLACES, SLACK, connected, scratch_fields
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.language import names_in
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, module
from brainsim.equations.statements import Load, Store
from brainsim.jit.decorators import kernel, load_source
from brainsim.jit.records import array_of
from brainsim.models.space.distance import periods, reach_of
from brainsim.models.space.of_pairs import OfDistance, OfIndices, OfPair

BINS_PER_REACH = 3  # of a largest distance: smaller bins have fewer cells beyond it, and there are more of them


class Near:
    """What is needed to find the pairs of one projection, or their distances."""

    def __init__(self, projection):
        self.projection, rule = projection, projection.rule
        self.pre, self.post = _three_columns(projection.pre), _three_columns(projection.post)
        self.row = np.zeros(1, PLACES)
        row, self.period = self.row[0], np.zeros(3)
        if projection.pre.positions is not None:
            dimensions = projection.pre.positions.shape[1]
            self.period[:dimensions] = periods(rule, dimensions)
        for k, axis in enumerate("xyz"):
            row[f"period_{axis}"] = self.period[k]
            row[f"inverse_{axis}"] = 1.0 / self.period[k] if self.period[k] else 0.0
        row["reach"] = reach_of(self.pre, self.post, self.period, getattr(rule, "max_distance", None))
        self.bin_first, self.bin_cells, self.sorted = np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros((0, 3))
        if rule.text is not None:
            self._sort_into_bins(self.pre if rule.by_target else self.post)
            row["flat"] = not self.pre[:, 2].any() and not self.post[:, 2].any()
            row["p"], row["components"] = address_of_text(rule.text.tree), not rule.text.isotropic
        for name in ("weight", "delay"):
            if isinstance(value := getattr(projection, name), OfPair):
                row[name] = address_of_text(value.expression.tree)
                row["places"] |= isinstance(value, OfDistance)
                row["indices"] |= isinstance(value, OfIndices)

    def _sort_into_bins(self, cells):
        """Choose the bins and sort the cells into them; there are not more bins than cells."""
        row, period = self.row[0], self.period
        low, high = cells.min(axis=0), cells.max(axis=0)
        spans = np.where(period > 0.0, period, (high - low) * (1.0 + SLACK))
        row["within"] = np.all((period == 0.0) | (high - low < period))
        wanted = np.maximum(np.floor(spans * BINS_PER_REACH / max(row["reach"], 1e-300)), 1.0)
        while wanted.prod() > len(cells):
            wanted = np.maximum(np.floor(wanted * 0.8), 1.0)
        per_um = np.where(spans > 0.0, wanted / np.where(spans > 0.0, spans, 1.0), 0.0)
        for k, axis in enumerate("xyz"):
            row[f"bins_{axis}"], row[f"origin_{axis}"], row[f"per_um_{axis}"] = wanted[k], low[k], per_um[k]
        apart = cells - low
        apart = np.where(period > 0.0, np.mod(apart, np.where(period > 0.0, period, 1.0)), apart)
        x, y, z = np.clip(np.floor(apart * per_um), 0.0, wanted - 1.0).astype(np.int64).T
        bin_of = (z * row["bins_y"] + y) * row["bins_x"] + x
        self.bin_cells = np.argsort(bin_of, kind="stable").astype(np.int32)
        self.sorted = cells[self.bin_cells]
        self.bin_first = np.concatenate([[0], np.cumsum(np.bincount(bin_of, minlength=int(wanted.prod())))])

    def alone(self):
        """Return the fields of a record in which this is the only projection."""
        row = self.row.copy()
        row["post"] = self.pre.size
        return {"near": row, "xyz": np.concatenate([self.pre.ravel(), self.post.ravel()])} | self.bins()

    def bins(self):
        """Return where the cells of each bin begin, the cells in the order of the bins, and their coordinates, by name."""
        coordinates = dict(zip(("bin_x", "bin_y", "bin_z"), np.ascontiguousarray(self.sorted.T), strict=True))
        return {"bin_first": self.bin_first, "bin_cells": self.bin_cells} | coordinates


@kernel
def count_near(record, start, stop, key, self_index, counts):
    """Count the targets of the sources from `start` to `stop`; `self_index` as in `counting.share_out`."""
    r = record[0]
    near, nothing = array_of(r.near), array_of(r.candidate)[:0]
    for pre in range(start, stop):
        itself = self_index[pre] if self_index.size else np.int32(-1)
        counts[pre] = connected(near[0], r, key, pre, itself, nothing)


def address_of_text(tree: Tree) -> int:
    """Return the address of the function that computes an expression of two cells, of a record of `scratch_fields`."""
    kind = scratch_fields(0)["pairs"].kind
    return load_source(_text_of(tree)).values.address(kind)


VALUES = """\
@by_address
def values(pairs_):
    pairs = record_at(pairs_)
    d_of, dx_of, dy_of, dz_of = array_of(pairs.d), array_of(pairs.dx), array_of(pairs.dy), array_of(pairs.dz)
    i, j_of, out = pairs.i, array_of(pairs.j), array_of(pairs.out)
    for _k in range(pairs.n):
        <lines>
    return 0
"""


@functools.cache
def _text_of(tree):
    value = lower(tree)
    loads = [Load(name, f"{name}_of") for name in ("d", "dx", "dy", "dz", "j") if name in names_in(value)]
    body = fill(VALUES, {"lines": [*loads, Store("out", value)]})
    return module("A function of two cells written by brainsim (engine/synapses/near_places.py).", body)


def _three_columns(view):
    """Return the positions of a view with three coordinates; missing ones are 0."""
    places = np.zeros((view.n, 3))
    if (positions := view.positions) is not None:
        places[:, : positions.shape[1]] = positions
    return places
