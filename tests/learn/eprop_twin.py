"""E-prop as the equations of Bellec et al. (2020), doi:10.1038/s41467-020-17236-y, one step after the other.

Each synapse has an eligibility trace, which goes forwards in time with its target and knows nothing of the loss; gradients
are sums of its products with a learning signal. The kernels go backwards instead, and have no eligibility traces.
"""

from dataclasses import dataclass

import numpy as np

BUMPS = {
    "fast_sigmoid": lambda u: (1.0 + abs(u)) ** -2.0,
    "sigmoid": lambda u: np.cosh(0.5 * u) ** -2.0,
    "triangle": lambda u: np.maximum(0.0, 1.0 - abs(u)),  # that of the paper
    "atan": lambda u: 1.0 / (1.0 + u**2),
    "gaussian": lambda u: np.exp(-0.5 * u**2),
    "box": lambda u: np.where(abs(u) < 0.5, 1.0, 0.0),
}
DECAY = 0.01  # of weights onto the readout and of adaptive feedback in an update


@dataclass
class Cells:
    """Arrays with the numbers of all cells; `gain` is what a current of 1 does to v, which goes to `rest` without spikes."""

    tau_m: np.ndarray
    gain: np.ndarray
    start: np.ndarray
    rest: np.ndarray
    v_th: np.ndarray | None = None  # the other fields are of cells that fire
    v_reset: np.ndarray | None = None
    held: np.ndarray | None = None  # steps of the refractory time
    tau_a: np.ndarray | None = None
    beta: np.ndarray | None = None
    scale: np.ndarray | None = None  # of v - A in the surrogate derivative


@dataclass
class Synapses:
    """Arrays with the numbers of all synapses onto hidden cells, or of all onto the readout."""

    given: np.ndarray  # whether the source is an input
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    tau_s: np.ndarray
    delay: np.ndarray  # ms


def psp(t, tau_m, tau_s):
    """Return v at time t after a jump of i by 1 at time 0, with ``tau_m*dv/dt = -v + i`` and ``tau_s*di/dt = -i``."""
    t = np.maximum(t, 0.0)
    return tau_s / (tau_m - tau_s) * (np.exp(-t / tau_m) - np.exp(-t / tau_s))


@dataclass
class Twin:
    """A network of hidden cells and a readout of cells that integrate."""

    cells: Cells
    readout: Cells
    into: Synapses
    out: Synapses
    dt: float
    steps: int
    feedback: np.ndarray | None = None  # of each synapse onto the readout, in place of gain times weight
    surrogate: str = "triangle"
    steepness: float = 1.0
    rate_cost: float = 0.0
    rate_target: float = 1.0

    def forward(self, events, currents):
        """Return spikes (steps, cells), eligibility traces of synapses and of beta, and potentials of the readout."""
        c, s, dt = self.cells, self.into, self.dt
        z, e = np.zeros((self.steps, c.tau_m.size)), np.zeros((self.steps, s.pre.size))
        e_beta, eps_beta = np.zeros_like(z), 0.0 * c.tau_m
        v, a, free = c.start.copy(), 0.0 * c.tau_m, np.zeros(c.tau_m.size, int)
        i, eps_v, eps_a = np.zeros((3, s.pre.size))
        late, fall, rho = np.rint(s.delay / dt).astype(int), np.exp(-dt / c.tau_m), np.exp(-dt / c.tau_a)
        for k in range(self.steps):
            i = i + self.arrivals(k, events, z, late)
            push = psp(dt, c.tau_m[s.post], s.tau_s) * i  # what a synapse of weight 1 does to v in this step
            i = i * np.exp(-dt / s.tau_s)
            if currents is not None:
                push[s.given] += (1.0 - fall[s.post[s.given]]) * currents[k][s.pre[s.given]]
            push *= c.gain[s.post]
            awake = free <= k
            v = np.where(awake, c.rest + (v - c.rest) * fall + np.bincount(s.post, s.weight * push, v.size), c.v_reset)
            eps_v = np.where(awake[s.post], eps_v * fall[s.post] + push, 0.0)
            a, eps_a, eps_beta = rho * a, rho[s.post] * eps_a, rho * eps_beta
            psi = awake * self.steepness / c.scale * BUMPS[self.surrogate](self.steepness * (v - c.v_th - a) / c.scale)
            e[k], e_beta[k] = psi[s.post] * (eps_v - eps_a), -psi * eps_beta
            z[k] = v >= c.v_th + a
            v = np.where(z[k] > 0, np.where(c.held > 0, c.v_reset, v - (c.v_th + a - c.v_reset)), v)
            free = np.where(z[k] > 0, k + 1 + c.held, free)
            a, eps_a = a + c.beta * z[k], eps_a + c.beta[s.post] * e[k]
            eps_beta = eps_beta + z[k] + c.beta * e_beta[k]
        y = self.readout.rest + (self.readout.start - self.readout.rest) * (1.0 - self.by_rest())
        for n in range(self.out.pre.size):
            y[:, self.out.post[n]] += self.out.weight[n] * self.response(n) @ z[:, self.out.pre[n]]
        return z, e, e_beta, y

    def arrivals(self, k, events, z, late):
        """Return how many spikes arrive at each synapse onto hidden cells as step k begins; inputs are moved to the grid."""
        s, found = self.into, np.zeros(self.into.pre.size)
        for n in range(s.pre.size):
            if s.given[n]:
                found[n] = sum(unit == s.pre[n] and np.rint(time / self.dt) + late[n] == k for time, unit in events)
            elif k > late[n]:
                found[n] = z[k - 1 - late[n], s.pre[n]]
        return found

    def by_rest(self):
        """Return the derivative of the potentials of the readout by `rest`, that is by the bias."""
        return 1.0 - np.exp(-self.dt * np.arange(1, self.steps + 1)[:, None] / self.readout.tau_m)

    def response(self, n):
        """Return (steps, steps): the potential at the end of one, by synapse n after a spike at the end of another."""
        since, o = np.subtract.outer(np.arange(self.steps), np.arange(self.steps)) * self.dt, self.out.post[n]
        return self.readout.gain[o] * psp(since - self.out.delay[n], self.readout.tau_m[o], self.out.tau_s[n])

    def gradients(self, events, by_y, currents=None):
        """Return the gradients by the weights into cells, those onto the readout, `rest` of the readout, and beta of cells.

        ``by_y(y)`` is the derivative of the loss with respect to the potentials of the readout.
        """
        z, e, e_beta, y = self.forward(events, currents)
        error, by_out = by_y(y), np.zeros(self.out.pre.size)
        signal = np.tile(self.rate_cost * (z.sum(axis=0) - self.rate_target), (self.steps, 1))
        for n in range(self.out.pre.size):
            passed, j, gain = (
                error[:, self.out.post[n]] @ self.response(n),
                self.out.pre[n],
                self.readout.gain[self.out.post[n]],
            )
            by_out[n] = passed @ z[:, j]
            signal[:, j] += passed * (self.out.weight[n] if self.feedback is None else self.feedback[n] / gain)
        by_weight, by_rest = (signal[:, self.into.post] * e).sum(axis=0), (error * self.by_rest()).sum(axis=0)
        return by_weight, by_out, by_rest, (signal * e_beta).sum(axis=0)

    def let_feedback_follow(self, before):
        """Change adaptive feedback as the weights onto the readout, which were `before`, were changed; let both decay."""
        self.feedback = (1.0 - DECAY) * (self.feedback + self.readout.gain[self.out.post] * (self.out.weight - before))
        self.out.weight = (1.0 - DECAY) * self.out.weight


def error_of(loss, y, wanted, gain):
    """Return the derivative of a loss with respect to the potentials of the readout."""
    if loss == "values":
        return np.nan_to_num(y - wanted) / np.isfinite(wanted).sum()
    scores = gain * (y.mean(axis=0, keepdims=True) if loss == "mean" else y)
    share = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    share = share - (np.reshape(wanted, (-1, 1)) == np.arange(y.shape[1]))
    return gain * (share / len(y) + 0.0 * y if loss == "mean" else share * (wanted >= 0)[:, None] / (wanted >= 0).sum())
