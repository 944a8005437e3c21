"""The cells of converted networks: integrate-and-fire without a leak, with potentials in the units of activations.

One step of a converted network lasts 1 ms; with a capacitance of 1 pF, a current of 1 pA adds 1 to the potential in a
step. Cells that are reset to 0 are `brainsim.IF` without a refractory time.
"""

from brainsim.models.base import Neuron, Synapse, initial, parameter


class SubtractIF(Neuron):
    """Integrate-and-fire neuron with reset by subtraction, which loses nothing of its input: ``dv/dt = I/c_m``.

    It fires if ``v >= v_th``, then ``v = v - v_th``; at most once per step. Its spike count under a constant drive is
    `brainsim.explore.theory.if_counts`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(64, SubtractIF(v_th=2.0), name="hidden")
    Population('hidden', 64 SubtractIF)

    References
    ----------
    Rueckauer et al. (2017), doi:10.3389/fnins.2017.00682.
    """

    equations = "dv/dt = I/c_m"
    threshold = "v >= v_th"
    reset = "v = v - v_th"
    method = "euler"

    c_m: float = parameter(1.0, "pF", "membrane capacitance", above=0.0)
    v_th: float = parameter(1.0, "mV", "threshold", above=0.0)
    v: float = initial(0.0, "mV", "membrane potential")


class TurnIF(Neuron):
    """Integrate-and-fire neuron that always integrates but fires only in its turn, ``opens <= t < closes``.

    If layers fire in turns, each has summed its whole input before it sends a spike, so the order of its input spikes does
    not matter.

    Examples
    --------
    >>> TurnIF(v_th=2.0, opens=32.0, closes=64.0)
    TurnIF(v_th=2.0, opens=32.0, closes=64.0)
    """

    equations = """
        dv/dt = I/c_m
        dclock/dt = 1
    """
    threshold = "v >= v_th and clock >= opens and clock < closes"
    reset = "v = v - v_th"
    method = "euler"

    c_m: float = parameter(1.0, "pF", "membrane capacitance", above=0.0)
    v_th: float = parameter(1.0, "mV", "threshold", above=0.0)
    opens: float = parameter(0.0, "ms", "start of its turn", at_least=0.0)
    closes: float = parameter(1.0, "ms", "end of its turn", at_least=0.0)
    v: float = initial(0.0, "mV", "membrane potential")
    clock: float = initial(0.0, "ms", "time")


class Readout(Neuron):
    """A cell that only integrates, ``dv/dt = I/c_m``: its potential is the evidence for its class.

    Examples
    --------
    >>> Readout()
    Readout()
    """

    equations = "dv/dt = I/c_m"
    method = "euler"

    c_m: float = parameter(1.0, "pF", "membrane capacitance", above=0.0)
    v: float = initial(0.0, "mV", "evidence")


class Held(Synapse):
    """A current that jumps by w and stays, so that the earlier an input spike, the larger its total effect; weights in pA.

    Examples
    --------
    >>> Held()
    Held()

    References
    ----------
    Rueckauer & Liu (2018), doi:10.1109/ISCAS.2018.8351295.
    """

    equations = "di/dt = 0"
    arrival = "i = i + w"
    current = "i"
    weight_unit = "pA"
