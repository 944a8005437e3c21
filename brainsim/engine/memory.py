"""How much memory a network needs, and how much there is."""

import math
import os
import sys
from pathlib import Path

import numpy as np

from brainsim.models.values import Distribution

BYTES_WEIGHTED, BYTES_SHARED, BYTES_SEGMENT = 8, 4, 22
BYTES_BUILDING = 2  # delays, which are dropped once the rows are cut
BYTES_CELL = 120  # state, inputs, refractory counters, spike lists


def estimate(network):
    """Return (bytes kept, bytes at the peak of building) that a network is expected to need, before it is built."""
    kept = peak = 0.0
    for projection in network.projections:
        synapses = projection.expected
        shared = np.ndim(projection.weight) == 0 and not isinstance(projection.weight, Distribution)
        each = BYTES_SHARED if shared else BYTES_WEIGHTED
        segments = min(synapses, projection.pre.n * (40 if isinstance(projection.delay, Distribution) else 1))
        kept += synapses * each + segments * BYTES_SEGMENT
        peak += synapses * (each + BYTES_BUILDING) + segments * BYTES_SEGMENT
    cells = sum(p.n for p in network.populations.values()) * BYTES_CELL
    return int(kept + cells), int(peak + cells)


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


def refuse_if_too_large(network):
    """Raise MemoryError, before anything is built, where a network will not fit."""
    kept, peak = estimate(network)
    free = available()
    if free is not None and peak > free:
        synapses = sum(p.expected for p in network.projections)
        raise MemoryError(
            f"Network: about {synapses:,.0f} synapses need {in_words(kept)} and {in_words(peak)} while they are built, but "
            f"only {in_words(free)} are free. Fewer cells or synapses, or one weight per projection (4 bytes a synapse "
            "instead of 8), make it smaller."
        )


def in_words(size):
    """Return a number of bytes as text, e.g. '2.4 GB'."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
