"""What a class declares, and its checked equations: the records between `model_parser` and `system`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from brainsim.equations.expressions import algebra, units
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW, Tree


@dataclass(frozen=True)
class Declared:
    """What a class declares besides its texts.

    Attributes
    ----------
    parameters, variables : dict
        Name -> unit.
    tables : frozenset of str
        Parameters that are TimedArrays.
    dimensions : bool
        Whether units are checked.
    """

    parameters: Mapping[str, str | None] = field(default_factory=dict)
    variables: Mapping[str, str | None] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()
    dimensions: bool = True

    @property
    def numbers(self) -> set[str]:
        """The names of parameters that are numbers."""
        return {*self.parameters} - self.tables

    @property
    def now(self) -> set[str]:
        """The names that stand for ``table(t)``."""
        return {name + NOW for name in self.tables}


@dataclass(frozen=True, eq=False)  # each class of cells or synapses has its own
class CellEquations:
    """Checked equations of a neuron, as trees of `ast`.

    Attributes
    ----------
    derivatives, algebraic : dict
        Name -> tree; algebraic lines in an order in which each needs only the lines before it.
    threshold : tree or None
        Condition of a spike.
    reset : tuple of (variable, tree)
        Assignments at a spike, in order.
    events : tuple of (condition, tuple of (variable, tree))
        Other events: conditions and their assignments.
    refractory : tree or None
        Refractory time in ms, or the condition that keeps a cell refractory.
    frozen : frozenset of str
        Variables that are clamped while a cell is refractory.
    initials : dict
        Variable -> tree of its initial value, if that is an expression.
    tables : frozenset of str
        Parameters that are TimedArrays.
    substeps : int
        Number of steps of the method in one dt.
    interpolate : bool
        Whether spike times are found within the step.
    units : dict
        Variable -> its Dimension; empty if units are not checked.
    """

    derivatives: dict[str, Tree]
    algebraic: dict[str, Tree]
    threshold: Tree | None
    reset: tuple
    events: tuple
    refractory: Tree | None
    frozen: frozenset[str]
    initials: dict[str, Tree]
    tables: frozenset[str]
    substeps: int = 1
    interpolate: bool = False
    units: dict[str, units.Dimension] = field(default_factory=dict)

    @property
    def uses_current(self) -> bool:
        """Whether the equations contain I."""
        return any("I" in lang.names_in(tree) for tree in [*self.derivatives.values(), *self.algebraic.values()])


@dataclass(frozen=True, eq=False)  # each class of cells or synapses has its own
class ReceptorEquations:
    """Checked equations of a synapse.

    Attributes
    ----------
    derivatives, algebraic : dict
        Name -> tree.
    arrivals : tuple of (variable, tree)
        The variables to which an event adds, and the factor of its weight in each.
    current : tree or None
        Current into the target.
    tables : frozenset of str
        Parameters that are TimedArrays.
    jumps : dict
        Variable of the cell -> Dimension of what an event adds to it; empty if units are not checked.
    weight : Dimension or None
        Dimension of w; None if units are not checked.
    """

    derivatives: dict[str, Tree]
    algebraic: dict[str, Tree]
    arrivals: tuple
    current: Tree | None
    tables: frozenset[str] = frozenset()
    jumps: dict[str, units.Dimension] = field(default_factory=dict)
    weight: units.Dimension | None = None

    @property
    def direct(self) -> bool:
        """Whether events are added directly to the receptor's variable, without a buffer of inputs.

        This is so if an event adds w to one variable of the receptor. No threshold or reset can depend on that variable,
        so it does not matter whether the event is added before or after them, and the kernel has no inputs to read and
        clear.
        """
        return len(self.arrivals) == 1 and self.arrivals[0][0] in self.derivatives and algebra.is_one(self.arrivals[0][1])
