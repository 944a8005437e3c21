"""A cell of two compartments: a soma that fires and a passive dendrite."""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class TwoCompartmentLIF(Neuron):
    """Leaky integrate-and-fire soma with a passive dendrite, to which synapses on the dendrite add a current.

    ::

        dv/dt   = (g_l*(v_rest - v) + g_c*(v_d - v) + I)/c_m
        dv_d/dt = (g_d*(v_rest - v_d) + g_c*(v - v_d) + i_d)/c_d
        di_d/dt = -i_d/tau_d

    A spike when ``v >= v_th``, then ``v = v_reset`` and v is clamped for `t_ref`, while the dendrite continues. `I`
    flows into the soma: that of injected currents and of all synapses with a current of their own. A synapse on the
    dendrite is one that adds to ``i_d``, as in the example, or to ``v_d`` at once. A constant current into the soma
    moves it by ``I/(g_l + g_c*g_d/(g_c + g_d))``, and the dendrite by the part ``g_c/(g_c + g_d)`` of that. Integrated
    exactly.

    Examples
    --------
    >>> import brainsim as bs
    >>> class OnDendrite(bs.Synapse):
    ...     arrival = "i_d = i_d + w"
    >>> cells = bs.Population(100, bs.TwoCompartmentLIF(g_c=5.0), name="pyramidal cells")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cells, bs.PoissonInput(rate=800.0, weight=50.0, synapse=OnDendrite()))
    >>> bs.simulate(net, 100.0, seed=2, record=bs.Trace(cells[:3], "v_d")).traces["pyramidal cells", "v_d"].unit
    'mV'

    More compartments are more lines of this kind in a class of your own.

    References
    ----------
    Pinsky & Rinzel (1994), doi:10.1007/BF00962717 (two compartments, with channels); Wybo et al. (2021),
    doi:10.7554/eLife.60936 (how few compartments represent a dendrite).
    """

    equations = """
        dv/dt = (g_l*(v_rest - v) + g_c*(v_d - v) + I)/c_m
        dv_d/dt = (g_d*(v_rest - v_d) + g_c*(v - v_d) + i_d)/c_d
        di_d/dt = -i_d/tau_d
    """
    threshold = "v >= v_th"
    reset = "v = v_reset"
    conditions = ("v_reset < v_th",)

    c_m: Value = parameter(100.0, "pF", "capacitance of the soma", above=0.0)
    g_l: Value = parameter(5.0, "nS", "leak conductance of the soma", at_least=0.0)
    c_d: Value = parameter(150.0, "pF", "capacitance of the dendrite", above=0.0)
    g_d: Value = parameter(7.5, "nS", "leak conductance of the dendrite", at_least=0.0)
    g_c: Value = parameter(10.0, "nS", "conductance between soma and dendrite", at_least=0.0)
    tau_d: Value = parameter(5.0, "ms", "decay time of the current into the dendrite", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "resting potential")
    v_th: Value = parameter(-50.0, "mV", "threshold")
    v_reset: Value = parameter(-65.0, "mV", "reset potential")
    t_ref: Value = parameter(2.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential of the soma")
    v_d: float = initial("v_rest", "mV", "membrane potential of the dendrite")
    i_d: float = initial(0.0, "pA", "current into the dendrite")
