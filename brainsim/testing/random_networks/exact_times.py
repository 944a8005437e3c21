"""Networks whose spikes have exact times: what cannot have them is left out, and listed spikes come between the points."""

from functools import cache

import numpy as np

import brainsim as bs
from brainsim.build.layout import Layout
from brainsim.engine.simulation.settings import timing_of

MOST_RATE = 1_000.0  # Hz: each event is one, while on the grid they are counted
OVER_TIME = str | bs.TimedArray
WITH_A_RULE = ("plasticity", "dendritic_delay", "modulator", "modulator_delay", "homeostasis", "initial")


@cache
def can_have_them(kind):
    """Return whether cells of a kind can have exact times."""
    if kind.model is bs.SpikeTrains:
        return True
    source, cells = bs.Population(1, bs.LIF(), name="source"), bs.Population(1, kind.model(), name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    for number, synapse in enumerate(kind.receptors):
        named = synapse(name=f"receptor_{number}")
        net.connect(source, cells, bs.AllToAll(), weight=1e-3, delay=1.0, synapse=named)
    try:
        Layout(net, 0.1, 1, filled=False, timing=timing_of(True))
    except ValueError:
        return False
    return not kind.columns and not hasattr(kind.model, "lag_variable")


def off_grid(rng, times, dt):
    """Return listed times, sorted, of which most are moved to within the steps before them."""
    early = rng.uniform(0.0, dt, times.size) * (rng.random(times.size) < 0.8)
    return np.sort(np.maximum(times - early, 0.0))


def waits(model, n, values):
    """Return parameters of a model with a number for each cell in place of a distribution of refractory times."""
    name = getattr(model, "refractory", None)
    if isinstance(values.get(name), bs.values.Distribution):
        values[name] = np.full(n, values[name].mean)
    return values


def keep_what_can_have_them(plan):
    """Leave out the inputs and the rules of a plan that act from step to step, and procedural storage."""
    plan.inputs = [given | {"input": _at_a_rate(given["input"])} for given in plan.inputs if _is_exact(given["input"])]
    for given in plan.connections:
        given.pop("storage", None)
        if "plasticity" in given and not _follows_spikes(given["plasticity"].plasticity_equations):
            for name in WITH_A_RULE:
                given.pop(name, None)


def _is_exact(source):
    steady = isinstance(source, bs.CurrentInput) and not isinstance(source.amplitude, OVER_TIME)
    return steady or isinstance(source, bs.PoissonInput)


def _at_a_rate(source):
    """Return a source; one of events, which may be all that a receptor gets, at a rate that is steady and not too large."""
    if not isinstance(source, bs.PoissonInput):
        return source
    if not isinstance(source.rate, OVER_TIME) and np.max(source.rate, initial=0.0) <= MOST_RATE:
        return source
    rest = {name: getattr(source, name) for name in ("weight", "synapse", "start", "stop")}
    return bs.PoissonInput(rate=0.1 * MOST_RATE, **rest)


def _follows_spikes(equations):
    return not equations.modulator and equations.step_condition is None and not equations.of_target
