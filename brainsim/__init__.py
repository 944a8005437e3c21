"""A simulator of spiking neurons: equations as text, compiled by Numba, the same spikes to the last bit every time.

Describe cells with `Population`, wire them with `Network`, run with `simulate`, draw with `bs.plot`:

>>> import brainsim as bs
>>> cells = bs.Population(100, bs.LIF(tau_m=20.0), name="cells")
>>> net = bs.Network(seed=1)
>>> wires = net.connect(cells, cells, bs.FixedIndegree(10), weight=0.1, delay=1.5, synapse=bs.Delta())
>>> net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()))
>>> result = bs.simulate(net, 1000.0, seed=2)
>>> rate = result.spikes["cells"].rate()

Values are plain numbers in ms, mV, pA, pF, nS and Hz. Each name below has its own page, such as ``help(bs.LIF)``;
``help(bs.Neuron)`` explains the language of equations. On the command line, ``brainsim models`` lists the models and
``brainsim list`` the examples.

Network and run
    Population, View    cells of one model, and subsets of them: cells[:80]
    Network             connections and inputs, made by its methods connect and stimulate
    Projection          what connect returns
    simulate            run a network: returns a Result
    Simulation          run a network in pieces, and change it between them
    Trace, WeightTrace  what to record: a variable of cells, bs.Trace(cells, "v"); weights of synapses that learn
    EventRecord         when a condition becomes true for a cell
    SpikeRecord         whose spikes to keep, and when
    Result              spikes, traces and final state of a run; save and load
    Spikes, Traces      spikes of a population with rates and intervals; a variable over time
    Weights             weights of synapses over time, and their histograms
    sweep, Sweep        many runs over grids of parameters and seeds, and their table
    fit, Fit            a model fitted to recordings of a cell, and how well it does on what it has not seen
    fit_gif, GIFFit     a GIF from potential and spikes, without a search
    read_recording      a current and what a cell did, from a file: csv, npz, NWB, or what Neo reads
    page                a network as one page that runs in a browser: bs.page(net, "network.html", [bs.Control(...)])
    Control, Button     what its reader moves, and presses
    State               the state at the end of a run, from which another run can continue

Neurons (``brainsim models`` shows their equations)
    integrate-and-fire  LIF IF QIF EIF AdEx Izhikevich Theta ResonateAndFire TwoCompartmentLIF; of mapped brains: ShiuLIF
    adaptive, measured  ALIF SFALIF HomeostaticLIF GIF MAT2 MihalasNiebur GLIF1 GLIF2 GLIF3 GLIF4 GLIF5 ClopathAdEx
    ion channels        HodgkinHuxley TraubMiles WangBuzsaki ConnorStevens
    excitable membranes MorrisLecar FitzHughNagumo HindmarshRose; without spikes: LI RateUnit
    sources of spikes   Poisson PoissonPool PoissonWithDeadTime GammaRenewal SpikeTrains
                        correlated: SingleInteraction MultipleInteraction JitteredInteraction
                        together: Bursts RegularBursts PulsePackets
    your own            Neuron, with parameter and initial

Synapses
    jumps of v [mV]     Delta, also of another variable; a current of one step [pA]: Pulse
    currents [pA]       Exponential Alpha DoubleExponential; by charge: ExponentialCharge AlphaCharge DoubleExponentialCharge
    conductances [nS]   ExponentialConductance AlphaConductance DoubleExponentialConductance NMDA GABAB
    your own            Synapse, with parameter

Couplings, by which cells act on each other without spikes: net.connect(..., synapse=bs.GapJunction())
    by v or by rates    GapJunction GradedSynapse; RateConnection
    gated by the source GatedNMDA
    your own            Coupling, with parameter

Plasticity of synapses
    by spike times      STDP TripletSTDP; of inhibition: VogelsSTDP; by reward: DopamineSTDP; by calcium:
                        CalciumPlasticity; by the potential of the target: ClopathSTDP
    short-term          TsodyksMarkram QuantalRelease
    homeostasis         Normalisation Scaling; of thresholds: the cell HomeostaticLIF
    of couplings        by rates: Oja BCM
    your own            Plasticity, of couplings RatePlasticity, with parameter and initial

Connections, inputs and values
    rules               AllToAll OneToOne FixedProbability FixedIndegree FixedOutdegree FixedTotal
                        by index: IndexRule; lists: FromArrays FromFrame FromSparse
                        in space: DistanceRule Convolution Pooling; your own: Rule
    inputs              PoissonInput EventInput CurrentInput NoiseInput ConductanceInput VoltageClamp
    distributions       Uniform Normal LogNormal Gamma Clipped, and others in bs.values, in place of a number
    functions           Curve, given by points, which equations call
    over time           TimedArray, a table that equations and inputs read; bs.signals: sine, ramp, chirp, pulses, steps

Modules and errors
    bs.plot             pictures of results: overview, raster, trace, rate
    bs.analysis         statistics of spikes: irregularity, correlations, PSTH, spectrum, spike-triggered average
    bs.connectomes      brains that have been mapped: fly, larva and worm, from the files of their authors
    bs.encode           images, sounds and series as spike trains, and back
    bs.explore          single cells: portrait, f-I curve, phase plane
    bs.learn            learning from arrays: SpikingNetwork and Trainer by gradients of spikes; rate units: OjaUnit, BCMUnit
    bs.ann              artificial networks, and the same networks in spikes
    bs.values           all distributions; bs.signals: texts of the time for inputs, sine, ramp, chirp, pulses, steps
    bs.positions        where cells are: grids, random places
    files of others     bs.nir: graphs of snnTorch, Norse and others; bs.sonata: networks in SONATA, and runs of them;
                        bs.nestml: models in NESTML, the language of NEST
    errors              EquationError (a ValueError), MissingName (a KeyError), SweepError (a RuntimeError)

Not available in this version: morphologies. Noise, several compartments and other dynamics can be written as equations.
"""

import sys

import brainsim.core.moved  # noqa: F401 - modules by their old names

__version__ = "0.1.1"

# Module -> the public names that it defines, each loaded when it is first used. `__init__.pyi` lists the same names for
# editors and type checkers; a test holds the two equal.
_HOMES = {
    "brainsim.network.network": "Network",
    "brainsim.network.projection": "Projection",
    "brainsim.network.population": "Population View",
    "brainsim.network.probes": "EventRecord SpikeRecord Trace WeightTrace",
    "brainsim.models.base": "Neuron Synapse parameter initial",
    "brainsim.features.neurons.adaptive": "ALIF SFALIF HomeostaticLIF GIF MAT2 MihalasNiebur ClopathAdEx",
    "brainsim.features.neurons.glif": "GLIF1 GLIF2 GLIF3 GLIF4 GLIF5",
    "brainsim.models.neurons.integrators": "IF QIF EIF AdEx Izhikevich ResonateAndFire Theta TwoCompartmentLIF ShiuLIF",
    "brainsim.models.neurons.lif": "LIF",
    "brainsim.models.synapses.basic": "Delta Pulse Exponential Alpha DoubleExponential",
    "brainsim.models.synapses.charges": "ExponentialCharge AlphaCharge DoubleExponentialCharge",
    "brainsim.models.synapses.conductances": "ExponentialConductance AlphaConductance DoubleExponentialConductance",
    "brainsim.models.synapses.receptors": "NMDA GABAB",
    "brainsim.features.couplings.models.base": "Coupling",
    "brainsim.features.couplings.models.kinds": "GapJunction GatedNMDA GradedSynapse RateConnection",
    "brainsim.features.plasticity.models.base": "Plasticity",
    "brainsim.features.plasticity.models.calcium": "CalciumPlasticity",
    "brainsim.features.plasticity.models.homeostasis": "Normalisation Scaling",
    "brainsim.features.plasticity.models.pair": "STDP VogelsSTDP DopamineSTDP",
    "brainsim.features.plasticity.models.short_term": "QuantalRelease TsodyksMarkram",
    "brainsim.features.pairs.couplings_and_plasticity.rate_rules": "RatePlasticity Oja BCM",
    "brainsim.features.plasticity.models.triplet": "TripletSTDP",
    "brainsim.features.plasticity.models.voltage": "ClopathSTDP",
    "brainsim.features.neurons.channels": "HodgkinHuxley TraubMiles WangBuzsaki ConnorStevens",
    "brainsim.features.neurons.excitable": "MorrisLecar FitzHughNagumo HindmarshRose",
    "brainsim.models.neurons.nonspiking": "LI RateUnit",
    "brainsim.models.neurons.sources": "Poisson PoissonPool PoissonWithDeadTime GammaRenewal SpikeTrains",
    "brainsim.features.neurons.bursts": "Bursts RegularBursts PulsePackets",
    "brainsim.features.neurons.correlated": "SingleInteraction MultipleInteraction JitteredInteraction",
    "brainsim.models.events": "EventInput",
    "brainsim.models.inputs": "PoissonInput CurrentInput",
    "brainsim.features.noise.input": "NoiseInput",
    "brainsim.features.clamps.conductance": "ConductanceInput",
    "brainsim.features.clamps.input": "VoltageClamp",
    "brainsim.models.rules": "Rule AllToAll OneToOne FixedProbability FixedIndegree FixedOutdegree FixedTotal",
    "brainsim.models.pair_lists": "FromArrays FromFrame FromSparse",
    "brainsim.models.index_rule": "IndexRule",
    "brainsim.models.space.distance": "DistanceRule",
    "brainsim.features.convolution.rules": "Convolution Pooling",
    "brainsim.models.curve": "Curve",
    "brainsim.models.timed": "TimedArray",
    "brainsim.models.values": "Uniform Normal LogNormal Gamma Clipped",
    "brainsim.engine.simulation.simulate": "simulate",
    "brainsim.engine.simulation.simulation": "Simulation",
    "brainsim.pages.page": "page",
    "brainsim.pages.controls": "Control Button",
    "brainsim.sweeps.sweep": "sweep",
    "brainsim.sweeps.table": "Sweep SweepError",
    "brainsim.fitting.fit": "fit",
    "brainsim.fitting.gif": "fit_gif",
    "brainsim.fitting.gif_outcome": "GIFFit",
    "brainsim.fitting.read_recording": "read_recording",
    "brainsim.fitting.outcome": "Fit",
    "brainsim.results.result": "Result Spikes State Traces Weights",
    "brainsim.core.checks": "MissingName",
    "brainsim.equations.expressions.language": "EquationError",
}
_ROOMS = ("analysis", "ann", "connectomes", "encode", "explore", "learn", "nestml", "nir", "plot", "sonata", "testing")
_MODULES = {name: f"brainsim.{name}" for name in _ROOMS} | {
    "positions": "brainsim.models.space.positions",
    "signals": "brainsim.features.signals.signals",
    "values": "brainsim.models.values",
}
_PUBLIC = {name: module for module, names in _HOMES.items() for name in names.split()}
_ERRORS = {"MissingName", "EquationError", "SweepError"}  # not part of ``from brainsim import *``
_EXPORTED = [*(name for name in _PUBLIC if name not in _ERRORS), *_MODULES]


def __getattr__(name):
    if name == "__all__":
        return _exported()
    if name in _MODULES:
        return _load(_MODULES[name], name)
    if name not in _PUBLIC:
        if name.startswith("_"):
            raise AttributeError(f"module 'brainsim' has no attribute {name!r}")
        from brainsim.core.hints import answer

        hint = answer(name, [*_EXPORTED, *_ERRORS], "bs")
        raise AttributeError(f"brainsim has no {name!r}{hint or '; help(bs) lists the names'}")
    value = getattr(_load(_PUBLIC[name], name), name)
    globals()[name] = value
    return value


def _load(module, name):
    from brainsim.core.doors import load_or_name
    from brainsim.core.pauses import hold_interrupts, pause_gc

    with pause_gc(), hold_interrupts():
        return load_or_name(module, f"bs.{name}", f"bs.{name}")


def _exported():
    """Return the names that ``from brainsim import *`` imports.

    `help` prints every method of everything in ``__all__``: 9,000 lines for brainsim. For `help` alone there is therefore no
    ``__all__``, and it shows only the page above.
    """
    if sys._getframe(2).f_globals.get("__name__") == "pydoc":
        raise AttributeError("__all__")
    return list(_EXPORTED)


def __dir__():
    return sorted({*globals(), *_PUBLIC, *_MODULES})
