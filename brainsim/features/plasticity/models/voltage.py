"""Plasticity that follows the membrane potential of the target."""

from typing import Any, ClassVar

from brainsim.features.plasticity.models.base import Plasticity
from brainsim.models.base import initial, parameter
from brainsim.models.values import Value


class ClopathSTDP(Plasticity):
    """Voltage-based spike-timing-dependent plasticity: what counts is the potential u of the target, not its spikes.

    The weight w follows, with ``[x] = max(x, 0)``::

        dw/dt = -w_0*a_ltd*h*X*[u_minus - theta_minus] + w_0*a_ltp*x*[u - theta_plus]*[u_plus - theta_minus]

    X is the presynaptic spike train, x the same low-passed with `tau_x`; u_minus and u_plus are u low-passed with
    `tau_minus` and `tau_plus`. A presynaptic spike depresses while the target is, or was, depolarized. Potentiation needs a
    target that is above `theta_plus`, as in a spike, and has been depolarized before. With `homeostatic`
    ``h = (u_mean/u_ref)**2``, where u_mean is the depolarization ``u - u_rest`` low-passed with `tau_mean`, so active cells
    have more depression; else h = 1.

    Parameters
    ----------
    homeostatic : bool
        Whether depression depends on the mean depolarization.

    Notes
    -----
    The target needs a variable v with the shape of its spikes: `ClopathAdEx` holds it at its peak for 2 ms, as the
    publication does; `HodgkinHuxley` and other cells with channels have it anyway. A cell whose v is reset at once, such as
    `LIF`, is above `theta_plus` in no step, so its synapses depress only.

    u_minus and u_plus are advanced in each step with the potential at its beginning, and potentiation is added in each step
    with ``u > theta_plus``: about 20 entries in a list for a spike at dt = 0.1 ms instead of one. They begin at the initial
    potential of the cell.

    The defaults are those of visual cortex, ``ClopathSTDP.published("visual cortex, Clopath 2010")``; u_ref is the square
    root of 60 mV**2, as in the authors' program.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(10, bs.ClopathAdEx(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.connect(cells, cells, bs.FixedIndegree(3), weight=0.5, delay=1.5, synapse=bs.Delta(),
    ...             plasticity=bs.ClopathSTDP(homeostatic=True, w_max=2.0)).plasticity
    ClopathSTDP(w_max=2.0, homeostatic=True)

    References
    ----------
    Clopath, Büsing, Vasilaki & Gerstner (2010), doi:10.1038/nn.2479; Clopath & Gerstner (2010),
    doi:10.3389/fnsyn.2010.00025.
    """

    homeostatic: bool = False
    _options = ("homeostatic", "sign")
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {"homeostatic": (False, True)}
    _sets: ClassVar[dict[str, dict[str, Any]]] = {"visual cortex, Clopath 2010": {}}

    step_condition = "v_post > theta_plus"
    on_step = "w = w + dt*w_0*a_ltp*x*(v_post - theta_plus)*max(u_plus - theta_minus, 0)"
    late = {"u_minus": "delay_u", "u_plus": "delay_u"}
    bounds = ("0", "w_max")
    conditions = ("theta_minus < theta_plus",)

    theta_minus: float = parameter(-70.6, "mV", "threshold of the low-passed potential")
    theta_plus: float = parameter(-45.3, "mV", "threshold of the momentary potential")
    a_ltd: Value = parameter(14e-5, "1/mV", "amplitude of depression", at_least=0.0)
    a_ltp: Value = parameter(8e-5, "1/mV/mV", "amplitude of potentiation", at_least=0.0)
    tau_x: Value = parameter(15.0, "ms", "time constant of x", above=0.0)
    tau_minus: float = parameter(10.0, "ms", "time constant of u_minus", above=0.0)
    tau_plus: float = parameter(7.0, "ms", "time constant of u_plus", above=0.0)
    delay_u: float = parameter(
        0.0, "ms", "how much later u_minus and u_plus act; the authors' program has 4 ms, NEST 5 ms by default", at_least=0.0
    )
    u_rest: float = parameter(-70.6, "mV", "potential from which the depolarization counts; used if homeostatic")
    u_ref: float = parameter(7.745966692414834, "mV", "mean depolarization at which h is 1; used if homeostatic", above=0.0)
    tau_mean: float = parameter(
        1000.0, "ms", "time over which the depolarization is averaged; used if homeostatic", above=0.0
    )
    w_0: Value = parameter(
        1.0, "weight", "weight to which the amplitudes refer; the publication has weights around 1", above=0.0
    )
    w_max: Value = parameter(3.0, "weight", "upper bound of the weight; the lower one is 0", above=0.0)

    x: float = initial(0.0, "1/ms", "low-passed presynaptic spikes")
    u_minus: float = initial("v_post", "mV", "potential low-passed for depression")
    u_plus: float = initial("v_post", "mV", "potential low-passed for potentiation")
    u_mean: float = initial("v_post - u_rest", "mV", "mean depolarization (homeostatic)")

    def texts(self) -> dict[str, Any]:
        """Return the texts of the rule, with or without homeostasis."""
        equations = "dx/dt = -x/tau_x\ndu_minus/dt = (v_post - u_minus)/tau_minus\ndu_plus/dt = (v_post - u_plus)/tau_plus"
        mean = "\ndu_mean/dt = (v_post - u_rest - u_mean)/tau_mean" if self.homeostatic else ""
        factor = "(u_mean/u_ref)**2*" if self.homeostatic else ""
        depression = f"w = w - {factor}w_0*a_ltd*max(u_minus - theta_minus, 0)"
        return super().texts() | {"equations": equations + mean, "on_pre": f"{depression}; x = x + 1/tau_x"}
