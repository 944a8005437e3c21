"""The log of what is recorded: rows in memory are neither copied nor lost, and its last part is read without the rest."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.recorders.log import Blocks, Memory
from brainsim.results.streams.columns import column
from tests.helpers.runs.streamed import network, requests, same


class TestBlocks:
    def test_rows_from_any_number_on(self):
        blocks, expected = Blocks(np.empty((0, 2))), np.empty((0, 2))
        for n in (3, 1, 4):
            rows = np.random.default_rng(n).random((n, 2))
            blocks.add(blocks.cast(rows))
            expected = np.concatenate([expected, rows])
            for first in range(len(expected) + 1):
                assert np.array_equal(blocks.read(first), expected[first:])
        assert np.shares_memory(blocks.read(0), blocks.read(5))  # they have become one block

    def test_room_is_filled_in_place(self):
        blocks = Blocks(np.empty(0))
        blocks.reserve(5)
        for n in (2, 1, 4, 2):  # the third does not fit
            room = blocks.room(n)
            room[:] = n
            blocks.add(room)
        assert blocks.read(0).tolist() == [2, 2, 1, 4, 4, 4, 4, 2, 2]
        first, twin = blocks.read(0), blocks.copy()
        blocks.reserve(1)
        blocks.add(np.ones(1))
        assert twin.read(0).size == first.size == 9
        with pytest.raises(ValueError, match="read-only"):
            first[0] = 0.0

    def test_search(self):
        blocks = Blocks(np.empty(0, np.int64))
        for steps in ([1, 1, 3], [3, 7], [8]):
            blocks.add(np.array(steps))
        assert [blocks.search(step) for step in (0, 1, 3, 6, 7, 9)] == [0, 2, 4, 4, 5, 6]


def test_what_was_appended_counts_when_it_is_committed():
    memory = Memory()
    memory.start({"columns": [column("a.i8", "<i8"), column("b.f8", "<f8", 2)]})
    memory.advance(1, memory.append(1, {"a.i8": [1, 2], "b.f8": np.ones((1, 2))}))
    with pytest.raises(ValueError, match="reshape"):
        memory.append(2, {"a.i8": [3], "b.f8": np.ones(3)})
    memory.append(2, {"a.i8": [3], "b.f8": np.ones((0, 2))})
    ((_, arrays, _),) = memory.read({})
    assert arrays["a.i8"].tolist() == [1, 2]
    assert memory.rows == {"a.i8": 2, "b.f8": 1}


@pytest.mark.parametrize("to", [None, "run/"])
def test_the_last_part_of_a_run(to, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = network(plastic=True)
    sim = bs.Simulation(net, seed=2, record=requests(net), to=to)
    for _ in range(3):
        sim.run(33.0)
        latest, whole = sim._latest(20.0), sim.result()
        for name in ("a", "b"):
            assert latest.spikes[name] == whole.spikes[name].between(sim.time - 20.0)
        for kind in ("traces", "weights"):
            for key, some in getattr(latest, kind).items():
                every = getattr(whole, kind)[key]
                inside = every.times > sim.time - 20.0 + 1e-9
                assert np.array_equal(some.times, every.times[inside])
                assert np.array_equal(some.values, every.values[inside])
    assert len(latest.spikes["a"]) > 0
    assert same(sim._latest(1e6), whole)
    sim.close()
