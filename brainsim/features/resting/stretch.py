"""A stretch of cells with one kernel, most of which are at rest."""

import numpy as np

from brainsim.engine.loop.program import new_progress
from brainsim.features.resting.quiet import BLOCK, TINY, Sizes, write_quiet
from brainsim.features.resting.reached import LANES, block_size, write_reached
from brainsim.jit.decorators import load_source
from brainsim.jit.records import Context, call


class Stretch:
    """The cells of a kernel call: each is at rest, in a slot or in a lane.

    - *At rest*: a step without events would not change a bit of the cell, so nothing is done until an event reaches it.
    - In a *slot* of a dense copy of the state: the kernel of quiet cells (`equations.quiet`) advances it, a slice at a time.
    - In a *lane* as well, for the slices in which an event reaches it, it is refractory, or would fire: the ordinary kernel
      advances it, a step at a time, in arrays that are dense again.

    A cell in a lane is advanced in its slot as well, which saves asking which ones are; that result is overwritten when it
    leaves its lane. Cells that are `driven`, on which other operators act or which are recorded, are always in a lane, and
    after each step in the state of the network, too. The record of the compiled functions has

    - ``natural_state``, ``..._inputs``, ``..._refractory``, ``..._current``, ``..._arrays``: the cells in the arrays of the
      network, as the ordinary kernel finds them, with ``natural_stride`` and ``natural_width`` from row to row;
    - ``state``, ``arrays``, ``refractory``: those in slots, of which ``count`` are used; ``kept``, ``top``: for a block;
    - ``lanes_state``, ``..._inputs``, ...: those in lanes, of which ``lanes_used`` are used, the first ``driven`` of them by
      driven cells; ``lane_steps`` says how many were used in the chunk;
    - ``cell_of_slot``, ``slot_of_cell``, ``cell_of_lane``, ``slot_of_lane``: -1 stands for none;
    - ``entered``: the step at which the slice began in which an event reached the cell of a slot last, -1 for never; it is
      not less than ``since`` for those that are reached in this slice;
    - ``stirred``: the ``stirred_number`` slots of cells that are not quiet in the slice;
    - ``places``: pairs, of each row to which events are added, the first place in ``redirect`` and in the lanes;
    - ``kernel``, ``kernel_record``, ``kernel_count``: the ordinary kernel, and where it reads the number of cells in lanes;
    - ``quiet``: the kernel of quiet cells, which makes ``steps`` steps; 0 until it is needed;
    - ``moving``, ``natural_bits``, ``lanes_bits``: what a step that is tried before a chunk has changed;
    - ``turned``: the step at which the slice began, -1 before the first one of a chunk; ``fresh``: whether it is the first.

    If all events go to one buffer of inputs, only cells that are driven, refractory, or would fire get a lane, see
    `slices`, and the record also has

    - ``arrivals``: the record of `Arrivals`; a target of a synapse is the cell ``shift`` later than its own number;
    - ``blocks``: the table of `equations.reached`, with ``block_size`` numbers in each block, the events in its rows from
      ``events_begin`` on. The driven cells are first, others from place ``first_reached`` to ``reached_end``;
    - ``slot_of_reached``: the slot of the cell at a place of the table; ``entered`` is that place and ``since``, for cells
      that are reached in this slice, and behind those of all slots, for each driven cell. If ``since`` is above
      ``most_entered``, it begins at 0 again;
    - ``arrived``: the events in lanes, ``slice`` steps of each; ``event_row``: the row of inputs they go to;
    - ``reached_kernel``: the kernel of reached cells.

    Parameters
    ----------
    partition : Partition
    group : Group
    cells : Context
        The record of the kernel call.
    driven : ndarray of int32
        Cells, counted from the first of the stretch.
    """

    def __init__(self, partition, group, cells, driven):
        self._partition, self._group, self.cells, self.driven = partition, group, cells, driven
        self.n, self.context, self._kernel, self._tried = int(cells["count"]), None, None, None

    @property
    def width(self):
        """How many numbers of a cell are in a lane: its variables, and what arrives at each of its receptors."""
        return self._group.n_variables + self._group.n_receptors

    def event_rows(self):
        """Return of all to which synapses add events the place in the state of the first cell, and the row within a lane."""
        cells, layout, n, rows = self.cells, self._partition.layout, self._group.n_variables, set()
        names = {member.population.name for member in self._group.members}
        uses = [use for projection in layout.network.projections for use in projection.receptors]
        for name, synapse in {
            (population.name, s) for view, s in uses for population, _ in view.parts if population.name in names
        }:
            receptor, direct = layout.receptor(name, synapse)
            system = layout.members[name].system
            if direct:
                row = system.variables.index(system.arrivals[receptor][0][0])
                rows.add((self._place(cells["state"]) + row * cells["stride"], row))
            else:
                row = system.buffered.index(receptor)
                rows.add((self._place(cells["inputs"]) + row * cells["width"], n + row))
        return sorted(rows)

    def is_buffer(self, row):
        """Return whether a row within a lane is a buffer of inputs."""
        return row >= self._group.n_variables

    def _place(self, array):
        state = self._partition.shared.state
        return (array.ctypes.data - state.ctypes.data) // state.itemsize

    def allocate(self, lanes, at, begin, first, common, calendar=None):
        """Make room for all cells; the first one has the number `begin`, and lanes start at place `at` of `lanes`.

        `common` are fields of the record of `Resting`, in which places in the state are counted from `first` on. With the
        `calendar` of arrivals, events are added up in a table for each slice.
        """
        cells, n, progress = self.cells, self.n, self._partition.progress
        fields, whole = self._lanes(lanes[at : at + n * self.width]), f"i{lanes.itemsize}"
        self._kernel = kernel = self._kernel_of(fields)
        # a step that is only tried has a record of progress of its own, with room for a spike of each cell
        self._tried = new_progress(0, 1, 1, 1, np.zeros(2 * n, np.int32), np.zeros(2, np.int32))
        places = [(place - first, at + row * n) for place, row in self.event_rows()] if calendar is None else []
        self.context = Context(
            **fields,
            **self._slots(),
            **({} if calendar is None else self._table(calendar)),
            # the same as whole numbers, of which -0.0 and 0.0 are different ones
            natural_bits=cells["state"].view(whole),
            lanes_bits=fields["lanes_state"].view(whole),
            moving=np.zeros(n, np.uint8),
            **{f"natural_{name}": cells[name] for name in ("state", "inputs", "refractory", "current", "arrays")},
            **common,
            scalars=cells["scalars"],
            flags=cells["flags"],
            places=np.array(places, np.int64).ravel(),
            kernel=load_source(self._group.kernel.text).advance.address(kernel.kind, progress.kind),
            kernel_record=kernel.address,
            kernel_count=kernel.record["count"],
            variables=self._group.n_variables,
            inputs=self._group.n_receptors,
            constant_rows=len(self._group.kernel.arrays),
            begin=begin,
            first=int(cells["first"]),
            stride=n,
            natural_stride=int(cells["stride"]),
            natural_width=int(cells["width"]),
            driven=self.driven.size,
            **dict.fromkeys(
                ("quiet", "turned", "steps", "stirred_number", "since", "fresh", "lane_steps", "count", "lanes_used"), 0
            ),
        )
        self.context["cell_of_lane"][: self.driven.size] = self.driven

    def _table(self, calendar):
        """Return the fields of the cells that are reached in a slice, and of their events."""
        partition, group, n, driven = self._partition, self._group, self.n, self.driven.size
        steps, dtype, ((place, row),) = int(partition.progress["slice"]), partition.layout.dtype, self.event_rows()
        size, first = block_size(group.system, group.kernel, steps), -(-driven // LANES)
        return {
            "arrivals": calendar,
            "shift": int(partition.synapses.store.base[partition.index]) - place,
            "event_row": row - group.n_variables,
            "slice": steps,
            "blocks": np.zeros((first - (-n // LANES)) * size, dtype),
            "block_size": size,
            "events_begin": size - steps * LANES,
            "slot_of_reached": np.zeros((first - (-n // LANES)) * LANES, np.int32),
            "first_reached": first * LANES,
            "most_entered": 1 << 30,  # far from the end of int32
            "reached_end": 0,
            "reached_kernel": 0,
            "arrived": np.zeros(n * steps, dtype),
        }

    def _lanes(self, numbers):
        """Return the fields of the lanes, whose variables and inputs are in `numbers`."""
        n, variables = self.n, self._group.n_variables
        return {
            "lanes_state": numbers[: n * variables],
            "lanes_inputs": numbers[n * variables :],
            "lanes_arrays": np.zeros(max(len(self._group.kernel.arrays), 1) * n, numbers.dtype),
            "lanes_refractory": np.zeros(n, np.int32),
            "lanes_current": np.zeros(n),
            "cell_of_lane": np.zeros(n, np.int32),
            "slot_of_lane": np.zeros(n, np.int32),
        }

    def _slots(self):
        """Return the fields of the slots."""
        n, variables, dtype = self.n, self._group.n_variables, self._partition.layout.dtype
        return {
            "state": np.zeros(variables * n, dtype),
            "arrays": np.zeros(max(len(self._group.kernel.arrays), 1) * n, dtype),
            "refractory": np.zeros(n, np.int32),
            "kept": np.zeros(variables * BLOCK, dtype),
            "top": np.zeros(BLOCK, dtype),
            **{name: np.full(n, -1, np.int32) for name in ("slot_of_cell", "cell_of_slot", "stirred")},
            "entered": np.full(n + self.driven.size, -1, np.int32),
        }

    def _kernel_of(self, lanes):
        """Return the record with which the ordinary kernel advances cells in lanes."""
        cells, n = self.cells, self.n
        arrays = {name: lanes[f"lanes_{name}"] for name in ("state", "arrays", "inputs", "refractory", "current")}
        known = {"scalars": cells["scalars"], "flags": cells["flags"], "key": np.uint64(cells["key"])}
        fields = arrays | known | {"stride": n, "width": n, "first": 0, "cell": 0, "count": 0}
        return Context(**{name: fields[name] for name in cells.kind.names[1:]})

    @property
    def in_slices(self):
        """Whether cells that are reached are advanced by slices; see `slices`."""
        return "blocks" in self.context.kind.names

    def find_moving(self):
        """Try a step without events; return how many cells it moves, which `begin` gives slots to."""
        from brainsim.features.resting.beginning import list_moving

        c = self.context
        call(list_moving.address(c.kind, self._tried.kind), c.address, self._tried.address)
        return c["count"]

    def begin(self):
        """Give slots to the cells that move, at the start of a chunk."""
        from brainsim.features.resting.beginning import begin

        c = self.context
        if not c["quiet"]:
            group, sizes = self._group, self._sizes()
            arguments = group.system, group.members[0].step, group.kernel, sizes
            c["quiet"] = self._address(write_quiet(*arguments))
            if self.in_slices:
                c["reached_kernel"] = self._address(write_reached(*arguments, group.system.buffered[c["event_row"]]))
        if self.in_slices:  # events of driven cells go to the first places of the table
            c["slot_of_cell"][self.driven] = np.arange(self.n, self.n + self.driven.size)
        self._copy_constants(self.driven)
        call(begin.address(c.kind, self._tried.kind), c.address, self._tried.address)

    def _rows(self, name, stride, number):
        """Return rows of what the kernel has for the cells, a view (rows, cells)."""
        array, step = self.cells[name], self.cells[stride]
        strides = step * array.itemsize, array.itemsize
        return np.lib.stride_tricks.as_strided(array, (number, self.n), strides)

    def _copy_constants(self, cells):
        """Copy the constants of some cells into the first lanes."""
        rows = len(self._group.kernel.arrays)
        constants = self._rows("arrays", "stride", rows)[:, cells]
        self.context["lanes_arrays"].reshape(-1, self.n)[:rows, : constants.shape[1]] = constants

    def _address(self, text):
        return load_source(text).advance.address(self.context.kind, self._tried.kind)

    def _sizes(self):
        """Return what is known of the constants of the cells, None in single precision."""
        kernel = self._group.kernel
        if self._partition.layout.dtype != np.float64:
            return None
        values = dict(zip(kernel.scalars, self.cells["scalars"], strict=False))
        values |= dict(zip(kernel.arrays, self._rows("arrays", "stride", len(kernel.arrays)), strict=True))
        large = {name for name, value in values.items() if np.all(np.abs(value) > TINY)}
        return Sizes(large, {name for name, value in values.items() if np.all((value >= 0.0) & (value <= 1.0))})

    def forget(self):
        """Forget where cells were and what was on its way to them, after a chunk that failed."""
        self.context["slot_of_cell"][:], self.context["lanes_inputs"][:] = -1, 0
        if self.in_slices:
            self.context["blocks"][:] = 0
