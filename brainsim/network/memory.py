"""How much memory a network needs, and how much there is."""

import functools
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainsim.models.values import Distribution

BYTES_TARGET, BYTES_LONG_TARGET, BYTES_WEIGHT = 2, 4, 4
BYTES_SEGMENT, BYTES_SHARED_SEGMENT = 10, 18
SHORT = 1 << 16  # targets on a thread that 16 bits can tell apart
BYTES_LISTED = 14  # pairs, weights and delays that are listed, sorted by source while they are built
BYTES_CELL = 120  # state, inputs, refractory counters, lists of spikes
RATE = 10.0  # Hz: at which the room for procedural rows under way is estimated
MOST_ROWS = 30  # of the table
MOST_DELAYS = 1000  # steps up to which delays are told apart


@dataclass(frozen=True)
class Estimate:
    """What a network is expected to need; its repr is a table of the largest parts.

    Attributes
    ----------
    rows : tuple of (str, float, float)
        For each part of the network its name, the expected number of synapses, and the bytes that are kept.
    kept, peak : int
        Bytes kept during the run, and at the peak of building; Python and its libraries come on top, about 0.2 GB.
    free : int or None
        Bytes that can be had now; None where the system does not tell.
    """

    rows: tuple
    kept: int
    peak: int
    free: int | None

    @property
    def synapses(self):
        """Expected number of synapses."""
        return sum(synapses for _, synapses, _ in self.rows)

    @property
    def fits(self):
        """Whether the network can be built with the memory that is free now."""
        return self.free is None or self.peak <= self.free

    def __repr__(self):
        """Return a table: a line for each part, then what is kept, the peak of building, and what is free."""
        rows = self.rows
        if len(rows) > MOST_ROWS:
            rest = sorted(rows[:-2], key=lambda row: row[2])[: len(rows) - MOST_ROWS]
            rows = [row for row in rows if row not in rest]
            rows.insert(-2, (f"{len(rest)} smaller projections", *(sum(row[k] for row in rest) for k in (1, 2))))
        lines = [(name, f"{round(synapses):,}" if synapses else "", in_words(size)) for name, synapses, size in rows]
        total = [("kept", f"{round(self.synapses):,}", in_words(self.kept)), ("peak of building", "", in_words(self.peak))]
        if self.free is not None:
            total.append(("free", "", in_words(self.free)))
        head = ("", "synapses", "memory")
        names, counts = (max(len(row[k]) for row in [head, *lines, *total]) for k in (0, 1))
        return "\n".join(f"{a:<{names}}  {b:>{counts}}  {c:>8}" for a, b, c in [head, *lines, *total])


def estimate(network, dt, partitions=1):
    """Return the Estimate of a network that runs with steps of `dt` ms on so many threads."""
    rows, building, delays = [], 0.0, {}
    cells = sum(p.n for p in network.populations.values())
    target = BYTES_TARGET if cells / partitions < SHORT else BYTES_LONG_TARGET
    for projection in network.projections:
        kept, more = _of_projection(projection, target)
        rows.append((projection.name, projection.expected, kept))
        building += more
        if projection.storage == "stored":
            # expected synapses of a source onto a partition, by delay
            known = delays.setdefault(projection.pre, np.zeros(MOST_DELAYS))
            known += projection.expected / projection.pre.n / partitions * _chances(projection.delay, dt)
    segments = sum(pre.n * partitions * (1.0 - np.exp(-count)).sum() for pre, count in delays.items())
    shared = any(_is_number(p.weight) and p.storage == "stored" for p in network.projections)
    size = segments * (BYTES_SHARED_SEGMENT if shared else BYTES_SEGMENT)
    rows.append(("segments of rows", 0.0, size + 8.0 * partitions * cells))
    rows.append((f"{cells:,} cells", 0.0, cells * BYTES_CELL))
    kept = sum(bytes_ for _, _, bytes_ in rows)
    # segments are collected in pieces and then joined
    return Estimate(tuple(rows), int(kept), int(kept + size + building), available())


def _of_projection(projection, target):
    """Return (bytes kept, bytes more while it is built) of a projection."""
    if projection.storage == "procedural":
        longest = np.max(projection.delay) if not isinstance(projection.delay, Distribution) else projection.delay.mean
        return 16 * projection.expected * RATE * 1e-3 * longest + 4.0 * projection.pre.n, 0.0
    listed = projection.rule.pairs is not None or isinstance(projection.weight, np.ndarray)
    each = target + (0 if _is_number(projection.weight) else BYTES_WEIGHT)
    return projection.expected * each, BYTES_LISTED * projection.expected * listed


def _chances(delay, dt):
    """Return the probability of each number of steps, those that are too long for the table together."""
    if isinstance(delay, Distribution):
        return _drawn_chances(delay, dt)
    return np.bincount(np.minimum(np.rint(np.ravel(delay) / dt).astype(int), MOST_DELAYS - 1), minlength=MOST_DELAYS) / max(
        1, np.size(delay)
    )


@functools.cache
def _drawn_chances(delay, dt):
    below = np.array([delay.mass(-math.inf, (k - 0.5) * dt) for k in range(MOST_DELAYS)] + [1.0])
    return np.diff(below)


def _is_number(value):
    return np.ndim(value) == 0 and not isinstance(value, Distribution)


def available():
    """Return how many bytes of memory can be had now, or None where the system does not tell."""
    try:
        if sys.platform == "linux":
            lines = Path("/proc/meminfo").read_text().splitlines()
            free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
            return min(free, _left_to_this_group())
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, OSError, ValueError, StopIteration):
        return None


def _left_to_this_group():
    """Return what the container or batch job may still take, where it is limited; infinite elsewhere."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        return math.inf if limit == "max" else int(limit) - int((folder / "memory.current").read_text())
    except (OSError, ValueError):
        return math.inf


def refuse_if_too_large(network, dt, partitions):
    """Raise MemoryError, before anything is built, where a network will not fit."""
    needed = estimate(network, dt, partitions)
    if not needed.fits:
        raise MemoryError(
            f"Network: about {needed.synapses:,.0f} synapses need {in_words(needed.kept)} and {in_words(needed.peak)} while "
            f"they are built, but only {in_words(needed.free)} are free. connect(..., storage='procedural') keeps none of "
            "them; fewer cells or synapses, or one weight per projection (4 bytes a synapse instead of 8), make it smaller. "
            "Network.estimate(dt) shows where the memory goes"
        )


def in_words(size):
    """Return a number of bytes as text, e.g. '2.4 GB'."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
