"""Plasticity by pairs of spikes."""

from brainsim.models.base import initial, parameter
from brainsim.models.plasticity.base import Plasticity
from brainsim.models.values import Value


class STDP(Plasticity):
    """Spike-timing-dependent plasticity: a weight grows if the source spikes before the target, and falls if after it.

    Parameters
    ----------
    tau_plus, tau_minus : float
        Time constants of potentiation and of depression [ms], > 0.
    a_plus, a_minus : float
        Change by one pair without a lag, in parts of w_max.
    w_max : float
        Upper bound of the weight [weight], > 0; the lower one is 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.STDP(w_max=2.0)
    STDP(w_max=2.0)

    References
    ----------
    Song, Miller & Abbott (2000), doi:10.1038/78829; Morrison, Diesmann & Gerstner (2008), doi:10.1007/s00422-008-0233-1.
    """

    equations = """
        dx/dt = -x/tau_plus
        dy/dt = -y/tau_minus
    """
    on_pre = "w = w - a_minus*w_max*y; x = x + 1"
    on_post = "w = w + a_plus*w_max*x; y = y + 1"
    bounds = ("0", "w_max")

    tau_plus: Value = parameter(20.0, "ms", "time constant of potentiation", above=0.0)
    tau_minus: Value = parameter(20.0, "ms", "time constant of depression", above=0.0)
    a_plus: Value = parameter(0.005, "", "potentiation by one pair, in parts of w_max")
    a_minus: Value = parameter(0.00525, "", "depression by one pair, in parts of w_max")
    w_max: Value = parameter(1.0, "weight", "upper bound of the weight", above=0.0)

    x: float = initial(0.0, "", "trace of the presynaptic spikes")
    y: float = initial(0.0, "", "trace of the postsynaptic spikes")
