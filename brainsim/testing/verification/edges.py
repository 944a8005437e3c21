"""What random networks seldom meet: rates at which Poisson numbers are drawn in another way, windows, scattered views,
numbers that all cells share, delays over many steps, kinds of refractoriness,
couplings of cells that fire.
"""

from dataclasses import dataclass

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks.couplings import Drifting, Potentials
from brainsim.testing.random_networks.own_models import Keeping
from brainsim.testing.random_networks.rules import Rewarded

# events in a step: too few for a table, by thresholds, by an alias table, too many for a table
MEANS = (1e-7, 0.3, 3.0, 11.9, 12.1, 40.0, 5_000.0)
PART = 60  # cells for each


class Adapting(bs.Neuron):
    """A linear cell in which another variable follows the potential, also while that is held at the reset."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + (I - a)/c_m
        da/dt = (g*(v - v_rest) - a)/tau_a
    """
    threshold = "v >= v_th"
    reset = "v = v_reset; a += jump"
    tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-55.0, "mV", "threshold")
    v_reset: float = bs.parameter(-60.0, "mV", "reset potential")
    t_ref: float = bs.parameter(2.0, "ms", "refractory time", at_least=0.0)
    g: float = bs.parameter(5.0, "nS", "coupling of the adaptation to v")
    tau_a: float = bs.parameter(30.0, "ms", "time constant of the adaptation", above=0.0)
    jump: float = bs.parameter(20.0, "pA", "step of the adaptation")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    a: float = bs.initial(0.0, "pA", "adaptation")


class Longer(Adapting):
    """Its refractory time depends on a variable."""

    refractory = "t_ref*(1 + a/(40*jump))"


class Waiting(Adapting):
    """It is refractory as long as a condition holds, and nothing is frozen."""

    reset = "a += 20*jump"
    refractory = "not v <= v_reset"


class Hasty(Adapting):
    """It moves in three parts of a step."""

    substeps = 3


@dataclass
class EdgePlan:
    """A plan, as `random_networks` has them."""

    seed: int
    dt: float = 0.1
    steps: int = 100
    precise: bool = False
    always_runs: bool = True  # nothing in it can be refused, or run away

    def anew(self):
        """Return the same plan."""
        return EdgePlan(self.seed)

    def network(self):
        """Return the network: cells with events at v, each input with a part of them or some of each part."""
        cells = bs.Population(PART * len(MEANS), bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -52.0)})
        net = bs.Network(seed=self.seed)
        for k, mean in enumerate(MEANS):
            part, rate, weight = cells[PART * k : PART * (k + 1)], mean * 1e3 / self.dt, 0.05 / max(mean, 1.0)
            window = {"start": 2.0 + self.dt * k, "stop": 9.0} if k % 2 else {}
            drive = {"weight": weight, "synapse": bs.Delta(), **window}
            net.stimulate(part, bs.PoissonInput(rate=rate, **drive), name=f"shared {mean}")
            each = np.linspace(0.2, 1.5, PART) * rate
            net.stimulate(part, bs.PoissonInput(rate=each, **drive), name=f"each {mean}")
            text = f"{rate!r}*(1 + sin(t/1))/2"
            net.stimulate(part, bs.PoissonInput(rate=text, **drive), name=f"over time {mean}")
        for number in (10, 16, 17, 25, 40, 60):  # breaks of a view, of which some make it be drawn cell by cell
            view = bs.PoissonInput(rate=3e4, weight=0.02, synapse=bs.Delta())
            net.stimulate(cells[np.arange(number) * 7], view, name=f"{number} cells apart")
        adapting = bs.Population(30, Adapting(), name="adapting", initial={"v": bs.Uniform(-65.0, -54.0)})
        net.stimulate(adapting, bs.PoissonInput(rate=8e3, weight=0.9, synapse=bs.Delta()), name="drive")
        most = bs.FixedTotal(1_200, multapses=False)  # of 1,800 pairs
        net.connect(adapting, cells[:60], most, weight=bs.Uniform(0.1, 0.5), delay=bs.Uniform(0.1, 2.0), synapse=bs.Delta())
        for rule in (bs.FixedIndegree, bs.FixedOutdegree):
            given = {"weight": 0.3, "delay": 1.5, "synapse": bs.Delta(), "name": rule.__name__}
            net.connect(adapting, adapting, rule(9, autapses=False), **given)
        together = bs.Population(20, bs.SingleInteraction(rate=500.0, correlation=0.5), name="together")
        net.connect(together, cells[:20], bs.OneToOne(), weight=0.5, delay=0.5, synapse=bs.Delta(), name="together")
        late = bs.Clipped(bs.values.ExponentialDistribution(40.0), low=0.1)  # of more steps than a table may have
        net.connect(adapting, cells[60:90], bs.FixedOutdegree(20), weight=0.35, delay=late, synapse=bs.Delta(), name="late")
        for model in (Keeping(), Longer(), Waiting(), Hasty()):
            some = bs.Population(20, model, name=type(model).__name__, initial={"v": bs.Uniform(-65.0, -54.0)})
            drive = bs.PoissonInput(rate=8e3, weight=bs.Uniform(0.5, 1.5), synapse=bs.Delta())
            net.stimulate(some, drive, name=f"drive of {some.name}")
        self._let_learn(net, adapting)
        return net

    @staticmethod
    def _let_learn(net, adapting):
        """Couple cells that fire, with a delay, and let some couplings learn; and a modulator act for a short time."""
        for name, learns in (("delayed", {}), ("learning", {"plasticity": Drifting(tau=5.0)})):
            cells = bs.Population(10, bs.LIF(), name=f"cells of {name}", initial={"v": bs.Uniform(-65.0, -51.0)})
            net.stimulate(cells, bs.CurrentInput(500.0), name=f"current of {name}")
            given = {"weight": 0.2, "delay": 0.5, "synapse": Potentials(variable="v", order=2, name=name), "name": name}
            net.connect(cells, cells, bs.FixedIndegree(3), **given, **learns)
        rule = Rewarded(tau=1.0, size=0.5)  # what it drives is integrated in blocks of 40 steps
        given = {"weight": 0.3, "delay": 0.3, "synapse": bs.Delta(), "name": "rewarded", "plasticity": rule}
        net.connect(adapting, cells, bs.FixedIndegree(10), **given, modulator=adapting, modulator_delay=0.5)
