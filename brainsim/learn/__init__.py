"""Networks and units that learn from arrays, compiled.

`SpikingNetwork` learns by the exact gradient of its spike times, and `Trainer` teaches a network that was built with
`Population` and `connect` in the same way; `EProp` learns from eligibility traces; `Oja` and `BCM` are rate units.
"""

from brainsim.core.hints import answer_in
from brainsim.learn.eprop import EProp
from brainsim.learn.spiking.layers import Layer, Readout
from brainsim.learn.spiking.learns import Learns
from brainsim.learn.spiking.model_layers import ModelLayer
from brainsim.learn.spiking.network import SpikingNetwork
from brainsim.learn.spiking.trainer import Trainer
from brainsim.learn.units import BCM, Oja

__all__ = ["BCM", "EProp", "Layer", "Learns", "ModelLayer", "Oja", "Readout", "SpikingNetwork", "Trainer"]
__getattr__ = answer_in("bs.learn", __all__)
