"""Populations and views: what they hold and what they are called."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs

N = 100
CELLS = bs.Population(N, bs.LIF(), name="cells")
OTHER = bs.Population(10, bs.LIF(), name="other")
MASK = np.arange(N) % 7 == 0


def test_a_population_is_the_view_of_its_cells():
    assert (CELLS.n, len(CELLS), CELLS.name, CELLS.population) == (N, N, "cells", CELLS)
    assert CELLS.ids.tolist() == list(range(N))
    assert CELLS.contiguous == (0, N)
    assert isinstance(CELLS, bs.View)
    assert repr(CELLS) == "Population('cells', 100 LIF)"
    assert CELLS.initial == {}


def test_the_name_of_the_model_is_the_default():
    assert bs.Population(3, bs.LIF()).name == "lif"
    assert bs.Population(3, bs.Poisson(rate=5.0)).name == "poisson"


@pytest.mark.parametrize(
    ("key", "ids", "label"),
    [
        (3, [3], "cells[3]"),
        (-1, [99], "cells[99]"),
        (np.int32(4), [4], "cells[4]"),
        (slice(None, 10), range(10), "cells[0:10]"),
        (slice(-3, None), [97, 98, 99], "cells[97:100]"),
        (slice(None), range(N), "cells"),
        (slice(5, 100, 2), range(5, 100, 2), "cells[5:100:2]"),
        (slice(None, None, -1), range(99, -1, -1), "cells[100 cells]"),
        (MASK, range(0, N, 7), "cells[0:100:7]"),
        ([1, 2, 3], [1, 2, 3], "cells[1:4]"),
        ([7, 3, -1], [7, 3, 99], "cells[3 cells]"),
        (np.array([7, 3], dtype=np.uint8), [7, 3], "cells[2 cells]"),
        (range(4), [0, 1, 2, 3], "cells[0:4]"),
    ],
)
def test_views(key, ids, label):
    view = CELLS[key]
    assert view.ids.tolist() == list(ids)
    assert view.ids.dtype == np.int64
    assert not view.ids.flags.writeable
    assert view.n == len(view) == len(ids)
    assert view.name == label
    assert view.population is CELLS


@pytest.mark.parametrize(
    ("view", "stretch"),
    [
        (CELLS[10:20], (10, 20)),
        (CELLS[4], (4, 5)),
        (CELLS[:10] + CELLS[10:12], (0, 12)),
        (CELLS[10:20:2], None),
        (CELLS[[2, 1]], None),
        (CELLS + OTHER, None),
    ],
)
def test_contiguous(view, stretch):
    assert view.contiguous == stretch


def test_a_view_of_a_view_counts_within_it():
    inner = CELLS[50:][:5]
    assert inner.ids.tolist() == [50, 51, 52, 53, 54]
    assert inner.name == "cells[50:55]"
    assert CELLS[10:20][-1].ids.tolist() == [19]


def test_named():
    exc = CELLS[:80].named("exc")
    assert (exc.name, exc.n) == ("exc", 80)
    assert exc[:5].name == "exc[0:5]"
    assert exc[:].name == "exc"
    assert CELLS[50:].named("inh")[:5].ids.tolist() == [50, 51, 52, 53, 54]


def test_is_named():
    exc = CELLS[:80].named("exc")
    assert (CELLS.is_named, exc.is_named) == (True, True)
    for view in (CELLS[:80], exc[:5], exc[:], exc + CELLS[80:], CELLS[:]):
        assert not view.is_named


def test_equal_by_cells():
    assert CELLS[:] == CELLS == CELLS.named("all")
    assert CELLS[:10] == CELLS[range(10)] == CELLS[:5] + CELLS[5:10]
    assert len({CELLS[:10], CELLS[range(10)].named("x"), CELLS[:11], CELLS[1:11]}) == 3
    for other in (CELLS[:11], CELLS[1:11], OTHER, CELLS[9::-1], CELLS[:9] + OTHER[0], 3):
        assert CELLS[:10] != other
    assert bs.Population(10, bs.LIF(), name="other") != OTHER


def test_contains():
    assert CELLS[1] in CELLS
    assert CELLS[5:8] in CELLS[:10]
    assert CELLS[5:12] not in CELLS[:10]
    assert OTHER[1] not in CELLS
    assert OTHER + CELLS[3] in CELLS[:5] + OTHER


def test_sum():
    both = sum([CELLS, OTHER])
    assert [p.name for p, _ in both.parts] == ["cells", "other"]
    assert sum([OTHER]) is OTHER
    for other in (1, 0.0, False, "0"):
        with pytest.raises(TypeError):
            other + OTHER


def test_joined_views():
    both = CELLS[90:] + OTHER
    assert both.name == "cells[90:100]+other"
    assert both.n == 20
    assert [(p.name, ids.size) for p, ids in both.parts] == [("cells", 10), ("other", 10)]
    cut = both[8:12]
    assert [(p.name, ids.tolist()) for p, ids in cut.parts] == [("cells", [98, 99]), ("other", [0, 1])]
    assert cut.name == "(cells[90:100]+other)[8:12]"
    mixed = both[[19, 0, 1, 10]]
    assert [(p.name, ids.tolist()) for p, ids in mixed.parts] == [("other", [9]), ("cells", [90, 91]), ("other", [0])]


def test_cells_in_common():
    assert CELLS[:10].in_common(CELLS[5:20]) == 5
    assert CELLS.in_common(OTHER) == 0
    assert (CELLS + OTHER).in_common(OTHER[:4] + CELLS[0]) == 5


def test_initial_values():
    per_cell = np.arange(3.0)
    population = bs.Population(3, bs.LIF(), initial={"v": per_cell})
    per_cell[0] = 7.0
    assert population.initial["v"].tolist() == [0.0, 1.0, 2.0]
    population.initial.clear()
    assert list(population.initial) == ["v"]
    assert bs.Population(3, bs.LIF(), initial={"v": bs.Uniform(0, 1)}).initial == {"v": bs.Uniform(0, 1)}


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_are_whole(again):
    population, view = again((CELLS, CELLS[:3]))
    assert view.population is population
    assert population.parts[0][0] is population
    assert (view.name, view.ids.tolist()) == ("cells[0:3]", [0, 1, 2])


def test_spike_trains():
    trains = bs.SpikeTrains(times=[1, 2, 2], ids=[0.0, 2.0, 1.0])
    assert (trains.times.dtype, trains.ids.dtype) == (np.float64, np.int64)
    assert not trains.times.flags.writeable
    assert not trains.ids.flags.writeable
    assert bs.Population(3, trains).name == "spiketrains"
    assert repr(trains) == "SpikeTrains(3 spikes)"
    assert bs.SpikeTrains([], []).times.size == 0


def test_spike_trains_of_recorded_spikes():
    spikes = bs.Spikes([3.0, 1.0], [0, 2], n=3, duration=10.0, name="p")
    trains = bs.SpikeTrains(spikes)
    assert (trains.times.tolist(), trains.ids.tolist()) == ([1.0, 3.0], [2, 0])
    assert bs.Population(3, trains, name="again").n == 3


@pytest.mark.parametrize(
    "given",
    [
        [[3.0, 1.0], [], [2.0, 2.0, 1.0]],
        ([3.0, 1.0], np.array([]), np.array([2.0, 2.0, 1.0])),
        {0: [3.0, 1.0], 2: [2.0, 2.0, 1.0]},
        {2: [2.0, 1.0, 2.0], 0: (1.0, 3.0)},
        np.array([[3.0, 1.0], [], [2.0, 2.0, 1.0]], dtype=object),
    ],
)
def test_spike_trains_of_a_list_for_each_cell(given):
    trains = bs.SpikeTrains(given)
    assert trains.times.tolist() == [1.0, 1.0, 2.0, 2.0, 3.0]
    assert sorted(zip(trains.times.tolist(), trains.ids.tolist(), strict=True)) == [
        (1.0, 0),
        (1.0, 2),
        (2.0, 2),
        (2.0, 2),
        (3.0, 0),
    ]
    net = bs.Network(seed=1)
    net.add(bs.Population(3, trains, name="input"))
    assert bs.simulate(net, 5.0, seed=1, threads=1).spikes["input"].of(2).times.tolist() == pytest.approx([1.0, 2.0, 2.0])


def test_spike_trains_of_cells_that_are_silent():
    for given in ([[], [], []], {}, np.empty((3, 0))):
        assert bs.SpikeTrains(given).times.size == 0
    assert bs.SpikeTrains(np.array([[1.0, 2.0], [1.5, 2.5]])).ids.tolist() == [0, 1, 0, 1]


def test_variables_of_a_synapse_have_initial_values():
    """Conductances that are there at the start: named as in recordings."""
    fast, slow = bs.ExponentialConductance(tau=5.0, name="ampa"), bs.ExponentialConductance(tau=10.0)
    initial = {"v": -60.0, "ampa.g": bs.Uniform(1.0, 2.0), "exponentialconductance.g": [1.0, 2.0, 3.0]}
    cells, net = bs.Population(3, bs.LI(), name="cells", initial=initial), bs.Network(seed=1)
    for synapse in (fast, slow):
        net.stimulate(cells, bs.PoissonInput(rate=0.0, weight=1.0, synapse=synapse))
    start = bs.Simulation(net, dt=0.1, seed=1, threads=1)
    drawn = start.state["cells"]["ampa.g"][:].copy()
    assert np.all((drawn >= 1.0) & (drawn < 2.0))
    assert len(set(drawn)) == 3
    np.testing.assert_array_equal(start.state["cells"]["exponentialconductance.g"][:], [1.0, 2.0, 3.0])
    start.run(5.0)
    np.testing.assert_allclose(start.state["cells"]["ampa.g"][:], drawn * np.exp(-1.0), rtol=1e-12)
    for wrong, hint in (("ampa.h", "did you mean 'ampa.g'"), ("gaba.g", "no variable 'gaba.g'")):
        other, net = bs.Population(3, bs.LI(), name="cells", initial={wrong: 1.0}), bs.Network(seed=1)
        net.stimulate(other, bs.PoissonInput(rate=0.0, weight=1.0, synapse=fast))
        with pytest.raises(KeyError, match=f"Population.initial: .*{hint}"):
            bs.Simulation(net, seed=1)
    with pytest.raises(ValueError, match=r"initial\['ampa.g'\]: must be one number or an array of shape \(3,\)"):
        bs.Population(3, bs.LI(), initial={"ampa.g": [1.0, 2.0]})
