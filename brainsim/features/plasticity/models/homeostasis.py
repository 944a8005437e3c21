"""What holds the weights of a projection in balance from time to time: `Normalisation` and `Scaling`, for ``connect``."""

from __future__ import annotations

import typing
from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import choice, number, plain, read_only
from brainsim.core.hints import answers_calls

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

BY = ("target", "source")


class Homeostasis:
    """Base of what ``Network.connect(..., homeostasis=)`` takes: it multiplies weights at regular times."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # each is a dataclass
    every: float

    def __repr__(self) -> str:
        values = ((f.name, getattr(self, f.name), f.default) for f in fields(self))
        shown = ", ".join(f"{name}={short_repr(v)}" for name, v, default in values if np.ndim(v) or v != default)
        return f"{type(self).__name__}({shown})"


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Normalisation(Homeostasis):
    """Normalise weights at regular times: those onto each target are multiplied so that their sum is `total`.

    Parameters
    ----------
    total : float or array of float
        What the weights add up to, in the unit of the synapse; not 0. An array has a number for each target (or source).
    every : float
        Interval [ms], > 0: at ``every, 2*every, ...``.
    by : {"target", "source"}
        Whose weights are added up: those onto each target, or those of each source.

    Notes
    -----
    Sums have a fixed order, so the bits do not depend on the number of threads. A weight that would be beyond a bound of the
    rule is set to the bound; the sum is then not reached, of which you are warned once. A total of a sign that the bounds
    exclude is an error. Cells whose sum is 0, or of the other sign, are left as they are.
    ``Simulation.normalise`` does it once, when it is called.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    >>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta(),
    ...                     plasticity=bs.STDP(w_max=2.0), homeostasis=bs.Normalisation(8.0, every=500.0))
    >>> sim = bs.Simulation(net, seed=2)
    >>> sim.run(500.0).duration
    500.0
    >>> sim.synapses(wires).matrix().sum(axis=0)[:3]
    array([8., 8., 8.])

    References
    ----------
    Diehl & Cook (2015), doi:10.3389/fncom.2015.00099, normalise before each sample. Oja (1982), doi:10.1007/BF00275687, on
    why Hebbian weights need it.
    """

    total: Any
    every: float = 1000.0
    by: str = "target"

    if typing.TYPE_CHECKING:

        def __init__(
            self, total: float | ArrayLike, every: float = 1000.0, by: Literal["target", "source"] = "target"
        ) -> None: ...

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", checked_total(self.total, "Normalisation.total"))
        object.__setattr__(self, "every", number(self.every, "Normalisation.every", "ms", above=0.0))
        checked_by(self.by, "Normalisation.by")


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Scaling(Homeostasis):
    """Synaptic scaling: the weights onto each target grow while it fires less than its goal, and shrink while it fires more.

    ``dw/dt = beta*w*(goal - r)``, with t in s, where r is the rate of the target in Hz, averaged over `tau`. All weights
    onto a target are multiplied by the same number, so their ratios stay.

    Parameters
    ----------
    goal : float
        Rate at which the weights stay [Hz], >= 0.
    tau : float
        Time over which the rate is averaged [ms], > 0. It should be short compared with ``1/(beta*goal)``, which is in
        s, or the rate swings.
    beta : float
        How fast the weights change [1/(s Hz)], >= 0.
    every : float
        Interval [ms], > 0: spikes are counted and the weights multiplied at ``every, 2*every, ...``.

    Notes
    -----
    At each multiple of `every`, ``r = r*d + (1 - d)*spikes/T`` with ``d = exp(-every/tau)`` and ``T = every/1000`` in s, and
    then the weights are multiplied by ``exp(beta*(goal - r)*T)``. The average begins at the goal, so a network is not scaled
    before it has fired. Weights stay within the bounds of the rule. The integral term of van Rossum et al. is left out.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    >>> net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta(),
    ...             plasticity=bs.STDP(w_max=2.0), homeostasis=bs.Scaling(5.0, tau=5000.0)).homeostasis
    Scaling(goal=5.0, tau=5000.0)

    References
    ----------
    van Rossum, Bi & Turrigiano (2000), doi:10.1523/JNEUROSCI.20-23-08812.2000; Turrigiano et al. (1998), doi:10.1038/36103.
    """

    goal: float
    tau: float = 10_000.0
    beta: float = 0.01
    every: float = 100.0

    def __post_init__(self) -> None:
        limits: dict[str, tuple[str, dict[str, float]]] = {
            "goal": ("Hz", {"at_least": 0.0}),
            "tau": ("ms", {"above": 0.0}),
            "beta": ("", {"at_least": 0.0}),
            "every": ("ms", {"above": 0.0}),
        }
        for key, (unit, limit) in limits.items():
            object.__setattr__(self, key, number(getattr(self, key), f"Scaling.{key}", unit, **limit))


def checked_total(total: Any, label: str) -> Any:
    """Return what weights add up to: a number, or a read-only array of them; none may be 0."""
    total = read_only(plain(total, "", label))
    if np.ndim(total) > 1 or not np.all(total):
        raise ValueError(f"{label}: must be a number, or one for each cell, and not 0 (got {short_repr(total)})")
    return total


def checked_by(by: Any, label: str) -> str:
    """Return whose weights are added up, or raise ValueError."""
    return choice(by, BY, label)
