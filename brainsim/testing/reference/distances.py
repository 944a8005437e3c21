"""Pairs, weights and delays that depend on where cells are, or on their indices. See `docs/semantics.md`."""

import numpy as np

from brainsim.testing.reference.equations import Scope, evaluate, parse
from brainsim.testing.reference.numbers import hashed, step_key, stream_key, uniform

BINS_PER_REACH, SLACK = 3, 1e-9


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
    """Return arrays (source, target): each target takes the k sources whose waiting times, of rate p, are shortest.

    If it may take one more than once, it takes k times any of them in proportion to p.
    """
    rule, found = projection.rule, []
    bins = Bins(projection) if rule.multapses else None
    for target, me in enumerate(itself):
        row = step_key(stream_key(projection.seed, "wiring", projection.name), target)
        others, p = _within_reach(projection, np.arange(projection.pre.n), target, me)
        if rule.multapses:
            order = bins.order(others, target)
            upto = np.cumsum(p[order])
            wanted = uniform(hashed(row, np.arange(rule.k))) * upto[-1]
            chosen = others[order[np.minimum(np.searchsorted(upto, wanted, side="right"), others.size - 1)]]
        else:
            waits = -np.log(1.0 - uniform(hashed(row, others))) / p
            chosen = np.sort(others[np.argsort(waits, kind="stable")[: rule.k]])
        found.append((chosen, np.full(chosen.size, target)))
    return tuple(np.concatenate(part).astype(np.int64) for part in zip(*found, strict=True))


class Bins:
    """The bins of a grid in which the sources of a rule lie, which give them an order as seen from each target."""

    def __init__(self, projection):
        self.pre, self.post = (
            np.pad(v.positions, ((0, 0), (0, 3 - v.positions.shape[1]))) for v in (projection.pre, projection.post)
        )
        self.period = np.zeros(3)
        self.period[: projection.pre.positions.shape[1]] = projection.rule.periodic or 0.0
        self.low, span = self.pre.min(axis=0), np.ptp(self.pre, axis=0)
        both = np.ptp(np.concatenate([self.pre, self.post]), axis=0)
        diagonal = np.hypot.reduce(np.where(self.period > 0.0, np.minimum(both, self.period / 2.0), both)) * (1.0 + SLACK)
        self.reach = min(projection.rule.max_distance or np.inf, diagonal)
        span = np.where(self.period > 0.0, self.period, span * (1.0 + SLACK))
        self.number = np.maximum(np.floor(span * BINS_PER_REACH / max(self.reach, 1e-300)), 1.0)
        while self.number.prod() > len(self.pre):
            self.number = np.maximum(np.floor(0.8 * self.number), 1.0)
        self.per_um = np.where(span > 0.0, self.number / np.where(span > 0.0, span, 1.0), 0.0)
        self.bin = np.clip(np.floor((self.pre - self.low) * self.per_um), 0.0, self.number - 1.0)

    def order(self, sources, target):
        """Return the order of some sources: by bins along z, y and x, from the first in reach on, then by their index."""
        at, reach = self.post[target] - self.low, self.reach * (1.0 + SLACK)
        low, high = np.floor((at - reach) * self.per_um), np.floor((at + reach) * self.per_um)
        turned = (self.period > 0.0) & (high - low + 1.0 < self.number)
        bins = np.mod(self.bin[sources] - np.where(turned, low, 0.0), self.number)
        return np.lexsort((sources, *bins.T))


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
