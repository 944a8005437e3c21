"""Excitable systems of two or three variables, for the phase plane: how a cell begins to fire, not by which channels."""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value


class MorrisLecar(Neuron):
    """Neuron of Morris and Lecar (1981), a barnacle muscle fibre: instantaneous calcium and slower potassium.

    ``c_m dv/dt = g_ca m_inf (e_ca - v) + g_k w (e_k - v) + g_l (e_l - v) + I`` and
    ``dw/dt = phi (w_inf - w) cosh((v - v_3)/(2 v_4))`` with ``m_inf = (1 + tanh((v - v_1)/v_2))/2`` and
    ``w_inf = (1 + tanh((v - v_3)/v_4))/2``.

    The defaults are those of Rinzel & Ermentrout (1998), *Analysis of neural excitability and oscillations*: firing
    starts at 9 Hz (type II, a Hopf bifurcation at 94 pA). With ``g_ca=4.0, v_3=12.0, v_4=17.4, phi=1/15`` it starts at
    arbitrarily low rates (type I, a saddle-node on an invariant circle at 40 pA).

    Examples
    --------
    >>> import brainsim as bs
    >>> slow = bs.MorrisLecar(g_ca=4.0, v_3=12.0, v_4=17.4, phi=1 / 15)
    >>> cell = bs.Population(2, slow, name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput([38.0, 42.0]))
    >>> [int(n) for n in bs.simulate(net, 1000.0, seed=1).spikes["cell"].counts()]
    [0, 7]

    References
    ----------
    Morris & Lecar (1981), doi:10.1016/S0006-3495(81)84782-0.
    """

    # (1 + tanh(x))/2 is sigmoid(2 x)
    equations = """
        m_inf = sigmoid(2*(v - v_1)/v_2)
        w_inf = sigmoid(2*(v - v_3)/v_4)
        speed = exp((v - v_3)/(2*v_4))
        dv/dt = (g_ca*m_inf*(e_ca - v) + g_k*w*(e_k - v) + g_l*(e_l - v) + I)/c_m
        dw/dt = phi*(w_inf - w)*(speed + 1/speed)/2
    """
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "rk4"

    c_m: Value = parameter(20.0, "pF", "membrane capacitance; 20 uF/cm2 on 100 um2, so that 1 pA is 1 uA/cm2", above=0.0)
    g_ca: Value = parameter(4.4, "nS", "calcium conductance", at_least=0.0)
    g_k: Value = parameter(8.0, "nS", "potassium conductance", at_least=0.0)
    g_l: Value = parameter(2.0, "nS", "leak conductance", at_least=0.0)
    e_ca: Value = parameter(120.0, "mV", "calcium reversal potential")
    e_k: Value = parameter(-84.0, "mV", "potassium reversal potential")
    e_l: Value = parameter(-60.0, "mV", "leak reversal potential")
    v_1: Value = parameter(-1.2, "mV", "potential at which half of the calcium channels are open")
    v_2: Value = parameter(18.0, "mV", "range over which calcium channels open", above=0.0)
    v_3: Value = parameter(2.0, "mV", "potential at which half of the potassium channels are open")
    v_4: Value = parameter(30.0, "mV", "range over which potassium channels open", above=0.0)
    phi: Value = parameter(0.04, "1/ms", "rate of potassium", above=0.0)
    v_th: Value = parameter(0.0, "mV", "potential whose upward crossing is a spike")

    v: float = initial(-60.0, "mV", "membrane potential")
    w: float = initial("w_inf", "", "activation of potassium")


class FitzHughNagumo(Neuron):
    """Neuron of FitzHugh (1961) and Nagumo et al. (1962): Hodgkin and Huxley's cell reduced to two dimensionless variables.

    ``dv/dt = v - v**3/3 - w + I`` and ``dw/dt = (v + a - b w)/tau``.

    a and b are those of FitzHugh (1961), whose c = 3 gives ``tau = c**2 = 9``; ``tau = 1/0.08`` is that of his later work
    (1969) and of most work since. Currents are plain numbers of order 1 instead of pA: the cell fires tonically for I from
    0.33 to 1.42.

    Examples
    --------
    >>> import brainsim as bs
    >>> cell = bs.Population(3, bs.FitzHughNagumo(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput([0.1, 0.5, 1.5]))
    >>> [int(n) for n in bs.simulate(net, 500.0, seed=1).spikes["cell"].counts()]
    [0, 13, 2]

    References
    ----------
    FitzHugh (1961), doi:10.1016/S0006-3495(61)86902-6; Nagumo, Arimoto & Yoshizawa (1962),
    doi:10.1109/JRPROC.1962.288235.
    """

    equations = """
        dv/dt = v - v**3/3 - w + I
        dw/dt = (v + a - b*w)/tau
    """
    dimensions = False  # v, w and I are plain numbers
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "rk4"

    a: Value = parameter(0.7, "", "offset of the nullcline of w")
    b: Value = parameter(0.8, "", "slope of the nullcline of w")
    tau: Value = parameter(12.5, "ms", "time constant of w; that of v is 1 ms", above=0.0)
    v_th: Value = parameter(1.0, "", "value of v whose upward crossing is a spike")

    v: float = initial(-1.199408035, "", "excitation")
    w: float = initial(-0.624260044, "", "recovery")


class HindmarshRose(Neuron):
    """Neuron of Hindmarsh and Rose (1984), which fires in bursts: three dimensionless variables.

    ``dv/dt = y - a v**3 + b v**2 - z + I``, ``dy/dt = c - d v**2 - y`` and ``dz/dt = r (s (v - v_rest) - z)``; time is in
    ms. The publication calls v x, and v_rest x_1.

    The defaults are those of the burster in the publication, except for r, which is 0.001 in its Fig. 6 and 0.006 in much of
    the later work. Currents are plain numbers of order 1 instead of pA: a step to 1 gives one burst, 2 periodic bursts, 3.25
    chaotic bursts, 4 single spikes.

    Examples
    --------
    >>> import brainsim as bs
    >>> cell = bs.Population(2, bs.HindmarshRose(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput([0.0, 2.0]))
    >>> [int(n) for n in bs.simulate(net, 1000.0, seed=1).spikes["cell"].counts()]
    [0, 26]

    References
    ----------
    Hindmarsh & Rose (1984), doi:10.1098/rspb.1984.0024.
    """

    equations = """
        dv/dt = y - a*v**3 + b*v**2 - z + I
        dy/dt = c - d*v**2 - y
        dz/dt = r*(s*(v - v_rest) - z)
    """
    dimensions = False  # v, y, z and I are plain numbers
    threshold = "v >= v_th"
    refractory = "v >= v_th"
    method = "rk4"

    a: Value = parameter(1.0, "", "coefficient of v**3")
    b: Value = parameter(3.0, "", "coefficient of v**2")
    c: Value = parameter(1.0, "", "drive of y")
    d: Value = parameter(5.0, "", "coefficient of v**2 in dy/dt")
    r: Value = parameter(0.006, "", "rate of adaptation", above=0.0)
    s: Value = parameter(4.0, "", "slope of adaptation")
    v_rest: Value = parameter(-1.6, "", "resting value of v without current")
    v_th: Value = parameter(1.0, "", "value of v whose upward crossing is a spike")

    v: float = initial("v_rest", "", "membrane potential")
    y: float = initial("c - d*v**2", "", "fast recovery")
    z: float = initial(0.0, "", "slow adaptation")
