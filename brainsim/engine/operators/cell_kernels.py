"""The kernels that advance the cells of each group by one step and emit their spikes."""

import numpy as np

from brainsim.build.constants import with_tables
from brainsim.engine.loop.program import Operator, Phase
from brainsim.equations.codegen import BLOCK
from brainsim.jit.decorators import load_source
from brainsim.jit.records import Context, new_scratch
from brainsim.models.changing import OVER_TIME
from brainsim.rng.streams import stream_key


class CellKernels(Operator):
    """The kernel calls of a partition: one for each stretch of cells whose constants are the same.

    A kernel (see `equations.codegen`) finds in its record

    - ``state``: the variables of its cells, one row per variable, ``stride`` cells from one row to the next;
    - ``arrays``, ``scalars``: constants that differ between cells, as rows of the same stride, and constants that do not;
    - ``inputs``: what arrives in this step, one row per receptor, ``width`` cells from one row to the next;
    - ``refractory``, ``current``: steps left to wait and the injected current [pA] of each cell;
    - ``flags``: scratch: whether each cell of the current block fires;
    - ``scratch``: room for its `Product`, in kernels that have one;
    - ``first``, ``cell``, ``count``: index of the first cell in the network and in its population, number of cells;
    - ``key``: key of its stream of random numbers.
    """

    depends_on = "parameters"

    @classmethod
    def build(cls, partition):
        """Return the operator; every partition has one, possibly without calls."""
        calls, flags = [], new_scratch(BLOCK, np.uint8)
        partition.cell_contexts.clear()
        layout, number = partition.layout, partition.number
        for index, group in enumerate(layout.groups):
            part_start, part_stop = (int(b) for b in layout.bounds[index][number : number + 2])
            if group.kernel is None or part_start == part_stop:
                continue
            advance = load_source(group.kernel.text).advance
            for run_start, run_stop, scalars, member in _runs(group):
                start, stop = max(run_start, part_start), min(run_stop, part_stop)
                if start < stop:
                    cells = run_start, start, stop, part_start, part_stop
                    context = _context(partition, index, group, member, cells, scalars, flags)
                    calls.append((Phase.UPDATE, index, advance, context))
                    partition.cell_contexts.setdefault(member.population.name, []).append(context)
        return cls(calls)


def _context(partition, index, group, member, cells, scalars, flags):
    """Return the record of a call; `cells`: start of the stretch, range of the call, range of the partition."""
    layout, shared = partition.layout, partition.shared
    run_start, start, stop, part_start, part_stop = cells
    numbers = np.array(scalars or (0.0,), layout.dtype)
    if group.kernel.tables or group.kernel.curves:
        numbers = with_tables(numbers, group.kernel, member, start - run_start, stop - run_start, layout.dt)
    inputs = layout.input_at[partition.number][index]
    here = slice(group.first + start, group.first + stop)
    return Context(
        state=shared.state[group.state_at + start : group.state_at + group.n_variables * group.n],
        arrays=group.arrays.ravel()[start:],
        scalars=numbers,
        inputs=shared.state[inputs + start - part_start : inputs + group.n_receptors * (part_stop - part_start)],
        refractory=shared.refractory[here],
        current=shared.current[here],
        flags=flags,
        key=np.uint64(stream_key(partition.seed, "kernel", member.population.name)),
        stride=group.n,
        width=part_stop - part_start,
        first=group.first + start,
        cell=group.first + start - member.first,
        count=stop - start,
        **({"scratch": new_scratch(group.kernel.scratch, layout.dtype)} if group.kernel.scratch else {}),
    )


def _runs(group):
    """Return (start, stop, scalars, member) of the stretches of a group that one call can advance."""
    runs, at = [], 0
    for member in group.members:
        scalars = tuple(float(member.constants[s]) for s in group.kernel.scalars)
        kernel = group.kernel
        alone = kernel.random or kernel.tables or kernel.curves or any(key.endswith(OVER_TIME) for key in member.values)
        if runs and runs[-1][2] == scalars and not alone:
            runs[-1] = (runs[-1][0], at + member.n, scalars, runs[-1][3])
        else:
            runs.append((at, at + member.n, scalars, member))
        at += member.n
    return runs
