"""The f-I curve: firing rate against current."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, number, takes_options
from brainsim.core.hints import answers_calls
from brainsim.explore.single_cells import (
    NAME,
    check_currents,
    check_model,
    current_unit,
    explained,
    is_random,
    run_cells,
    steps_of_current,
)
from brainsim.models.base import Neuron
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.groups import add_unit
from brainsim.plot.elements.styles import PALETTE, legend_above
from brainsim.results.result import Result

STOPPED = 2.0  # longest intervals: a cell that is silent for longer at the end has stopped firing


@dataclass(frozen=True, eq=False)
class FICurve:
    """Firing rates of a model under constant currents; `fi_curve` makes it.

    Attributes
    ----------
    model : Neuron
    currents : array, shape (n,)
        [pA]
    rates : array, shape (n,)
        Rates after the time to settle [Hz].
    onset : array, shape (n,)
        Inverse of the first interval [Hz], 0 if there is none; the same as `rates` for a cell that does not adapt.
    result : Result
        The result of the run: ``result.spikes["cells"]`` has ``trials`` cells for each current, in their order.
    """

    model: Neuron
    currents: np.ndarray
    rates: np.ndarray
    onset: np.ndarray
    result: Result

    @property
    def rheobase(self) -> float:
        """The lowest of the currents at which `rates` is above 0 [pA]; NaN if there is none."""
        firing = self.currents[self.rates > 0.0]
        return float(firing.min()) if firing.size else np.nan

    def __repr__(self) -> str:
        low, high = self.currents.min(), self.currents.max()
        return f"FICurve of {self.model!r}: {low:g} to {high:g} pA, up to {self.rates.max():.4g} Hz"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw rates against currents, with those of the first intervals dashed if they differ, and return the Axes."""
        ax = axes_of(ax, "FICurve.plot")
        order = np.argsort(self.currents)
        currents, rates, onset = (values[order] for values in (self.currents, self.rates, self.onset))
        dots = "o" if currents.size <= 60 else None
        adapts = np.abs(onset - rates).max() > 0.05 * max(rates.max(), onset.max(), 1e-9)
        if adapts:
            ax.plot(currents, onset, color=PALETTE[2], linestyle=(0, (4, 2)), label="first interval")
        ax.plot(currents, rates, color=PALETTE[0], marker=dots, markersize=3.5, label="later" if adapts else "_rate")
        ax.set_xlabel(add_unit("current", current_unit(self.model)))
        ax.set_ylabel(add_unit("rate", "Hz"))
        ax.set_ylim(bottom=0.0)
        if adapts:
            legend_above(ax, 2)
        return ax


@answers_calls
@takes_options("fi_curve")
@explained
def fi_curve(
    model: Neuron,
    currents: ArrayLike,
    *,
    duration: float = 1000.0,
    settle: float = 200.0,
    dt: float = 0.1,
    trials: int = 1,
    initial: Mapping[str, Any] | None = None,
    seed: int = 1,
) -> FICurve:
    """Return the firing rates of a model under constant currents, simulated in one run as cells of one population.

    Parameters
    ----------
    model : Neuron
        With a threshold and a current ``I``, and one number per parameter.
    currents : array of shape (n,)
        The currents [pA], from t = 0 on.
    duration : float
        How long each cell is simulated [ms].
    settle : float
        Time at the beginning that `rates` leaves out [ms].
    dt : float
        Time step [ms]: the relative error of a rate is about rate*dt.
    trials : int
        Cells for each current, over which rates are averaged; for models with noise.

    Returns
    -------
    FICurve

    Raises
    ------
    ValueError, TypeError
        If the model has no threshold or no current ``I``, or a parameter that is not the same in all cells.

    Notes
    -----
    The rate of a cell is the number of intervals over their total length. If there are fewer than two, if the cell has
    stopped firing, or if the model is random, it is the number of spikes over the time.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> curve = bs.explore.fi_curve(bs.LIF(), np.linspace(0.0, 400.0, 5))
    >>> curve.rates.round(1)
    array([ 0. ,  0. , 33.6, 62.9, 87. ])
    >>> curve.rheobase
    200.0
    >>> ax = curve.plot()                                                                           # doctest: +SKIP
    """
    check_model(model, "fi_curve")
    if model.cell_equations.threshold is None:
        raise ValueError(f"fi_curve: {type(model).__name__} has no threshold, so it does not fire; see step_response")
    currents = check_currents(currents, "fi_curve.currents")
    settle = number(settle, "fi_curve.settle", "ms", at_least=0.0)
    if settle >= number(duration, "fi_curve.duration", "ms", above=0.0):
        raise ValueError(f"fi_curve.settle: must be shorter than the duration of {duration:g} ms (got {settle:g} ms)")
    trials = integer(trials, "fi_curve.trials", at_least=1)
    levels = np.repeat(currents, trials)
    drive = steps_of_current([levels], [0.0])
    result = run_cells(model, duration, dt, inputs=[drive], n=levels.size, initial=initial, seed=seed)
    trains, random = result.spikes[NAME].per_cell(), is_random(model)
    of_trains = (
        [_rate(times[times > settle], settle, duration, random) for times in trains],
        [1000.0 / (times[1] - times[0]) if times.size > 1 else 0.0 for times in trains],
    )
    rates, onset = (np.reshape(values, (-1, trials)).mean(axis=1) for values in of_trains)
    return FICurve(model, currents, rates, onset, result)


def _rate(times, start, stop, random):
    """Return the rate [Hz] of a cell that fired at `times` between `start` and `stop`."""
    intervals = np.diff(times)
    regular = intervals.size > 1 and not random and stop - times[-1] <= STOPPED * intervals.max()
    return 1000.0 / intervals.mean() if regular else 1000.0 * times.size / (stop - start)
