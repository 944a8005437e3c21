"""Mistakes in classes whose texts can be parsed: what is missing, what has no effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from brainsim.core.checks import nearest
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError

if TYPE_CHECKING:
    from brainsim.equations.parsed import Declared


def check_left_sides(label: str, equations: str, declared: Declared) -> None:
    """Raise EquationError if the left side of a differential equation is not a variable."""
    for name, tree in lang.parse_equations(equations, f"{label}.equations", declared.called)[0].items():
        if name in declared.parameters:
            message = "has an equation, so it is not a parameter; declare it with bs.initial(...)"
            raise EquationError(f"{label}.{name}", message)
        if name not in declared.variables:
            near = nearest(name, declared.variables)
            near = near if "did you mean" in near else ""
            hint = (
                f'; end the line with its unit, ": mV", or write in the class: {name}: float = bs.initial(0.0, "mV", "what")'
            )
            message = f"has an equation but no initial value{near or hint}"
            raise EquationError(f"{label}.{name}", message, lang.line_of(tree).text, 0)


def check_frozen(label: str, frozen: Any, arrivals: Any, declared: Declared) -> None:
    """Raise TypeError or ValueError unless `frozen` is a tuple of variables, or None, and `arrivals` one of two words."""
    if arrivals not in ("discarded", "kept"):
        raise ValueError(f"{label}.arrivals: must be 'discarded' or 'kept' (got {arrivals!r})")
    if frozen is not None and not isinstance(frozen, tuple | list):
        raise TypeError(f"{label}.frozen: must be a tuple of variables, such as ('v',) (got {frozen!r})")
    for name in frozen or ():
        if name not in declared.variables:
            raise ValueError(f"{label}.frozen: {name!r} is not a variable{nearest(name, declared.variables)}")


def reject_without_spikes(
    label: str, fields: Mapping[str, Any], *, threshold: str | None, refractory: str | None, frozen: Collection[str] = ()
) -> None:
    """Raise EquationError if a class without a threshold or a refractory time has fields that act only at or after spikes.

    `fields` are those of ``reset refractory t_ref frozen arrivals`` in the body of the class itself. Inherited
    fields are not a mistake: ``threshold = ""`` switches them off.
    """
    for field, value in fields.items():
        if not threshold:
            remove = "leave it out" if field == "t_ref" else f"leave out {field} = {value!r}"
            message = f"has no effect without a threshold; write threshold = 'v >= v_th' in the class, or {remove}"
            raise EquationError(f"{label}.{field}", message)
        if field in ("frozen", "arrivals") and not refractory:
            hint = f"write refractory = 't_ref', or leave out {field} = {value!r}"
            raise EquationError(f"{label}.{field}", f"has no effect without a refractory time; {hint}")
        if field == "arrivals" and not frozen:
            message = f"has no effect if no variable is frozen; write frozen = ('v',), or leave out arrivals = {value!r}"
            raise EquationError(f"{label}.arrivals", message)
