"""The built-in synapses: how an event acts on its target. Weights belong to the connection, not to the synapse."""

from brainsim.models.base import Synapse, parameter


class Delta(Synapse):
    """A spike moves the membrane potential at once: ``v += w``, weights in mV. Lost while the target is refractory.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Delta()
    Delta()
    """

    arrival = "v = v + w"
    weight_unit = "mV"


class Exponential(Synapse):
    """A current that jumps by w and decays: ``di/dt = -i/tau``; weights are its peak in pA. (The distribution of this
    name is ``bs.values.Exponential``.)

    The charge of one event is ``w*tau`` [fC].

    Parameters
    ----------
    tau : float
        Decay time [ms], > 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Exponential(tau=5.0, name="ampa")
    Exponential(name='ampa')
    """

    equations = "di/dt = -i/tau"
    arrival = "i = i + w"
    current = "i"
    weight_unit = "pA"

    tau: float = parameter(5.0, "ms", "decay time", above=0.0)


class Alpha(Synapse):
    """A current that rises and decays: ``i(t) = w (t/tau) exp(1 - t/tau)``; weights are its peak in pA, reached at tau.

    The charge of one event is ``e*w*tau`` [fC].

    Parameters
    ----------
    tau : float
        Time to peak [ms], > 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Alpha(tau=2.0)
    Alpha(tau=2.0)
    """

    equations = """
        di/dt = (exp(1)*h - i)/tau
        dh/dt = -h/tau
    """
    arrival = "h = h + w"
    current = "i"
    weight_unit = "pA"

    tau: float = parameter(5.0, "ms", "time to peak", above=0.0)


class ExponentialConductance(Synapse):
    """A conductance that jumps by w and decays: ``dg/dt = -g/tau``, current ``g*(e_rev - v)``; weights in nS.

    Parameters
    ----------
    tau : float
        Decay time [ms], > 0.
    e_rev : float
        Reversal potential [mV]: near 0 for excitation, below rest for inhibition.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ExponentialConductance(tau=10.0, e_rev=-80.0, name="gaba")
    ExponentialConductance(tau=10.0, e_rev=-80.0, name='gaba')
    """

    equations = "dg/dt = -g/tau"
    arrival = "g = g + w"
    current = "g*(e_rev - v)"
    weight_unit = "nS"

    tau: float = parameter(5.0, "ms", "decay time", above=0.0)
    e_rev: float = parameter(0.0, "mV", "reversal potential")


class AlphaConductance(Synapse):
    """A conductance that rises and decays: ``g(t) = w (t/tau) exp(1 - t/tau)``, current ``g*(e_rev - v)``; weights in nS
    are its peak, reached at tau.

    Parameters
    ----------
    tau : float
        Time to peak [ms], > 0.
    e_rev : float
        Reversal potential [mV].

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.AlphaConductance(tau=2.0)
    AlphaConductance(tau=2.0)
    """

    equations = """
        dg/dt = (exp(1)*h - g)/tau
        dh/dt = -h/tau
    """
    arrival = "h = h + w"
    current = "g*(e_rev - v)"
    weight_unit = "nS"

    tau: float = parameter(5.0, "ms", "time to peak", above=0.0)
    e_rev: float = parameter(0.0, "mV", "reversal potential")
