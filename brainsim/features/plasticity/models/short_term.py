"""Short-term plasticity: what a spike delivers depends on the spikes before it, and the weight stays as it is."""

from typing import Any, Literal

import numpy as np

from brainsim.features.plasticity.models.base import Plasticity
from brainsim.models.base import initial, parameter
from brainsim.models.values import Distribution, Value

STATES = {
    "two": {"equations": "dx/dt = (1 - x)/tau_rec\ndu/dt = -u/tau_fac", "on_pre": "u = u + U*(1 - u); r = u*x; x = x - r"},
    # x_recovered = x - y*tau_psc/(tau_psc - tau_rec): in this sum, unlike in x_recovered alone, no other variable enters
    "three": {
        "equations": "dx/dt = (1 - x)/tau_rec\ndy/dt = -y/tau_psc\ndu/dt = -u/tau_fac",
        "on_pre": "u = u + U*(1 - u); r = u*(x - y*tau_psc/(tau_psc - tau_rec)); "
        "x = x - r*tau_rec/(tau_rec - tau_psc); y = y + r",
    },
}


class TsodyksMarkram(Plasticity):
    """Short-term depression and facilitation: each spike releases a fraction u of the resources x.

    At a spike ``u = u + U*(1 - u)``, then ``u*x`` is released: the target gets ``w*u*x``, and x falls by as much. Between
    spikes ``dx/dt = (1 - x)/tau_rec`` and ``du/dt = -u/tau_fac``. The weight w does not change; the first spike delivers
    ``U*w``.

    Parameters
    ----------
    states : {"two", "three"}
        Whether released resources begin to recover at once, or stay active for tau_psc first, as in the publications of
        1998 and 2000.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.TsodyksMarkram(U=0.03, tau_rec=130.0, tau_fac=530.0)
    TsodyksMarkram(U=0.03, tau_rec=130.0, tau_fac=530.0)
    >>> bs.TsodyksMarkram.published("facilitating, Tsodyks 1998").tau_fac
    530.0

    Notes
    -----
    Published sets: ``TsodyksMarkram.published("depressing, Tsodyks 1998")``, which is the default, ``"facilitating, Tsodyks
    1998"``, and ``"working memory, Mongillo 2008"``. The first two are of figure 1, and two states are used unless you add
    ``states="three"``.

    References
    ----------
    Tsodyks, Pawelzik & Markram (1998), doi:10.1162/089976698300017502; Tsodyks, Uziel & Markram (2000),
    doi:10.1523/JNEUROSCI.20-01-j0003.2000; Mongillo, Barak & Tsodyks (2008), doi:10.1126/science.1150769.
    """

    states: Literal["two", "three"] = "two"
    _options = ("states",)
    _choices = {"states": tuple(STATES)}
    _sets = {
        "depressing, Tsodyks 1998": {"U": 0.5, "tau_rec": 800.0, "tau_fac": 0.0},
        "facilitating, Tsodyks 1998": {"U": 0.03, "tau_rec": 130.0, "tau_fac": 530.0, "tau_psc": 1.5},
        "working memory, Mongillo 2008": {"U": 0.19, "tau_rec": 200.0, "tau_fac": 1500.0},
    }

    amplitude = "w*r"
    conditions = ("U <= 1",)

    U: Value = parameter(
        0.5, "", "utilization: fraction of the resources that a spike after a long pause releases", above=0.0
    )
    tau_rec: Value = parameter(800.0, "ms", "time constant of recovery", above=0.0)
    tau_fac: Value = parameter(0.0, "ms", "time constant of facilitation; if it is 0, u is U at each spike", at_least=0.0)
    tau_psc: Value = parameter(
        3.0, "ms", "with three states, how long released resources stay active; not tau_rec", at_least=0.0
    )

    x: float = initial(1.0, "", "fraction of the resources that is available")
    u: float = initial(0.0, "", "utilization: fraction of them that a spike releases")
    r: float = initial(0.0, "", "fraction of the resources released by the last spike")
    y: float = initial(0.0, "", "fraction of the resources that is active (three states)")

    def texts(self) -> dict[str, Any]:
        """Return the texts of the rule, according to the number of states."""
        return super().texts() | STATES[self.states]

    def _check_conditions(self):
        super()._check_conditions()
        if self.states == "three" and not isinstance(self.tau_rec, Distribution) and np.any(self.tau_rec == self.tau_psc):
            message = f"must not be tau_rec with three states (got {self.tau_psc}); a slightly different value is as good"
            raise ValueError(f"{type(self).__name__}.tau_psc: {message}")


class QuantalRelease(Plasticity):
    """Short-term plasticity of single vesicles: each of N sites is full or empty, and full ones release with probability u.

    At a spike of the source u rises, ``u = u + U*(1 - u)``, each full site releases with this probability, and the target
    gets w for each release; between spikes u decays with `tau_fac`, and each empty site is filled again with the rate
    1/tau_rec. The mean over trials is that of `TsodyksMarkram` with the weight ``w*sites``, and the variance of the number
    of releases is ``sites*u*x*(1 - u*x)``, with u and x of that rule.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.QuantalRelease(sites=12, U=0.03, tau_rec=200.0, tau_fac=500.0)
    QuantalRelease(sites=12.0, U=0.03, tau_rec=200.0, tau_fac=500.0)

    References
    ----------
    Fuhrmann, Segev, Markram & Tsodyks (2002), doi:10.1152/jn.00258.2001; Loebel et al. (2009),
    doi:10.3389/neuro.10.027.2009.
    """

    equations = "du/dt = -u/tau_fac"
    between = "full = full + binomial(sites - full, 1 - exp(-elapsed/tau_rec))"
    on_pre = "u = u + U*(1 - u); released = binomial(full, u); full = full - released"
    _options = ()  # the weight stays as it is, whatever its sign
    amplitude = "w*released"
    conditions = ("U <= 1", "sites == floor(sites)", "sites <= 1e9")

    sites: Value = parameter(5.0, "", "number of release sites", at_least=1.0)
    U: Value = parameter(0.5, "", "probability of release at a first spike", above=0.0)
    tau_rec: Value = parameter(800.0, "ms", "mean time until an empty site is full", above=0.0)
    tau_fac: Value = parameter(0.0, "ms", "time constant of facilitation; 0 for none", at_least=0.0)

    u: float = initial(0.0, "", "probability of release")
    full: float = initial("sites", "", "number of full sites")
    released: float = initial(0.0, "", "number of sites that released at the last spike")
