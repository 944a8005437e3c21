"""Networks and units that learn from arrays, compiled.

`SpikingNetwork` learns by the exact gradient of its spike times, by a surrogate gradient or by e-prop, and `Trainer` teaches
a network that was built with `Population` and `connect` in the same ways; `OjaUnit` and `BCMUnit` are rate units.
"""

from typing import TYPE_CHECKING, Any

from brainsim.core.doors import through
from brainsim.core.hints import answer_in
from brainsim.learn.estimator import NotFittedError
from brainsim.learn.spiking.adaptive_cells import AdaptingLIF
from brainsim.learn.spiking.layers import Layer, Readout
from brainsim.learn.spiking.learns import Learns
from brainsim.learn.spiking.model_layers import ModelLayer
from brainsim.learn.spiking.network import SpikingNetwork
from brainsim.learn.spiking.trainer import Trainer

if TYPE_CHECKING:
    from brainsim.examples._units.units import BCMUnit, OjaUnit

__all__ = [
    "AdaptingLIF",
    "BCMUnit",
    "Layer",
    "Learns",
    "ModelLayer",
    "NotFittedError",
    "OjaUnit",
    "Readout",
    "SpikingNetwork",
    "Trainer",
]
ABOVE = ("BCMUnit", "OjaUnit")  # doors of the examples, which import this module
_answer = answer_in("bs.learn", __all__)


def __getattr__(name: str) -> Any:
    return through(f"bs.learn.{name}", f"bs.learn.{name}") if name in ABOVE else _answer(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *ABOVE})
