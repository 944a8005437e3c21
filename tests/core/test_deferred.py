"""Objects that are made when they are first looked at are the same as those made immediately."""

import copy
import pickle
from dataclasses import dataclass, field, replace

import brainsim as bs
from brainsim.core.deferred import defer


@dataclass
class Box:
    """Something with fields that can be written, one with a default."""

    number: int
    items: list = field(default_factory=list)
    default: str = "none"


def later():
    """Return a deferred Box and the list that grows when it is made."""
    made = []

    def make():
        made.append(1)
        return Box(3, [1, 2], "given")

    return defer(Box, make), made


def test_nothing_is_made_until_it_is_looked_at():
    box, made = later()
    assert isinstance(box, Box)
    assert made == []
    assert (box.number, box.items, box.default) == (3, [1, 2], "given")
    assert made == [1]
    assert type(box) is Box


def test_whatever_looks_first():
    looks = (repr, copy.copy, copy.deepcopy, lambda box: pickle.loads(pickle.dumps(box)), replace, vars)
    for look in looks:
        box, made = later()
        look(box)
        assert made == [1]
        assert box == Box(3, [1, 2], "given")
    for duplicate in looks[1:5]:
        box, _ = later()
        assert duplicate(box) == Box(3, [1, 2], "given")


def test_a_field_that_is_written_first_stays():
    box, _ = later()
    box.number = 7
    assert box == Box(7, [1, 2], "given")


def test_pieces_of_a_run_are_results():
    cells = bs.Population(3, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(500.0))
    sim = bs.Simulation(net, seed=1)
    pieces = [sim.run(1.0) for _ in range(30)]
    assert all(isinstance(piece, bs.Result) for piece in pieces)
    whole = sim.result()
    assert sum(len(piece.spikes["cells"]) for piece in pieces) == len(whole.spikes["cells"]) == 9
    assert [piece.stop for piece in pieces] == [float(k + 1) for k in range(30)]
    assert pieces[9].state.step == 100
    assert "Result: 1 ms from 4 ms" in repr(pieces[4])
