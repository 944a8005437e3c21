"""Parameters of cells that change in time: an expression or a TimedArray for a number, such as the rate of `Poisson`.

The kernel reads such a parameter as it reads any other: as one number, or as one for each cell if they differ. Here it is
written before each step.
"""

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.signals import Signal, parameter_of
from brainsim.equations.expressions.language import names_in, parse_expression
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import cast_like
from brainsim.models.changing import OVER_TIME
from brainsim.models.conditions import conditions_of
from brainsim.models.timed import TimedArray


class Varying(Operator):
    """The parameters of the cells of a partition that change in time."""

    depends_on = "parameters"

    @classmethod
    def build(cls, partition):
        """Return the operator, None if no parameter changes."""
        layout, signals, calls = partition.layout, [], []
        for name, member in layout.members.items():
            group = layout.groups[layout.group_of[name]]
            start, stop = layout.owned(partition.number)[layout.group_of[name]]
            low, high = max(start, member.first), min(stop, member.first + member.n)
            for key, value in member.values.items():
                if not key.endswith(OVER_TIME) or low >= high:
                    continue
                parameter = key.removesuffix(OVER_TIME)
                rows = _rows(partition, group, name, parameter, slice(low - group.first, high - group.first))
                if isinstance(value, TimedArray):
                    value.check_step(layout.dt, f"{name}.{parameter}")
                signal = signal_of_parameter(layout, member, parameter, np.arange(low, high) - member.first)
                signals.append(signal)
                calls.append(signal.call(Phase.BEFORE_UPDATE))
                contexts = [Context(values=signal.values, row=row) for row in rows]
                calls += [(Phase.BEFORE_UPDATE, 0, write_row, context) for context in contexts]
        return cls(calls, signals) if calls else None


def _rows(partition, group, name, parameter, cells):
    """Return the arrays in which the kernel reads a parameter: one number for each call, or one for each cell."""
    if parameter in group.kernel.arrays:
        return [group.arrays[group.kernel.arrays.index(parameter)][cells]]
    if parameter not in group.kernel.scalars:
        return []
    at = group.kernel.scalars.index(parameter)
    return [context["scalars"][at : at + 1] for context in partition.cell_contexts[name]]


def signal_of_parameter(layout, member, parameter, cells, **options):
    """Return the Signal of a parameter that may change in time, for some cells of a population."""
    model, view = member.population.model, member.population
    return Signal(
        member.values.get(parameter + OVER_TIME, member.values[parameter]),
        f"{member.population.name}.{parameter}",
        cells,
        lambda name: parameter_of(layout, view, name, cells),
        layout.dt,
        clipped=model.parameters[parameter].at_least == 0.0 or model.parameters[parameter].above == 0.0,
        name=parameter,
        conditions=tuple(c for c in conditions_of(model) if parameter in names_in(parse_expression(c, parameter))),
        **options,
    )


def observed_parameter(partition, population, name, cells):
    """Return (calls, values, places) of a parameter that may change in time, for some cells of a population."""
    layout = partition.layout
    signal = signal_of_parameter(layout, layout.members[population], name, cells, ahead=True)
    return [signal.call(Phase.SAMPLE)], signal.values, signal.places


@by_address
def write_row(parameter_, progress_):
    """Write the values of a parameter where the kernel reads them."""
    c = record_at(parameter_)
    values, row = array_of(c.values), array_of(c.row)
    if values.size == row.size:
        for k in range(row.size):
            row[k] = cast_like(values[k], row[k])
    else:
        # two loops, which vectorise: 0.05 ns a cell
        value = cast_like(values[0], row[0])
        for k in range(row.size):
            row[k] = value
    return 0
