"""Values of inputs over time in a partition: constant, from a table, or computed from an expression.

An expression is computed for the middle of each step and holds over the step: its mean over the step is right up to terms
of dt**2, and an edge such as ``where(t < 100, 0, 20)`` that lies on the grid is where it is written. A TimedArray is read
at the start of the step.
"""

from dataclasses import dataclass

import numpy as np

from brainsim.build.constants import MAX_STEPS
from brainsim.engine.loop.faults import FaultNumber, Watch, noted
from brainsim.engine.loop.program import Phase
from brainsim.engine.operators.signal_text import write_signal
from brainsim.engine.operators.windows import FOREVER, cells_here, is_on, join_parts, step_of, window
from brainsim.equations.expressions import language as lang
from brainsim.equations.over_time import parse_signal
from brainsim.jit.decorators import load_source
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.changing import PLACES, changes_in_time, is_timed
from brainsim.models.timed import TimedArray


class Signal:
    """A value of an input for some cells.

    The arguments, of which those after `dt` are keywords:

    - `value`: a number, array, TimedArray or text; `label` is what it is called in messages.
    - `cells`: the cells, as indices into `value` if it has one number for each.
    - `known`: function, name of a parameter -> its values, a number or an array for `cells`.
    - `factor`: what the values are multiplied by.
    - `clipped`: whether values below 0 count as 0.
    - `window`: the steps (start, stop) in which it acts; its values are 0 in all others.
    - `each`: whether there is a number for each cell even if all are equal.
    - `ahead`: whether it is read in a phase in which the step that is complete is the next one.
    - `name`, `conditions`: what must hold of the value, and what it is called there.

    `values` are those in the step that is being made: one, or one for each cell. `shared` says that one value is for all
    cells of the target, however many of them are in this partition.
    """

    def __init__(self, value, label, cells, known, dt, **options):
        self.value, self.label, self.cells, self._known, self._dt = value, label, cells, known, dt
        self._factor, self._clipped = options.get("factor", 1.0), options.get("clipped", False)
        self._name, self._conditions = options.get("name", ""), options.get("conditions", ())
        start, stop = options.get("window", (0, FOREVER))
        self._fields = {"start": start, "stop": stop, "on": 0, "ahead": int(options.get("ahead", False))}
        each = options.get("each", False)
        if isinstance(value, TimedArray):
            self.function, self.context = look_up, self._table(each)
            self.shared = not (each or value.per_cell)
        elif isinstance(value, str):
            self.context = self._computed(each)
        else:
            numbers = np.broadcast_to(self._factor * np.asarray(value, np.float64), _size(value, cells))
            numbers = numbers[cells] if np.ndim(value) else np.full(cells.size if each else 1, float(self._factor * value))
            self.function, self.shared = hold, not (each or np.ndim(value))
            self.context = Context(values=np.zeros(numbers.size), numbers=np.ascontiguousarray(numbers), **self._fields)
        self.values = self.context["values"]

    @property
    def places(self):
        """Index in `values` of each cell's value."""
        return np.zeros(self.cells.size, np.int32) if self.values.size == 1 else np.arange(self.cells.size, dtype=np.int32)

    def call(self, phase):
        """Return the call that brings `values` up to date."""
        return phase, 0, self.function, self.context

    def check(self):
        """Return the Fault of the first value that was not allowed, None if all were; and forget it."""
        if not isinstance(self.value, str) or self.context["bad"] < 0:
            return None
        fault = noted(self.watched())
        self.context["bad"] = -1
        return fault

    def watched(self):
        """Return how Python and a page notice a value that is not allowed."""
        if not isinstance(self.value, str):
            return []
        value, cell = FaultNumber("wrong"), FaultNumber("cell", table=self.cells)
        t = FaultNumber("bad", self._dt, 0.5 * self._dt)
        one = self.values.size == 1
        pieces = (" (got ", value, *([] if one else [" for cell ", cell]), " at t = ", t, f" ms from {self.value!r})")
        when, where = FaultNumber("bad", 2, 1), (FaultNumber("cell", 0, -1) if one else cell,)
        rules = f"{self.label}: {' and '.join(self._conditions)} must hold"
        return [
            Watch(self.context, "bad", (f"{self.label}: must be finite", *pieces), when, where, wrong=value),
            Watch(self.context, "bad", (rules, *pieces), when, where),
        ]

    def steady(self):
        """Return the values of a signal that does not change: a number, or one for each of the cells."""
        if isinstance(self.value, TimedArray):
            row = self.value.values[0]
            return row[self.cells] if np.ndim(row) else float(row)
        values = self._at(0.5 * self._dt, slice(None))
        if not self._clipped:
            return values
        if np.max(values) < 0.0:
            raise ValueError(f"{self.label}: must be >= 0 (got {np.max(values):g} at most, from {self.value!r})")
        return np.maximum(values, 0.0)

    def _at(self, t, cell):
        """Return the values of an expression at a time, of one cell or of all."""
        tree = parse_signal(self.value, self.label)
        known = {"t": t, "dt": self._dt, "pi": np.pi}
        for name in lang.names_in(tree) - known.keys():
            values = self._known(name)
            known[name] = values[cell] if np.ndim(values) else values
        with np.errstate(all="ignore"):
            return lang.compute(tree, known)

    def _table(self, each):
        """Return the record of a TimedArray."""
        table = self.value
        steps = min(table.dt / self._dt, MAX_STEPS)
        columns = self.cells if table.per_cell else np.zeros(self.cells.size if each else 1)
        return Context(
            values=np.zeros(columns.size),
            table=np.ascontiguousarray(table.values).reshape(-1),
            columns=columns.astype(np.int64),
            width=table.values.shape[1] if table.per_cell else 1,
            rows=len(table.values),
            steps=float(round(steps)) if abs(steps - round(steps)) < 1e-6 else steps,
            factor=float(self._factor),
            row=-1,
            **self._fields,
        )

    def _computed(self, each):
        """Return the record of an expression, and set the function that computes it."""
        names = lang.names_in(parse_signal(self.value, self.label))
        for condition in self._conditions:
            names |= lang.names_in(lang.parse_expression(condition, self.label)) - {self._name}
        known = {name: self._known(name) for name in sorted(names - {"t", "dt", "pi"})}
        arrays = frozenset(name for name, values in known.items() if np.ndim(values))
        made = write_signal(self.value, self.label, arrays, self._clipped, self._name, self._conditions)
        self.function, self.shared = load_source(made.text).evaluate, not (each or made.arrays)
        scalars = [known[s] if isinstance(s, str) else s for s in made.scalars] or [0.0]
        rows = [np.asarray(known[a], np.float64) for a in made.arrays]
        return Context(
            values=np.zeros(1 if self.shared else self.cells.size),
            scalars=np.array(scalars, np.float64),
            arrays=np.concatenate([*rows, np.zeros(1)]),
            dt=float(self._dt),
            factor=float(self._factor),
            bad=-1,
            cell=0,
            wrong=0.0,
            **self._fields,
        )


def _size(value, cells):
    return np.shape(value) or cells.shape


def signal_of(layout, stimulus, field, cells, **options):
    """Return the Signal of a field of an input for some cells of its target, given by their indices in the view."""
    value, label = getattr(stimulus.input, field), f"{stimulus.name}.{field}"
    options["clipped"] = field in stimulus.input.not_negative
    if conditions := stimulus.input.conditions.get(field):
        options |= {"name": field, "conditions": conditions}
    return Signal(value, label, cells, lambda name: parameter_of(layout, stimulus.target, name, cells), layout.dt, **options)


def steady_value(layout, stimulus, field):
    """Return a value that is the same in all steps, a number or one per cell of the target; None if it changes."""
    value = getattr(stimulus.input, field)
    if changes_in_time(value, f"{stimulus.name}.{field}"):
        return None
    if not is_timed(value):
        return value
    signal = signal_of(layout, stimulus, field, np.arange(stimulus.target.n))
    values = signal.steady()
    if not np.isfinite(values).all():
        raise ValueError(f"{signal.label}: must be finite (got {np.ravel(values)[~np.isfinite(np.ravel(values))][0]})")
    return float(values) if np.ndim(values) == 0 else np.asarray(values, np.float64)


def check_inputs(layout):
    """Raise ValueError if an input that does not change is not allowed, or a table has more values than steps."""
    for stimulus in layout.inputs:
        for field in stimulus.input.over_time:
            value, label = getattr(stimulus.input, field), f"{stimulus.name}.{field}"
            if isinstance(value, TimedArray):
                value.check_step(layout.dt, label)
                value = value.values
            elif isinstance(value, str):
                value = steady_value(layout, stimulus, field)
            if value is not None:
                _check_conditions(value, stimulus.input.conditions.get(field, ()), field, layout.dt, label)


def _check_conditions(value, conditions, field, dt, label):
    for text in conditions:
        if not np.all(held := lang.evaluate(lang.parse_expression(text, label), {field: value, "dt": dt})):
            bad = np.ravel(value)[np.argmin(np.ravel(held))]
            raise ValueError(f"{label}: {text} must hold ({field} = {bad:g}, dt = {dt:g})")


def parameter_of(layout, view, name, cells):
    """Return a parameter of cells of a view, their index ``i`` in it or a position: a number, or an array for `cells`."""
    values = [layout.members[population.name].values.get(name) for population, _ in view.parts]
    if name == "i" and any(value is None for value in values):
        return cells.astype(np.float64)
    if name in PLACES and any(value is None for value in values):
        return view.positions[cells, PLACES.index(name)].astype(np.float64)
    if all(np.ndim(value) == 0 and value == values[0] for value in values):
        return float(values[0])
    return join_parts(view, values)[cells].astype(np.float64)


@dataclass
class Observed:
    """What a recorder needs to sample an input in a partition; what it is, and its unit, are in ``Input.observed``.

    - `cells`: the cells in this partition, as indices in the target of the input.
    - `calls`: calls in the phase SAMPLE that bring `values` up to date before they are read. They give what holds in the
      step that starts at the point; of a clamp, what held the cell in the step that ends there.
    - `values`: float64, where the values are; `places` is the place in it of each of the `cells`.
    """

    cells: np.ndarray
    calls: list[tuple[Phase, int, object, Context]]
    values: np.ndarray
    places: np.ndarray


def of_field(partition, stimulus):
    """Return the Observed of the field that ``Input.observed`` names."""
    layout, given = partition.layout, stimulus.input
    (name, _), kind = given.observed or (None, None), type(given).__name__
    if name not in given.over_time:
        raise NotImplementedError(
            f"{kind}.observed: {name!r} is not a field that may change in time (over_time); give the operator of {kind} a "
            "method observed(partition, stimulus) that returns an Observed"
        )
    cells, _ = cells_here(partition, stimulus)
    limits = window(stimulus, layout.dt)
    signal = signal_of(layout, stimulus, name, cells, window=limits, ahead=True)
    return Observed(cells, [signal.call(Phase.SAMPLE)], signal.values, signal.places)


@by_address
def hold(signal_, progress_):
    """Set the values of a constant input when it starts, and to 0 when it stops."""
    signal, p = record_at(signal_), record_at(progress_)
    values, numbers, before = array_of(signal.values), array_of(signal.numbers), signal.on
    if is_on(signal, step_of(signal, p), values) and not before:
        for k in range(values.size):
            values[k] = numbers[k]
    return 0


@by_address
def look_up(signal_, progress_):
    """Read the row of a table that holds in this step, if it differs from the one before."""
    signal, p = record_at(signal_), record_at(progress_)
    values, table, columns = array_of(signal.values), array_of(signal.table), array_of(signal.columns)
    step = step_of(signal, p)
    if not is_on(signal, step, values):
        signal.row = -1
        return 0
    row = min(np.int64(np.float64(step) / signal.steps + 1e-6), signal.rows - 1)
    if row != signal.row:
        signal.row = row
        for k in range(values.size):
            values[k] = signal.factor * table[row * signal.width + columns[k]]
    return 0
