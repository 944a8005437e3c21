"""Projections of a network as connections between blocks: the synapses of a simulation, in the order of the kernels."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from brainsim.learn.spiking.layout import Wire, round_delays, round_weights
from brainsim.models.pair_lists import FromArrays
from brainsim.models.values import is_number


class Ends(NamedTuple):
    """Where the cells of a population are: in which block, and from which cell of it on."""

    block: int
    first: int


class Table(NamedTuple):
    """Weights and delays of the synapses of a projection, in the order of its SynapseTable."""

    pre: np.ndarray  # indices into what was connected
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray


def table_of(projection: Any, dt: float, precise: bool) -> Table:
    """Draw the synapses of a projection as a simulation with time step dt does, or one with precise spikes.

    Delays that are listed, or given as a number, are not rounded to multiples of dt, and a single weight not to float32.
    """
    from brainsim.engine.simulation.settings import timing_of
    from brainsim.engine.synapses.readback import drawn_table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of times that a run rounds to its grid, and a trainer does not
        table, rule = drawn_table(projection, dt, timing_of(precise)), projection.rule
    values = {"weight": table.weight, "delay": table.delay}
    order = None
    if isinstance(rule, FromArrays):
        order = np.lexsort((rule.post, rule.pre))
        if not (np.array_equal(rule.pre[order], table.pre) and np.array_equal(rule.post[order], table.post)):
            order = None
    for name in values:
        given = getattr(projection, name)
        if is_number(given):
            values[name] = np.full(len(table), float(given) if name == "weight" else round(float(given), 9))
        elif order is not None and isinstance(given, np.ndarray):
            values[name] = (round_weights if name == "weight" else round_delays)(np.array(given[order], np.float64))
    return Table(table.pre, table.post, values["weight"], np.maximum(values["delay"], dt))


def draw(projection: Any, table: Table, places: Mapping[str, Ends], sizes: list[int], each: bool) -> list[Wire]:
    """Return the synapses of a projection, for each pair of blocks that it connects; with `each` all have own delays."""
    (pre_block, pre), (post_block, post) = _cells(projection.pre, places), _cells(projection.post, places)
    pre_block, pre, post_block, post = pre_block[table.pre], pre[table.pre], post_block[table.post], post[table.post]
    found, name = [], f"{projection.name}.delay"
    for b, c in sorted(set(zip(pre_block.tolist(), post_block.tolist(), strict=True))):
        chosen = np.flatnonzero((pre_block == b) & (post_block == c))
        which = chosen[np.lexsort((post[chosen], pre[chosen]))]
        n, m, source, target, delay = sizes[b], sizes[c], pre[which], post[which], table.delay[which]
        if not each and (delay == delay[0]).all():
            delay = delay[0]
        wire = Wire(b, c, table.weight[which], delay, name, projection=projection, which=which)
        if which.size != n * m or not np.array_equal(source * m + target, np.arange(n * m)):
            wire = wire._replace(rows=np.searchsorted(source, np.arange(n + 1)), targets=target.astype(np.int32))
        found.append(wire)
    return found


def _cells(view, places):
    """Return block and cell within it of the cells of a view."""
    blocks = [np.full(ids.size, places[population.name].block) for population, ids in view.parts]
    cells = [places[population.name].first + ids for population, ids in view.parts]
    return np.concatenate(blocks), np.concatenate(cells)
