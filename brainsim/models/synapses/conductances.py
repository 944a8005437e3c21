"""Conductances: the current depends on the potential of the target; with further mechanisms, NMDA and GABA_B receptors."""

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


class NMDA(Synapse):
    """A slow excitatory conductance that magnesium blocks at low potentials, as measured by Jahr and Stevens (1990).

    Current ``g (e_rev - v)/(1 + mg/mg_half exp(-v/v_block))``; g rises and decays as in `DoubleExponentialConductance`;
    weights in nS are its peak without magnesium. Events add up; they do not saturate.

    It serves sparse firing, any source of spikes, and plasticity. Where cells fire in bursts and a source must not open more
    than all of its channels, as in persistent activity and decisions, `GatedNMDA` has a gate for each source, which
    saturates.

    The block is that of Jahr and Stevens, the times are those of Brunel and Wang (2001); Wang (1999) has a decay of 80 ms.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.NMDA(mg=0.0, name="unblocked")
    NMDA(mg=0.0, name='unblocked')

    References
    ----------
    Jahr & Stevens (1990), doi:10.1523/JNEUROSCI.10-09-03178.1990 (block);
    Brunel & Wang (2001), doi:10.1023/A:1011204814320 (times); Wang (1999), doi:10.1523/JNEUROSCI.19-21-09587.1999.
    """

    equations = """
        q = tau_decay/tau_rise
        scale = exp(q/exprel(log(q)))
        dg/dt = (scale*h - g)/tau_decay
        dh/dt = -h/tau_rise
    """
    arrival = "h = h + w"
    current = "g*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))"
    weight_unit = "nS"
    conditions = ("tau_rise <= tau_decay",)

    tau_rise: Value = parameter(2.0, "ms", "time constant of the rise", above=0.0)
    tau_decay: Value = parameter(100.0, "ms", "time constant of the decay", above=0.0)
    e_rev: Value = parameter(0.0, "mV", "reversal potential")
    mg: Value = parameter(1.0, "mM", "extracellular magnesium", at_least=0.0)
    mg_half: Value = parameter(3.57, "mM", "magnesium that blocks half at 0 mV", above=0.0)
    v_block: Value = parameter(
        1 / 0.062, "mV", "rise of v that reduces the block by a factor e; 1/v_block is 0.062 per mV", above=0.0
    )


class GABAB(Synapse):
    """A slow inhibitory conductance through G proteins, after Destexhe et al. (1996), which responds mostly to bursts.

    ``dr/dt = -k_2 r``, ``ds/dt = k_3 r - k_4 s``, current ``g_max s**4/(s**4 + k_d) (e_rev - v)``. r is the
    fraction of active receptors, s the concentration of G protein in uM; four G proteins open a channel. In the publication,
    transmitter activates receptors at the rate ``k_1 T (1 - r)`` while it is present; here a spike does so instantaneously
    and by the same amount each time, since r is small. Weights are plain numbers: the fraction of receptors that one event
    activates, 0.0135 for 0.5 mM over 0.3 ms at ``k_1 = 0.09/(mM ms)``.

    The defaults are those of the publication.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.GABAB(g_max=60.0)
    GABAB(g_max=60.0)

    References
    ----------
    Destexhe et al. (1996), doi:10.1152/jn.1996.76.3.2049.
    """

    equations = """
        dr/dt = -k_2*r
        ds/dt = k_3*r - k_4*s
    """
    arrival = "r = r + w"
    current = "g_max*s**4/(s**4 + k_d)*(e_rev - v)"
    weight_unit = ""

    g_max: Value = parameter(10.0, "nS", "conductance with all channels open", at_least=0.0)
    e_rev: Value = parameter(-95.0, "mV", "reversal potential, that of potassium")
    k_2: Value = parameter(0.0012, "1/ms", "rate at which receptors inactivate", above=0.0)
    k_3: Value = parameter(0.18, "1/ms", "rate at which receptors produce G protein, in uM", above=0.0)
    k_4: Value = parameter(0.034, "1/ms", "rate at which G protein is removed", above=0.0)
    k_d: Value = parameter(100.0, "", "value of s**4 at which half of the channels are open, in uM**4", above=0.0)
