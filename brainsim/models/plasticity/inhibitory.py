"""Plasticity of inhibitory synapses."""

from brainsim.models.base import initial, parameter
from brainsim.models.plasticity.base import Plasticity
from brainsim.models.values import Value


class VogelsSTDP(Plasticity):
    """Plasticity of inhibitory synapses that holds the firing rate of each target at rho_0, whatever drives it.

    A spike of the source changes the weight w by ``eta*(y - 2*rho_0*tau/1000)``, with rho_0 in Hz and tau in ms, a spike of
    the target by ``eta*x``, where the traces x of the source and y of the target grow by 1 at each spike and decay with tau.
    On average w does not change if the target fires at rho_0, grows if it fires faster, and falls if slower.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(1000, bs.LIF(), name="cells")
    >>> net, gaba = bs.Network(seed=1), bs.ExponentialConductance(tau=10.0, e_rev=-80.0)
    >>> wires = net.connect(cells[800:], cells[:800], bs.FixedProbability(0.02), weight=0.1, delay=0.8, synapse=gaba,
    ...                     plasticity=bs.VogelsSTDP(rho_0=5.0))
    >>> wires.plasticity
    VogelsSTDP(rho_0=5.0)

    Inhibition by currents has negative weights:

    >>> net.connect(cells[800:], cells[:800], bs.FixedProbability(0.02), weight=-10.0, delay=0.8,
    ...             synapse=bs.Exponential(tau=10.0), plasticity=bs.VogelsSTDP(eta=1.0, w_max=500.0, sign=-1)).plasticity
    VogelsSTDP(eta=1.0, w_max=500.0, sign=-1)

    References
    ----------
    Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), doi:10.1126/science.1211095.
    """

    # rho_0 is per second, the traces are in ms
    equations = """
        dx/dt = -x/tau
        dy/dt = -y/tau
    """
    on_pre = "w = w + eta*(y - 2*(0.001*rho_0)*tau); x = x + 1"
    on_post = "w = w + eta*x; y = y + 1"
    bounds = ("0", "w_max")

    tau: Value = parameter(20.0, "ms", "time constant of the traces", above=0.0)
    rho_0: Value = parameter(3.0, "Hz", "rate that the targets are held at", at_least=0.0)
    eta: Value = parameter(
        0.01, "weight", "change by a pair without a lag; the default is for conductances in nS", at_least=0.0
    )
    w_max: Value = parameter(100.0, "weight", "upper bound of the weight; the lower one is 0", above=0.0)

    x: float = initial(0.0, "", "trace of presynaptic spikes")
    y: float = initial(0.0, "", "trace of postsynaptic spikes")
