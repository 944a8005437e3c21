"""What was compared, as a table: one line for each kind of comparison."""

import platform
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

import brainsim as bs


@dataclass
class Line:
    """One kind of comparison.

    Attributes
    ----------
    what, with_what : str
        What is compared, and with what.
    compared : int
        How many things were compared; `unit` is what they are called.
    largest, limit : float
        The largest difference, and what it must not exceed; NaN if things are equal or not.
    failures, notes : list of str
        A line for each thing that differs, and for what else must be known, such as what was left out.
    seconds : float
    """

    what: str
    with_what: str
    unit: str
    limit: float = np.nan
    compared: int = 0
    largest: float = np.nan
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def differ(self, name, size):
        """Compare one number: a difference, which must not exceed the limit."""
        self.compared += 1
        self.largest = float(np.nanmax([self.largest, size, 0.0]))
        if not size <= self.limit:
            self.failures.append(f"{name}: differs by {size:.3g}, more than {self.limit:g}")

    def equal(self, name, found, expected, count=1):
        """Compare things that are equal or not."""
        self.compared += count
        if found != expected:
            self.failures.append(f"{name}: is {str(found)[:60]}, not {str(expected)[:60]}")

    @contextmanager
    def timed(self):
        """Measure how long it takes; an error is a failure."""
        began = time.perf_counter()
        try:
            yield self
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is a result
            self.failures.append(f"{type(error).__name__}: {error}")
        self.seconds += time.perf_counter() - began


@dataclass
class Report:
    """All lines, and what a reader must know of them."""

    seed: int
    lines: list[Line]
    not_checked: list[str]

    @property
    def failed(self):
        """Whether something differs."""
        return any(line.failures or not line.compared for line in self.lines)

    def text(self):
        """Return the report as text."""
        import numba
        import scipy

        head = f"brainsim {bs.__version__}, Python {platform.python_version()}, NumPy {np.__version__}, "
        head += f"SciPy {scipy.__version__}, Numba {numba.__version__}, {platform.system()} {platform.machine()}"
        rows = [("compared", "with", "how many", "largest difference", "s", "")]
        rows += [self._row(line) for line in self.lines]
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        failures = [f"{line.what}: {text}" for line in self.lines for text in line.failures[:10]]
        notes = [f"{line.what}: {text}" for line in self.lines for text in line.notes]
        verdict = f"{len(failures)} differences" if self.failed else "no difference"
        ends = ["", *failures, *notes, "", "Not checked:", *(f"- {text}" for text in self.not_checked), "", verdict]
        return "\n".join([head, f"seed {self.seed}", "", *table, *ends]) + "\n"

    @staticmethod
    def _row(line):
        size = "equal" if np.isnan(line.limit) else f"{line.largest:.1e} of {line.limit:g}"
        ok = "DIFFERS" if line.failures else "" if line.compared else "NOTHING COMPARED"
        return line.what, line.with_what, f"{line.compared:,} {line.unit}", size, f"{line.seconds:.1f}", ok
