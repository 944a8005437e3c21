"""What a `Trainer` may change of a network: `Learns`, and the parts of the vector that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.checks import known_as, nearest, number

if TYPE_CHECKING:
    from brainsim.network.network import Network
    from brainsim.network.population import Population
    from brainsim.network.projection import Projection

OF_ALL = ("weight", "delay")  # what may be given without saying of what


@dataclass(frozen=True, eq=False)
class Learns:
    """One thing that a `Trainer` learns: of which part of the network, shared or one for each, and within which bounds.

    Parameters
    ----------
    of : Projection, Population or str
        The part, or its name; for a current, the name of the input.
    what : str
        Of a projection ``"weight"``, ``"delay"`` or ``"tau"``, the time constant of its receptor, which all projections with
        an equal synapse onto these cells share; of a population a parameter of its model, such as ``"tau_m"``; of a
        `CurrentInput` its ``"amplitude"``.
    shared : bool
        Whether all synapses, or all cells that get a current, have one number, rather than each its own. Time constants
        and parameters of models are shared in any case.
    at_least, at_most : float, optional
        Bounds, in the unit of what learns, in addition to those that the model sets. Delays are at least one time step, and
        at most half of a sample if they do not begin longer.
    keeps_sign : bool
        Whether a weight that begins positive stays >= 0, and one that begins negative <= 0 (Dale's law).

    Raises
    ------
    TypeError, ValueError
        If the bounds are not numbers, or exclude each other; by `Trainer` if the network has no such part.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.learn.Learns("exc->cells", "weight", keeps_sign=True, at_most=200.0)
    Learns(of='exc->cells', what='weight', shared=False, at_least=None, at_most=200.0, keeps_sign=True)
    """

    of: Projection | Population | str
    what: str = "weight"
    shared: bool = False
    at_least: float | None = None
    at_most: float | None = None
    keeps_sign: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.of, str) and not hasattr(self.of, "name"):
            raise TypeError(f"Learns.of: must be a projection, a population, or the name of one (got {self.of!r})")
        if not isinstance(self.what, str):
            raise TypeError(f"Learns.what: must be a name, such as 'weight' or 'tau_m' (got {self.what!r})")
        for bound in ("at_least", "at_most"):
            if getattr(self, bound) is not None:
                self.__dict__[bound] = number(getattr(self, bound), f"Learns.{bound}", "")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(f"Learns.at_most: must be at least {self.at_least:g}, at_least (got {self.at_most:g})")
        if self.keeps_sign and self.what != "weight":
            raise ValueError(f"Learns.keeps_sign: is for weights (got it for {self.what!r})")

    @property
    def name(self) -> str:
        """The name of the part."""
        return self.of if isinstance(self.of, str) else self.of.name

    @property
    def key(self) -> tuple[str, str]:
        """(what, name), by which `Trainer.parts` shows it."""
        return self.what, self.name


def check_learns(given: Any, net: Network) -> tuple[Learns, ...]:
    """Return what learns as a tuple of `Learns`; raise TypeError or ValueError if the network has no such part."""
    items: Sequence[Any] = given if isinstance(given, tuple | list) else (given,)
    found: list[Learns] = []
    for item in items:
        if isinstance(item, str):
            if item not in OF_ALL:
                text = f"must be {' or '.join(map(repr, OF_ALL))}, of all projections, or bs.learn.Learns(of, what)"
                raise ValueError(f"Trainer.learns: {text} (got {item!r})")
            found += [Learns(projection, item) for projection in net.projections]
        elif isinstance(item, Learns):
            found.append(item)
        else:
            raise TypeError(f"Trainer.learns: must be 'weight', 'delay' or bs.learn.Learns(of, what) (got {item!r})")
    if not found:
        raise ValueError("Trainer.learns: must name something (got nothing that learns)")
    found = [_resolved(item, net) for item in found]
    keys = [item.key for item in found]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"Trainer.learns: {key[0]!r} of {key[1]!r} is given twice")
    return tuple(found)


def _resolved(item, net):
    """Return the same with the part of the network instead of its name; raise ValueError if it has no such part."""
    name, parts = item.name, [*net.projections, *net.populations.values(), *net.inputs]
    named = [part for part in parts if part.name == name and (isinstance(item.of, str) or part is item.of)]
    if not named:
        raise ValueError(f"Learns.of: the network has no part {name!r}{known_as(item.of, [part.name for part in parts])}")
    fitting = [part for part in named if item.what in _learnable(part)]
    if not fitting:
        allowed = [what for part in named for what in _learnable(part)]
        hint = nearest(item.what, allowed) if allowed else "; nothing of it can be learned"
        raise ValueError(f"Learns.what: {name!r} has no {item.what!r} that learns{hint}")
    return replace(item, of=fitting[0])


def _learnable(part):
    """Return what of a projection, a population or an input may learn."""
    if hasattr(part, "rule"):
        return ("weight", "delay", "tau")
    if hasattr(part, "input"):
        return ("amplitude",)
    return tuple(part.model.parameters)


def limits_of(item: Learns, start: np.ndarray, low: float, high: float) -> tuple[Any, Any]:
    """Return the bounds of what learns, which starts at `start`, within those that the kernels set."""
    low = low if item.at_least is None else max(low, item.at_least)
    high = high if item.at_most is None else min(high, item.at_most)
    outside = (start < low * (1.0 - 1e-9 * np.sign(low))) | (start > high * (1.0 + 1e-9 * np.sign(high)))
    if np.any(outside):
        bad = float(np.ravel(start)[np.argmax(outside)])
        raise ValueError(f"Learns: {item.what} of {item.name!r} begins at {bad:g}, outside its bounds {low:g} to {high:g}")
    if not item.keeps_sign:
        return low, high
    lowest, highest = np.where(start >= 0.0, max(low, 0.0), low), np.where(start < 0.0, min(high, 0.0), high)
    return lowest, highest
