"""Sums over cells that do not depend on how the cells are cut into partitions.

The chosen cells, in their order, are cut into blocks of 64. The partition that has all cells of a block stores its sum; the
few blocks that lie across the border of two partitions are stored cell by cell, and summed here, in the same order. So a
sample of a population takes 1/64 of the room of its cells, and its bits are those of one thread. Ranks of an MPI run send
what their partitions have stored to rank 0, which adds it up.
"""

from dataclasses import dataclass

import numpy as np

from brainsim.jit.decorators import helper

BLOCK = 64
LANES = 4  # a sum in four lanes takes 0.4 ns a cell, in one lane it waits for each addition: 1.3 ns
CELLS, SUM, SPREAD = range(3)  # what is stored of a block: each cell; its sum; its sum and its squared deviations
KINDS = {None: CELLS, "sum": SUM, "mean": SUM, "std": SPREAD}


@dataclass(frozen=True)
class Stretch:
    """The cells of a reduced trace that a partition has: positions from `start` to `stop` among the chosen cells.

    Whole blocks are from `whole` to `end`; what is before and after is stored cell by cell. `kind` says what is stored of a
    block.
    """

    start: int
    whole: int
    end: int
    stop: int
    kind: int

    @classmethod
    def of(cls, start, stop, n, kind):
        """Return the stretch of a trace of n cells."""
        if kind == CELLS:
            return cls(start, stop, stop, stop, kind)
        whole = min(-(-start // BLOCK) * BLOCK, stop)
        end = stop if stop == n else max(stop // BLOCK * BLOCK, whole)
        return cls(start, whole, end, stop, kind)

    @property
    def width(self):
        """How many numbers a sample takes."""
        return self.whole - self.start + self.stop - self.end + self.kind * -(-(self.end - self.whole) // BLOCK)


def reduce_samples(parts, stretches, trace):
    """Return a number for each sample as a column, of what the partitions of all processes have stored.

    Of each process, `parts` has an array (samples, numbers) of what its partitions have stored, one after the other, and
    `stretches` a list.
    """
    samples = []
    for values, some in zip(parts, stretches, strict=True):
        samples += np.split(values, np.cumsum([s.width for s in some])[:-1], axis=1) if some else []
    return add_up(samples, sum(stretches, []), trace.ids.size, trace.reduce)[:, None]


def add_up(samples, stretches, n, reduce):
    """Return a number for each sample: the "sum", "mean" or "std" over n cells.

    `samples` is what each partition has stored, shape (samples, stretch.width).
    """
    blocks, kind, rows = -(-n // BLOCK), KINDS[reduce], len(samples[0])
    sums, squares = np.zeros((rows, blocks)), np.zeros((rows, blocks))
    cut = {}  # block -> its cells, of all partitions
    for values, s in zip(samples, stretches, strict=True):
        head, count = s.whole - s.start, -(-(s.end - s.whole) // BLOCK)
        inner = values[:, head : head + kind * count].reshape(rows, count, kind)
        at = slice(s.whole // BLOCK, s.whole // BLOCK + count)
        if count:
            sums[:, at] = inner[:, :, 0]
            squares[:, at] = inner[:, :, kind - 1]
        outer = np.concatenate([values[:, :head], values[:, head + kind * count :]], axis=1)
        for column, position in enumerate([*range(s.start, s.whole), *range(s.end, s.stop)]):
            cells = cut.setdefault(position // BLOCK, np.zeros((rows, min(BLOCK, n - position // BLOCK * BLOCK))))
            cells[:, position % BLOCK] = outer[:, column]
    for block, cells in cut.items():
        sums[:, block] = _in_lanes(cells)
        squares[:, block] = _in_lanes((cells - (sums[:, block] / cells.shape[1])[:, None]) ** 2) if kind == SPREAD else 0.0
    return _total(sums, squares, n, reduce)


def _total(sums, squares, n, reduce):
    """Return the reduced number from the sums of blocks and of the squared deviations from their means."""
    total = np.add.accumulate(sums, axis=1)[:, -1]
    if reduce == "sum":
        return total
    mean = total / n
    if reduce == "mean":
        return mean
    sizes = np.minimum(BLOCK, n - BLOCK * np.arange(sums.shape[1]))
    spread = squares + sizes * (sums / sizes - mean[:, None]) ** 2
    return np.sqrt(np.add.accumulate(spread, axis=1)[:, -1] / n)


def positions(trace, layout, partitions):
    """Return for each of some partitions which of the cells of a trace it has, as positions in `Recorded.ids`."""
    number = layout.group_of[trace.population]
    member, bounds = layout.members[trace.population], layout.bounds[number]
    cells = member.first - layout.groups[number].first + trace.ids
    return [np.flatnonzero((cells >= bounds[k]) & (cells < bounds[k + 1])) for k in partitions]


def stretches_of(trace, layout, partitions):
    """Return the Stretch of the cells of a reduced trace in each of some partitions that has any."""
    found = [columns for columns in positions(trace, layout, partitions) if columns.size]
    n, kind = trace.ids.size, KINDS[trace.reduce]
    return [Stretch.of(int(columns[0]), int(columns[-1]) + 1, n, kind) for columns in found]


def store_cells(cells, stretches):
    """Return what partitions would store of samples of the cells in their stretches, shape (samples, cells)."""
    ends = np.cumsum([s.stop - s.start for s in stretches])
    parts = np.split(cells, ends[:-1], axis=1) if stretches else []
    return np.concatenate([cells[:, :0], *(_store(part, s) for part, s in zip(parts, stretches, strict=True))], axis=1)


def _store(cells, s):
    """Return what a partition stores of samples of the cells of its Stretch, shape (samples, cells)."""
    head, inner, tail = np.split(cells, [s.whole - s.start, s.end - s.start], axis=1)
    rows, n = inner.shape
    if not n:
        return np.concatenate([head, tail], axis=1)
    blocks = -(-n // BLOCK)
    padded = np.zeros((rows, blocks, BLOCK))
    padded.reshape(rows, -1)[:, :n] = inner
    columns = [_in_lanes(padded.reshape(-1, BLOCK)).reshape(rows, blocks)]
    if s.kind == SPREAD:
        sizes = np.minimum(BLOCK, n - BLOCK * np.arange(blocks))
        away = (padded - (columns[0] / sizes)[..., None]).reshape(rows, -1)
        away[:, n:] = 0.0
        columns.append(_in_lanes((away**2).reshape(-1, BLOCK)).reshape(rows, blocks))
    return np.concatenate([head, np.stack(columns, axis=2).reshape(rows, -1), tail], axis=1)


def _in_lanes(cells):
    """Return the sums of rows in the order in which `block_sum` adds."""
    padded = np.zeros((len(cells), -(-cells.shape[1] // LANES) * LANES + LANES))
    padded[:, LANES : LANES + cells.shape[1]] = cells
    lanes = np.add.accumulate(padded.reshape(len(cells), -1, LANES), axis=1)[:, -1]
    return (lanes[:, 0] + lanes[:, 1]) + (lanes[:, 2] + lanes[:, 3])


@helper
def block_sum(state, places, start, stop):
    """Return the sum of state[places[start:stop]] in four lanes."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    k = start
    while k + 3 < stop:
        a += np.float64(state[places[k]])
        b += np.float64(state[places[k + 1]])
        c += np.float64(state[places[k + 2]])
        d += np.float64(state[places[k + 3]])
        k += 4
    if k < stop:
        a += np.float64(state[places[k]])
    if k + 1 < stop:
        b += np.float64(state[places[k + 1]])
    if k + 2 < stop:
        c += np.float64(state[places[k + 2]])
    return (a + b) + (c + d)


@helper
def block_spread(state, places, start, stop, mean):
    """Return the sum of (state[places[start:stop]] - mean)**2 in four lanes."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    k = start
    while k + 3 < stop:
        a += (np.float64(state[places[k]]) - mean) ** 2
        b += (np.float64(state[places[k + 1]]) - mean) ** 2
        c += (np.float64(state[places[k + 2]]) - mean) ** 2
        d += (np.float64(state[places[k + 3]]) - mean) ** 2
        k += 4
    if k < stop:
        a += (np.float64(state[places[k]]) - mean) ** 2
    if k + 1 < stop:
        b += (np.float64(state[places[k + 1]]) - mean) ** 2
    if k + 2 < stop:
        c += (np.float64(state[places[k + 2]]) - mean) ** 2
    return (a + b) + (c + d)
