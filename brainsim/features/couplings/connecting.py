"""What the core asks of couplings, through which cells act on others without spikes: checks of `Network.connect`, and more.

`network.projection.handler_of` returns this module.
"""

from dataclasses import replace

import numpy as np

from brainsim.core.doors import through
from brainsim.equations.system import compose
from brainsim.features.couplings.equations import check_source, parse_pair
from brainsim.models.rules import AllToAll
from brainsim.models.values import is_number
from brainsim.network import arguments
from brainsim.network.projection import tries_both_orders


def check_ends(coupling, post, label, pre):
    """Raise an error if the cells of a view cannot give what a coupling needs, or targets cannot take it."""
    for population, _ in pre.parts:
        model, where = population.model, f"{label}: {coupling!r} of {population.name!r}"
        if getattr(model, "spiking_source", False):
            raise ValueError(
                f"{label}: {type(coupling).__name__} acts through variables of its sources, but {population.name!r} is of "
                f"{type(model).__name__}, whose cells only send spikes; use a synapse such as bs.Exponential()"
            )
        check_gives(coupling, model, where)
        coupling.gate_side().check_cells(population.n, population.name)
    for view in (post, pre) if coupling.symmetric else (post,):
        arguments.check_target(view, label)
        arguments.check_synapse(coupling, view, label)
        for population, _ in view.parts if coupling.read_of_target else ():
            check_pair(coupling, population.model, f"{label}: {coupling!r} onto {population.name!r}")


def check_pair(coupling, model, where):
    """Raise EquationError unless cells of a model have what a pair of a coupling reads of its target."""
    variables = {name: model.cell_equations.units.get(name) for name in model.initials}
    text, units = coupling.texts()["pair"], (coupling.weight_unit, coupling.source_unit)
    parse_pair(where, type(coupling).declared(), text, *units, variables)


def check_gives(coupling, model, where):
    """Raise ValueError, beginning with `where`, if cells of a model cannot give what a coupling reads of its sources."""
    gate = coupling.gate_side().receptor_equations
    if gate is not None:
        compose(model.cell_equations, [gate], label=where, external_current=False)
    variables = {name: model.cell_equations.units.get(name) for name in model.initials}
    own = gate.derivatives if gate is not None else ()
    check_source(coupling.given, where, type(coupling).declared(), variables, own, coupling.source_unit)


def delay_of(coupling, delay, rule, pre, post):
    """Return the delay of a coupling, 0 if it has none; raise an error if this coupling cannot have the given delay."""
    label, name = "Network.connect.delay", type(coupling).__name__
    given = getattr(rule, "delay", None) if delay is None else delay
    if coupling.delayed is False:
        if delay is not None and not (np.ndim(delay) == 0 and delay == 0):
            raise ValueError(f"{label}: {name} acts without a delay; leave it out (got {delay!r})")
        return 0.0
    if coupling.delayed is None and (given is None or (np.ndim(given) == 0 and not isinstance(given, str) and given == 0)):
        return 0.0
    if given is None:
        raise TypeError(f"{label}: missing; {name} needs the time from a spike to its effect, such as delay=0.5 (ms)")
    return arguments.delay_of(delay, rule, pre, post)


def checked_rule(plasticity, initial, coupling, post, weight):
    """Return the rule that changes the weights of a coupling, None if there is none; raise an error if it cannot."""
    if plasticity is not None:
        return through("rule of a coupling", "Network.connect.plasticity")(plasticity, initial, coupling, post, weight)
    if initial is not None:
        name = type(coupling).__name__
        raise ValueError(f"Network.connect.initial: is for variables of a rule; {name} has none without plasticity=...")
    return None


def check_rest(coupling, rule, weight, pre, post, storage, others):
    """Raise an error if a coupling is given what only synapses have, or lists of pairs are not symmetric.

    `others` are further arguments of `connect` by their names, None if they were not given.
    """
    name = type(coupling).__name__
    for other, value in others.items():
        if value is not None:
            raise ValueError(f"Network.connect.{other}: is for synapses; connections by {name} cannot have one")
    if storage != "stored":
        raise ValueError(f"Network.connect.storage: connections by {name} must be 'stored' (got {storage!r})")
    if not coupling.symmetric:
        return
    if isinstance(rule, AllToAll) and isinstance(weight, np.ndarray) and _same_cells(pre, post):
        if not np.array_equal(weight, weight.T):
            raise ValueError(
                f"Network.connect.weight: {name} has one weight for both directions of a pair, so a matrix must be symmetric"
            )
    elif rule.pairs is not None:
        listed_once(rule.pre, rule.post, np.broadcast_to(weight, rule.pairs) if np.ndim(weight) else None, pre, post)


def listed_once(source, target, weight, pre, post):
    """Return which of the pairs of a list to keep so that each junction is there once.

    The pairs are indices into the views `pre` and `post`, and `weight` has one number for each, None if it is the same.
    Raise ValueError if only some of the pairs are listed in both orders, or with different weights.
    """
    kept = np.ones(source.size, bool)
    a, b = _among_both(pre, post)
    low, high = a[source], b[target]
    kept &= low != high
    turned = low > high
    low, high = np.minimum(low, high), np.maximum(low, high)
    n = int(max(a.max(initial=0), b.max(initial=0))) + 1
    keys = low.astype(np.int64) * n + high
    forward, backward = (np.flatnonzero(kept & some) for some in (~turned, turned))
    both = np.intersect1d(keys[forward], keys[backward])
    if not both.size:
        return kept
    forward, backward = (some[np.argsort(keys[some], kind="stable")] for some in (forward, backward))
    same = np.array_equal(keys[forward], keys[backward])
    if not same or (weight is not None and not np.array_equal(weight[forward], weight[backward])):
        lists = "have different weights in the two orders" if same else "are listed in both orders, others in one"
        raise ValueError(
            f"Network.connect.rule: the junctions between {pre.name!r} and {post.name!r} are not symmetric: some pairs "
            f"{lists}; list each pair once, or all of them in both orders with the same weight"
        )
    kept[backward] = False
    return kept


def _among_both(pre, post):
    """Return a number for each cell of two views, the same for a cell that is in both."""
    firsts, total = {}, 0
    for population in dict.fromkeys(p for view in (pre, post) for p, _ in view.parts):
        firsts[population] = total
        total += population.n
    return tuple(np.concatenate([firsts[p] + ids for p, ids in view.parts]) for view in (pre, post))


def _same_cells(pre, post):
    return pre.n == post.n and np.array_equal(*_among_both(pre, post))


def to_sample(projection, dt):
    """Return a projection in whose place that of a coupling is sampled: rows have delays."""
    return replace(projection, delay=dt) if acts_at_once(projection) else projection


def as_listed(table, projection):
    """Return the SynapseTable of a coupling from that of what its rule connects: each symmetric pair is in it once."""
    if projection.synapse.symmetric:
        pre, post = projection.pre, projection.post
        a, b = _among_both(pre, post)
        source, target = a[table.pre], b[table.post]
        if tries_both_orders(projection):
            kept = (source < target) | ((source > target) & ~(np.isin(source, b) & np.isin(target, a)))
        elif projection.rule.pairs is not None:
            kept = listed_once(table.pre, table.post, table.weight, pre, post)
        else:
            kept = source != target
        found = {name: getattr(table, name)[kept] for name in ("pre", "post", "weight", "delay")}
        table = replace(table, **found)
    return replace(table, delay=0.0 * table.delay) if acts_at_once(projection) else table


def acts_at_once(projection):
    """Return whether a coupling has no delay."""
    return is_number(projection.delay) and projection.delay == 0.0


def fingerprinted(projection):
    """Return what else the fingerprint of a coupling is made of."""
    rule = projection.plasticity
    return [projection.synapse.texts()] + ([] if rule is None else [rule, rule.texts()])


def kind_that_learns():
    """Return the kind of synapses of couplings whose weights change."""
    return through("kind of couplings that learn")


def build(layout, sample):
    """Return all that act without spikes in a network; ``sample(projection)`` returns a SynapseTable."""
    from brainsim.features.couplings.pairs import Couplings

    return Couplings(layout, sample)


def work_in_a_step(network):
    """Return how many numbers the couplings of a network add up in a step."""
    from brainsim.features.couplings.pairs import pairs_in_a_step

    return pairs_in_a_step(network)
