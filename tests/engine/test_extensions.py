"""Operators, inputs, kinds of synapses, a recorder and a format from outside: nothing in the package is edited."""

import copy
from dataclasses import dataclass

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.operators import registry as operators
from brainsim.engine.operators.noise import Noise as BuiltInNoise
from brainsim.engine.operators.observed import Observed
from brainsim.engine.operators.registry import register_operator
from brainsim.engine.program import Operator, Phase
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.synapses.kinds import registry as kinds
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.engine.synapses.kinds.registry import register_kind
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import gaussian
from brainsim.models.inputs import Input
from brainsim.network import checks
from brainsim.results import formats
from brainsim.results.streams.columns import column
from brainsim.rng.hashing import hashed, step_key
from brainsim.rng.streams import stream_key

pytestmark = pytest.mark.usefixtures("more_partitions")


@pytest.fixture
def unregistered():
    """Forget at the end what a test has registered."""
    lists = operators.OPERATORS, kinds.KINDS, checks.STORAGES
    before = [list(some) for some in lists]
    yield
    for some, items in zip(lists, before, strict=True):
        some[:] = items


def own_v(partition, name):
    """Return v of the cells of a population in a partition, and the index of the first of them in the population."""
    layout = partition.layout
    at, n = layout.state_row(name, "v", "own_v")
    group = layout.group_of[name]
    offset = layout.groups[group].first - layout.members[name].first
    start, stop = np.clip(layout.bounds[group][partition.number :][:2] + offset, 0, n)
    return partition.shared.state[at + start : at + stop], int(start)


# an operator: white noise on v, a new number for each cell and step


@dataclass(frozen=True, eq=False, repr=False)
class WhiteNoise(Input):
    """Adds sigma * sqrt(dt) * xi to v, mV, at each step."""

    sigma: float  # mV per square root of ms

    def check(self, view):
        pass


class Noise(Operator):
    depends_on = "inputs"
    inputs = (WhiteNoise,)

    def __init__(self, calls):
        self._calls = calls

    @classmethod
    def build(cls, partition):
        layout, calls = partition.layout, []
        for stimulus in cls.own_inputs(layout):
            v, first = own_v(partition, stimulus.target.parts[0][0].name)
            context = Context(
                v=v,
                first=first,
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


# an operator that needs all partitions to wait for each other after each step: each cell is drawn to the one before it


@dataclass(frozen=True, eq=False, repr=False)
class RingCoupling(Input):
    """Adds strength times the difference to the potential of the cell before it, one step late, to v."""

    strength: float

    @property
    def observed(self):
        return "neighbour", "mV"

    def check(self, view):
        pass


class Coupled(Operator):
    inputs = (RingCoupling,)

    def __init__(self, context):
        self._context = context

    @classmethod
    def build(cls, partition):
        for stimulus in cls.own_inputs(partition.layout):
            v, first = own_v(partition, stimulus.target.parts[0][0].name)
            # one buffer for even and one for odd steps: no partition can be two steps ahead of another
            seen = vars(partition.shared).setdefault("coupled", np.zeros(2 * stimulus.target.n))
            scratch = np.zeros(v.size)
            context = Context(v=v, first=first, seen=seen, strength=stimulus.input.strength, scratch=scratch)
            return cls(context)
        return None

    @classmethod
    def max_slice(cls, layout):
        return 1 if cls.own_inputs(layout) else super().max_slice(layout)

    @classmethod
    def observed(cls, partition, stimulus):
        context = partition.operator(cls)._context
        cells = context["first"] + np.arange(context["scratch"].size)
        return Observed(cells, [], context["scratch"], np.arange(cells.size))

    def calls(self):
        return [(Phase.BEFORE_UPDATE, 0, pull, self._context), (Phase.EMITTED, 0, show, self._context)]

    def reset(self, step):
        self._context["seen"][:] = 0.0


@by_address
def pull(coupled_, progress_):
    c, p = record_at(coupled_), record_at(progress_)
    v, seen, scratch = array_of(c.v), array_of(c.seen), array_of(c.scratch)
    n = seen.size // 2
    for k in range(v.size):
        scratch[k] = seen[(p.step % 2) * n + (c.first + k - 1) % n]
        v[k] += c.strength * (scratch[k] - v[k])
    return 0


@by_address
def show(coupled_, progress_):
    c, p = record_at(coupled_), record_at(progress_)
    v, seen = array_of(c.v), array_of(c.seen)
    for k in range(v.size):
        seen[((p.step + 1) % 2) * (seen.size // 2) + c.first + k] = v[k]
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


# a kind of synapses that is asked for by name and keeps its weights in a byte


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

    def columns(self):
        return {"columns": [column("above.u4", "<u4")]}

    def max_steps(self):
        return 500

    def calls(self, partition):
        v, _ = own_v(partition, self.population)
        context = Context(v=v, counts=np.zeros(502, np.int64), size=0, threshold=self.threshold)
        self.contexts[partition.number] = context
        return [(Phase.SAMPLE, 0, count_above, context)]

    def begin(self, completed):
        for context in self.contexts.values():
            context["size"] = 0

    def rows(self, chunk):
        return {"above.u4": sum(context["counts"][: context["size"]] for context in self.contexts.values())}

    def result(self, arrays, start, stop):
        return {"stats": {"above": arrays["above.u4"]}}


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
    register_operator(Noise)
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


def ring(threads, record=()):
    cells = bs.Population(30, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, RingCoupling(0.01), name="ring")
    net.stimulate(cells, bs.CurrentInput("300 + 10*i"))
    return bs.Simulation(net, seed=2, threads=threads, record=record)


@pytest.mark.usefixtures("unregistered")
class TestOwnInputs:
    def test_an_operator_may_ask_for_slices_of_one_step(self):
        register_operator(Coupled)
        # without connections a slice has 64 steps; partitions that were as far apart would read what is not there yet
        alone, *others = (ring(threads).run(50.0) for threads in (1, 2, 3))
        assert len(alone.spikes["cells"]) > 20
        for result in others:
            assert result.spikes["cells"].times.tobytes() == alone.spikes["cells"].times.tobytes()
            assert result.state["cells"]["v"].tobytes() == alone.state["cells"]["v"].tobytes()

    def test_operators_of_the_package_are_asked_too(self, monkeypatch):
        register_operator(Coupled)
        sim = ring(2)
        assert sim._run.partitions[0].progress["slice"] == 1
        operators.OPERATORS.remove(Coupled)
        monkeypatch.setattr(BuiltInNoise, "max_slice", classmethod(lambda cls, layout: 3))
        cells = bs.Population(3, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.add(cells)
        assert bs.Simulation(net, seed=1)._run.partitions[0].progress["slice"] == 3
        assert net.estimate(ranks=1).cost.slices == pytest.approx(1000.0 / 0.3)

    def test_it_is_recorded_as_its_operator_says(self):
        register_operator(Coupled)
        cells = ring(1).network.populations["cells"]
        net = bs.Network(seed=1)
        net.stimulate(cells, RingCoupling(0.01), name="ring")
        record = [bs.Trace(cells, "v"), bs.Trace(cells[5:20], "ring")]
        traces = bs.simulate(net, 5.0, seed=2, threads=2, record=record).traces
        seen, v = traces["cells", "ring"], traces["cells", "v"]
        assert seen.unit == "mV"
        # the sample at a point is what the step that ends there has read: v of the cell before at its beginning
        assert np.array_equal(seen.values[2:], v.values[1:-1, 4:19])

    def test_one_that_cannot_be_recorded_says_so(self):
        register_operator(Noise)
        cells = bs.Population(3, bs.LIF(), name="cells")
        net = bs.Network(seed=1)
        net.stimulate(cells, WhiteNoise(1.0), name="noise")
        message = r"Trace\(cells, 'noise'\): an input of the class WhiteNoise does not say .* give WhiteNoise a property obs"
        with pytest.raises(ValueError, match=message):
            bs.Simulation(net, seed=1, record=bs.Trace(cells, "noise"))
        register_operator(type("Coupled", (Operator,), {"inputs": (RingCoupling,), "build": classmethod(lambda c, p: None)}))
        net.stimulate(cells, RingCoupling(0.1), name="ring")
        with pytest.raises(NotImplementedError, match=r"RingCoupling.observed: 'neighbour' .* a method observed"):
            bs.Simulation(net, seed=1, record=bs.Trace(cells, "ring"))

    def test_one_on_which_no_operator_acts_is_refused(self):
        with pytest.raises(TypeError, match=r"ring: no operator acts on .*RingCoupling.*@register_operator"):
            ring(1)

    def test_a_class_that_is_defined_again_takes_the_place_of_the_former(self):
        n, kind = len(operators.OPERATORS), len(kinds.KINDS)
        for _ in range(4):

            @register_operator
            class Again(Operator):
                pass

            @register_kind
            class AgainKind(SynapseKind):
                pass

        assert operators.OPERATORS[n:] == [Again]
        assert kinds.KINDS[kind:] == [AgainKind]


class TestOwnRecorders:
    def test_what_they_miss_is_said(self):
        class Old:
            def recorder(self, layout):
                return OldRecorder()

        class OldRecorder(Recorder):
            def gather(self, piece, chunk):
                pass

        net = bs.Network(seed=1)
        net.add(bs.Population(3, bs.LIF(), name="cells"))
        with pytest.raises(TypeError, match=r"recorder OldRecorder must have the methods columns\(\).*place of .*gather"):
            bs.Simulation(net, record=[Old()])
        above = CellsAbove("cells", -55.0)
        with pytest.raises(ValueError, match="two recorders have a column 'above.u4'"):
            bs.simulate(net, 1.0, record=[above, above])

    def test_they_are_estimated(self):
        net = bs.Network(seed=1)
        net.add(bs.Population(3, bs.LIF(), name="cells"))
        above = CellsAbove("cells", -55.0)
        assert ("CellsAbove", 0.0, 0.0) in net.estimate(record=[above]).rows
        above.columns, above.every = 1, 1.0
        assert ("CellsAbove", 0.0, 16.0 * 101) in net.estimate(record=above, duration=100.0).rows
        with pytest.raises(TypeError, match=r"Network.estimate.record: CellsAbove is a class; write CellsAbove\(\.\.\.\)"):
            net.estimate(record=[CellsAbove])


@pytest.mark.usefixtures("unregistered")
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


# a format: a line for each spike


class Lines(formats.Format):
    suffixes, lacks = (".csv",), ("traces", "weights")

    def write(self, recording, path, label, compress=False):
        rows = [(name, spikes.ids, spikes.times.tolist()) for name, spikes in recording.result().spikes.items()]
        lines = [f"{name},{cell},{time!r}" for name, *both in rows for cell, time in zip(*both, strict=True)]
        path.write_text("\n".join(["population,cell,time [ms]", *lines]), encoding="utf-8")


def test_a_format_says_before_the_run_what_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", dict(formats.FORMATS))
    formats.register_format(Lines)
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(400.0))
    with pytest.warns(
        UserWarning, match=r"simulate.to: .csv has no place for traces, which .* formats are .csv, .h5, .*"
    ) as seen:
        sim = bs.Simulation(net, seed=1, record=bs.Trace(cells, "v"), to=tmp_path / "run.csv")
    assert len(seen) == 1
    result = sim.run(50.0)
    sim.close()
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 1 + len(result.spikes["cells"]) > 4
    with pytest.raises(ValueError, match=r"Result.save: must end in .csv, .h5, .npz, .nwb or .parquet \(got"):
        result.save(tmp_path / "run.txt")
