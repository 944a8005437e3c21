"""What `Network.estimate` answers: memory, and what a second costs at the measured speed of this machine."""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from brainsim.build.layout import Layout
from brainsim.build.own import ALONE
from brainsim.core.doors import through
from brainsim.engine.loop.program import MAX_SLICE
from brainsim.engine.simulation.settings import slice_steps
from brainsim.engine.simulation.simulation import Simulation
from brainsim.features.estimates.memory import estimate_layout
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.rules import FixedOutdegree
from brainsim.models.synapses.basic import Exponential
from brainsim.models.values import Distribution, Normal, Uniform
from brainsim.network.arguments import PRECISIONS
from brainsim.network.network import Network
from brainsim.network.population import Population

# seconds of an exchange of two ranks, and again each time their number doubles: in memory that ranks on one machine share
# (0.4 microseconds by benchmarks/exchange.py, 20 next to twenty busy programs), a fast network as in clusters (2 to 3), and
# Ethernet, whose software alone takes 14
WITHIN, FABRIC, ETHERNET = 0.5e-6, 3e-6, 30e-6
BARRIER = 1e-6  # seconds for which threads wait for each other at the end of a slice
FILING = 15e-9  # seconds in which a partition looks up a spike; each looks up all of them
UNPACKING = 3e-9  # and in which a rank unpacks it, or a number that a cell gives through a coupling
CELLS, SYNAPSES, PIECE, PIECES = 4000, 250, 50.0, 4  # of the network that is measured; ms of a piece


@dataclass(frozen=True)
class Cost:
    """How many seconds a simulated second takes at a mean `rate` of the cells [Hz].

    - `work`: cells and synapses, divided among all threads, and spikes, each of which every thread looks up.
    - `slices`: how often threads and ranks exchange spikes in a simulated second.
    - `waiting`: threads at the end of slices.
    - `exchange`: ranks, by the network between them.
    """

    rate: float
    work: float
    slices: float
    waiting: float
    exchange: dict

    def total(self, network="one machine"):
        """Return the seconds for a simulated second with this network between the ranks."""
        return self.work + self.waiting + self.exchange[network]

    def __str__(self):
        totals = [f"{self.total(name):.2g} s ({name})" for name in self.exchange]
        text = f"a simulated second at {self.rate:g} Hz takes about {', '.join(totals)}"
        if any(self.exchange.values()):  # they were not measured here, as the work of cells and synapses was
            text += f", if two ranks exchange spikes in {WITHIN * 1e6:g}, {FABRIC * 1e6:g} and {ETHERNET * 1e6:g} us"
        return text


def estimate(network, dt, threads=1, precision="double", duration=0.0, record=(), ranks=None, rate=5.0):
    """Return the Estimate of a network that runs with steps of `dt` ms on `threads` threads, and of its traces.

    With a number of `ranks` it is the Estimate of each of them, and says what a second costs at a mean `rate` [Hz].
    """
    processes = ALONE if ranks in (None, 1) else through("planned ranks", "Network.estimate.ranks")(ranks)
    layout = Layout(network, dt, threads * processes.size, PRECISIONS[precision], filled=False, ranks=processes)
    found = estimate_layout(layout, duration, record)
    return found if ranks is None else replace(found, cost=cost(layout, rate))


def cost(layout, rate):
    """Return the Cost of a network that is laid out, at a mean rate [Hz] of its cells."""
    network, dt, size = layout.network, layout.dt, layout.ranks.size
    per_step, per_event = speed()
    delays = [_shortest(p, dt) for p in network.projections if not p.is_coupling]
    steps = slice_steps(min(delays, default=MAX_SLICE), layout)
    slices, threads = 1000.0 / (steps * dt), len(layout.own)
    spikes = layout.n_cells * rate
    events = sum(p.expected for p in network.projections if not p.is_coupling) * rate
    pairs, given = _of_couplings(network)
    events += pairs * 1000.0 / dt
    work = (layout.n_cells * 1000.0 / dt * per_step + events * per_event) / layout.partitions + spikes * FILING
    if size == 1:
        return Cost(rate, work, slices, slices * BARRIER * (threads > 1), {"one machine": 0.0})
    work += (spikes + given * 1000.0 / dt) * UNPACKING
    networks = {"one machine": WITHIN, "fast network": FABRIC, "Ethernet": ETHERNET}
    exchange = {name: slices * seconds * math.log2(size) for name, seconds in networks.items()}
    return Cost(rate, work, slices, slices * 2 * BARRIER * (threads > 1), exchange)


def _of_couplings(network):
    """Return how many numbers the couplings of a network add up in a step, and how many their sources give."""
    if not any(p.is_coupling for p in network.projections):
        return 0.0, 0.0
    pairs = through("pairs of couplings")
    return pairs.pairs_in_a_step(network), pairs.given_in_a_step(network)


def _shortest(projection, dt):
    delay = projection.delay
    shortest = delay.support[0] if isinstance(delay, Distribution) else np.min(delay, initial=MAX_SLICE * dt)
    return max(1, round(shortest / dt)) + int(projection.synapse.receptor_equations.direct)


@functools.cache
def speed():
    """Return the seconds in which this machine advances a cell by a step, and delivers an event.

    They are measured within a second, with LIF cells whose synapses have a weight each.
    """
    cells = Population(CELLS, LIF(), name="cells", initial={"v": Uniform(-65.0, -50.0)})
    net, rule = Network(seed=1), FixedOutdegree(SYNAPSES)
    net.connect(cells, cells, rule, weight=Normal(0.01, 0.001), delay=1.5, synapse=Exponential())
    net.stimulate(cells, CurrentInput(450.0))
    sim = Simulation(net, seed=1, threads=1, profile=True, progress=False)
    found = []
    for _ in range(PIECES):
        result = sim.run(PIECE, progress=False)
        profile, spikes = result.stats["profile"], len(result.spikes["cells"])
        found.append((profile["update"] / (CELLS * PIECE * 10.0), profile["delivery"] / max(spikes * SYNAPSES, 1)))
    return min(update for update, _ in found), min(event for _, event in found)
