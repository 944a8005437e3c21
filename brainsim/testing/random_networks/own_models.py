"""Models as users write them, one for each word of the language that the built-in ones leave out."""

import numpy as np

import brainsim as bs

TABLE = bs.TimedArray([0.0, 150.0, 400.0, 250.0], dt=5.0)


class Noisy(bs.Neuron):
    """White noise in two equations, a noise of its own and a shared one, and a threshold that moves."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + I/c_m + sigma*sqrt(2/tau_m)*(xi + 0.5*xi_both)
        dtheta/dt = (v_th - theta)/tau_theta + sigma/sqrt(tau_theta)*xi_both
    """
    threshold = "v >= theta"
    reset = "v = v_rest; theta += jump"
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    sigma: float = bs.parameter(3.0, "mV", "size of the noise", at_least=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-55.0, "mV", "threshold at rest")
    tau_theta: float = bs.parameter(50.0, "ms", "time constant of the threshold", above=0.0)
    jump: float = bs.parameter(3.0, "mV", "step of the threshold")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    theta: float = bs.initial("v_th", "mV", "threshold")


class Multiplicative(bs.Neuron):
    """Noise that grows with the variable, by the method of Milstein."""

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m + 0.3*(v - v_low)/sqrt(tau_m)*xi"
    threshold = "v >= v_th"
    reset = "v = v_rest"
    method = "milstein"
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_low: float = bs.parameter(-80.0, "mV", "potential without noise")
    v_th: float = bs.parameter(-52.0, "mV", "threshold")
    t_ref: float = bs.parameter(1.0, "ms", "refractory time", at_least=0.0)
    v: float = bs.initial(bs.Uniform(-70.0, -60.0), "mV", "membrane potential")


class Bursting(bs.Neuron):
    """Two events besides the spike, a limit of u, and a refractory time that u lengthens; only v is clamped meanwhile."""

    equations = """
        leak = (v_rest - v)/tau_m
        dv/dt = leak + I/c_m
        du/dt = -u/tau_u
    """
    dimensions = False
    each_step = "most = 1 + 1; u = min(u, most)"
    threshold = "v >= v_th and u < 4"
    reset = "v = v_rest; u += 0.5"
    events = {  # noqa: RUF012 - no one writes to it
        "high": ("v > v_th - 3", "u += 0.125"),
        "chance": ("rand() < 0.02 or u > 3.5", "u = 0.5*u; v = v + 0.25*(v_rest - v)*randn()"),
    }
    refractory = "t_ref*(1 + u)"
    tau_m: float = bs.parameter(15.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-52.0, "mV", "threshold")
    tau_u: float = bs.parameter(30.0, "ms", "time constant of u", above=0.0)
    t_ref: float = bs.parameter(1.0, "ms", "refractory time", at_least=0.0)
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    u: float = bs.initial(bs.Uniform(0.0, 1.0), "", "what spikes leave behind")


class Escape(bs.Neuron):
    """Spikes by chance, with a rate that grows with v, and a reset by chance."""

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m"
    threshold = "rand() < 1 - exp(-rate*exp(clip((v - v_th)/delta, -30, 3))*dt)"
    reset = "v = v_rest + delta*randn()"
    frozen = ()
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-53.0, "mV", "where the rate is `rate`")
    delta: float = bs.parameter(2.0, "mV", "steepness", above=0.0)
    rate: float = bs.parameter(0.1, "1/ms", "rate at v_th", at_least=0.0)
    t_ref: float = bs.parameter(2.0, "ms", "refractory time", at_least=0.0)
    v: float = bs.initial("v_rest", "mV", "membrane potential")


class Driven(bs.Neuron):
    """A current from a table, of one column or of one for each cell."""

    equations = "dv/dt = (v_rest - v)/tau_m + (I + I_in(t))/c_m"
    threshold = "v >= v_th"
    reset = "v = v_rest"
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-52.0, "mV", "threshold")
    I_in = bs.parameter(TABLE, "pA", "current over time")
    v: float = bs.initial("v_rest", "mV", "membrane potential")


class Tabled(bs.Neuron):
    """Gates whose steady state and time constant are given by points, and a threshold that moves along a curve."""

    equations = """
        dv/dt = (g_l*(v_rest - v) + g*n**2*(e - v) + I)/c_m
        dn/dt = (n_inf(v) - n)/tau_n(v)
    """
    threshold = "v >= v_th(n)"
    reset = "v = v_rest; n = n + 0.25*(1 - n)"
    g_l: float = bs.parameter(10.0, "nS", "leak", above=0.0)
    g: float = bs.parameter(12.0, "nS", "largest conductance", at_least=0.0)
    e: float = bs.parameter(-85.0, "mV", "reversal potential")
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    n_inf = bs.parameter(bs.Curve([-75.0, -60.0, -52.5, -40.0], [0.0, 0.1, 0.6, 1.0], of="mV"), "", "steady state")
    tau_n = bs.parameter(bs.Curve([-70.0, -55.0, -45.0], [30.0, 12.0, 4.0], of="mV"), "ms", "time constant", above=0.0)
    v_th = bs.parameter(bs.Curve([0.0, 0.5, 1.0], [-54.0, -51.0, -49.0]), "mV", "threshold")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    n: float = bs.initial("n_inf(v)", "", "gate")


class Divided(bs.Neuron):
    """A quadratic cell whose step is divided, refractory as long as a condition holds."""

    equations = """
        dv/dt = (g*(v - v_rest)*(v - v_crit)/scale + I - u)/c_m
        du/dt = -u/tau_u
    """
    dimensions = False
    threshold = "v >= v_peak"
    reset = "v = v_rest; u += jump"
    method = "heun"
    substeps = 3
    refractory = "u > 120"
    g: float = bs.parameter(0.4, "nS", "steepness", above=0.0)
    scale: float = bs.parameter(1.0, "mV", "scale of the parabola", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_crit: float = bs.parameter(-52.0, "mV", "critical potential")
    v_peak: float = bs.parameter(-20.0, "mV", "peak")
    tau_u: float = bs.parameter(10.0, "ms", "time constant of u", above=0.0)
    jump: float = bs.parameter(60.0, "pA", "step of u")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    u: float = bs.initial(0.0, "pA", "adaptation")


class Keeping(bs.LIF):
    """What arrives while it is refractory is added to v."""

    arrivals = "kept"


class Drive(bs.Delta):
    """Events at the drive of `ShiuLIF`."""

    variable = "g"
    arrival = "g = g + w"


class Euler(bs.LIF):
    """A linear cell by the plainest method."""

    method = "euler"


class FiringRate(bs.RateUnit):
    """A rate that sends Poisson spikes."""

    threshold = "rand() < 0.001*r*dt"


class Clocked(bs.Neuron):
    """Sources that fire by the clock of the simulation, without any equation."""

    threshold = "floor((t + shift)/period) > floor((t + shift - dt)/period)"
    spiking_source = True
    period: float = bs.parameter(5.0, "ms", "interval", above=0.0)
    shift: float = bs.parameter(0.5, "ms", "shift", at_least=0.0)


class Blocked(bs.Synapse):
    """A conductance that the target's potential blocks, which events raise in two variables."""

    equations = """
        open = 1/(1 + exp(-(v + 40)/12))
        dg/dt = (h - g)/tau
        dh/dt = -h/tau
    """
    arrival = "h = h + 2*w"
    current = "-g*open*v"
    weight_unit = "nS"
    dimensions = False
    tau: float = bs.parameter(8.0, "ms", "time constant", above=0.0)


class Measured(bs.Synapse):
    """A conductance whose block by the target's potential is given by points."""

    equations = "dg/dt = -g/tau"
    arrival = "g = g + w"
    current = "g*free(v)*(e_rev - v)"
    weight_unit = "nS"
    tau: float = bs.parameter(30.0, "ms", "decay time", above=0.0)
    e_rev: float = bs.parameter(0.0, "mV", "reversal potential")
    free = bs.parameter(
        bs.Curve([-80.0, -60.0, -45.0, 0.0], [0.02, 0.1, 0.3, 0.8], of="mV"), "", "share that is not blocked"
    )


def table(rng, dt, cells=None):
    """Return a TimedArray for `Driven`, whose interval is a multiple of dt."""
    rows = int(rng.integers(1, 12))
    values = rng.uniform(-100.0, 500.0, rows if cells is None else (rows, cells))
    return bs.TimedArray(np.round(values, 1), dt=dt * int(rng.integers(1, 40)))
