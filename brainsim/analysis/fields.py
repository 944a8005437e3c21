"""The local field potential of networks of point neurons, from their synaptic currents."""

import numpy as np

from brainsim.core.arrays import interval_of
from brainsim.core.checks import number
from brainsim.core.hints import answers_calls
from brainsim.results.traces import Traces

LABEL = "analysis.lfp_proxy"


@answers_calls
def lfp_proxy(
    excitatory: Traces, inhibitory: Traces, *, delay: float = 6.0, ratio: float = 1.65
) -> tuple[np.ndarray, np.ndarray]:
    """Return a proxy of the local field potential: the weighted sum of the synaptic currents into pyramidal cells.

    ``excitatory(t - delay) - ratio*inhibitory(t)``, without its mean and divided by its standard deviation. With currents
    into the cell as positive numbers, as brainsim has them, the inhibitory one is negative, so both parts add up.

    Parameters
    ----------
    excitatory, inhibitory : Traces
        The currents, recorded at the same regular times: the sums over the excitatory cells, as recorded by
        ``bs.Trace(exc, "ampa.current", reduce="sum")``, or those of each cell, which are added up here.
    delay : float
        How much later the excitatory currents appear in the field [ms], >= 0; rounded to the interval of the samples.
    ratio : float
        Weight of the inhibitory currents.

    Returns
    -------
    times : array of float, shape (T,)
        In ms, from `delay` after the first sample.
    lfp : array of float, shape (T,)
        In units of its standard deviation; 0 if the currents do not change.

    Raises
    ------
    TypeError
        If the currents are not Traces.
    ValueError
        If their times are irregular, not the same, or not longer than `delay`, or a value is not finite.

    Notes
    -----
    The defaults were fitted to the field of cells with dendrites that receive the same currents; they describe a layer of
    pyramidal cells with excitation on apical and inhibition on basal dendrites. Only the shape in time is meant: a network
    of points has no distances.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="pyramidal")
    >>> net = bs.Network(seed=1)
    >>> for name, weight in (("ampa", 20.0), ("gaba", -20.0)):
    ...     net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=weight, synapse=bs.Exponential(name=name)))
    >>> sums = [bs.Trace(cells, name + ".current", reduce="sum") for name in ("ampa", "gaba")]
    >>> result = bs.simulate(net, 100.0, seed=2, record=sums)
    >>> times, lfp = bs.analysis.lfp_proxy(*(result.traces[trace.key] for trace in sums))
    >>> times[[0, -1]], round(float(lfp.std()), 6)
    (array([  6., 100.]), 1.0)

    References
    ----------
    Mazzoni et al. (2015), doi:10.1371/journal.pcbi.1004584 (the reference weighted sum).
    """
    delay = number(delay, f"{LABEL}.delay", "ms", at_least=0.0)
    ratio = number(ratio, f"{LABEL}.ratio")
    sums = []
    for name, traces in (("excitatory", excitatory), ("inhibitory", inhibitory)):
        if not isinstance(traces, Traces):
            hint = 'result.traces[exc, "sum(ampa.current)"]'
            raise TypeError(f"{LABEL}.{name}: must be Traces, such as {hint} (got {type(traces).__name__})")
        if not np.isfinite(traces.values).all():
            raise ValueError(f"{LABEL}.{name}: must be finite")
        sums.append(traces.values.sum(axis=1))
    interval = interval_of(excitatory.times)
    if interval is None:
        raise ValueError(f"{LABEL}.excitatory: must have at least two times at regular intervals")
    if not np.array_equal(excitatory.times, inhibitory.times):
        raise ValueError(f"{LABEL}.inhibitory: must be recorded at the times of excitatory")
    later = round(delay / interval)
    if later >= excitatory.times.size:
        raise ValueError(f"{LABEL}.delay: must be shorter than the recording (got {delay:g} ms)")
    field = sums[0][: sums[0].size - later] - ratio * sums[1][later:]
    deviation = field.std()
    constant = deviation <= 1e-12 * np.abs(field).max()  # but for rounding
    return excitatory.times[later:], np.zeros(field.size) if constant else (field - field.mean()) / deviation
