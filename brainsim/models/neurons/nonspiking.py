"""Units that never fire: readouts and rate units.

They receive spikes and currents and are recorded like any cell. Synapses transmit only spikes; these units act on other
cells by couplings, such as `RateConnection`, and a rate unit can be made to send spikes at its rate (see `RateUnit`).
"""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class LI(Neuron):
    """Leaky integrator: a `LIF` without a threshold, e.g. a readout.

    ``dv/dt = (v_rest - v)/tau_m + I/c_m``, integrated exactly.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells, readout = bs.Population(100, bs.Poisson(rate=20.0), name="cells"), bs.Population(1, bs.LI(), name="readout")
    >>> net = bs.Network(seed=1)
    >>> _ = net.connect(cells, readout, bs.AllToAll(), weight=1.0, delay=0.1, synapse=bs.Exponential())
    >>> result = bs.simulate(net, 100.0, seed=1, record=[bs.Trace(readout, "v")])
    >>> bool(result.traces["readout", "v"].values.max() > -65.0)
    True

    References
    ----------
    Rotter & Diesmann (1999), doi:10.1007/s004220050570 (exact integration).
    """

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m"

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "resting potential")

    v: float = initial("v_rest", "mV", "membrane potential")


class RateUnit(Neuron):
    """The rate of a population of cells as one variable, with a sigmoid gain, after Wilson and Cowan (1972).

    ``dr/dt = (gain - r)/tau`` with ``gain = r_max/(1 + exp(-(I - i_half)/i_slope))``. For another one, change the line of
    gain.

    It sends no spikes, and acts on others by `RateConnection`. One more line makes it send Poisson spikes at its rate::

        class PoissonRate(bs.RateUnit):
            threshold = "rand() < 0.001*r*dt"

    Examples
    --------
    >>> import brainsim as bs
    >>> class ThresholdLinear(bs.RateUnit):
    ...     equations = '''
    ...         gain = slope*max(I - i_half, 0)
    ...         dr/dt = (gain - r)/tau
    ...     '''
    ...     slope: float = bs.parameter(0.1, "Hz/pA", "slope of the gain")
    >>> unit = bs.Population(2, ThresholdLinear(i_half=100.0), name="unit")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(unit, bs.CurrentInput([50.0, 300.0]))
    >>> result = bs.simulate(net, 200.0, seed=1, record=[bs.Trace(unit, "r")])
    >>> result.traces["unit", "r"].values[-1].round(2).tolist()
    [0.0, 20.0]

    References
    ----------
    Wilson & Cowan (1972), doi:10.1016/S0006-3495(72)86068-5.
    """

    equations = """
        gain = r_max*sigmoid((I - i_half)/i_slope)
        dr/dt = (gain - r)/tau
    """

    tau: Value = parameter(10.0, "ms", "time constant", above=0.0)
    r_max: Value = parameter(100.0, "Hz", "highest rate", above=0.0)
    i_half: Value = parameter(200.0, "pA", "current at half the highest rate")
    i_slope: Value = parameter(50.0, "pA", "further current that raises the rate to 73 %", above=0.0)

    r: float = initial(0.0, "Hz", "rate of the unit")
