"""Receptors with mechanisms of their own: the block of NMDA receptors by magnesium, and the G proteins of GABA_B."""

from brainsim.models.base import Synapse, parameter


class NMDA(Synapse):
    """A slow excitatory conductance that magnesium blocks at low potentials, as Jahr and Stevens (1990) measured it.

    Current ``g (e_rev - v)/(1 + mg/mg_half exp(-v/v_block))``; g rises and decays as in `DoubleExponentialConductance`;
    weights in nS are the peak that it would have without magnesium. Events add up; they do not saturate.

    Parameters
    ----------
    tau_rise, tau_decay : float
        Time constants of rise and decay [ms], > 0; ``tau_rise <= tau_decay``.
    e_rev : float
        Reversal potential [mV].
    mg : float
        Magnesium outside [mM], >= 0.
    mg_half : float
        Magnesium that blocks half at 0 mV [mM], > 0.
    v_block : float
        By how much more v must rise for the block to fall by a factor e [mV], > 0; 1/0.062 per mV.

    The block is that of the publication, the times are those of Brunel and Wang (2001); Wang (1999) has 80 ms for the decay.

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

    tau_rise: float = parameter(2.0, "ms", "time constant of the rise", above=0.0)
    tau_decay: float = parameter(100.0, "ms", "time constant of the decay", above=0.0)
    e_rev: float = parameter(0.0, "mV", "reversal potential")
    mg: float = parameter(1.0, "mM", "magnesium outside", at_least=0.0)
    mg_half: float = parameter(3.57, "mM", "magnesium that blocks half at 0 mV", above=0.0)
    v_block: float = parameter(1 / 0.062, "mV", "steepness of the block", above=0.0)


class GABAB(Synapse):
    """A slow inhibitory conductance through G proteins, after Destexhe et al. (1996): few spikes do little, bursts much.

    ``dr/dt = -k_2 r``, ``ds/dt = k_3 r - k_4 s``, current ``g_max s**4/(s**4 + k_d) (e_rev - v)``. r is the share of
    receptors that are active, s the concentration of G protein in uM, four of which open a channel. In the publication
    transmitter activates receptors by ``k_1 T (1 - r)`` while it is there; here a spike does so at once and by the same
    amount each time (r is small). Weights are plain numbers: the share of receptors that one event activates, 0.0135
    for 0.5 mM over 0.3 ms at ``k_1 = 0.09/(mM ms)``.

    Parameters
    ----------
    g_max : float
        Conductance of all channels open [nS], >= 0.
    e_rev : float
        Reversal potential [mV], that of potassium.
    k_2, k_3, k_4 : float
        Rates at which receptors become inactive, make G protein (in uM), and G protein is removed [1/ms], > 0.
    k_d : float
        What s**4 must be for half of the channels to open, uM**4, > 0.

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

    g_max: float = parameter(10.0, "nS", "conductance of all channels open", at_least=0.0)
    e_rev: float = parameter(-95.0, "mV", "reversal potential")
    k_2: float = parameter(0.0012, "1/ms", "rate at which receptors become inactive", above=0.0)
    k_3: float = parameter(0.18, "1/ms", "rate at which receptors make G protein", above=0.0)
    k_4: float = parameter(0.034, "1/ms", "rate at which G protein is removed", above=0.0)
    k_d: float = parameter(100.0, "", "s**4 at which half of the channels are open", above=0.0)
