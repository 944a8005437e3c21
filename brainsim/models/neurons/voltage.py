"""A cell whose potential has the shape of spikes, for plasticity that follows the potential."""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class ClopathAdEx(Neuron):
    """Adaptive exponential neuron with an after-potential and a threshold that spikes raise, held at the peak of a spike.

    ``dv/dt = (g_l*(v_rest - v) + g_l*delta_t*exp((v - v_th)/delta_t) - w + z + I)/c_m``,
    ``dw/dt = (a*(v - v_rest) - w)/tau_w``, ``dz/dt = -z/tau_z`` and ``dv_th/dt = (v_th_rest - v_th)/tau_th``. A spike when
    ``v >= v_peak``: then ``w += b``, ``z = i_spike``, ``v_th = v_th_max``, and v is held at `v_peak` for `t_clamp`, while w
    waits. After that ``v = v_reset``. `ClopathSTDP` is made for this cell; defaults are those of the publication.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.ClopathAdEx(), name="cells")
    Population('cells', 100 ClopathAdEx)

    References
    ----------
    Clopath, Büsing, Vasilaki & Gerstner (2010), doi:10.1038/nn.2479. That v is held at 33 mV for 2 ms is from the model of
    the same name in NEST.
    """

    # above the peak, which v may pass within a step, slopes are those of the peak
    equations = """
        v_cut = min(v, v_peak)
        upstroke = g_l*delta_t*exp((v_cut - v_th)/delta_t)
        dv/dt = (g_l*(v_rest - v_cut) + upstroke - w + z + I)/c_m
        dw/dt = (a*(v_cut - v_rest) - w)/tau_w
        dz/dt = -z/tau_z
        dv_th/dt = (v_th_rest - v_th)/tau_th
    """
    threshold = "v >= v_peak and held <= 0"
    reset = "v = v_peak; w += b; z = i_spike; v_th = v_th_max; held = t_clamp"
    # the last step of the clamp sets v to where it continues
    events = {"wait": ("held > 0", "held = held - dt"), "release": ("held > 0 and held < 1.5*dt", "v = v_reset; held = 0")}
    refractory = "t_clamp"
    frozen = ("v", "w")
    method = "rk4"
    conditions = ("v_reset < v_peak",)

    c_m: Value = parameter(281.0, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(30.0, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-70.6, "mV", "reversal potential of the leak")
    v_reset: Value = parameter(-49.6, "mV", "potential after a spike")
    v_peak: Value = parameter(33.0, "mV", "potential at the peak of a spike")
    t_clamp: Value = parameter(2.0, "ms", "how long v is held at its peak; no spike begins in this time", above=0.0)
    v_th_rest: Value = parameter(-50.4, "mV", "threshold of the exponential at rest")
    v_th_max: Value = parameter(30.4, "mV", "threshold after a spike")
    tau_th: Value = parameter(50.0, "ms", "time constant of the threshold", above=0.0)
    delta_t: Value = parameter(2.0, "mV", "sharpness of the upstroke", above=0.0)
    a: Value = parameter(4.0, "nS", "adaptation below threshold")
    b: Value = parameter(0.0805, "pA", "step of the adaptation current at a spike")
    tau_w: Value = parameter(144.0, "ms", "time constant of adaptation", above=0.0)
    i_spike: Value = parameter(400.0, "pA", "current after a spike")
    tau_z: Value = parameter(40.0, "ms", "time constant of the current after a spike", above=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    w: float = initial(0.0, "pA", "adaptation current")
    z: float = initial(0.0, "pA", "current of the after-potential")
    v_th: float = initial("v_th_rest", "mV", "threshold of the exponential")
    held: float = initial(0.0, "ms", "how long v is still held at its peak")
