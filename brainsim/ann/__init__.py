"""Brains beside machines: artificial networks, the same networks in spikes, one neuron beside one activation function."""

from brainsim.ann import activations, datasets, layers, theory, tour
from brainsim.ann.compare import Comparison, compare
from brainsim.ann.convert import SpikingClassifier, SpikingRegressor, convert
from brainsim.ann.curves import FICurve, fi_curve
from brainsim.ann.methods import methods
from brainsim.ann.mlp import MLP

__all__ = [
    "MLP", "Comparison", "FICurve", "SpikingClassifier", "SpikingRegressor", "activations", "compare", "convert", "datasets",
    "fi_curve", "layers", "methods", "theory", "tour",
]  # fmt: skip
