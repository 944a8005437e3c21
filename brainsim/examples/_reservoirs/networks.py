"""Reservoirs: random recurrent networks with fixed weights, and a linear readout that is trained.

`EchoState` is the artificial reservoir, `Liquid` the one of spiking cells; both turn sequences into states of the same
shape, on which a `Ridge` is trained. Scales are for inputs whose root mean square is 1.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from brainsim.core.checks import computed_values, integer, number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.engine.simulation.simulate import simulate
from brainsim.examples.data.samples import Dataset
from brainsim.learn.checked_samples import array_of
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.pair_lists import FromArrays
from brainsim.models.synapses.basic import Exponential
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.results.spikes import Spikes

__all__ = ["EchoState", "Liquid", "Ridge", "align_ends", "normalised"]

ALPHAS = (0.1, 1.0, 10.0, 100.0, 1000.0)  # candidates for the penalty of the ridge
MAX_CELLS = 150_000  # of a network with a liquid for each sample; more samples are divided among several networks
DENSITY, INHIBITORY, G = 0.1, 0.2, 4.0  # share of pairs connected, share of inhibitory cells, inhibition over excitation
ROUNDING = 1e-6  # of a frame: a spike exactly at the end of a frame belongs to it
BIAS = 120.0  # pA: moves the resting potential 12 mV up, to 3 mV below threshold


@dataclass(frozen=True, kw_only=True)
class EchoState:
    """An echo state network: ``h <- (1 - leak) h + leak tanh(W h + W_in x + b)`` with random, fixed W, W_in and b.

    Parameters
    ----------
    size : int
        Number of units.
    radius : float
        Largest absolute eigenvalue of W, of which a tenth is not 0, > 0. Below 1 the past fades; a little above 1 it mostly
        still does, since tanh saturates.
    leak : float
        Share of a unit that is replaced in each frame, 0 to 1.
    scale : float
        W_in is uniform from ``-scale`` to ``scale``, > 0.
    seed : int
        Of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.reservoirs.EchoState(size=50).states(np.zeros((3, 20, 12))).shape
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

    def __post_init__(self) -> None:
        integer(self.size, "EchoState.size", at_least=1)
        number(self.radius, "EchoState.radius", above=0.0)
        number(self.leak, "EchoState.leak", above=0.0, at_most=1.0)
        number(self.scale, "EchoState.scale", above=0.0)
        integer(self.seed, "EchoState.seed", at_least=0)

    def seeded(self, seed: int) -> Self:
        """Return the same network with other random weights."""
        return replace(self, seed=seed)

    @within(default_arithmetic)
    def states(self, X: ArrayLike) -> np.ndarray:
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
    """A liquid state machine: LIF cells, a fifth of them inhibitory, with synaptic currents that decay with `tau_s`.

    A tenth of all pairs is connected. Inputs are currents that are constant during a frame. The state of a cell is the sum
    of its spikes, each decaying with `tau`, as units of an echo state network forget with ``frame/leak``. One network
    contains a copy of the liquid, with the same wiring, for each sequence.

    Parameters
    ----------
    size : int
        Number of cells.
    weight : float
        Mean of the excitatory weights [pA], > 0, for 200 cells; it is scaled inversely with `size`. Inhibitory weights are
        four times as strong, and all are sampled from a Gamma distribution of shape 2.
    scale : float
        Input weights are uniform from ``-scale`` to ``scale`` [pA], > 0.
    tau_s, tau : float
        Time constants of synapses and of the state [ms], > 0.
    frame : float
        Length of a frame [ms], > 0; a multiple of the time step.
    seed : int
        Of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.reservoirs.Liquid(size=50).states(np.zeros((3, 20, 12))).shape
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

    def __post_init__(self) -> None:
        integer(self.size, "Liquid.size", at_least=1)
        for name in ("weight", "scale", "tau_s", "tau", "frame"):
            number(getattr(self, name), f"Liquid.{name}", above=0.0)
        integer(self.seed, "Liquid.seed", at_least=0)

    def seeded(self, seed: int) -> Self:
        """Return the same liquid with other random weights."""
        return replace(self, seed=seed)

    @within(computed_values)
    def add_to(self, net: Network, X: ArrayLike, name: str = "liquid") -> Population:
        """Add a copy of the liquid for each of the sequences X (samples, frames, channels) to a network.

        Return the population, in which cell ``size*k + i`` is cell i of the liquid that gets sequence k.
        """
        X, rng = _sequences(X, "Liquid.X"), np.random.default_rng(self.seed)
        samples, frames, channels = X.shape
        pre, post = np.nonzero(rng.random((self.size, self.size)) < DENSITY)
        sign = np.where(pre < round((1.0 - INHIBITORY) * self.size), 1.0, -G)
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

    @within(default_arithmetic)
    def read(self, spikes: Spikes, frames: int) -> np.ndarray:
        """Return the states of the liquids of a population from its spikes, shape (samples, frames, size)."""
        times = spikes.times - spikes.start
        frame = np.ceil(times / self.frame - ROUNDING).astype(np.int64) - 1
        within = frame < frames
        frame, times, ids = frame[within], times[within], spikes.ids[within]
        decayed = np.exp((times - self.frame * (frame + 1)) / self.tau)
        states = np.bincount(frame * spikes.n + ids, decayed, minlength=frames * spikes.n).reshape(frames, -1)
        for k in range(1, frames):
            states[k] += np.exp(-self.frame / self.tau) * states[k - 1]
        return states.reshape(frames, -1, self.size).swapaxes(0, 1)

    @within(default_arithmetic)
    def states(self, X: ArrayLike) -> np.ndarray:
        """Return the states after each frame of sequences X (samples, frames, channels), shape (samples, frames, size).

        The time step is a twentieth of a frame.
        """
        X = _sequences(X, "Liquid.X")
        chunk = max(MAX_CELLS // self.size, 1)
        parts = [X[start : start + chunk] for start in range(0, len(X), chunk)]
        return np.concatenate([self.read(self.spikes(part), X.shape[1]) for part in parts])

    def spikes(self, X: ArrayLike) -> Spikes:
        """Return the spikes of a liquid for each of the sequences X; cell ``size*k + i`` is cell i of sequence k."""
        net = Network(seed=0)
        self.add_to(net, X)
        return simulate(net, self.frame * np.shape(X)[1], dt=self.frame / 20.0, seed=0, progress=False).spikes["liquid"]


class Ridge:
    """A linear readout: ridge regression of the classes, coded as 0 and 1, on standardised states.

    The penalty alpha is one of five powers of ten: the one with the best leave-one-out classification of the training
    samples, which for least squares needs no refit: the left-out residual is ``(y - prediction)/(1 - leverage)``.

    Parameters
    ----------
    states : array (samples, features)
        Training data.
    y : array (samples,)
        Their classes.

    Attributes
    ----------
    alpha, left_out : float
        The chosen penalty, and the share of training samples classified correctly when left out.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 3
    >>> bs.ann.reservoirs.Ridge(np.eye(3)[y] + 0.1 * rng.standard_normal((60, 3)), y).left_out
    1.0
    """

    def __init__(self, states: np.ndarray, y: ArrayLike) -> None:
        self.classes_ = np.unique(y)
        self._centre, self._spread = states.mean(axis=0), states.std(axis=0)
        self._spread[self._spread == 0.0] = 1.0
        targets = (np.asarray(y)[:, None] == self.classes_).astype(np.float64)
        self._means = targets.mean(axis=0)
        Z, targets = (states - self._centre) / self._spread, targets - self._means
        size, axes = eigh(Z.T @ Z)
        along = Z @ axes
        inner = along.T @ targets
        self.left_out = -1.0
        for alpha in ALPHAS:
            leverage = along**2 @ (1.0 / (size + alpha)) + 1.0 / len(Z)
            residual = (targets - along @ (inner / (size + alpha)[:, None])) / np.maximum(1.0 - leverage, 1e-12)[:, None]
            correct = float(np.mean(self.classes_[(targets + self._means - residual).argmax(axis=1)] == y))
            if correct >= self.left_out:  # of equal ones the largest, which gives the smallest weights
                self.alpha, self.left_out = alpha, correct
        self._weights = axes @ (inner / (size + self.alpha)[:, None])

    def evidence(self, states: np.ndarray) -> np.ndarray:
        """Return the output for each row of states and each class, (samples, classes): near 1 for the true class, else 0."""
        return (states - self._centre) / self._spread @ self._weights + self._means

    def predict(self, states: np.ndarray) -> np.ndarray:
        """Return the class of each row of states."""
        return self.classes_[self.evidence(states).argmax(axis=1)]

    def score(self, states: np.ndarray, y: ArrayLike) -> float:
        """Return the share of the rows of states that are classified correctly."""
        return float(np.mean(self.predict(states) == y))


def align_ends(X: ArrayLike, label: str = "align_ends.X") -> np.ndarray:
    """Return sequences with the zeros at their end moved before them, so that all end in the last frame.

    Parameters
    ----------
    X : array, shape (samples, frames, channels)
    label : str
        What messages begin with.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.reservoirs.align_ends(np.array([[[1.0], [2.0], [0.0]]]))[0, :, 0]
    array([0., 1., 2.])
    """
    X = _sequences(X, label)
    moved = np.zeros_like(X)
    for sample, out in zip(X, moved, strict=True):
        length = np.flatnonzero(np.any(sample != 0.0, axis=1)).max(initial=-1) + 1
        out[len(out) - length :] = sample[:length]
    return moved


def normalised(data: Dataset) -> tuple[np.ndarray, int]:
    """Return the sequences of a data set, training data before test data, and the number of training samples.

    Zeros at the end of a sequence are moved before it, and all are divided by the root mean square of the training data.
    """
    train, test = align_ends(data.X_train, "reservoirs.data.X_train"), align_ends(data.X_test, "reservoirs.data.X_test")
    if not train.any():
        raise ValueError("reservoirs.data.X_train: must not be 0 everywhere")
    size = np.sqrt(np.mean(train[np.any(train != 0.0, axis=2)] ** 2))
    return np.concatenate([train, test]) / size, len(train)


def _sequences(X, label) -> np.ndarray:
    return array_of(X, ("samples", "frames", "channels"), label)
