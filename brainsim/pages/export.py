"""A simulation as modules of WebAssembly, an image of its memory, and what the script of the page has to know of both."""

import numpy as np

from brainsim.engine import driver
from brainsim.engine.loop.program import CALENDAR_FULL, CONTINUE, LISTS_FULL, LOG_FULL, POOL_FULL, SPIKES_FULL
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.operators.emitted import Emitted
from brainsim.engine.synapses.calendar import BLOCK
from brainsim.engine.synapses.kinds.kind import PROCEDURAL, PROCEDURAL_SHARED
from brainsim.engine.synapses.segments import LENGTH_BITS, START_BITS
from brainsim.features.couplings.operator import Couplings
from brainsim.features.plasticity.part import free_entries
from brainsim.jit.arguments import kind_of
from brainsim.pages.image import Image, Reached
from brainsim.pages.objects import imports_of
from brainsim.pages.wasm import compile_modules

STATUS = {"CONTINUE": CONTINUE, "CALENDAR_FULL": CALENDAR_FULL, "POOL_FULL": POOL_FULL}
STATUS |= {"SPIKES_FULL": SPIKES_FULL, "LOG_FULL": LOG_FULL, "LISTS_FULL": LISTS_FULL}
STACK = 1 << 16  # bytes, of which data of the module takes the first
SCRATCH = {"words", "halves", "events", "flags", "scratch", "samples", "stack", "scaled"}
FILED = {"due_piece", "due_weight", "due_entry", "due_lag"}
CALENDAR = (*sorted(FILED), "following", "free_block", "free_blocks", "due", "first_block", "piece", "weight")


class Export:
    """`codes`: way of `fma` -> module; `image`; `engine`: what `engine.js` has to know, a dict that becomes JSON.

    The image is that of the moment: the page continues from where the simulation is.
    """

    def __init__(self, sim):
        (self.partition,) = sim._run.partitions
        self.sim, loop = sim, driver.run_partition
        partition = self.partition
        arguments = partition.progress.record, partition.program.calls, partition.program.first
        kinds = tuple(map(kind_of, arguments))
        code = loop._code(kinds, arguments)
        self.row = np.frombuffer(code.layout.pack(arguments), np.int64).copy()
        arrivals = partition.operator(Arrivals)
        self.calendar, self.emitted = arrivals and arrivals.calendar, partition.operator(Emitted)._context
        self.pool = arrivals and arrivals.pool
        self.plastic = [kind.part(partition) for kind in partition.synapses.kinds if hasattr(kind, "parts")]
        self.before = _before_chunk(partition)
        reached = Reached(partition, self.row, self._rooms, _is_blank, self.before)
        functions = {"run_partition": (loop.name(kinds), lambda: loop.portable(arguments))}
        if self.plastic:
            c = self.plastic[0].context
            given = self.plastic[0].kind.sources, c["newest"], c["log_link"], 0, 0
            of_log = free_entries.name(tuple(map(kind_of, given)))
            functions["free_entries"] = (of_log, lambda: free_entries.portable(given))
            reached.arrays |= {(a.ctypes.data, a.nbytes): a for a in (part.kind.sources for part in self.plastic)}
        self.names = {}
        for k, (address, (entry, records)) in enumerate(reached.codes.items()):
            self.names[address] = name = f"f{k}"
            functions[name] = entry.name(records), lambda entry=entry, records=records: entry.portable(records)
        self.codes = compile_modules(functions)
        imports = [each for code in self.codes.values() for each in imports_of(code)]
        first = max(1, *(size for name, _, size in imports if name == "__indirect_function_table"))
        self.image = Image(reached, STACK, {address: first + k for k, address in enumerate(self.names)})
        self.engine = self._engine(first)

    def address_in_state(self, place):
        """Return the address on the page of a place in the state."""
        state = self.partition.shared.state
        return self.image.there(state.ctypes.data + place * state.itemsize)

    def place_of(self, array):
        """Return where an array is on the page: its address, size, and the bytes of an element."""
        return {"at": self.image.there(array.ctypes.data), "size": array.size, "item": array.itemsize}

    def _rooms(self, context, name, value):
        taken = context is self.emitted and name in ("spikes", "lags")
        return 4 * self.partition.progress["capacity"] if taken else None

    def _engine(self, first):
        partition, image, field = self.partition, self.image, self.image.field
        progress, emitted = partition.progress, self.emitted
        return {
            "base": STACK,
            "end": image.end,
            "table": first,
            "entries": list(self.names.values()),
            "row": image.there(self.row.ctypes.data),
            "returned": image.there(self.row.ctypes.data) + 8 * (self.row.size - 1),
            "step": field(progress, "step"),
            "stop": field(progress, "stop"),
            "emitted": {name: field(emitted, name) for name in ("spikes", "size")},
            "calendar": self.calendar and self._where(self.calendar, [n for n in CALENDAR if n in self.calendar.kind.names]),
            "progress": image.there(progress.address),
            "before": [[self.names[f.address(c.kind, progress.kind)], image.there(c.address)] for f, c in self.before],
            "pool": self.pool and self._pool(),
            "plastic": [self._plastic(part) for part in self.plastic],
            "status": STATUS,
            "block": BLOCK,
            "single": self.sim._layout.dtype == np.float32,
        }

    def _where(self, context, names):
        """Return where fields of a record are, and the bytes of an element of each array."""
        return {n: {"at": self.image.field(context, n), "item": getattr(context[n], "itemsize", 8)} for n in names}

    def _pool(self):
        """Return where what `grow` of procedural synapses changes is."""
        bits = {"length_bits": int(LENGTH_BITS), "start_bits": int(START_BITS), "tags": [PROCEDURAL, PROCEDURAL_SHARED]}
        return self._where(self.pool, ("targets", "weights", "marks", "head", "tail")) | bits

    def _plastic(self, part):
        """Return where the lists and the log of a rule are, in which `Part` makes room."""
        lists = [*part._list_fields(0)] if part._code.lists else []
        log, c, kind = [*part._log_fields(0)], part.context, part.kind
        where = self._where(c, [*lists, *log, "post_number", "log_free", "log_free_number", "newest"])
        return {
            "lists": [where[name] for name in lists],
            "number": where["post_number"],
            "most": int(part._progress["capacity"]) + c["room"],
            "log": [where[name] for name in log],
            "free": where["log_free"],
            "frees": where["log_free_number"],
            "newest": where["newest"],
            "sources": [self.image.there(kind.sources.ctypes.data), kind.sources.size],
            "per_step": kind.clock.per_step,
            "back": part.now() - part.oldest(),
        }


def _is_blank(context, name):
    return name in SCRATCH or (name in FILED and not context["due"].any())


def _before_chunk(partition):
    """Return the (function, record) of what operators call before a chunk, in `announce` and `take_note`."""
    couplings = partition.operator(Couplings)
    if couplings is None:
        return []
    return [call for giver in couplings._givers for call in giver.calls(couplings._sums.announce)] + [*couplings._gather]
