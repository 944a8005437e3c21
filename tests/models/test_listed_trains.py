"""Spike trains from lists, dicts, files, and objects of Neo and pynapple, or of classes that look like theirs."""

import copy
import re
from collections import UserDict
from contextlib import nullcontext

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistakes import mistakes

TIMES, IDS = [1.0, 2.5, 2.5, 7.0], [2, 0, 1, 0]
BY_CELL = [[2.5, 7.0], [2.5], [1.0]]


def same(trains):
    order = np.lexsort((trains.ids, trains.times))
    assert trains.times[order].tolist() == pytest.approx(TIMES, abs=1e-12)
    assert trains.ids[order].tolist() == IDS
    assert np.all(np.diff(trains.times) >= 0)


class Quantity(np.ndarray):
    """Times in seconds as Neo has them."""

    def rescale(self, unit):
        assert unit == "ms"
        return (np.asarray(self) * 1e3).view(Quantity)

    @property
    def magnitude(self):
        return np.asarray(self)


class Segment:
    spiketrains = [(np.array(times) / 1e3).view(Quantity) for times in BY_CELL]  # noqa: RUF012


class Ts:
    """Times in seconds as pynapple has them."""

    time_support = (0, 1)
    ndim = 1

    def __init__(self, times):
        self._times = np.array(times) / 1e3

    def times(self, units="s"):
        assert units == "s"
        return self._times


def test_lists_dicts_and_arrays():
    same(bs.SpikeTrains(TIMES, IDS))
    same(bs.SpikeTrains(BY_CELL))
    same(bs.SpikeTrains([np.array(times) for times in BY_CELL]))
    same(bs.SpikeTrains({cell: times[::-1] for cell, times in enumerate(BY_CELL)}))
    same(bs.SpikeTrains(UserDict(enumerate(BY_CELL))))


def test_objects_that_look_like_those_of_neo_and_pynapple():
    block = type("Block", (), {"segments": [Segment]})
    same(bs.SpikeTrains(Segment.spiketrains))
    same(bs.SpikeTrains(Segment))
    same(bs.SpikeTrains(block))
    same(bs.SpikeTrains(UserDict((cell, Ts(times)) for cell, times in enumerate(BY_CELL))))
    same(bs.SpikeTrains([Ts(times) for times in BY_CELL]))
    one = bs.SpikeTrains(Ts([3.0, 4.0]))
    assert (one.times.tolist(), one.ids.tolist()) == ([3.0, 4.0], [0, 0])


def test_objects_of_neo():
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    trains = [neo.SpikeTrain(np.array(times) / 1e3 * pq.s, t_stop=1.0) for times in BY_CELL]
    segment = neo.Segment()
    segment.spiketrains.extend(trains)
    block = neo.Block()
    block.segments.append(segment)
    for given in (trains, segment, block):
        same(bs.SpikeTrains(given))


def test_objects_of_pynapple():
    nap = pytest.importorskip("pynapple")
    whole = nap.IntervalSet(0.0, 1.0)
    trains = {cell: nap.Ts(np.array(times) / 1e3, time_support=whole) for cell, times in enumerate(BY_CELL)}
    same(bs.SpikeTrains(nap.TsGroup(trains, time_support=whole)))
    same(bs.SpikeTrains(list(trains.values())))


@pytest.mark.parametrize(
    "text",
    [
        "1.0 2\n2.5 0\n2.5 1\n7.0 0\n",
        "# t [ms], cell\n\n7.0, 0\n1.0, 2  # first\n2.5, 0\n2.5, 1",
        "id;time\n0;7\n2;1\n0;2.5\n1;2.5\n",
        "sender\ttime_ms\n0\t7.000\n2\t1.000\n0\t2.500\n1\t2.500\n",
    ],
)
def test_texts(tmp_path, text):
    path = tmp_path / "spikes.txt"
    path.write_text(text)
    same(bs.SpikeTrains(path))
    same(bs.SpikeTrains(str(path)))


def test_arrays_in_files(tmp_path):
    np.savez(tmp_path / "a.npz", times=TIMES, ids=IDS)
    np.savez(tmp_path / "b.npz", senders=IDS[::-1], times=TIMES[::-1])
    np.save(tmp_path / "c.npy", np.column_stack([TIMES, IDS]))
    for name in ("a.npz", "b.npz", "c.npy"):
        same(bs.SpikeTrains(tmp_path / name))


def saved(path, names=("cells",)):
    spikes = {name: bs.Spikes(TIMES, IDS, 3, 10.0, name=name) for name in names}
    return str(bs.Result(spikes=spikes, duration=10.0, dt=0.5, seed=1).save(path))


def test_a_saved_result(tmp_path):
    path = saved(tmp_path / "a.npz", ("cells", "more/cells"))
    with pytest.raises(ValueError, match="or 'more/cells'") as caught:
        bs.SpikeTrains(path)
    typed = re.search(r"write (bs\.SpikeTrains.*?\]\))", str(caught.value)).group(1)
    assert typed == f"bs.SpikeTrains(bs.Result.load({path!r}).spikes['cells'])"
    same(eval(typed))
    for given in (saved(tmp_path / "b.npz"), "run.nwb", "run.parquet"):
        with pytest.raises(ValueError, match=r"Result.load\(.*\).spikes\['cells'\]\)$"):
            bs.SpikeTrains(given)


def test_bytes_are_not_a_text(tmp_path):
    for content in (b"\x89HDF\r\n\x1a\n\x00\x00", b"1.0 2\n\xff\xfe 3"):
        (tmp_path / "spikes.dat").write_bytes(content)
        with pytest.raises(ValueError, match="is not a text file; other files must end in .h5, .hdf5, .npy or .npz"):
            bs.SpikeTrains(tmp_path / "spikes.dat")


def test_they_are_sent(tmp_path):
    np.savez(tmp_path / "a.npz", times=TIMES, ids=IDS)
    net = bs.Network(seed=1)
    net.add(bs.Population(3, bs.SpikeTrains(tmp_path / "a.npz"), name="input"))
    assert bs.simulate(net, 10.0, seed=1).spikes["input"].times.tolist() == pytest.approx(TIMES)


def written(text, name="spikes.txt"):
    def write(tmp_path):
        (tmp_path / name).write_text(text)
        return bs.SpikeTrains(tmp_path / name)

    return write


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0 2\n2.5 x\n", r"spikes.txt', line 2: must be a time in ms and a cell \(got '2.5 x'\)"),
        ("1.0\n", r"line 1: must be a time in ms and a cell \(got '1.0'\)"),
        ("time cells_\n1 2\n", r"spikes.txt' has no 'ids'; available: time, cells_"),
        ("1.0 2.5\n", r"SpikeTrains.ids: must be whole numbers >= 0 \(got 2.5\)"),
        ("-1.0 2\n", r"SpikeTrains.times: must be >= 0 ms \(got -1.0\)"),
        ("nan 2\n", r"SpikeTrains.times: must be finite \(got nan\)"),
    ],
)
def test_mistakes_in_texts(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        written(text)(tmp_path)


def test_mistakes_in_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", time=TIMES)
    with pytest.raises(ValueError, match="has no 'ids'; available: time"):
        bs.SpikeTrains(tmp_path / "a.npz")
    np.save(tmp_path / "c.npy", TIMES)
    with pytest.raises(ValueError, match="must have two columns, times and ids"):
        bs.SpikeTrains(tmp_path / "c.npy")
    np.savez(tmp_path / "o.npz", times=np.array([None]), ids=[0])
    with pytest.raises(ValueError, match="o.npz' is not a readable file of spikes .'times' holds Python objects, which are"):
        bs.SpikeTrains(tmp_path / "o.npz")
    np.save(tmp_path / "o.npy", np.array([None]))
    (tmp_path / "empty.npy").touch()
    for name in ("o.npy", "empty.npy"):
        with pytest.raises(ValueError, match=f"{name}' is not a readable file of one array of numbers"):
            bs.SpikeTrains(tmp_path / name)


test_mistakes = mistakes(
    (lambda: bs.SpikeTrains("nowhere.txt"), FileNotFoundError, "nowhere.txt"),
    (lambda: bs.SpikeTrains([1.0, 2.0]), TypeError, "SpikeTrains.ids: missing; give one cell per time"),
    (lambda: bs.SpikeTrains({-1: [1.0]}), ValueError, "SpikeTrains.times: a cell: must be >= 0 (got -1)"),
    (
        lambda: bs.SpikeTrains(type("Block", (), {"segments": [1, 2]})),
        ValueError,
        "SpikeTrains.times: the Block has 2 segments; give one of them",
    ),
)


def driven_by(times, ids):
    """Return a network of cells that listed spikes drive over synapses that learn."""
    source = bs.Population(20, bs.SpikeTrains(times, ids), name="source")
    cells, net = bs.Population(10, bs.LIF(), name="cells"), bs.Network(seed=1)
    options = {"weight": 2.0, "delay": 1.5, "synapse": bs.Delta(), "plasticity": bs.STDP(w_max=4.0)}
    net.connect(source, cells, bs.AllToAll(), **options, name="wires")
    return net


def pieces(sim, times, ids, *, until=30.0, each=10.0):
    """Run in pieces, each of whose spikes are given when it begins."""
    while sim.time < until:
        now = (times > (sim.time or -1.0)) & (times <= sim.time + each)
        sim.set("source", times=times[now], ids=ids[now])
        sim.run(each)
    return sim.result(), sim.synapses("wires").weight


def test_spikes_can_be_replaced_in_a_run(tmp_path):
    """Given piece by piece, they act as if all had been listed; also if a step has more of them than any before."""
    rng = np.random.default_rng(1)
    times = np.sort(np.append(rng.integers(0, 300, 150) / 10.0, [0.0, 0.0, 25.0, 25.0, 30.0]))
    ids = rng.integers(0, 20, times.size)
    whole = bs.Simulation(driven_by(times, ids), seed=2)
    whole.run(30.0)
    expected, weights = whole.result(), whole.synapses("wires").weight
    assert len(expected.spikes["cells"]) > 10
    sim = bs.Simulation(driven_by([], []), seed=2, threads=2)
    for _ in range(2):
        found, learnt = pieces(sim, times, ids)
        assert found.spikes == expected.spikes
        assert np.array_equal(learnt, weights)
        sim.reset()
        assert len(sim.run(5.0).spikes["source"]) == 0  # none, as described
        sim.reset()
    sim.run(10.0)
    later = times > 10.0
    sim.set("source", times=times[later], ids=ids[later])
    file, fork = sim.save(tmp_path / "run.ckpt"), copy.deepcopy(sim)
    again = bs.Simulation.load(driven_by([], []), file)
    for each in (sim, fork, again):
        assert each.run(20.0).spikes["source"] == expected.spikes["source"].between(10.0, 30.0)
    sim.set("source", times=[[31.0], [33.0]])
    fork.set("source", times=[], ids=[])
    assert sim.run(5.0).spikes["source"].times.tolist() == [31.0, 33.0]
    assert len(fork.run(5.0).spikes["source"]) == 0


@pytest.mark.filterwarnings("ignore:source.times. 600.16 ms is not a multiple of dt")
@pytest.mark.parametrize(
    ("precise", "sent"), [(False, [600.1, 600.1, 600.1, 600.2]), (True, [600.000002, 600.04, 600.06, 600.16])]
)
def test_what_is_set_to_just_after_now_is_sent(precise, sent, tmp_path):
    """On the grid it is sent in the next step, since now is over; copies that continue do the same."""
    times, ids = np.array([600.0, 600.000002, 600.04, 600.06, 600.16]), [1, 0, 0, 1, 1]

    def network():
        net = bs.Network(seed=1)
        net.add(bs.Population(2, bs.SpikeTrains([590.0], [0]), name="source"))
        return net

    sim = bs.Simulation(network(), seed=2, precise=precise)
    sim.run(600.0)
    with pytest.raises(ValueError, match=r"after 600 ms, .* times\[times > 600 \+ 1e-6\]"):
        sim.set("source", times=times, ids=ids)
    late = times > 600 + 1e-6  # as the message says
    with nullcontext() if precise else pytest.warns(UserWarning, match="600.000002 ms would be rounded to 600 ms"):
        sim.set("source", times=times[late], ids=np.array(ids)[late])
    file = sim.save(tmp_path / "run.ckpt")
    for each in (sim, bs.Simulation.load(network(), file)):
        spikes = each.run(1.0).spikes["source"]
        np.testing.assert_allclose(spikes.times, sent, rtol=0, atol=1e-9)
        assert spikes.ids.tolist() == [0, 0, 1, 1]


def test_wrong_changes_of_spikes_are_refused():
    sim = bs.Simulation(driven_by([1.0, 15.0], [0, 0]), seed=2)
    sim.run(10.0)
    for given, message in (
        ({"times": [10.0, 12.0], "ids": [0, 0]}, r"must be after 10 ms, which was reached \(got 10 ms\); .*> 10 \+ 1e-6\]"),
        ({"times": [100 * 0.1 + 4e-12], "ids": [0]}, r"must be after 10 ms, which was reached \(got 10 ms\)"),
        ({"times": [12.0], "ids": [20]}, "SpikeTrains.ids: 20 is beyond 'source'"),
        ({"times": [12.0]}, "SpikeTrains.ids: missing"),
        ({"ids": [0]}, "SpikeTrains.times: must be given with ids"),
        ({"time": [12.0]}, "SpikeTrains: unknown parameter 'time'; did you mean 'times'?"),
        ({"times": [np.nan], "ids": [0]}, "SpikeTrains.times: must be finite"),
    ):
        with pytest.raises((ValueError, TypeError), match=message.replace("?", r"\?")):
            sim.set("source", **given)
    assert sim.run(10.0).spikes["source"].times.tolist() == [15.0]
