"""Integrate-and-fire neurons other than the LIF: the equation of v makes them fire, or they have more than one variable."""

from typing import ClassVar

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class IF(Neuron):
    """Perfect integrate-and-fire neuron: a capacitor without a leak.

    ``dv/dt = I/c_m``; a spike when ``v >= v_th``, then ``v = v_reset`` and v is clamped for `t_ref`. A constant current
    gives the rate ``1/(t_ref + c_m*(v_th - v_reset)/I)``. Integrated exactly. Defaults are those of `LIF`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.IF(c_m=100.0, t_ref=0.0), name="cells")
    Population('cells', 100 IF)

    References
    ----------
    Knight (1972), doi:10.1085/jgp.59.6.734; first in Lapicque (1907), see Abbott (1999), doi:10.1016/S0361-9230(99)00161-6.
    """

    equations = "dv/dt = I/c_m"
    threshold = "v >= v_th"
    reset = "v = v_reset"
    conditions = ("v_reset < v_th",)

    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    v_th: Value = parameter(-50.0, "mV", "threshold")
    v_reset: Value = parameter(-65.0, "mV", "reset potential")
    t_ref: Value = parameter(2.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_reset", "mV", "membrane potential")


class QIF(Neuron):
    """Quadratic integrate-and-fire neuron: the normal form of a cell that begins to fire at arbitrarily low rates.

    ``dv/dt = (k*(v - v_rest)*(v - v_crit) + I)/c_m``; a spike when ``v >= v_peak``, then ``v = v_reset`` and v is clamped
    for `t_ref`. It fires tonically if ``I > k*(v_crit - v_rest)**2/4``; with peak and reset far away, at the rate
    ``sqrt(k*(I - k*(v_crit - v_rest)**2/4))/(pi*c_m)``. Defaults are those of Latham et al. (2000), time constant
    ``c_m/(k*(v_crit - v_rest))`` = 10 ms; `LIF` has the same capacitance.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.QIF(v_crit=-45.0), name="cells")
    Population('cells', 100 QIF)

    References
    ----------
    Ermentrout & Kopell (1986), doi:10.1137/0146017; Latham et al. (2000), doi:10.1152/jn.2000.83.2.808.
    """

    equations = "dv/dt = (k*(v - v_rest)*(v - v_crit) + I)/c_m"
    threshold = "v >= v_peak"
    reset = "v = v_reset"
    method = "rk4"
    conditions = ("v_reset < v_peak",)

    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    k: Value = parameter(4 / 3, "nS/mV", "steepness of the parabola", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "resting potential")
    v_crit: Value = parameter(-50.0, "mV", "potential above which v escapes without a current")
    v_peak: Value = parameter(20.0, "mV", "potential at which a spike ends")
    v_reset: Value = parameter(-80.0, "mV", "reset potential")
    t_ref: Value = parameter(0.0, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")


class EIF(Neuron):
    """Exponential integrate-and-fire neuron: the upstroke of a spike is as fast as sodium channels make it.

    ``dv/dt = (g_l*(v_rest - v) + g_l*delta_t*exp((v - v_th)/delta_t) + I)/c_m``; a spike when ``v >= v_peak``, then
    ``v = v_reset`` and v is clamped for `t_ref`. As `delta_t` goes to 0, it becomes a LIF with the threshold `v_th`.
    Defaults are the fit to the cell of Wang and Buzsaki in Fourcaud-Trocme et al. (2003), time constant ``c_m/g_l`` = 10 ms;
    `LIF` has the same capacitance. At dt = 0.1 ms, up to 100 Hz, the last spike of a second is in the same step as that of
    the exact solution or one to two steps late; ``method = "euler"`` takes a fifth of the time, with intervals 1 to 4 % too
    long.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.EIF(delta_t=2.0), name="cells")
    Population('cells', 100 EIF)

    References
    ----------
    Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel (2003), doi:10.1523/JNEUROSCI.23-37-11628.2003.
    """

    # within a step v may rise far above its peak, where exp would overflow: above it, the slope is that of the peak
    equations = """
        spike = g_l*delta_t*exp((min(v, v_peak) - v_th)/delta_t)
        dv/dt = (g_l*(v_rest - v) + spike + I)/c_m
    """
    threshold = "v >= v_peak"
    reset = "v = v_reset"
    method = "rk4"
    conditions = ("v_reset < v_peak",)

    c_m: Value = parameter(200.0, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(20.0, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-65.0, "mV", "reversal potential of the leak")
    v_th: Value = parameter(
        -59.9, "mV", "potential at the minimum of the I-V curve: the highest that a constant current can maintain"
    )
    delta_t: Value = parameter(3.48, "mV", "sharpness of the upstroke: the slope factor of the exponential", above=0.0)
    v_peak: Value = parameter(-30.0, "mV", "potential at which a spike ends")
    v_reset: Value = parameter(-68.0, "mV", "reset potential")
    t_ref: Value = parameter(1.7, "ms", "refractory time", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")


class AdEx(Neuron):
    """Adaptive exponential integrate-and-fire neuron.

    ``dv/dt = (g_l*(v_rest - v) + g_l*delta_t*exp((v - v_th)/delta_t) - w + I)/c_m``
    and ``dw/dt = (a*(v - v_rest) - w)/tau_w``; a spike when ``v >= v_peak``, then ``v = v_reset`` and ``w += b``, and v
    is clamped for `t_ref`. Defaults are those of Brette and Gerstner (2005), Table 1; for regular and irregular bursting,
    delayed and transient firing see Naud et al. (2008). The last 0.1 ms of the upstroke of a spike are faster than any step:
    at dt = 0.1 ms a spike is sometimes up to one step late, no more than through the grid itself, and the last spike of a
    second is 0.4 ms late, at most 2 ms. A subclass with ``method = "euler"`` takes a fifth of the time; its intervals are
    0.4 to 8 % too long, and spikes are lost. Both are ten times more accurate at dt = 0.01 ms.

    Examples
    --------
    >>> import brainsim as bs
    >>> bursting = bs.AdEx(b=80.5, v_reset=-46.0)
    >>> bs.Population(100, bursting, name="cells")
    Population('cells', 100 AdEx)

    The fast method, for a network whose statistics matter more than its spike times:

    >>> class FastAdEx(bs.AdEx):
    ...     method = "euler"

    References
    ----------
    Brette & Gerstner (2005), doi:10.1152/jn.00686.2005; Naud, Marcille, Clopath & Gerstner (2008),
    doi:10.1007/s00422-008-0264-7.
    """

    # within a step v may rise far above its peak, where exp would overflow: above it, slopes are those of the peak
    equations = """
        v_cut = min(v, v_peak)
        spike = g_l*delta_t*exp((v_cut - v_th)/delta_t)
        dv/dt = (g_l*(v_rest - v) + spike - w + I)/c_m
        dw/dt = (a*(v_cut - v_rest) - w)/tau_w
    """
    threshold = "v >= v_peak"
    reset = "v = v_reset; w += b"
    method = "rk4"
    conditions = ("v_reset < v_peak",)

    c_m: Value = parameter(281.0, "pF", "membrane capacitance", above=0.0)
    g_l: Value = parameter(30.0, "nS", "leak conductance", above=0.0)
    v_rest: Value = parameter(-70.6, "mV", "reversal potential of the leak")
    v_th: Value = parameter(-50.4, "mV", "threshold of the exponential")
    delta_t: Value = parameter(2.0, "mV", "sharpness of the upstroke: the slope factor of the exponential", above=0.0)
    v_peak: Value = parameter(20.0, "mV", "potential at which a spike ends")
    v_reset: Value = parameter(-70.6, "mV", "reset potential")
    a: Value = parameter(4.0, "nS", "adaptation below threshold")
    b: Value = parameter(80.5, "pA", "step of the adaptation current at a spike")
    tau_w: Value = parameter(144.0, "ms", "time constant of adaptation", above=0.0)
    t_ref: Value = parameter(0.0, "ms", "refractory time; v is clamped for this time, w is not", at_least=0.0)

    v: float = initial("v_rest", "mV", "membrane potential")
    w: float = initial(0.0, "pA", "adaptation current")


class Izhikevich(Neuron):
    """Izhikevich's neuron: a parabola and a slow variable that reproduce the firing patterns of cortical cells.

    ``dv/dt = 0.04*v**2 + 5*v + 140 - u + I`` and ``du/dt = a*(b*v - u)``; a spike when ``v >= v_peak``, then ``v = c`` and
    ``u += d``. The numbers are fits, in ms and mV; `I` is taken as mV/ms, so that 10 pA are the published ``I = 10``. With
    Heun's method at dt = 0.1 ms, each interval is right to one step: the last spike of a second is in the same step as that
    of the exact solution, reset on the same grid, or up to 3.4 ms away. The publications use Euler's method with steps of
    0.1 to 1 ms, as most simulators do, and some firing patterns result from these steps; to reproduce them, use a subclass
    with ``method = "euler"`` (at dt = 0.1 ms the last spike of a second is 3 to 7 ms late).
    Defaults: regular spiking; for others see Izhikevich (2003), and (2004) for all twenty.

    Examples
    --------
    >>> import brainsim as bs
    >>> chattering = bs.Izhikevich(c=-50.0, d=2.0)
    >>> bs.Population(100, chattering, name="cells")
    Population('cells', 100 Izhikevich)

    As published, with the spikes of Euler's method:

    >>> class PublishedIzhikevich(bs.Izhikevich):
    ...     method = "euler"

    References
    ----------
    Izhikevich (2003), doi:10.1109/TNN.2003.820440; (2004), doi:10.1109/TNN.2004.832719.
    """

    equations = """
        dv/dt = 0.04*v**2 + 5*v + 140 - u + I
        du/dt = a*(b*v - u)
    """
    dimensions = False  # the numbers are fits, in ms and mV
    threshold = "v >= v_peak"
    reset = "v = c; u += d"
    method = "heun"

    a: Value = parameter(0.02, "1/ms", "rate of recovery")
    b: Value = parameter(0.2, "1/ms", "how strongly u follows v")
    c: Value = parameter(-65.0, "mV", "reset potential")
    d: Value = parameter(8.0, "mV/ms", "step of u at a spike")
    v_peak: Value = parameter(30.0, "mV", "potential at which a spike ends")

    v: float = initial("c", "mV", "membrane potential")
    u: float = initial("b*v", "mV/ms", "recovery")


class ResonateAndFire(Neuron):
    """Resonate-and-fire neuron: a damped oscillation that responds best to inputs at its own frequency.

    ``dx/dt = -damping*x - omega*v + I/c_m`` and ``dv/dt = omega*x - damping*v``; a spike when ``v >= v_th``, then
    ``x = x_reset`` and ``v = v_reset``. x is like a current, v is the potential relative to rest. Integrated exactly.
    Defaults are those of Izhikevich (2001), ``z' = (-1 + 10i) z``, threshold 1 and reset to i, with 10 ms as the unit of
    time: 159 Hz.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.ResonateAndFire(omega=0.5), name="cells")
    Population('cells', 100 ResonateAndFire)

    References
    ----------
    Izhikevich (2001), doi:10.1016/S0893-6080(01)00078-8.
    """

    equations = """
        dx/dt = -damping*x - omega*v + I/c_m
        dv/dt = omega*x - damping*v
    """
    threshold = "v >= v_th"
    reset = "x = x_reset; v = v_reset"

    damping: Value = parameter(0.1, "1/ms", "rate at which the oscillation decays", at_least=0.0)
    omega: Value = parameter(1.0, "1/ms", "angular frequency of the oscillation", above=0.0)
    c_m: Value = parameter(200.0, "pF", "capacitance: a current I changes x at the rate I/c_m", above=0.0)
    v_th: Value = parameter(1.0, "mV", "threshold relative to rest")
    x_reset: Value = parameter(0.0, "mV", "x after a spike")
    v_reset: Value = parameter(1.0, "mV", "v after a spike; as published, it starts again from the threshold")

    x: float = initial(0.0, "mV", "current-like variable")
    v: float = initial(0.0, "mV", "potential relative to rest")


class Theta(Neuron):
    """Theta neuron: the quadratic integrate-and-fire neuron on a circle, with a continuous reset.

    ``dtheta/dt = (1 - cos(theta) + (1 + cos(theta))*(eta + gain*I))/tau``; a spike when theta passes pi. With
    ``v = tan(theta/2)`` it is ``dv/dt = (v**2 + eta + gain*I)/tau`` with peak and reset at plus and minus infinity. A
    constant drive ``eta + gain*I`` above 0 gives the rate ``sqrt(eta + gain*I)/(pi*tau)``; below 0 the cell rests at
    ``-2*atan(sqrt(-eta - gain*I))``. It has no v: use current-based synapses.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.Theta(eta=bs.Normal(0.0, 0.1)), name="cells")
    Population('cells', 100 Theta)

    References
    ----------
    Ermentrout & Kopell (1986), doi:10.1137/0146017.
    """

    equations = "dtheta/dt = (1 - cos(theta) + (1 + cos(theta))*(eta + gain*I))/tau"
    threshold = "theta >= pi"
    reset = "theta -= 2*pi"
    method = "rk4"

    tau: Value = parameter(10.0, "ms", "time constant", above=0.0)
    eta: Value = parameter(-0.1, "", "drive without a current; the cell fires if the drive is above 0")
    gain: Value = parameter(0.01, "1/pA", "drive per current")

    theta: float = initial(0.0, "", "phase, from -pi to pi")


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
