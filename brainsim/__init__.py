"""brainsim: spiking neurons in the words of the field, compiled by Numba, the same spikes every time.

>>> import brainsim as bs

Describe cells with `Population`, wire them with `Network`, run with `simulate`, look with `bs.plot`.
Values are plain numbers in ms, mV, pA, pF, nS and Hz. Importing compiles nothing and loads only NumPy.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; at run time each name is loaded when it is first used
    from brainsim import ann as ann
    from brainsim import plot as plot
    from brainsim.engine.simulate import simulate as simulate
    from brainsim.engine.simulation import Simulation as Simulation
    from brainsim.equations.language import EquationError as EquationError
    from brainsim.models import values as values
    from brainsim.models.base import Neuron as Neuron
    from brainsim.models.base import Synapse as Synapse
    from brainsim.models.base import initial as initial
    from brainsim.models.base import parameter as parameter
    from brainsim.models.inputs import CurrentInput as CurrentInput
    from brainsim.models.inputs import PoissonInput as PoissonInput
    from brainsim.models.inputs import SpikeTrains as SpikeTrains
    from brainsim.models.neurons import LIF as LIF
    from brainsim.models.neurons import Poisson as Poisson
    from brainsim.models.rules import AllToAll as AllToAll
    from brainsim.models.rules import FixedIndegree as FixedIndegree
    from brainsim.models.rules import FixedOutdegree as FixedOutdegree
    from brainsim.models.rules import FixedProbability as FixedProbability
    from brainsim.models.rules import FixedTotal as FixedTotal
    from brainsim.models.rules import FromArrays as FromArrays
    from brainsim.models.rules import FromSparse as FromSparse
    from brainsim.models.rules import OneToOne as OneToOne
    from brainsim.models.synapses import Alpha as Alpha
    from brainsim.models.synapses import AlphaConductance as AlphaConductance
    from brainsim.models.synapses import Delta as Delta
    from brainsim.models.synapses import Exponential as Exponential
    from brainsim.models.synapses import ExponentialConductance as ExponentialConductance
    from brainsim.models.timed import TimedArray as TimedArray
    from brainsim.models.values import Clipped as Clipped
    from brainsim.models.values import Gamma as Gamma
    from brainsim.models.values import LogNormal as LogNormal
    from brainsim.models.values import Normal as Normal
    from brainsim.models.values import Uniform as Uniform
    from brainsim.network.network import Network as Network
    from brainsim.network.network import Projection as Projection
    from brainsim.network.population import Population as Population
    from brainsim.network.population import View as View
    from brainsim.network.recording import Trace as Trace
    from brainsim.numbers.checks import MissingName as MissingName
    from brainsim.numbers.results import Result as Result
    from brainsim.numbers.results import Spikes as Spikes
    from brainsim.numbers.results import State as State
    from brainsim.numbers.results import Traces as Traces

__version__ = "0.1.0"

# public name -> the module it is loaded from, when it is first used
_HOMES = {
    "brainsim.network.network": ("Network", "Projection"),
    "brainsim.network.population": ("Population", "View"),
    "brainsim.network.recording": ("Trace",),
    "brainsim.models.base": ("Neuron", "Synapse", "parameter", "initial"),
    "brainsim.models.neurons": ("LIF", "Poisson"),
    "brainsim.models.synapses": ("Delta", "Exponential", "Alpha", "ExponentialConductance", "AlphaConductance"),
    "brainsim.models.inputs": ("PoissonInput", "CurrentInput", "SpikeTrains"),
    "brainsim.models.rules": (
        "AllToAll", "OneToOne", "FixedProbability", "FixedIndegree", "FixedOutdegree", "FixedTotal", "FromArrays",
        "FromSparse",
    ),
    "brainsim.models.timed": ("TimedArray",),
    "brainsim.models.values": ("Uniform", "Normal", "LogNormal", "Gamma", "Clipped"),
    "brainsim.engine.simulate": ("simulate",),
    "brainsim.engine.simulation": ("Simulation",),
    "brainsim.numbers.results": ("Result", "Spikes", "State", "Traces"),
    "brainsim.numbers.checks": ("MissingName",),
    "brainsim.equations.language": ("EquationError",),
}  # fmt: skip
_MODULES = {"ann": "brainsim.ann", "plot": "brainsim.plot", "values": "brainsim.models.values"}
_PUBLIC = {name: home for home, names in _HOMES.items() for name in names}

_ERRORS = {"MissingName", "EquationError"}  # to be caught; they come from no one's hand, so `*` does not import them

__all__ = [*(name for name in _PUBLIC if name not in _ERRORS), *_MODULES]  # noqa: PLE0604 - names of the table above


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _PUBLIC:
        from brainsim.numbers.checks import nearest

        raise AttributeError(f"brainsim has no {name!r}{nearest(name, [*__all__, *_ERRORS])}")
    from brainsim.numbers.garbage import collector_paused

    with collector_paused():
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_PUBLIC, *_MODULES})
