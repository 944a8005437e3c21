"""Rules of plasticity as users write them, each for one thing that the built-in ones do not do."""

import brainsim as bs

TAU = {"above": 0.0}


class Pairs(bs.Plasticity):
    """All pairs, unbounded: the change is a sum over pairs."""

    equations = """
        dx/dt = -x/tau_x
        dy/dt = -y/tau_y
    """
    on_pre = "w = w - a*y; x = x + 1"
    on_post = "w = w + b*x; y = y + 1"
    tau_x: float = bs.parameter(20.0, "ms", "time constant of x", **TAU)
    tau_y: float = bs.parameter(33.0, "ms", "time constant of y", **TAU)
    a: float = bs.parameter(0.3, "weight", "depression")
    b: float = bs.parameter(0.7, "weight", "potentiation")
    x: float = bs.initial(0.0, "", "trace of the source")
    y: float = bs.initial(0.0, "", "trace of the target")


class Centred(Pairs):
    """A variable of the synapse that both ends assign, and a trace of the target."""

    on_post = "w = w + b*x; x = 0; y = 1"


class Restricted(Pairs):
    """Flags that each end sets and clears."""

    on_pre = "w = w - a*y*q; q = 0; p = 1; x = 1"
    on_post = "w = w + b*x*p; p = 0; q = 1; y = 1"
    p: float = bs.initial(0.0, "", "the source has fired since the target")
    q: float = bs.initial(0.0, "", "the target has fired since the source")


class Rich(bs.Plasticity):
    """All that a rule may hold: limits, initial values, traces read before and after they jump, several assignments to w."""

    equations = """
        rate = 1/tau
        dx/dt = (x_rest - x)*rate   # does not start at its limit
        dy/dt = -y/(2*tau)
        dz/dt = (z_rest - z)/tau_z
    """
    on_pre = """
        w = w*(1 - a*x)
        x = x + 1; n = n + 1
        z = z + 0.1*x - 0.05*y
        w = w - b*y*z
    """
    on_post = """
        w = w + b*(x + 0.01*n)*(1 + y)/(1 + z)
        y = 0.5*y + 1
        z = 0.7*z + 0.02*y; c = c + z*exp(-w/top)
    """
    amplitude = "w*(1 + 0.1*z) + 0.01*top*x"
    bounds = ("bottom", "top*(1 - a)")
    tau: float = bs.parameter(12.0, "ms", "time constant of x", **TAU)
    tau_z: float = bs.parameter(40.0, "ms", "time constant of z", **TAU)
    x_rest: float = bs.parameter(0.3, "", "limit of x")
    z_rest: float = bs.parameter(0.2, "", "limit of z")
    a: float = bs.parameter(0.02, "", "depression without the target")
    b: float = bs.parameter(0.05, "weight", "size of a change")
    bottom: float = bs.parameter(0.1, "weight", "lower bound")
    top: float = bs.parameter(2.0, "weight", "upper bound")
    x: float = bs.initial("2*x_rest", "", "trace of the source")
    y: float = bs.initial(0.4, "", "trace of the target")
    z: float = bs.initial(0.1, "", "of the synapse")
    n: float = bs.initial(0.0, "", "number of spikes of the source")
    c: float = bs.initial(0.0, "", "of the synapse, constant between spikes")


class Depressing(bs.Plasticity):
    """Short-term depression: the weight never changes, what is delivered does."""

    equations = "dx/dt = (1 - x)/tau"
    on_pre = "r = share*x; x = x - r"
    amplitude = "w*r"
    tau: float = bs.parameter(200.0, "ms", "recovery", **TAU)
    share: float = bs.parameter(0.5, "", "share of the resources that a spike uses")
    x: float = bs.initial(1.0, "", "resources")
    r: float = bs.initial(0.0, "", "released by the last spike")


class Guetig(Pairs):
    """NEST's `stdp_synapse`: how the changes depend on the weight is set by two exponents."""

    on_pre = "w = w - alpha*lam*w_max*(w/w_max)**mu_minus*y; x = x + 1"
    on_post = "w = w + lam*w_max*(1 - w/w_max)**mu_plus*x; y = y + 1"
    bounds = ("0", "w_max")
    lam: float = bs.parameter(0.01, "", "potentiation")
    alpha: float = bs.parameter(1.05, "", "depression relative to potentiation")
    mu_plus: float = bs.parameter(0.4, "", "exponent of potentiation")
    mu_minus: float = bs.parameter(0.7, "", "exponent of depression")
    w_max: float = bs.parameter(2.0, "weight", "upper bound")


class ShortTerm(bs.Plasticity):
    """Tsodyks and Markram's rule; u and x are what a spike finds left after the one before."""

    equations = """
        dx/dt = (1 - x)/tau_rec
        du/dt = -u/tau_fac
    """
    on_pre = "u = u + U*(1 - u); r = u*x; x = x - r"
    amplitude = "w*r"
    U: float = bs.parameter(0.19, "", "utilization of the first spike")
    tau_rec: float = bs.parameter(200.0, "ms", "recovery", **TAU)
    tau_fac: float = bs.parameter(1500.0, "ms", "facilitation", at_least=0.0)
    x: float = bs.initial(1.0, "", "resources")
    u: float = bs.initial(0.0, "", "utilization")
    r: float = bs.initial(0.0, "", "released by the last spike")


class Triplets(bs.Plasticity):
    """Pfister and Gerstner's rule, all to all."""

    equations = """
        dr1/dt = -r1/tau_plus
        dr2/dt = -r2/tau_x
        do1/dt = -o1/tau_minus
        do2/dt = -o2/tau_y
    """
    on_pre = "w = w - o1*(a2_minus + a3_minus*r2); r1 = r1 + 1; r2 = r2 + 1"
    on_post = "w = w + r1*(a2_plus + a3_plus*o2); o1 = o1 + 1; o2 = o2 + 1"
    tau_plus: float = bs.parameter(16.8, "ms", "time constant of r1", **TAU)
    tau_minus: float = bs.parameter(33.7, "ms", "time constant of o1", **TAU)
    tau_x: float = bs.parameter(101.0, "ms", "time constant of r2", **TAU)
    tau_y: float = bs.parameter(125.0, "ms", "time constant of o2", **TAU)
    a2_plus: float = bs.parameter(5e-10, "weight", "potentiation by pairs")
    a3_plus: float = bs.parameter(6.2e-3, "weight", "potentiation by triplets")
    a2_minus: float = bs.parameter(7e-3, "weight", "depression by pairs")
    a3_minus: float = bs.parameter(2.3e-4, "weight", "depression by triplets")
    r1: float = bs.initial(0.0, "", "fast trace of the source")
    r2: float = bs.initial(0.0, "", "slow trace of the source")
    o1: float = bs.initial(0.0, "", "fast trace of the target")
    o2: float = bs.initial(0.0, "", "slow trace of the target")


class Counting(bs.Plasticity):
    """No trace and no equation: the weight counts the spikes of both ends."""

    dimensions = False
    on_pre = "w = w + 1"
    on_post = "w = w + 1000"


class Silent(bs.Plasticity):
    """Only the source matters, and the weight only falls."""

    on_pre = "w = w*keep"
    keep: float = bs.parameter(0.99, "", "what a spike leaves")


class OnlyPost(bs.Plasticity):
    """Only the target matters."""

    equations = "dy/dt = -y/tau"
    on_post = "w = w + a*y; y = y + 1"
    tau: float = bs.parameter(10.0, "ms", "time constant", **TAU)
    a: float = bs.parameter(0.01, "weight", "change")
    y: float = bs.initial(0.0, "", "trace of the target")


RULES = [Pairs, Centred, Restricted, Rich, Depressing, Guetig, ShortTerm, Triplets, Counting, Silent, OnlyPost]
