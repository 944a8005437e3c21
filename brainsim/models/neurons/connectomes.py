"""The cell of models in which a whole brain that was mapped is simulated."""

from typing import ClassVar

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class ShiuLIF(Neuron):
    """Leaky integrate-and-fire neuron of the model of the adult fly's brain, with a drive that spikes of others raise.

    ``dv/dt = (v_rest - v + g)/tau_m + I/c_m`` and ``dg/dt = -g/tau_g``; a spike when ``v > v_th``, then ``v = v_reset`` and
    ``g = 0``. For `t_ref` both are held, and what arrives is discarded. Integrated exactly.

    Its synapse is ``bs.Delta(variable="g")`` with a delay of 1.8 ms and weights of 0.275 mV times the number of contacts,
    negative for inhibition. In the publication, cells that are activated have ``t_ref = 0`` and get Poisson events of
    68.75 mV at v: an array for `t_ref` makes the others no slower. Brian2, in which the model was published, counts the
    step of the spike as part of the refractory time: ``t_ref = 2.1`` gives its spikes at a step of 0.1 ms.

    The defaults are those of the publication. It has no capacitance; here it is that of Kakaria & de Bivort, from whom the
    potentials and `tau_m` are.

    Examples
    --------
    >>> import brainsim as bs
    >>> brain = bs.Population(1000, bs.ShiuLIF(), name="brain")
    >>> net = bs.Network(seed=1)
    >>> contacts = bs.FixedIndegree(50)
    >>> net.connect(brain, brain, contacts, weight=0.275, delay=1.8, synapse=bs.Delta(variable="g"))
    Projection('brain->brain', FixedIndegree(50), Delta(variable='g'), weight=0.275 mV, delay=1.8 ms, 50,000 synapses)

    References
    ----------
    Shiu et al. (2024), doi:10.1038/s41586-024-07763-9; Kakaria & de Bivort (2017), doi:10.3389/fnbeh.2017.00008.
    """

    equations = """
        dv/dt = (v_rest - v + g)/tau_m + I/c_m
        dg/dt = -g/tau_g
    """
    threshold = "v > v_th"
    reset = "v = v_reset; g = 0"
    frozen: ClassVar[tuple[str, ...]] = ("v", "g")
    conditions = ("v_reset <= v_th",)

    tau_m: Value = parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: Value = parameter(2000.0, "pF", "membrane capacitance", above=0.0)
    tau_g: Value = parameter(5.0, "ms", "decay time of the drive", above=0.0)
    v_rest: Value = parameter(-52.0, "mV", "resting potential")
    v_th: Value = parameter(-45.0, "mV", "threshold")
    v_reset: Value = parameter(-52.0, "mV", "reset potential")
    t_ref: Value = parameter(2.2, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    g: float = initial(0.0, "mV", "drive: the depolarisation to which it would lead if it lasted")
