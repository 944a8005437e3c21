"""The figure of an actor and a critic in spikes compared with tables."""

import numpy as np

from brainsim.core.contexts import within
from brainsim.examples import grid
from brainsim.plot.elements.page_layout import side_by_side
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, style

SHORTEST = 2 * (grid.SIDE - 1)  # moves
STEP = grid.LOOK + grid.ACT  # ms
RATE, LONGEST = 0.4, 2000  # of learning in tables; moves in a trial
COPIES = 50  # runs of the tables


def path_of(spikes):
    """Return the squares that the rat visited, one for each step, from the spikes of the place cells as it looked around."""
    steps = np.floor(spikes.times / STEP + 1e-9).astype(int)
    looking = spikes.times - steps * STEP <= grid.LOOK + 1e-9
    count = int(np.floor(spikes.duration / STEP + 1e-9))
    seen = np.zeros((count, grid.SIDE**2), int)
    valid = looking & (steps < count)
    np.add.at(seen, (steps[valid], spikes.ids[valid] // grid.PLACE), 1)
    return seen.argmax(axis=1)


def moves_of(path):
    ends = np.flatnonzero(path == grid.FOOD)
    return np.diff(np.concatenate([[-1], ends])) - 1


def tables(trials, seed):
    """Return the moves of each trial, the values and the preferences of an actor and a critic in tables."""
    rng, values, wishes = np.random.default_rng(seed), np.zeros(grid.SIDE**2), np.zeros((grid.SIDE**2, len(grid.MOVES)))
    moves = []
    for _ in range(trials):
        square, count = grid.START, 0
        while square != grid.FOOD and count < LONGEST:
            shares = np.exp(wishes[square] - wishes[square].max())
            shares /= shares.sum()
            move = rng.choice(len(grid.MOVES), p=shares)
            new, count = grid.after(square, move), count + 1
            error = (1.0 if new == grid.FOOD else grid.DISCOUNT * values[new]) - values[square]
            values[square] += RATE * error
            wishes[square, move] += 5.0 * RATE * error * (1.0 - shares[move])
            square = new
        moves.append(count)
    return np.array(moves), values, wishes


def last_ten(moves):
    return float(np.mean(moves[-10:])) if len(moves) else np.nan


def critic_values(result, path):
    """Return what the critic said of each square when it was last seen, NaN for squares never visited."""
    spikes, values = result.spikes["critic"], np.full(grid.SIDE**2, np.nan)
    steps = np.floor(spikes.times / STEP + 1e-9).astype(int)
    looking = spikes.times - steps * STEP <= grid.LOOK + 1e-9
    counts = np.bincount(steps[looking & (steps < path.size)], minlength=path.size)
    said = (1000.0 * counts / (grid.POOL * grid.LOOK) - grid.NOTHING) / (grid.FOOD_NOW - grid.NOTHING)
    for square in range(grid.SIDE**2):
        visits = said[path == square]
        if visits.size:
            values[square] = visits[-10:].mean()
    return values


@within(style)
def grid_figure(result, window):
    path = path_of(result.spikes["places"])
    moves, seed = moves_of(path), result.stats["network_seed"]
    trials = max(len(moves), 1)
    runs = [tables(trials, seed + k) for k in range(COPIES)]
    of_tables = np.array([run[0] for run in runs])
    figure, (left, brain, both) = side_by_side(
        "tables", "actor and critic in spikes", caption=_caption(moves, of_tables), heights=(1.2, 0.8)
    )
    _squares(left[0], runs[0][1], runs[0][2].argmax(axis=1), "Reds", "values and preferred moves")
    _squares(brain[0], critic_values(result, path), _wishes(path), "Blues", "rate of the critic, usual moves")
    _steps(left[1], of_tables[0], MACHINE)
    _actor(brain[1], result, path)
    _curves(both[0], of_tables, moves)
    _late(both[1], of_tables, moves)
    return figure


def _caption(moves, of_tables):
    return (
        f"The way to the food takes at least {SHORTEST} moves. In {len(moves)} trials the rat with spiking cells comes to "
        f"{last_ten(moves):.1f} moves (mean of the last ten trials), the tables, whose learning rate was not tuned, to "
        f"{np.mean(of_tables[:, -10:]):.1f} (mean of {COPIES} runs). Both learn from the same error, what a square promises "
        "less what the last one had promised: tables by arithmetic, cells by dopamine that changes the synapses of those "
        "that have just fired."
    )


def _wishes(path):
    """Return the most frequent of the last moves from each square, -1 if there is none."""
    usual = np.full(grid.SIDE**2, -1)
    for square in range(grid.SIDE**2):
        seen = np.flatnonzero(path[:-1] == square)[-10:]
        nexts = [path[k + 1] for k in seen if path[k + 1] != square]
        if nexts and square != grid.FOOD:
            target = np.bincount(nexts).argmax()
            usual[square] = next(m for m in range(len(grid.MOVES)) if grid.after(square, m) == target)
    return usual


def _squares(ax, values, moves, colours, title):
    ax.imshow(values.reshape(grid.SIDE, grid.SIDE), cmap=colours, vmin=0.0, vmax=1.3, interpolation="nearest")
    for square, move in enumerate(moves):
        row, column = divmod(square, grid.SIDE)
        if square == grid.FOOD:
            ax.annotate("food", (column, row), ha="center", va="center", fontsize=9)
        elif move >= 0 and np.isfinite(values[square]) and values[square] != 0.0:
            down, right = grid.MOVES[move]
            x, y, look = column - 0.25 * right, row - 0.25 * down, {"color": "#444444", "linewidth": 0.8}
            ax.arrow(x, y, 0.35 * right, 0.35 * down, head_width=0.16, **look)
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()


def _steps(ax, moves, colour):
    ax.bar(np.arange(1, len(moves) + 1), moves, color=colour, width=0.8)
    ax.set(xlabel="trial", ylabel="moves", title="one run of the tables")


def _actor(ax, result, path):
    spikes, ends = result.spikes["actor"], np.flatnonzero(path == grid.FOOD)
    begin = (ends[-2] + 1 if len(ends) > 1 else 0) * STEP
    stop = min((ends[-1] + 1 if len(ends) else path.size) * STEP, begin + 12 * STEP)
    shown = (spikes.times > begin) & (spikes.times <= stop)
    ax.plot(spikes.times[shown] - begin, spikes.ids[shown], ".", color=NEURON, markersize=1.5)
    ax.set_yticks((np.arange(len(grid.MOVES)) + 0.5) * grid.POOL, ["right", "down", "left", "up"])
    for edge in range(1, len(grid.MOVES)):
        ax.axhline(edge * grid.POOL, color=FAINT, linewidth=0.8)
    ax.set(xlabel="time [ms]", ylim=(0, len(grid.MOVES) * grid.POOL), title="the actor in the last trial")


def _curves(ax, of_tables, moves):
    trials = np.arange(1, of_tables.shape[1] + 1)
    ax.plot(trials, of_tables.mean(axis=0), color=MACHINE, label=f"tables, mean of {COPIES}")
    ax.plot(np.arange(1, len(moves) + 1), moves, "o-", color=NEURON, markersize=3, label="spikes")
    ax.axhline(SHORTEST, color=FAINT, linestyle="--", label="shortest")
    ax.set_yscale("log")
    ax.set_yticks([8, 16, 32, 64, 128], [8, 16, 32, 64, 128])
    ax.minorticks_off()
    ax.set(xlabel="trial", ylabel="moves")
    ax.legend(loc="upper right", fontsize=8)


def _late(ax, of_tables, moves):
    values = [float(np.mean(of_tables[:, -10:])), last_ten(moves), SHORTEST]
    ax.barh(["tables", "spikes", "shortest"], values, color=[MACHINE, NEURON, FAINT], height=0.6)
    for row, value in enumerate(values):
        if np.isfinite(value):
            ax.annotate(f"{value:.1f}", (value, row), (3, 0), textcoords="offset points", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel="moves in the last ten trials")
