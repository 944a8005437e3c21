"""What `fit` returns: the fitted model, how it was found, how well it does on what it has not seen."""

from __future__ import annotations

import os
import typing
from typing import Any

import numpy as np

from brainsim.core.checks import integer
from brainsim.core.hints import answers_calls
from brainsim.fitting.certainty import certainty_of
from brainsim.fitting.fitted import Fitted, Seen
from brainsim.fitting.losses import GammaLoss, MdLoss
from brainsim.fitting.sampled_losses import TraceLoss
from brainsim.rng.streams import checked_seed

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from brainsim.models.base import Neuron


@answers_calls
class Fit(Fitted):
    """A model that was fitted to recordings.

    Attributes
    ----------
    model : Neuron
        The fitted model, for a population or `bs.explore`.
    parameters : dict of str to float
        The values of what was free or tied.
    loss : float
        The loss in the part that was fitted.
    score : float
        The loss in the part that the fit has not seen; the same as `loss` if there is none (``hold_out=0``).
    scores : dict of str to float
        What else is known about that part: of spikes ``"gamma"``, ``"rate"`` and ``"recorded rate"`` [Hz], with two repeats
        or more ``"md"``; of potentials ``"error"``, the root of the mean squared difference [mV].
    intervals : dict of str to tuple
        The interval of 95 % for each parameter, by the noise model that `noise` names; empty if there is none.
    noise : str
        The noise model.
    indistinct : list of str
        Parameters that cannot be told apart, or are hardly known, in words.
    history : array, shape (runs,)
        The least loss so far after each run of candidates.
    runs : int
        How many simulations it took.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> current, spikes = np.full(4000, 300.0), np.arange(20.0, 400.0, 20.0)  # one every 20 ms
    >>> options = {"loss": "rates", "method": "grid", "hold_out": 0}
    >>> fit = bs.fit(bs.LIF(), current=current, spikes=spikes, free={"tau_m": (10.0, 40.0)}, **options)
    >>> fit.scores["rate"], fit.scores["recorded rate"]
    (47.5, 47.5)
    """

    _problem: Any
    _log: list
    _place: np.ndarray
    loss: float
    score: float
    scores: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    noise: str
    indistinct: list[str]
    runs: int

    @classmethod
    def _of(cls, generations, place):
        new = cls.__new__(cls)
        problem = new._problem = generations.problem
        new._place, new._log = place, generations.log
        new.loss = float(generations.best[1])
        new.score, new.scores = scores_of(problem, place, problem.unseen)
        new.intervals, new.indistinct, new.noise = {}, [], ""
        if problem.is_smooth:
            sure = certainty_of(problem, place)
            new.intervals, new.indistinct = sure.intervals(problem.space, place), sure.indistinct(problem.space)
            new.noise = sure.noise
        new.runs = problem.runs
        return new

    @property
    def model(self) -> Neuron:
        """The fitted model."""
        return self._problem.space.model_at(self._place)

    @property
    def _saw(self) -> Seen:
        problem = self._problem
        return Seen(problem.recordings, problem.windows, problem.unseen, problem.dt, problem.seed)

    def _initial_of(self, one: Any, repeats: int) -> dict[str, Any] | None:
        return self._problem.initial_of([self._problem.space.values(np.repeat(self._place[None], repeats, axis=0))], [one])

    def _recorded(self, v: Any, current: Any) -> Any:
        return self._problem.measured(self._problem.space.values(self._place[None]))(v, current)

    @property
    def parameters(self) -> dict[str, float]:
        """The values of what was free or tied."""
        return {name: float(value[0]) for name, value in self._problem.space.values(self._place[None]).items()}

    @property
    def history(self) -> np.ndarray:
        """The least loss so far after each run of candidates."""
        return np.minimum.accumulate([losses.min() for _, losses in self._log])

    @property
    def candidates(self) -> dict[str, np.ndarray]:
        """The parameters of all candidates by name, and their ``"loss"``."""
        places, losses = (np.concatenate(some) for some in zip(*self._log, strict=True))
        return {**self._problem.space.values(places), "loss": losses}

    def bootstrap(self, n: int = 40, *, candidates: int = 16, generations: int = 25, seed: int = 1) -> Fit:
        """Return the fit with intervals for any loss: the fitted model makes noisy data, which are fitted again.

        All sets of data are fitted in the same runs. The noise is that of the threshold for spikes, as strong as makes the
        recorded ones most likely, and the residual of v for potentials.

        Parameters
        ----------
        n : int
            Number of data sets.
        candidates, generations : int
            Of the search in each, by CMA-ES near the fitted parameters.
        seed : int
            Of the noise and of the searches.

        Raises
        ------
        ValueError
            If there is no noise model: spikes of a model that is not reset at ``v >= v_th``.
        """
        from brainsim.fitting.bootstrapping import bootstrap

        n, candidates = (
            integer(value, f"Fit.bootstrap.{name}", at_least=4) for name, value in (("n", n), ("candidates", candidates))
        )
        generations = integer(generations, "Fit.bootstrap.generations", at_least=1)
        return bootstrap(self, n, candidates, generations, checked_seed(seed, "Fit.bootstrap.seed"))

    def log_likelihood(self, parameters: ArrayLike) -> np.ndarray:
        """Return the logarithm of the likelihood of parameters, but for a constant, all in one run: for a sampler.

        Parameters
        ----------
        parameters : array, shape (n, free)
            Values of what is free, in the order of ``free``.

        Returns
        -------
        array, shape (n,)
            -inf beyond the bounds. The noise is that of `noise`; the strength of a Gaussian one is that of the fit.

        Raises
        ------
        ValueError
            If the loss is neither ``"trace"`` nor ``"likelihood"``.
        """
        from brainsim.fitting.certainty import log_likelihood

        return log_likelihood(self._problem, self._place, parameters)

    @classmethod
    def load(cls, path: str | os.PathLike, model: Neuron | None = None) -> Fit:
        """Return a fit that `save` wrote.

        Parameters
        ----------
        path : str or Path
        model : Neuron, optional
            What was fitted, if its class cannot be imported, such as one of a notebook.

        Raises
        ------
        ValueError
            If the file is no fit, or needs `model`.
        """
        from brainsim.fitting.fit_file import fit_of

        return fit_of(cls, path, model)

    def _parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        from brainsim.fitting.fit_file import parts_of_fit

        return parts_of_fit(self)

    def plot_history(self, ax: Axes | None = None) -> Axes:
        """Draw the least loss over the runs.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; the current axes by default.
        """
        from brainsim.fitting.fit_pictures import draw_history

        return draw_history(self, ax)

    def plot_pair(self, x: str | None = None, y: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw all candidates by two of their parameters, coloured by their loss, with the intervals of both.

        Parameters
        ----------
        x, y : str, optional
            The parameters; by default the first and the last.
        ax : Axes, optional
            Where to draw; the current axes by default.
        """
        from brainsim.fitting.fit_pictures import draw_pair

        return draw_pair(self, ax, x, y)

    def plot_profile(self, name: str, ax: Axes | None = None) -> Axes:
        """Draw the profile of a parameter: the least loss at each of its values, with the others as good as they can be.

        A loss that is not smooth has no descent: the least loss of the candidates near each value is drawn.

        Parameters
        ----------
        name : str
            The parameter.
        ax : Axes, optional
            Where to draw; the current axes by default.
        """
        from brainsim.fitting.fit_pictures import draw_profile

        return draw_profile(self, ax, name)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.4g}" for name, value in self.parameters.items())
        kind = type(self._problem.space.model).__name__
        unseen = f", {self.score:.4g} on the part not seen" if self._problem.has_unseen else ""
        return f"Fit of {kind}: {values}; loss {self.loss:.4g}{unseen}"


def scores_of(problem, place, windows) -> tuple[float, dict[str, Any]]:
    """Return the loss of one candidate in some windows, and what else is known about it there."""
    place = np.asarray(place)[None]
    score, found = float(problem.losses(place, windows=windows)[0]), {}
    if all(one.trains is not None for one in problem.recordings):
        gammas = problem.run(place, GammaLoss, windows)
        seconds = sum(loss.length for loss in gammas) / 1000.0
        found["gamma"] = float(1.0 - np.mean([loss.result()[0] for loss in gammas]))
        found["rate"] = float(sum(loss.counts[0] for loss in gammas) / seconds)
        found["recorded rate"] = float(sum(loss.target.size / len(loss.trains) for loss in gammas) / seconds)
        if all(len(one.trains) > 1 for one in problem.recordings):
            found["md"] = float(1.0 - np.mean([loss.result()[0] for loss in problem.run(place, MdLoss, windows)]))
    if all(one.v is not None for one in problem.recordings):
        found["error"] = float(np.sqrt(problem.losses(place, TraceLoss, windows)[0]))
    return score, found
