"""What random networks seldom meet, small: many variables, all functions, singular noise, equal cells under other tables,
tables of one row, weights that are balanced, variables of rules that start anywhere, and cells that are not linear at exact
times.
"""

from dataclasses import dataclass

import numpy as np

import brainsim as bs
from brainsim.testing.random_networks.couplings import Drifting, Potentials
from brainsim.testing.random_networks.own_models import Driven
from brainsim.testing.random_networks.rules import Bounded
from brainsim.testing.verification.edges import EdgePlan

FURTHER = 17  # compartments besides the first: enough that sums are no longer written out


CHAIN = "\n".join(
    f"dv{k}/dt = (v_rest - v{k})/tau + (v{k - 1 or ''} - v{k})/tau_a : mV\nv{k}(0) = v_rest" for k in range(1, FURTHER + 1)
)


class Cable(bs.Neuron):
    """A chain of compartments: so many linear variables that a step is the product with a matrix."""

    equations = f"""
        dv/dt = (v_rest - v)/tau + (v1 - v)/tau_a + I/c : mV
        v(0) = v_rest
        {CHAIN}
        tau = 10 ms, > 0  # membrane time constant
        tau_a = 3 ms, > 0  # time constant of the current along the chain
        c = 100 pF, > 0  # capacitance
        v_rest = -65 mV  # resting potential
        v_th = -55 mV  # threshold
        t_ref = 1.5 ms, >= 0  # refractory time
    """
    threshold = "v >= v_th"
    reset = "v = v_rest"


class Alike(bs.Neuron):
    """Two variables that one noise drives alike, so that the covariance of their noise is singular, and a sum of both."""

    equations = """
        dv/dt = (v_rest - v)/tau + (a + b)/tau : mV
        da/dt = -a/tau + sigma/sqrt(tau)*xi_one : mV
        db/dt = -b/tau + sigma/sqrt(tau)*xi_one : mV
        tau = 10 ms, > 0  # time constant
        sigma = 6 mV, >= 0  # size of the noise
        v_rest = -65 mV  # resting potential
        v_th = -60 mV  # threshold
    """
    threshold = "v >= v_th"
    reset = "v = v_rest"


class Every(bs.Neuron):
    """Each function of the language, of arguments that move."""

    equations = """
        dv/dt = (odd + even + steps - v)/tau
        odd = sin(u) + tan(u/3) + arctan(2*u) + arcsin(u/4) + sinh(u) + tanh(u) + expm1(u/2) + u**3/9
        even = cos(u) + arccos(u/4) + cosh(u) + exprel(u) + sigmoid(u) + exp(-u**2) + sqrt(abs(u))
        steps = whole + floor(u) + ceil(2*u) + sign(u) + log(4 + u) + log1p(abs(u)) + log10(9 + u) + more
        whole = u % 3 - v // 4 + u*v % (1 + abs(u))
        more = min(u, 1) + max(u, v/40) + clip(u, -1, 2) + where(u > v/50, u, 1) + (1 if u > 0.3 else u)
        du/dt = 0.3*cos(t/tau)
    """
    threshold = "v >= 12"
    reset = "v = v/4"
    dimensions = False
    tau: float = bs.parameter(3.0, "ms", "time constant", above=0.0)
    v: float = bs.initial(0.0, "", "sum of the functions")
    u: float = bs.initial(bs.Uniform(-3.0, 3.0), "", "argument")


class Started(Drifting):
    """A rule for weights of potentials whose variable starts where a parameter says."""

    w_mean: float = bs.parameter(-61.0, "mV", "mean potential at the start")
    mean: float = bs.initial("w_mean + 2", "mV", "mean potential")


@dataclass
class RarePlan(EdgePlan):
    """A plan, as `random_networks` has them."""

    def anew(self):
        """Return the same plan."""
        return type(self)(self.seed)

    def network(self):
        """Return the network."""
        net, values = bs.Network(seed=self.seed), np.random.default_rng(self.seed)
        start = {"v": bs.Uniform(-65.0, -56.0)}
        source = bs.Population(20, bs.Poisson(rate=200.0), name="source")
        for model in (Cable(), Alike(), Every()):
            begin = {} if isinstance(model, Every) else start
            net.add(bs.Population(8, model, name=type(model).__name__, initial=begin))
        net.stimulate(net.populations["Cable"], bs.CurrentInput(values.uniform(300.0, 900.0, 8)))
        self._add_equal_cells(net, values)
        self._let_learn(net, source, bs.Population(10, bs.LIF(), name="targets", initial=start))
        return net

    def _add_equal_cells(self, net, values):
        """Add populations that differ in a table, or a text over time, alone; inputs whose tables have one row."""
        for k in range(2):
            table = bs.TimedArray(values.uniform(100.0, 800.0, 4), dt=3.0)
            net.add(bs.Population(5, Driven(I_in=table), name=f"table {k}"))
            net.add(bs.Population(5, bs.Poisson(rate=f"{300 * (k + 1)}*(1 + sin(t/3))"), name=f"text {k}"))
            cells = bs.Population(5, bs.LIF(), name=f"cells {k}")
            net.stimulate(cells, bs.CurrentInput(bs.TimedArray([values.uniform(300.0, 500.0)], dt=100.0)))
            drive = bs.PoissonInput(rate=bs.TimedArray([2_000.0 * (k + 1)], dt=100.0), weight=0.3, synapse=bs.Delta())
            net.stimulate(cells, drive)

    @staticmethod
    def _let_learn(net, source, cells):
        """Balance weights, and let rules begin with a number, an array and a distribution for each synapse."""
        given = {"weight": bs.Uniform(0.2, 1.0), "delay": 0.5, "synapse": bs.Delta()}
        net.stimulate(cells, bs.CurrentInput(500.0))
        others = {"weight": -0.7, "delay": 2.5, "synapse": bs.Delta(), "name": "all others"}
        net.connect(cells, cells, bs.AllToAll(autapses=False), **others)
        rule = Bounded(potentiation=0.02, depression=0.02)
        for name, balance in (
            ("total", bs.Normalisation(7.0, every=1.1, by="target")),
            ("shares", bs.Normalisation(5.0, every=0.7, by="source")),
            ("rates", bs.Scaling(20.0, tau=5.0, beta=0.5, every=0.9)),
        ):
            options = {"plasticity": rule, "homeostasis": balance, "name": name}
            net.connect(source, cells, bs.FixedProbability(0.5), **given, **options)
        pairs = bs.FromArrays(*np.nonzero(np.ones((20, 10))))
        for name, begin in (("number", 0.7), ("array", np.linspace(0.0, 1.0, 200)), ("law", bs.Uniform(0.0, 1.0))):
            net.connect(source, cells, pairs, **given, plasticity=rule, initial={"x": begin, "y": 0.3}, name=name)
        for name, initial in (("by_text", None), ("by_number", {"mean": -58.0})):
            synapse, options = Potentials(variable="v", name=name), {} if initial is None else {"initial": initial}
            options |= {"weight": 0.2, "synapse": synapse, "plasticity": Started(tau=5.0), "name": name}
            net.connect(cells, cells, bs.FixedIndegree(3), **options)


@dataclass
class CurvedPlan(RarePlan):
    """A plan of cells that are not linear, at exact times."""

    steps: int = 80
    precise: bool = True

    def network(self):
        """Return the network: exponential cells, which run away, and cells with channels; synapses learn."""
        net, values = bs.Network(seed=self.seed), np.random.default_rng(self.seed)
        cells = bs.Population(4, bs.AdEx(t_ref=1.0), name="cells", initial={"v": bs.Uniform(-70.0, -50.0)})
        channels = bs.Population(2, bs.TraubMiles(), name="channels", initial={"v": bs.Uniform(-70.0, -50.0)})
        net.stimulate(cells, bs.CurrentInput(values.uniform(900.0, 2_500.0, 4)))
        net.stimulate(channels, bs.CurrentInput(values.uniform(400.0, 900.0, 2)))
        net.stimulate(cells, bs.PoissonInput(rate=300.0, weight=60.0, synapse=bs.Exponential()))
        given = {"weight": bs.Uniform(0.0, 80.0), "delay": bs.Uniform(0.3, 3.0), "synapse": bs.Exponential()}
        net.connect(cells + channels, cells, bs.FixedProbability(0.6), **given, plasticity=bs.STDP(w_max=100.0))
        return net
