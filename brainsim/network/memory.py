"""How much memory a network needs, and how much there is."""

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainsim.models.values import Distribution

BYTES_OWN, BYTES_SHARED, BYTES_SEGMENT, BYTES_SHARED_SEGMENT = 8, 4, 14, 22
BYTES_LISTED = 14  # pairs, weights and delays that are listed, sorted by source while they are built
BYTES_CELL = 120  # state, inputs, refractory counters, lists of spikes
RATE = 10.0  # Hz: at which the room for procedural rows under way is estimated
TAIL = 1e-3  # rare delays have few segments


@dataclass(frozen=True)
class Estimate:
    """What a network is expected to need; its repr is a table.

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
        lines = [(name, f"{round(synapses):,}" if synapses else "", in_words(size)) for name, synapses, size in self.rows]
        total = [("kept", f"{round(self.synapses):,}", in_words(self.kept)), ("peak of building", "", in_words(self.peak))]
        if self.free is not None:
            total.append(("free", "", in_words(self.free)))
        head = ("", "synapses", "memory")
        names, counts = (max(len(row[k]) for row in [head, *lines, *total]) for k in (0, 1))
        return "\n".join(f"{a:<{names}}  {b:>{counts}}  {c:>8}" for a, b, c in [head, *lines, *total])


def estimate(network, dt, partitions=1):
    """Return the Estimate of a network that runs with steps of `dt` ms on so many threads."""
    rows, peak, delays = [], 0.0, {}
    for projection in network.projections:
        kept, building = _of_projection(projection)
        rows.append([projection.name, projection.expected, kept])
        peak += building
        if projection.storage == "stored":
            low, high, length = delays.get(projection.pre, (math.inf, 0.0, 0.0))
            ends = _delays(projection)
            length += projection.expected / projection.pre.n
            delays[projection.pre] = min(low, ends[0]), max(high, ends[1]), length
    segments = sum(
        pre.n * min(length, partitions * (round((high - low) / dt) + 1)) for pre, (low, high, length) in delays.items()
    )
    shared = any(np.ndim(p.weight) == 0 and not isinstance(p.weight, Distribution) for p in network.projections)
    cells = sum(p.n for p in network.populations.values())
    rows.append(["segments of rows", 0.0, segments * (BYTES_SHARED_SEGMENT if shared else BYTES_SEGMENT)])
    rows.append([f"{cells:,} cells", 0.0, cells * BYTES_CELL])
    kept = sum(size for _, _, size in rows)
    # segments are collected in pieces and then joined
    return Estimate(tuple(map(tuple, rows)), int(kept), int(kept + rows[-2][2] + peak), available())


def _of_projection(projection):
    """Return (bytes kept, bytes more while it is built) of a projection."""
    if projection.storage == "procedural":
        under_way = projection.expected * RATE * 1e-3 * _delays(projection)[1]
        return 2 * BYTES_OWN * under_way + 4.0 * projection.pre.n, 0.0
    shared = np.ndim(projection.weight) == 0 and not isinstance(projection.weight, Distribution)
    listed = projection.rule.pairs is not None or isinstance(projection.weight, np.ndarray)
    return (projection.expected * (BYTES_SHARED if shared else BYTES_OWN), BYTES_LISTED * projection.expected * listed)


def _delays(projection):
    """Return the shortest and the longest delay [ms] of a projection, without the tails of a distribution."""
    delay = projection.delay
    if not isinstance(delay, Distribution):
        return float(np.min(delay, initial=np.inf)), float(np.max(delay, initial=0.0))
    low, high = max(delay.support[0], 0.0), max(delay.support[0], delay.mean)
    step = high - low or 1.0
    while delay.mass(-math.inf, high) < 1.0 - TAIL and high < delay.support[1]:
        high += 0.25 * step
    return low, high


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
