"""Networks and units that learn from arrays, compiled.

`SpikingNetwork` learns by the exact gradient of its spike times, `EProp` from eligibility traces; `Oja` and `BCM` are rate
units.
"""

from brainsim.learn.eprop import EProp
from brainsim.learn.spiking.layers import Layer, Readout
from brainsim.learn.spiking.model_layers import ModelLayer
from brainsim.learn.spiking.network import SpikingNetwork
from brainsim.learn.units import BCM, Oja

__all__ = ["BCM", "EProp", "Layer", "ModelLayer", "Oja", "Readout", "SpikingNetwork"]
_WORDS = {
    (
        "EventProp",
        "ExactGradient",
        "BPTT",
    ): "bs.learn.SpikingNetwork learns by the exact gradient, in the manner of EventProp",
    (
        "SurrogateGradient",
        "surrogate",
        "SuperSpike",
    ): "surrogate gradients are bs.learn.SpikingNetwork(128, gradient='surrogate')",
    ("GRU", "LSTM", "RNN", "recurrent"): "bs.ann.RNN is a recurrent network of gated (GRU) or simple units",
    ("MLP", "Perceptron"): "bs.ann.MLP is a network of artificial units",
    ("SNN", "Network", "Classifier"): "networks of spiking cells are bs.learn.SpikingNetwork(128)",
    ("LIF", "Leaky", "Dense", "Linear"): "a layer of LIF cells is bs.learn.Layer(64), one of any model bs.learn.ModelLayer",
    ("ALIF", "RLIF", "LSNN"): "layers are bs.learn.Layer(64, recurrent=True, beta=0.1), with beta for cells that adapt",
    (
        "Adam",
        "SGD",
        "optimizer",
        "optimiser",
    ): "the optimiser is an argument: bs.learn.SpikingNetwork(128, optimiser='adam')",
    ("STDP", "Hebbian", "TripletSTDP"): "plasticity in a simulation is an argument of connect: plasticity=bs.STDP()",
    ("Reservoir", "LSM", "ESN"): "reservoirs are in bs.ann.reservoirs",
    ("datasets", "mnist"): "bs.ann.datasets has data to learn from",
}


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module 'brainsim.learn' has no attribute {name!r}")
    from brainsim.core.hints import answer

    raise AttributeError(f"bs.learn has no {name!r}{answer(name, __all__, _WORDS) or '; help(bs.learn) lists what it has'}")
