"""A simulation as modules of WebAssembly, an image of its memory, and what the script of the page has to know of both."""

import numpy as np

from brainsim.core.checks import options_of
from brainsim.engine.loop import driver
from brainsim.engine.loop.faults import FaultNumber
from brainsim.engine.loop.program import CONTINUE, SPIKES_FULL
from brainsim.engine.operators.arrivals import Arrivals
from brainsim.engine.operators.emitted import Emitted
from brainsim.engine.synapses.calendar import BLOCK
from brainsim.jit.arguments import kind_of
from brainsim.pages.image import Image, Reached
from brainsim.pages.objects import imports_of
from brainsim.pages.wasm import compile_modules

STACK = 1 << 16  # bytes, of which data of the module takes the first
LOOP = "run_partition"
PROMISED = {"fmod"}  # functions of the system that `engine/brain.js` has


class Export:
    """`codes`: way of `fma` -> module; `image`; `engine`: what `engine/*.js` have to know, a dict that becomes JSON.

    The image is that of the moment: the page continues from where the simulation is.
    """

    def __init__(self, sim):
        (self.partition,), self.sim = sim._run.partitions, sim
        partition, loop = self.partition, driver.run_partition
        program, progress = partition.program, partition.progress
        arguments = progress.record, program.calls, program.first
        kinds = tuple(map(kind_of, arguments))
        self.row = np.frombuffer(loop.row(*arguments), np.int64).copy()
        self.arrivals, self.emitted = partition.operator(Arrivals), partition.operator(Emitted).context
        self.rooms = [room for operator in program.operators for room in operator.rooms()]
        self.before = [call for operator in program.operators for calls in operator.before_chunk() for call in calls]
        self.filled = [some for operator in program.operators for some in operator.filled()]
        with options_of(sim._settings.called):  # as the Simulation says it
            self.watched = [watch for operator in program.operators for watch in operator.watched()]
        self.readings = {kind: kind.reading(partition) for kind in sim._run.synapses.kinds}
        regular = (kind.regular(partition) for kind in self.readings)
        self.regular = [each for each in regular if each is not None]
        self._functions, self.names = {LOOP: (loop.name(kinds), lambda: loop.portable(arguments))}, {}
        reached = Reached(partition, self.row, self._room, self._called(), [context for _, context in self.filled])
        for entry, records in reached.codes.values():
            self.name_of(entry, records)
        for room in self.rooms:  # these are called with a record that the page makes
            for function in (room.before, room.after):
                if function is not None:
                    self.name_of(function, (room.record().kind,))
        self.codes = compile_modules(self._functions)
        imports = [each for code in self.codes.values() for each in imports_of(code)]
        check_functions({name for name, what, _ in imports if what == "function"})
        first = max(1, *(size for name, _, size in imports if name == "__indirect_function_table"))
        addresses = [self.name_of(*code) for code in reached.codes.values()]
        table = {address: first + k for k, address in enumerate(reached.codes)}
        self.image = Image(reached, STACK, table)
        self.engine = self._engine(first, addresses)

    def name_of(self, entry, records):
        """Return the name on the page of a function of records of these types."""
        if (entry, records) not in self.names:
            self.names[entry, records] = name = f"f{len(self.names)}"
            self._functions[name] = entry.name(records), lambda: entry.portable(records)
        return self.names[entry, records]

    def _called(self):
        """Return the (function, record, types of further records) of what is called besides the calls of a step."""
        now = (self.partition.progress.kind,)
        calls = [(function, context, now) for function, context in (*self.before, *self.filled)]
        readings = filter(None, self.readings.values())
        calls += [(reading.function, reading.context, (reading.now.kind,)) for reading in readings]
        alone = [call for each in self.regular for call in (*each.calls, each.counted) if call is not None]
        alone += [(watch.first, watch.context) for watch in self.watched if watch.first is not None]
        return calls + [(function, context, ()) for function, context in alone]

    def _room(self, context, name):
        """Return the number of elements of an array that begins empty, None for any other."""
        empty = context is self.emitted and isinstance(context[name], np.ndarray)
        return 4 * self.partition.progress["capacity"] if empty else None

    def address_in_state(self, place):
        """Return the address on the page of a place in the state."""
        state = self.partition.shared.state
        return self.image.there(state.ctypes.data + place * state.itemsize)

    def place_of(self, array):
        """Return where an array is on the page: its address, size, and the bytes of an element."""
        return {"at": self.image.there(array.ctypes.data), "size": array.size, "item": array.itemsize}

    def _engine(self, first, addresses):
        image, field, progress = self.image, self.image.field, self.partition.progress
        row = image.there(self.row.ctypes.data)
        return {
            "base": STACK,
            "end": image.end,
            "table": first,
            "entries": addresses,
            "row": row,
            "returned": row + 8 * (self.row.size - 1),
            "step": field(progress, "step"),
            "stop": field(progress, "stop"),
            "progress": image.there(progress.address),
            "status": {"CONTINUE": CONTINUE, "SPIKES_FULL": SPIKES_FULL},
            "emitted": {name: field(self.emitted, name) for name in ("spikes", "size")},
            **{
                when: [[self.name_of(f, (c.kind, progress.kind)), image.there(c.address)] for f, c in calls]
                for when, calls in (("before", self.before), ("filled", self.filled))
            },
            "rooms": [self._described(room) for room in self.rooms],
            "regular": [self._regular(each) for each in self.regular],
            "watched": [self._watched(watch) for watch in self.watched],
            "calendar": self._under_way(),
            "block": BLOCK,
            "single": self.sim._layout.dtype == np.float32,
        }

    def _watched(self, watch):
        """Return where the page looks for a fault, when and where it was, and what is said."""

        def number(one):
            return self._fault_number(watch.context, one)

        return {
            "at": number(FaultNumber(watch.field))["at"],
            "nothing": watch.nothing,
            "equal": watch.equal,
            "wrong": watch.wrong and number(watch.wrong),
            "first": watch.first and self._call(watch.first, watch.context),
            "order": [number(one) for one in (watch.when, *watch.where)],
            "text": [piece if isinstance(piece, str) else number(piece) for piece in watch.text],
        }

    def _fault_number(self, context, one):
        """Return where a FaultNumber is; what it has by default is left out."""
        value, at = context[one.field], self.image.field(context, one.field)
        if isinstance(value, np.ndarray):
            at = self.image.there(value.ctypes.data) + one.element * value.itemsize
        found = {"at": at, "real": isinstance(value, float) or getattr(value, "dtype", None) == np.float64}
        if one.factor != 1 or one.summand:
            found |= {"factor": float(one.factor), "summand": float(one.summand)}
        if one.table is not None and np.any(one.table != np.arange(len(one.table))):
            found["table"] = np.asarray(one.table).tolist()
        if one.parts:
            found["parts"] = [(int(first), name) for first, name in one.parts]
        return found

    def _described(self, room):
        """Return how the page makes room: where the record has which arguments, and what grows."""
        record, fields, back = room.record(), [], {name for name, *_ in room.written_back()}
        for name, value in room.arguments.items():
            offset, is_array = record.kind.fields[name][1], isinstance(record[name], np.ndarray)
            if isinstance(value, tuple):
                fields.append({"offset": offset, "at": self.image.field(*value), "array": is_array, "back": name in back})
            else:
                words = [self.image.there(value.ctypes.data), value.size] if is_array else [int(value)]
                fields.append({"offset": offset, "words": words})
        functions = {
            when: self.name_of(function, (record.kind,))
            for when, function in (("before", room.before), ("after", room.after))
            if function is not None
        }
        return functions | {
            "status": room.status,
            "bytes": record.record.nbytes,
            "factor": record.kind.fields["factor"][1],
            "arguments": fields,
            "fields": [{"at": self.image.field(c, name), "item": c[name].itemsize} for c, name in room.fields],
            "most": room.most,
            "message": room.message,
        }

    def _under_way(self):
        """Return where the fields are by which events under way get other weights, None without synapses."""
        if self.arrivals is None:
            return None
        calendar = self.arrivals.calendar
        return {name: self.image.field(calendar, name) for name in self.arrivals.under_way}

    def _call(self, function, context):
        """Return what the page calls: the name of a function, and the address of the record."""
        return [self.name_of(function, (context.kind,)), self.image.there(context.address)]

    def _regular(self, regular):
        """Return what the page does at regular times."""
        count = None
        if regular.counted is not None:
            function, context = regular.counted
            count = {name: self.image.field(context, name) for name in ("spikes", "number")}
            count["call"] = self._call(function, context)
        calls = [self._call(*call) for call in regular.calls]
        return {"every": regular.every, "reading": self.described(regular.reading), "calls": calls, "count": count}

    def reading_of(self, kind):
        """Return how the page brings a copy of the columns of a kind up to now, None if they do not lag behind."""
        return self.described(self.readings[kind])

    def described(self, reading):
        """Return what the page knows of a Reading."""
        if reading is None:
            return None
        fields, now = reading.context.kind.fields, reading.now
        return {
            "function": self.name_of(reading.function, (reading.context.kind, now.kind)),
            "at": self.image.there(reading.context.address),
            "bytes": reading.context.record.nbytes,
            "columns": [{"offset": fields[c][1], "item": reading.context[c].itemsize} for c in reading.columns],
            "lag": fields["lag"][1],
            "swept": fields["swept"][1],
            "now": [now.record.nbytes, now.kind.fields["soma"][1], now.kind.fields["arrived"][1]],
            "per_step": reading.per_step,
            "after": reading.after,
            "back": reading.back,
        }


def check_functions(names):
    """Raise ValueError if compiled code needs a function of the system whose bits are not promised on a page."""
    if unknown := sorted(names - PROMISED):
        raise ValueError(
            f"page: a compiled function calls {', '.join(unknown)} of the C library, whose bits differ between systems; "
            "in functions of your own, take those of brainsim.jit.vmath"
        )
