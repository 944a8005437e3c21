"""Synapses that are added and removed between two pieces: what stays the same to the bit, and what continues."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses import readback
from brainsim.features.growing.listing import list_synapses
from tests.features.plasticity.test_recorded_weights import RULES, bits
from tests.helpers.mistaken import connect

pytestmark = pytest.mark.usefixtures("more_partitions")


def network(rule=None, synapse=None, weight=None, delay=None, dendritic=None, pairs=None):
    """Return a network with a static projection, a plastic one, and the one that is rewired, and the last one."""
    net = bs.Network(seed=3)
    cells, other = bs.Population(40, bs.LIF(), name="cells"), bs.Population(30, bs.LIF(), name="other")
    for population in (cells, other):
        net.stimulate(population, bs.PoissonInput(rate=20_000.0, weight=0.15, synapse=bs.Delta()))
    net.connect(other, cells, bs.FixedIndegree(6), weight=bs.Uniform(0.1, 0.3), delay=1.5, synapse=bs.Delta())
    stdp = bs.STDP(a_plus=0.05, a_minus=0.06, w_max=1.0)
    net.connect(other, other, bs.FixedIndegree(6), weight=0.3, delay=1.0, synapse=bs.Delta(), plasticity=stdp, name="stdp")
    wires = net.connect(
        cells[:30],
        cells,
        pairs or bs.FixedTotal(300),
        weight=bs.Uniform(0.1, 0.5) if weight is None else weight,
        delay=bs.Uniform(1.0, 3.0) if delay is None else delay,
        synapse=synapse or bs.Delta(),
        plasticity=rule,
        dendritic_delay=dendritic,
        name="wires",
    )
    return net, wires


def same(a, b, lists=True):
    """Return whether two results have the same spikes and states; `lists`: and what synapses have yet to see."""
    x, y = bits(a), bits(b)
    if not lists:
        del x["extra"], y["extra"]
    return x == y and a.spikes["other"] == b.spikes["other"]


def equal(a, b):
    """Return whether two tables hold the same synapses with the same values."""
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("pre", "post", "weight", "delay")) and all(
        np.array_equal(a.columns[name], b.columns[name]) for name in a.columns
    )


@pytest.mark.thorough_but("additive")
@pytest.mark.parametrize("rule", [None, "additive", "short"])
def test_nothing_changes_if_nothing_is_changed(rule):
    """All moves: the cells, the spikes under way, what synapses remember."""
    net, wires = network(RULES.get(rule), dendritic=None if rule is None else 0.5)
    plain = bs.Simulation(net, seed=5, threads=1)
    plain.run(30.0)
    sim = bs.Simulation(net, seed=5, threads=3)
    sim.run(20.0)
    before = sim.synapses(wires)
    sim.rewire(wires)
    assert equal(sim.synapses(wires), before)
    sim.run(10.0)
    sim.rewire("wires")
    assert same(sim.run(40.0), plain.run(40.0), lists=False)
    assert equal(sim.synapses(wires), plain.synapses(wires))
    assert len(sim.result().spikes["cells"]) == len(plain.result().spikes["cells"])


@pytest.mark.thorough_but("[None]", "[additive]")
@pytest.mark.parametrize("rule", [None, "additive", "held", "differing", "short", "reward"])
def test_what_is_kept_and_what_is_new(rule):
    net, wires = network(RULES.get(rule))
    sim = bs.Simulation(net, seed=5, threads=2)
    sim.run(25.0)
    before = sim.synapses(wires)
    remove = np.arange(0, 300, 3)
    sim.rewire(wires, remove=remove, pre=[0, 0, 29], post=[1, 1, 39], weight=[0.2, 0.25, 0.3], delay=[1.0, 2.0, 4.0])
    after = sim.synapses(wires)
    assert len(after) == 203
    assert sim.n_synapses == 203 + 40 * 6 + 30 * 6
    kept = np.setdiff1d(np.arange(300), remove)
    rows = {(*key,): k for k, key in enumerate(zip(after.pre, after.post, after.delay.round(3), strict=True))}
    keys = list(zip(before.pre[kept], before.post[kept], before.delay[kept].round(3), strict=True))
    unique = [
        k for k, key in enumerate(keys) if keys.count(key) == 1 and key not in [(0, 1, 1.0), (0, 1, 2.0), (29, 39, 4.0)]
    ]
    found = [rows[keys[k]] for k in unique]
    np.testing.assert_array_equal(after.weight[found], before.weight[kept][unique])
    for name in before.columns:
        np.testing.assert_allclose(after.columns[name][found], before.columns[name][kept][unique], rtol=0.01)
    new = [rows[key] for key in [(0, 1, 1.0), (0, 1, 2.0), (29, 39, 4.0)]]
    np.testing.assert_allclose(after.weight[new], [0.2, 0.25, 0.3], rtol=1e-7)
    if rule in ("additive", "held"):
        np.testing.assert_array_equal(after.weight[new], [0.2, 0.25, 0.3])
    sim.run(25.0)
    assert sim.time == 50.0


@pytest.mark.parametrize("rule", [None, "additive"])
def test_a_projection_without_effect_changes_no_bit_of_the_others(rule):
    net, wires = network(RULES.get(rule), weight=0.0)
    plain = bs.simulate(net, 60.0, seed=5)
    sim = bs.Simulation(net, seed=5, threads=2)
    sim.set(wires, learning=False) if rule else None
    sim.run(20.0)
    sim.rewire(wires, remove=np.arange(250), pre=[3, 4], post=[5, 6])
    last = sim.run(40.0)
    if rule is None:
        assert last.state.variables["cells"]["v"].tobytes() == plain.state.variables["cells"]["v"].tobytes()
    assert last.spikes["other"].times[-1] == plain.spikes["other"].times[-1]
    name = "stdp.w"
    assert last.state.extra[name].tobytes() == plain.state.extra[name].tobytes()


def test_a_reset_takes_back_the_synapses_of_the_beginning():
    net, wires = network()
    sim = bs.Simulation(net, seed=5, threads=2)
    first, before = sim.run(15.0), sim.synapses(wires)
    sim.rewire(wires, remove=np.arange(200))
    sim.run(5.0)
    assert not equal(sim.synapses(wires), before)
    sim.reset()
    assert equal(sim.synapses(wires), before)
    assert same(sim.run(15.0), first)


def test_new_synapses_act():
    net, wires = network(weight=0.0, pairs=bs.FromArrays([], []))
    sim = bs.Simulation(net, seed=5)
    assert len(sim.synapses(wires)) == 0
    quiet = sim.run(100.0).spikes["cells"].rate()
    sim.rewire(wires, pre=np.repeat(np.arange(30), 40), post=np.tile(np.arange(40), 30), weight=0.3, delay=1.0)
    assert sim.run(100.0).spikes["cells"].rate() > 1.3 * quiet
    sim.rewire(wires, remove=np.ones(1200, bool))
    sim.run(50.0)
    assert sim.run(300.0).spikes["cells"].rate() < 1.2 * quiet


def test_a_new_synapse_learns_from_now_on():
    """It has seen no spike before it came: only the traces of its cells are older."""
    net = bs.Network(seed=1)
    pre = bs.Population(1, bs.SpikeTrains([5.0, 40.0, 80.0], [0, 0, 0]), name="pre")
    post = bs.Population(1, bs.LIF(), name="post")
    wires = net.connect(
        pre, post, bs.FromArrays([], []), weight=0.5, delay=1.0, synapse=bs.Delta(), plasticity=bs.STDP(w_max=1.0)
    )
    net.stimulate(post, bs.CurrentInput([400.0, 0.0], times=[0.0, 60.0]))
    sim = bs.Simulation(net, seed=1)
    sim.run(50.0)
    sim.rewire(wires, pre=[0], post=[0])
    later = sim.run(50.0).spikes["post"].times
    assert later.size == 1
    rule, (t,) = bs.STDP(w_max=1.0), later
    # what came before 50 ms has no effect but through the traces; the synapse sees the target before the source at 81 ms
    before = sim.result().spikes["post"].times
    x = sum(np.exp(-(t - s - 1.0) / rule.tau_plus) for s in (5.0, 40.0))
    y = sum(np.exp(-(81.0 - s) / rule.tau_minus) for s in before)
    expected = 0.5 + rule.a_plus * x - rule.a_minus * y
    np.testing.assert_allclose(sim.synapses(wires).weight, expected, rtol=1e-12)


@pytest.mark.parametrize("rule", [None, "additive"])
@pytest.mark.parametrize("dendritic", [None, "all"])
def test_a_delay_that_is_longer_than_all_before(rule, dendritic):
    """Spikes sent within the longest delay so far arrive; a rule has forgotten those that its synapses will not ask for."""
    net = bs.Network(seed=1)
    pre = bs.Population(2, bs.SpikeTrains([2.0, 5.5, 6.0, 9.5], [0, 0, 0, 0]), name="pre")
    post = bs.Population(1, bs.LI(tau_m=1e9), name="post")
    common = {"weight": 0.5, "synapse": bs.Delta(), "plasticity": RULES.get(rule)}
    common |= {} if rule is None else {"dendritic_delay": dendritic}
    wires = net.connect(pre, post, bs.FromArrays([1], [0]), delay=1.0, **common)
    net.connect(pre, post, bs.FromArrays([1], [0]), weight=0.5, delay=5.0, synapse=bs.Delta())
    for threads in (1, 2):
        sim = bs.Simulation(net, seed=1, threads=threads, record=bs.Trace(post, "v"))
        sim.run(10.0)
        sim.rewire(wires, pre=[0], post=[0], delay=20.0)
        trace = sim.run(30.0).traces[post, "v"]
        arrived = trace.times[1:][np.diff(trace.values[:, 0]) > 0.1]
        np.testing.assert_allclose(arrived, [25.5, 26.0, 29.5] if rule is None else [26.0, 29.5], atol=1e-9)


@pytest.mark.thorough_only("[continue_with]")
@pytest.mark.parametrize("change", ["rewire", "continue_with"])
def test_which_exact_spikes_come_over_a_longer_delay_does_not_depend_on_dt(change):
    """A spike of 8.418 ms was sent longer ago than 1.5 ms, though its step of 0.1 ms ends within them."""
    for dt in (0.1, 0.05, 0.02):
        net = bs.Network(seed=1)
        pre = bs.Population(2, bs.SpikeTrains([8.418, 8.51, 8.75], [0, 0, 0]), name="pre")
        post = bs.Population(1, bs.LI(tau_m=1e9), name="post")
        wires = net.connect(pre, post, bs.FromArrays([1], [0]), weight=0.5, delay=1.5, synapse=bs.Delta())
        record = bs.Trace(post, "v")
        sim = bs.Simulation(net, seed=1, dt=dt, precise=True, record=record)
        sim.run(10.0)
        if change == "rewire":
            sim.rewire(wires, pre=[0], post=[0], delay=3.0)
        else:
            net.connect(pre, post, bs.FromArrays([0], [0]), weight=0.5, delay=3.0, synapse=bs.Delta(), name="new")
            sim = sim.continue_with(net, record=record)
        trace = sim.run(3.0).traces[post, "v"]
        arrived = trace.times[1:][np.diff(trace.values[:, 0]) > 0.1]
        np.testing.assert_allclose(arrived, np.ceil(np.array([11.51, 11.75]) / dt - 1e-6) * dt, atol=1e-9)


@pytest.mark.thorough_but("additive-arrivals1-True")
@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize(("rule", "arrivals"), [(None, [11.6, 11.8]), ("additive", [13.4])])
def test_what_was_sent_before_comes_over_new_projections_that_do_not_learn(precise, rule, arrivals):
    net = bs.Network(seed=1)
    pre = bs.Population(1, bs.SpikeTrains([[8.4, 8.6, 8.8]]), name="pre")
    other, post = bs.Population(1, bs.SpikeTrains([[10.4]]), name="other"), bs.Population(1, bs.LI(tau_m=1e9), name="post")
    net.connect(pre, post, bs.AllToAll(), weight=0.0, delay=1.5, synapse=bs.Delta())
    sim = bs.Simulation(net, seed=1, precise=precise)
    sim.run(10.0)
    for source in (pre, other) if rule else (pre,):
        net.connect(source, post, bs.AllToAll(), weight=0.5, delay=3.0, synapse=bs.Delta(), plasticity=RULES.get(rule))
    sim = sim.continue_with(net, record=bs.Trace(post, "v"))
    trace = sim.run(4.0).traces[post, "v"]
    np.testing.assert_allclose(trace.times[1:][np.diff(trace.values[:, 0]) > 0.1], arrivals, atol=0.11)


def test_recording_follows_the_synapses():
    net, wires = network(RULES["additive"])
    sim = bs.Simulation(net, seed=5, record=bs.WeightTrace(wires, synapses=[0, 1, 2, 299], every=10.0, bins=3))
    table = sim.synapses(wires)
    sim.run(10.0)
    sim.rewire(wires, remove=[1], pre=[29, 29], post=[39, 39])
    sim.run(10.0)
    sim.rewire(wires, remove=[0])
    last = sim.run(10.0).weights[wires]
    whole = sim.result().weights[wires]
    np.testing.assert_array_equal(np.isnan(whole.values), [[0, 0, 0, 0]] * 2 + [[0, 1, 0, 0]] + [[1, 1, 0, 0]])
    np.testing.assert_array_equal(whole.counts.sum(axis=1), [300, 300, 301, 300])
    np.testing.assert_array_equal(whole.post, table.post[[0, 1, 2, 299]])
    now = sim.synapses(wires)
    (place,) = np.flatnonzero((now.pre == table.pre[2]) & (now.post == table.post[2]) & (now.delay == table.delay[2]))
    assert last.values[0, 2] == now.weight[place]


def test_pairs_are_counted_as_far_as_weights_are_exact():
    """Weights, which are float32, count the pairs of a list, and the next ones are counted anew."""
    numbers = np.arange(readback.EXACT - 3, readback.EXACT + 1)
    np.testing.assert_array_equal(numbers.astype(np.float32).astype(np.int64), numbers)


@pytest.mark.thorough_only("[False-True]")
@pytest.mark.parametrize("precise", [False, True])
@pytest.mark.parametrize("sampled", [False, True])
def test_lists_belong_to_their_synapses_where_pairs_repeat(precise, sampled, monkeypatch):
    """Delays of a pair may lie in one step, and exact times tell them apart."""
    monkeypatch.setattr(readback, "EXACT", 16)
    rng, net = np.random.default_rng(3), bs.Network(seed=1)
    cells = bs.Population(3, bs.LIF(), name="cells")
    pairs, begin = bs.FromArrays(*rng.integers(0, 3, (2, 50))), rng.permutation(50) / 64 + 0.125
    times = bs.Uniform(1.0, 1.4) if sampled else rng.uniform(1.0, 1.4, 50).round(3 if precise else 1)
    given = {"delay": times, "synapse": bs.Delta(), "plasticity": bs.TsodyksMarkram()}
    net.connect(cells, cells, pairs, weight=begin, initial={"x": begin}, name="begun", **given)
    net.connect(cells, cells, pairs, weight=begin, name="wires", **given)
    sim = bs.Simulation(net, seed=1, precise=precise, threads=2)
    for gone in ((), (3, 20), (0,)):
        sim.rewire("begun", remove=gone)
        table = sim.synapses("begun")
        np.testing.assert_array_equal(table.columns["x"], table.weight)
    before, new = sim.synapses("wires"), 1.0 + (0.021 * np.arange(20) if precise else 0.1 * np.arange(4))
    sim.rewire("wires", pre=np.ones(new.size, int), post=np.ones(new.size, int), weight=2.0 + new, delay=new)
    after = sim.synapses("wires")
    rows = [np.transpose([table.pre, table.post, table.delay.round(4), table.weight]).tolist() for table in (before, after)]
    added = [[1, 1, round(d, 4 if precise else 1), float(np.float32(2.0 + d))] for d in new]
    assert sorted(rows[1]) == sorted(rows[0] + added)


class TestMistakes:
    def test_of_the_request(self):
        net, wires = network(RULES["additive"])
        sim = bs.Simulation(net, seed=5)
        for arguments, message in [
            ({"remove": [300]}, "rewire.remove: must be below the number of synapses, 300 .got 300"),
            ({"remove": [-1]}, "rewire.remove: must be whole numbers >= 0"),
            ({"remove": np.ones(3, bool)}, "a mask must have an element for each synapse, 300"),
            ({"pre": [0]}, "rewire.post: must be as long as pre, 1 .got 0"),
            ({"pre": [30], "post": [0]}, "FromArrays.pre: 30 is beyond"),
            ({"pre": [0], "post": [0], "weight": 1.5}, "w must be at most 1, by the bounds of the rule .got 1.5"),
            ({"pre": [0], "post": [0], "weight": [0.1, 0.2]}, "one for each synapse that is added, 1 .got 2"),
            ({"pre": [0], "post": [0], "delay": 0.0}, "wires.delay: must be at least dt = 0.1 ms"),
        ]:
            with pytest.raises(ValueError, match=message):
                sim.rewire(wires, **arguments)
        assert len(sim.synapses(wires)) == 300
        with pytest.raises(TypeError, match=r"rewire.pre: must be the index of a cell for .* .got View"):
            sim.rewire(wires, pre=wires.pre, post=wires.post)
        for name in ("remove", "pre", "post"):
            with pytest.raises(TypeError, match=rf"rewire.{name}: must be an array of .* \(got \[\[1, 2\], \[3\]\]\)"):
                sim.rewire(wires, **({"pre": [0], "post": [0]} | {name: [[1, 2], [3]]}))
        with pytest.raises(bs.MissingName, match="Simulation.rewire: no projection 'wire'"):
            sim.rewire("wire")

    @pytest.mark.thorough
    def test_of_a_rule_with_a_list(self):
        net, wires = network(bs.STDP(w_max=[1.0, 0.9]), pairs=bs.FromArrays([1, 2], [2, 3]))
        sim = bs.Simulation(net, seed=5)
        for new in ([2], [1, 2]):
            with pytest.raises(ValueError, match=r"rewire: w_max of STDP.* is a list, so it has no value for synapses"):
                sim.rewire(wires, pre=new, post=new)

    def test_of_the_projection(self):
        cells = bs.Population(10, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        arguments = {"delay": 1.0, "synapse": bs.Delta()}
        again = net.connect(cells, cells, bs.FixedTotal(9), weight=0.1, storage="procedural", name="again", **arguments)
        listed = net.connect(cells, cells, bs.FromArrays([1], [2]), weight=[0.1], name="listed", **arguments)
        sim = bs.Simulation(net, seed=1)
        with pytest.raises(ValueError, match="'again' is procedural"):
            sim.rewire(again)
        for new in ([2], [1, 2]):
            with pytest.raises(ValueError, match="rewire.weight: missing; 'listed' has a list .* give one number"):
                sim.rewire(listed, pre=new, post=new)
        sim.rewire(listed, remove=[0])
        state = sim.run(1.0).state
        with pytest.raises(ValueError, match="is of another network"):
            bs.Simulation(net, state=state)


@pytest.mark.parametrize("sign", [1, -1])
def test_listed_weights_may_be_beyond_a_bound_by_rounding(sign):
    """As those of a simulation in single precision, whose synapses are listed when it is rewired."""
    wires = connect(weight=0.05 * sign, plasticity=bs.STDP(w_max=0.1, sign=sign))
    weight = float(np.float32(0.1)) * sign
    assert abs(weight) > 0.1
    listed = {"pre": [0, 0], "post": [1, 2], "weight": [weight, 0.0], "delay": 1.0}
    assert list_synapses(wires, listed, {}).weight.tolist() == [weight, 0.0]
    for beyond in (0.100001, -1e-9):
        with pytest.raises(ValueError, match=r"weight: must be [<>]= (w_max = 0.1|-w_max = -0.1|-?0), the bound of"):
            list_synapses(wires, listed | {"weight": [0.05 * sign, beyond * sign]}, {})
