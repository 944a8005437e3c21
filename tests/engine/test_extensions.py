"""An operator, a kind of synapses and a recorder that are registered from outside: nothing in the package is edited."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine import program
from brainsim.engine.program import Operator, Phase, register_operator
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.synapses.kinds import registry as kinds
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.engine.synapses.kinds.registry import register_kind
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import gaussian
from brainsim.models.inputs import Input
from brainsim.rng.hashing import hashed, step_key
from brainsim.rng.streams import stream_key

pytestmark = pytest.mark.usefixtures("more_partitions")


@pytest.fixture
def unregistered():
    """Forget at the end what a test has registered."""
    operators, others = list(program.OPERATORS), list(kinds.KINDS)
    yield
    program.OPERATORS[:], kinds.KINDS[:] = operators, others


# an operator: white noise on v, a new number for each cell and step


@dataclass(frozen=True, eq=False, repr=False)
class WhiteNoise(Input):
    """Adds sigma * sqrt(dt) * xi to v, mV, at each step."""

    sigma: float  # mV per square root of ms

    def check(self, view):
        pass


class Noise(Operator):
    depends_on = "inputs"

    def __init__(self, calls):
        self._calls = calls

    @classmethod
    def build(cls, partition):
        layout, calls = partition.layout, []
        for stimulus in layout.inputs:
            if isinstance(stimulus.input, WhiteNoise):
                name = stimulus.target.parts[0][0].name
                at, n = layout.state_row(name, "v", "WhiteNoise")
                group = layout.group_of[name]
                start, stop = np.clip(
                    layout.bounds[group][partition.number :][:2] + layout.groups[group].first - layout.members[name].first,
                    0,
                    n,
                )
                context = Context(
                    v=partition.shared.state[at + start : at + stop],
                    first=start,
                    scale=stimulus.input.sigma * float(np.sqrt(layout.dt)),
                    key=stream_key(partition.seed, "noise", stimulus.name),
                )
                calls.append((Phase.AFTER_UPDATE, 0, add_noise, context))
        return cls(calls) if calls else None

    def calls(self):
        return self._calls

    @classmethod
    def expected_bytes(cls, layout):
        return 1_000_000


@by_address
def add_noise(noise_, progress_):
    noise, p = record_at(noise_), record_at(progress_)
    v, key = array_of(noise.v), step_key(noise.key, p.step)
    for k in range(v.size):
        v[k] += noise.scale * gaussian(hashed(key, noise.first + k))
    return 0


# a kind of synapses: the events of each are counted


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


# a recorder: how many cells are above a potential at each step


class CellsAbove:
    """What stands in ``record=``."""

    def __init__(self, population, threshold):
        self.population, self.threshold = population, threshold

    def recorder(self, layout):
        return AboveRecorder(self.population, self.threshold)


class AboveRecorder(Recorder):
    def __init__(self, population, threshold):
        self.population, self.threshold, self.contexts = population, threshold, {}

    def copy(self):
        return AboveRecorder(self.population, self.threshold)

    def max_steps(self):
        return 500

    def calls(self, partition):
        layout = partition.layout
        at, n = layout.state_row(self.population, "v", "CellsAbove")
        group = layout.group_of[self.population]
        start, stop = np.clip(
            layout.bounds[group][partition.number :][:2]
            + layout.groups[group].first
            - layout.members[self.population].first,
            0,
            n,
        )
        context = Context(
            v=partition.shared.state[at + start : at + stop],
            counts=np.zeros(502, np.int64),
            size=0,
            threshold=self.threshold,
        )
        self.contexts[partition.number] = context
        return [(Phase.SAMPLE, 0, count_above, context)]

    def before_chunk(self):
        for context in self.contexts.values():
            context["size"] = 0

    def begin(self, completed, stop):
        return []

    def gather(self, piece, chunk):
        return sum(context["counts"][: context["size"]].copy() for context in self.contexts.values())

    def commit(self, piece, gathered):
        piece.append(gathered)

    def joined(self, pieces):
        return [np.concatenate([np.empty(0, np.int64), *(part for piece in pieces for part in piece)])]

    def result(self, piece, layout, start, stop):
        return {"stats": {"above": piece[0]}}


@by_address
def count_above(recorder_, progress_):
    recorder = record_at(recorder_)
    v, counts = array_of(recorder.v), array_of(recorder.counts)
    total = 0
    for k in range(v.size):
        total += v[k] > recorder.threshold
    counts[recorder.size] = total
    recorder.size += 1
    return 0


def simulation(threads, state=None):
    exc = bs.Population(80, bs.LIF(), name="exc", initial={"v": bs.Uniform(-65.0, -50.0)})
    inh = bs.Population(40, bs.LIF(), name="inh")
    net = bs.Network(seed=1)
    net.connect(exc, inh, bs.FixedProbability(0.2), weight=0.8, delay=1.5, synapse=bs.Delta(), name="counted")
    weight = bs.Uniform(0.0, 40.0)
    net.connect(
        exc, exc, bs.FixedIndegree(5), weight=weight, delay=bs.Uniform(1.0, 3.0), synapse=bs.Exponential(), name="weighted"
    )
    net.connect(inh, exc, bs.FixedProbability(0.2), weight=-0.5, delay=1.0, synapse=bs.Delta(), name="plain")
    net.stimulate(exc, bs.CurrentInput(380.0))
    net.stimulate(exc[:80], WhiteNoise(1.0), name="noise")
    record = [bs.Trace(exc[:3], "v"), CellsAbove("exc", -55.0)]
    return bs.Simulation(net, seed=2, threads=threads, record=record, state=state)


@pytest.fixture
def extended(unregistered):
    register_operator(Noise)
    register_kind(CountedAlike)
    register_kind(CountedWeighted)


def all_of(sim, result):
    """Return everything that a run gives as bytes."""
    arrays = [result.spikes[name].times for name in ("exc", "inh")] + [result.spikes[name].ids for name in ("exc", "inh")]
    arrays += [result.traces["exc", "v"].values, result.stats["above"], sim.state["exc"]["v"]]
    arrays += [sim.synapses(name).columns["events"] for name in ("counted", "weighted")]
    return [np.asarray(array).tobytes() for array in arrays]


@pytest.mark.usefixtures("extended")
class TestExtensions:
    def test_they_work(self):
        sim = simulation(1)
        result = sim.run(200.0)
        table = sim.synapses("counted")
        fired = np.bincount(result.spikes["exc"].ids[result.spikes["exc"].times <= 198.5 + 1e-9], minlength=80)
        assert fired.sum() > 100
        assert np.array_equal(table.columns["events"], fired[table.pre])
        above = np.array(result.stats["above"])
        assert above.shape == (2001,)
        assert above.max() > 10
        # without noise all cells would be alike but for their initial values and inputs
        quiet = simulation(1)
        quiet.set("noise", sigma=0.0)
        assert not np.array_equal(quiet.run(200.0).spikes["exc"].times, result.spikes["exc"].times)

    def test_the_same_bits_for_any_number_of_threads(self):
        alone, *others = (simulation(threads) for threads in (1, 2, 3))
        expected = all_of(alone, alone.run(200.0))
        for sim in others:
            assert all_of(sim, sim.run(200.0)) == expected

    def test_reset_copies_and_states(self):
        whole = simulation(2)
        whole.run(100.0)
        expected = all_of(whole, whole.run(100.0))
        sim = simulation(2)
        first = sim.run(100.0)
        twin = copy.deepcopy(sim)
        assert all_of(sim, sim.run(100.0)) == expected
        assert all_of(twin, twin.run(100.0)) == expected
        sim.reset()
        sim.run(100.0)
        assert all_of(sim, sim.run(100.0)) == expected
        restored = simulation(3, state=first.state)
        assert all_of(restored, restored.run(100.0)) == expected

    def test_states_travel_through_files(self, tmp_path):
        sim = simulation(1)
        sim.run(100.0).save(tmp_path / "first.npz")
        expected = all_of(sim, sim.run(100.0))
        restored = simulation(2, state=bs.Result.load(tmp_path / "first.npz").state)
        assert all_of(restored, restored.run(100.0)) == expected

    def test_what_they_keep_is_estimated(self):
        net = simulation(1).network
        sizes = {name: size for name, _, size in net.estimate().rows}
        n = {p.name: p.expected for p in net.projections}
        assert sizes["counted"] == pytest.approx(n["counted"] * (2 + 8))
        assert sizes["weighted"] == pytest.approx(n["weighted"] * (6 + 8))
        assert 1_000_000 < sizes["120 cells"] < 1_100_000  # with what the operator says


def test_without_registration_the_synapses_are_the_same_but_nothing_is_counted(unregistered):
    plain = simulation(1).synapses("weighted")
    register_kind(CountedWeighted)
    counted = simulation(2).synapses("weighted")
    assert plain.columns == {}
    assert np.array_equal(counted.columns["events"], np.zeros(400))
    for name in ("pre", "post", "weight", "delay"):
        assert np.array_equal(getattr(plain, name), getattr(counted, name))


@pytest.mark.usefixtures("extended")
def test_what_is_not_stored_cannot_be_of_a_registered_kind():
    cells = bs.Population(10, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    options = {"delay": 1.0, "synapse": bs.Delta(), "storage": "procedural", "name": "counted"}
    net.connect(cells, cells, bs.AllToAll(), weight=1.0, **options)
    with pytest.raises(ValueError, match=r"counted.storage: synapses of the kind CountedAlike must be 'stored'"):
        bs.Simulation(net, seed=1)
