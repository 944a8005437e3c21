"""Options of training spiking cells: those of all networks, and those of losses, gradients and steps of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brainsim.core.checks import number, one_of, true_or_false
from brainsim.learn.optimisers import OPTIMISERS
from brainsim.learn.options import OPTIONS as OF_ALL
from brainsim.learn.options import Option

LOSSES = ("mean", "max", "first", "count", "sequence")
GRADIENTS = ("exact", "surrogate", "eprop")
SURROGATES = ("fast_sigmoid", "sigmoid", "triangle", "atan", "gaussian", "box")
FEEDBACK = ("symmetric", "random", "adaptive")
OF_SPIKES = ("first", "count", "spikes")
OF_TIMES = ("first", "spikes")


def one_of_these(options: Iterable[str]) -> Option:
    """Return an option with some possible words."""
    return Option(lambda value, label: one_of(value, options, label))


def _positive(unit=""):
    return Option(lambda value, label: number(value, label, unit, above=0.0))


def _at_least_0(value, label):
    return number(value, label, at_least=0.0)


OPTIONS: dict[str, Option] = OF_ALL | {
    "loss": one_of_these(LOSSES),
    "gradient": one_of_these(GRADIENTS),
    "surrogate": one_of_these(SURROGATES),
    "feedback": one_of_these(FEEDBACK),
    "optimiser": one_of_these(OPTIMISERS),
    "fading": Option(true_or_false),
    "duration": Option(lambda value, label: None if value is None else number(value, label, "ms", above=0.0)),
    **dict.fromkeys(("dt", "tau_first", "tau_late"), _positive("ms")),
    **dict.fromkeys(("gain", "steepness", "decay"), _positive()),
    **dict.fromkeys(("late", "rate_cost", "rate_target", "floor", "wake"), Option(_at_least_0)),
}


def check_together(label: str, options: Mapping[str, Any]) -> None:
    """Raise ValueError if options exclude each other."""
    if options["loss"] in OF_TIMES and options["gradient"] != "exact":
        raise ValueError(f"{label}.loss: the times of spikes have a derivative only with gradient='exact'")
    if options["feedback"] != "symmetric" and options["gradient"] != "eprop":
        text = f"{options['feedback']!r} is for gradient='eprop', which is local (got gradient={options['gradient']!r})"
        raise ValueError(f"{label}.feedback: {text}")
