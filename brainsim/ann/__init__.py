"""Brains beside machines: artificial networks, the same networks in spikes, one neuron beside one activation function."""

from brainsim.ann import activations, datasets, layers, theory, tour
from brainsim.ann.compare import Comparison, compare
from brainsim.ann.convert import SpikingClassifier, SpikingRegressor, convert
from brainsim.ann.curves import FICurve, fi_curve
from brainsim.ann.methods import methods
from brainsim.ann.mlp import MLP
from brainsim.ann.seeds import SeedComparison, compare_seeds

__all__ = [
    "MLP",
    "Comparison",
    "FICurve",
    "SeedComparison",
    "SpikingClassifier",
    "SpikingRegressor",
    "activations",
    "compare",
    "compare_seeds",
    "convert",
    "datasets",
    "fi_curve",
    "layers",
    "methods",
    "theory",
    "tour",
]
