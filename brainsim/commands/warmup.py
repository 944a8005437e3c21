"""Tiny networks that together need all kernels of the built-in models, to compile them in advance."""

import functools

import brainsim as bs
from brainsim.commands.examples import example_names, find_example
from brainsim.models.catalogue import catalogue
from brainsim.network.arguments import check_synapse


def tiny_networks():
    """Return name -> function that makes (network, options of its run): examples, neurons with synapses, kinds of rules."""
    examples = {name: find_example(name) for name in example_names()}
    networks = {name: functools.partial(example_of, module) for name, module in examples.items() if hasattr(module, "build")}
    for name, neuron in catalogue().items():
        if not issubclass(neuron, bs.Neuron):
            continue
        networks[name] = functools.partial(_alone, neuron)
        for synapse in _synapses_of(neuron):
            networks[f"{name} with {synapse.__name__}"] = functools.partial(_pair, neuron, synapse)
    networks |= {repr(rule): functools.partial(_wired, rule) for rule in _rules()}
    networks |= {repr(rule): functools.partial(_learning, rule) for rule in _plastic()}
    homeostases = bs.Normalisation(1.0, every=0.5), bs.Scaling(5.0, every=0.5)
    return networks | {repr(kind): functools.partial(_learning, bs.STDP(), kind) for kind in homeostases}


def example_of(module):
    """Return (network, options of its run) of an example."""
    network, traces = module.build(**getattr(module, "SMALL", {}))
    return network, {"record": traces, "precise": getattr(module, "PRECISE", False)}


def _synapses_of(neuron):
    """Return the built-in synapses that cells of this model can have."""
    if neuron.spiking_source:
        return []
    return [kind for kind in catalogue().values() if issubclass(kind, bs.Synapse) and _fits(neuron, kind)]


def _fits(neuron, synapse):
    """Return whether the cells can have the synapse: all its variables, and linear equations for a current of one step."""
    try:
        check_synapse(synapse(), bs.Population(1, neuron(), name="cells")[:], "warmup")
    except bs.EquationError:
        return False
    return True


def _alone(neuron):
    """Return cells of one model alone, with a current if they take one."""
    network, cells = bs.Network(seed=1), bs.Population(10, neuron(), name="cells")
    network.add(cells)
    if not neuron.spiking_source and neuron.cell_equations.uses_current:
        network.stimulate(cells, bs.CurrentInput(0.0))
    return network, {}


def _pair(neuron, synapse):
    """Return cells of one model with one synapse, driven by Poisson spikes and by sources."""
    network, cells = bs.Network(seed=1), bs.Population(10, neuron(), name="cells")
    sources = bs.Population(10, bs.Poisson(rate=100.0), name="sources")
    network.connect(sources, cells, bs.OneToOne(), weight=0.1, delay=0.1, synapse=synapse())
    network.stimulate(cells, bs.PoissonInput(rate=100.0, weight=0.1, synapse=synapse()))
    return network, {}


def _rules():
    few = [bs.FixedIndegree(2), bs.FixedIndegree(2, multapses=False), bs.FixedOutdegree(2)]
    few += [bs.FixedTotal(5), bs.FixedTotal(5, multapses=False)]
    return [bs.AllToAll(), bs.FixedProbability(0.5), *few, bs.FromArrays([0, 1], [1, 2])]


def _wired(rule):
    network = bs.Network(seed=1)
    cells = bs.Population(10, bs.LIF(), name="cells", initial={"v": bs.Normal(-60.0, 2.0)})
    weight, delay = bs.Clipped(bs.Normal(0.1, 0.01), low=0.0), bs.Uniform(0.5, 1.5)
    network.connect(cells, cells, rule, weight=weight, delay=delay, synapse=bs.Delta())
    return network, {}


def _plastic():
    """Return the built-in rules of plasticity, with each choice of each of their options."""
    kinds = [kind for kind in catalogue().values() if issubclass(kind, bs.Plasticity)]
    rules = [kind() for kind in kinds]
    choices = [(kind, name, value) for kind in kinds for name, values in kind._choices.items() for value in values]
    return rules + [kind(**{name: value}) for kind, name, value in choices if value != getattr(kind, name)]


def _learning(rule, homeostasis=None):
    """Return cells whose synapses learn, and are brought up to date at the end of a run."""
    network = bs.Network(seed=1)
    cells = bs.Population(10, bs.ClopathAdEx(), name="cells")
    network.connect(
        cells, cells, bs.AllToAll(), weight=1.0, delay=0.2, synapse=bs.Delta(), plasticity=rule, homeostasis=homeostasis
    )
    return network, {}
