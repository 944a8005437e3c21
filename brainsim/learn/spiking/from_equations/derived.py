"""The compiled kernels of layers whose cells are models of the language, and the records that they work on."""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.build.constants import kernel_constants
from brainsim.equations.codegen import _Loop
from brainsim.equations.expressions import language as lang
from brainsim.equations.steps.methods import method_named
from brainsim.learn.spiking.from_equations.kernel_text import Parts, module_text, starts_of
from brainsim.learn.spiking.from_equations.smooth import CURRENT, Smooth


@dataclass(frozen=True, eq=False)
class Derived:
    """The kernels of a layer, and the numbers in them.

    Attributes
    ----------
    smooth : Smooth
    kept : tuple of str
        What is kept of each step to compute it again: variables, the current, and what came in.
    module : module
        With the functions ``ahead``, ``back`` and ``begin``.
    scalars, initial : ndarray
        Numbers in the kernels, and the state at the start of a sample.
    factor : float
        Of the response of the potential to a spike, see `responses.potential`; 0 for the smooth way.
    tau_m : float
        Of the same.
    """

    smooth: Smooth
    kept: tuple[str, ...]
    module: types.ModuleType
    scalars: np.ndarray
    initial: np.ndarray
    factor: float
    tau_m: float

    def address(self, function: str) -> int:
        """Return the address of a kernel."""
        record = cell_record(self, None, None, 0, 0.0, 0.0, 0.0)
        kernel: Any = getattr(self.module, function)
        return int(kernel.address(record.kind, record.kind))

    @property
    def state(self) -> tuple[str, ...]:
        """Names of the variables in the state of a cell."""
        return (*self.smooth.variables, CURRENT)

    @property
    def starts(self) -> tuple[str, ...]:
        """What `begin` computes for the engine's kernel, in its order."""
        return starts_of(self.smooth)


def derive(smooth: Smooth, tau_s: float, dt: float, external_current: bool, label: str) -> Derived:
    """Write and load the kernels of a model, for steps of dt."""
    from brainsim.jit.decorators import load_source

    system, model = smooth.system, smooth.model
    step = method_named(model.method, label)(system, label)
    values = {name: getattr(model, name) for name in model.parameters} | {"r0_tau": tau_s}
    constants = kernel_constants(system, step, dict(values), dt, label)
    parts = Parts(smooth, _Loop(system, step).lines(True), external_current, label)
    text = module_text(type(model).__name__, parts)
    known = values | {"pi": np.pi, "dt": dt}
    initial = _initial(model, smooth.variables, known)
    decay = float(lang.computed(smooth.decay, known)) if smooth.linear else 1.0 / 20.0
    factor = float(lang.computed(smooth.gain, known)) / decay if smooth.linear else 0.0
    numbers = np.array([float(constants[name]) for name in parts.numbers])
    return Derived(smooth, (*parts.state, *parts.inputs), load_source(text), numbers, initial, factor, 1.0 / decay)


# fields of a record that are arrays of `Work`, and the kinds of their elements
OF_WORK = {"ring_v": "f8", "ring_i": "f8", "drive": "f8", "moment": "i8", "ends": "i8", "counts": "i8", "time": "f8"}
OF_WORK |= {"block": "i4", "cell": "i4"}
RENAMED = {"by_drive": ("d_drive", "f8"), "by_time": ("d_time", "f8"), "first_event": ("first", "i8")}


def cell_record(
    derived: Derived,
    work: Any,
    plan: Any,
    block: int,
    floor: float,
    rate_cost: float,
    rate_target: float,
    keep: bool = False,
) -> Any:
    """Return the record that the kernels of a block work on; without `work` an empty one, of the same type."""
    from brainsim.jit.records import Context

    n = low = width = steps = 0
    if work is not None:
        n, low, steps = plan.sizes[block], sum(plan.sizes[1:block]), plan.steps if keep else 0
        width = plan.n_cells
    rows, kept, starts = len(derived.state), len(derived.kept), len(derived.starts)
    shared = RENAMED | {name: (name, kind) for name, kind in OF_WORK.items()}
    arrays = {
        name: np.zeros(1, kind) if work is None else getattr(work, of).reshape(-1) for name, (of, kind) in shared.items()
    }
    return Context(
        state=np.zeros(rows * n),
        history=np.zeros(steps * kept * n),
        adjoint=np.zeros(rows * n),
        initial=derived.initial,
        starts=np.zeros(starts * n),
        scalars=derived.scalars,
        n=n,
        low=low,
        width=width,
        index=block,
        floor=floor,
        rate_cost=rate_cost,
        rate_target=rate_target,
        **arrays,
    )


def records_of(plan: Any, work: Any, currents: bool, settings: Any, keep: bool) -> dict[int, Any]:
    """Return the records of the blocks with derived kernels, whose addresses are put into `work`."""
    floor, rate_cost, rate_target = settings
    records = {}
    for b in range(1, len(plan.sizes)):
        derived = plan.derived(b, currents)
        if derived is not None:
            records[b] = cell_record(derived, work, plan, b, floor, rate_cost, rate_target, keep)
            work.cells[b] = records[b].address
    return records


def _initial(model, variables, known):
    """Return the state at the start of a sample; an initial value may depend on those declared before it."""
    found: dict[str, float] = {}
    for name in variables:
        value = model.cell_equations.initials.get(name, model.initials[name].default)
        found[name] = float(lang.computed(value, known | found) if isinstance(value, ast.AST) else value)
    return np.array([*found.values(), 0.0])  # with the current
