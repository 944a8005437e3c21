"""Plasticity by triplets of spikes."""

from typing import Any, ClassVar, Literal

from brainsim.features.plasticity.models.base import Plasticity
from brainsim.models.base import initial, parameter
from brainsim.models.values import Value

NAMES = ("a2_plus", "a3_plus", "a2_minus", "a3_minus", "tau_x", "tau_y")
# tables 3 and 4 of the publication; in minimal sets a3_minus is 0 and tau_x does not matter
SETS = {
    "visual cortex, all, full": (5e-10, 6.2e-3, 7e-3, 2.3e-4, 101.0, 125.0),
    "visual cortex, all, minimal": (0.0, 6.5e-3, 7.1e-3, 0.0, 101.0, 114.0),
    "visual cortex, nearest, full": (8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714.0, 40.0),
    "visual cortex, nearest, minimal": (0.0, 5e-2, 8e-3, 0.0, 714.0, 40.0),
    "hippocampus, all, full": (6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946.0, 27.0),
    "hippocampus, all, minimal": (5.3e-3, 8e-3, 3.5e-3, 0.0, 946.0, 40.0),
    "hippocampus, nearest, full": (4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575.0, 47.0),
    "hippocampus, nearest, minimal": (4.6e-3, 9.1e-3, 3e-3, 0.0, 575.0, 48.0),
}


def _set(name, values):
    return {"pairing": name.split(", ")[1], **dict(zip(NAMES, values, strict=True))}


class TripletSTDP(Plasticity):
    """Spike-timing-dependent plasticity by triplets of spikes, which also depends on the rates as in experiments.

    A spike of the source changes the weight w by ``-w_0*o1*(a2_minus + a3_minus*r2)``, a spike of the target by
    ``w_0*r1*(a2_plus + a3_plus*o2)``. The traces r1 and r2 of the source, o1 and o2 of the target are read as they were
    before the spike; then each grows by 1, or with nearest neighbours becomes 1.

    Parameters
    ----------
    pairing : {"all", "nearest"}
        Whether a spike interacts with all earlier ones or with the last of each cell.

    Notes
    -----
    The published sets are ``TripletSTDP.published("visual cortex, all, full")`` and so on: ``visual cortex`` or
    ``hippocampus``, ``all`` or ``nearest``, ``full`` or ``minimal``. The default is the full set of visual cortex with all
    spikes.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.TripletSTDP(w_max=5.0)
    TripletSTDP(w_max=5.0)
    >>> bs.TripletSTDP.published("hippocampus, nearest, minimal").tau_y
    48.0

    References
    ----------
    Pfister & Gerstner (2006), doi:10.1523/JNEUROSCI.1425-06.2006.
    """

    pairing: Literal["all", "nearest"] = "all"
    _options = ("pairing", "sign")
    _choices = {"pairing": ("all", "nearest")}
    _sets: ClassVar[dict[str, dict[str, Any]]] = {name: _set(name, values) for name, values in SETS.items()}

    equations = """
        dr1/dt = -r1/tau_plus
        dr2/dt = -r2/tau_x
        do1/dt = -o1/tau_minus
        do2/dt = -o2/tau_y
    """
    bounds = ("0", "w_max")

    tau_plus: Value = parameter(16.8, "ms", "time constant of r1", above=0.0)
    tau_minus: Value = parameter(33.7, "ms", "time constant of o1", above=0.0)
    tau_x: Value = parameter(101.0, "ms", "time constant of r2", above=0.0)
    tau_y: Value = parameter(125.0, "ms", "time constant of o2", above=0.0)
    a2_plus: Value = parameter(5e-10, "", "potentiation by a pair")
    a3_plus: Value = parameter(6.2e-3, "", "potentiation by a triplet")
    a2_minus: Value = parameter(7e-3, "", "depression by a pair")
    a3_minus: Value = parameter(2.3e-4, "", "depression by a triplet")
    w_0: Value = parameter(1.0, "weight", "weight to which the amplitudes refer", above=0.0)
    w_max: Value = parameter(2.0, "weight", "upper bound of the weight; the lower one is 0", above=0.0)

    r1: float = initial(0.0, "", "fast trace of presynaptic spikes")
    r2: float = initial(0.0, "", "slow trace of presynaptic spikes")
    o1: float = initial(0.0, "", "fast trace of postsynaptic spikes")
    o2: float = initial(0.0, "", "slow trace of postsynaptic spikes")

    def texts(self) -> dict[str, Any]:
        """Return the texts of the rule, according to the pairing."""
        jump = "{0} = {0} + 1; {1} = {1} + 1" if self.pairing == "all" else "{0} = 1; {1} = 1"
        return super().texts() | {
            "on_pre": f"w = w - w_0*o1*(a2_minus + a3_minus*r2); {jump.format('r1', 'r2')}",
            "on_post": f"w = w + w_0*r1*(a2_plus + a3_plus*o2); {jump.format('o1', 'o2')}",
        }
