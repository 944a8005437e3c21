"""brainsim: spiking neurons in the words of the field, compiled by Numba, the same spikes every time.

>>> import brainsim as bs

Describe cells with `Population`, wire them with `Network`, run with `simulate`, look with `bs.plot`.
Values are plain numbers in ms, mV, pA, pF, nS and Hz. Importing compiles nothing and loads only NumPy.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; at run time each name is loaded when it is first used
    from brainsim import ann as ann
    from brainsim import explore as explore
    from brainsim import plot as plot
    from brainsim.engine.simulate import simulate as simulate
    from brainsim.engine.simulation import Simulation as Simulation
    from brainsim.equations.language import EquationError as EquationError
    from brainsim.models import values as values
    from brainsim.models.adaptive import ALIF as ALIF
    from brainsim.models.adaptive import GIF as GIF
    from brainsim.models.adaptive import MAT2 as MAT2
    from brainsim.models.adaptive import SFALIF as SFALIF
    from brainsim.models.adaptive import MihalasNiebur as MihalasNiebur
    from brainsim.models.base import Neuron as Neuron
    from brainsim.models.base import Synapse as Synapse
    from brainsim.models.base import initial as initial
    from brainsim.models.base import parameter as parameter
    from brainsim.models.channels import ConnorStevens as ConnorStevens
    from brainsim.models.channels import HodgkinHuxley as HodgkinHuxley
    from brainsim.models.channels import TraubMiles as TraubMiles
    from brainsim.models.channels import WangBuzsaki as WangBuzsaki
    from brainsim.models.excitable import FitzHughNagumo as FitzHughNagumo
    from brainsim.models.excitable import HindmarshRose as HindmarshRose
    from brainsim.models.excitable import MorrisLecar as MorrisLecar
    from brainsim.models.glif import GLIF1 as GLIF1
    from brainsim.models.glif import GLIF2 as GLIF2
    from brainsim.models.glif import GLIF3 as GLIF3
    from brainsim.models.glif import GLIF4 as GLIF4
    from brainsim.models.glif import GLIF5 as GLIF5
    from brainsim.models.inputs import CurrentInput as CurrentInput
    from brainsim.models.inputs import PoissonInput as PoissonInput
    from brainsim.models.inputs import SpikeTrains as SpikeTrains
    from brainsim.models.integrators import EIF as EIF
    from brainsim.models.integrators import IF as IF
    from brainsim.models.integrators import QIF as QIF
    from brainsim.models.integrators import AdEx as AdEx
    from brainsim.models.integrators import Izhikevich as Izhikevich
    from brainsim.models.integrators import ResonateAndFire as ResonateAndFire
    from brainsim.models.integrators import Theta as Theta
    from brainsim.models.neurons import LIF as LIF
    from brainsim.models.nonspiking import LI as LI
    from brainsim.models.nonspiking import RateUnit as RateUnit
    from brainsim.models.receptors import GABAB as GABAB
    from brainsim.models.receptors import NMDA as NMDA
    from brainsim.models.rules import AllToAll as AllToAll
    from brainsim.models.rules import FixedIndegree as FixedIndegree
    from brainsim.models.rules import FixedOutdegree as FixedOutdegree
    from brainsim.models.rules import FixedProbability as FixedProbability
    from brainsim.models.rules import FixedTotal as FixedTotal
    from brainsim.models.rules import FromArrays as FromArrays
    from brainsim.models.rules import FromSparse as FromSparse
    from brainsim.models.rules import OneToOne as OneToOne
    from brainsim.models.sources import GammaRenewal as GammaRenewal
    from brainsim.models.sources import Poisson as Poisson
    from brainsim.models.sources import PoissonWithDeadTime as PoissonWithDeadTime
    from brainsim.models.synapses import Alpha as Alpha
    from brainsim.models.synapses import AlphaCharge as AlphaCharge
    from brainsim.models.synapses import AlphaConductance as AlphaConductance
    from brainsim.models.synapses import Delta as Delta
    from brainsim.models.synapses import DoubleExponential as DoubleExponential
    from brainsim.models.synapses import DoubleExponentialCharge as DoubleExponentialCharge
    from brainsim.models.synapses import DoubleExponentialConductance as DoubleExponentialConductance
    from brainsim.models.synapses import Exponential as Exponential
    from brainsim.models.synapses import ExponentialCharge as ExponentialCharge
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
    "brainsim.models.adaptive": ("ALIF", "SFALIF", "GIF", "MAT2", "MihalasNiebur"),
    "brainsim.models.glif": ("GLIF1", "GLIF2", "GLIF3", "GLIF4", "GLIF5"),
    "brainsim.models.integrators": ("IF", "QIF", "EIF", "AdEx", "Izhikevich", "ResonateAndFire", "Theta"),
    "brainsim.models.neurons": ("LIF",),
    "brainsim.models.synapses": (
        "Delta", "Exponential", "Alpha", "DoubleExponential", "ExponentialCharge", "AlphaCharge",
        "DoubleExponentialCharge", "ExponentialConductance", "AlphaConductance", "DoubleExponentialConductance",
    ),
    "brainsim.models.receptors": ("NMDA", "GABAB"),
    "brainsim.models.channels": ("HodgkinHuxley", "TraubMiles", "WangBuzsaki", "ConnorStevens"),
    "brainsim.models.excitable": ("MorrisLecar", "FitzHughNagumo", "HindmarshRose"),
    "brainsim.models.nonspiking": ("LI", "RateUnit"),
    "brainsim.models.sources": ("Poisson", "PoissonWithDeadTime", "GammaRenewal"),
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
_MODULES = {name: f"brainsim.{name}" for name in ("ann", "explore", "plot")} | {"values": "brainsim.models.values"}
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
