"""Plasticity that depends on a reward."""

from brainsim.models.base import initial, parameter
from brainsim.models.plasticity.base import Plasticity
from brainsim.models.values import Value


class DopamineSTDP(Plasticity):
    """Spike-timing-dependent plasticity gated by dopamine n: pairs leave an eligibility trace c; ``dw/dt = c*(n - n_base)``.

    A synapse whose source fires shortly before its target stays eligible for about `tau_c`; if dopamine comes within this
    time, the synapse is potentiated. So a reward seconds later still finds the synapses that led to it. Without
    ``modulator=`` in `connect`, set n from outside: ``sim.set(projection, n=sim.modulator(projection) + 0.5)``.

    The equations are::

        dc/dt = -c/tau_c;  dn/dt = -n/tau_n;  dw/dt = c*(n - n_base)
        spike of the source:    c -= a_minus*y, x += 1;  dx/dt = -x/tau_plus
        spike of the target:    c += a_plus*x,  y += 1;  dy/dt = -y/tau_minus
        spike of a modulating cell:  n += release

    Weights change exactly, however seldom a synapse is visited; they are set to their bounds at its events. If `tau_c` is
    long, w changes by c multiplied by the integral of n over time, a plain number. The default of `release` is 1/tau_n of
    the default `tau_n`, so that this integral is 1 for each spike, as in Potjans et al. It does not follow `tau_n`: with
    another one, give ``release=1/tau_n``. Izhikevich has no modulating cells: there, a reward raises n at once.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.DopamineSTDP(w_max=2.0)
    DopamineSTDP(w_max=2.0)

    References
    ----------
    Izhikevich (2007), doi:10.1093/cercor/bhl152; with spikes of dopaminergic cells: Potjans, Morrison & Diesmann (2010),
    doi:10.3389/fncom.2010.00141.
    """

    equations = """
        dx/dt = -x/tau_plus
        dy/dt = -y/tau_minus
        dc/dt = -c/tau_c
        dn/dt = -n/tau_n
        dw/dt = c*(n - n_base)
    """
    on_pre = "c = c - a_minus*y; x = x + 1"
    on_post = "c = c + a_plus*x; y = y + 1"
    on_modulator = "n = n + release"
    bounds = ("0", "w_max")

    tau_plus: Value = parameter(20.0, "ms", "time constant of potentiation", above=0.0)
    tau_minus: Value = parameter(20.0, "ms", "time constant of depression", above=0.0)
    a_plus: Value = parameter(0.1, "weight", "what a pair without a lag adds to the eligibility trace")
    a_minus: Value = parameter(0.15, "weight", "what a pair without a lag takes from the eligibility trace")
    tau_c: float = parameter(1000.0, "ms", "time constant of the eligibility trace", above=0.0)
    tau_n: float = parameter(200.0, "ms", "time constant of dopamine", above=0.0)
    n_base: float = parameter(0.0, "1/ms", "level of dopamine below which eligible synapses are depressed")
    release: float = parameter(0.005, "1/ms", "dopamine released by a spike of a modulating cell")
    w_max: Value = parameter(4.0, "weight", "upper bound of the weight; the lower one is 0", above=0.0)

    x: float = initial(0.0, "", "trace of the presynaptic spikes")
    y: float = initial(0.0, "", "trace of the postsynaptic spikes")
    c: float = initial(0.0, "weight", "eligibility trace")
    n: float = initial(0.0, "1/ms", "dopamine")
