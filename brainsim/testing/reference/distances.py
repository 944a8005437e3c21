"""Pairs, weights and delays that depend on where cells are, or on their indices. See `docs/semantics.md`."""

import numpy as np

from brainsim.testing.reference.equations import Scope, evaluate, parse
from brainsim.testing.reference.numbers import hashed, not_covered, step_key, stream_key, uniform


def known_of(projection, pre, post):
    """Return what a text may name, for some pairs: indices, the distance, and its components from source to target."""
    found = {"i": np.asarray(pre, float), "j": np.asarray(post, float), "pi": np.pi}
    if projection.pre.positions is None or projection.post.positions is None:
        return found
    apart = projection.post.positions[post] - projection.pre.positions[pre]
    given = getattr(projection.rule, "periodic", None)
    for axis, period in enumerate(np.broadcast_to(0.0 if given is None else given, apart.shape[-1])):
        if period > 0.0:  # to the nearest image
            apart[..., axis] -= period * np.rint(apart[..., axis] / period)
    return found | dict(zip(("dx", "dy", "dz"), apart.T, strict=False)) | {"d": np.sqrt((apart**2).sum(axis=-1))}


def value_of(text, projection, pre, post):
    """Return the value of a text for some pairs."""
    values = evaluate(parse(text), Scope(known_of(projection, pre, post)))
    return np.broadcast_to(values, np.shape(pre)).astype(float)


def pairs_near(projection, itself):
    """Return (source, target, number) of all pairs of a rule, sorted by source; `itself`: each source among the targets.

    Each pair is taken with the probability of its distance, and its number is the index of the target.
    """
    found = []
    for source, me in enumerate(itself):
        row = step_key(stream_key(projection.seed, "wiring", projection.name), source)
        others, p = _within_reach(projection, source, np.arange(projection.post.n), me)
        post = others[uniform(hashed(row, others)) < p]
        found.append((np.full(post.size, source), post, post))
    return tuple(np.concatenate(part).astype(np.int64) for part in zip(*found, strict=True))


def sources_near(projection, itself):
    """Return arrays (source, target): each target takes the k sources whose waiting times, of rate p, are shortest."""
    rule, found = projection.rule, []
    not_covered(rule.multapses, "sources that are chosen by their distance, some more than once")
    for target, me in enumerate(itself):
        row = step_key(stream_key(projection.seed, "wiring", projection.name), target)
        others, p = _within_reach(projection, np.arange(projection.pre.n), target, me)
        waits = -np.log(1.0 - uniform(hashed(row, others))) / p
        chosen = np.sort(others[np.argsort(waits, kind="stable")[: rule.k]])
        found.append((chosen, np.full(chosen.size, target)))
    return tuple(np.concatenate(part).astype(np.int64) for part in zip(*found, strict=True))


def _within_reach(projection, sources, targets, me):
    """Return the cells at the other end that may be chosen, and the probability of each."""
    pre, post = np.broadcast_arrays(sources, targets)
    others = pre if np.ndim(sources) else post
    kept = others != me
    known = known_of(projection, pre, post)
    if projection.rule.max_distance is not None:
        kept &= known["d"] <= projection.rule.max_distance
    p = np.broadcast_to(evaluate(parse(str(projection.rule.p)), Scope(known)), pre.shape)
    return others[kept], p[kept]
