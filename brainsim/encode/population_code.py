"""Population code: each value becomes the activity of cells with Gaussian tuning curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from brainsim.core.checks import choice, integer, number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.encode.code import Code, explained
from brainsim.encode.rate import Rate
from brainsim.encode.spike_timing import Latency
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BY = ("rate", "latency")
REACH = 2.0  # widths by which the tuning curves extend beyond the range, so that both sides of each value are covered
LEAST = 0.1  # activity that is too small for a spike of the latency code


@answers_calls
@dataclass(frozen=True, kw_only=True)
class PopulationCode(Code):
    """Population code: `cells` cells for each value, with Gaussian tuning curves ``exp(-(x - centre)^2 / (2 sigma^2))``.

    Centres are evenly spaced from two widths below `low` to two above `high`. By rate, a cell fires Poisson spikes at
    ``max_rate`` times its activity; by latency, it fires once, the more active the earlier (not at all below 0.1).

    `decode` returns the mean of the centres of the cells, weighted with their activity, or NaN for a value none of whose
    cells fired. By rate this is the value of the largest likelihood, with the variance ``sigma^2`` over the number of
    spikes. By latency it is off by at most 0.07 sigma, since cells of little activity are silent.

    Parameters
    ----------
    cells : int
        Cells for each value, 6 or more.
    low, high : float
        The range of values.
    sigma : float, optional
        Width of the tuning curves, > 0; by default the distance of two centres.
    by : {"rate", "latency"}
        What carries the activity.
    max_rate : float
        Rate at the centre of a tuning curve [Hz], > 0.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> code = bs.encode.PopulationCode(cells=10, by="latency")
    >>> spikes = code.encode([0.2, 0.7], 50.0)
    >>> spikes.n, code.decode(spikes).round(2)
    (20, array([0.2, 0.7]))

    References
    ----------
    Georgopoulos, Schwartz & Kettner (1986), doi:10.1126/science.3749885; Bohte, Kok & La Poutre (2002),
    doi:10.1016/S0925-2312(01)00658-0; Jazayeri & Movshon (2006), doi:10.1038/nn1691 (decoding).
    """

    cells: int = 12
    low: float = 0.0
    high: float = 1.0
    sigma: float | None = None
    by: Literal["rate", "latency"] = "rate"
    max_rate: float = 100.0

    def _check(self):
        integer(self.cells, "PopulationCode.cells", at_least=6)
        number(self.max_rate, "PopulationCode.max_rate", "Hz", above=0.0)
        if self.sigma is not None:
            number(self.sigma, "PopulationCode.sigma", above=0.0)
        choice(self.by, BY, "PopulationCode.by")

    @property
    def width(self) -> float:
        """The width of the tuning curves."""
        return (self.high - self.low) / (self.cells - 1 - 2 * REACH) if self.sigma is None else self.sigma

    @property
    def centres(self) -> np.ndarray:
        """The values at which the cells are most active, shape (cells,)."""
        return np.linspace(self.low - REACH * self.width, self.high + REACH * self.width, self.cells)

    @within(default_arithmetic)
    def activity(self, values: ArrayLike) -> np.ndarray:
        """Return the activity of the cells, from 0 to 1: an axis of `cells` after those of the values."""
        distance = (np.asarray(values, dtype=np.float64)[..., None] - self.centres) / self.width
        return np.exp(-0.5 * distance**2)

    @explained
    def encode(
        self,
        values: ArrayLike,
        duration: float | None = None,
        *,
        interval: float | None = None,
        dt: float | None = None,
        seed: int | None = None,
    ) -> Spikes:
        """Return the spikes of values.

        Parameters
        ----------
        dt : float, optional
            A time grid [ms], as for `Rate` and `Latency`.
        seed : int, optional
            Of the random numbers of the rate code; by default a new one.

        Returns
        -------
        Spikes
            Cells ``k*cells`` to ``(k + 1)*cells - 1`` belong to value k.
        """
        return self._encode(values, duration, interval, dt=dt, seed=seed)

    def _times(self, shares, length, label, *, dt, seed):
        active = self.activity(self.low + shares * (self.high - self.low)).reshape(len(shares), -1)
        if self.by == "rate":
            return Rate(max_rate=self.max_rate)._times(active, length, label, dt=dt, seed=seed)
        return Latency()._times(np.where(active < LEAST, 0.0, active), length, label, dt=dt)

    def _shares(self, spikes, frames, length, label):
        code = Rate(max_rate=self.max_rate) if self.by == "rate" else Latency()
        if spikes.n % self.cells:
            raise ValueError(
                f"PopulationCode.decode: must be spikes of {self.cells} cells for each value (got {spikes.n} cells)"
            )
        active = code._shares(spikes, frames, length, label).reshape(frames, -1, self.cells)
        with np.errstate(invalid="ignore"):
            values = (active @ self.centres) / active.sum(axis=-1)
        return (values - self.low) / (self.high - self.low)
