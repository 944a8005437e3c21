"""The cells of a `bs.learn.Layer` with an adaptive threshold, as a model of simulations."""

from brainsim.models.base import initial, parameter
from brainsim.models.neurons.lif import LIF
from brainsim.models.values import Value


class AdaptingLIF(LIF):
    """`LIF` whose threshold rises by `beta` at a spike and decays: the cell of an adaptive `bs.learn.Layer`.

    ``da/dt = -a/tau_a``; a spike when ``v >= v_th + a``, then ``v = v_reset`` and ``a += beta``. `bs.learn.Trainer` moves it
    by the same kernels as `LIF`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.learn.AdaptingLIF(beta=1.0)
    AdaptingLIF(beta=1.0)
    """

    equations = LIF.equations + "\nda/dt = -a/tau_a"
    threshold = "v >= v_th + a"
    reset = "v = v_reset + keeps*(v - v_th - a); a = a + beta"

    tau_a: Value = parameter(100.0, "ms", "time constant of the threshold", above=0.0)
    beta: Value = parameter(0.0, "mV", "rise of the threshold at a spike", at_least=0.0)
    keeps: Value = parameter(0.0, "", "part of what v was above the threshold that it keeps", at_least=0.0)

    a: float = initial(0.0, "mV", "rise of the threshold")
