"""Conductances: the current depends on the potential of the target."""

from __future__ import annotations

from brainsim.models.base import Synapse, parameter
from brainsim.models.values import Value


class ExponentialConductance(Synapse):
    """A conductance that jumps by w and decays: ``dg/dt = -g/tau``, current ``g*(e_rev - v)``; weights in nS.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ExponentialConductance(tau=10.0, e_rev=-80.0, name="gaba")
    ExponentialConductance(tau=10.0, e_rev=-80.0, name='gaba')

    References
    ----------
    Brette et al. (2007), doi:10.1007/s10827-007-0038-6 (benchmark COBA).
    """

    equations = "dg/dt = -g/tau"
    arrival = "g = g + w"
    current = "g*(e_rev - v)"
    weight_unit = "nS"

    tau: Value = parameter(5.0, "ms", "decay time", above=0.0)
    e_rev: Value = parameter(0.0, "mV", "reversal potential: near 0 for excitation, below rest for inhibition")


class AlphaConductance(Synapse):
    """A conductance that rises and decays: ``g(t) = w (t/tau) exp(1 - t/tau)``, current ``g*(e_rev - v)``; weights in nS
    are its peak, reached at tau.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.AlphaConductance(tau=2.0)
    AlphaConductance(tau=2.0)

    References
    ----------
    Rall (1967), doi:10.1152/jn.1967.30.5.1138 (the time course).
    """

    equations = """
        dg/dt = (exp(1)*h - g)/tau
        dh/dt = -h/tau
    """
    arrival = "h = h + w"
    current = "g*(e_rev - v)"
    weight_unit = "nS"

    tau: Value = parameter(5.0, "ms", "time to peak", above=0.0)
    e_rev: Value = parameter(0.0, "mV", "reversal potential")


class DoubleExponentialConductance(Synapse):
    """A conductance with separate rise and decay times: ``g(t) = w N (exp(-t/tau_decay) - exp(-t/tau_rise))``, current
    ``g*(e_rev - v)``; weights in nS are its peak, as in `DoubleExponential`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.DoubleExponentialConductance(tau_decay=8.0, e_rev=-75.0)
    DoubleExponentialConductance(tau_decay=8.0, e_rev=-75.0)

    References
    ----------
    Roth & van Rossum (2009), doi:10.7551/mitpress/9780262013277.003.0007.
    """

    equations = """
        q = tau_decay/tau_rise
        scale = exp(q/exprel(log(q)))
        dg/dt = (scale*h - g)/tau_decay
        dh/dt = -h/tau_rise
    """
    arrival = "h = h + w"
    current = "g*(e_rev - v)"
    weight_unit = "nS"
    conditions = ("tau_rise <= tau_decay",)

    tau_rise: Value = parameter(0.5, "ms", "time constant of the rise", above=0.0)
    tau_decay: Value = parameter(5.0, "ms", "time constant of the decay", above=0.0)
    e_rev: Value = parameter(0.0, "mV", "reversal potential")
