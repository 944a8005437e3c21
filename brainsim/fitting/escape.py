"""Escape noise: a cell that fires at random, at a rate that grows with its potential, in place of one with a threshold."""

import re

import numpy as np

import brainsim as bs

WIDTH = "escape_width"  # mV by which the rate grows e-fold
FAR = 1e6  # mV: nothing but an event brings v beyond the half of it
RESET = re.compile(r"(^|[;\n])\s*v\s*=")  # not that of ion channels, whose v_th only tells when a spike is
THRESHOLD = re.compile(r"\s*v\s*>=?\s*v_th\s*")


def check_threshold(model, label):
    """Raise ValueError if the threshold of a model is not ``v >= v_th``: the rate would not be known."""
    if not has_threshold(model):
        kind = type(model)
        raise ValueError(
            f"{label}: escape noise needs a model that is reset at 'v >= v_th' (the threshold of {kind.__name__} is "
            f"{kind.threshold!r}, its reset {kind.reset!r})"
        )


def has_threshold(model):
    """Return whether the threshold of a model is ``v >= v_th``, from which v is reset."""
    kind = type(model)
    has_reset = RESET.search(str(kind.reset or ""))
    return bool(has_reset and THRESHOLD.fullmatch(str(kind.threshold)) and "v_th" in model.parameters)


def _with_threshold(model, text, **parameters):
    """Return the model with another threshold."""
    kind = type(model)
    body = {"threshold": text, "__doc__": kind.__doc__, "__module__": kind.__module__}
    for name, (default, unit, meaning) in parameters.items():
        body[name] = bs.parameter(default, unit, meaning)
    return type(f"{kind.__name__}WithEscape", (kind,), body)(**{name: getattr(model, name) for name in model.parameters})


def forced(model):
    """Return the model as one that fires when an event adds `FAR` to v, and at no other time."""
    return _with_threshold(model, "v >= v_forced", v_forced=(FAR / 2, "mV", "beyond what v reaches by itself"))


def spikes_that_force(cells, train):
    """Return the input that makes some cells fire at the times of a train."""
    times, ids = np.repeat(train, len(cells)), np.tile(np.arange(len(cells)), train.size)
    return bs.EventInput(times=times, ids=ids, weight=FAR, synapse=bs.Delta())


def noisy(model, width):
    """Return the model as one that fires at random, with the rate ``exp((v - v_th)/width)`` per ms."""
    text = f"rand() < 1 - exp(-0.001*escape_rate*exp((v - v_th)/{WIDTH})*dt)"
    rate, width_of = (1000.0, "Hz", "rate of firing at v_th"), (1.0, "mV", "by which the rate of firing grows e-fold")
    kind = type(_with_threshold(model, text, escape_rate=rate, **{WIDTH: width_of}))
    return kind(**{name: getattr(model, name) for name in model.parameters}, **{WIDTH: width})
