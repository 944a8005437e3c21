"""The kinds of populations that networks are sampled from: all that decides which kernel is compiled, and nothing else.

A kernel takes a second or more to compile, a network a few milliseconds to run. So whatever decides the text of a kernel is
drawn from the lists here: the model, which of its parameters differ from cell to cell, its receptors in their order, whether
a current is injected. Everything else (sizes, numbers, wiring, dt, seeds) is free. Only precision compiles as well. Ten
consecutive seeds draw from a few of the kinds.

Every neuron of the catalogue comes twice, plainly and with arrays, a new one as soon as it is public. A new synapse has to
be added to `ORDER` and to the receptors below; a test says so.
"""

from dataclasses import dataclass

import numpy as np

import brainsim as bs
from brainsim.models.catalogue import catalogue
from brainsim.testing.random_networks import own_models as own

# all synapses; a population's receptors are used in this order, since the order of first use decides the kernel
ORDER = (
    bs.Delta,
    bs.Pulse,
    bs.Exponential,
    bs.Alpha,
    bs.DoubleExponential,
    bs.ExponentialCharge,
    bs.AlphaCharge,
    bs.DoubleExponentialCharge,
    bs.ExponentialConductance,
    bs.AlphaConductance,
    bs.DoubleExponentialConductance,
    bs.NMDA,
    bs.GABAB,
    own.Blocked,
    own.Drive,
    own.Measured,
)

# pA under which a cell fires, or does what it does; 300 for those that are not listed
CURRENTS = {
    "AdEx": 1000.0,
    "ConnorStevens": 1000.0,
    "FitzHughNagumo": 0.5,
    "GIF": 1000.0,
    "HindmarshRose": 2.0,
    "EIF": 200.0,
    "ClopathAdEx": 1000.0,
    "HodgkinHuxley": 1000.0,
    "IF": 100.0,
    "Izhikevich": 10.0,
    "Theta": 50.0,
    "TraubMiles": 200.0,
    "WangBuzsaki": 100.0,
    "SFALIF": 1000.0,
    "ShiuLIF": 1000.0,
    "MAT2": 500.0,
    "MihalasNiebur": 500.0,
    "ResonateAndFire": 200.0,
}
STIFF = {
    "ConnorStevens",
    "HodgkinHuxley",
    "TraubMiles",
    "WangBuzsaki",
    "EIF",
    "AdEx",
    "ClopathAdEx",
    "MorrisLecar",
    "QIF",
    "Izhikevich",
    "FitzHughNagumo",
    "HindmarshRose",
    "Theta",
}

ONE_FOR_ALL = {"PulsePackets": ("sigma", "packet")}  # parameters that are the same in all cells

_E, _G = bs.Exponential, bs.ExponentialConductance
# receptors of cells with a potential in mV, and of those that take a current only
ON_POTENTIALS = (
    (bs.Delta,),
    (_E,),
    (bs.Delta, _E),
    (_G, _G),
    (bs.Delta, bs.Alpha),
    (bs.AlphaCharge,),
    (_E, bs.DoubleExponential),
    (_G, bs.NMDA),
    (_E, bs.GABAB),
    (bs.AlphaConductance,),
    (bs.Delta, bs.DoubleExponentialConductance),
    (bs.ExponentialCharge,),
    (bs.Delta, bs.DoubleExponentialCharge),
    (own.Blocked,),
    (_E, _E),
    (),
)
ON_CURRENTS = ((_E,), (bs.Alpha,), (bs.ExponentialCharge,), (), (bs.DoubleExponential,))


@dataclass(frozen=True)
class Kind:
    """What decides a kernel.

    Attributes
    ----------
    model : type
    arrays : tuple of str
        Parameters that differ from cell to cell, given as an array or a distribution.
    receptors : tuple of type
        Synapses, in the order of `ORDER`; one twice is two receptors with times of their own.
    varied : bool
        Whether the first parameter of each receptor differs from cell to cell.
    current : bool
        Whether a current is injected.
    columns : bool
        Whether tables have a column for each cell.
    """

    model: type
    arrays: tuple = ()
    receptors: tuple = ()
    varied: bool = False
    current: bool = False
    columns: bool = False

    @property
    def sends(self):
        """Whether its cells fire."""
        return self.model is bs.SpikeTrains or bool(self.model.threshold)

    @property
    def size(self):
        """A current at which a cell fires [pA]."""
        names = (base.__name__ for base in self.model.__mro__)
        return next((CURRENTS[name] for name in names if name in CURRENTS), 300.0)

    @property
    def longest_dt(self):
        """The longest step at which it stays finite, and of which its refractory time is at least half [ms]."""
        names = {base.__name__ for base in self.model.__mro__}
        quick = any("tau_rise" in synapse.parameters for synapse in self.receptors)
        stable = 0.1 if names & STIFF else 0.25 if quick else 1.0
        waits = self.model.parameters["t_ref"].default if "t_ref" in self.model.parameters else 0.0
        return min(stable, 1.9 * waits) if waits else stable


def _of_catalogue():
    """Return each neuron of the catalogue twice, with different receptors."""
    kinds = []
    models = [model for model in catalogue().values() if issubclass(model, bs.Neuron)]
    for number, model in enumerate(models):
        names = tuple(name for name in model.parameters if name not in ONE_FOR_ALL.get(model.__name__, ()))
        plain, varied = _receptors(model, number), _receptors(model, 7 * number + 3)
        takes = model.cell_equations.uses_current
        kinds.append(Kind(model, (), plain, current=takes and number % 2 == 0))
        kinds.append(Kind(model, names[number % 3 :: 3], varied, varied=number % 4 == 0, current=takes and number % 2 == 1))
    return kinds


def _receptors(model, number):
    if model.spiking_source or not model.cell_equations.uses_current:
        return ()
    known = ON_POTENTIALS if "v" in model.initials and model.initials["v"].unit == "mV" else ON_CURRENTS
    return known[number % len(known)]


LISTED = Kind(bs.SpikeTrains)

# few enough to be compiled in every run of the tests: each way through the engine, with cells that compile fast
EVERYDAY = [
    *[Kind(bs.LIF, receptors=receptors) for receptors in ((bs.Delta,), (bs.Delta, _E), (_G, _G), (bs.AlphaCharge,))],
    Kind(own.Keeping, ("tau_m", "t_ref"), (bs.Delta, _E), current=True),
    Kind(bs.LIF, (), (_E,), varied=True, current=True),
    Kind(bs.LIF, (), (), current=True),
    Kind(bs.ALIF, (), (bs.Delta,), current=True),
    Kind(bs.LI, (), (_E,)),
    Kind(own.Noisy, ("sigma",), (bs.Delta, _E)),
    Kind(own.Bursting, (), (bs.Delta, _E)),
    Kind(own.Driven, ("tau_m",), (_E,), columns=True),
    Kind(own.Divided, (), (_E,)),
    Kind(own.Clocked),
    Kind(bs.Poisson, ("rate",)),
    Kind(bs.GammaRenewal),
    LISTED,
]

KINDS = list(
    dict.fromkeys(
        [
            *EVERYDAY,
            *[Kind(bs.LIF, (), receptors, varied=k % 3 == 1) for k, receptors in enumerate(ON_POTENTIALS)],
            Kind(own.Driven, (), (_E,)),
            Kind(own.Tabled, (), (_E,)),
            Kind(own.Tabled, ("g", "v_rest"), (bs.Delta, own.Measured), current=True),
            Kind(bs.LIF, ("tau_m",), (own.Measured,)),
            Kind(bs.LIF, ("tau_m", "t_ref"), (bs.Delta, _E), current=True),
            Kind(bs.LIF, ("tau_m",), (bs.Pulse, _E), current=True),
            Kind(bs.ShiuLIF, ("t_ref",), (own.Drive,)),
            *_of_catalogue(),
            Kind(own.Multiplicative, (), (_E,)),
            Kind(own.Escape, ("v_th",), (bs.Delta,)),
            Kind(own.Divided, ("g", "jump"), (_G,), current=True),
            Kind(own.Euler, (), (bs.Delta, bs.Alpha)),
            Kind(own.FiringRate, (), (_E,), current=True),
            Kind(own.Clocked, ("period",)),
        ]
    )
)

FREE_SEEDS = 1_000  # seeds below draw from `EVERYDAY`, all others from `KINDS`
TOGETHER = 10  # consecutive seeds that draw from the same few kinds, so that what one has compiled serves the others
FEW = 8


def pool(seed):
    """Return the kinds from which the network of a seed is drawn."""
    if seed < FREE_SEEDS:
        return EVERYDAY
    chosen = np.random.default_rng([seed // TOGETHER, 11]).choice(len(KINDS), FEW, replace=False)
    return [KINDS[k] for k in chosen]
