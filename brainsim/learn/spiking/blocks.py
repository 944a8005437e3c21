"""Blocks of cells that learn: which kernels move them, and in which numbers; and populations of a network as blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.doors import load_or_name
from brainsim.learn.spiking.adaptive_cells import AdaptingLIF
from brainsim.models.base import Neuron
from brainsim.models.neurons.lif import LIF
from brainsim.models.neurons.nonspiking import LI
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.synapses.basic import Exponential
from brainsim.models.values import Distribution, is_number
from brainsim.rng.streams import stream_key

if TYPE_CHECKING:
    from brainsim.network.population import Population

LABEL = "Trainer.net"
# cells that written kernels move, and what of them learns
WRITTEN = dict.fromkeys((LIF, LI), ("tau_m", "c_m")) | {AdaptingLIF: ("tau_m", "c_m", "tau_a", "beta")}
UNUSED_TAU = 5.0  # of the receptor of cells without one, at which nothing arrives
OTHERS = ("weight", "recurrent", "bias", "delay", "recurrent_delay")  # what learns besides the numbers of cells


def tau_name(receptor: int) -> str:
    """Return the name of the time constant of a receptor of a block."""
    return f"tau_s {receptor}" if receptor else "tau_s"


@dataclass(frozen=True, eq=False)
class Block:
    """Cells of a kind, a layer or a population, as the kernels take them.

    Without a `model` the written kernels move LIF cells with an adaptive threshold, or cells that do not fire, in mV above
    `base`. A current of 1 pA has the effect ``tau_m/c_m`` in mV, or 1 if there is no c_m, and `rest` is where v relaxes to.
    A `model` has the kernels derived from its equations.
    """

    n: int
    name: str  # in messages
    weights: str  # how messages call its initial weights
    label: str  # with which messages about its cells begin
    taus: tuple[float, ...]  # time constants of the receptors
    learns: tuple[str, ...] = ()  # its numbers, and delays onto it
    model: Any = None
    method: str | None = None
    spiking: bool = True
    tau_m: float = 20.0
    c_m: float = 0.0
    v_th: float = 1.0
    v_reset: float = 0.0
    t_ref: float = 0.0
    base: float = 0.0
    rest: float = 0.0
    tau_a: float = 100.0
    beta: float = 0.0

    @property
    def tau_s(self) -> float:
        """The time constant of the first receptor."""
        return self.taus[0]

    @property
    def of_model(self) -> tuple[str, ...]:
        """Parameters of the model that learn."""
        return () if self.model is None else tuple(name for name in self.model.parameters if name in self.learns)

    @property
    def of_equations(self) -> tuple[str, ...]:
        """These, and the time constants of receptors that learn."""
        names = [tau_name(k) for k in range(len(self.taus)) if self.model is not None]
        return (*self.of_model, *(name for name in names if name in self.learns))

    def smooth(self, external_current: bool) -> Any:
        """Return the model as cells that cross their threshold within a step; see `smooth.Smooth`."""
        smooth = load_or_name("brainsim.learn.spiking.from_equations.smooth:smooth", self.label, "derived kernels")
        return smooth(self.model, self.method or "", self.label, external_current, len(self.taus))

    def check_learns(self, label: str) -> None:
        """Raise ValueError or EquationError if a parameter of the model that learns has no derivative or acts on nothing."""
        kind, smooth = type(self.model).__name__, self.smooth(False)
        from brainsim.learn.spiking.from_equations.derived import write_parts

        for name in self.of_equations:
            if name in self.model.parameters and (name in OTHERS or name.startswith("tau_s")):
                text = f"synapses have a {name!r} of their own; give the parameter of {kind} another name"
                raise ValueError(f"{label}.{name}: {text}")
            if name == "t_ref":
                raise ValueError(f"{label}.{name}: refractory times are not learned")
            _, formulas = write_parts(smooth, False, f"{label}.{name}", (name,))
            if not formulas.acts(name):
                raise ValueError(f"{label}.{name}: the cells do not depend on it")


def check_source(population: Population) -> bool:
    """Return whether a population sends listed spikes; raise ValueError if its spikes are random."""
    if isinstance(population.model, SpikeTrains):
        return True
    if getattr(population.model, "spiking_source", False):
        kind = type(population.model).__name__
        raise ValueError(
            f"{LABEL}: {population.name!r}: the spikes of {kind} are random, so a gradient would be that of one draw; use "
            "bs.SpikeTrains with spikes that bs.encode or a simulation has drawn"
        )
    return False


def check_synapse(projection: Any) -> Any:
    """Return the synapse of a projection that can learn, or raise ValueError."""
    synapse, name = projection.synapse, f"{LABEL}: {projection.name!r}"
    if projection.is_coupling:
        raise ValueError(f"{name}: {type(synapse).__name__} acts without spikes, and a trainer follows spikes only")
    if projection.plasticity is not None or projection.homeostasis is not None:
        raise ValueError(f"{name}: changes its own weights; a trainer needs synapses without plasticity and homeostasis")
    if type(synapse) is not Exponential:
        kind = type(synapse).__name__
        why = "v jumps, so the time of a spike does too, and has no derivative" if kind == "Delta" else "has no adjoint yet"
        raise ValueError(f"{name}: {kind}: {why}; use bs.Exponential(tau=...)")
    if not is_number(synapse.tau):
        raise ValueError(f"{name}: Exponential.tau: must be one number for all cells (got {synapse.tau!r})")
    return synapse


def block_of(population: Population, synapses: Sequence[Any], learns: tuple[str, ...]) -> Block:
    """Return the block of a population of cells, or raise ValueError or EquationError if it cannot be trained."""
    model: Any = population.model
    label = f"{LABEL}: {population.name!r}: {type(model).__name__}"
    taus = tuple(synapse.tau for synapse in synapses) or (UNUSED_TAU,)
    for name in {*population.initial} - ({"v"} if type(model) in WRITTEN else set()):  # the kernels start all alike
        raise ValueError(f"{label}: initial[{name!r}] cannot be given, only v of LIF and LI; leave it to the model")
    common = population.n, repr(population.name), " of the projections onto it", label, taus, learns
    if type(model) not in WRITTEN:
        if not isinstance(model, Neuron):
            raise TypeError(f"{label}: must be a model of cells, such as bs.LIF()")
        block = Block(*common, model)
        block.smooth(False)
        block.check_learns(label)
        return block
    for name in model.parameters:
        if not is_number(getattr(model, name)):
            raise ValueError(f"{label}.{name}: must be one number for all cells (got {getattr(model, name)!r})")
    if isinstance(model, LI):
        return Block(*common, spiking=False, base=model.v_rest, tau_m=model.tau_m, c_m=model.c_m)
    own, base = {name: getattr(model, name) for name in (*WRITTEN[type(model)], "t_ref")}, model.v_reset
    own |= {"v_th": model.v_th - base, "base": base, "rest": model.v_rest - base}
    return Block(*common, **own)


def start_of(population: Population, block: Block, seed: int) -> np.ndarray:
    """Return v of the cells at the start, above `base`, as ``simulate(net, seed=seed)`` draws it."""
    if block.model is not None:
        return np.zeros(block.n)
    model: Any = population.model
    given, start = population.initial.get("v", model.v_rest), np.empty(block.n)
    if isinstance(given, Distribution):
        from brainsim.rng.variates import fill

        fill(start, given.code, stream_key(seed, "initial", population.name, "v"))
    else:
        start[:] = given
    return start - block.base
