"""Plasticity by pairs of spikes: variants of STDP, a rule for inhibitory synapses, and one that waits for a reward."""

from typing import Any, ClassVar, Literal

from brainsim.core.arrays import short_repr
from brainsim.core.checks import warn_user
from brainsim.features.plasticity.models.base import Plasticity
from brainsim.models.base import initial, parameter
from brainsim.models.values import Value, ValueLike

WEIGHT_DEPENDENCE = ("additive", "multiplicative", "gutig", "van_rossum", "power_law")
PAIRING = ("all", "nearest", "presynaptic", "reduced")
# weight dependence -> change by a pair without a lag, up and down
CHANGES = {
    "additive": ("a_plus*w_max", "a_minus*w_max"),
    "multiplicative": ("a_plus*(w_max - w)", "a_minus*w"),
    "gutig": ("a_plus*w_max*(1 - w/w_max)**mu", "a_minus*w_max*(w/w_max)**mu"),
    "van_rossum": ("a_plus*w_0", "a_minus*w"),
    "power_law": ("a_plus*w_0*(w/w_0)**mu", "a_minus*w"),
}
TRACES = "dx/dt = -x/tau_plus\ndy/dt = -y/tau_minus"
# pairing -> equations besides those of the traces, on_pre, on_post
SCHEMES = {
    "all": ("", "w = w - {down}*y; x = x + 1", "w = w + {up}*x; y = y + 1"),
    "nearest": ("", "w = w - {down}*y; x = 1", "w = w + {up}*x; y = 1"),
    # z is the part of x that earlier postsynaptic spikes have paired with
    "presynaptic": ("dz/dt = -z/tau_plus", "w = w - {down}*y; x = x + 1", "w = w + {up}*(x - z); z = x; y = 1"),
    # spikes are counted, and a synapse notes how many it has seen
    "reduced": (
        "",
        "w = w - where(posts > posts_seen, {down}*y, 0); posts_seen = posts; pres = pres + 1; x = 1",
        "w = w + where(pres > pres_seen, {up}*x, 0); pres_seen = pres; posts = posts + 1; y = 1",
    ),
}


class STDP(Plasticity):
    """Spike-timing-dependent plasticity by pairs of spikes: the weight w grows when the source spikes before the target, and
    falls when it spikes after the target.

    A pair with the lag s, from the spike of the source to that of the target, changes w by ``f_plus*exp(-s/tau_plus)`` if
    s > 0 and by ``-f_minus*exp(s/tau_minus)`` if s < 0. If s = 0, it changes nothing.

    Parameters
    ----------
    weight_dependence : {"additive", "multiplicative", "gutig", "van_rossum", "power_law"}
        How f_plus and f_minus depend on w; see below.
    pairing : {"all", "nearest", "presynaptic", "reduced"}
        Which spikes make pairs; see below.

    Notes
    -----
    =================  ==============================  ===========================  ========================
    weight_dependence  f_plus                          f_minus                      publication
    =================  ==============================  ===========================  ========================
    additive           a_plus*w_max                    a_minus*w_max                Song et al. (2000)
    multiplicative     a_plus*(w_max - w)              a_minus*w                    Rubin et al. (2001)
    gutig              a_plus*w_max*(1 - w/w_max)**mu  a_minus*w_max*(w/w_max)**mu  Gütig et al. (2003)
    van_rossum         a_plus*w_0                      a_minus*w                    van Rossum et al. (2000)
    power_law          a_plus*w_0*(w/w_0)**mu          a_minus*w                    Morrison et al. (2007)
    =================  ==============================  ===========================  ========================

    ===========  ===============================================================================
    pairing      pairs, as in figure 7 of Morrison et al. (2008)
    ===========  ===============================================================================
    all          each spike with all earlier ones of the other cell
    nearest      each spike with the last one of the other cell (7A)
    presynaptic  each spike of the source with the last and with the next one of the target (7B)
    reduced      neighbours only: no other spike of the two cells is between them (7C)
    ===========  ===============================================================================

    Published values: ``STDP.published("Song 2000")``, which are the defaults, and ``"Morrison 2007"``, with weights in pA.
    There are no sets for multiplicative, gutig and van_rossum: their parameters have to be given.

    van Rossum et al. add noise to each change, ``w*nu`` with a normal nu of standard deviation 0.015. It is left out here: a
    rule of your own can have it, with ``randn()`` in `on_pre` and `on_post`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.STDP(w_max=2.0, weight_dependence="multiplicative", pairing="nearest")
    STDP(w_max=2.0, weight_dependence='multiplicative', pairing='nearest')
    >>> bs.STDP(w_max=2.0).texts()["on_post"]
    'w = w + a_plus*w_max*x; y = y + 1'
    >>> bs.STDP.published("Song 2000", w_max=0.15)
    STDP(w_max=0.15)

    References
    ----------
    Song, Miller & Abbott (2000), doi:10.1038/78829; van Rossum, Bi & Turrigiano (2000),
    doi:10.1523/JNEUROSCI.20-23-08812.2000; Rubin, Lee & Sompolinsky (2001), doi:10.1103/PhysRevLett.86.364; Gütig, Aharonov,
    Rotter & Sompolinsky (2003), doi:10.1523/JNEUROSCI.23-09-03697.2003; Morrison, Aertsen & Diesmann (2007),
    doi:10.1162/neco.2007.19.6.1437; Morrison, Diesmann & Gerstner (2008), doi:10.1007/s00422-008-0233-1 (pairing).
    """

    weight_dependence: Literal["additive", "multiplicative", "gutig", "van_rossum", "power_law"] = "additive"
    pairing: Literal["all", "nearest", "presynaptic", "reduced"] = "all"
    _options = ("weight_dependence", "pairing", "sign")
    _choices = {"weight_dependence": WEIGHT_DEPENDENCE, "pairing": PAIRING}
    _sets: ClassVar[dict[str, dict[str, Any]]] = {
        "Song 2000": {},
        "Morrison 2007": {
            "weight_dependence": "power_law",
            "a_plus": 0.1,
            "a_minus": 0.1 * 0.0513,
            "mu": 0.4,
            "w_0": 1.0,
            "tau_plus": 15.0,
            "tau_minus": 30.0,
        },
    }

    tau_plus: Value = parameter(20.0, "ms", "time constant of potentiation", above=0.0)
    tau_minus: Value = parameter(20.0, "ms", "time constant of depression", above=0.0)
    a_plus: Value = parameter(0.005, "", "amplitude of potentiation, a share of w_max or w_0", at_least=0.0)
    a_minus: Value = parameter(0.00525, "", "amplitude of depression, a share of w_max or w", at_least=0.0)
    w_max: Value = parameter(
        1.0, "weight", "upper bound of the weight, not used by van_rossum and power_law; the lower one is 0", above=0.0
    )
    w_0: Value = parameter(1.0, "weight", "weight to which a_plus refers; used by van_rossum and power_law", above=0.0)
    mu: Value = parameter(0.02, "", "exponent; used by gutig and power_law", at_least=0.0)

    x: float = initial(0.0, "", "trace of presynaptic spikes")
    y: float = initial(0.0, "", "trace of postsynaptic spikes")
    z: float = initial(0.0, "", "part of x that has been paired (presynaptic)")
    pres: float = initial(0.0, "", "number of presynaptic spikes (reduced)")
    pres_seen: float = initial(0.0, "", "value of pres at the last postsynaptic spike (reduced)")
    posts: float = initial(0.0, "", "number of postsynaptic spikes (reduced)")
    posts_seen: float = initial(0.0, "", "value of posts at the last presynaptic spike (reduced)")

    def texts(self) -> dict[str, Any]:
        """Return the texts of the rule, according to the options."""
        up, down = CHANGES[self.weight_dependence]
        equations, on_pre, on_post = SCHEMES[self.pairing]
        return {
            "equations": f"{TRACES}\n{equations}".strip(),
            "on_pre": on_pre.format(down=down),
            "on_post": on_post.format(up=up),
            "amplitude": "w",
            "bounds": ("0", "" if self.weight_dependence in ("van_rossum", "power_law") else "w_max"),
        }


class VogelsSTDP(Plasticity):
    """Plasticity of inhibitory synapses that holds the firing rate of each target at rho_0, whatever drives it.

    A spike of the source changes the weight w by ``eta*(y - 2*rho_0*tau/1000)``, with rho_0 in Hz and tau in ms, a spike of
    the target by ``eta*x``, where the traces x of the source and y of the target grow by 1 at each spike and decay with tau.
    On average w does not change if the target fires at rho_0, grows if it fires faster, and falls if slower.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(1000, bs.LIF(), name="cells")
    >>> net, gaba = bs.Network(seed=1), bs.ExponentialConductance(tau=10.0, e_rev=-80.0)
    >>> wires = net.connect(cells[800:], cells[:800], bs.FixedProbability(0.02), weight=0.1, delay=0.8, synapse=gaba,
    ...                     plasticity=bs.VogelsSTDP(rho_0=5.0))
    >>> wires.plasticity
    VogelsSTDP(rho_0=5.0)

    Inhibition by currents has negative weights:

    >>> net.connect(cells[800:], cells[:800], bs.FixedProbability(0.02), weight=-10.0, delay=0.8,
    ...             synapse=bs.Exponential(tau=10.0), plasticity=bs.VogelsSTDP(eta=1.0, w_max=500.0, sign=-1)).plasticity
    VogelsSTDP(eta=1.0, w_max=500.0, sign=-1)

    References
    ----------
    Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), doi:10.1126/science.1211095.
    """

    # rho_0 is per second, the traces are in ms
    equations = """
        dx/dt = -x/tau
        dy/dt = -y/tau
    """
    on_pre = "w = w + eta*(y - 2*(0.001*rho_0)*tau); x = x + 1"
    on_post = "w = w + eta*x; y = y + 1"
    bounds = ("0", "w_max")

    tau: Value = parameter(20.0, "ms", "time constant of the traces", above=0.0)
    rho_0: Value = parameter(3.0, "Hz", "rate that the targets are held at", at_least=0.0)
    eta: Value = parameter(
        0.01, "weight", "change by a pair without a lag; the default is for conductances in nS", at_least=0.0
    )
    w_max: Value = parameter(100.0, "weight", "upper bound of the weight; the lower one is 0", above=0.0)

    x: float = initial(0.0, "", "trace of presynaptic spikes")
    y: float = initial(0.0, "", "trace of postsynaptic spikes")


class DopamineSTDP(Plasticity):
    """Spike-timing-dependent plasticity gated by dopamine n: pairs leave an eligibility trace c; ``dw/dt = c*(n - n_base)``.

    A synapse whose source fires shortly before its target stays eligible for about `tau_c`; if dopamine comes within this
    time, the synapse is potentiated. So a reward seconds later still finds the synapses that led to it. Without
    ``modulator=`` in `connect`, set n from outside: ``sim.set(projection, n=sim.modulator(projection) + 0.5)``.

    The equations are::

        dc/dt = -c/tau_c;  dn/dt = -n/tau_n;  dw/dt = c*(n - n_base)
        spike of the source:    c -= c_minus*y, x += 1;  dx/dt = -x/tau_plus
        spike of the target:    c += c_plus*x,  y += 1;  dy/dt = -y/tau_minus
        spike of a modulating cell:  n += release

    Weights change exactly, however seldom a synapse is visited; they are set to their bounds at its events. If `tau_c` is
    long, w changes by c multiplied by the integral of n over time, a plain number. The default of `release` is 1/tau_n of
    the default `tau_n`, so that this integral is 1 for each spike, as in Potjans et al. It does not follow `tau_n`: with
    another one, give ``release=1/tau_n``. Izhikevich has no modulating cells: there, a reward raises n at once.

    `c_plus` and `c_minus` are weights, not shares of `w_max` as `a_plus` and `a_minus` of `STDP` are, whose names they had
    until version 0.1.1. In this release the old names are read, with a warning.

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
    on_pre = "c = c - c_minus*y; x = x + 1"
    on_post = "c = c + c_plus*x; y = y + 1"
    on_modulator = "n = n + release"
    bounds = ("0", "w_max")
    _former: ClassVar = {"c_plus": "a_plus", "c_minus": "a_minus"}  # their names until version 0.1.1

    tau_plus: Value = parameter(20.0, "ms", "time constant of potentiation", above=0.0)
    tau_minus: Value = parameter(20.0, "ms", "time constant of depression", above=0.0)
    c_plus: Value = parameter(0.1, "weight", "what a pair without a lag adds to the eligibility trace")
    c_minus: Value = parameter(0.15, "weight", "what a pair without a lag takes from the eligibility trace")
    tau_c: float = parameter(1000.0, "ms", "time constant of the eligibility trace", above=0.0)
    tau_n: float = parameter(200.0, "ms", "time constant of dopamine", above=0.0)
    n_base: float = parameter(0.0, "1/ms", "level of dopamine below which eligible synapses are depressed")
    release: float = parameter(0.005, "1/ms", "dopamine released by a spike of a modulating cell")
    w_max: Value = parameter(4.0, "weight", "upper bound of the weight; the lower one is 0", above=0.0)

    x: float = initial(0.0, "", "trace of the presynaptic spikes")
    y: float = initial(0.0, "", "trace of the postsynaptic spikes")
    c: float = initial(0.0, "weight", "eligibility trace")
    n: float = initial(0.0, "1/ms", "dopamine")

    def __setstate__(self, state: dict[str, Any]) -> None:
        now = {former: name for name, former in self._former.items()}
        self.__dict__.update({now.get(name, name): value for name, value in state.items()})

    def __init__(self, *positional: object, **values: ValueLike) -> None:
        old = {name: new for new, name in self._former.items() if name in values and new not in values}
        if old and type(self).parameters.keys().isdisjoint(old):
            shown = ", ".join(f"{new}={short_repr(values[name])}" for name, new in old.items())
            why = f"{' and '.join(old)} of other rules are shares of w_max, while these are weights"
            warn_user(f"DopamineSTDP: write {shown}; {why}")
            values = {old.get(name, name): value for name, value in values.items()}
        super().__init__(*positional, **values)
