"""Rules that read variables of the target cell: against NEST, the slow twin, and themselves in other ways of running."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions.grammar import EquationError
from tests.helpers.plasticity.plastic_networks import differences

pytestmark = [pytest.mark.thorough_but("test_mistakes"), pytest.mark.usefixtures("more_partitions")]

DELTA = bs.Delta()
# five or six pairs at 10, 20 and 50 Hz, 10 ms apart: the target first, then the source first
PRE = [[29.0, 129.0, 229.0, 329.0, 429.0], [29.0, 62.3, 95.7, 129.0, 162.3], [29.0, 49.0, 69.0, 89.0, 109.0]]
PRE += [[129.0, 229.0, 329.0, 429.0, 529.0, 629.0], [62.3, 95.6, 129.0, 162.3, 195.6, 229.0]]
PRE += [[49.0, 69.0, 89.0, 109.0, 129.0, 149.0]]
POST = [[19.0, 119.0, 219.0, 319.0, 419.0], [19.0, 52.3, 85.7, 119.0, 152.3], [19.0, 39.0, 59.0, 79.0, 99.0]]
POST += [[139.0, 239.0, 339.0, 439.0, 539.0, 639.0], [72.3, 105.6, 139.0, 172.3, 205.6, 239.0]]
POST += [[59.0, 79.0, 99.0, 119.0, 139.0, 159.0]]
# weights at the last spike of the source, in percent, of NEST's test of its clopath_synapse
NEST = [57.82638722, 72.16730112, 149.43359357, 103.30408341, 124.03640668, 157.02882555]


def test_pairs_as_in_nest():
    """NEST integrates the upstroke of a spike with steps of its own: the first two agree to 0.5 %, the others to 0.15 %."""
    cells = bs.Population(6, bs.ClopathAdEx(), name="cells")
    sources, kicks = (bs.Population(6, bs.SpikeTrains(t), name=n) for t, n in ((PRE, "sources"), (POST, "kicks")))
    net = bs.Network(seed=1)
    net.connect(kicks, cells, bs.OneToOne(), weight=80.0, delay=0.1, synapse=DELTA)
    rule = bs.ClopathSTDP(delay_u=4.0, w_max=100.0)
    loop = net.connect(
        sources, cells, bs.OneToOne(), weight=0.5, delay=0.2, dendritic_delay=0.1, synapse=DELTA, plasticity=rule
    )
    sim, found = bs.Simulation(net, seed=1, progress=False), np.empty(6)
    for last, k in sorted((times[-1], k) for k, times in enumerate(PRE)):
        sim.run(round(last + 0.3 - sim.time, 1))
        found[k] = 100 * 15 * (sim.synapses(loop).weight[k] - 0.5) / 0.5 + 100
    np.testing.assert_allclose(found, NEST, rtol=5e-3)
    np.testing.assert_allclose(found[2:], NEST[2:], rtol=1.5e-3)
    # depression at 10 Hz becomes potentiation at 50 Hz if the target is first; otherwise there is only potentiation
    assert found[0] < 100 < found[2]
    assert 100 < found[3] < found[4] < found[5]


class Watching(bs.Plasticity):
    """All that a rule may read of the target, at each of the places where it may, with traces of spikes."""

    equations = """
        dx/dt = -x/tau
        dy/dt = -y/tau
        du/dt = (2*v_post - v_rest - u)/(3*tau)
        dq/dt = (w_post - q)/tau
        ds/dt = (v_post - s)/tau
        dz/dt = -z/tau
    """
    on_pre = "w = w - a*y + b*(v_post - v_rest) - b*(u - s); z = z + x; x = x + 1"
    on_post = "w = w + a*x - b*(v_post + u - 2*v_rest); y = y + 1; s = s + jump; w = w + b*(s - u)*0.1; z = 0.5*z"
    step_condition = "v_post > theta + 0.1*(s - v_rest) or q > q_0"
    on_step = "w = w + dt/tau*b*(x + z + y)*(v_post - s); z = z + c*q*dt/tau"
    amplitude = "w*(1 + c*w_post)"
    late = {"u": "delay_u"}
    bounds = ("0", "top")
    tau: float = bs.parameter(15.0, "ms", "time constant", above=0.0)
    theta: float = bs.parameter(-52.0, "mV", "threshold")
    v_rest: float = bs.parameter(-70.6, "mV", "rest")
    delay_u: float = bs.parameter(2.6, "ms", "how much later u is read", at_least=0.0)
    jump: float = bs.parameter(3.0, "mV", "of s at a spike of the target")
    a: float = bs.parameter(0.05, "weight", "size of changes by spikes")
    b: float = bs.parameter(0.002, "weight/mV", "size of changes by potentials")
    c: float = bs.parameter(0.001, "1/pA", "effect of the adaptation current")
    q_0: float = bs.parameter(200.0, "pA", "threshold of q")
    top: float = bs.parameter(3.0, "weight", "upper bound")
    x: float = bs.initial(0.3, "", "trace of the source")
    y: float = bs.initial(0.2, "", "trace of the target")
    z: float = bs.initial(0.1, "", "of the synapse")
    u: float = bs.initial("v_post - 1.5*(v_rest - theta)", "mV", "follows v, and is read late")
    q: float = bs.initial(5.0, "pA", "follows w")
    s: float = bs.initial("v_rest", "mV", "follows v, and jumps at spikes")


RULES = {
    "watching": Watching(),
    "homeostatic": bs.ClopathSTDP(homeostatic=True, w_0=5.0, w_max=3.0, tau_mean=50.0, delay_u=1.4),
}


def network(rule, dendritic=0.0, delay=None, synapse=DELTA):
    cells = bs.Population(9, bs.ClopathAdEx(b=80.5, i_spike=200.0), name="cells", initial={"v": bs.Uniform(-75.0, -55.0)})
    sources = bs.Population(8, bs.Poisson(rate=60.0), name="sources")
    net = bs.Network(seed=3)
    loop = net.connect(
        sources + cells[::-1],
        cells[[3, 1, 7, 0, 5]],
        bs.FixedTotal(90),
        weight=bs.Uniform(0.5, 1.5),
        delay=delay or bs.Uniform(0.6, 5.0),
        dendritic_delay=dendritic,
        synapse=synapse,
        plasticity=rule,
        name="loop",
    )
    net.stimulate(cells, bs.PoissonInput(rate=2500.0, weight=2.0, synapse=DELTA), name="drive")
    return net, loop


def simulation(net, **options):
    cells = net.populations["cells"]
    record = [bs.Trace(cells, name, every=options.get("dt", 0.2)) for name in ("v", "w")]
    return bs.Simulation(net, **({"dt": 0.2, "seed": 5, "progress": False, "record": record} | options))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dendritic", "synapse"),
    [("watching", 0.6, DELTA), ("watching", "all", bs.Exponential(tau=2.0)), ("homeostatic", 0.0, DELTA)],
)
def test_against_the_twin(name, dendritic, synapse):
    net, loop = network(RULES[name], dendritic, synapse=synapse)
    sim = simulation(net, threads=2)
    before = sim.synapses(loop)
    for duration in (0.2, 39.8, 0.2, 39.8):
        sim.run(duration)
        found = differences(loop, sim.result(), before, sim.synapses(loop))
        assert max(found.values()) < 1e-12, (sim.time, found)
    assert len(sim.result().spikes["cells"]) > 10
    assert np.mean(sim.synapses(loop).weight != before.weight) > 0.9


def test_clamped_targets():
    """The potential that a rule reads is the command, not what the cells would have made of it."""
    net, loop = network(RULES["watching"])
    net.stimulate(net.populations["cells"], bs.VoltageClamp("-50 + i", start=10.0, stop=30.0))
    sim = simulation(net, threads=2)
    before = sim.synapses(loop)
    for duration in (20.0, 20.0):
        sim.run(duration)
        found = differences(loop, sim.result(), before, sim.synapses(loop))
        assert max(found.values()) < 1e-12, (sim.time, found)


def test_the_lists_of_steps_find_room(monkeypatch):
    """Targets that are above the threshold all the time fill the lists."""
    monkeypatch.setattr("brainsim.features.plasticity.part.FIRST_POSTS", 2)
    net, loop = network(bs.ClopathSTDP(theta_plus=-70.5, w_max=50.0), delay=20.0)
    sim = simulation(net)
    before = sim.synapses(loop)
    sim.run(100.0)
    assert max(differences(loop, sim.result(), before, sim.synapses(loop)).values()) < 1e-12


def test_a_cell_that_is_reset_at_once_has_only_depression():
    cells = bs.Population(5, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    loop = net.connect(cells, cells, bs.AllToAll(), weight=0.5, delay=1.0, synapse=DELTA, plasticity=bs.ClopathSTDP())
    net.stimulate(cells, bs.CurrentInput(600.0))
    sim = bs.Simulation(net, seed=1)
    sim.run(200.0)
    assert np.all(sim.synapses(loop).weight < 0.5)


def rule(**texts):
    """Return a class of a rule with these texts."""
    declared = {"tau": bs.parameter(10.0, "ms", "time constant"), "a": bs.parameter(0.1, "weight/mV", "size")}
    declared |= {"x": bs.initial(0.0, "", "trace"), "u": bs.initial("v_post", "mV", "follows v")}
    given = {"equations": "du/dt = (v_post - u)/tau\ndx/dt = -x/tau", "on_pre": "w = w + a*u; x = x + 1"}
    return type("Mine", (bs.Plasticity,), declared | given | texts)


STEP = {"on_step": "w = w + a*u*x", "step_condition": "v_post > u"}
RATE = bs.parameter(1.0, "1/mV/ms", "rate")
MISTAKES = [
    (lambda: rule(on_step="w = w + a*u"), "Mine.step_condition: on_step needs to know for which steps"),
    (lambda: rule(step_condition="v_post > u"), "Mine.step_condition: has no effect without on_step"),
    (lambda: rule(**STEP | {"step_condition": "v_post"}), "Mine.step_condition: must be a comparison"),
    (lambda: rule(**STEP | {"step_condition": "v_post > u and x > 1"}), "Mine.step_condition: this depends on 'x': the"),
    (lambda: rule(**STEP | {"step_condition": "v_post > tau"}), "Mine.step_condition: 'v_post' is in mV, but 'tau' is"),
    (lambda: rule(**STEP | {"step_condition": "v_post > w"}), "Mine.step_condition: unknown name 'w'"),
    (lambda: rule(**STEP | {"on_step": "w = w + a*u*rand()"}), "Mine.on_step: random numbers are allowed only in"),
    (lambda: rule(on_pre="w = w + a*u*dt/tau"), "Mine.on_pre: a rule cannot read the time"),
    (lambda: rule(on_pre="w = w + a*v"), "Mine.on_pre: 'v' belongs to a cell: that of the target is v_post"),
    (lambda: rule(on_pre="w = w + a*v_pre"), "Mine.on_pre: variables of the source such as 'v' cannot be read"),
    (lambda: rule(between="w = w + a*v_post"), "Mine.between: this depends on 'v_post'"),
    (lambda: rule(bounds=("0", "a*v_post")), "Mine.bounds: this depends on 'v_post'"),
    (lambda: rule(equations="du/dt = -u*(v_post/u)/tau"), "Mine.equations: du/dt is not linear in u"),
    (lambda: rule(a=RATE, equations="du/dt = -u*v_post*a"), "Mine.equations: this depends on 'v_post': between spikes"),
    (lambda: rule(on_pre="w = w + a*u; x = x + 1; u = v_post"), "Mine.u: u reads 'v_post', but only on_post may assign u"),
    (lambda: rule(late={"x": "tau"}), "Mine.late: 'x' must be a variable that nothing assigns and that follows"),
    (lambda: rule(late={"u": "a"}), "Mine.late: a time is in ms"),
    (lambda: rule(late="u"), "Mine.late: must be a dict"),
    (lambda: rule()(tau=bs.Uniform(5.0, 10.0)), "Mine.u: u reads 'v_post', but tau differs between synapses"),
    (
        lambda: bs.ClopathSTDP(theta_plus=bs.Uniform(-45.0, -40.0)),
        "ClopathSTDP.step_condition: theta_plus differs between synapses: the condition must be the same for all",
    ),
    (lambda: bs.ClopathSTDP(theta_plus=-80.0), "ClopathSTDP: theta_minus < theta_plus must hold"),
    (lambda: bs.ClopathSTDP(homeostatic="yes"), "ClopathSTDP.homeostatic: must be False or True"),
    (lambda: connected(Threshold()), "Network.connect.plasticity: ClopathSTDP reads 'v' of its targets (v_post), and"),
    (lambda: connected(bs.FitzHughNagumo()), "Network.connect.plasticity: ClopathSTDP reads v of its targets in mV, and"),
]


class Threshold(bs.Neuron):
    """A cell without v."""

    equations = "du/dt = I/(q*tau) - u/tau"
    threshold = "u > 1"
    q: float = bs.parameter(1.0, "pA", "scale of currents")
    tau: float = bs.parameter(10.0, "ms", "time constant")
    u: float = bs.initial(0.0, "", "activation")


def connected(model):
    cells, net = bs.Population(3, model, name="cells"), bs.Network(seed=1)
    delta = bs.Exponential(tau=2.0)
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=delta, plasticity=bs.ClopathSTDP())


@pytest.mark.parametrize(("mistake", "message"), MISTAKES, ids=[message[:60] for _, message in MISTAKES])
def test_mistakes(mistake, message):
    with pytest.raises((ValueError, TypeError, EquationError)) as caught:
        mistake()
    assert str(caught.value).startswith(message)
