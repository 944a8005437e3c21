"""Brains beside machines: artificial networks, the same networks in spikes, and neurons beside activation functions."""

import importlib
import types

from brainsim.ann.conversion.convert import SpikingClassifier, SpikingRegressor, convert
from brainsim.ann.conversion.methods import methods
from brainsim.ann.data import datasets
from brainsim.ann.networks import activations, layers, reservoirs
from brainsim.ann.networks.mlp import MLP
from brainsim.ann.networks.recurrent import RNN
from brainsim.ann.report.compare import Comparison, compare
from brainsim.ann.report.curves import FICurve, fi_curve
from brainsim.ann.report.reservoirs import ReservoirComparison, compare_reservoirs
from brainsim.ann.report.seeds import SeedComparison, compare_seeds
from brainsim.explore import theory

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


def __getattr__(name: str) -> types.ModuleType:
    # the tour shows the examples, so it belongs to a higher folder and is loaded when it is first used
    if name == "tour":
        return importlib.import_module("brainsim.examples._tour")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
