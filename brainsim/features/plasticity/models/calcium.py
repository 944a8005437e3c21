"""Plasticity that follows the calcium in the synapse."""

from typing import ClassVar

from brainsim.features.plasticity.models.base import Plasticity
from brainsim.models.base import initial, parameter
from brainsim.models.values import Value


class CalciumPlasticity(Plasticity):
    """Graupner and Brunel's rule: calcium above a threshold potentiates, above a lower one depresses; two stable states.

    The efficacy rho, between 0 and 1, follows::

        tau drho/dt = -rho (1 - rho) (rho_star - rho) + gamma_p (1 - rho) [c > th_p] - gamma_d rho [c > th_d]
                      + sigma sqrt(tau) sqrt([c > th_p] + [c > th_d]) xi
        dc/dt = -c/tau_ca;  c += c_source at a spike of the source, c += c_target at a spike of the target
        w = w_0*(1 + (b - 1)*rho)

    The drift to 0 or 1 is a step of the midpoint rule from one event of the synapse to the next, at most 32,768 steps of
    dt. The other terms, which are faster by the factor gamma, are exact in distribution. Random numbers depend on the seed
    of the run, the synapse and the time of the event. The paper lets presynaptic calcium come a time D after the spike: here
    it comes with the spike at the synapse, so D is the axonal part of the delay.

    **Weights.** w follows rho, between w_0 and ``b*w_0``. The weight in `connect` says where rho begins, ``rho = (w/w_0 -
    1)/(b - 1)``, so it must be within these two: ``weight=w_0`` for synapses that begin in the lower of the stable states.
    ``sim.set(projection, w=...)`` sets rho too, and ``rho=`` sets w.

    Notes
    -----
    Published sets, for `published`: "DP", "DPD", "DPD'", "P", "D", "D'", "hippocampal slices", "hippocampal cultures" and
    "cortical slices". The delays D of the nine are 13.7, 4.6, 2.2, 0, 0, 0, 18.8008, 10 and 4.6098 ms.

    The closed forms of the publication leave out the drift. It matters when a protocol takes as long as `tau`: 75 pairs at
    0.1 Hz with a lag of -10 ms leave cortical slices at 0.8 of their weight with it, and at 0.7 without.

    Examples
    --------
    >>> import brainsim as bs
    >>> rule = bs.CalciumPlasticity.published("DP", w_0=0.2)
    >>> cells, net = bs.Population(100, bs.LIF(), name="cells"), bs.Network(seed=1)
    >>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.6, delay=1.5, synapse=bs.Delta(), plasticity=rule)
    >>> bs.Simulation(net, seed=2).synapses(wires).columns["rho"][:3]
    array([0.5, 0.5, 0.5])

    References
    ----------
    Graupner & Brunel (2012), doi:10.1073/pnas.1109359109; the noise as corrected in 2013, doi:10.1073/pnas.1220044110.
    """

    _options = ()  # w_0 has a sign

    # calcium decays alone, so the time for which it has been above a threshold is a logarithm
    between = """
        above_p = clip(tau_ca*log(max(c, th_p)/th_p), 0, elapsed)
        above_d = clip(tau_ca*log(max(c, th_d)/th_d), 0, elapsed)
        kept = exp(-(gamma_p + gamma_d)*above_p/tau)
        rho = rho*kept + gamma_p/(gamma_p + gamma_d)*(1 - kept)
        rho = rho + sigma*sqrt((1 - kept**2)/(gamma_p + gamma_d))*randn()
        left = exp(-gamma_d*(above_d - above_p)/tau)
        rho = rho*left + sigma*sqrt((1 - left**2)/(2*gamma_d))*randn()
        half = rho - 0.5*elapsed/tau*rho*(1 - rho)*(rho_star - rho)
        rho = rho - elapsed/tau*half*(1 - half)*(rho_star - half)
        c = c*exp(-elapsed/tau_ca)
        w = w_0*(1 + (b - 1)*rho)
    """
    on_pre = "c = c + c_source"
    on_post = "c = c + c_target"
    conditions = ("th_d <= th_p", "w_0 != 0", "b != 1")
    _begins: ClassVar[dict[str, tuple[float, float]]] = {"rho": (0.0, 1.0)}

    tau_ca: float = parameter(20.0, "ms", "decay time of calcium", above=0.0)
    c_source: Value = parameter(
        1.0, "", "calcium that a presynaptic spike brings, in units of th_d of the paper", at_least=0.0
    )
    c_target: Value = parameter(
        2.0, "", "calcium that a postsynaptic spike brings, in units of th_d of the paper", at_least=0.0
    )
    th_p: float = parameter(1.3, "", "threshold of potentiation", above=0.0)
    th_d: float = parameter(1.0, "", "threshold of depression", above=0.0)
    gamma_p: Value = parameter(321.808, "", "rate of potentiation, in units of 1/tau", above=0.0)
    gamma_d: Value = parameter(200.0, "", "rate of depression, in units of 1/tau", above=0.0)
    sigma: float = parameter(2.8284, "", "size of the noise", at_least=0.0)
    tau: Value = parameter(150_000.0, "ms", "time constant of the efficacy", above=0.0)
    rho_star: float = parameter(0.5, "", "border between the basins of the two stable states")
    w_0: Value = parameter(1.0, "weight", "weight at rho = 0")
    b: float = parameter(5.0, "", "weight at rho = 1 in units of w_0")

    c: float = initial(0.0, "", "calcium")
    rho: float = initial(0.0, "", "efficacy; it begins with the weight in connect")


_NAMES = ("tau_ca", "c_source", "c_target", "th_p", "gamma_d", "gamma_p", "sigma", "tau", "b")
CalciumPlasticity._sets = {
    name: dict(zip(_NAMES, values, strict=True))
    for name, values in {
        "DP": (20.0, 1.0, 2.0, 1.3, 200.0, 321.808, 2.8284, 150_000.0, 5.0),
        "DPD": (20.0, 0.9, 0.9, 1.3, 250.0, 550.0, 2.8284, 150_000.0, 5.0),
        "DPD'": (20.0, 1.0, 2.0, 2.5, 50.0, 600.0, 2.8284, 150_000.0, 5.0),
        "P": (20.0, 2.0, 2.0, 1.3, 160.0, 257.447, 2.8284, 150_000.0, 5.0),
        "D": (20.0, 0.6, 0.6, 1.3, 500.0, 550.0, 5.6568, 150_000.0, 5.0),
        "D'": (20.0, 1.0, 2.0, 3.5, 60.0, 600.0, 2.8284, 150_000.0, 5.0),
        "hippocampal slices": (48.8373, 1.0, 0.275865, 1.3, 313.0965, 1645.59, 9.1844, 688_355.0, 5.28145),
        "hippocampal cultures": (11.9536, 0.58156, 1.76444, 1.3, 61.141, 113.6545, 2.5654, 33_759.6, 36.0263),
        "cortical slices": (22.6936, 0.5617539, 1.23964, 1.3, 331.909, 725.085, 3.3501, 346_361.5, 5.40988),
    }.items()
}
