"""What a class declares, and its checked equations: the records between `model_parser` and `system`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from brainsim.equations.expressions import algebra, units
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW, Called, Tree


@dataclass(frozen=True)
class Declared:
    """What a class declares besides its texts: name -> unit.

    Parameters that are TimedArrays are `tables`, and those that are Curves `curves`, with the unit of what they are called
    with. `dimensions` says whether units are checked.
    """

    parameters: Mapping[str, str | None] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()
    dimensions: bool = True
    curves: Mapping[str, str] = field(default_factory=dict)

    @property
    def called(self) -> Called:
        """The parameters that are called, as `parse_expression` takes them."""
        return dict.fromkeys(self.tables, True) | dict.fromkeys(self.curves, False)

    @property
    def numbers(self) -> set[str]:
        """The names of parameters that are numbers."""
        return {*self.parameters} - self.tables - self.curves.keys()

    @property
    def now(self) -> set[str]:
        """The names that stand for ``table(t)``."""
        return {name + NOW for name in self.tables}


@dataclass(frozen=True, eq=False)  # each class of cells or synapses has its own
class CellEquations:
    """Checked equations of a neuron, as trees of `ast`; assignments are pairs (variable, tree), in order.

    - `algebraic`: name -> tree, in an order in which each needs only the lines before it
    - `events`: events other than spikes, each a condition and its assignments
    - `each_step`: assignments at the end of each step, before the threshold and the events are tested
    - `refractory`: refractory time in ms, or the condition that keeps a cell refractory
    - `frozen`: variables that are clamped while a cell is refractory; `kept`: whether events are added to them meanwhile
    - `initials`: variable -> tree of its initial value, if that is an expression
    - `substeps`: number of steps of the method in one dt
    - `units`: variable -> its Dimension; empty if units are not checked
    - `spikes`: how many spikes a cell sends if the threshold holds; None for one
    """

    derivatives: dict[str, Tree]
    algebraic: dict[str, Tree]
    threshold: Tree | None
    reset: tuple
    events: tuple
    each_step: tuple
    refractory: Tree | None
    frozen: frozenset[str]
    kept: bool
    initials: dict[str, Tree]
    tables: frozenset[str]
    substeps: int = 1
    units: dict[str, units.Dimension] = field(default_factory=dict)
    spikes: Tree | None = None
    curves: frozenset[str] = frozenset()

    @property
    def uses_current(self) -> bool:
        """Whether the equations contain I."""
        return any("I" in lang.names_in(tree) for tree in [*self.derivatives.values(), *self.algebraic.values()])


@dataclass(frozen=True, eq=False)  # each class of cells or synapses has its own
class ReceptorEquations:
    """Checked equations of a synapse, as trees of `ast`.

    - `arrivals`: the variables to which an event adds, and the factor of its weight in each
    - `current`: current into the target, or None
    - `jumps`: variable of the cell -> Dimension of what an event adds to it; empty if units are not checked
    - `weight`: Dimension of w; None if units are not checked
    - `spike`: what a spike of the cell itself does, of the gate of a coupling
    """

    derivatives: dict[str, Tree]
    algebraic: dict[str, Tree]
    arrivals: tuple
    current: Tree | None
    tables: frozenset[str] = frozenset()
    jumps: dict[str, units.Dimension] = field(default_factory=dict)
    weight: units.Dimension | None = None
    spike: tuple = ()
    curves: frozenset[str] = frozenset()

    @property
    def direct(self) -> bool:
        """Whether events are added directly to the receptor's variable, without a buffer of inputs.

        This is so if an event adds w to one variable of the receptor. No threshold or reset can depend on that variable,
        so it does not matter whether the event is added before or after them, and the kernel has no inputs to read and
        clear. What no event arrives at, the gate of a coupling, has no buffer either.
        """
        if not self.arrivals:
            return True
        return len(self.arrivals) == 1 and self.arrivals[0][0] in self.derivatives and algebra.is_one(self.arrivals[0][1])
