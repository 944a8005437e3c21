"""E-prop: a recurrent network of spiking cells that learns from eligibility traces."""

from itertools import repeat
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, number, one_of, plain
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.machine import MAX_THREADS
from brainsim.learn.batches import Runner, batches_of
from brainsim.learn.checks import array_of, explained_variance
from brainsim.learn.optimisers import OPTIMISERS, descend

TASKS = ("regression", "classification")
FEEDBACK = ("symmetric", "random", "adaptive")
FEEDBACK_DECAY = 0.01  # of output and adaptive feedback weights in an update, as in the authors' code


UNITS = {"tau_m": "ms", "tau_a": "ms", "tau_out": "ms", "t_ref": "ms", "dt": "ms", "rate_target": "Hz"}


class Weights(NamedTuple):
    """The weights of a network, arrays that can be changed in place; row i holds the synapses from i."""

    input: np.ndarray  # (inputs, cells)
    recurrent: np.ndarray  # (cells, cells)
    output: np.ndarray  # (cells, outputs)
    feedback: np.ndarray  # (cells, outputs)


class Gradients(NamedTuple):
    """The loss, and its gradient with respect to each group of weights."""

    loss: float
    input: np.ndarray
    recurrent: np.ndarray
    output: np.ndarray


class EProp:
    """A recurrent network of LIF and adaptive LIF cells that learns by e-prop: eligibility propagation.

    In each step ``v = alpha*v + zeta*(x @ input + z @ recurrent) - v_th*z`` with the spikes z of the step before,
    ``a = rho*a + z``, and a cell that is not refractory fires if ``v >= v_th + beta*a``. Readouts are leaky sums of the new
    spikes, ``y = kappa*y + (1 - kappa)*(z @ output)``. Decays are ``exp(-dt/tau)``.

    A synapse learns from what it knows: ``e = slope*(pre - beta*trace)``, ``trace = rho*trace + e``, where pre is the
    presynaptic spike train smoothed by alpha, and slope, the pseudo-derivative of the spike, is
    ``gamma/v_th*max(0, 1 - abs(v - v_th - beta*a)/v_th)``, or 0 while refractory. Its gradient is the sum over time of e,
    smoothed by kappa, times a learning signal, ``feedback @ error``. This is the gradient of backpropagation through time
    without what a spike causes through recurrent synapses and through the reset. Weights change after each batch.

    Parameters
    ----------
    n_in, n_rec, n_out : int
        Inputs, recurrent cells and readouts (one for each class).
    task : {"regression", "classification"}
        The error is ``y - target`` with half its square as the loss, or ``softmax(y) - one-hot`` with the cross-entropy.
    adaptive : int
        Number of cells with an adapting threshold; they are the last ones.
    tau_m, tau_a, tau_out : float
        Time constants of membrane, adaptation and readout [ms], > 0.
    v_th : float
        Threshold without adaptation, > 0.
    beta : float
        Rise of the threshold of adaptive cells at a spike, >= 0.
    t_ref : float
        Refractory time [ms], >= 0: the shortest interval between two spikes.
    dt : float
        Time step [ms], > 0.
    gamma : float
        Height of the pseudo-derivative, > 0.
    normalised : bool
        Whether the input is multiplied by ``zeta = 1 - alpha``, so that v averages it; otherwise zeta is 1.
    window : float or None
        Time at the end of a sample [ms] in which errors count; None means all of it.
    average : bool
        Whether the loss, and with it the gradient, is the mean over the steps of the window instead of the sum; the cost of
        rates is divided by the same number.
    rate_cost : float
        Strength of the regularisation of firing rates, >= 0: of half the squared distance of each cell's rate in a sample
        from `rate_target`, in spikes per step.
    rate_target : float
        Rate [Hz], >= 0.
    feedback : {"symmetric", "random", "adaptive"}
        The feedback weights: the output weights themselves, fixed random ones, or random ones that change as the output
        weights do, while both decay by 1 % in each update.
    optimiser : {"adam", "sgd"}
        What turns gradients into steps.
    learning_rate : float
        > 0.
    batch : int
        Samples between two updates.
    seed : int
        Seed for the initial weights and the order of samples.
    threads : int
        Number of samples computed at a time; it does not change the results.

    Attributes
    ----------
    weights : Weights
        The arrays ``input``, ``recurrent``, ``output`` and ``feedback``, normally distributed with a variance of 1 divided
        by the number of sources; cells have no synapse onto themselves. They can be changed in place.
    history : list of float
        Mean loss of each epoch, without the cost of rates, as it was before each update.

    Raises
    ------
    ValueError, TypeError
        If a value is out of its range.

    Examples
    --------
    A slow wave from random spikes that are the same each time:

    >>> import brainsim as bs
    >>> spikes = np.random.default_rng(1).random((1, 200, 20)) < 0.05
    >>> wave = np.sin(np.arange(200.0) / 30.0).reshape(1, 200, 1)
    >>> net = bs.learn.EProp(20, 50, 1, learning_rate=0.01).fit(spikes, wave, epochs=200)
    >>> net.history[-1] < 0.1 * net.history[0]
    True
    >>> net.predict(spikes).shape
    (1, 200, 1)

    References
    ----------
    Bellec et al. (2020), doi:10.1038/s41467-020-17236-y; the adaptive feedback follows Akrout et al. (2019),
    arXiv:1904.05391.
    """

    def __init__(
        self,
        n_in: int,
        n_rec: int,
        n_out: int,
        *,
        task: str = "regression",
        adaptive: int = 0,
        tau_m: float = 20.0,
        tau_a: float = 2000.0,
        tau_out: float = 20.0,
        v_th: float = 0.6,
        beta: float = 0.0174,
        t_ref: float = 5.0,
        dt: float = 1.0,
        gamma: float = 0.3,
        normalised: bool = False,
        window: float | None = None,
        average: bool = True,
        rate_cost: float = 0.0,
        rate_target: float = 10.0,
        feedback: str = "symmetric",
        optimiser: str = "adam",
        learning_rate: float = 5e-3,
        batch: int = 32,
        seed: int = 0,
        threads: int = 1,
    ) -> None:
        given = locals()
        for name, options in (("task", TASKS), ("feedback", FEEDBACK), ("optimiser", OPTIMISERS)):
            one_of(given[name], options, f"EProp.{name}")
        self.n_in, self.n_rec, self.n_out, self.batch = (
            integer(given[name], f"EProp.{name}", at_least=1) for name in ("n_in", "n_rec", "n_out", "batch")
        )
        self.threads = integer(threads, "EProp.threads", at_least=1, at_most=MAX_THREADS)
        self.tau_m, self.tau_a, self.tau_out, self.v_th, self.dt, self.gamma, self.learning_rate = (
            number(given[name], f"EProp.{name}", UNITS.get(name, ""), above=0.0)
            for name in ("tau_m", "tau_a", "tau_out", "v_th", "dt", "gamma", "learning_rate")
        )
        self.beta, self.t_ref, self.rate_cost, self.rate_target = (
            number(given[name], f"EProp.{name}", UNITS.get(name, ""), at_least=0.0)
            for name in ("beta", "t_ref", "rate_cost", "rate_target")
        )
        self.adaptive = integer(adaptive, "EProp.adaptive", at_least=0, at_most=self.n_rec)
        self.window = None if window is None else number(window, "EProp.window", "ms", above=0.0)
        self.task, self.feedback, self.optimiser = task, feedback, optimiser
        self.normalised, self.average = bool(normalised), bool(average)
        if 0.0 < self.t_ref < 0.5 * self.dt:
            raise ValueError(f"EProp.t_ref: must be 0 or at least one step of {self.dt:g} ms (got {self.t_ref})")
        self._rng = np.random.default_rng(integer(seed, "EProp.seed", at_least=0))
        self.weights = self._initial()
        self._optimiser = OPTIMISERS[optimiser](self.weights[:3])
        self.history: list[float] = []

    def __repr__(self) -> str:
        return f"EProp({self.n_in}-{self.n_rec}-{self.n_out}, {self.task!r}, feedback={self.feedback!r})"

    def fit(self, inputs: ArrayLike, targets: ArrayLike, epochs: int = 1) -> Self:
        """Train on samples, starting from the present weights, and return the network.

        Parameters
        ----------
        inputs : array, shape (samples, steps, n_in)
            Spikes as 0 and 1, or any numbers.
        targets : array, shape (samples, steps, n_out) or (samples,)
            What the readouts should be; for a classification the class of each sample, from 0.
        epochs : int
            Number of passes over the samples, in random order.

        Raises
        ------
        ValueError
            If shapes or labels do not fit, or the loss becomes infinite; the weights are then those before that update.
        """
        x, wanted = self._checked(inputs, targets, "EProp.fit")

        def learn(batch):
            gradients = self._mean_gradients(x[batch], wanted[batch])
            if not all(np.isfinite(part).all() for part in gradients):
                raise ValueError(
                    f"EProp.fit: the loss or its gradient is not finite in epoch {len(self.history) + 1}; lower "
                    f"learning_rate ({self.learning_rate:g})"
                )
            return gradients.loss * len(batch), gradients[1:]

        for _ in range(integer(epochs, "EProp.fit.epochs", at_least=1)):
            batches = batches_of(self._rng.permutation(len(x)), self.batch)
            self.history.append(descend(batches, learn, self._move)[0])
        return self

    def gradients(self, inputs: ArrayLike, targets: ArrayLike) -> Gradients:
        """Return the mean loss of samples, and the mean of the gradients with respect to the weights that learn.

        Parameters
        ----------
        inputs, targets : array
            As for `fit`.

        Returns
        -------
        Gradients
            ``loss``, without the cost of rates, and ``input``, ``recurrent`` and ``output`` with the shapes of the weights.
        """
        return self._mean_gradients(*self._checked(inputs, targets, "EProp.gradients"))

    @within(default_arithmetic)
    def predict(self, inputs: ArrayLike) -> np.ndarray:
        """Return the readouts, shape (samples, steps, n_out), or for a classification the class of each sample."""
        readouts = self._run(inputs, "readout", "EProp.predict")
        if self.task == "regression":
            return readouts
        largest = readouts.max(axis=2, keepdims=True)
        shares = np.exp(readouts - largest)
        shares /= shares.sum(axis=2, keepdims=True)
        return shares[:, -self._window(readouts.shape[1]) :].mean(axis=1).argmax(axis=1)

    def score(self, inputs: ArrayLike, targets: ArrayLike) -> float:
        """Return the share of samples classified correctly, or for a regression the share of explained variance.

        The latter is ``1 - sum of squared errors/sum of squared distances from the mean``, in the window.
        """
        x, wanted = self._checked(inputs, targets, "EProp.score")
        predicted = self.predict(x)
        if self.task == "classification":
            return float(np.mean(predicted == wanted))
        steps = self._window(wanted.shape[1])
        return explained_variance(predicted[:, -steps:], wanted[:, -steps:], "EProp.score.targets")

    def spikes(self, inputs: ArrayLike) -> np.ndarray:
        """Return the spikes of the recurrent cells, bool of shape (samples, steps, n_rec)."""
        return self._run(inputs, "spikes", "EProp.spikes").astype(bool)

    def _initial(self) -> Weights:
        rng, n = self._rng, self.n_rec
        given = rng.standard_normal((self.n_in, n)) / np.sqrt(self.n_in)
        recurrent = rng.standard_normal((n, n)) / np.sqrt(n)
        np.fill_diagonal(recurrent, 0.0)
        output = rng.standard_normal((n, self.n_out)) / np.sqrt(n)
        symmetric = self.feedback == "symmetric"
        return Weights(given, recurrent, output, output if symmetric else rng.standard_normal(output.shape) / np.sqrt(n))

    def _cells(self):
        """Return what the compiled functions need to know of the cells."""
        from brainsim.jit.functions import FUNCTIONS
        from brainsim.learn.kernels import Cells

        exp: Any = FUNCTIONS["exp"]
        alpha, rho, kappa = (float(exp(-self.dt / tau)) for tau in (self.tau_m, self.tau_a, self.tau_out))
        beta = np.zeros(self.n_rec)
        beta[self.n_rec - self.adaptive :] = self.beta
        zeta = 1.0 - alpha if self.normalised else 1.0
        return Cells(alpha, zeta, rho, kappa, self.v_th, beta, self.gamma / self.v_th, round(self.t_ref / self.dt))

    def _window(self, steps):
        """Return the number of steps at the end of a sample in which errors count."""
        return steps if self.window is None else min(steps, max(1, round(self.window / self.dt)))

    def _run(self, inputs, what, label):
        """Return spikes, pseudo-derivatives or readouts of each sample."""
        from brainsim.learn.kernels import run

        x, same = self._samples(inputs, label), (repeat(self.weights), repeat(self._cells()))
        with Runner(self.threads) as runner:
            return np.array([getattr(activity, what) for activity in runner.in_turn(run, x, *same)])

    def _mean_gradients(self, x, wanted):
        """Return the mean of the gradients of samples, added in order: the number of threads does not change the sum."""
        from brainsim.learn.kernels import Goal, gradients

        goal = Goal(
            classify=self.task == "classification",
            window=self._window(x.shape[1]),
            average=self.average,
            rate_cost=self.rate_cost,
            rate_target=self.rate_target * self.dt / 1000.0,
        )
        same = repeat(self.weights), repeat(self._cells()), repeat(goal)
        with Runner(self.threads) as runner:
            each = runner.in_turn(gradients, x, wanted, *same)
            total = list(next(each))
            for more in each:
                total = [a + b for a, b in zip(total, more, strict=True)]
        return Gradients(*(part / len(x) for part in total))

    def _move(self, gradients):
        """Take one step; adaptive feedback weights change by as much as the output weights, and both decay."""
        before = self.weights.output.copy()
        self._optimiser.values = self.weights[:3]  # which the user may have replaced
        self._optimiser.step(gradients, self.learning_rate)
        if self.feedback == "adaptive":
            self.weights.feedback[...] += self.weights.output - before
            for decaying in (self.weights.feedback, self.weights.output):
                decaying *= 1.0 - FEEDBACK_DECAY

    def _checked(self, inputs, targets, label):
        x = self._samples(inputs, label)
        return x, self._targets(targets, x, label)

    def _samples(self, inputs, label):
        """Return inputs as an array (samples, steps, n_in)."""
        x = array_of(inputs, ("samples", "steps", self.n_in), f"{label}.inputs")
        if self.window is not None and round(self.window / self.dt) > x.shape[1]:
            raise ValueError(
                f"{label}.inputs: must be at least as long as EProp.window, {self.window:g} ms (got {x.shape[1]} steps)"
            )
        return np.ascontiguousarray(x)

    def _targets(self, targets: Any, x, label):
        """Return targets as an array (samples, steps, n_out), or as labels (samples,)."""
        wanted = np.asarray(plain(targets, "", f"{label}.targets"))
        if self.task == "regression":
            shape = (*x.shape[:2], self.n_out)
            if wanted.shape != shape:
                hint = "; write targets[..., None]" if wanted.shape == shape[:2] and self.n_out == 1 else ""
                hint = (
                    "; for one class for each sample write EProp(..., task='classification')" if wanted.ndim == 1 else hint
                )
                raise ValueError(f"{label}.targets: must have the shape {shape} (got {wanted.shape}){hint}")
            return np.ascontiguousarray(wanted)
        if wanted.shape != (len(x),):
            raise ValueError(f"{label}.targets: must be one class for each of the {len(x)} samples (got {wanted.shape})")
        wrong = wanted[(wanted < 0) | (wanted >= self.n_out) | (wanted != np.rint(wanted))]
        if wrong.size:
            raise ValueError(f"{label}.targets: must be classes, whole numbers from 0 to {self.n_out - 1} (got {wrong[0]})")
        return wanted.astype(np.int64)
