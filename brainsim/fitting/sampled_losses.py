"""Losses that read potentials: how far a trace is from the recorded one, and how likely recorded spikes are with it.

Both are sums over samples of a function of one number u for each candidate and sample, so they share what a descent needs:
`slopes` says the first derivative of the loss by u, and the second one, as it is expected.
"""

import numpy as np

from brainsim.fitting import loss_kernels
from brainsim.fitting.losses import TINY, Loss

LARGEST = 50.0  # of the expected number of spikes in a step: it cannot be told from infinity
IMPOSSIBLE = 50.0  # what a spike costs that comes while the cell is refractory: exp(-50) is its probability


class SampledLoss(Loss):
    """A loss that is given samples of v, in pieces."""

    reads = "v"

    def __init__(self, *given):
        super().__init__(*given)
        self.total = np.zeros(self.n)

    def add_samples(self, first, v, measured):
        """Take the potentials of a chunk: the index of its first sample, shape (samples, candidates).

        `measured` turns a potential of the cell into that of the recording.
        """
        u, at = self.inner(first, v, measured)
        if at.size:
            self.add(u, at)

    def result(self):
        """Return the loss of each candidate."""
        return self.total / self.weight


class TraceLoss(SampledLoss):
    """The mean squared difference from the recorded potential [mV^2], at samples that are not masked.

    Of a recording that also has spikes, samples from ``mask[0]`` before to ``mask[1]`` after each are masked.
    """

    def __init__(self, *given):
        super().__init__(*given)
        times = np.arange(self.recording.v.size) * self.recording.dt
        self.kept = (times >= self.start - TINY) & (times < self.stop - TINY)
        for train in self.recording.trains or []:
            before, after = self.options["mask"]
            for time in train:
                self.kept &= (times < time - before) | (times > time + after)
        self.weight = max(int(self.kept.sum()), 1)

    def inner(self, first, v, measured):
        """Return the potentials of a chunk that are compared, as they would be recorded, and which samples they are."""
        at = first + np.flatnonzero(self.kept[first : first + len(v)])
        v = v if at.size == len(v) else v[at - first]
        return np.ascontiguousarray(measured(v, self.recording.current[at])), at

    def add(self, v, at):
        """Add up the squares of the difference, sample by sample: how long a chunk is depends on the machine."""
        loss_kernels.add_squares(v, self.recording.v[at], self.total)

    def slopes(self, v, at):
        """Return the derivatives of half the squared difference by v."""
        return v - self.recording.v[at][:, None], np.ones_like(v)


class TraceFunctionLoss(TraceLoss):
    """A function of the user: ``loss(v, target)``, whose values for each sample are summed."""

    def add(self, v, at):
        """Add up what the function says."""
        found = np.asarray(self.options["function"](v, self.recording.v[at][:, None]), float)
        if found.shape != v.shape:
            raise ValueError(
                f"fit.loss: the function must return a number for each sample and candidate, {v.shape} (got {found.shape})"
            )
        loss_kernels.add_rows(found, self.total)


class EscapeLoss(SampledLoss):
    """How unlikely the recorded spikes are if the cell fires with the rate ``exp((v - v_th)/escape_width)`` per ms.

    It is -log of their probability, for each spike. The potential is that of a cell that fires when the recording did, so
    the candidates are forced to (`escape.forced`), and a recording has one train. At a spike, v is that before the reset:
    a line through the two samples before it.
    """

    def __init__(self, *given):
        super().__init__(*given)
        dt, (train,) = self.recording.dt, self.recording.trains
        steps = np.rint(train / dt).astype(np.int64)
        n = self.recording.current.size + 1
        self.spike = np.zeros(n, bool)
        self.spike[steps[steps < n]] = True
        last = np.maximum.accumulate(np.where(self.spike, np.arange(n), -(2**40)))
        self.age = np.arange(n) - np.concatenate([[-(2**40)], last[:-1]])  # steps since the spike before
        time = np.arange(n) * dt
        self.kept = (time > self.start + TINY) & (time <= self.stop + TINY)
        self.weight = max(int((self.spike & self.kept).sum()), 1)
        self.before = np.zeros((2, self.n))  # the last two samples of the chunk before

    def inner(self, first, v, measured):
        """Return ``(v - v_th)/escape_width`` at the samples of a chunk, -inf where the cell is refractory."""
        stop = min(first + len(v), self.kept.size)
        at = np.arange(first, stop)
        all_v = np.concatenate([self.before, v[: at.size]])
        self.before = all_v[-2:].copy()
        u = all_v[2:].copy()
        for k in np.flatnonzero(self.spike[first:stop]):
            free = self.age[first + k] > self.options["t_ref"] + 2  # in steps: both samples before are free
            u[k] = np.where(free, 2.0 * all_v[k + 1] - all_v[k], all_v[k + 1])
        u -= self.options["v_th"]
        u /= self.options["escape_width"]
        refractory = self.age[first:stop, None] <= self.options["t_ref"]
        u[np.broadcast_to(refractory, u.shape)] = -np.inf
        kept = self.kept[first:stop]
        return np.ascontiguousarray(u[kept]), at[kept]

    def add(self, u, at):
        """Add up -log of the probability of a spike or of none."""
        loss_kernels.add_escape(u, self.spike[at], self.recording.dt, self.total)

    def slopes(self, u, at):
        """Return the derivatives of -log of the probability by u: the first, and what is expected of the second."""
        m = np.minimum(np.exp(np.minimum(u, LARGEST)) * self.recording.dt, LARGEST)
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.where(m > 0, m * np.exp(-m) / -np.expm1(-m), 0.0)  # m/(exp(m) - 1)
        return np.where(self.spike[at][:, None], -odds, m), m * odds


class Curvature(Loss):
    """The gradient and the curvature of a sampled loss, at several starts of which each has candidates beside it.

    The candidates are, for each start, itself, and then one further up and one further down in each free parameter.
    """

    reads = "v"

    def __init__(self, recording, window, n, options):
        super().__init__(recording, window, n, options)
        self.of = options["kind"](recording, window, n, options)
        self.starts, self.free = options["spans"].shape
        self.hessian = np.zeros((self.starts, self.free, self.free))
        self.gradient = np.zeros((self.starts, self.free))
        self.last, self.products, self.squares = 0.0, 0.0, 0.0  # of the first start: how residuals follow each other

    def add_samples(self, first, v, measured):
        """Take the potentials of a chunk."""
        u, at = self.of.inner(first, v, measured)
        if not at.size:
            return
        own = np.ascontiguousarray(u[:, :: 1 + 2 * self.free])
        first_order, second_order = self.of.slopes(own, at)
        beside = np.ascontiguousarray(u)
        loss_kernels.add_curvature(
            beside, first_order, second_order, self.options["spans"], self.hessian, self.gradient, np.empty(self.free)
        )
        residual = np.concatenate([[self.last], first_order[:, 0]])
        self.products, self.squares = loss_kernels.add_products(residual, self.products, self.squares)
        self.last = residual[-1]
