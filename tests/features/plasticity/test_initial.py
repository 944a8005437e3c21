"""Initial values of the variables of a rule, given to `connect`: numbers, distributions, arrays."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions.grammar import EquationError
from tests.features.plasticity.test_networks import check, network
from tests.helpers.plasticity import learning_rules as own

DELTA = bs.Delta()


def begun(rule, initial, **options):
    """Return a network of `test_networks` whose loop begins with other values, and the loop."""
    net, loop = network(rule, **options)
    new = bs.Network(seed=net.seed)
    given = {name: getattr(loop, name) for name in ("weight", "delay", "synapse", "plasticity", "dendritic_delay", "name")}
    loop = new.connect(loop.pre, loop.post, loop.rule, **given, initial=initial)
    new.stimulate(net.inputs[0].target, net.inputs[0].input, name="drive")
    return new, loop


@pytest.mark.thorough
def test_an_array_for_listed_pairs():
    rng, pairs = np.random.default_rng(2), 120
    ends, start = rng.permutation(27 * 7)[:pairs], rng.uniform(0.1, 1.0, pairs)
    net, loop = begun(own.Rich(), {"z": start}, wiring=bs.FromArrays(ends // 7, ends % 7), delay=2.0, weight=0.9)
    _, before = check(net, loop, (100.0,))
    expected = dict(zip(ends.tolist(), start, strict=True))
    wanted = [expected[7 * i + j] for i, j in zip(before.pre, before.post, strict=True)]
    np.testing.assert_allclose(before.columns["z"], wanted, rtol=1e-15)


def test_short_term_plasticity_that_begins_depressed():
    cells, net = bs.Population(2, bs.SpikeTrains([[10.0], [10.0]]), name="cells"), bs.Network(seed=1)
    target = bs.Population(2, bs.LIF(tau_m=1e9, v_th=1e9, v_rest=0.0, v_reset=0.0), name="targets", initial={"v": 0.0})
    rule = bs.TsodyksMarkram(U=0.5, tau_rec=1e9)
    net.connect(
        cells, target, bs.FromArrays([0, 1], [0, 1]), weight=1.0, delay=1.0, synapse=DELTA, plasticity=rule,
        initial={"x": [0.4, 0.8]},
    )  # fmt: skip
    np.testing.assert_allclose(bs.simulate(net, 20.0, seed=1).state.variables["targets"]["v"], [0.2, 0.4], rtol=1e-6)


@pytest.mark.thorough
def test_rewiring_samples_those_of_new_synapses():
    net, loop = begun(own.Rich(), {"c": bs.Uniform(0.5, 1.0)})
    sim = bs.Simulation(net, dt=0.5, seed=5, progress=False)
    sim.run(0.5)
    before = sim.synapses(loop)
    sim.rewire(loop, remove=[0, 1], pre=[3, 4, 5], post=[1, 2, 3])
    loop = sim.network.projections[0]
    after = sim.synapses(loop)
    assert len(after) == len(before) + 1
    new = np.flatnonzero(~np.isin(after.columns["c"], before.columns["c"]))
    assert new.size == 3
    assert np.all((after.columns["c"][new] > 0.5) & (after.columns["c"][new] < 1.0))
    sim.run(10.0)


def test_what_it_belongs_to():
    rule = own.Rich()
    other = rule.starting({"z": 0.3}, "label")
    assert rule != other
    assert other == rule.starting({"z": 0.3}, "label") and hash(other) == hash(rule.starting({"z": 0.3}, "label"))  # noqa: PT018
    assert other.initial == {"z": 0.3}
    _, loop = begun(rule, {"z": 0.3})
    assert "initial={'z': 0.3}" in repr(loop)
    states = [bs.Simulation(begun(rule, {"z": z})[0], dt=0.5, seed=1) for z in (0.3, 0.4)]
    states[0].run(1.0)
    with pytest.raises(ValueError, match="projection 'loop'"):
        bs.Simulation(begun(rule, {"z": 0.4})[0], dt=0.5, state=states[0].result().state)


MISTAKES = [
    (own.Rich, {"zz": 1.0}, "Network.connect.initial: Rich has no variable 'zz'"),
    (own.Rich, {"w": 1.0}, "Network.connect.initial: the weight w begins with connect(..., weight=1.0)"),
    (own.Rich, [1.0], "Network.connect.initial: must be a dict such as"),
    (own.Rich, {"z": "tau"}, "Network.connect.initial['z']: "),
    (own.Rich, {"z": np.nan}, "Network.connect.initial['z']: "),
    (own.Rich, {"z": []}, "Network.connect.initial['z']: must be one number, a distribution, or an array with a value for"),
    (own.Rich, {"z": [1.0, 2.0]}, "Network.connect.initial['z']: must be one number or a distribution, as"),
    (bs.DopamineSTDP, {"n": bs.Uniform(0, 1)}, "Network.connect.initial['n']: must be one number, since all synapses share"),
    (bs.ClopathSTDP, {"u_plus": bs.Uniform(-70, -60)}, "ClopathSTDP.u_plus: u_plus reads 'v_post', but its initial value"),
    (lambda: None, {"z": 1.0}, "Network.connect.initial: applies to variables of a rule of plasticity"),
]


@pytest.mark.parametrize(("rule", "initial", "message"), MISTAKES, ids=[message[:60] for *_, message in MISTAKES])
def test_mistakes(rule, initial, message):
    cells, net = bs.Population(3, bs.ClopathAdEx(), name="cells"), bs.Network(seed=1)
    with pytest.raises((ValueError, TypeError, EquationError)) as caught:
        net.connect(
            cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=DELTA, plasticity=rule(), initial=initial
        )  # fmt: skip
    assert str(caught.value).startswith(message)
