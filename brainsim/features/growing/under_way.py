"""Spikes that are under way when delays change: they arrive after the delays with which they were sent.

A State says when spikes were sent, and the network by which delays, so one with other delays files them by these. When it is
made it is known which events then come at other times than they should: an input lists the difference, in which negative
weights cancel surplus events.
"""

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.engine.states.fingerprint import fingerprint
from brainsim.engine.states.sent import CELL, STEP_BITS
from brainsim.engine.synapses.readback import drawn_table, read_back
from brainsim.features.growing.rewiring import sent_lately
from brainsim.models.events import EventInput
from brainsim.models.synapses.usable import checked_value
from brainsim.network.network import copy_network
from brainsim.network.projection import Stimulus


class UnderWay(EventInput):
    """What arrives otherwise than spikes under way would by the delays of now; weights of conductances may be negative."""

    _check_weight = staticmethod(lambda weight, synapse, label: checked_value(weight, synapse.weight_unit, label))


def with_what_is_under_way(sim, network, label):
    """Return a network, with an input for each projection whose delays are others than in a simulation."""
    run, found = sim._run, []
    former = run.synapses.projections
    for projection in network.projections if run.is_complete() else ():
        if projection.name in former and _has_other_delays(former[projection.name], projection):
            found += _difference(run, former[projection.name], projection, label)
    there = [stimulus.input for stimulus in network.inputs]
    for stimulus in sim._layout.inputs:
        if not isinstance(stimulus.input, UnderWay) or any(stimulus.input is given for given in there):
            continue
        later = np.rint(stimulus.input.times / sim.dt) > run.step
        if later.any() and all(population.name in network.populations for population, _ in stimulus.target.parts):
            given = stimulus.input
            view = sum(network.populations[population.name][ids] for population, ids in stimulus.target.parts)
            found.append((view, (given.times[later], given.ids[later], given.weight[later], given.synapse)))
    if not found:
        return network
    new = copy_network(network, network.projections)
    for view, (times, ids, weight, synapse) in found:
        name = new._free_name(None, f"under way to {view.name}", label)
        new._names.setdefault(name, 2)
        new._inputs.append(Stimulus(view, UnderWay(times=times, ids=ids, weight=weight, synapse=synapse), name))
    return new


def _has_other_delays(former, projection):
    if projection.is_coupling or former.is_coupling:
        return False
    one, other = former.delay, projection.delay
    if not all(isinstance(value, float | np.ndarray) for value in (one, other)):
        return fingerprint(one) != fingerprint(other)
    return len({np.size(one), np.size(other)} - {1}) > 1 or bool(np.any(np.not_equal(one, other)))


def _difference(run, former, projection, label):
    """Return [(target, events)] of what arrives by the former delays, less what would arrive by those of now."""
    recent = sent_lately(run, former, run.synapses.longest + 1)  # all that a State holds
    if not recent.size:
        return []
    ends = [fingerprint([p.pre, p.post, type(p.synapse).__name__]) for p in (former, projection)]
    learns = former.plasticity is not None or projection.plasticity is not None
    if learns or ends[0] != ends[1] or run.layout.within_steps:
        text = f"{recent.size} spikes may be under way in {former.name!r}, and are filed by its delays of now"
        warn_user(f"{label}: {text}; some may get lost or arrive twice. Change its delays while the sources are silent")
        return []
    dt, n = run.layout.dt, projection.post.n
    threads = len(run.layout.own)
    parts = [_events(run, former, read_back(run.synapses, former, threads), recent, 1.0)]
    parts.append(_events(run, former, drawn_table(projection, dt), recent, -1.0))
    keys, weights = (np.concatenate(some) for some in zip(*parts, strict=True))
    keys, which = np.unique(keys, return_inverse=True)
    weights = np.bincount(which, weights, keys.size)
    steps, ids = np.divmod(keys[weights != 0.0], n)
    return [(projection.post, (steps * dt, ids, weights[weights != 0.0], projection.synapse))] if ids.size else []


def _events(run, projection, table, recent, sign):
    """Return when and where spikes under way arrive, one number for both, and with which weight."""
    steps, sources = recent >> STEP_BITS, recent & CELL
    gids = run.layout.global_indices(projection.pre)
    order = np.argsort(gids[table.pre], kind="stable")
    cells = gids[table.pre][order]
    first, last = (np.searchsorted(cells, sources, side=side) for side in ("left", "right"))
    number = last - first
    synapses = order[np.repeat(first - np.cumsum(number) + number, number) + np.arange(number.sum())]
    arrival = np.repeat(steps, number) + np.rint(table.delay[synapses] / run.layout.dt).astype(np.int64)
    # what goes through a buffer is in it one step before
    done = run.step + (not projection.synapse.receptor_equations.direct)
    later = arrival > done
    keys = arrival[later] * projection.post.n + table.post[synapses[later]]
    return keys, sign * table.weight[synapses[later]]
