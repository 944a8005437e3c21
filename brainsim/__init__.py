"""brainsim: spiking neurons in the words of the field, compiled by Numba, the same spikes every time.

>>> import brainsim as bs

Describe cells with `Population`, wire them with `Network`, run with `simulate`, look with `bs.plot`.
Values are plain numbers in ms, mV, pA, pF, nS and Hz. Importing compiles nothing and loads only NumPy.
"""

import importlib

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
    "brainsim.models.values": ("Uniform", "Normal", "LogNormal", "Gamma", "Clipped"),
    "brainsim.engine.simulation": ("Simulation", "simulate"),
    "brainsim.numbers.results": ("Result", "Spikes", "State", "Traces"),
}  # fmt: skip
_MODULES = {"plot": "brainsim.plot", "values": "brainsim.models.values"}
_PUBLIC = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*_PUBLIC, *_MODULES]  # noqa: PLE0604 - names, built from the table above


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _PUBLIC:
        from brainsim.numbers.checks import nearest

        raise AttributeError(f"brainsim has no {name!r}{nearest(name, __all__)}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *__all__])
