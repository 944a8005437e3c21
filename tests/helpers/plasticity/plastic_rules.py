"""Rules as their publications write them, as texts for the slow twin."""

from tests.helpers.plasticity.plastic_twin import Rule

TRACES = "dx/dt = -x/tau_plus; dy/dt = -y/tau_minus"
PAIR = {"tau_plus": 20.0, "tau_minus": 20.0}


def pair_rule(up, down, *, bounds=("", ""), **parameters):
    """Return a rule of pairs: w grows by `up`*x at a postsynaptic spike and shrinks by `down`*y at a presynaptic one."""
    return Rule(
        equations=TRACES,
        on_pre=f"w = w - ({down})*y; x = x + 1",
        on_post=f"w = w + ({up})*x; y = y + 1",
        bounds=bounds,
        parameters=PAIR | parameters,
        initials={"x": 0.0, "y": 0.0},
    )


# of Morrison, Diesmann and Gerstner (2008), doi:10.1007/s00422-008-0233-1, figure 7; each with the jumps of additive STDP
PAIRINGS = {
    "all": ("w = w - a*y; x = x + 1", "w = w + b*x; y = y + 1"),
    "nearest": ("w = w - a*y; x = 1", "w = w + b*x; y = 1"),
    "presynaptic centred": ("w = w - a*y; x = x + 1", "w = w + b*x; x = 0; y = 1"),
    "reduced symmetric": ("w = w - a*y*q; q = 0; p = 1; x = 1", "w = w + b*x*p; p = 0; q = 1; y = 1"),
}


def pairing(name, a=0.7, b=0.3):
    """Return a rule that pairs spikes in one of four ways."""
    on_pre, on_post = PAIRINGS[name]
    start = dict.fromkeys("xypq" if "p" in on_pre.split("=")[2] else "xy", 0.0)
    return Rule(TRACES, on_pre, on_post, parameters=PAIR | {"a": a, "b": b}, initials=start)


# Pfister and Gerstner (2006), doi:10.1523/JNEUROSCI.1425-06.2006: A2+, A3+, A2-, A3-, tau_x, tau_y
TRIPLETS = {
    "visual cortex, all": (5e-10, 6.2e-3, 7e-3, 2.3e-4, 101.0, 125.0),
    "visual cortex, all, minimal": (0.0, 6.5e-3, 7.1e-3, 0.0, 1.0, 114.0),
    "visual cortex, nearest": (8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714.0, 40.0),
    "visual cortex, nearest, minimal": (0.0, 5e-2, 8e-3, 0.0, 1.0, 40.0),
    "hippocampus, all": (6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946.0, 27.0),
    "hippocampus, all, minimal": (5.3e-3, 8e-3, 3.5e-3, 0.0, 1.0, 40.0),
    "hippocampus, nearest, minimal": (4.6e-3, 9.1e-3, 3e-3, 0.0, 1.0, 48.0),
}


def triplet(name):
    """Return the rule of triplets with one of the published sets."""
    keys = ("a2_plus", "a3_plus", "a2_minus", "a3_minus", "tau_x", "tau_y")
    jump = "{0} = 1" if "nearest" in name else "{0} = {0} + 1"
    jumps = {k: jump.format(k) for k in ("r1", "r2", "o1", "o2")}
    return Rule(
        equations="dr1/dt = -r1/tau_plus; dr2/dt = -r2/tau_x; do1/dt = -o1/tau_minus; do2/dt = -o2/tau_y",
        on_pre=f"w = w - o1*(a2_minus + a3_minus*r2); {jumps['r1']}; {jumps['r2']}",
        on_post=f"w = w + r1*(a2_plus + a3_plus*o2); {jumps['o1']}; {jumps['o2']}",
        parameters=dict(zip(keys, TRIPLETS[name], strict=True)) | {"tau_plus": 16.8, "tau_minus": 33.7},
        initials=dict.fromkeys(jumps, 0.0),
    )


def short_term(U, tau_rec, tau_fac):
    """Return Tsodyks and Markram's rule; u and x are kept as they are just after a spike, r is what a spike released."""
    return Rule(
        equations="du/dt = -u/tau_fac; dx/dt = (1 - x)/tau_rec",
        on_pre="u = u + U*(1 - u); r = u*x; x = x - r",
        amplitude="w*r",
        parameters={"U": U, "tau_rec": tau_rec, "tau_fac": tau_fac},
        initials={"u": 0.0, "x": 1.0, "r": 0.0},
    )
