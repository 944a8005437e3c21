"""Spikes that may still be under way, and when within its step each was sent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from brainsim.build.own import spikes_here

STEP_BITS = 32  # spikes are kept as step << 32 | cell
CELL = 2**STEP_BITS - 1
LAGS = "lags of spikes"  # in `State.extra`: of all that are pending, population by population


@dataclass(frozen=True, eq=False)
class Sent:
    """Spikes that were sent, sorted: ``step << 32 | cell``, and how long before the end of its step each was [ms].

    The `lags` are None in runs in which spikes are sent at the points of the grid.
    """

    packed: np.ndarray
    lags: np.ndarray | None

    @classmethod
    def at_points(cls, packed, layout):
        """Return spikes at the ends of their steps."""
        return cls(packed, np.zeros(packed.size) if layout.within_steps else None)

    @classmethod
    def nothing(cls, layout):
        """Return no spikes."""
        return cls.at_points(np.empty(0, np.int64), layout)

    @classmethod
    def joined(cls, parts):
        """Return the spikes of several processes or populations, sorted."""
        packed = np.concatenate([part.packed for part in parts])
        if parts[0].lags is None:
            return cls(np.sort(packed), None)
        order = np.argsort(packed, kind="stable")
        return cls(packed[order], np.concatenate([part.lags for part in parts])[order])

    def collected(self, collect):
        """Return those of all ranks, None where ``collect(array)`` returns no parts."""
        packed, lags = collect(self.packed), None if self.lags is None else collect(self.lags)
        if packed is None:
            return None
        return Sent.joined([Sent(*part) for part in zip(packed, lags or [None] * len(packed), strict=True)])

    def __getitem__(self, which):
        """Return some of them, by a slice or a mask."""
        return Sent(self.packed[which], None if self.lags is None else self.lags[which])

    def since(self, step):
        """Return those from a step on."""
        start = int(self.packed.searchsorted(step << STEP_BITS))
        return self if start == 0 else self[start:]

    def sent_within(self, reach, step, dt):
        """Return those of exact times that were sent at most `reach` [ms] before the end of a step.

        New synapses may have a longer delay: which spikes come over them must not depend on dt.
        """
        recent = (step - (self.packed >> STEP_BITS)) * dt + self.lags <= reach + 1e-9
        return self if recent.all() else self[recent]

    def followed_by(self, chunk):
        """Return these spikes and those of a Chunk that came after them."""
        lags = None if self.lags is None else np.concatenate([self.lags, chunk.lags])
        return Sent(np.concatenate([self.packed, chunk.packed]), lags)

    def from_here(self, layout):
        """Return those whose cells are in this process."""
        return self[spikes_here(layout, self.packed & CELL)]


def save_sent(sent, state, layout):
    """Let a State hold the spikes that may still be under way."""
    lags = [np.empty(0)]
    for name, member in layout.members.items():
        cells = sent.packed & CELL
        mine = sent[(cells >= member.first) & (cells < member.first + member.n)]
        state.pending[name] = mine.packed >> STEP_BITS, (mine.packed & CELL) - member.first
        lags += [] if mine.lags is None else [mine.lags]
    if layout.within_steps:
        state.extra[LAGS] = np.concatenate(lags)


def load_sent(state, layout):
    """Return the spikes of a State that may still be under way."""
    parts = [Sent.nothing(layout)]
    lags = lags_by_population(state, layout) if layout.within_steps else dict.fromkeys(layout.members)
    for name, member in layout.members.items():
        steps, ids = state.pending[name]
        packed = (np.asarray(steps, np.int64) << STEP_BITS) | (np.asarray(ids, np.int64) + member.first)
        parts.append(Sent(packed, lags[name]))
    return Sent.joined(parts)


def lags_by_population(state, layout):
    """Return population -> the lags of its pending spikes in a State; raise ValueError if they are not there."""
    sizes = [np.size(state.pending[name][0]) for name in layout.members]
    lags = np.asarray(state.extra.get(LAGS, ()))
    if lags.dtype != np.float64 or lags.shape != (sum(sizes),) or not np.all((lags >= 0.0) & (lags <= layout.dt)):
        raise ValueError(f"state.extra[{LAGS!r}]: must be a time within a step for each spike that is under way")
    return dict(zip(layout.members, np.split(lags, np.cumsum(sizes)[:-1]), strict=True))


def carry_lags(state, layout, before, former):
    """Let a State of a `layout` hold the lags of its pending spikes, which are those of a State `before` of a former one."""
    if layout.within_steps:
        lags = lags_by_population(before, former)
        state.extra[LAGS] = np.concatenate([np.empty(0), *(lags.get(name, np.empty(0)) for name in layout.members)])
