"""Injected currents: summed for each cell whenever one of them changes."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.program import Operator, Phase
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.inputs import CurrentInput

NEVER = 2**62  # a step that is never reached


class Currents(Operator):
    """The currents into the cells of a partition; the kernels read their sum."""

    depends_on = "inputs"

    def __init__(self, context):
        self._context = context

    @classmethod
    def build(cls, partition):
        """Return the operator, None if the network has no `CurrentInput`."""
        layout = partition.layout
        inputs = [stimulus for stimulus in layout.inputs if isinstance(stimulus.input, CurrentInput)]
        if not inputs:
            return None
        here = layout.owned(partition.number)
        steps, cells, columns, amplitudes, rows = [], [], [], [], []
        for stimulus in inputs:
            changes, table = _pieces(stimulus, layout.dt)
            gids = layout.global_indices(stimulus.target)
            mine = np.flatnonzero(np.logical_or.reduce([(gids >= start) & (gids < stop) for start, stop in here]))
            n_steps, n_cells, n_amplitudes = (sum(a.size for a in part) for part in (steps, cells, amplitudes))
            rows.append(
                (n_steps, n_steps + changes.size, n_cells, n_cells + mine.size, n_amplitudes, table.shape[1], n_steps - 1)
            )
            steps.append(changes)
            cells.append(gids[mine])
            columns.append(mine if table.shape[1] > 1 else np.zeros(mine.size))
            amplitudes.append(table.ravel())
        return cls(
            Context(
                inputs=np.array(rows, INPUT),
                steps=np.concatenate(steps).astype(np.int64),
                cells=np.concatenate(cells).astype(np.int32),
                columns=np.concatenate(columns).astype(np.int32),
                amplitudes=np.concatenate(amplitudes).astype(np.float64),
                current=partition.shared.current,
                next=0,  # the next step at which a current changes
            )
        )

    def calls(self):
        """Return the call that changes the currents before the cells move."""
        return [(Phase.BEFORE_UPDATE, 0, change_currents, self._context)]

    def reset(self, step):
        """Compute the currents again at the next step."""
        inputs = self._context["inputs"]
        inputs["piece"] = inputs["start"] - 1
        self._context["next"] = 0


# an input's pieces are steps[start:stop], its cells cells[first:last]; `amplitude` is the offset of its table, `columns` the
# width of the table, `piece` the current piece, kept by `change_currents`
INPUT = np.dtype([(name, "i8") for name in ("start", "stop", "first", "last", "amplitude", "columns", "piece")])


def _pieces(stimulus, dt):
    """Return (the step at which each piece of a current begins, its amplitudes as a table of pieces and columns)."""
    source = stimulus.input
    if source.times is None:
        return np.zeros(1, np.int64), np.atleast_2d(source.amplitude)
    start = np.atleast_1d(whole_steps(source.times, dt, f"{stimulus.name}.times")).astype(np.int64)
    return start, np.asarray(source.amplitude, np.float64).reshape(len(start), -1)


@by_address
def change_currents(currents_, progress_):
    """Write the currents from this step on, if one of them changes now."""
    c, p = record_at(currents_), record_at(progress_)
    step = p.step
    if step < c.next:
        return 0
    inputs, steps, cells = array_of(c.inputs), array_of(c.steps), array_of(c.cells)
    columns, amplitudes, current = array_of(c.columns), array_of(c.amplitudes), array_of(c.current)
    for e in range(cells.size):
        current[cells[e]] = 0.0
    following = np.int64(NEVER)
    for i in range(inputs.size):
        source = inputs[i]
        piece = source.piece
        while piece + 1 < source.stop and steps[piece + 1] <= step:
            piece += 1
        source.piece = piece
        if piece + 1 < source.stop:
            following = min(following, steps[piece + 1])
        if piece >= source.start:
            row = source.amplitude + (piece - source.start) * source.columns
            for e in range(source.first, source.last):
                current[cells[e]] += amplitudes[row + columns[e]]
    c.next = following
    return 0
