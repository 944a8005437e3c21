"""Reservoirs: a random recurrent network that is left as it is, and a linear readout that learns.

`EchoState` is the artificial one, `Liquid` the one of spiking cells; both turn sequences into states of the same shape,
which `Ridge` reads. Scales are for inputs whose root mean square is 1.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import eigh

from brainsim.core.checks import integer, number, plain
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.rules import FromArrays
from brainsim.models.synapses.basic import Exponential
from brainsim.network.network import Network
from brainsim.network.population import Population

ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0)  # of the ridge, from which one is chosen
MOST_CELLS = 150_000  # of a network with a liquid for each sample; more samples go through several networks
DENSITY, INHIBITORY, STRONGER = 0.1, 0.2, 4.0  # share of pairs connected, of cells; inhibition over excitation
ROUNDING = 1e-6  # of a frame: a spike at its very end belongs to it
BIAS = 120.0  # pA: with it a cell rests 12 mV above rest, three below threshold


@dataclass(frozen=True, kw_only=True)
class EchoState:
    """An echo state network: ``h <- (1 - leak) h + leak tanh(W h + W_in x + b)``, with W and W_in drawn once.

    Parameters
    ----------
    size : int
        Number of units.
    radius : float
        Largest absolute eigenvalue of W, of which a tenth is not 0, > 0; below 1 what is past fades, and a little above 1
        mostly still does, since tanh saturates.
    leak : float
        How much of a unit is new in each frame, 0 to 1.
    scale : float
        W_in is uniform from ``-scale`` to ``scale``, > 0.
    seed : int
        Of the weights.

    Examples
    --------
    >>> EchoState(size=50).states(np.zeros((3, 20, 12))).shape
    (3, 20, 50)

    References
    ----------
    Jaeger (2001), GMD report 148; Lukosevicius (2012), doi:10.1007/978-3-642-35289-8_36.
    """

    size: int = 200
    radius: float = 0.9
    leak: float = 0.2
    scale: float = 0.05
    seed: int = 1

    def __post_init__(self):
        """Check the values."""
        integer(self.size, "EchoState.size", at_least=1)
        number(self.radius, "EchoState.radius", above=0.0)
        number(self.leak, "EchoState.leak", above=0.0, at_most=1.0)
        number(self.scale, "EchoState.scale", above=0.0)
        integer(self.seed, "EchoState.seed", at_least=0)

    def seeded(self, seed):
        """Return the same network with weights drawn anew."""
        return replace(self, seed=seed)

    def states(self, X):
        """Return the units after each frame of sequences X (samples, frames, channels), shape (samples, frames, size)."""
        X, rng = _sequences(X, "EchoState.X"), np.random.default_rng(self.seed)
        W = rng.standard_normal((self.size, self.size)) * (rng.random((self.size, self.size)) < DENSITY)
        W *= self.radius / max(np.abs(np.linalg.eigvals(W)).max(), 1e-300)
        W_in, b = self.scale * rng.uniform(-1.0, 1.0, (X.shape[2], self.size)), rng.uniform(-0.2, 0.2, self.size)
        states, h = np.empty((*X.shape[:2], self.size)), np.zeros((len(X), self.size))
        for frame in range(X.shape[1]):
            h = (1.0 - self.leak) * h + self.leak * np.tanh(h @ W + X[:, frame] @ W_in + b)
            states[:, frame] = h
        return states


@dataclass(frozen=True, kw_only=True)
class Liquid:
    """A liquid state machine: LIF cells, a fifth of them inhibitory, with synaptic currents that decay in `tau_s`.

    A tenth of all pairs is connected. Inputs are currents that stay for a frame. The state of a cell is its spikes, each
    fading with `tau`, as units of an echo state network forget with ``frame/leak``. A liquid for each sequence lies in one
    network: copies, wired alike, side by side.

    Parameters
    ----------
    size : int
        Number of cells.
    weight : float
        Mean of the excitatory weights [pA], > 0, in a liquid of 200 cells, and inversely to the size in others; inhibitory
        ones are four times as strong, and all vary by a Gamma law of shape 2.
    scale : float
        Input weights are uniform from ``-scale`` to ``scale`` [pA], > 0.
    tau_s, tau : float
        Time constants of synapses and of the state [ms], > 0.
    frame : float
        How long a frame lasts [ms], > 0; a multiple of the time step.
    seed : int
        Of the weights.

    Examples
    --------
    >>> Liquid(size=50).states(np.zeros((3, 20, 12))).shape
    (3, 20, 50)

    References
    ----------
    Maass, Natschlager & Markram (2002), doi:10.1162/089976602760407955.
    """

    size: int = 200
    weight: float = 10.0
    scale: float = 200.0
    tau_s: float = 60.0
    tau: float = 300.0
    frame: float = 10.0
    seed: int = 1

    def __post_init__(self):
        """Check the values."""
        integer(self.size, "Liquid.size", at_least=1)
        for name in ("weight", "scale", "tau_s", "tau", "frame"):
            number(getattr(self, name), f"Liquid.{name}", above=0.0)
        integer(self.seed, "Liquid.seed", at_least=0)

    def seeded(self, seed):
        """Return the same liquid with weights drawn anew."""
        return replace(self, seed=seed)

    def add_to(self, net, X, name="liquid"):
        """Add a liquid for each of the sequences X (samples, frames, channels) to a network, and return the population.

        Cell ``size*k + i`` of it is cell i of the liquid that hears sequence k.
        """
        X, rng = _sequences(X, "Liquid.X"), np.random.default_rng(self.seed)
        samples, frames, channels = X.shape
        pre, post = np.nonzero(rng.random((self.size, self.size)) < DENSITY)
        sign = np.where(pre < round((1.0 - INHIBITORY) * self.size), 1.0, -STRONGER)
        weight = 200.0 / self.size * self.weight * sign * rng.gamma(2.0, 0.5, pre.size)
        W_in, bias = self.scale * rng.uniform(-1.0, 1.0, (channels, self.size)), BIAS * rng.uniform(0.5, 1.5, self.size)
        lif = LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=15.0, v_reset=0.0, t_ref=2.0)
        cells = Population(samples * self.size, lif, name=name)
        first = self.size * np.arange(samples)[:, None]
        net.connect(
            cells,
            cells,
            FromArrays((first + pre).ravel(), (first + post).ravel()),
            weight=np.tile(weight, samples),
            delay=1.0,
            synapse=Exponential(tau=self.tau_s),
        )
        current = np.swapaxes(X @ W_in + bias, 0, 1).reshape(frames, -1)
        net.stimulate(cells, CurrentInput(current, times=self.frame * np.arange(frames)))
        return cells

    def read(self, spikes, frames):
        """Return the states that the spikes of a population of liquids leave, shape (samples, frames, size)."""
        frame = np.ceil(spikes.times / self.frame - ROUNDING).astype(np.int64) - 1
        kept = frame < frames
        frame, times, ids = frame[kept], spikes.times[kept], spikes.ids[kept]
        faded = np.exp((times - self.frame * (frame + 1)) / self.tau)
        states = np.bincount(frame * spikes.n + ids, faded, minlength=frames * spikes.n).reshape(frames, -1)
        for late in range(1, frames):
            states[late] += np.exp(-self.frame / self.tau) * states[late - 1]
        return states.reshape(frames, -1, self.size).swapaxes(0, 1)

    def states(self, X):
        """Return the states after each frame of sequences X (samples, frames, channels), shape (samples, frames, size).

        A time step is a twentieth of a frame.
        """
        X = _sequences(X, "Liquid.X")
        some = max(MOST_CELLS // self.size, 1)
        parts = [X[start : start + some] for start in range(0, len(X), some)]
        return np.concatenate([self.read(self.spikes(part), X.shape[1]) for part in parts])

    def spikes(self, X):
        """Return the spikes of a liquid for each of the sequences X; cell ``size*k + i`` is cell i of sequence k."""
        from brainsim.engine.simulate import simulate

        net = Network(seed=0)
        self.add_to(net, X)
        return simulate(net, self.frame * np.shape(X)[1], dt=self.frame / 20.0, seed=0, progress=False).spikes["liquid"]


class Ridge:
    """A linear readout: least squares of the classes as 0 and 1 on standardised states, weights held small by alpha.

    Alpha is the one of five powers of ten with which most samples are named right by the readout of all others, which for
    least squares is known without fitting it anew: ``1 - (y - prediction)/(1 - leverage)``, leave-one-out.

    Parameters
    ----------
    states : array (samples, features)
        Training data.
    y : array (samples,)
        Their classes.

    Attributes
    ----------
    alpha, left_out : float
        What was chosen, and the share of training samples named right when left out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> Ridge(np.eye(3)[y] + 0.1 * rng.standard_normal((60, 3)), y).left_out
    1.0
    """

    def __init__(self, states, y):
        self.classes_ = np.unique(y)
        self._centre, self._spread = states.mean(axis=0), states.std(axis=0)
        self._spread[self._spread == 0.0] = 1.0
        wanted = (np.asarray(y)[:, None] == self.classes_).astype(np.float64)
        self._means = wanted.mean(axis=0)
        Z, wanted = (states - self._centre) / self._spread, wanted - self._means
        size, axes = eigh(Z.T @ Z)
        along = Z @ axes
        inner = along.T @ wanted
        self.left_out = -1.0
        for alpha in ALPHAS:
            leverage = along**2 @ (1.0 / (size + alpha)) + 1.0 / len(Z)
            missed = (wanted - along @ (inner / (size + alpha)[:, None])) / np.maximum(1.0 - leverage, 1e-12)[:, None]
            right = float(np.mean(self.classes_[(wanted + self._means - missed).argmax(axis=1)] == y))
            if right >= self.left_out:  # of equal ones the largest, whose weights are the smallest
                self.alpha, self.left_out = alpha, right
        self._weights = axes @ (inner / (size + self.alpha)[:, None])

    def evidence(self, states):
        """Return what each row of states says for each class, shape (samples, classes): near 1 for its own, 0 for others."""
        return (states - self._centre) / self._spread @ self._weights + self._means

    def predict(self, states):
        """Return the class of each row of states."""
        return self.classes_[self.evidence(states).argmax(axis=1)]

    def score(self, states, y):
        """Return the share of the rows of states that are named right."""
        return float(np.mean(self.predict(states) == y))


def ended(X, where="ended.X"):
    """Return sequences that are filled with zeros at their end with the zeros before them, so that all end together.

    Parameters
    ----------
    X : array, shape (samples, frames, channels)
    where : str
        What messages call it.

    Examples
    --------
    >>> ended(np.array([[[1.0], [2.0], [0.0]]]))[0, :, 0]
    array([0., 1., 2.])
    """
    X = _sequences(X, where)
    moved = np.zeros_like(X)
    for sample, out in zip(X, moved, strict=True):
        length = np.flatnonzero(np.any(sample != 0.0, axis=1)).max(initial=-1) + 1
        out[len(out) - length :] = sample[:length]
    return moved


def _sequences(X, where):
    X = np.asarray(plain(X, "", where))
    if X.ndim != 3 or not X.size:
        raise ValueError(f"{where}: must have the shape (samples, frames, channels) (got {X.shape})")
    return X
