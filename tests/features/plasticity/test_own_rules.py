"""Rules in a user's own text, against formulas and the slow twin: one synapse a pair of cells."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity import learning_rules as own
from tests.helpers.plasticity.kicked import Kicked, change
from tests.helpers.plasticity.plastic_networks import differences
from tests.helpers.plasticity.plastic_twin import Synapse, rule_of

LAGS = np.array([-60.0, -20.0, -5.3, -0.1, 0.0, 0.1, 5.3, 20.0, 60.0])


def window(lags, a=0.3, b=0.7, tau_x=20.0, tau_y=33.0):
    """Return the change by one pair at each lag of post after pre."""
    return np.where(lags > 0, b * np.exp(-np.abs(lags) / tau_x), -a * np.exp(-np.abs(lags) / tau_y)) * (lags != 0)


@pytest.mark.parametrize("delays", [(1.0, 0.0), (0.1, 0.0), (0.1, 0.1), (2.0, 0.7), (1.5, "all"), (30.0, 2.0)])
def test_window_of_one_pair(delays):
    """The pair meets at the synapse: after the axonal delay and after the dendritic delay."""
    delay, dendritic = delays
    back = delay if dendritic == "all" else dendritic
    lags = np.round(LAGS + (delay - back) - back, 6)
    found = change(
        own.Pairs(), [[100.0]] * lags.size, [[100.0 + lag] for lag in lags], delay=delay, dendritic_delay=dendritic
    )
    np.testing.assert_allclose(found, window(LAGS), rtol=0, atol=1e-12)


@pytest.mark.parametrize("interval", [5.0, 20.0, 100.0])
def test_window_of_many_pairs(interval):
    """Each spike pairs with all before it."""
    n = 30
    times, k = 50.0 + interval * np.arange(n), np.arange(n)
    lags = [1.0, 4.0]
    up = [0.7 * np.sum((n - k) * np.exp(-(lag + k * interval) / 20.0)) for lag in lags]
    down = [0.3 * np.sum((n - k[1:]) * np.exp(-(k[1:] * interval - lag) / 33.0)) for lag in lags]
    found = change(own.Pairs(), [times] * 2, [times + 1.0 + lag for lag in lags])  # 1 ms is the axonal delay
    np.testing.assert_allclose(found, np.array(up) - down, rtol=1e-12)


# lags that count for pre at 0, 10, 30 and post at 5, 20, 22 ms: of post after pre, and of pre after post
BY_HAND = {
    own.Pairs: ([5, 20, 22, 10, 12], [5, 25, 10, 8]),
    own.Centred: ([5, 10], [5, 8]),
    own.Restricted: ([5, 10], [5, 8]),
}


@pytest.mark.thorough_but("[Pairs]")
@pytest.mark.parametrize("rule", BY_HAND)
def test_pairs_counted_by_hand(rule):
    up, down = (np.array(lags) for lags in BY_HAND[rule])
    expected = 0.7 * np.exp(-up / 20.0).sum() - 0.3 * np.exp(-down / 33.0).sum()
    found = change(rule(), [np.array([0.0, 10.0, 30.0]) + 9], [np.array([5.0, 20.0, 22.0]) + 10])
    assert abs(found[0] - expected) < 1e-12


UP, DOWN = 0.7 * np.exp(-0.5), 0.3 * np.exp(-10.0 / 33.0)
# when spikes are at the synapse, and the change
AT_ONE_TIME = [
    ([10], [10], 0.0),
    # both pair with what was before, and later ones with both
    ([10, 20], [20], UP),
    ([20], [10, 20], -DOWN),
    ([10, 20], [10, 20], UP - DOWN),
    # of one cell
    ([10, 10], [20], 2 * UP),
    ([20, 20], [10], -2 * DOWN),
    ([10, 10], [10], 0.0),
    ([10, 20, 20], [20], UP),
]


@pytest.mark.parametrize("dendritic", [0.0, 0.5, "all"])
@pytest.mark.parametrize("case", range(len(AT_ONE_TIME)))
def test_spikes_at_one_time(case, dendritic):
    pre, post, expected = AT_ONE_TIME[case]
    back = 1.0 if dendritic == "all" else dendritic
    pre, post = [np.array(pre) - 1.0 + back], [np.array(post) - back]
    found = change(own.Pairs(), pre, post, dendritic_delay=dendritic)
    assert abs(found[0] - expected) < 1e-14


class Fading(bs.Plasticity):
    """Nothing happens at spikes."""

    between = "w = w*exp(-elapsed/tau)"
    bounds = ("low", "")
    tau: float = bs.parameter(50.0, "ms", "time constant", above=0.0)
    low: float = bs.parameter(0.3, "weight", "lower bound")


def test_a_rule_of_what_happens_between_spikes_alone():
    pairs = Kicked(Fading(), [[10.0, 20.0], []], [[15.0], []], model=IMMOVABLE)
    assert pairs.run_to(40.0) == pytest.approx([np.exp(-40.0 / 50.0)] * 2)
    assert pairs.run_to(80.0).tolist() == [0.3, 0.3]


# far from its threshold, and moved by nothing but kicks
IMMOVABLE = bs.LIF(t_ref=0.0, v_th=100.0, c_m=1e9)


class Still(bs.Neuron):
    """A cell whose potential is the sum of what has arrived."""

    equations = "dv/dt = 0*I/c_m"
    c_m: float = bs.parameter(1.0, "pF", "capacitance")
    v: float = bs.initial(0.0, "mV", "potential")


@pytest.mark.parametrize("rule", [own.Rich, own.Depressing, own.Silent])
@pytest.mark.parametrize("delays", [(1.0, 0.0), (2.5, 1.0)])
def test_what_arrives(rule, delays):
    """The sum of all that has been delivered at each step; the target never fires, but its trace starts above 0."""
    rng, dt = np.random.default_rng(4), 0.5
    times = np.sort(rng.choice(np.arange(2, 180), 60, replace=False)) * dt
    source, target = bs.Population(1, bs.SpikeTrains({0: times}), name="source"), bs.Population(1, Still(), name="target")
    net = bs.Network(seed=1)
    net.connect(
        source,
        target,
        bs.OneToOne(),
        weight=0.75,
        delay=delays[0],
        dendritic_delay=delays[1],
        synapse=bs.Delta(),
        plasticity=rule(),
    )
    v = bs.simulate(net, 100.0, dt=dt, seed=1, record=bs.Trace(target, "v")).traces["target", "v"].values[:, 0]
    back = round(delays[1] / dt)
    twin = Synapse(rule_of(rule()), 0.75, dt=dt, axonal=round(delays[0] / dt) - back, dendritic=back)
    twin.run(np.rint(times / dt).astype(int), [], 10_000)
    expected = np.zeros(201)
    for step, amplitude in twin.delivered:
        expected[step:] += amplitude
    np.testing.assert_allclose(v, expected, rtol=1e-12, atol=1e-12)


def test_a_silent_source_and_a_silent_target_for_long():
    """Longer than the tables of exponentials and than the time between two sweeps."""
    pre, post = [[5.0, 50_000.0, 50_010.0], [70_000.0]], [[15.0, 49_990.0, 50_005.0], [10.0, 69_990.0]]
    pairs = Kicked(own.Rich(tau=5000.0, tau_z=9000.0), pre, post, dt=1.0, model=IMMOVABLE)
    pairs.run_to(70_100.0)
    assert pairs.fired_as_told()
    assert max(differences(pairs.loop, pairs.sim.result(), pairs.before, pairs.table()).values()) < 1e-12


NAMES = (
    "low high time last k spike end now cell row then bound number target base bad start stop entry soma elapsed before "
    "depth shift length arrived cut learning state step rule segment dendritic axonal targets scalars reference stack "
    "latest older ones more mores candidates hit again source x y z c rate spikes index post progress width here there back"
)


def named(names):
    """Return a rule with a trace of the source, one of the target, a variable and a parameter of each four names."""
    parts = [names[k::4] for k in range(4)]
    lines, on_pre, on_post, given = [], [], [], {}
    for a, b, c, p in zip(*parts, strict=True):
        lines += [f"d{a}/dt = -{a}/tau", f"d{b}/dt = -{b}/tau", f"d{c}/dt = ({p} - {c})/tau"]
        on_pre += [f"w = w + 0.01*({c} - {b})", f"{a} = {a} + {p}", f"{c} = {c} + 0.1*{a}"]
        on_post += [f"w = w + {p}*{a}", f"{b} = {b} + 1", f"{c} = 0.5*{c} + 0.2*{b}"]
        given |= {p: bs.parameter(0.1, "", "number")} | {one: bs.initial(0.2, "", "variable") for one in (a, b, c)}
    texts = {"equations": "\n".join(lines), "on_pre": "; ".join(on_pre), "on_post": "; ".join(on_post)}
    last = parts[3][-1]
    given |= {"amplitude": f"w*{last}", "bounds": (f"-9*{last}", f"90*{last}"), "dimensions": False}
    return type("Named", (bs.Plasticity,), texts | given | {"tau": bs.parameter(20.0, "ms", "time constant")})()


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("turn", range(4))
def test_names_of_the_generated_code(turn):
    """Whatever names a rule has, it computes the same."""
    names = NAMES.split()
    names = [*names[turn:], *names[:turn]][: len(names) // 4 * 4]

    def found(names):
        pairs = Kicked(named(names), [[10.0, 30.0, 31.0]], [[5.0, 20.0, 25.0]], model=IMMOVABLE)
        pairs.run_to(50.0)
        table = pairs.table()
        return [table.weight, *(table.columns[name] for name in names[2::4])]

    assert np.array_equal(found(names), found([f"n{k}" for k in range(len(names))]))
