"""Injected currents: summed for each cell whenever one of them changes; those that change all the time, in each step.

The sum of currents that are constant or piecewise constant is kept. If there are others (texts, tables, noise), it is kept
apart, and each step starts from it; noise is added by an operator of its own (`noise`).
"""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.signals import Observed, signal_of, steady_value
from brainsim.engine.operators.windows import FOREVER, cells_here, window
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.changing import is_timed
from brainsim.models.inputs import CurrentInput


class Currents(Operator):
    """The currents into the cells of a partition; the kernels read their sum."""

    depends_on = "inputs"
    inputs = (CurrentInput,)

    def __init__(self, pieces, over_time=(), signals=()):
        super().__init__([(Phase.BEFORE_UPDATE, 0, change_currents, pieces), *over_time], signals)
        self._pieces = pieces

    @classmethod
    def build(cls, partition):
        """Return the operator, None if no current is injected."""
        layout = partition.layout
        inputs = [stimulus for stimulus in layout.inputs if stimulus.input.is_current]
        if not inputs:
            return None
        own = cls.own_inputs(layout)
        steady = [stimulus for stimulus in own if steady_value(layout, stimulus, "amplitude") is not None]
        changing = [stimulus for stimulus in inputs if stimulus not in steady]
        current = partition.shared.current
        if not changing:
            return cls(_of_pieces(partition, steady, current))
        # cells without a changing current have theirs from the kept sum as well
        kept = np.zeros(layout.n_cells)
        cells = np.unique(np.concatenate([cells_here(partition, stimulus)[1] for stimulus in inputs]))
        start = Context(cells=cells.astype(np.int32), kept=kept, current=current)
        calls, signals = [(Phase.BEFORE_UPDATE, 0, start_from_kept, start)], []
        for stimulus in (stimulus for stimulus in own if stimulus not in steady):
            mine, gids = cells_here(partition, stimulus)
            signal = signal_of(layout, stimulus, "amplitude", mine, window=window(stimulus, layout.dt))
            context = Context(values=signal.values, cells=gids, current=current)
            calls += [signal.call(Phase.BEFORE_UPDATE), (Phase.BEFORE_UPDATE, 0, add_current, context)]
            signals.append(signal)
        return cls(_of_pieces(partition, steady, kept), calls, signals)

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of what belongs to each cell, and of the sums that are kept if a current always changes."""
        inputs = [stimulus for stimulus in layout.inputs if stimulus.input.is_current]
        own = cls.own_inputs(layout)
        changing = [s for s in inputs if s not in own or is_timed(s.input.amplitude)]
        return sum(20.0 * s.target.n for s in inputs) + 8.0 * layout.n_cells * layout.partitions * bool(changing)

    @classmethod
    def observed(cls, partition, stimulus):
        """Return the amplitude of a current that is given piece by piece; None for any other, whose field is observed."""
        return None if stimulus.input.times is None else _stairs(partition, stimulus)

    def reset(self, step):
        """Compute the currents again at the next step."""
        inputs = self._pieces["inputs"]
        inputs["piece"] = inputs["start"] - 1
        self._pieces["next"] = 0


def _of_pieces(partition, inputs, current):
    """Return the record of currents that are constant or piecewise constant, which are summed into `current`."""
    steps, cells, columns, amplitudes, rows = [], [], [], [], []
    for stimulus in inputs:
        changes, table = pieces_of(partition.layout, stimulus)
        mine, gids = cells_here(partition, stimulus)
        n_steps, n_cells, n_amplitudes = (sum(a.size for a in part) for part in (steps, cells, amplitudes))
        rows.append(
            (n_steps, n_steps + changes.size, n_cells, n_cells + mine.size, n_amplitudes, table.shape[1], n_steps - 1)
        )
        steps.append(changes)
        cells.append(gids)
        columns.append(mine if table.shape[1] > 1 else np.zeros(mine.size))
        amplitudes.append(table.ravel())
    none = np.empty(0)
    return Context(
        inputs=np.array(rows, INPUT),
        steps=np.concatenate([none, *steps]).astype(np.int64),
        cells=np.concatenate([none, *cells]).astype(np.int32),
        columns=np.concatenate([none, *columns]).astype(np.int32),
        amplitudes=np.concatenate([none, *amplitudes]).astype(np.float64),
        current=current,
        next=0,  # the next step at which a current changes
    )


# an input's pieces are steps[start:stop], its cells cells[first:last]; `amplitude` is the offset of its table, `columns` the
# width of the table, `piece` the current piece, kept by `change_currents`
INPUT = np.dtype([(name, "i8") for name in ("start", "stop", "first", "last", "amplitude", "columns", "piece")])


def pieces_of(layout, stimulus):
    """Return (the step at which each piece of a current begins, its amplitudes as a table of pieces and columns)."""
    source, dt = stimulus.input, layout.dt
    if source.times is None:
        steps, table = np.zeros(1, np.int64), np.atleast_2d(steady_value(layout, stimulus, "amplitude"))
    else:
        steps = np.atleast_1d(whole_steps(source.times, dt, f"{stimulus.name}.times")).astype(np.int64)
        table = np.asarray(source.amplitude, np.float64).reshape(len(steps), -1)
    if source.start is None and source.stop is None:
        return steps, table
    start, stop = window(stimulus, dt)
    # nothing before the start; there, what holds by then; nothing from the stop on
    first, last = np.searchsorted(steps, start, side="right"), np.searchsorted(steps, stop)
    none = np.zeros((1, table.shape[1]))
    before = table[first - 1 : first] if first else none
    steps = np.concatenate([[start], steps[first:last], [min(stop, FOREVER)]])
    return steps.astype(np.int64), np.concatenate([before, table[first:last], none])


def _stairs(partition, stimulus):
    """Return what is observed of a current that is given piece by piece."""
    (cells, _), (steps, table) = cells_here(partition, stimulus), pieces_of(partition.layout, stimulus)
    columns = cells if table.shape[1] > 1 else np.zeros(1)
    context = Context(
        values=np.zeros(columns.size),
        steps=steps,
        table=np.ascontiguousarray(table, np.float64).reshape(-1),
        columns=columns.astype(np.int64),
        width=table.shape[1],
    )
    places = np.arange(cells.size) if table.shape[1] > 1 else np.zeros(cells.size, np.int64)
    return Observed(cells, [(Phase.SAMPLE, 0, climb, context)], context["values"], places)


@by_address
def climb(stairs_, progress_):
    """Set the values of the piece in which the step lies that starts now."""
    c, p = record_at(stairs_), record_at(progress_)
    values, steps, table, columns = array_of(c.values), array_of(c.steps), array_of(c.table), array_of(c.columns)
    piece = np.searchsorted(steps, p.step, side="right") - 1
    for k in range(values.size):
        values[k] = table[piece * c.width + columns[k]] if piece >= 0 else 0.0
    return 0


@by_address
def start_from_kept(sums_, progress_):
    """Start the sum of a step from the currents that are kept."""
    c = record_at(sums_)
    cells, kept, current = array_of(c.cells), array_of(c.kept), array_of(c.current)
    for e in range(cells.size):
        current[cells[e]] = kept[cells[e]]
    return 0


@by_address
def add_current(input_, progress_):
    """Add a current that changes in time: one value for all cells, or one for each."""
    c = record_at(input_)
    values, cells, current = array_of(c.values), array_of(c.cells), array_of(c.current)
    if values.size == cells.size:
        for e in range(cells.size):
            current[cells[e]] += values[e]
    else:
        for e in range(cells.size):
            current[cells[e]] += values[0]
    return 0


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
    following = np.int64(FOREVER)
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
