"""Checks for what you write: models, inputs, rules, distributions, recorders, formats; the built-in ones pass them.

Each check raises an AssertionError that names the class and the property that does not hold. In a test of pytest:

>>> import brainsim as bs
>>> class Leaky(bs.Neuron):
...     equations = "dv/dt = -v/tau + I/c"
...     threshold = "v >= v_th"
...     reset = "v = v_reset"
...     tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
...     c: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
...     v_th: float = bs.parameter(15.0, "mV", "threshold")
...     v_reset: float = bs.parameter(0.0, "mV", "potential after a spike")
...     v: float = bs.initial(0.0, "mV", "membrane potential")
>>> def test_leaky():
...     bs.testing.check_neuron(Leaky)

A check takes a class, which is made with its defaults, or an object. With ``only=`` it checks some properties only.
`check_bits` takes any network, with operators and kinds of synapses of your own. `compare_means` asks whether two
simulators, or a simulation and a paper, are equivalent within a margin.
"""

from brainsim.testing.couplings import check_coupling
from brainsim.testing.descriptions import check_input, check_rule
from brainsim.testing.distributions import check_distribution
from brainsim.testing.equivalence import Equivalence, compare_means
from brainsim.testing.neurons import check_neuron
from brainsim.testing.properties import check_bits
from brainsim.testing.readers import check_reader
from brainsim.testing.recorders import check_format, check_recorder
from brainsim.testing.synapses import check_plasticity, check_synapse

__all__ = [
    "Equivalence",
    "check_bits",
    "check_coupling",
    "check_distribution",
    "check_format",
    "check_input",
    "check_neuron",
    "check_plasticity",
    "check_reader",
    "check_recorder",
    "check_rule",
    "check_synapse",
    "compare_means",
]
