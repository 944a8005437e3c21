"""Intervals for any loss: noisy data are made by the fitted model and fitted again, all of them in the same runs."""

import copy
from dataclasses import replace

import numpy as np

import brainsim as bs
from brainsim.core.doors import optional
from brainsim.fitting.certainty import Certainty
from brainsim.fitting.escape import WIDTH, has_threshold, noisy
from brainsim.fitting.parameters import Free, Space
from brainsim.fitting.sampled_losses import EscapeLoss, TraceLoss

WIDTHS = 33  # of escape noise that are tried
NEAR = 0.1  # of the bounds: how far the first candidates are from the fitted place


def bootstrap(fit, n, candidates, generations, seed):
    """Return a copy of a fit whose intervals are those of fits to n sets of noisy data of its model."""
    cmaes = optional("cmaes", "Fit.bootstrap")
    problem, rng = fit._problem, np.random.default_rng(seed)
    recordings, noise = made_by(fit, n, rng)
    each = len(problem.recordings)
    again = replace(problem, recordings=recordings, windows=problem.windows * n, runs=0)
    bounds = np.tile([0.0, 1.0], (fit._place.size, 1))
    options = {"sigma": NEAR, "bounds": bounds, "population_size": candidates}
    mean = np.clip(fit._place, 0.01, 0.99)
    searches = [cmaes.CMA(mean=mean.copy(), seed=int(rng.integers(2**31)), **options) for _ in range(n)]
    best, least = np.repeat(fit._place[None], n, axis=0), np.full(n, np.inf)
    for _ in range(generations):
        places = np.array([[one.ask() for _ in range(candidates)] for one in searches])
        losses = again.run(np.repeat(places, each, axis=0), again.kind)
        for k, one in enumerate(searches):
            found = again.mean(losses[k * each : (k + 1) * each])
            one.tell(list(zip(places[k], found.tolist(), strict=True)))
            if found.min() < least[k]:
                best[k], least[k] = places[k, int(np.argmin(found))], found.min()
    covariance = np.atleast_2d(np.cov(best, rowvar=False))
    sure, new = Certainty(f"{noise}; bootstrap of {n}", covariance), copy.copy(fit)
    new.intervals, new.indistinct = sure.intervals(problem.space, fit._place), sure.indistinct(problem.space)
    new.noise, new.runs = sure.noise, fit.runs + again.runs
    return new


def made_by(fit, n, rng):
    """Return n sets of recordings that the fitted model makes with noise, one after the other, and the name of the noise."""
    problem, model = fit._problem, fit.model
    has_v = problem.kind.reads == "v"
    if has_v:
        place = fit._place[None]
        residual = float(np.sqrt(problem.losses(place, TraceLoss)[0]))
        noise = f"Gaussian residual of v, {residual:.3g} mV"
    elif has_threshold(model):
        width = width_of(fit)
        model, noise = noisy(model, width), f"escape noise of the threshold, {width:.3g} mV wide"
    else:
        raise ValueError(
            f"Fit.bootstrap: needs a noise model: {type(model).__name__} has no reset at 'v >= v_th' for escape noise; "
            "fit its potential with v="
        )
    sets = [_like(one, model, problem, n, int(rng.integers(2**31))) for one in problem.recordings]
    found = []
    for k in range(n):
        for one, (trains, v) in zip(problem.recordings, sets, strict=True):
            repeats = len(one.trains or [])
            own = trains[k * repeats : (k + 1) * repeats] if repeats else None
            seen = v + rng.normal(0.0, residual, v.size) if has_v else None
            found.append(replace(one, trains=own, v=seen))
    return found, noise


def _like(one, model, problem, n, seed):
    """Return the trains of n times the repeats of a recording, and a potential."""
    count = n * max(len(one.trains or []), 1)
    values = problem.space.values(np.zeros((1, len(problem.space.free))))
    cells = bs.Population(count, model, name="cells", initial=problem.initial_of([values], [one]) if one.v is None else None)
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.CurrentInput(bs.TimedArray(one.current, one.dt)))
    record = [bs.Trace(cells[:1], "v", every=one.dt)] if one.v is not None else []
    duration = problem.dt * round(one.duration / problem.dt)
    result = bs.simulate(net, duration, dt=problem.dt, seed=seed, record=record, threads=problem.threads, progress=False)
    spikes = result.spikes["cells"]
    trains = [spikes.times[spikes.ids == k] for k in range(count)]
    return trains, next(iter(result.traces.values())).values[: one.current.size, 0] if record else None


def width_of(fit):
    """Return the width of escape noise under which the recorded spikes are most likely with the fitted parameters."""
    problem = fit._problem
    space = Space(fit.model, [Free(WIDTH, 0.1, 10.0, True, "mV")], {}, problem.space.measured, {WIDTH: 1.0})
    places = np.linspace(0.0, 1.0, WIDTHS)[:, None]
    losses = replace(problem, space=space).losses(places, EscapeLoss)
    return float(space.free[0].value(places[int(np.argmin(losses)), 0]))
