"""`bs.fit`: the parameters of a model, from recordings of a cell."""

from __future__ import annotations

import os
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

import brainsim as bs
from brainsim.core.checks import choice, integer, number
from brainsim.core.hints import answers_calls
from brainsim.engine.loop.progress import Watch
from brainsim.fitting.escape import WIDTH, check_threshold
from brainsim.fitting.generations import Generations
from brainsim.fitting.minimising import Plan, minimise
from brainsim.fitting.outcome import Fit
from brainsim.fitting.parameters import space_of
from brainsim.fitting.problem import LOSSES, Problem
from brainsim.fitting.recordings import parts_of, recordings_of
from brainsim.rng.streams import checked_seed

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Neuron
    from brainsim.results.result import Spikes

METHODS = ("search", "gradient", "grid")
MOST_POINTS = 5_000_000  # of a grid


@answers_calls
def fit(
    model: Neuron,
    *,
    current: ArrayLike | Sequence[ArrayLike],
    spikes: Spikes | ArrayLike | Sequence[Any] | None = None,
    v: ArrayLike | Sequence[ArrayLike] | None = None,
    free: Mapping[str, tuple],
    dt: float = 0.1,
    loss: str | Callable[..., ArrayLike] | None = None,
    method: Literal["search", "gradient", "grid"] = "search",
    tied: Mapping[str, str] | None = None,
    initial: Mapping[str, float] | None = None,
    skip: float = 0.0,
    hold_out: float = 0.5,
    series_resistance: float = 0.0,
    junction_potential: float = 0.0,
    window: float = 4.0,
    tau: float = 10.0,
    mask: tuple[float, float] = (2.0, 5.0),
    features: Sequence[str] | Mapping[str, float] = (),
    escape_width: float | None = None,
    candidates: int = 128,
    starts: int = 4,
    generations: int = 100,
    points: int = 10,
    step: float | None = None,
    seed: int = 1,
    threads: int | None = None,
    to: str | os.PathLike | None = None,
    progress: bool | None = None,
) -> Fit:
    """Fit a model to recordings of a cell: the parameters with which it does most nearly what the cell did.

    Each candidate is a cell of one population with its own parameters, so a generation of the search is one run on all
    threads, and losses are summed while it runs. The second half of each recording is not fitted but scored.

    Parameters
    ----------
    model : Neuron
        Its parameters are those that are fixed.
    current : array, shape (samples,), or list of arrays
        The current that was injected [pA], a value every `dt`; for several recordings a list, or an array with a column
        each.
    spikes : array, Spikes, or list of arrays, optional
        The times of the spikes [ms]; several repeats with the same current are a list, or the cells of Spikes. For several
        recordings a list with one of these for each.
    v : array, shape (samples,), or list of arrays, optional
        The recorded potential [mV], at the times 0, dt, 2*dt, ... The first value is where the model begins.
    free : dict of str to tuple
        Name -> (lower, upper) bound, or (lower, upper, "log") to search by the logarithm.
    dt : float
        Interval of the samples of `current` and `v` [ms].
    loss : {"gamma", "md", "van rossum", "rates", "trace", "likelihood", "features"} or callable
        What is minimised: 1 - Gamma, 1 - Md* (two repeats or more), the distance of van Rossum for each recorded spike, the
        squared relative difference of the numbers of spikes, the mean squared difference of potentials [mV^2], -log of the
        likelihood of the spikes with escape noise, for each of them, or the mean squared difference of `features`; by
        default ``"trace"`` if there is `v`, else ``"gamma"``. A function takes ``(spikes, target)``, Spikes with a cell for
        each candidate and with one for each repeat, and returns a number for each candidate; with `v` it takes arrays
        ``(v, target)`` of the shapes (samples, candidates) and (samples, 1), and returns a number for each sample and
        candidate, of which the mean is taken.
    method : {"search", "gradient", "grid"}
        CMA-ES from several starts (``pip install cmaes``); for ``"trace"`` and ``"likelihood"`` down the slopes from several
        starts, with which a search ends in any case, of a trace first in its beginning, which is better and faster than a
        search if it has spikes; or all combinations of `points` values of each parameter.
    tied : dict of str to str, optional
        Name -> expression of other parameters, such as ``{"g_k": "0.3*g_na"}``. What is free may also be a name of your own
        that only these read: ``free={"scale": (0.5, 2.0)}, tied={"g_na": "120*scale", "g_k": "36*scale"}``.
    initial : dict, optional
        Values of variables at t = 0, as for `Population`.
    skip : float
        The beginning of each recording that is not scored [ms].
    hold_out : float
        The last part of each recording, which is scored and not fitted: half of it by default, none if 0.
    series_resistance : float
        Of the electrode [MOhm]: the recorded potential is that of the cell and ``1e-3*series_resistance*I``. May be free.
    junction_potential : float
        What else the recorded potential has more than the cell [mV]. May be free.
    window : float
        Largest distance of spikes that coincide [ms], for Gamma and Md*.
    tau : float
        Time constant of van Rossum's distance [ms].
    mask : tuple of float
        If there are both, how long before and after each recorded spike potentials are not compared [ms]. Candidates whose
        threshold is ``v >= v_th`` then fire when the recording did, so nothing is known of `v_th`: that is for the
        likelihood.
    features : list of str, or dict of str to float
        Names of `bs.analysis.voltage_features`, and by how much each may differ; by default by a tenth of the recorded one.
    escape_width : float, optional
        Of the likelihood: the cell fires at random with the rate ``exp((v - v_th)/escape_width)`` per ms [mV]; free from 0.1
        to 10 mV by default. The model must have the threshold ``v >= v_th``.
    candidates, starts, generations : int
        How many candidates run at once, from how many starts, and how often at most.
    points : int
        Of a grid, for each parameter.
    step : float, optional
        Time step of the simulation [ms]; by default `dt`.
    seed : int
        Of the search, and of models with noise.
    threads : int, optional
        As for `simulate`; the bits do not depend on it.
    to : str or Path, optional
        A file ``.npz`` with all candidates so far: a fit that was stopped continues where it was.
    progress : bool, optional
        Whether to show a bar; by default if the fit takes long and is watched.

    Returns
    -------
    Fit

    Raises
    ------
    TypeError, ValueError
        If the recordings do not fit each other, or bounds, names or options are not allowed: before anything runs.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> current = np.repeat(np.random.default_rng(1).uniform(0.0, 800.0, 40), 100)
    >>> cell = bs.Population(1, bs.LIF(tau_m=12.0), name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, 0.1)))
    >>> recorded = bs.simulate(net, 400.0).spikes["cell"]
    >>> fit = bs.fit(bs.LIF(), current=current, spikes=recorded, free={"tau_m": (5.0, 30.0)}, method="grid", points=26)
    >>> fit.parameters, fit.scores["gamma"]
    ({'tau_m': 12.0}, 1.0)
    """
    if not isinstance(model, bs.Neuron):
        hint = f"; write {model.__name__}()" if isinstance(model, type) else ""
        raise TypeError(f"fit.model: must be a neuron such as bs.LIF() (got {model!r}){hint}")
    recordings = recordings_of(current, spikes, v, dt, "fit")
    fitted, unseen = parts_of(recordings, skip, hold_out, "fit")
    measured = {"series_resistance": series_resistance, "junction_potential": junction_potential}
    chosen = _checked_loss(loss, recordings, model)
    free, noise = _with_noise(chosen, model, free, escape_width)
    space = space_of(model, free, tied, measured, noise, "fit")
    options = {"function": loss, "features": _checked_features(chosen, features), **_checked_numbers(window, tau, mask)}
    plan = _checked_plan(method, chosen, candidates, starts, generations, points, seed, space)
    problem = Problem(
        space,
        recordings,
        fitted,
        unseen,
        chosen,
        options,
        _checked_step(step, recordings[0].dt, chosen),
        plan.seed,
        threads,
        dict(initial or {}),
    )
    with Watch(plan.generations, progress, "runs") as watch:
        found = Generations(problem, to, watch)
        return Fit._of(found, minimise(found, plan))


def _checked_step(step, dt, loss):
    """Return the time step of the runs."""
    found = dt if step is None else number(step, "fit.step", "ms", above=0.0)
    if loss == "likelihood" and found != dt:
        raise ValueError(f"fit.step: must be dt, {dt:g} ms, for the likelihood, a product over steps (got {found:g} ms)")
    return found


def _checked_features(loss, features):
    """Return name -> scale of some features, None for that which the recording says."""
    found = dict(features) if isinstance(features, Mapping) else dict.fromkeys(features)
    if (loss == "features") != bool(found):
        raise ValueError(f"fit.features: goes with loss='features', names and loss (got {features!r} and {loss!r})")
    scales = {name: scale and number(scale, f"fit.features[{name!r}]", above=0.0) for name, scale in found.items()}
    if scales:
        bs.analysis.voltage_features(np.zeros(100), [*scales], stimulus=(0.0, 5.0))  # are there features of these names?
    return scales


def _checked_numbers(window, tau, mask):
    """Return what losses read of the arguments of `fit`."""
    return {
        "window": number(window, "fit.window", "ms", above=0.0),
        "tau": number(tau, "fit.tau", "ms", above=0.0),
        "mask": tuple(number(value, "fit.mask", "ms", at_least=0.0) for value in mask),
    }


def _with_noise(loss, model, free, width):
    """Return what is free with the width of escape noise, and what is known of noise."""
    if loss != "likelihood":
        return free, {}
    check_threshold(model, "fit.loss")
    if width is not None:
        return free, {WIDTH: number(width, f"fit.{WIDTH}", "mV", above=0.0)}
    return ({WIDTH: (0.1, 10.0, "log"), **free} if isinstance(free, dict) else free), {WIDTH: 1.0}


def _checked_plan(method, loss, candidates, starts, generations, points, seed, space):
    """Return the Plan that some arguments of `fit` describe."""
    choice(method, METHODS, "fit.method")
    whole = {"candidates": (candidates, 8), "starts": (starts, 1), "generations": (generations, 1), "points": (points, 2)}
    checked = {name: integer(value, f"fit.{name}", at_least=least) for name, (value, least) in whole.items()}
    if method == "grid" and checked["points"] ** len(space.free) > MOST_POINTS:
        many = f"{points}^{len(space.free)}"
        raise ValueError(f"fit.points: {many} points are too many; fewer points, or method='search'")
    if method == "gradient" and loss not in ("trace", "likelihood"):
        raise ValueError(f"fit.method: 'gradient' needs a smooth loss, 'trace' or 'likelihood' (got {loss!r}); use 'search'")
    return Plan(method, **checked, seed=checked_seed(seed, "fit.seed"))


def _checked_loss(loss, recordings, model):
    """Return the loss, or the one that suits what was recorded."""
    has_v = all(one.v is not None for one in recordings)
    if loss is None:
        return "trace" if has_v else "gamma"
    if callable(loss):
        return loss
    choice(loss, LOSSES, "fit.loss")
    if loss == "trace" and not has_v:
        raise ValueError(f"fit.loss: {loss!r} compares potentials; give v=, what was recorded")
    if LOSSES[loss].reads == "v" and "v" not in model.initials:
        raise ValueError(f"fit.loss: {loss!r} compares potentials, and {type(model).__name__} has no variable v")
    if loss != "trace" and not (loss == "features" and has_v) and any(one.trains is None for one in recordings):
        raise ValueError(f"fit.loss: {loss!r} compares spikes; give spikes=, their times in ms")
    if loss == "md" and any(len(one.trains) < 2 for one in recordings):
        raise ValueError("fit.loss: 'md' needs two repeats or more with the same current: spikes=[times, times, ...]")
    return loss
