"""Kinds of synapses from outside: one that counts events, and one that keeps weights in a byte."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses.kinds import registry as kinds
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.engine.synapses.kinds.registry import register_kind
from brainsim.engine.synapses.readback import order_of
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.testing import check_bits

pytestmark = pytest.mark.usefixtures("more_partitions", "unregistered")


class Counted(SynapseKind):
    @classmethod
    def takes(cls, projection):
        return projection.name.startswith("counted")

    def __init__(self, block):
        super().__init__(block)
        self.events = np.zeros(block.stop - block.start, np.int64)

    def context(self, partition):
        weights = {} if self.block.weights is None else {"weights": self.block.weights}
        return Context(targets=self.block.targets, state=partition.shared.state, events=self.events, **weights)

    def columns(self):
        return {"events": self.events}

    def reset(self):
        self.events[:] = 0

    @staticmethod
    def bytes_per_synapse(projection, itemsize):
        return 8


@by_address
def count_events(kind_, segment_):
    kind, segment = record_at(kind_), record_at(segment_)
    targets, state, events = array_of(kind.targets), array_of(kind.state), array_of(kind.events)
    for k in range(segment.start, segment.start + segment.length):
        state[segment.base + np.int64(targets[k])] += segment.weight
        events[k] += 1
    return 0


@by_address
def count_weighted_events(kind_, segment_):
    kind, segment = record_at(kind_), record_at(segment_)
    targets, state, events, weights = (
        array_of(kind.targets),
        array_of(kind.state),
        array_of(kind.events),
        array_of(kind.weights),
    )
    for k in range(segment.start, segment.start + segment.length):
        state[segment.base + np.int64(targets[k])] += weights[k]
        events[k] += 1
    return 0


class CountedAlike(Counted):
    deliver = count_events


class CountedWeighted(Counted):
    deliver = count_weighted_events

    @classmethod
    def takes(cls, projection):
        return projection.name.startswith("weighted")


class Rounded(SynapseKind):
    storage, keeps_weights = "rounded", True

    def __init__(self, block):
        super().__init__(block)
        self.tenths = np.rint(10.0 * block.weights).astype(np.uint8)

    def context(self, partition):
        return Context(targets=self.block.targets, state=partition.shared.state, tenths=self.tenths)

    def columns(self):
        return {"tenths": self.tenths}

    def current_columns(self):
        return {"w": self.tenths / 10.0}

    @staticmethod
    def bytes_per_synapse(projection, itemsize):
        return 1


@by_address
def add_tenths(kind_, segment_):
    kind, segment = record_at(kind_), record_at(segment_)
    targets, state, tenths = array_of(kind.targets), array_of(kind.state), array_of(kind.tenths)
    for k in range(segment.start, segment.start + segment.length):
        state[segment.base + np.int64(targets[k])] += tenths[k] / 10.0
    return 0


Rounded.deliver = add_tenths


class Tiring(SynapseKind):
    """The weight of a synapse falls by a tenth at each event; it keeps, records, sets and starts anew its weights."""

    storage, keeps_weights, changes_weights = "tiring", True, True

    def __init__(self, block):
        super().__init__(block)
        self.w = block.weights.astype(np.float64)
        self.start = self.w.copy()

    @classmethod
    def units(cls, projection):
        return {"w": projection.synapse.weight_unit}

    def context(self, partition):
        return Context(targets=self.block.targets, state=partition.shared.state, w=self.w)

    def columns(self):
        return {"w": self.w}

    def set(self, values):
        self.w[order_of(self)] = values["weight"]

    def reset(self):
        self.w[:] = self.start


@by_address
def tire(kind_, segment_):
    kind, segment = record_at(kind_), record_at(segment_)
    targets, state, w = array_of(kind.targets), array_of(kind.state), array_of(kind.w)
    for k in range(segment.start, segment.start + segment.length):
        state[segment.base + np.int64(targets[k])] += w[k]
        w[k] *= 0.9
    return 0


Tiring.deliver = tire


def network():
    exc = bs.Population(80, bs.LIF(), name="exc", initial={"v": bs.Uniform(-65.0, -50.0)})
    inh = bs.Population(40, bs.LIF(), name="inh")
    net = bs.Network(seed=1)
    net.connect(exc, inh, bs.FixedProbability(0.2), weight=0.8, delay=1.5, synapse=bs.Delta(), name="counted")
    weight, delay = bs.Uniform(0.0, 40.0), bs.Uniform(1.0, 3.0)
    net.connect(exc, exc, bs.FixedIndegree(5), weight=weight, delay=delay, synapse=bs.Exponential(), name="weighted")
    net.connect(inh, exc, bs.FixedProbability(0.2), weight=-0.5, delay=1.0, synapse=bs.Delta(), name="plain")
    net.stimulate(exc, bs.CurrentInput(380.0))
    return net


@pytest.fixture
def counting(unregistered):
    register_kind(CountedAlike)
    register_kind(CountedWeighted)


@pytest.mark.usefixtures("counting")
class TestCounting:
    def test_events_are_counted(self):
        sim = bs.Simulation(network(), seed=2)
        result = sim.run(200.0)
        table = sim.synapses("counted")
        spikes = result.spikes["exc"]
        # those of the last step before the end may have been delivered or not
        least, most = (np.bincount(spikes.ids[spikes.times < end], minlength=80) for end in (198.45, 198.65))
        assert least.sum() > 100
        assert np.all((least[table.pre] <= table.columns["events"]) & (table.columns["events"] <= most[table.pre]))

    def test_the_same_bits(self):
        check_bits(network, duration=200.0)

    def test_states_travel_through_files(self, tmp_path):
        sim = bs.Simulation(network(), seed=2)
        sim.run(100.0).save(tmp_path / "first.npz")
        restored = bs.Simulation(network(), seed=2, threads=2, state=bs.Result.load(tmp_path / "first.npz").state)
        for one in (sim, restored):
            one.run(50.0)
        assert np.array_equal(sim.synapses("weighted").columns["events"], restored.synapses("weighted").columns["events"])

    def test_what_they_keep_is_estimated(self):
        net = network()
        sizes, n = {name: size for name, _, size in net.estimate().rows}, {p.name: p.expected for p in net.projections}
        assert sizes["counted"] == pytest.approx(n["counted"] * (2 + 8))
        assert sizes["weighted"] == pytest.approx(n["weighted"] * (6 + 8))

    def test_what_is_not_stored_cannot_be_of_a_registered_kind(self):
        cells, net = bs.Population(10, bs.LIF(), name="cells"), bs.Network(seed=1)
        options = {"delay": 1.0, "synapse": bs.Delta(), "storage": "procedural", "name": "counted"}
        net.connect(cells, cells, bs.AllToAll(), weight=1.0, **options)
        with pytest.raises(ValueError, match=r"counted.storage: synapses of the kind CountedAlike must be 'stored'"):
            bs.Simulation(net, seed=1)


def test_without_registration_the_synapses_are_the_same_but_nothing_is_counted():
    plain = bs.Simulation(network(), seed=2).synapses("weighted")
    register_kind(CountedWeighted)
    counted = bs.Simulation(network(), seed=2, threads=2).synapses("weighted")
    assert plain.columns == {}
    assert np.array_equal(counted.columns["events"], np.zeros(400))
    for name in ("pre", "post", "weight", "delay"):
        assert np.array_equal(getattr(plain, name), getattr(counted, name))


def test_a_class_that_is_defined_again_takes_the_place_of_the_former():
    n = len(kinds.KINDS)
    for _ in range(4):

        @register_kind
        class Again(SynapseKind):
            pass

    assert kinds.KINDS[n:] == [Again]


def test_a_kind_may_be_asked_for_by_name_and_keep_the_weights():
    def network(storage):
        cells = bs.Population(40, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        net = bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput(400.0))
        options = {"delay": 1.5, "synapse": bs.Exponential(), "storage": storage, "name": "wires"}
        net.connect(cells, cells, bs.FixedIndegree(5), weight=bs.Uniform(0.0, 20.0), **options)
        return net

    with pytest.raises(ValueError, match=r"storage: must be 'stored' or 'procedural' \(got 'rounded'\)"):
        network("rounded")
    register_kind(Rounded)
    with pytest.raises(ValueError, match=r"or 'rounded' \(got 'round'\); did you mean 'rounded'"):
        network("round")
    sims = [bs.Simulation(network("rounded"), seed=2, threads=threads) for threads in (1, 2)]
    assert sims[0]._run.synapses.store.weights.size == 0
    plain = bs.Simulation(network("stored"), seed=2)
    assert plain._run.synapses.store.weights.size == 200
    for sim in sims:
        table = sim.synapses("wires")
        assert np.abs(table.weight - plain.synapses("wires").weight).max() == pytest.approx(0.05, rel=0.1)
        assert table.columns == {}
    first, second = (sim.run(50.0).spikes["cells"].times.tobytes() for sim in sims)
    assert first == second
    assert {name: size for name, _, size in network("rounded").estimate().rows}["wires"] == 200 * (2 + 1)


def test_a_kind_may_change_its_weights():
    register_kind(Tiring)

    def build():
        cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
        net.stimulate(cells, bs.CurrentInput("380 + 5*i"))
        options = {"delay": 1.5, "synapse": bs.Exponential(), "storage": "tiring", "name": "wires"}
        net.connect(cells, cells, bs.FixedIndegree(5), weight=bs.Uniform(1.0, 20.0), **options)
        return net

    check_bits(build)
    net = build()
    sim = bs.Simulation(net, seed=1, record=bs.WeightTrace("wires", synapses=10, every=5.0))
    before = sim.synapses("wires").weight
    weights = sim.run(60.0).weights["wires", "w"]
    after = sim.synapses("wires").weight
    events = np.rint(np.log(after / before) / np.log(0.9))
    assert np.allclose(after, before * 0.9**events)
    assert events.max() > 1
    assert np.all(weights.values[-1] < weights.values[0])
    sim.set("wires", weight=2.0)
    assert np.all(sim.synapses("wires").weight == 2.0)
    sim.reset()
    assert np.array_equal(sim.synapses("wires").weight, before)
    sim.rewire("wires", remove=sim.synapses("wires").pre == 0)
    assert np.all(sim.synapses("wires").pre > 0)
    with pytest.raises(ValueError, match="WeightTrace.*: Tiring has no variable 'x'"):
        bs.Simulation(net, record=bs.WeightTrace("wires", "x"))
