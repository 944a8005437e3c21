"""Parameters of one's own classes that nothing in a network reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brainsim.core.checks import warn_user
from brainsim.models.attributes import unread, words_in
from brainsim.network.network import Network


def warn_of_unread(network: Network, requests: Iterable[Any]) -> None:
    """Warn of parameters that a class declares and that no text reads: its own, or one of what acts on cells or is recorded.

    Classes of the package are left out, since tests check them. So is everything in a network with an input or a recorder
    of one's own, which may read parameters without a text.
    """
    models = [population.model for population in network.populations.values()]
    acting = [part for p in network.projections for part in (p.synapse, p.plasticity)]
    kinds = {type(model) for model in (*models, *acting) if _is_own(model)}
    if not (lost := {kind: names for kind in kinds if (names := unread(kind))}):
        return
    others = [*(stimulus.input for stimulus in network.inputs), *requests]
    if any(map(_is_own, others)):
        return
    words = {word for thing in (*acting, *others) for place in (thing, *type(thing).__mro__) for word in words_in(place)}
    for kind in sorted(lost, key=lambda kind: kind.__name__):
        if names := [name for name in lost[kind] if name not in words]:
            verb, them = ("has", "it") if len(names) == 1 else ("have", "them")
            warn_user(
                f"{kind.__name__}: {' and '.join(names)} {verb} no effect, since no text of the class, nor of an input or a "
                f"coupling of this network, reads {them}; use {them} in an equation, or leave {them} out"
            )


def _is_own(thing):
    return thing is not None and not type(thing).__module__.startswith("brainsim.")
