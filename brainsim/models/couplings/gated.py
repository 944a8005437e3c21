"""Receptors whose gate belongs to the source: computed once for each source, however many targets it has."""

from brainsim.models.base import parameter
from brainsim.models.couplings.base import Coupling
from brainsim.models.values import Value


class GatedNMDA(Coupling):
    """NMDA receptors that saturate: the gate s of each source rises at its spikes up to 1, after Wang (1999, 2002);
    weights are the conductance with the gate open, in nS.

    For a source, ``dx/dt = -x/tau_rise`` and ``ds/dt = alpha*x*(1 - s) - s/tau_decay``, and a spike adds 1 to x. The
    current into a target is ``total*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))``, where total is the sum of the weights
    times s of the sources, each as it was one delay ago. With one weight for all pairs of `AllToAll`, the sum is computed
    once for all targets.

    Use it for persistent activity and decisions, where sources fire in bursts and one source alone must not open all
    channels. `NMDA` is a synapse whose events add up without limit: for sparse firing, for any source of spikes, and with
    plasticity.

    The defaults are those of Wang (2002). The cells that send must be able to spike and have equations of their own.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.connect(cells, cells, bs.AllToAll(), weight=0.165, delay=0.5, synapse=bs.GatedNMDA(name="nmda"))
    Projection('cells->cells', AllToAll(), GatedNMDA(name='nmda'), weight=0.165 nS, delay=0.5 ms, 10,000 synapses)
    >>> bs.simulate(net, 5.0, seed=1, record=bs.Trace(cells, "nmda.s")).traces["cells", "nmda.s"].values.shape
    (51, 100)

    References
    ----------
    Wang (1999), doi:10.1523/JNEUROSCI.19-21-09587.1999; Wang (2002), doi:10.1016/S0896-6273(02)01092-9;
    Jahr & Stevens (1990), doi:10.1523/JNEUROSCI.10-09-03178.1990 (block).
    """

    gate = """
        dx/dt = -x/tau_rise
        ds/dt = alpha*x*(1 - s) - s/tau_decay
    """
    spike = "x = x + 1"
    source = "s"
    current = "total*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))"
    weight_unit = "nS"
    delayed = True

    tau_rise: float = parameter(2.0, "ms", "decay time of x, and so the time in which s rises", above=0.0)
    tau_decay: float = parameter(100.0, "ms", "decay time of s", above=0.0)
    alpha: float = parameter(0.5, "1/ms", "rate at which x opens the gate", at_least=0.0)
    e_rev: Value = parameter(0.0, "mV", "reversal potential")
    mg: Value = parameter(1.0, "mM", "extracellular magnesium", at_least=0.0)
    mg_half: Value = parameter(3.57, "mM", "magnesium that blocks half at 0 mV", above=0.0)
    v_block: Value = parameter(
        1 / 0.062, "mV", "rise of v that reduces the block by a factor e; 1/v_block is 0.062 per mV", above=0.0
    )
