"""Every public model, found by introspection."""

import brainsim as bs
from brainsim.models.catalogue import catalogue

MODELS = catalogue()
NEURONS = {name: kind for name, kind in MODELS.items() if issubclass(kind, bs.Neuron)}
SYNAPSES = {name: kind for name, kind in MODELS.items() if issubclass(kind, bs.Synapse)}
PLASTICITY = {name: kind for name, kind in MODELS.items() if issubclass(kind, bs.Plasticity)}
