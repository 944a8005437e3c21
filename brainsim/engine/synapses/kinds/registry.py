"""Which kind the synapses of a projection are, and which synapses lie together in the store."""

from brainsim.core.doors import through
from brainsim.core.identity import put
from brainsim.engine.synapses.kinds.kind import CALLED, PER_SYNAPSE, PerSynapse, SharedWeight, SynapseKind
from brainsim.engine.synapses.segments import TAGS
from brainsim.models.packed import has_one
from brainsim.network.arguments import STORAGES
from brainsim.network.projection import handler_of

KINDS: list[type[SynapseKind]] = []  # registered by extensions
FIRST_FREE = CALLED + 1  # the tag of the first of them; that before is the tag of plastic synapses


def register_kind(cls):
    """Register a class of SynapseKind, which comes before built-in kinds if it takes a projection. Returns the class.

    A class that is defined again, as in a cell of a notebook, takes the place of the former one.
    """
    former = put(cls, KINDS)
    if former is None and FIRST_FREE + len(KINDS) > TAGS:
        KINDS.remove(cls)
        raise ValueError(
            f"register_kind: {cls.__name__} would be one kind too many: a segment has room for {TAGS - FIRST_FREE} besides "
            f"those of the package ({', '.join(kind.__name__ for kind in KINDS)} are registered)"
        )
    cls.tag = FIRST_FREE + KINDS.index(cls)
    if cls.storage is not None and cls.storage not in STORAGES:
        STORAGES.append(cls.storage)
    return cls


def kind_of(projection):
    """Return the kind of the synapses of a projection."""
    if projection.plasticity is not None:
        handler = handler_of(projection.synapse)
        return through("kind of synapses that learn") if handler is None else handler.kind_that_learns()
    for kind in KINDS:
        if kind.takes(projection):
            return kind
    return SharedWeight if has_one(projection, "weight") else PerSynapse


class Classes:
    """Synapses that lie together in the store: those of a built-in kind, or those of one projection of another kind.

    Classes with a weight for each synapse come first, so that the arrays of targets and of weights share their indices; last
    among them are those whose kind keeps the weights, so that the store can forget its own. This sets `class_` of each Plan;
    `tags` returns the tag of the segments of a Plan.
    """

    def __init__(self, plans, tags=lambda plan: plan.kind.tag):
        keys = {plan: (plan.shared_weight is not None, plan.kind.keeps_weights, tags(plan), _name(plan)) for plan in plans}
        order = sorted(set(keys.values()))
        for plan, key in keys.items():
            plan.class_ = order.index(key)
        self.number, self.weighted = max(1, len(order)), sum(not shared for shared, *_ in order)
        self.tags = [tag for *_, tag, _ in order] or [PER_SYNAPSE]
        self.kept = [not shared and not keeps for shared, keeps, *_ in order]  # whether their weights stay in the store
        self.plans = [[plan for plan in plans if keys[plan] == key] for key in order] or [[]]


def _name(plan):
    return plan.projection.name if plan.kind.called else ""
