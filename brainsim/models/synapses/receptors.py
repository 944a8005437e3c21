"""Receptors with further mechanisms: the magnesium block of NMDA receptors, and the G proteins of GABA_B receptors.

They are apart from other conductances, since parsing them would add 3 ms to the first result of networks without them.
"""

from brainsim.models.base import Synapse, parameter
from brainsim.models.synapses.conductances import DoubleExponentialConductance
from brainsim.models.values import Value


class NMDA(DoubleExponentialConductance):
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

    current = "g*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))"

    tau_rise: Value = parameter(2.0, "ms", "time constant of the rise", above=0.0)
    tau_decay: Value = parameter(100.0, "ms", "time constant of the decay", above=0.0)
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
