"""What random networks leave out: methods, tables of pairs, texts of indices, listed junctions, two rules in one."""

from dataclasses import dataclass

import numpy as np

import brainsim as bs
from brainsim.features.plasticity.combined import combine
from brainsim.testing.random_networks.own_models import Multiplicative, Tabled
from brainsim.testing.random_networks.rules import TIRED, Bounded
from brainsim.testing.verification.rare import RarePlan

N = 8  # cells of most populations


class Gated(bs.Neuron):
    """Gates whose rates are 0/0 at a potential at which cells begin, and which are moved in groups."""

    equations = """
        opening = 0.1*(v + 40)/(1 - exp(-(v + 40)/10))
        closing = 0.02*(v + 50)/expm1((v + 50)/8)
        dv/dt = (g_l*(e_l - v) + g*m**3*n*(e - v) + I)/c_m
        dm/dt = opening*(1 - m) - closing*m
        dn/dt = closing*(1 - n) - n/4
    """
    threshold = "v > 0 and not (m < 0.3 or n > 0.9)"
    refractory = "v > 0"
    method = "exponential_strang"
    dimensions = False
    g_l: float = bs.parameter(10.0, "nS", "leak", above=0.0)
    g: float = bs.parameter(600.0, "nS", "largest conductance", at_least=0.0)
    c_m: float = bs.parameter(100.0, "pF", "capacitance", above=0.0)
    e_l: float = bs.parameter(-65.0, "mV", "reversal potential of the leak")
    e: float = bs.parameter(40.0, "mV", "reversal potential")
    v: float = bs.initial("e_l", "mV", "membrane potential")
    m: float = bs.initial(0.1, "", "gate")
    n: float = bs.initial(0.4, "", "gate")


class Accurate(Gated):
    """The method is chosen for its accuracy."""

    method = "accurate"


class Stepped(Gated):
    """By steps of Runge and Kutta."""

    method = "rk4"


class Stiff(bs.Neuron):
    """Noise in variables that are much faster than a step, and powers that are not whole."""

    equations = """
        dv/dt = (v_rest - v)/tau + (a + raised)/tau_a
        da/dt = 30*(b - a)/tau_a + 5*xi_both/sqrt(tau_a)
        db/dt = -30*b/tau_a + 5*xi_both/sqrt(tau_a) + 3*xi/sqrt(tau_a)
        raised = abs(b)**(0.3 + share/4) - (2 + abs(a))**-share + share**2.5
    """
    threshold = "v >= v_th"
    reset = "v = v_rest; a = 2*a; a = a + 1; b = b/a"
    method = "exponential_euler"
    dimensions = False
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)
    tau_a: float = bs.parameter(0.5, "ms", "time constant of the noise", above=0.0)
    share: float = bs.parameter(bs.Uniform(0.1, 1.9), "", "exponent")
    v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    v_th: float = bs.parameter(-60.0, "mV", "threshold")
    v: float = bs.initial("v_rest", "mV", "membrane potential")
    a: float = bs.initial(0.0, "mV", "noise")
    b: float = bs.initial(0.0, "mV", "noise of the noise")


@dataclass
class FurtherPlan(RarePlan):
    """A plan, as `random_networks` has them."""

    def network(self):
        """Return the network."""
        net, values = bs.Network(seed=self.seed), np.random.default_rng(self.seed)
        start = {"v": values.choice([-50.0, -40.0, -60.0, -45.0], N)}
        for model in (Gated(), Accurate(), Stepped(), Stiff(), Multiplicative(), Tabled()):
            begin = start if isinstance(model, Gated) else {}
            net.add(bs.Population(N, model, name=type(model).__name__, initial=begin))
        for name in ("Gated", "Accurate", "Stepped", "Tabled", "Multiplicative"):
            net.stimulate(net.populations[name], bs.CurrentInput(values.uniform(50.0, 500.0, N)))
        for text in ("400*tau*(1 + sin(t/1))", "900*share", "300*share + 200*tau*i"):
            drive = bs.PoissonInput(rate=text, weight=0.2, synapse=bs.Delta())
            net.stimulate(net.populations["Stiff"], drive, name=text)
        source = bs.Population(N, bs.Poisson(rate=400.0), name="source", positions=values.uniform(0.0, 90.0, (N, 2)))
        cells = bs.Population(30, bs.LIF(), name="cells", positions=values.uniform(0.0, 90.0, (30, 2)))
        net.stimulate(cells, bs.CurrentInput(420.0), name="current of cells")
        pool = bs.Population(3, bs.PoissonPool(sources=40.0, rate=30.0), name="pool")
        net.connect(pool, cells, bs.AllToAll(), weight=0.2, delay=0.4, synapse=bs.Pulse(), name="pulses")
        # several blocks of cells; in the end, a table of three thresholds follows one of many
        many = bs.Population(2_500, bs.LIF(), name="many", initial={"v": bs.Uniform(-65.0, -55.0)})
        falls = "where(t > 4, 1, 3e4)"
        blocks = (1, 2_400, 3e4), (1_001, 2_500, 2e5), (3, 2_200, "2e4*(1 + sin(t/1))"), (4, 2_300, falls)
        for first, last, rate in (*blocks, (5, 1_100, "6e7 + 1e7*sin(t/1)")):  # the last one is beyond all tables
            drive = bs.PoissonInput(rate=rate, weight=0.01 if last > 1_100 else 1e-5, synapse=bs.Delta())
            net.stimulate(many[first:last], drive, name=f"blocks from {first}")
        self._describe_pairs(net, source, cells, values)
        self._describe_delays(net, source, cells)
        self._couple(net, values)
        self._let_learn(net, source, cells)
        return net

    @staticmethod
    def _describe_pairs(net, source, cells, values):
        """Connect by tables, by texts of indices and by distances."""
        from scipy.sparse import csr_array

        delta, k = bs.Delta(), 60
        table = {"pre": values.integers(0, N, k), "post": values.integers(0, 30, k), "other": np.arange(k)}
        table |= {"weight": values.uniform(0.0, 0.4, k), "delay": values.uniform(0.1, 2.0, k)}
        net.connect(source, cells, bs.FromFrame(table), synapse=delta, name="frame")
        some = {name: table[name][:20] for name in ("post", "pre")}
        net.connect(source, cells, bs.FromFrame(some), weight=0.2, delay=0.3, synapse=delta, name="pairs")
        matrix = csr_array(values.uniform(0.1, 0.5, (N, 30)) * (values.random((N, 30)) < 0.2))
        net.connect(source, cells, bs.FromSparse(matrix), delay=0.7, synapse=delta, name="matrix")
        ring, given = bs.IndexRule("0.7*exp(-abs(i - j/4)/3)"), {"delay": "0.2 + 0.1*abs(i - j)/4", "synapse": delta}
        net.connect(source, cells, ring, weight="0.1 + 0.02*i", **given, name="indices")
        net.connect(source, cells, bs.AllToAll(), weight="0.01*j/(1 + i)", delay=1.1, synapse=delta, name="columns")
        near = {"weight": "0.5*exp(-d/50)", "delay": "0.1 + d/60", "synapse": delta}
        for kind, rule in (
            ("gaussian", bs.DistanceRule.gaussian(0.8, 20.0)),
            ("exponential", bs.DistanceRule.exponential(0.9, 30.0, periodic=(90.0, 90.0))),
            ("box", bs.DistanceRule.box(0.6, 40.0)),
        ):
            net.connect(source, cells, rule, **near, name=kind)

    @staticmethod
    def _describe_delays(net, source, cells):
        """Let delays follow each distribution, with one bound or two."""
        laws = [bs.Normal(1.0, 0.6), bs.LogNormal(0.0, 0.5), bs.Gamma(2.0, 0.6), bs.values.ExponentialDistribution(0.8)]
        laws += [bs.Clipped(bs.Normal(1.0, 0.9), low=0.3, high=1.4), bs.Clipped(bs.Gamma(0.7, 1.0), low=0.2, high=2.0)]
        for number, law in enumerate(laws):
            delay = law if isinstance(law, bs.Clipped) else bs.Clipped(law, low=0.1)
            given = {"weight": 0.1, "delay": delay, "synapse": bs.Delta(), "name": f"delays {number}"}
            net.connect(source, cells, bs.FixedProbability(0.3), **given)

    @staticmethod
    def _couple(net, values):
        """Couple cells by junctions that are listed in both orders, in one, and between two populations."""
        a = bs.Population(N, bs.LIF(), name="a", initial={"v": bs.Uniform(-65.0, -51.0)})
        b = bs.Population(N, bs.LIF(), name="b", initial={"v": bs.Uniform(-65.0, -51.0)})
        low, high = np.triu_indices(N, 1)
        once = values.random(low.size) < 0.3
        low, high, g = low[once], high[once], values.uniform(0.1, 0.5, int(once.sum()))
        both = np.concatenate([low, high]), np.concatenate([high, low])
        junction = bs.GapJunction(order=2)
        net.connect(a, a, bs.FromArrays(*both), weight=np.tile(g, 2), synapse=junction, name="both orders")
        net.connect(a, b, bs.FromArrays(low, high), weight=g, synapse=junction, name="one order")
        net.connect(a + b, b, bs.AllToAll(autapses=False), weight=0.05, synapse=junction, name="overlapping")
        net.connect(
            a, b, bs.FixedIndegree(3), weight=0.3, delay=bs.Uniform(0.1, 1.5), synapse=bs.GradedSynapse(), name="graded"
        )
        late = bs.Clipped(bs.values.ExponentialDistribution(0.4), low=0.2)
        net.connect(b, a, bs.FixedIndegree(2), weight=0.2, delay=late, synapse=bs.GradedSynapse(name="late"))
        net.stimulate(a, bs.CurrentInput(values.uniform(300.0, 500.0, N)), name="current of a")

    @staticmethod
    def _let_learn(net, source, cells):
        """Let two rules act on one synapse, one mirrored; and parameters differ between synapses."""
        given = {"delay": 0.6, "synapse": bs.Delta()}
        two = combine((TIRED, Bounded(potentiation=0.02, depression=0.02)), "two rules")
        net.connect(
            source, cells, bs.FixedProbability(0.4), weight=bs.Uniform(0.2, 1.0), **given, plasticity=two, name="two"
        )
        mirrored = Bounded(potentiation=0.02, depression=0.02, sign=-1)
        net.connect(source, cells, bs.FixedProbability(0.4), weight=-0.3, **given, plasticity=mirrored, name="mirrored")
        own = Bounded(potentiation=bs.Uniform(0.01, 0.05), high=bs.Uniform(0.7, 1.1), depression=0.02)
        net.connect(source, cells, bs.FixedOutdegree(9), weight=0.6, **given, plasticity=own, name="own parameters")
