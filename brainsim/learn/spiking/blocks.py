"""Populations of a network as blocks of cells that learn: which kernels move them, and in which numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.learn.spiking.plan import tau_name
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
UNUSED_TAU = 5.0  # of the receptor of cells without one, at which nothing arrives


@dataclass(frozen=True, eq=False)
class Block:
    """The cells of a population, with the fields of a `Layer` that the kernels read.

    `LIF` and `LI` are moved by the written kernels, in mV above `base`; a current of 1 pA has the effect ``tau_m/c_m`` in
    mV, and `rest` is where v relaxes to. Of other cells, `model` has the kernels derived from its equations.
    """

    population: Any
    synapses: tuple[Any, ...]  # of the receptors, in order
    learns: tuple[str, ...] = ()
    model: Any = None
    spiking: bool = True
    tau_m: float = 20.0
    c_m: float = 0.0  # 0 for cells of a model
    v_th: float = 1.0
    v_reset: float = 0.0
    t_ref: float = 0.0
    base: float = 0.0
    rest: float = 0.0
    tau_a: float = 100.0
    beta: float = 0.0

    method = ""

    @property
    def n(self) -> int:
        """Number of cells."""
        return self.population.n

    @property
    def name(self) -> str:
        """The name of the population."""
        return self.population.name

    @property
    def taus(self) -> list[float]:
        """The time constants of the receptors."""
        return [synapse.tau for synapse in self.synapses] or [UNUSED_TAU]

    @property
    def tau_s(self) -> float:
        """That of the first one."""
        return self.taus[0]

    @property
    def of_model(self) -> tuple[str, ...]:
        """Parameters of the model that learn."""
        return () if self.model is None else tuple(name for name in self.model.parameters if name in self.learns)

    @property
    def of_equations(self) -> tuple[str, ...]:
        """These, and the time constants of receptors that learn."""
        names = [tau_name(k) for k in range(len(self.taus))]
        return (*self.of_model, *(name for name in names if name in self.learns and self.model is not None))

    @property
    def label(self) -> str:
        """What messages about its equations begin with."""
        return f"{LABEL}: {self.name!r}: {type(self.population.model).__name__}"

    def smooth(self, external_current: bool) -> Any:
        """Return the model as cells that cross their threshold within a step; see `smooth.Smooth`."""
        from brainsim.learn.spiking.from_equations.smooth import smooth

        return smooth(self.model, self.method, self.label, external_current, len(self.taus))


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


def block_of(population: Population, synapses: tuple[Any, ...], learns: tuple[str, ...]) -> Block:
    """Return the block of a population of cells, or raise ValueError or EquationError if it cannot be trained."""
    model: Any = population.model
    label = f"{LABEL}: {population.name!r}: {type(model).__name__}"
    if type(model) not in (LIF, LI):
        if not isinstance(model, Neuron):
            raise TypeError(f"{label}: must be a model of cells, such as bs.LIF()")
        block = Block(population, synapses, learns, model)
        _check_initial(population, label)
        block.smooth(False)
        return block
    for name in model.parameters:
        if not is_number(getattr(model, name)):
            raise ValueError(f"{label}.{name}: must be one number for all cells (got {getattr(model, name)!r})")
    common = {"tau_m": model.tau_m, "c_m": model.c_m}
    if isinstance(model, LI):
        return Block(population, synapses, learns, spiking=False, base=model.v_rest, **common)
    base = model.v_reset
    common |= {"v_th": model.v_th - base, "t_ref": model.t_ref, "base": base, "rest": model.v_rest - base}
    return Block(population, synapses, learns, **common)


def start_of(block: Block, seed: int) -> np.ndarray:
    """Return v of the cells at the start, above `base`, as ``simulate(net, seed=seed)`` draws it."""
    if block.model is not None:
        return np.zeros(block.n)
    given, start = block.population.initial.get("v"), np.empty(block.n)
    if isinstance(given, Distribution):
        from brainsim.rng.variates import fill

        fill(start, given.code, stream_key(seed, "initial", block.name, "v"))
    else:
        start[:] = block.population.model.v_rest if given is None else given
    return start - block.base


def _check_initial(population, label):
    """Raise ValueError if cells of a model begin elsewhere than their class says: the kernels start all alike."""
    if population.initial:
        name = next(iter(population.initial))
        raise ValueError(f"{label}: initial[{name!r}] can be given for LIF and LI only; leave it to the model")
