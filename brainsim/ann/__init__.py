"""Brains compared with machines: artificial networks, the same networks in spikes, neurons and activation functions."""

from typing import TYPE_CHECKING, Any

from brainsim.ann.conversion.convert import SpikingClassifier, SpikingRegressor, convert
from brainsim.ann.networks import activations, layers
from brainsim.ann.networks.mlp import MLP
from brainsim.ann.report.bodies import BodyReport, bodies
from brainsim.ann.report.pair import Pair
from brainsim.ann.report.rows import Row
from brainsim.core.doors import through
from brainsim.core.hints import answer_in
from brainsim.explore import theory

if TYPE_CHECKING:
    from brainsim.examples import _tour as tour
    from brainsim.examples._recurrent.network import RNN
    from brainsim.examples._reservoirs import networks as reservoirs
    from brainsim.examples._reservoirs.comparison import ReservoirComparison, compare_reservoirs
    from brainsim.examples._tour.neurons import NeuronComparison, compare_neuron
    from brainsim.examples.data import datasets

__all__ = [
    "MLP",
    "RNN",
    "BodyReport",
    "NeuronComparison",
    "Pair",
    "ReservoirComparison",
    "Row",
    "SpikingClassifier",
    "SpikingRegressor",
    "activations",
    "bodies",
    "compare_reservoirs",
    "convert",
    "datasets",
    "compare_neuron",
    "layers",
    "reservoirs",
    "theory",
    "tour",
]
# what belongs to the examples, which import this module: doors of their folder
ABOVE = (
    *("NeuronComparison", "RNN", "ReservoirComparison", "compare_neuron"),
    *("compare_reservoirs", "datasets", "reservoirs", "tour"),
)
_answer = answer_in("bs.ann", __all__)


def __getattr__(name: str) -> Any:
    return through(f"bs.ann.{name}", f"bs.ann.{name}") if name in ABOVE else _answer(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *ABOVE})
