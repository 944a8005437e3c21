"""Networks and units that learn from arrays, compiled.

`SpikingNetwork` learns by the exact gradient of its spike times, `EProp` from eligibility traces; `Oja` and `BCM` are rate
units.
"""

from brainsim.core.hints import answer_in
from brainsim.learn.eprop import EProp
from brainsim.learn.spiking.layers import Layer, Readout
from brainsim.learn.spiking.model_layers import ModelLayer
from brainsim.learn.spiking.network import SpikingNetwork
from brainsim.learn.units import BCM, Oja

__all__ = ["BCM", "EProp", "Layer", "ModelLayer", "Oja", "Readout", "SpikingNetwork"]
__getattr__ = answer_in("bs.learn", __all__)
