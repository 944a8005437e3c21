"""Models that several test files share, each for one thing that can be computed by hand."""

import brainsim as bs


class Bent(bs.Neuron):
    """Nonlinear, and each equation linear in its own variable; half of it in lines."""

    equations = """
        dv/dt = (-v + gain*u)/tau
        du/dt = pull/2
        u_end = sigmoid(-v/slope)
        pull = (u_end - u)/tau
    """
    gain: float = bs.parameter(10.0, "mV", "gain")
    slope: float = bs.parameter(-5.0, "mV", "steepness")
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(3.0, "mV", "potential")
    u: float = bs.initial(0.0, "", "gate")


class Quadratic(bs.Neuron):
    """No equation is linear in anything."""

    equations = "dv/dt = (v_top - v*v/v_top)/tau"
    v_top: float = bs.parameter(2.0, "mV", "fixed point")
    tau: float = bs.parameter(2.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(0.5, "mV", "potential")


class Driven(bs.Neuron):
    """The time itself in the equation."""

    equations = "dv/dt = (size*sin(2*pi*t/period) - v)/tau"
    size: float = bs.parameter(10.0, "mV", "size")
    period: float = bs.parameter(7.0, "ms", "period")
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(1.0, "mV", "potential")


class Squid(bs.Neuron):
    """Hodgkin and Huxley (1952), doi:10.1113/jphysiol.1952.sp004764, in potentials of today."""

    equations = """
        dv/dt = (g_na*m**3*h*(50 - v) + g_k*n**4*(-77 - v) + g_l*(-54.387 - v) + I)/c_m
        dm/dt = a_m*(1 - m) - b_m*m
        dh/dt = 0.07*exp(-(v + 65)/20)*(1 - h) - h*sigmoid((v + 35)/10)
        dn/dt = 0.1/exprel(-(v + 55)/10)*(1 - n) - 0.125*exp(-(v + 65)/80)*n
        a_m = 1/exprel(-(v + 40)/10)
        b_m = 4*exp(-(v + 65)/18)
    """
    dimensions = False
    g_na: float = bs.parameter(120.0, "", "mS/cm2")
    g_k: float = bs.parameter(36.0, "", "mS/cm2")
    g_l: float = bs.parameter(0.3, "", "mS/cm2")
    c_m: float = bs.parameter(1.0, "", "uF/cm2")
    v: float = bs.initial(-68.0, "mV", "potential")
    m: float = bs.initial("a_m/(a_m + b_m)", "", "activation of sodium")
    h: float = bs.initial(0.6, "", "inactivation")
    n: float = bs.initial(0.32, "", "activation of potassium")


class Clock(bs.Neuron):
    """v runs at 1 mV/ms: what happens when is known to the step."""

    equations = "dv/dt = speed"
    threshold = "v >= v_th"
    reset = "v = 0; count += 1"
    speed: float = bs.parameter(1.0, "mV/ms", "speed")
    v_th: float = bs.parameter(0.95, "mV", "threshold")
    v_half: float = bs.parameter(0.45, "mV", "half of it")
    v: float = bs.initial(0.0, "mV", "potential")
    u: float = bs.initial(0.0, "", "a counter")
    count: float = bs.initial(0.0, "", "spikes")


def clock(**texts):
    return type("Mine", (Clock,), texts)


class Reading(bs.Neuron):
    """v takes the value of the table at the start of the step; q adds it up."""

    equations = "dq/dt = table(t)/one"
    threshold = "v > never"
    reset = ""
    events = {"read": ("v < never", "v = table(t)")}
    one: float = bs.parameter(1.0, "ms", "x")
    never: float = bs.parameter(1e9, "mV", "x")
    table = bs.parameter(bs.TimedArray([0.0], dt=1.0), "mV", "values over time")
    q: float = bs.initial(0.0, "mV", "sum")
    v: float = bs.initial(0.0, "mV", "value")


class Process(bs.Neuron):
    """Ornstein and Uhlenbeck (1930), doi:10.1103/PhysRev.36.823: variance sigma**2, autocorrelation exp(-t/tau)."""

    equations = "dv/dt = -v/tau + sigma*sqrt(2/tau)*xi"
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)
    sigma: float = bs.parameter(3.0, "mV", "standard deviation")
    v: float = bs.initial(0.0, "mV", "potential")


class Integrator(bs.Neuron):
    """Keeps whatever arrives: with delta synapses of weight 1 a counter, with currents the charge over c_m."""

    equations = "dv/dt = I/c_m"
    c_m: float = bs.parameter(200.0, "pF", "membrane capacitance", above=0.0)
    v: float = bs.initial(0.0, "mV", "membrane potential")


class FitzHugh(bs.Neuron):
    """FitzHugh (1961), doi:10.1016/S0006-3495(61)86902-6."""

    equations = """
        dv/dt = v - v**3/3 - u + I
        du/dt = (v + a - b*u)/tau
    """
    dimensions = False
    a: float = bs.parameter(0.7, "", "shift")
    b: float = bs.parameter(0.8, "", "slope")
    tau: float = bs.parameter(12.5, "", "slowness", above=0.0)
    v: float = bs.initial(-1.0, "", "fast variable")
    u: float = bs.initial(-0.5, "", "slow variable")


class Adapting(bs.Neuron):
    """A leaky cell whose spikes each add to a current that slows it down; linear, so that its steady state is known."""

    equations = """
        dv/dt = (v_rest - v)/tau + (I - z)/c_m
        dz/dt = (a*(v - v_rest) - z)/tau_z
        dm/dt = (m_end - m)/tau_m
        m_end = sigmoid(v/v_m)
    """
    threshold = "v >= v_th"
    reset = "v = v_rest; z += jump"
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    c_m: float = bs.parameter(100.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-60.0, "mV", "rest")
    v_th: float = bs.parameter(-50.0, "mV", "threshold")
    v_m: float = bs.parameter(10.0, "mV", "steepness")
    a: float = bs.parameter(4.0, "nS", "adaptation below threshold")
    jump: float = bs.parameter(30.0, "pA", "adaptation at a spike")
    tau_z: float = bs.parameter(100.0, "ms", "time constant of adaptation", above=0.0)
    tau_m: float = bs.parameter(1.0, "ms", "time constant of m", above=0.0)
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    z: float = bs.initial(0.0, "pA", "adaptation")
    m: float = bs.initial("m_end/2", "", "gate")


class FastAdEx(bs.AdEx):
    method = "euler"


class PublishedIzhikevich(bs.Izhikevich):
    method = "euler"
