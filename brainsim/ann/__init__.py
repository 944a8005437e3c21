"""Brains beside machines: artificial networks, the same networks in spikes, and neurons beside activation functions."""

import importlib
import types
from typing import TYPE_CHECKING

from brainsim.ann.conversion.convert import SpikingClassifier, SpikingRegressor, convert
from brainsim.ann.conversion.methods import methods
from brainsim.ann.networks import activations, layers, reservoirs
from brainsim.ann.networks.mlp import MLP
from brainsim.ann.networks.recurrent import RNN
from brainsim.ann.report.compare import Comparison, compare
from brainsim.ann.report.curves import FICurve, fi_curve
from brainsim.ann.report.reservoirs import ReservoirComparison, compare_reservoirs
from brainsim.ann.report.seeds import SeedComparison, compare_seeds
from brainsim.explore import theory

if TYPE_CHECKING:
    from brainsim.examples import _tour as tour
    from brainsim.examples.data import datasets

__all__ = [
    "MLP",
    "RNN",
    "Comparison",
    "FICurve",
    "ReservoirComparison",
    "SeedComparison",
    "SpikingClassifier",
    "SpikingRegressor",
    "activations",
    "compare",
    "compare_reservoirs",
    "compare_seeds",
    "convert",
    "datasets",
    "fi_curve",
    "layers",
    "methods",
    "reservoirs",
    "theory",
    "tour",
]
ABOVE = {"datasets": "brainsim.examples.data.datasets", "tour": "brainsim.examples._tour"}


def __getattr__(name: str) -> types.ModuleType:
    # the tour and the data belong to the examples, which import this module, so they are loaded when they are first used
    if name in ABOVE:
        return importlib.import_module(ABOVE[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *ABOVE})
