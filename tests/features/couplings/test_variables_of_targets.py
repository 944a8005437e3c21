"""What a pair adds may depend on any variable of its target."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.testing import reference
from brainsim.testing.verification.random_runs import compare


class Oscillator(bs.Neuron):
    """A phase, and how easily it is moved."""

    equations = "dtheta/dt = omega + I/c; ease_now = ease; dease/dt = (1 - ease)/tau"
    dimensions = False
    omega: float = bs.parameter(0.2, "1/ms", "speed")
    c: float = bs.parameter(1.0, "pA", "what one unit moves")
    tau: float = bs.parameter(20.0, "ms", "time constant of the ease")
    theta: float = bs.initial(bs.Uniform(0.0, 6.0), "", "phase")
    ease: float = bs.initial(0.25, "", "how easily it is moved")


class Pulled(bs.Coupling):
    """The sine of the difference of phases, as the target lets it."""

    source = "theta"
    pair = "w*ease*sin(x - theta)"
    current = "total"
    dimensions = False


def network(order=2, n=12, cells=None, **options):
    cells = bs.Population(n, Oscillator(), name="cells") if cells is None else cells
    net = bs.Network(seed=2)
    net.connect(cells, cells, bs.AllToAll(autapses=False), weight=0.004, synapse=Pulled(order=order), **options)
    return net


def test_phases_move_as_their_equations_say():
    start = np.random.default_rng(1).uniform(0.0, 6.0, 12)
    theta, h, found = start, 0.02, []

    def slope(theta, time):
        ease = 1.0 - 0.75 * np.exp(-time / 20.0)
        return 0.2 + 0.004 * ease * np.sin(theta[None, :] - theta[:, None]).sum(axis=1)

    for k in range(3000):  # by the midpoint rule
        theta = theta + h * slope(theta + 0.5 * h * slope(theta, h * k), h * (k + 0.5))
    for dt in (0.1, 0.05):  # a pair reads its target at the beginning of the step, which is of first order
        cells = bs.Population(12, Oscillator(), name="cells", initial={"theta": start})
        state = bs.simulate(network(cells=cells), 60.0, dt=dt, seed=1).state.variables["cells"]["theta"]
        found.append(np.abs(state - theta).max())
    assert found[0] < 0.03
    assert 1.8 < found[0] / found[1] < 2.2
    together = np.abs(np.exp(1j * theta).mean()), np.abs(np.exp(1j * start).mean())
    assert together[0] > together[1] + 0.15


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("delay", [None, 0.4])
def test_the_reference_says_the_same(order, delay):
    net = network(order, **({} if delay is None else {"delay": delay}))
    result = bs.simulate(net, 20.0, seed=1)
    assert compare(reference.run(net, 200, 0.1, 1), result, 0.1, 1e-9).failures == []


@pytest.mark.usefixtures("more_partitions")
def test_any_number_of_threads_gives_the_same_bits():
    one, two = (bs.simulate(network(n=300), 3.0, seed=1, threads=k).state.variables["cells"]["theta"] for k in (1, 2))
    assert np.array_equal(one, two)


def test_a_variable_that_the_target_does_not_have_is_named_with_those_that_it_has():
    cells, others = bs.Population(2, Oscillator(), name="cells"), bs.Population(2, bs.LI(), name="others")
    message = r"onto 'others'.pair: 'ease' is not a variable of the target; available: v; what the source gives is x"
    with pytest.raises(bs.EquationError, match=message):
        bs.Network(seed=1).connect(cells, others, bs.AllToAll(), weight=1.0, synapse=Pulled())


def test_units_of_the_variable_are_checked_where_it_is_known():
    class Wrong(bs.Coupling):
        source, source_unit, weight_unit = "v", "mV", "nS"
        pair, current = "w*(x - r)", "total"

    units = bs.Population(2, bs.RateUnit(), name="units")
    cells = bs.Population(2, bs.LI(), name="cells")
    with pytest.raises(bs.EquationError, match=r"units.*'x' is in mV, but 'r' is in"):
        bs.Network(seed=1).connect(cells, units, bs.AllToAll(), weight=1.0, synapse=Wrong())


class Sat(bs.Coupling):
    """A gate that opens by a share of its own in each source."""

    gate = "ds/dt = -s/tau"
    spike = "s = s + jump*(1 - s)"
    source = "s"
    current = "scale*total"
    weight_unit = "pA"
    tau: float = bs.parameter(20.0, "ms", "decay time", above=0.0)
    jump: bs.values.Value = bs.parameter(0.5, "", "share that a spike opens", at_least=0.0)
    scale: bs.values.Value = bs.parameter(1.0, "", "what the target makes of it", at_least=0.0)


def gated(n=4, targets=3, **parameters):
    sources = bs.Population(n, bs.LIF(), name="sources", initial={"v": [-49.0] * n})
    cells = bs.Population(targets, bs.LI(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(sources, bs.CurrentInput(600.0))
    net.connect(sources, cells, bs.AllToAll(), weight=30.0, delay=0.5, synapse=Sat(**parameters))
    return net


@pytest.mark.parametrize("jump", [[0.1, 0.2, 0.4, 0.8], bs.Uniform(0.1, 0.9)])
def test_a_gate_may_have_a_parameter_for_each_source(jump):
    net = gated(jump=jump, scale=[1.0, 2.0, 0.0])
    result = bs.simulate(net, 30.0, seed=2)
    assert compare(reference.run(net, 300, 0.1, 2), result, 0.1, 1e-9).failures == []
    state = result.state.variables
    assert np.unique(state["sources"]["sat.s"]).size == 4
    if isinstance(jump, list):
        assert np.all(np.diff(state["sources"]["sat.s"]) > 0.0)
    first, second, third = state["cells"]["v"]
    assert second > first > third


def test_arrays_of_a_gate_have_the_length_of_their_side():
    with pytest.raises(ValueError, match="Sat.jump: 'sources' has 4 cells, but the array has 3 values"):
        gated(jump=[0.1, 0.2, 0.3])
    with pytest.raises(TypeError, match="Both.tau: must be one number.*only the gate reads may have one for each source"):
        type("Both", (Sat,), {"equations": "da/dt = (total - a)/tau", "current": "a"})(tau=[1.0, 2.0, 3.0, 4.0])
