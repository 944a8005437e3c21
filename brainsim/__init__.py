"""Spiking neurons in the words of the field, compiled by Numba, the same spikes every time.

Describe cells with `Population`, wire them with `Network`, run with `simulate`, look with `bs.plot`:

>>> import brainsim as bs
>>> cells = bs.Population(100, bs.LIF(tau_m=20.0), name="cells")
>>> net = bs.Network(seed=1)
>>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.1, delay=1.5, synapse=bs.Delta())
>>> net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()))
>>> result = bs.simulate(net, 1000.0, seed=2)
>>> rate = result.spikes["cells"].rate()

Values are plain numbers in ms, mV, pA, pF, nS and Hz. ``help(bs.LIF)`` and the like explain each name below;
``help(bs.Neuron)`` is the language of equations; ``brainsim models`` and ``brainsim list`` on the command line show the
models and the examples.

Network and run
    Population, View    cells of one model, and parts of them: cells[:80]
    Network             what is connected and driven; its methods connect and stimulate
    Projection          what connect returns
    simulate            run a network: returns a Result
    Simulation          run it in pieces, and change it between them
    Trace               a variable to be recorded: bs.Trace(cells, "v")
    Result              what a run gives: its spikes, traces and state; save and load
    Spikes, Traces      spikes of a population with rates and intervals; a variable over time
    State               where a run ended, to go on from

Neurons (``brainsim models`` shows their equations)
    integrate-and-fire  LIF IF QIF EIF AdEx Izhikevich Theta ResonateAndFire
    adaptive, measured  ALIF SFALIF GIF MAT2 MihalasNiebur GLIF1 GLIF2 GLIF3 GLIF4 GLIF5
    ion channels        HodgkinHuxley TraubMiles WangBuzsaki ConnorStevens
    excitable membranes MorrisLecar FitzHughNagumo HindmarshRose
    without spikes      LI RateUnit
    sources of spikes   Poisson PoissonWithDeadTime GammaRenewal SpikeTrains
    your own            Neuron, with parameter and initial

Synapses
    a step of v [mV]    Delta
    currents [pA]       Exponential Alpha DoubleExponential; by charge: ExponentialCharge AlphaCharge DoubleExponentialCharge
    conductances [nS]   ExponentialConductance AlphaConductance DoubleExponentialConductance NMDA GABAB
    your own            Synapse, with parameter

Connections, inputs and values
    rules               AllToAll OneToOne FixedProbability FixedIndegree FixedOutdegree FixedTotal FromArrays FromSparse
    inputs              PoissonInput CurrentInput
    distributions       Uniform Normal LogNormal Gamma Clipped, and those of bs.values, wherever a number may stand
    over time           TimedArray, for equations that read a table

Parts with names of their own
    bs.plot             pictures of results: overview, raster, trace, rate
    bs.explore          single cells: portrait, f-I curve, phase plane
    bs.ann              artificial networks and the same networks in spikes
    bs.values           all distributions
    errors              EquationError (a ValueError), MissingName (a KeyError)

Not available in this version: synapses that learn, short-term plasticity, gap junctions, positions and rules by distance,
morphologies, inputs of noise. Noise, several compartments and other dynamics of a cell can be written as equations.
"""

import importlib
import sys
import typing

if typing.TYPE_CHECKING:  # for editors and type checkers; at run time each name is loaded when it is first used
    from brainsim import ann as ann
    from brainsim import explore as explore
    from brainsim import plot as plot
    from brainsim.core.checks import MissingName as MissingName
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
    from brainsim.models.neurons.adaptive import ALIF as ALIF
    from brainsim.models.neurons.adaptive import GIF as GIF
    from brainsim.models.neurons.adaptive import MAT2 as MAT2
    from brainsim.models.neurons.adaptive import SFALIF as SFALIF
    from brainsim.models.neurons.adaptive import MihalasNiebur as MihalasNiebur
    from brainsim.models.neurons.channels import ConnorStevens as ConnorStevens
    from brainsim.models.neurons.channels import HodgkinHuxley as HodgkinHuxley
    from brainsim.models.neurons.channels import TraubMiles as TraubMiles
    from brainsim.models.neurons.channels import WangBuzsaki as WangBuzsaki
    from brainsim.models.neurons.excitable import FitzHughNagumo as FitzHughNagumo
    from brainsim.models.neurons.excitable import HindmarshRose as HindmarshRose
    from brainsim.models.neurons.excitable import MorrisLecar as MorrisLecar
    from brainsim.models.neurons.glif import GLIF1 as GLIF1
    from brainsim.models.neurons.glif import GLIF2 as GLIF2
    from brainsim.models.neurons.glif import GLIF3 as GLIF3
    from brainsim.models.neurons.glif import GLIF4 as GLIF4
    from brainsim.models.neurons.glif import GLIF5 as GLIF5
    from brainsim.models.neurons.integrators import EIF as EIF
    from brainsim.models.neurons.integrators import IF as IF
    from brainsim.models.neurons.integrators import QIF as QIF
    from brainsim.models.neurons.integrators import AdEx as AdEx
    from brainsim.models.neurons.integrators import Izhikevich as Izhikevich
    from brainsim.models.neurons.integrators import ResonateAndFire as ResonateAndFire
    from brainsim.models.neurons.integrators import Theta as Theta
    from brainsim.models.neurons.lif import LIF as LIF
    from brainsim.models.neurons.nonspiking import LI as LI
    from brainsim.models.neurons.nonspiking import RateUnit as RateUnit
    from brainsim.models.neurons.sources import GammaRenewal as GammaRenewal
    from brainsim.models.neurons.sources import Poisson as Poisson
    from brainsim.models.neurons.sources import PoissonWithDeadTime as PoissonWithDeadTime
    from brainsim.models.rules import AllToAll as AllToAll
    from brainsim.models.rules import FixedIndegree as FixedIndegree
    from brainsim.models.rules import FixedOutdegree as FixedOutdegree
    from brainsim.models.rules import FixedProbability as FixedProbability
    from brainsim.models.rules import FixedTotal as FixedTotal
    from brainsim.models.rules import FromArrays as FromArrays
    from brainsim.models.rules import FromSparse as FromSparse
    from brainsim.models.rules import OneToOne as OneToOne
    from brainsim.models.synapses.basic import Alpha as Alpha
    from brainsim.models.synapses.basic import AlphaCharge as AlphaCharge
    from brainsim.models.synapses.basic import AlphaConductance as AlphaConductance
    from brainsim.models.synapses.basic import Delta as Delta
    from brainsim.models.synapses.basic import DoubleExponential as DoubleExponential
    from brainsim.models.synapses.basic import DoubleExponentialCharge as DoubleExponentialCharge
    from brainsim.models.synapses.basic import DoubleExponentialConductance as DoubleExponentialConductance
    from brainsim.models.synapses.basic import Exponential as Exponential
    from brainsim.models.synapses.basic import ExponentialCharge as ExponentialCharge
    from brainsim.models.synapses.basic import ExponentialConductance as ExponentialConductance
    from brainsim.models.synapses.receptors import GABAB as GABAB
    from brainsim.models.synapses.receptors import NMDA as NMDA
    from brainsim.models.timed import TimedArray as TimedArray
    from brainsim.models.values import Clipped as Clipped
    from brainsim.models.values import Gamma as Gamma
    from brainsim.models.values import LogNormal as LogNormal
    from brainsim.models.values import Normal as Normal
    from brainsim.models.values import Uniform as Uniform
    from brainsim.network.network import Network as Network
    from brainsim.network.population import Population as Population
    from brainsim.network.population import View as View
    from brainsim.network.probes import Trace as Trace
    from brainsim.network.projection import Projection as Projection
    from brainsim.results.result import Result as Result
    from brainsim.results.result import Spikes as Spikes
    from brainsim.results.result import State as State
    from brainsim.results.result import Traces as Traces

__version__ = "0.1.0"

# public name -> the module it is loaded from, when it is first used
_HOMES = {
    "brainsim.network.network": ("Network",),
    "brainsim.network.projection": ("Projection",),
    "brainsim.network.population": ("Population", "View"),
    "brainsim.network.probes": ("Trace",),
    "brainsim.models.base": ("Neuron", "Synapse", "parameter", "initial"),
    "brainsim.models.neurons.adaptive": ("ALIF", "SFALIF", "GIF", "MAT2", "MihalasNiebur"),
    "brainsim.models.neurons.glif": ("GLIF1", "GLIF2", "GLIF3", "GLIF4", "GLIF5"),
    "brainsim.models.neurons.integrators": ("IF", "QIF", "EIF", "AdEx", "Izhikevich", "ResonateAndFire", "Theta"),
    "brainsim.models.neurons.lif": ("LIF",),
    "brainsim.models.synapses.basic": (
        "Delta",
        "Exponential",
        "Alpha",
        "DoubleExponential",
        "ExponentialCharge",
        "AlphaCharge",
        "DoubleExponentialCharge",
        "ExponentialConductance",
        "AlphaConductance",
        "DoubleExponentialConductance",
    ),
    "brainsim.models.synapses.receptors": ("NMDA", "GABAB"),
    "brainsim.models.neurons.channels": ("HodgkinHuxley", "TraubMiles", "WangBuzsaki", "ConnorStevens"),
    "brainsim.models.neurons.excitable": ("MorrisLecar", "FitzHughNagumo", "HindmarshRose"),
    "brainsim.models.neurons.nonspiking": ("LI", "RateUnit"),
    "brainsim.models.neurons.sources": ("Poisson", "PoissonWithDeadTime", "GammaRenewal"),
    "brainsim.models.inputs": ("PoissonInput", "CurrentInput", "SpikeTrains"),
    "brainsim.models.rules": (
        "AllToAll",
        "OneToOne",
        "FixedProbability",
        "FixedIndegree",
        "FixedOutdegree",
        "FixedTotal",
        "FromArrays",
        "FromSparse",
    ),
    "brainsim.models.timed": ("TimedArray",),
    "brainsim.models.values": ("Uniform", "Normal", "LogNormal", "Gamma", "Clipped"),
    "brainsim.engine.simulate": ("simulate",),
    "brainsim.engine.simulation": ("Simulation",),
    "brainsim.results.result": ("Result", "Spikes", "State", "Traces"),
    "brainsim.core.checks": ("MissingName",),
    "brainsim.equations.language": ("EquationError",),
}
_MODULES = {name: f"brainsim.{name}" for name in ("ann", "explore", "plot")} | {"values": "brainsim.models.values"}
_PUBLIC = {name: home for home, names in _HOMES.items() for name in names}

_ERRORS = {"MissingName", "EquationError"}  # to be caught; they come from no one's hand, so `*` does not import them

_EXPORTED = [*(name for name in _PUBLIC if name not in _ERRORS), *_MODULES]


def __getattr__(name):
    if name == "__all__":
        return _exported()
    if name in _MODULES:
        return _imported(_MODULES[name])
    if name not in _PUBLIC:
        if name.startswith("_"):
            raise AttributeError(f"module 'brainsim' has no attribute {name!r}")
        from brainsim.core.hints import OF_BRAINSIM, answer

        said = answer(name, [*_EXPORTED, *_ERRORS], OF_BRAINSIM)
        raise AttributeError(f"brainsim has no {name!r}{said or '; help(bs) shows what there is'}")
    value = getattr(_imported(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def _imported(name):
    from brainsim.core.garbage import gc_paused
    from brainsim.core.interrupts import interrupts_held

    with gc_paused(), interrupts_held():
        return importlib.import_module(name)


def _exported():
    """Return the names of ``from brainsim import *``.

    Of what a module exports, `help` prints every method: of brainsim 9,000 lines, in which no one finds anything. So it is
    told that nothing is, and shows the page above.
    """
    if sys._getframe(2).f_globals.get("__name__") == "pydoc":
        raise AttributeError("__all__")
    return list(_EXPORTED)


def __dir__():
    return sorted({*globals(), *_PUBLIC, *_MODULES})
