"""Checks of models of synapses and of rules of plasticity."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.engine.simulation.simulation import Simulation
from brainsim.models.base import Neuron, Synapse
from brainsim.models.inputs import CurrentInput, PoissonInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.neurons.sources import Poisson
from brainsim.models.rules import FixedIndegree
from brainsim.models.synapses.basic import Delta
from brainsim.models.values import Uniform
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.testing.properties import (
    SEED,
    check_bits,
    check_properties,
    explained,
    make,
    require,
    require_read,
    values_at_end,
    variables_of,
)

if TYPE_CHECKING:
    from brainsim.features.plasticity.models.base import Plasticity

WEIGHTS = {"mV": 0.3, "pA": 40.0, "pA*ms": 200.0, "nS": 1.0, "": 1.0}  # by the unit of the weights of a synapse
LARGE = 1000.0  # times the usual weight
NEAR = 2e-3  # mV by which single precision may differ


@explained
def check_synapse(
    synapse: Synapse | type[Synapse],
    *,
    weight: float | None = None,
    target: Neuron | None = None,
    only: Collection[str] | None = None,
) -> None:
    """Check a model of synapses as the built-in ones are checked.

    Parameters
    ----------
    synapse : Synapse or class
        The model; a class is made with its defaults.
    weight : float, optional
        Weight of an event, by default 0.3 mV, 40 pA, 200 pA ms, 1 nS or 1, by the unit of the synapse.
    target : Neuron, optional
        The cells at which it is checked, which have a variable ``v``; by default a `LIF` that never fires.
    only : collection of str, optional
        The properties to check, all by default:

        - "acts": Poisson events move the potential of the target, and all stays finite.
        - "weight": events of weight 0 do nothing, and those of twice the weight more.
        - "extreme": nothing becomes NaN if the weight is a thousand times larger.
        - "bits": the same seed gives the same bits on any number of threads, in any pieces, after a restore and a reset.
        - "single": in single precision the potential is the same to 2 uV.
        - "read": one of its texts reads each parameter that the class declares.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_synapse(bs.Alpha, only=["acts", "weight"])
    """
    synapse = make(synapse, Synapse, "check_synapse.synapse")
    if weight is None and synapse.weight_unit not in WEIGHTS:
        raise ValueError(f"check_synapse.weight: give one, in {synapse.weight_unit}")
    check_properties(SYNAPSE_PROPERTIES, _Events(synapse, weight or WEIGHTS[synapse.weight_unit], target), only)


class _Events:
    """A synapse under test, on cells that do not fire without input."""

    def __init__(self, synapse, weight, target):
        self.synapse, self.weight, self.label = synapse, weight, type(synapse).__name__
        self.target = LIF(v_th=1e6) if target is None else target

    def network(self, times=1.0):
        """Return cells that receive Poisson events with some times the weight."""
        cells, net = Population(5, self.target, name="cells"), Network(seed=1)
        net.stimulate(cells, PoissonInput(rate=200.0, weight=times * self.weight, synapse=self.synapse))
        return net

    def moved(self, times=1.0, **options):
        """Return the potentials after 100 ms under such events, relative to those without."""
        with_them, without = (values_at_end(self.network(k), 100.0, **options) for k in (times, 0.0))
        return with_them["cells", "v"] - without["cells", "v"]


def _check_acts(events: _Events) -> None:
    values = values_at_end(events.network(), 100.0)
    for (_, name), some in values.items():
        require(np.isfinite(some).all(), f"{events.label}: {name} must stay finite under events of weight {events.weight:g}")
    require(np.abs(events.moved()).max() > 0.0, f"{events.label}: events of weight {events.weight:g} must move v")


def _check_weight(events: _Events) -> None:
    once, twice = np.abs(events.moved()), np.abs(events.moved(2.0))
    require(np.all(twice >= once) and np.any(twice > once), f"{events.label}: twice the weight must move v more")
    alone = Network(seed=1)
    alone.add(Population(5, events.target, name="cells"))
    expected, found = values_at_end(alone, 100.0)["cells", "v"], values_at_end(events.network(0.0), 100.0)["cells", "v"]
    require(np.array_equal(expected, found), f"{events.label}: events of weight 0 must not move v")


def _check_large(events: _Events) -> None:
    for (_, name), values in values_at_end(events.network(LARGE), 100.0).items():
        message = f"{events.label}: {name} must not become NaN under events of weight {LARGE * events.weight:g}"
        require(not np.isnan(values).any(), message)


def _check_synapse_bits(events: _Events) -> None:
    def build():
        net = Network(seed=1)
        sources, cells = Population(20, Poisson(rate=50.0), name="sources"), Population(7, events.target, name="cells")
        weight, delay = Uniform(0.5 * events.weight, 1.5 * events.weight), Uniform(1.0, 3.0)
        net.connect(sources, cells, FixedIndegree(5), weight=weight, delay=delay, synapse=events.synapse, name="events")
        return net

    check_bits(build, label=events.label)


def _check_synapse_single(events: _Events) -> None:
    single, double = (values_at_end(events.network(), 100.0, precision=p)["cells", "v"] for p in ("single", "double"))
    require(np.abs(single - double).max() < NEAR, f"{events.label}: v must be the same in single precision, to {NEAR} mV")


def _check_synapse_read(events: _Events) -> None:
    require_read(events.synapse, events.label)


SYNAPSE_PROPERTIES = {
    "acts": _check_acts,
    "weight": _check_weight,
    "extreme": _check_large,
    "bits": _check_synapse_bits,
    "single": _check_synapse_single,
    "read": _check_synapse_read,
}


def check_plasticity(
    rule: Plasticity | type[Plasticity],
    *,
    weight: float | None = None,
    target: Neuron | None = None,
    synapse: Synapse | None = None,
    only: Collection[str] | None = None,
    **options: Any,
) -> None:
    """Check a rule of plasticity as the built-in ones are checked, in a network of 20 Poisson sources and 7 cells.

    Parameters
    ----------
    rule : Plasticity or class
        The rule; a class is made with its defaults.
    weight : float, optional
        Initial weight; by default in the middle of the bounds of the rule, half of its only bound, or 0.5.
    target : Neuron, optional
        The cells that learn; by default a `LIF`. They are driven by a current [pA] of 400 if they take one.
    synapse : Synapse, optional
        By default `Delta`.
    only : collection of str, optional
        The properties to check, all by default:

        - "units": the units in its texts are checked.
        - "learns": spikes change weights or variables of synapses, or what arrives.
        - "bounds": all stays finite, and weights within the bounds of the rule.
        - "reading": to read the synapses in between changes no bit.
        - "bits": the same seed gives the same bits on any number of threads, in any pieces, after a restore and a reset.
        - "read": one of its texts reads each parameter that the class declares.
    **options
        What ``Network.connect`` takes in addition, such as ``dendritic_delay=``.

    Raises
    ------
    AssertionError
        If a property does not hold; the message names it.
    TypeError, ValueError
        If `rule` is not one, or `only` names an unknown property; what the rule itself raises in a run.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_plasticity(bs.STDP(pairing="nearest"), only=["learns", "bounds"])
    """
    from brainsim.features.plasticity.models.base import Plasticity

    rule = make(rule, Plasticity, "check_plasticity.rule")
    check_properties(PLASTICITY_PROPERTIES, _Learning(rule, weight, target, synapse, options), only)


class _Learning:
    def __init__(self, rule, weight, target, synapse, options):
        self.rule, self.label, self.options = rule, type(rule).__name__, options
        self.target, self.synapse = target or LIF(), synapse or Delta()
        self.low, self.high = (None if bound is None or np.ndim(bound) else bound for bound in rule.limits())
        self.weight = weight
        if weight is None:
            ends = [bound for bound in (self.low, self.high) if bound is not None]
            self.weight = float(np.mean(ends) if len(ends) == 2 else 0.5 * max(ends, default=1.0, key=abs) or 0.5)

    def network(self, learns=True):
        """Return the network, in which the synapses follow the rule or, without it, stay as they are."""
        net = Network(seed=1)
        sources, cells = Population(20, Poisson(rate=40.0), name="sources"), Population(7, self.target, name="cells")
        if self.target.cell_equations.uses_current:
            net.stimulate(cells, CurrentInput(400.0))
        options = {"delay": Uniform(1.0, 3.0), "synapse": self.synapse, "name": "wires"}
        options |= {"plasticity": self.rule, **self.options} if learns else {}
        net.connect(sources, cells, FixedIndegree(5), weight=self.weight, **options)
        return net

    def columns(self, sim):
        """Return name -> array of weights and variables of the synapses of a simulation."""
        table = sim.synapses("wires")
        return {"w": table.weight} | table.columns


def _check_units(learning: _Learning) -> None:
    require(type(learning.rule).dimensions, f"{learning.label}: dimensions must be True, so that units are checked")
    known = {"w", *learning.rule.plasticity_equations.initials}
    require(set(learning.rule.plasticity_equations.units) == known, f"{learning.label}: each variable must have a unit")


def _check_learns(learning: _Learning) -> None:
    sim = Simulation(learning.network(), seed=SEED, progress=False)
    before = learning.columns(sim)
    result = sim.run(300.0)
    changed = any(not np.array_equal(values, before[name]) for name, values in learning.columns(sim).items())
    if not changed:  # a rule of short-term plasticity may keep nothing for each synapse
        without, state = values_at_end(learning.network(learns=False), 300.0), variables_of(result)["cells"]
        changed = any(not np.array_equal(values, without["cells", name]) for name, values in state.items())
    require(changed, f"{learning.label}: spikes must change weights or variables of synapses, or what arrives")


def _check_bounds(learning: _Learning) -> None:
    sim = Simulation(learning.network(), seed=SEED, progress=False)
    sim.run(500.0)
    for name, values in learning.columns(sim).items():
        require(np.isfinite(values).all(), f"{learning.label}: {name} must stay finite")
    weights = sim.synapses("wires").weight
    for bound, within, side in ((learning.low, weights.min(), "least"), (learning.high, weights.max(), "most")):
        beyond = bound is not None and (within < bound if side == "least" else within > bound)
        require(not beyond, f"{learning.label}: w must be at {side} {bound}, its bound (got {within:g})")


def _check_reading(learning: _Learning) -> None:
    read, unread = (Simulation(learning.network(), seed=SEED, progress=False) for _ in range(2))
    for _ in range(3):
        read.run(50.0)
        learning.columns(read)
        unread.run(50.0)
    for (name, values), other in zip(learning.columns(read).items(), learning.columns(unread).values(), strict=True):
        require(np.array_equal(values, other), f"{learning.label}: to read the synapses must not change {name}")


def _check_plasticity_bits(learning: _Learning) -> None:
    check_bits(learning.network, duration=200.0, label=learning.label)


def _check_plasticity_read(learning: _Learning) -> None:
    require_read(learning.rule, learning.label)


PLASTICITY_PROPERTIES = {
    "units": _check_units,
    "learns": _check_learns,
    "bounds": _check_bounds,
    "reading": _check_reading,
    "bits": _check_plasticity_bits,
    "read": _check_plasticity_read,
}
