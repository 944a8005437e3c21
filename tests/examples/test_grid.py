"""The rat in the grid: actor and critic in spikes find the shortest way, and tables do."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import grid as example
from brainsim.examples._figures import grid as figures

pytestmark = pytest.mark.thorough


def ran(seed, duration):
    """Return the result of the example."""
    network, traces = example.build(seed=seed)
    sim = bs.Simulation(network, dt=example.DT, seed=seed + 1, record=traces, threads=1)
    example.steer(sim, duration)
    return sim.result()


@pytest.mark.slow
def test_the_way_becomes_the_shortest_in_five_seeds():
    late = []
    for seed in range(1, 6):
        moves = figures.moves_of(figures.path_of(ran(seed, example.DURATION).spikes["places"]))
        late.append(figures.last_ten(moves))
        assert np.mean(moves[:3]) > 1.5 * late[-1]
    print(f"{np.mean(late):.2f} +- {np.std(late):.2f} moves in the last ten trials; at least {figures.SHORTEST}")
    assert np.mean(late) <= figures.SHORTEST + 1.5


def test_tables_find_the_shortest_way():
    moves = np.array([figures.tables(150, seed)[0] for seed in range(10)])
    assert moves[:, :3].mean() > 30
    assert np.median(moves[:, -10:]) <= figures.SHORTEST + 1.5
    values = figures.tables(300, 1)[1]
    next_to_it, first = (example.FOOD - 1, example.FOOD - example.SIDE), values[example.START]
    assert max(values[list(next_to_it)]) == pytest.approx(1.0, abs=0.01)  # the food is worth 1
    assert first == pytest.approx(example.DISCOUNT ** (figures.SHORTEST - 1), abs=0.1)


def test_moves_stop_at_the_walls():
    for square in range(example.SIDE**2):
        for move, (down, right) in enumerate(example.MOVES):
            row, column = divmod(square, example.SIDE)
            inside = 0 <= row + down < example.SIDE and 0 <= column + right < example.SIDE
            assert example.after(square, move) == (square + example.SIDE * down + right if inside else square)


@pytest.fixture(scope="module")
def short():
    return ran(seed=1, duration=3_000.0)


def test_the_path_in_the_picture_is_the_one_that_was_taken(short):
    path = figures.path_of(short.spikes["places"])
    assert path.size == 15
    assert path[0] == example.START
    for before, after in zip(path, path[1:], strict=False):
        assert after in [example.after(before, move) for move in range(4)] or before == example.FOOD
    counts = short.spikes["actor"]
    for k in range(14):  # the pool with the most spikes decides
        shown = (counts.times > 200.0 * k + example.LOOK) & (counts.times <= 200.0 * (k + 1))
        pools = np.bincount(counts.ids[shown] // example.POOL, minlength=4)
        assert path[k + 1] == example.after(path[k], pools.argmax())


def test_dopamine_changes_only_the_synapses_of_squares_that_were_visited(short):
    path = figures.path_of(short.spikes["places"])
    weights = short.weights["values"].values
    changed = np.flatnonzero(np.abs(weights[-1] - weights[0]) > 0.0)
    assert changed.size > 0
    assert set(changed) <= set(path[:-1])
