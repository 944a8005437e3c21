"""Currents that are given by their charge: the weight is the area of the current, not its peak."""

from __future__ import annotations

from brainsim.models.synapses.basic import Alpha, DoubleExponential, Exponential


class ExponentialCharge(Exponential):
    """As `Exponential`, but weights are the charge of an event in pA*ms (fC): its peak is ``w/tau``.

    The decay time changes the shape of an event, not its charge.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.ExponentialCharge(tau=2.0)
    ExponentialCharge(tau=2.0)

    References
    ----------
    Rotter & Diesmann (1999), doi:10.1007/s004220050570.
    """

    arrival = "i = i + w/tau"
    weight_unit = "pA*ms"


class AlphaCharge(Alpha):
    """As `Alpha`, but weights are the charge of an event in pA*ms (fC): its peak is ``w/(e*tau)``.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.AlphaCharge(tau=2.0)
    AlphaCharge(tau=2.0)

    References
    ----------
    Rotter & Diesmann (1999), doi:10.1007/s004220050570.
    """

    arrival = "h = h + w/(exp(1)*tau)"
    weight_unit = "pA*ms"


class DoubleExponentialCharge(DoubleExponential):
    """As `DoubleExponential`, but weights are the charge of an event in pA*ms (fC):
    ``i(t) = w (exp(-t/tau_decay) - exp(-t/tau_rise))/(tau_decay - tau_rise)``.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.DoubleExponentialCharge(tau_decay=8.0)
    DoubleExponentialCharge(tau_decay=8.0)

    References
    ----------
    Roth & van Rossum (2009), doi:10.7551/mitpress/9780262013277.003.0007.
    """

    equations = """
        di/dt = (h - i)/tau_decay
        dh/dt = -h/tau_rise
    """
    arrival = "h = h + w/tau_rise"
    weight_unit = "pA*ms"
