"""What to type instead of a name that brainsim does not have: words of other simulators, and missing features.

Each table maps groups of words to one answer. Words are compared without regard to case and underscores.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

MAX_OFFERED = 3  # known names that are offered for an unknown one

OF_BRAINSIM = {
    ("run", "start", "execute"): "bs.simulate(net, 1000.0) runs a network; bs.Simulation(net) runs it in pieces",
    (
        "Create",
        "NeuronGroup",
        "Group",
        "Ensemble",
        "Neurons",
        "Layer",
        "Subgroup",
    ): "bs.Population(100, bs.LIF(), name='cells') makes cells; a slice of them is a group: cells[:80]",
    (
        "Synapses",
        "Connect",
        "Connection",
        "Project",
        "StaticSynapse",
    ): "a network connects cells: net.connect(pre, post, rule, weight=..., delay=..., synapse=...)",
    (
        "SpikeMonitor",
        "SpikeRecorder",
        "SpikeDetector",
        "EventMonitor",
    ): "all spikes are recorded: bs.simulate(net, 1000.0).spikes['cells']",
    (
        "StateMonitor",
        "Multimeter",
        "Voltmeter",
        "Monitor",
        "Recorder",
        "Probe",
        "record",
    ): "bs.simulate(net, 1000.0, record=[bs.Trace(cells, 'v')]) records variables; they are in result.traces['cells', 'v']",
    (
        "PopulationRateMonitor",
        "RateMonitor",
        "rate",
    ): "result.spikes['cells'].population_rate() is the rate over time, .rate() its mean",
    (
        "PoissonGroup",
        "PoissonGenerator",
        "PoissonSource",
    ): "bs.PoissonInput(rate=..., weight=..., synapse=...) drives each cell with an independent spike train; "
    "bs.Population(100, bs.Poisson(rate=10.0)) makes cells that fire at random and can be connected",
    (
        "SpikeGeneratorGroup",
        "SpikeGenerator",
        "SpikeSourceArray",
    ): "bs.Population(n, bs.SpikeTrains(times, ids)) makes cells that fire at given times",
    (
        "DCGenerator",
        "StepCurrentGenerator",
        "StepCurrentSource",
        "StepCurrent",
        "CurrentClamp",
        "IClamp",
        "DCSource",
    ): "net.stimulate(cells, bs.CurrentInput(400.0)); steps are bs.CurrentInput([300.0, 0.0], times=[100.0, 400.0])",
    (
        "ACGenerator",
        "SineInput",
        "SineCurrent",
        "ACSource",
    ): "a current may be an expression of the time: bs.CurrentInput(bs.signals.sine(0.0, 150.0, frequency=40.0))",
    (
        "OU",
        "OUInput",
        "NoiseCurrent",
        "NoiseGenerator",
        "OrnsteinUhlenbeck",
        "NoisyCurrentSource",
    ): "noise currents: net.stimulate(cells, bs.NoiseInput(100.0, tau=5.0)); without tau the noise is white",
    ("SEClamp", "VClamp", "VoltageClampInput"): "net.stimulate(cells, bs.VoltageClamp(-70.0)) holds v of the cells",
    (
        "CPP",
        "SIP",
        "MIP",
        "MIPGenerator",
        "CorrelatedSpikes",
        "CorrelatedPoisson",
    ): "correlated sources: bs.SingleInteraction and bs.MultipleInteraction (rate=10.0, correlation=0.1)",
    (
        "InhomogeneousPoisson",
        "InhomogeneousPoissonGenerator",
        "SinusoidalPoissonGenerator",
        "InhomogeneousGammaGenerator",
    ): "a rate may be an expression of the time or a bs.TimedArray: bs.Poisson(rate='20 + 15*sin(2*pi*8*t/1000)'); likewise "
    "bs.PoissonInput",
    (
        "STDPSynapse",
        "Learning",
        "LearningRule",
        "Hebbian",
        "ISTDP",
        "InhibitorySTDP",
    ): "plasticity is an argument of connect: net.connect(..., plasticity=bs.STDP()); your own rules: help(bs.Plasticity)",
    (
        "EProp",
        "BCM",
        "Oja",
        "Optimizer",
        "Trainer",
    ): "bs.learn has what learns from arrays: bs.learn.EProp, bs.learn.Oja, bs.learn.BCM",
    (
        "RSTDP",
        "RewardSTDP",
        "ModulatedSTDP",
    ): "plasticity by reward is net.connect(..., plasticity=bs.DopamineSTDP(), modulator=cells)",
    ("Clopath", "VoltageSTDP"): "plasticity by the potential of the target is net.connect(..., plasticity=bs.ClopathSTDP())",
    ("GraupnerBrunel", "CalciumSTDP"): "plasticity by calcium is net.connect(..., plasticity=bs.CalciumPlasticity())",
    (
        "Homeostasis",
        "HomeostaticPlasticity",
        "SynapticScaling",
    ): "weights are held in balance by net.connect(..., homeostasis=bs.Normalisation(8.0)) or bs.Scaling(5.0), "
    "thresholds by the cell bs.HomeostaticLIF",
    (
        "IntrinsicPlasticity",
        "IntrinsicExcitability",
        "ThresholdPlasticity",
        "AdaptiveThreshold",
    ): "the cell bs.HomeostaticLIF has a threshold that holds its rate",
    (
        "StructuralPlasticity",
        "Rewiring",
        "Pruning",
        "SynapticPruning",
    ): "synapses come and go between two pieces of a run: sim.rewire(projection, remove=..., pre=..., post=...)",
    (
        "Tsodyks",
        "TsodyksSynapse",
        "STP",
        "ShortTermPlasticity",
        "ShortTermDepression",
        "Facilitation",
    ): "short-term plasticity is net.connect(..., plasticity=bs.TsodyksMarkram())",
    (
        "GapJunction",
        "GapJunctions",
        "ElectricalSynapse",
        "DiffusionConnection",
        "RateConnection",
    ): "gap junctions and other coupling without spikes are not built in; a callback can couple cells "
    "between steps: bs.simulate(net, 1000.0, every=0.1, callback=f), see the questions and answers in the guide",
    (
        "SpatialNeuron",
        "Morphology",
        "Section",
        "Cable",
        "Compartment",
        "MultiCompartment",
        "Soma",
        "Dendrite",
    ): "cells are points in this version; write two or three compartments as the equations of one bs.Neuron",
    (
        "Grid",
        "Spatial",
        "Distance",
        "GaussianProjection",
        "DistanceDependentProbability",
    ): "cells have places by bs.Population(n, model, positions=bs.positions.grid((10, 10), spacing=20.0)), and "
    "bs.DistanceRule('0.3*exp(-d/100)') connects them",
    ("Gaussian", "Gauss"): "the distribution is bs.Normal(mean, sd)",
    ("Constant",): "a plain number is a constant",
    ("PairwiseBernoulli", "Bernoulli", "FixedProbabilityConnector"): "the rule is bs.FixedProbability(0.1)",
    ("Equations",): "equations are strings in a subclass of bs.Neuron: help(bs.Neuron)",
    ("seed", "set_seed", "setrngseed"): "seeds are arguments: bs.Network(seed=1) and bs.simulate(net, 1000.0, seed=2)",
    ("defaultclock", "clock", "dt", "timestep"): "the time step is an argument: bs.simulate(net, 1000.0, dt=0.1)",
    (
        "ms",
        "second",
        "mV",
        "volt",
        "pA",
        "nA",
        "amp",
        "pF",
        "nS",
        "siemens",
        "Hz",
        "farad",
        "units",
    ): "values are plain numbers in ms, mV, pA, pF, nS and Hz: tau_m=20.0",
    (
        "iaf_psc_exp",
        "iaf_psc_alpha",
        "iaf_psc_delta",
        "iaf_cond_exp",
        "iaf_cond_alpha",
        "IF_curr_exp",
        "IF_cond_exp",
    ): "cell and synapse models are chosen separately: bs.LIF() with bs.Exponential(), bs.Alpha(), bs.Delta() or "
    "bs.ExponentialConductance()",
    ("aeif_cond_exp", "aeif_cond_alpha", "aeif_psc_exp", "AdaptiveExponential"): "the cell is bs.AdEx()",
    ("HH", "hh_psc_alpha"): "the cell is bs.HodgkinHuxley()",
    ("hh_cond_exp_traub",): "the cell is bs.TraubMiles()",
    (
        "network_operation",
        "run_regularly",
        "callback",
    ): "bs.simulate(net, 1000.0, every=10.0, callback=f) calls f(sim) every 10 ms",
    ("silence", "lesion"): "net.stimulate(cells, bs.VoltageClamp('v_rest', start=500.0)) holds cells at rest",
    ("store", "restore", "checkpoint"): "sim = bs.Simulation(net); sim.save('run.ckpt') writes all that it holds, "
    "bs.Simulation.load(net, 'run.ckpt') continues from there",
    ("load",): "bs.Result.load('run.npz') reads what result.save('run.npz') wrote",
    ("save",): "result.save('run.npz') writes a result",
    (
        "raster",
        "overview",
        "figure",
        "show",
    ): "plots are in bs.plot: bs.plot.overview(result), bs.plot.raster(result.spikes['cells'])",
    ("portrait", "phase_plane"): "tools for single cells are in bs.explore: bs.explore.portrait(bs.LIF())",
    ("convert", "MLP", "compare", "datasets"): "artificial networks are in bs.ann: bs.ann.convert(network)",
    (
        "snn",
        "snntorch",
        "Leaky",
        "surrogate",
    ): "spiking networks are trained by bs.learn.SpikingNetwork(hidden=[bs.learn.Layer(100)]).fit(X, y): help(bs.learn)",
    (
        "torch",
        "nn",
        "keras",
        "Linear",
        "Dense",
        "Conv2D",
    ): "artificial networks are in bs.ann: bs.ann.MLP(hidden=(100,)), and bs.ann.convert(model) for one of PyTorch or Keras",
    ("grid_search", "parallel_run", "scan", "parameter_sweep"): "bs.sweep(function, over={'g': [4.0, 5.0]}, seeds=5)",
}

OF_NETWORK = {
    ("run", "simulate", "start", "sim"): "a network is a description; bs.simulate(net, 1000.0) runs it",
    (
        "step",
        "reset",
        "state",
        "t",
        "time",
        "set",
    ): "a network holds no state; sim = bs.Simulation(net) does: sim.run(10.0), sim.state",
    (
        "spikes",
        "traces",
        "result",
        "results",
    ): "a run returns them: result = bs.simulate(net, 1000.0); result.spikes['cells']",
    (
        "record",
        "monitor",
        "trace",
        "probe",
    ): "what to record is an argument of the run: bs.simulate(net, 1000.0, record=[bs.Trace(cells, 'v')])",
    ("drive", "input", "add_input", "inject"): "net.stimulate(cells, bs.CurrentInput(400.0)) adds an input",
    ("remove", "disconnect", "delete"): "nothing can be removed from a network; build another one without it",
    (
        "weights",
        "connections",
        "get_connections",
    ): "net.synapses(projection) returns pre, post, weights and delays, drawn from the seed; net.projections describes them",
    ("to_numpy", "to_array", "adjacency"): "net.to_sparse(projection).toarray() is the matrix of the weights",
    ("to_pandas", "to_dataframe"): "net.to_frame(projection) returns a pandas DataFrame",
    ("to_graph",): "net.to_networkx() returns a graph of networkx",
    ("silence", "lesion"): "net.stimulate(cells, bs.VoltageClamp('v_rest', start=500.0)) holds cells at rest",
    ("store", "restore", "checkpoint"): "sim = bs.Simulation(net); sim.save('run.ckpt') writes all that it holds, "
    "bs.Simulation.load(net, 'run.ckpt') continues from there",
    (
        "network_operation",
        "run_regularly",
        "callback",
    ): "bs.simulate(net, 1000.0, every=10.0, callback=f) calls f(sim) every 10 ms",
    ("dt", "timestep"): "the time step is an argument of the run: bs.simulate(net, 1000.0, dt=0.1)",
    ("plot", "draw", "graph"): "print(net) shows its parts; bs.plot draws results",
    ("save", "copy"): "a network is a few lines of Python; put them into a function",
}

OF_SIMULATION = {
    ("spikes", "traces", "spike_monitor"): "run() and result() return them: sim.result().spikes['cells']",
    ("t", "now"): "the current time is sim.time",
    ("silence", "lesion"): "net.stimulate(cells, bs.VoltageClamp('v_rest', start=500.0)) holds cells at rest",
    ("network_operation", "run_regularly", "callback"): "sim.run(100.0, every=10.0, callback=f) calls f(sim) every 10 ms",
    ("step", "advance", "forward"): "sim.run(sim.dt) takes one step",
    ("v", "get", "values"): "sim.state['cells']['v'] can be read and written between runs",
    ("record", "monitor", "probe"): "what to record is an argument: bs.Simulation(net, record=[bs.Trace(cells, 'v')])",
    ("connect", "stimulate", "add"): "a simulation is built from a finished network; add to the network first; "
    "sim.rewire(projection, pre=..., post=...) adds synapses to one of its projections",
    (
        "disconnect",
        "prune",
        "remove",
        "create_synapses",
        "add_synapses",
    ): "sim.rewire(projection, remove=...) removes synapses, and pre=..., post=... adds others",
    (
        "weights",
        "w",
    ): "sim.synapses(projection).weight reads them; sim.set(projection, w=...) sets those of plastic synapses",
    ("plot", "raster", "overview"): "bs.plot.overview(sim.result()) draws it",
    ("store", "checkpoint"): "sim.save('run.ckpt') writes everything that the simulation needs to continue",
    ("restore", "resume"): "bs.Simulation.load(net, 'run.ckpt') continues from what sim.save wrote",
    ("copy", "fork"): "copy.deepcopy(sim) is an independent simulation at the same point",
    ("populations", "cells"): "sim.network.populations holds them",
}


def answer(name: str, names: Sequence[str], tables: Mapping[tuple[str, ...], str]) -> str:
    """Return a hint about an unknown name as the end of a sentence, empty if nothing is close.

    Parameters
    ----------
    name : str
        What was typed.
    names : sequence of str
        The names that exist.
    tables : dict of tuple of str to str
        Words and their answers.

    Examples
    --------
    >>> answer("Gaussian", ["Normal", "Uniform"], OF_BRAINSIM)
    '; the distribution is bs.Normal(mean, sd)'
    >>> answer("Unifrom", ["Normal", "Uniform"], OF_BRAINSIM)
    "; did you mean 'Uniform'?"
    """
    folded = _folded(name)
    near = [known for known in names if _folded(known) == folded]
    if not near:
        for words, text in tables.items():
            if folded in map(_folded, words):
                return f"; {text}"
        by_folded = {_folded(known): known for known in reversed(names)}
        near = [by_folded[word] for word in difflib.get_close_matches(folded, by_folded, n=MAX_OFFERED, cutoff=0.65)]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def _folded(word):
    return word.casefold().replace("_", "")


class Answering:
    """Base of classes that answer an unknown attribute with what was probably meant."""

    _words: dict = {}

    if not TYPE_CHECKING:  # editors and type checkers find unknown names themselves

        def __getattr__(self, name):
            kind = type(self).__name__
            if name.startswith("_"):  # what copy, pickle, NumPy and notebooks look for
                raise AttributeError(f"{kind!r} object has no attribute {name!r}")
            names = {*dir(self), *getattr(type(self), "__dataclass_fields__", ())}
            if name in names:  # a property that failed, or a field that is not set yet
                raise AttributeError(f"{kind}.{name}: cannot be read yet")
            hint = answer(name, sorted(known for known in names if not known.startswith("_")), self._words)
            raise AttributeError(f"{kind} has no {name!r}{hint or f'; see help(bs.{kind})'}")
