"""What `Network.estimate` returns: a table of the memory that a network needs, and how long it will run."""

from __future__ import annotations

from dataclasses import dataclass

MAX_ROWS = 30  # of the table


@dataclass(frozen=True)
class Estimate:
    """What a network is expected to need; its repr is a table of the largest parts.

    Attributes
    ----------
    rows : tuple of (str, float, float)
        For each part of the network, and each trace, its name, the expected number of synapses, and the bytes that are kept.
    kept, peak : int
        Bytes kept during the run, and at the peak of building; Python and its libraries come on top, about 0.2 GB.
    free : int or None
        Bytes that are free now; None if the system does not say.
    ranks : int
        Number of ranks, of each of which this is the memory, and are the synapses.
    cost : Cost or None
        How long a simulated second will take, if it was asked for; `str` of it says it in words.
    """

    rows: tuple
    kept: int
    peak: int
    free: int | None
    ranks: int = 1
    cost: object = None

    @property
    def synapses(self):
        """Expected number of synapses."""
        return sum(synapses for _, synapses, _ in self.rows)

    @property
    def fits(self):
        """Whether the network can be built with the memory that is free now."""
        return self.free is None or self.peak <= self.free

    def __repr__(self):
        rows = self.rows
        if len(rows) > MAX_ROWS:
            rest = sorted(rows[:-2], key=lambda row: row[2])[: len(rows) - MAX_ROWS]
            rows = [row for row in rows if row not in rest]
            rows.insert(-2, (f"{len(rest)} smaller projections", *(sum(row[k] for row in rest) for k in (1, 2))))
        lines = [(name, f"{round(synapses):,}" if synapses else "", in_words(size)) for name, synapses, size in rows]
        total = [("kept", f"{round(self.synapses):,}", in_words(self.kept)), ("peak of building", "", in_words(self.peak))]
        if self.free is not None:
            total.append(("free", "", in_words(self.free)))
        head = (f"each of {self.ranks} ranks" if self.ranks > 1 else "", "synapses", "memory")
        names, counts = (max(len(row[k]) for row in [head, *lines, *total]) for k in (0, 1))
        table = [f"{a:<{names}}  {b:>{counts}}  {c:>8}" for a, b, c in [head, *lines, *total]]
        return "\n".join([*table, *([f"{self.cost}"] if self.cost else [])])


def in_words(size):
    """Return a number of bytes as text, e.g. '2.4 GB'."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
