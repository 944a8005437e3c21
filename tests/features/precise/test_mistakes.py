"""What cannot have exact times is refused by name, before anything runs."""

import copy
import re

import pytest

import brainsim as bs
from brainsim.equations.expressions.grammar import EquationError


def with_cells(model, n=2):
    net = bs.Network(seed=1)
    net.add(bs.Population(n, model, name="cells"))
    return net


def stimulated(source):
    net = bs.Network(seed=1)
    net.stimulate(bs.Population(2, bs.LIF(), name="cells"), source, name="drive")
    return net


def connected(**options):
    cells, net = bs.Population(2, bs.LIF(), name="cells"), bs.Network(seed=1)
    options = {"weight": 0.5, "delay": 1.0, "synapse": bs.Delta(), "name": "wires"} | options
    net.connect(cells, cells, bs.AllToAll(), **options)
    return net


class OtherEvent(bs.LIF):
    dimensions = False
    events = {"low": ("v <= -70", "v = v + 1")}


class Noisy(bs.LIF):
    dimensions = False
    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m + xi"


class Curved(bs.LIF):
    dimensions = False
    threshold = "v*v <= 2500"


class AnyCondition(bs.LIF):
    dimensions = False
    refractory = "v < -60"


class Following(bs.Plasticity):
    equations = "du/dt = (v_post - u)/tau"
    on_pre = "w = w + 0.01*u"
    dimensions = False
    tau: float = bs.parameter(10.0, "ms", "time constant")
    u: float = bs.initial("v_post", "mV", "low-passed v")


class Beginning(bs.Plasticity):
    on_pre = "w = w + 0.01*u"
    on_post = "u = u + 1"
    dimensions = False
    u: float = bs.initial("v_post", "mV", "begins with v")


class Reading(bs.Plasticity):
    on_pre = "w = w + 0.01*v_post"
    dimensions = False


INPUTS = [
    (bs.PoissonInput(rate="100 + 50*sin(t/10)", weight=0.1, synapse=bs.Delta()), "drive.rate: changes from step to step"),
    (bs.NoiseInput(sigma=10.0), "drive: NoiseInput acts at the points of the grid"),
    (bs.CurrentInput("100*sin(t/10)"), "drive.amplitude: '100*sin(t/10)' changes from step to step"),
]
PROJECTIONS = [
    ({"delay": 0.09}, "wires.delay: must be at least dt = 0.1 ms (got 0.09 ms)"),
    ({"delay": bs.Uniform(0.06, 2.0)}, "wires.delay: Uniform(0.06, 2.0) can be shorter than dt = 0.1 ms"),
    ({"plasticity": bs.ClopathSTDP()}, "wires.plasticity: on_step of ClopathSTDP acts in steps of dt"),
    ({"plasticity": bs.DopamineSTDP()}, "wires.plasticity: the modulator n of DopamineSTDP changes from step to step"),
    ({"plasticity": Following()}, "wires.plasticity: u of Following follows the target from step to step"),
    ({"plasticity": Beginning()}, "wires.plasticity: u of Beginning follows the target from step to step"),
    (
        {"plasticity": Reading(), "dendritic_delay": 0.5},
        "wires.plasticity: Reading reads v_post as it was two dendritic delays before an arrival, so it cannot run with "
        "precise=True; leave dendritic_delay out",
    ),
    ({"storage": "procedural"}, "wires.storage: procedural synapses arrive at the points of the grid"),
    ({"synapse": bs.GapJunction(), "delay": None}, "wires: GapJunction acts from step to step"),
]
MODELS = [
    (Noisy, "needs equations without noise, but dv/dt has some"),
    (Curved, "needs a threshold that is linear in 'v'"),
    (AnyCondition, "needs a refractory time in ms, or the threshold itself with frozen = ()"),
    (bs.Poisson, "needs a threshold and a reset without random numbers"),
    (OtherEvent, "finds the time of a spike only, not that of other events"),
]


@pytest.mark.parametrize(("source", "message"), INPUTS)
def test_inputs(source, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bs.simulate(stimulated(source), 10.0, precise=True)


@pytest.mark.parametrize(("options", "message"), PROJECTIONS)
def test_projections(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bs.simulate(connected(**options), 10.0, precise=True)


@pytest.mark.parametrize(("model", "message"), MODELS)
def test_models(model, message):
    with pytest.raises(EquationError, match=re.escape(message)):
        bs.simulate(with_cells(model()), 10.0, precise=True)


def test_options():
    net = with_cells(bs.LIF())
    with pytest.raises(ValueError, match=re.escape("simulate.precise: needs precision='double' (got 'single')")):
        bs.simulate(net, 10.0, precise=True, precision="single")
    with pytest.raises(TypeError, match=re.escape("simulate.precise: must be True or False (got 'yes')")):
        bs.simulate(net, 10.0, precise="yes")


def test_a_distribution_of_refractory_times():
    with pytest.raises(ValueError, match=re.escape("cells.t_ref: a distribution is rounded to dt")):
        bs.simulate(with_cells(bs.LIF(t_ref=bs.Uniform(1.0, 2.0))), 10.0, precise=True)


def test_what_set_changes():
    net, current = bs.Network(seed=1), bs.CurrentInput(300.0)
    net.stimulate(bs.Population(2, bs.LIF(), name="cells"), current, name="drive")
    sim = bs.Simulation(net, seed=1, precise=True)
    with pytest.raises(ValueError, match=re.escape("drive.amplitude: '100*sin(t/10)' changes from step to step")):
        sim.set(current, amplitude="100*sin(t/10)")
    assert sim.run(100.0).spikes == bs.simulate(net, 100.0, seed=1, precise=True).spikes


def test_a_state_of_the_other_kind():
    net = connected()
    exact, gridded = (bs.simulate(net, 10.0, seed=1, precise=precise).state for precise in (True, False))
    with pytest.raises(ValueError, match=re.escape("is of another network (missing: precise=True)")):
        bs.simulate(net, 10.0, state=exact)
    with pytest.raises(ValueError, match=re.escape("is of another network (added: precise=True)")):
        bs.simulate(net, 10.0, state=gridded, precise=True)


def test_a_damaged_state_of_a_rule():
    net = connected(plasticity=bs.STDP(), name="wires")
    net.stimulate(net.populations["cells"], bs.CurrentInput(500.0))
    state = bs.simulate(net, 30.0, seed=1, precise=True).state
    for name, change in (("wires.posts.time", lambda times: times[::-1].copy()), ("wires.log.lag", lambda lags: lags[1:])):
        broken = copy.deepcopy(state)
        broken.extra[name] = change(broken.extra[name])
        with pytest.raises(ValueError, match=re.escape(f"state.extra['{name}']")):
            bs.simulate(net, 10.0, state=broken, precise=True)


def test_a_cell_that_needs_too_many_parts_of_a_step():
    cells, net = bs.Population(3, bs.HodgkinHuxley(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells[1:2], bs.CurrentInput(-1e6))
    with pytest.raises(ValueError, match=r"cell 1 of 'cells' changes so fast that a step of 0.1 ms needs more than 100,000"):
        bs.simulate(net, 100.0, seed=1, precise=True)


def test_more_hours_than_rules_can_count():
    sim = bs.Simulation(connected(plasticity=bs.STDP(), name="wires"), seed=1, precise=True)
    (kind,) = (kind for kind in sim._run.synapses.kinds if kind.called)
    kind.next_stop(3 * 10**8)
    with pytest.raises(OverflowError, match="rules of plasticity know exact times for 9 hours at most"):
        kind.next_stop(4 * 10**8)


def test_a_damaged_state():
    net = connected()
    state = bs.simulate(net, 10.0, seed=1, precise=True).state
    state.extra["lags of spikes"] = state.extra["lags of spikes"] + 1.0
    state.extra["end of refractoriness"] = state.extra["end of refractoriness"][:1]
    with pytest.raises(ValueError, match=re.escape("state.extra['end of refractoriness']")):
        bs.simulate(net, 10.0, state=state, precise=True)
