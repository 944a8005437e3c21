"""The cells of PyNN as models of brainsim: their parameters have the names that PyNN gives them, in the units of brainsim.

A cell of PyNN has its receptors, so their variables are variables of the cell here: a spike adds to ``gsyn_exc``, not to a
receptor of a connection. `compose` makes one class of the equations of a membrane and of those of its receptors.
"""

import functools
from typing import NamedTuple

import brainsim as bs

Value = bs.values.Value


class Leaky(bs.Neuron):
    """Membrane of the integrate-and-fire cells of PyNN."""

    equations = "dv/dt = (v_rest - v)/tau_m + (I + i_offset)/cm"
    threshold = "v >= v_thresh"
    reset = "v = v_reset"
    refractory = "tau_refrac"

    v_rest: Value = bs.parameter(-65.0, "mV", "resting potential")
    cm: Value = bs.parameter(1000.0, "pF", "capacitance of the membrane", above=0.0)
    tau_m: Value = bs.parameter(20.0, "ms", "time constant of the membrane", above=0.0)
    tau_refrac: Value = bs.parameter(0.1, "ms", "refractory time", at_least=0.0)
    i_offset: Value = bs.parameter(0.0, "pA", "constant current")
    v_reset: Value = bs.parameter(-65.0, "mV", "reset potential")
    v_thresh: Value = bs.parameter(-50.0, "mV", "threshold")

    v: float = bs.initial("v_rest", "mV", "membrane potential")


class Adaptive(Leaky):
    """Leaky membrane with adaptation and a relative refractory time, both by conductances, after Muller et al. (2007)."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + (g_s*(e_rev_sfa - v) + g_r*(e_rev_rr - v) + I + i_offset)/cm
        dg_s/dt = -g_s/tau_sfa
        dg_r/dt = -g_r/tau_rr
    """
    reset = "v = v_reset; g_s += q_sfa; g_r += q_rr"

    tau_sfa: Value = bs.parameter(100.0, "ms", "time constant of adaptation", above=0.0)
    e_rev_sfa: Value = bs.parameter(-75.0, "mV", "reversal potential of adaptation")
    q_sfa: Value = bs.parameter(15.0, "nS", "increment of adaptation at a spike")
    tau_rr: Value = bs.parameter(2.0, "ms", "time constant of the relative refractory time", above=0.0)
    e_rev_rr: Value = bs.parameter(-75.0, "mV", "its reversal potential")
    q_rr: Value = bs.parameter(3000.0, "nS", "its increment at a spike")

    g_s: float = bs.initial(0.0, "nS", "conductance of adaptation")
    g_r: float = bs.initial(0.0, "nS", "conductance of the relative refractory time")


class Facets(Leaky):
    """Leaky membrane of the first stage of the FACETS hardware, given by its conductance."""

    equations = "dv/dt = (g_leak*(v_rest - v) + I + i_offset)/cm"

    g_leak: Value = bs.parameter(40.0, "nS", "leak conductance", above=0.0)
    cm: Value = bs.parameter(200.0, "pF", "capacitance of the membrane", above=0.0)
    tau_refrac: Value = bs.parameter(1.0, "ms", "refractory time", at_least=0.0)
    e_rev_E: Value = bs.parameter(0.0, "mV", "reversal potential of excitation")


class AdaptiveExponential(Leaky):
    """Membrane of Brette and Gerstner (2005)."""

    # within a step v may rise far above the peak, where exp would overflow: above it, slopes are those of the peak
    equations = """
        v_cut = min(v, v_spike)
        upstroke = cm/tau_m*delta_T*exp((v_cut - v_thresh)/delta_T)
        dv/dt = (cm/tau_m*(v_rest - v) + upstroke - w + I + i_offset)/cm
        dw/dt = (a*(v_cut - v_rest) - w)/tau_w
    """
    threshold = "v >= v_spike"
    reset = "v = v_reset; w += b"
    method = "rk4"

    v_spike: Value = bs.parameter(-40.0, "mV", "potential at which a spike is detected")
    a: Value = bs.parameter(4.0, "nS", "adaptation below the threshold")
    b: Value = bs.parameter(80.5, "pA", "increment of adaptation at a spike")
    delta_T: Value = bs.parameter(2.0, "mV", "sharpness of the upstroke", above=0.0)
    tau_w: Value = bs.parameter(144.0, "ms", "time constant of adaptation", above=0.0)

    w: float = bs.initial(0.0, "pA", "adaptation current")


class TraubMiles(bs.Neuron):
    """Membrane of Traub and Miles (1991), as in Brette et al. (2007)."""

    equations = """
        u = v - v_offset
        alpha_m = 1.28/exprel((13 - u)/4)
        beta_m = 1.4/exprel((u - 40)/5)
        alpha_h = 0.128*exp((17 - u)/18)
        beta_h = 4*sigmoid((u - 40)/5)
        alpha_n = 0.16/exprel((15 - u)/5)
        beta_n = 0.5*exp((10 - u)/40)
        i_channels = gbar_Na*m**3*h*(e_rev_Na - v) + gbar_K*n**4*(e_rev_K - v)
        dv/dt = (i_channels + g_leak*(e_rev_leak - v) + I + i_offset)/cm
        dm/dt = alpha_m*(1 - m) - beta_m*m
        dh/dt = alpha_h*(1 - h) - beta_h*h
        dn/dt = alpha_n*(1 - n) - beta_n*n
    """
    dimensions = False  # the rates are fits in 1/ms to v in mV
    threshold = "v >= 0"
    refractory = "v >= 0"
    method = "rk4"
    substeps = 2  # at dt = 0.1 ms, a single step would be unstable while sodium channels are open

    gbar_Na: Value = bs.parameter(20000.0, "nS", "conductance of sodium")
    gbar_K: Value = bs.parameter(6000.0, "nS", "conductance of potassium")
    g_leak: Value = bs.parameter(10.0, "nS", "conductance of the leak")
    cm: Value = bs.parameter(200.0, "pF", "capacitance of the membrane", above=0.0)
    v_offset: Value = bs.parameter(-63.0, "mV", "potential from which the rates count")
    e_rev_Na: Value = bs.parameter(50.0, "mV", "reversal potential of sodium")
    e_rev_K: Value = bs.parameter(-90.0, "mV", "reversal potential of potassium")
    e_rev_leak: Value = bs.parameter(-65.0, "mV", "reversal potential of the leak")
    i_offset: Value = bs.parameter(0.0, "pA", "constant current")

    v: float = bs.initial(-65.0, "mV", "membrane potential")
    m: float = bs.initial("alpha_m/(alpha_m + beta_m)", "", "activation of sodium")
    h: float = bs.initial("alpha_h/(alpha_h + beta_h)", "", "inactivation of sodium")
    n: float = bs.initial("alpha_n/(alpha_n + beta_n)", "", "activation of potassium")


class Izhikevich(bs.Neuron):
    """Cell of Izhikevich (2003); a current of 1 pA changes v by 1 mV/ms, as in PyNN."""

    equations = """
        dv/dt = 0.04*v**2 + 5*v + 140 - u + I + i_offset
        du/dt = a*(b*v - u)
    """
    dimensions = False  # the numbers are fits, in ms and mV
    threshold = "v >= 30"
    reset = "v = c; u += d"
    method = "heun"

    a: Value = bs.parameter(0.02, "1/ms", "rate of recovery")
    b: Value = bs.parameter(0.2, "1/ms", "how strongly u follows v")
    c: Value = bs.parameter(-65.0, "mV", "reset potential")
    d: Value = bs.parameter(2.0, "mV/ms", "step of u at a spike")
    i_offset: Value = bs.parameter(0.0, "pA", "constant current")

    v: float = bs.initial(-70.0, "mV", "membrane potential")
    u: float = bs.initial(-14.0, "mV/ms", "recovery")


# a spike at the time t stands for the step that ends there; half a step is far from any rounding error
WINDOW = "t > start + 0.5*dt and t < start + duration + 0.5*dt"


class Source(bs.Neuron):
    """Sources that are silent before `start` [ms] and after `duration` more."""

    spiking_source = True

    start: Value = bs.parameter(0.0, "ms", "when the source begins")
    duration: Value = bs.parameter(1e10, "ms", "how long it is active")


class PoissonSource(Source):
    """Poisson trains."""

    threshold = f"rand() < 0.001*rate*dt and {WINDOW}"
    conditions = ("0.001*rate*dt <= 1",)

    rate: Value = bs.parameter(1.0, "Hz", "mean firing rate", at_least=0.0)


class RefractorySource(Source):
    """Poisson trains with a dead time after each spike."""

    threshold = f"rand() < dt/(1/(0.001*rate) - tau_refrac) and {WINDOW}"
    refractory = "tau_refrac"
    conditions = ("0.001*rate*(tau_refrac + dt) <= 1",)

    rate: Value = bs.parameter(1.0, "Hz", "mean firing rate, dead time included", above=0.0)
    tau_refrac: Value = bs.parameter(0.0, "ms", "dead time", at_least=0.0)


class GammaSource(Source):
    """Gamma renewal processes: an interval is the sum of `alpha` exponential times with the rate `beta`."""

    threshold = "progress >= 1"
    reset = "progress -= 1"
    events = {"stage": (f"rand() < 0.001*beta*dt and {WINDOW}", "progress += 1/alpha")}  # noqa: RUF012
    conditions = ("0.001*beta*dt <= 1",)

    alpha: Value = bs.parameter(2.0, "", "order of the process", at_least=1.0)
    beta: Value = bs.parameter(1.0, "Hz", "rate of the stages", at_least=0.0)

    progress: float = bs.initial(bs.Uniform(0.0, 1.0), "", "completed fraction of the stages of the interval")


class Kind(NamedTuple):
    """A kind of receptor: its equations, the variable to which an event adds, its current, and the unit of weights."""

    equations: str
    target: str
    current: str
    unit: str


RISING = "d{x}/dt = (exp(1)*{x}_rising - {x})/{tau}\nd{x}_rising/dt = -{x}_rising/{tau}"
TWO_TIMES = """{x}_scale = exp({tau_decay}/{tau_rise}/exprel(log({tau_decay}/{tau_rise})))
d{x}/dt = ({x}_scale*{x}_rising - {x})/{tau_decay}
d{x}_rising/dt = -{x}_rising/{tau_rise}"""
TOWARDS = "{x}*({e_rev} - v)"
KINDS = {
    "delta": Kind("", "v", "", "mV"),
    "curr_exp": Kind("d{x}/dt = -{x}/{tau}", "{x}", "{x}", "pA"),
    "curr_alpha": Kind(RISING, "{x}_rising", "{x}", "pA"),
    "cond_exp": Kind("d{x}/dt = -{x}/{tau}", "{x}", TOWARDS, "nS"),
    "cond_alpha": Kind(RISING, "{x}_rising", TOWARDS, "nS"),
    "cond_beta": Kind(TWO_TIMES, "{x}_rising", TOWARDS, "nS"),
}


class Receptor(NamedTuple):
    """A receptor of a cell: its kind, its variable, and the parameters of the cell by the names of `KINDS`."""

    kind: str
    variable: str
    parameters: tuple[tuple[str, str], ...] = ()

    def text(self, template):
        """Return one of the texts of the kind with the names of this receptor."""
        return template.format(x=self.variable, **dict(self.parameters))


@functools.cache
def compose(membrane, receptors):
    """Return a class of cells with this membrane and these receptors, a tuple."""
    texts, currents, fields = [], [], {}
    for receptor in receptors:
        kind, x = KINDS[receptor.kind], receptor.variable
        texts += receptor.text(kind.equations).split("\n")
        currents += [receptor.text(kind.current)] if kind.current else []
        for role, name in receptor.parameters:
            if name in membrane.parameters:
                continue
            time = {"above": 0.0} if role.startswith("tau") else {}
            fields[name] = bs.parameter(5.0 if time else 0.0, "ms" if time else "mV", f"{role} of {x}", **time)
        for variable in (v for v in (x, f"{x}_rising") if f"d{v}/dt" in receptor.text(kind.equations)):
            fields[variable] = bs.initial(0.0, kind.unit, "variable of a receptor")
    if not receptors:
        return membrane
    total = " + ".join(["i_offset", *currents])
    equations = "\n".join([membrane.equations.strip().replace("i_offset", total), *texts])
    equations = "\n".join(line.strip() for line in equations.splitlines())
    return type(membrane.__name__, (membrane,), {"__doc__": membrane.__doc__, "equations": equations, **fields})


@functools.cache
def arrival(kind, variable):
    """Return the synapse whose events add to the variable of a receptor."""
    target = KINDS[kind].target.format(x=variable)
    texts = {"__doc__": "What a spike does.", "arrival": f"{target} = {target} + w", "weight_unit": KINDS[kind].unit}
    return type(f"Onto_{target}", (bs.Synapse,), texts)()


@functools.cache
def stochastic(n_eta, n_gamma):
    """Return the membrane of the GIF cell of Pozzorini et al. (2015), whose spikes leave so many currents and thresholds."""
    parts = [("eta", "pA", k) for k in range(n_eta)] + [("gamma", "mV", k) for k in range(n_gamma)]
    lines = ["dv/dt = (v_rest - v)/tau_m + (I + i_offset - i_eta)/cm"]
    lines.append("i_eta = " + " + ".join(f"eta_{k}" for k in range(n_eta)))
    lines.append(" + ".join(["v_t = v_t_star", *(f"gamma_{k}" for k in range(n_gamma))]))
    reset = [Leaky.reset]
    fields = {
        "delta_v": bs.parameter(0.5, "mV", "sharpness of the threshold", above=0.0),
        "v_t_star": bs.parameter(-48.0, "mV", "threshold without spikes"),
        "lambda0": bs.parameter(1.0, "Hz", "rate at the threshold", at_least=0.0),
    }
    for name, unit, k in parts:
        lines.append(f"d{name}_{k}/dt = -{name}_{k}/tau_{name}_{k}")
        reset.append(f"{name}_{k} += a_{name}_{k}")
        fields[f"tau_{name}_{k}"] = bs.parameter(10.0, "ms", "time constant of a part", above=0.0)
        fields[f"a_{name}_{k}"] = bs.parameter(0.0, unit, "increment of a part at a spike")
        fields[f"{name}_{k}"] = bs.initial(0.0, unit, "a part of what spikes leave")
    texts = {"__doc__": stochastic.__doc__, "equations": "\n".join(lines), "reset": "; ".join(reset)}
    texts["threshold"] = "rand() < -expm1(-0.001*lambda0*exp((v - v_t)/delta_v)*dt)"
    return type("GIF", (Leaky,), texts | fields)
