"""What moving a control changes in memory, found by setting each value in the simulation itself and comparing.

So constants that follow from a parameter are those of a native run, to the last bit, and the page has to know nothing of the
models.
"""

from typing import NamedTuple

import numpy as np

from brainsim.jit.records import Context
from brainsim.pages.image import as_bytes

PROBES = 5  # positions by which it is found out whether all others are known
GAP = 32  # bytes between two changes from which on they are written one by one


class Tables:
    """The writes of each control, and their bytes.

    - `engine`: for each control a dict with its ``writes``: the address ``at``, the ``size``, and where the bytes of
      the first position begin in `changes`, ``from``; those of the others follow. If they go to several elements of the
      array at this address, ``places`` says where their indices (uint32) begin in `changes`, and how many they are.
    - `arrays`: for each array that the page sets a dict like this, whose writes have one position, and its ``runs``: from
      the number ``from`` on, ``size`` of its numbers lie at the address ``at``, of ``item`` bytes each.
    """

    def __init__(self, sim, export):
        self._sim, self._image = sim, export.image
        self._calendar = export.arrivals and export.arrivals.calendar
        self._before, self._together = fields_of(sim), _made_together(sim)
        self.engine, self.arrays, self.changes, self._taken = [], [], bytearray(), []

    def add(self, control, values):
        """Find the writes of a control; afterwards the simulation is as it was."""
        positions = self._copied(control, values) or [self._at(control, value) for value in values]
        control.set(self._sim, control.current)
        compared, anew = self._compared(positions)
        writes, done, weights, left = [], set(), False, []
        for path, (context, name, *_) in self._before.items():
            place, value = self._image.field(context, name), context[name]
            # a signal that has been read says so in its record, which `Simulation.set` makes anew
            is_new = context.address in anew and isinstance(value, int | float) and not self._image.is_address(int(value))
            if place not in done and (is_new or _vary(compared[path])):
                done.add(place)
                weights |= name == "weight" and context is self._calendar
                writes += self._writes(self._before[path], place, compared[path], is_new)
                if _lengths_vary(compared[path]):  # the array is at another place from then on
                    left.append([self._image.there(value.ctypes.data), value.nbytes])
        self._check_overlap(control, [left, *(self._where(write) for write in writes if write.pop("varies"))])
        self.engine.append({"writes": writes, "weights": bool(weights)})

    def add_array(self, array):
        """Find where the numbers of an `Array` lie; afterwards the simulation is as it was.

        Two arrays of different whole numbers tell which number went where.
        """
        size = array.values.size
        probes = [np.arange(1.0, 1.0 + size) + k * size for k in range(2)]
        positions = [self._at(array, probe.reshape(array.values.shape)) for probe in probes]
        array.set(self._sim, array.values)
        compared, anew = self._compared(positions)
        runs, writes, weights, done = [], [], False, set()
        for path, (context, name, *_) in self._before.items():
            place, value = self._image.field(context, name), context[name]
            is_new = context.address in anew and isinstance(value, int | float) and not self._image.is_address(int(value))
            varies = _vary(compared[path])
            at = self._image.there(value.ctypes.data) if isinstance(value, np.ndarray) else place
            if at in done or not (varies or is_new):
                continue
            done.add(at)
            weights |= name == "weight" and context is self._calendar
            if not varies:
                writes += self._writes(self._before[path], place, compared[path], True)
                continue
            runs += [{"at": at + where, **run} for where, run in _runs(value, compared[path][:2], size, array.owner)]
        if sum(run["size"] for run in runs) < size:
            raise ValueError(f"{array.owner}: some of its numbers are not in memory, so a page cannot set them")
        for write in writes:
            del write["varies"]
        self.arrays.append({"runs": runs, "writes": writes, "weights": bool(weights)})

    def _at(self, control, value):
        """Return path -> bytes of what may change, at one position."""
        control.set(self._sim, value)
        now = fields_of(self._sim)
        if now.keys() != self._before.keys():
            there = f"at {value:g} " if np.ndim(value) == 0 else ""
            raise ValueError(
                f"{control.owner}: {there}the run would call other functions; choose a range, or values=, without it"
            )
        before = self._before
        return {path: before[path].content if f.content == before[path].content else f.content for path, f in now.items()}

    def _copied(self, control, values):
        """Return what `_at` returns for all values if each number that differs is the value itself, else None.

        To set the weight of a projection builds all synapses again, so only some positions are found in this way.
        """
        if control.name != "weight" or len(values) <= 2 * PROBES:
            return None
        probes = {k: self._at(control, values[k]) for k in np.linspace(0, len(values) - 1, PROBES).astype(int).tolist()}
        first = probes[0]
        varying = {path: content for path, content in first.items() if any(p[path] != content for p in probes.values())}
        where = {}
        for path, content in varying.items():
            kind = getattr(self._before[path].context[path[-1]], "dtype", np.dtype(float))
            if kind.kind != "f" or any(len(probe[path]) != len(content) for probe in probes.values()):
                return None
            numbers = {k: np.frombuffer(probe[path], kind) for k, probe in probes.items()}
            where[path] = kind, np.any([one != numbers[0] for one in numbers.values()], axis=0)
            if any((one[where[path][1]] != kind.type(values[k])).any() for k, one in numbers.items()):
                return None
        return [probes[k] if k in probes else first | _with_value(varying, where, value) for k, value in enumerate(values)]

    def _compared(self, positions):
        """Return path -> its bytes at all positions and before, and the addresses of the records that are made anew."""
        compared, anew = {}, set()
        for path, (context, name, was, _) in self._before.items():
            contents = [position[path] for position in positions] + [was]
            if has_addresses(context, name):
                contents = [_without_addresses(content, was, self._image) for content in contents]
            compared[path] = contents
            if _vary(contents):
                anew |= self._together.get(context.address, set())
        return compared, anew

    def _where(self, write):
        """Return the rows (address, bytes) to which something is written."""
        if "places" not in write:
            return [[write["at"], write["size"]]]
        first, size = write["places"]["from"], write["size"]
        places = np.frombuffer(self.changes[first : first + 4 * write["places"]["count"]], np.uint32).astype(np.int64)
        return np.stack([write["at"] + size * places, np.full(places.size, size)], axis=1)

    def _check_overlap(self, control, places):
        at, size = np.concatenate([np.reshape(rows, (-1, 2)).astype(np.int64) for rows in places]).T
        order = np.argsort(at, kind="stable")
        start, end = at[order], np.maximum.accumulate(at[order] + size[order])
        for other, taken, until in self._taken:
            last = np.searchsorted(taken, end) - 1  # the last that begins before the end
            if (until[last[last >= 0]] > start[last >= 0]).any():
                raise ValueError(f"{control.owner}: changes the same constant as {other}; leave out one of them")
        self._taken.append((control.owner, start, end))

    def _writes(self, field, place, contents, anew):
        """Return the writes for a field of a record whose content differs between positions."""
        value, image = field.context[field.name], self._image
        if isinstance(value, np.ndarray) and _lengths_vary(contents):  # room for the longest, at the end of the image
            longest, at = max(map(len, contents)), image.end
            image.end += longest + -longest % 64
            heads = [np.array([at, len(content) // value.itemsize]).tobytes() for content in contents]
            return [self._write(place, heads), self._write(at, [content.ljust(longest, b"\0") for content in contents])]
        start = image.there(value.ctypes.data) if isinstance(value, np.ndarray) else place
        if field.masked is None and not anew and (found := self._scattered(start, value, contents)):
            return [found]
        rows = np.array([np.frombuffer(content, np.uint8) for content in contents])
        changed = np.arange(rows.shape[1]) if anew else np.flatnonzero((rows != rows[0]).any(axis=0))
        found = []
        far = np.diff(changed) > GAP
        if field.masked is not None:
            far |= np.diff(np.cumsum(field.masked)[changed]) > 0  # nothing that continues is between two bytes of one write
        for run in np.split(changed, np.flatnonzero(far) + 1):
            low, high = int(run[0]), int(run[-1]) + 1
            found.append(self._write(start + low, [row[low:high].tobytes() for row in rows]))
        return found

    def _scattered(self, start, value, contents):
        """Return the write of one number to several elements of an array, None if it is not one number."""
        if getattr(value, "dtype", np.dtype(np.uint8)).kind != "f":
            return None
        rows = np.array([np.frombuffer(content, f"u{value.itemsize}") for content in contents])
        where = np.flatnonzero((rows != rows[0]).any(axis=0))
        if where.size < 2 or (rows[:, where] != rows[:, where[:1]]).any():
            return None
        write = self._write(start, [row[where[0]].tobytes() for row in rows])
        write["places"] = {"from": len(self.changes), "count": where.size}
        self.changes += where.astype(np.uint32).tobytes()
        return write

    def _write(self, at, contents):
        varies, contents = _vary(contents), contents[:-1]
        write = {"at": at, "size": len(contents[0]), "from": len(self.changes), "varies": varies}
        self.changes += b"".join(contents)
        return write


def _runs(value, contents, size, owner):
    """Yield (bytes from the start of an array, run) for the numbers in it that are copies of two probes, 1, 2, ..."""
    kind = getattr(value, "dtype", np.dtype(np.int64))
    if kind.kind != "f" or len(contents[0]) != len(contents[1]):
        raise ValueError(f"{owner}: is not kept number by number, so a page cannot set it")
    first, second = (np.frombuffer(content, kind) for content in contents)
    where = np.flatnonzero(first != second)
    index = first[where].astype(np.int64) - 1
    if (second[where] != first[where] + size).any() or (first[where] != index + 1).any():
        raise ValueError(f"{owner}: constants are computed from its numbers, so a page cannot set them")
    breaks = np.flatnonzero((np.diff(where) != 1) | (np.diff(index) != 1)) + 1
    for places, numbers in zip(np.split(where, breaks), np.split(index, breaks), strict=True):
        run = {"from": int(numbers[0]), "size": len(numbers), "item": kind.itemsize}
        yield int(places[0]) * kind.itemsize, run


class Field(NamedTuple):
    """A field of a record that a change may concern; `masked` are bytes of it that continue, None without any."""

    context: Context
    name: str
    content: bytes
    masked: np.ndarray | None


def fields_of(sim):
    """Return path -> Field of all that a change may concern: neither scratch nor what continues, nor the state."""
    (partition,) = sim._run.partitions
    shared, found, kept = partition.shared, {}, _continuing(sim, partition)

    def look(context, path):
        for name in context.kind.names[1:]:
            value, continues = context[name], kept.get(context.address, ())
            if name in continues or name in context.scratch:
                continue
            if isinstance(value, Context):
                look(value, (*path, name))
            elif not isinstance(value, np.ndarray):
                found[*path, name] = Field(context, name, context.record[name].tobytes(), None)
            elif not _of_state(value, shared):
                found[*path, name] = Field(context, name, *_masked(value, name, continues))

    for k, context in enumerate(partition.program.contexts):
        look(context, (k,))
    return found


def _continuing(sim, partition):
    """Return address of a record -> names of its fields that change from step to step."""
    found = {}
    for operator in partition.program.operators:
        for context, names in operator.continuing():
            found.setdefault(context.address, set()).update(names)
    return found


def _masked(array, name, continues):
    """Return the bytes of an array, with 0 for fields of its rows that continue, and which bytes these are."""
    parts = [part for part in array.dtype.names or () if f"{name}.{part}" in continues]
    if not parts:
        return as_bytes(array).tobytes(), None
    mask, copy = np.zeros(array.size, array.dtype), array.copy()
    bits = mask.view(np.uint8).reshape(array.size, -1)
    for part in parts:
        kind, offset = array.dtype.fields[part][:2]
        bits[:, offset : offset + kind.itemsize] = 1
        copy[part] = 0
    return copy.tobytes(), bits.reshape(-1).astype(bool)


def _of_state(array, shared):
    return any(np.may_share_memory(array, each) for each in (shared.state, shared.refractory, shared.current))


def has_addresses(context, name):
    """Return whether a field of a record may hold addresses besides that of its array."""
    value = context[name]
    return isinstance(value, int) or getattr(value, "dtype", None) is not None and value.dtype.names is not None


def _with_value(contents, where, value):
    """Return path -> content with some numbers replaced by a value; `where` has for each path the kind and a mask."""
    found = {}
    for path, content in contents.items():
        kind, mask = where[path]
        numbers = np.frombuffer(content, kind).copy()
        numbers[mask] = value
        found[path] = numbers.tobytes()
    return found


def _vary(contents):
    """Return whether positions differ; the last content is what there was before, which may be scratch."""
    return any(content != contents[0] for content in contents[:-1])


def _lengths_vary(contents):
    return len({*map(len, contents)}) > 1


def _without_addresses(content, before, image):
    """Return numbers with those set to 0 that were addresses before: they lead to the same place in the image."""
    whole = len(content) // 8 * 8  # records in single precision may end within a word
    words, former = np.frombuffer(content[:whole], np.int64).copy(), np.frombuffer(before[:whole], np.int64)
    words[[image.is_address(word) for word in former.tolist()]] = 0
    return words.tobytes() + content[whole:]


def _made_together(sim):
    """Return address of a record -> addresses of those that are made anew with it when a parameter or an input changes."""
    (partition,), found = sim._run.partitions, {}
    for operator in partition.program.operators:
        if type(operator).dependencies(partition) & {"parameters", "inputs"}:
            records = {context.address for *_, context in operator.calls()}
            found |= dict.fromkeys(records, records)
    return found
