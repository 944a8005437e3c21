"""The options of a run, checked once, before anything is built: `RunSettings`, and what follows from them and a network."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.build.own import ALONE, Alone
from brainsim.build.timing import ON_GRID
from brainsim.core.checks import MAX_INDEX, call_with_options, in_range, integer, number, option, true_or_false
from brainsim.core.doors import through
from brainsim.core.machine import MAX_THREADS, processors
from brainsim.engine.loop.program import MAX_SLICE
from brainsim.engine.operators.registry import operators_for
from brainsim.models.values import Distribution
from brainsim.network.arguments import MAX_DELAY, check_precision
from brainsim.network.network import Network
from brainsim.network.projection import handler_among
from brainsim.rng.streams import checked_seed

MAX_SPIKES_IN_A_SLICE = 1 << 22
EVERY = "10 min"  # between two checkpoints, unless the user says something else
SECONDS = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
INTERVAL = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*([a-z]+)\s*")
WORTH_AN_ESTIMATE = 1 << 26  # bytes: to ask the system how much memory is free takes 30 microseconds
PRECISE = "precise=True"  # the part of a fingerprint that says so
WORTH_A_THREAD = 20e-6  # seconds of work in a slice; a barrier costs about one microsecond


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """How a network is run: the options of `simulate`, `Simulation` and `Simulation.load`, checked when this is made.

    A `Simulation` holds them, with the seed and the number of threads that were chosen if they were not given. A checkpoint
    decides those of `Checkpoint.settings`, on which the bits depend.

    Attributes
    ----------
    dt, seed, precise, precision, threads, record, spikes, progress, profile, to, overwrite, checkpoint, resume
        As for `simulate`; whether `record`, `spikes`, `to` and `checkpoint` are possible is checked when they are needed.
    checkpoint_every : float or None
        Seconds; None without checkpoints.
    ranks : Alone or Ranks
        The processes that run it; given as for `simulate`.
    called : str
        The call to which they were given, which messages about them name: see `options_of`.
    """

    dt: float = 0.1
    seed: int | None = None
    precise: bool = False
    precision: str = "double"
    threads: int | None = None
    record: Any = ()
    spikes: Any = True
    progress: bool | None = None
    profile: bool = False
    ranks: Any = None
    to: Any = None
    overwrite: bool = False
    checkpoint: Any = None
    checkpoint_every: Any = None
    resume: bool = False
    called: str = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "called", call_with_options())
        object.__setattr__(self, "ranks", ranks_of(self.ranks, option("ranks")))
        object.__setattr__(self, "dt", number(self.dt, option("dt"), "ms", above=0.0))
        if self.seed is not None:
            checked_seed(self.seed, option("seed"))
        check_precision(self.precision, option("precision"))
        if true_or_false(self.precise, option("precise")):
            _reject_with_precise(self)
        if self.threads is not None:
            in_range(integer(self.threads, option("threads")), option("threads"), at_least=1, at_most=MAX_THREADS)
        true_or_false(self.profile, option("profile"))
        if true_or_false(self.overwrite, option("overwrite")) and self.to is None:
            raise TypeError(f"{option('overwrite')}: is about the file of to=, which is not given (got {self.overwrite!r})")
        if self.checkpoint is not None:
            every = EVERY if self.checkpoint_every is None else self.checkpoint_every
            object.__setattr__(self, "checkpoint_every", interval(every, option("checkpoint_every")))
        elif true_or_false(self.resume, option("resume")) or self.checkpoint_every is not None:
            name = "resume" if self.resume else "checkpoint_every"
            raise ValueError(f"{option(name)}: needs the file of the checkpoints: checkpoint='run.ckpt'")

    @property
    def timing(self):
        """How time is counted."""
        return timing_of(self.precise)


def timing_of(precise):
    """Return how time is counted, with exact spike times or without."""
    return through("exact times", option("precise"))() if precise else ON_GRID


def _reject_with_precise(settings):
    """Raise ValueError if an option cannot be combined with exact spike times."""
    if settings.precision != "double":
        raise ValueError(f"{option('precise')}: needs precision='double' (got {settings.precision!r})")


def ranks_of(ranks, label):
    """Return the processes that the argument `ranks` stands for: True for all of the job, or a communicator."""
    if ranks is None or ranks is False:
        return ALONE
    if isinstance(ranks, Alone):
        return ranks
    return through("ranks", label).ranks_in(ranks, label)


def path_of(to):
    """Return the path that was given as ``to``, or that a Target has, as a string; None if there is none."""
    return None if to is None else str(getattr(to, "path", to))


def interval(value, label):
    """Return an interval in seconds, which is given as a number of seconds or as a string: "30 s", "10 min", "1 h"."""
    hint = "a number of seconds, or a string such as '30 s', '10 min' or '1 h'"
    if isinstance(value, str):
        found = INTERVAL.fullmatch(value)
        if not found or found[2] not in SECONDS:
            raise ValueError(f"{label}: must be {hint} (got {value!r})")
        value = float(found[1]) * SECONDS[found[2]]
    try:
        return number(value, label, "s", above=0.0)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error}; it is {hint}") from None


def checked_network(network, dt):
    """Return the network; raise an error if it is not one, is empty, or was made for another time step."""
    if not isinstance(network, Network):
        raise TypeError(f"{option('network')}: must be a Network (got {network!r})")
    if not network.populations:
        raise ValueError(f"{option('network')}: has no population; add one with net.add(population) or net.connect(...)")
    if network.required_dt not in (None, dt):
        raise ValueError(
            f"{option('dt')}: must be {network.required_dt:g} ms, for which this network was made (got {dt:g} ms); "
            f"write dt={network.required_dt!r}"
        )
    return network


def checked_steps(duration, dt, label):
    """Return a duration [ms] in steps of dt."""
    duration = number(duration, label, "ms", above=0.0)
    if duration / dt > MAX_INDEX:
        raise ValueError(
            f"{label}: a simulation has at most 2**31 - 1 steps, {MAX_INDEX * dt / 3.6e6:,.1f} hours with dt = {dt:g} ms "
            f"(got {duration:g} ms)"
        )
    steps = round(duration / dt)
    if steps < 1 or abs(steps * dt - duration) > 1e-6 * duration:
        raise ValueError(f"{label}: must be a multiple of dt = {dt:g} ms (got {duration:g} ms)")
    return steps


def most_partitions():
    """Return how many partitions are useful: one per processor, up to MAX_THREADS.

    More of them would take turns: on two processors CUBA takes 2 times as long with four, 4 times with eight.
    """
    return min(processors(), MAX_THREADS)


def thread_count(threads, network, dt, ranks=ALONE):
    """Return the number of partitions of a process: `threads` if that is useful, else all processors if a slice is worth it.

    The ranks of an MPI run that are on one machine share its processors; all ranks have the same number.
    """
    if ranks.size > 1:
        wanted = thread_count(threads, network, dt)
        return min(ranks.all(wanted if threads is not None else min(wanted, ranks.processors)))
    if threads is not None:
        return min(int(threads), most_partitions())
    delays = [
        p.delay.support[0] if isinstance(p.delay, Distribution) else np.min(p.delay, initial=np.inf)
        for p in network.projections
    ]
    steps = np.clip(min(delays, default=MAX_SLICE * dt) / dt, 1, MAX_SLICE)
    cells = sum(p.n for p in network.populations.values())
    synapses = sum(p.expected for p in network.projections if p.by_spikes)
    handler = handler_among(network.projections)
    pairs = 0.0 if handler is None else handler.work_in_a_step(network)
    # 1.5 ns a cell and step, 2 ns a pair of cells that acts without spikes, and 2 ns a synaptic event at a rate of 5 Hz
    work = steps * (cells * 1.5e-9 + pairs * 2e-9 + synapses * 5.0 * dt * 1e-3 * 2e-9)
    return min(processors(), MAX_THREADS) if work > WORTH_A_THREAD else 1


def most_bytes(network, dt):
    """Return more bytes than a network takes, also while it is built; only what comes near to the memory is estimated.

    A cell takes less than 1 kB and a synapse less than 150 bytes, what is under way to a cell 16 bytes for each step, and
    pools of rows that are sampled again begin with 0.5 MB.
    """
    limits = [p.delay.support if isinstance(p.delay, Distribution) else p.delay for p in network.projections]
    steps = min(max((np.max(some, initial=0.0) for some in limits), default=0.0) / dt, MAX_DELAY)
    cells, synapses = sum(p.n for p in network.populations.values()), sum(p.expected for p in network.projections)
    return 1e6 + cells * (1000.0 + 16.0 * steps) + 150.0 * synapses


def slice_steps(shortest, layout):
    """Return how many steps partitions run alone: the shortest delay, or less if an operator requires it.

    It is also less if the lists of spikes would grow too large.
    """
    most = max(1, MAX_SPIKES_IN_A_SLICE // max(1, layout.most_spikes()))
    slices = [operator.max_slice(layout) for operator in operators_for(layout)]
    return int(min([shortest or MAX_SLICE, MAX_SLICE, most, *slices]))
