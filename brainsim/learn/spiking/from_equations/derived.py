"""The compiled kernels of layers whose cells are models of the language, and the records that they work on."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.equations.body import Body
from brainsim.learn.spiking.from_equations.kernel_text import Parts, module_text
from brainsim.learn.spiking.from_equations.numbers import Formulas, Numbers
from brainsim.learn.spiking.from_equations.smooth import Smooth
from brainsim.learn.spiking.from_equations.upstroke import MOST


@dataclass(frozen=True, eq=False)
class Derived:
    """The kernels of a layer, and the numbers in them for the parameters of the model as it is (`start`).

    `kept` names what is kept of each step to compute it again, `changing` the numbers that depend on a parameter that
    learns, in the order of their sums. `module` has the functions ``ahead`` and ``back``.
    """

    smooth: Smooth
    kept: tuple[str, ...]
    changing: tuple[str, ...]
    module: types.ModuleType
    formulas: Formulas
    start: Numbers

    def address(self, function: str) -> int:
        """Return the address of a kernel."""
        record = cell_record(self, None, None, 0, 0.0, 0.0, 0.0)
        kernel: Any = getattr(self.module, function)
        return int(kernel.address(record.kind, record.kind))

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the variables in the state of a cell."""
        return (*self.smooth.variables, *self.smooth.currents)


def derive(
    smooth: Smooth, taus: Sequence[float], dt: float, external_current: bool, label: str, learns: Sequence[str] = ()
) -> Derived:
    """Write and load the kernels of a model, for steps of dt; `learns` are the parameters that change between batches."""
    from brainsim.jit.decorators import load_source

    parts, formulas = write_parts(smooth, external_current, label, learns)
    start = formulas.at(formulas.values({}, taus), dt)
    module = load_source(module_text(type(smooth.model).__name__, parts))
    return Derived(smooth, (*parts.state, *parts.inputs), tuple(parts.changing), module, formulas, start)


def write_parts(smooth: Smooth, external_current: bool, label: str, learns: Sequence[str]) -> tuple[Parts, Formulas]:
    """Return the statements of the kernels of a model, and the formulas of their numbers."""
    formulas = Formulas(smooth, label, learns)
    changing = set().union(*(formulas.changing(name) for name in learns)) if learns else None
    parts = Parts(smooth, Body(smooth.system, formulas.step), external_current, label, changing)
    formulas.names = tuple(parts.numbers)
    return parts, formulas


# fields of a record that are arrays of `Work`, and the kinds of their elements
OF_WORK = {"ring_v": "f8", "ring_i": "f8", "drive": "f8", "moment": "i8", "ends": "i8", "counts": "i8", "time": "f8"}
OF_WORK |= {"block": "i4", "cell": "i4"}
RENAMED = {"by_drive": ("d_drive", "f8"), "by_time": ("d_time", "f8"), "first_event": ("first", "i8")}
RENAMED |= {"by_end": ("g_v", "f8")}


def cell_record(
    derived: Derived,
    work: Any,
    layout: Any,
    block: int,
    floor: float,
    rate_cost: float,
    rate_target: float,
    keep: bool = False,
) -> Any:
    """Return the record that the kernels of a block work on; without `work` an empty one, of the same type."""
    from brainsim.jit.records import Context

    n = low = slot = width = steps = 0
    if work is not None:
        n, low, steps = layout.sizes[block], sum(layout.sizes[1:block]), layout.steps if keep else 0
        width, slot = work.ring_v.shape[1], layout.slot_of(block)
    rows, kept = len(derived.state), len(derived.kept)
    shared = RENAMED | {name: (name, kind) for name, kind in OF_WORK.items()}
    arrays = {
        name: np.zeros(1, kind) if work is None else getattr(work, of).reshape(-1) for name, (of, kind) in shared.items()
    }
    numbers, learning = derived.start, {}
    if derived.formulas.learns:
        learning = {"by_number": np.zeros(len(derived.changing)), "by_start": np.zeros(rows)}
        numbers = numbers._replace(scalars=numbers.scalars.copy(), initial=numbers.initial.copy())  # it is filled again
    if derived.smooth.upstroke is not None:
        learning |= {"path": np.zeros((MOST + 1) * rows), "sizes": np.zeros(MOST), "adjoint_of_path": np.zeros(rows + 2)}
        learning["by_path"] = np.zeros(len(derived.changing))
    return Context(
        state=np.zeros(rows * n),
        history=np.zeros(steps * kept * n),
        adjoint=np.zeros(rows * n),
        initial=numbers.initial,
        scalars=numbers.scalars,
        n=n,
        low=low,
        slot=slot,
        width=width,
        index=block,
        floor=floor,
        rate_cost=rate_cost,
        rate_target=rate_target,
        push=1.0 / derived.formulas.distance(),
        **arrays,
        **learning,
    )


def records_of(layout: Any, work: Any, currents: bool, settings: Any, keep: bool) -> dict[int, Any]:
    """Return the records of the blocks with derived kernels, whose addresses are put into `work`."""
    floor, rate_cost, rate_target = settings
    records = {}
    for b in range(1, len(layout.sizes)):
        derived = layout.derived(b, currents)
        if derived is not None:
            cost = rate_cost if b < len(layout.sizes) - 1 else 0.0  # not of outputs
            records[b] = cell_record(derived, work, layout, b, floor, cost, rate_target, keep)
            work.cells[b] = records[b].address
    return records
