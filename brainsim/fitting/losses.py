"""How far candidates are from recorded spikes: each loss takes what they do chunk by chunk, and keeps sums only.

A loss is made for one recording and its window, and for n candidates. It `reads` "spikes" or "v"; `add_spikes` is given the
spikes of a chunk in their order, `add_samples` the potentials, and `result` returns a number for each candidate, 0 for the
best.
"""

import numpy as np

import brainsim as bs
from brainsim.fitting import loss_kernels

TINY = 1e-9  # ms: times are multiples of dt but for rounding


class Loss:
    """What losses have in common: a window, and the target within it."""

    reads = "spikes"
    weight = 1.0  # of a recording among several

    def __init__(self, recording, window, n, options):
        self.recording, self.n, self.options = recording, n, options
        self.start, self.stop = window
        self.length = self.stop - self.start
        if recording.trains is not None:
            self.trains = [train[(train > self.start + TINY) & (train <= self.stop + TINY)] for train in recording.trains]
            self.target = np.sort(np.concatenate(self.trains))
        self.counts = np.zeros(n, np.int64)

    def add_spikes(self, times, cells):
        """Take the spikes of a chunk that lie in the window: times [ms] and candidates, in their order."""
        self.counts += np.bincount(cells, minlength=self.n)

    def zeros(self, kind=float):
        """Return an array with a row for each repeat of the recording, and a column for each candidate."""
        return np.zeros((len(self.trains), self.n), kind)


class GammaLoss(Loss):
    """1 - Gamma, the mean over repeats (`bs.analysis.coincidence_factor`); 2 where chance alone makes spikes coincide."""

    def __init__(self, *given):
        super().__init__(*given)
        self.next_of, self.found = self.zeros(np.int64), self.zeros(np.int64)

    def add_spikes(self, times, cells):
        """Count coincidences."""
        super().add_spikes(times, cells)
        for train, next_of, found in zip(self.trains, self.next_of, self.found, strict=True):
            loss_kernels.add_coincidences(times, cells, train, self.options["window"], next_of, found)

    def result(self):
        """Return the loss of each candidate."""
        total, window = np.zeros(self.n), self.options["window"]
        chance = 2.0 * self.counts / self.length * window
        for train, found in zip(self.trains, self.found, strict=True):
            with np.errstate(divide="ignore", invalid="ignore"):
                gamma = 2.0 * (found - chance * train.size) / (self.counts + train.size) / (1.0 - chance)
            gamma = np.where(self.counts + train.size == 0, 1.0, gamma)  # neither has a spike
            total += 1.0 - np.where(chance < 1.0, np.maximum(gamma, -1.0), -1.0)
        return total / len(self.trains)


class MdLoss(Loss):
    """1 - Md* (`bs.analysis.md_star`), of repeats with the same current; a candidate is one repeat."""

    def __init__(self, *given):
        super().__init__(*given)
        room = int(self.options["window"] / self.options["dt"]) + 2
        self.recent, self.head = np.full((self.n, room), -np.inf), np.zeros(self.n, np.int64)
        self.near, self.own = np.zeros(self.n, np.int64), np.zeros(self.n, np.int64)
        pairs = _near(self.target, self.target, self.options["window"]).sum()
        pairs -= sum(_near(train, train, self.options["window"]).sum() for train in self.trains)
        self.norm = pairs / (len(self.trains) * (len(self.trains) - 1))

    def add_spikes(self, times, cells):
        """Count pairs."""
        near = _near(times, self.target, self.options["window"])
        self.near += np.bincount(cells, weights=near, minlength=self.n).astype(np.int64)
        loss_kernels.add_own_pairs(times, cells, self.options["window"], self.recent, self.head, self.own)

    def result(self):
        """Return the loss of each candidate."""
        norms = self.own + self.norm
        md = 2.0 * self.near / len(self.trains) / np.where(norms > 0, norms, 1.0)
        return 1.0 - md


class VanRossumLoss(Loss):
    """The squared distance of van Rossum for each spike of the recording."""

    def __init__(self, *given):
        super().__init__(*given)
        self.next_of, self.x, self.last, self.total = self.zeros(np.int64), self.zeros(), self.zeros(), self.zeros()

    def add_spikes(self, times, cells):
        """Add what spikes add to the integral."""
        for k, train in enumerate(self.trains):
            state = (self.next_of[k], self.x[k], self.last[k], self.total[k])
            loss_kernels.add_filtered(times, cells, train, self.options["tau"], *state)

    def result(self):
        """Return the loss of each candidate."""
        for k, train in enumerate(self.trains):
            state = (self.next_of[k], self.x[k], self.last[k], self.total[k])
            loss_kernels.add_rest_of_target(np.inf, train, self.options["tau"], *state)
        return np.maximum(self.total, 0.0).sum(axis=0) / self.weight

    @property
    def weight(self):
        """The number of spikes."""
        return max(self.target.size, 1)


class RatesLoss(Loss):
    """The squared relative difference of the numbers of spikes."""

    def result(self):
        """Return the loss of each candidate."""
        wanted = self.target.size / len(self.trains)
        return ((self.counts - wanted) / max(wanted, 1.0)) ** 2


class SpikesLoss(Loss):
    """A function of the user: ``loss(spikes, target)``, whose spikes have a cell for each candidate."""

    def __init__(self, *given):
        super().__init__(*given)
        self.kept = []

    def add_spikes(self, times, cells):
        """Keep the spikes: 12 bytes each."""
        self.kept.append((times - self.start, cells.astype(np.uint32)))

    def result(self):
        """Return what the function says."""
        return checked(self.options["function"](*self.both()), self.n)

    def both(self):
        """Return the spikes of the candidates and those of the repeats of the recording, from the start of the window on."""
        times, cells = (np.concatenate(some) for some in zip(*self.kept, strict=True)) if self.kept else (np.empty(0),) * 2
        trains = [train - self.start for train in self.trains]
        ids = np.repeat(np.arange(len(trains)), [train.size for train in trains])
        return (
            bs.Spikes(times, cells.astype(np.int64), n=self.n, duration=self.length),
            bs.Spikes(np.concatenate(trains), ids, n=len(trains), duration=self.length),
        )


def _near(times, target, window):
    """Return how many spikes of a sorted target are at most `window` from each time."""
    return np.searchsorted(target, times + window, "right") - np.searchsorted(target, times - window, "left")


def checked(found, n):
    """Return what a function of the user returns, if it is a number for each candidate."""
    found = np.asarray(found, float)
    if found.shape != (n,):
        raise ValueError(
            f"fit.loss: the function must return a number for each of the {n} candidates (got the shape {found.shape})"
        )
    return found
