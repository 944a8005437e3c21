"""Tiny networks that together need all the kernels that the built-in words need, to compile them ahead."""

import brainsim as bs
from brainsim.commands.examples import example_named, example_names
from brainsim.models import neurons, synapses


def tiny_networks():
    """Yield (name, network, traces) of all examples, of all models with all synapses, and of all rules."""
    for name in example_names():
        example = example_named(name)
        if hasattr(example, "build"):
            yield name, *example.build(**getattr(example, "SMALL", {}))
    for neuron, synapse in _combinations():
        yield f"{type(neuron).__name__} with {type(synapse).__name__}", *_pair(neuron, synapse)
    for rule in _rules():
        yield repr(rule), *_wired(rule)


def _combinations():
    cells = [model for model in _models_in(neurons, bs.Neuron) if not model.spiking_source]
    return [(cell(), synapse()) for cell in cells for synapse in _models_in(synapses, bs.Synapse)]


def _models_in(module, base):
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)]
    return [model for model in found if model.__module__ == module.__name__]


def _pair(neuron, synapse):
    """Return cells of one model with one synapse, driven by Poisson spikes, by sources and by a current."""
    network = bs.Network(seed=1)
    cells = bs.Population(10, neuron, name="cells")
    sources = bs.Population(10, bs.Poisson(rate=100.0), name="sources")
    network.connect(sources, cells, bs.OneToOne(), weight=0.1, delay=0.1, synapse=synapse)
    network.stimulate(cells, bs.PoissonInput(rate=100.0, weight=0.1, synapse=synapse))
    network.stimulate(cells, bs.CurrentInput(0.0))
    return network, [bs.Trace(cells[:1], "v")]


def _rules():
    few = [bs.FixedIndegree(2), bs.FixedIndegree(2, multapses=False), bs.FixedOutdegree(2)]
    few += [bs.FixedTotal(5), bs.FixedTotal(5, multapses=False)]
    return [bs.AllToAll(), bs.FixedProbability(0.5), *few, bs.FromArrays([0, 1], [1, 2])]


def _wired(rule):
    network = bs.Network(seed=1)
    cells = bs.Population(10, bs.LIF(), name="cells", initial={"v": bs.Normal(-60.0, 2.0)})
    weight, delay = bs.Clipped(bs.Normal(0.1, 0.01), low=0.0), bs.Uniform(0.5, 1.5)
    network.connect(cells, cells, rule, weight=weight, delay=delay, synapse=bs.Delta())
    return network, []
