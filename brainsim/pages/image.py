"""The memory of a run as an image for another machine: every record and array that compiled functions reach, relocated.

All that a function works on is reached from the record of a partition's progress and from those of its calls. A record
says which of its fields are arrays. Other addresses (of functions, records and columns) are plain numbers in records and in
arrays of records; a number there that is the address of something known is taken for that address. Arrays of plain numbers
are never searched.
"""

import numpy as np

from brainsim.jit.records import ByAddress, Context

LINE = 64  # bytes


class Reached:
    """What is reached from the calls of a partition.

    - `contexts`: address -> Context.
    - `arrays`: (address, bytes) -> array, of those that the image holds.
    - `codes`: address -> (function of records, the kinds of its records).
    - `rooms`: (record, field) -> elements, of arrays of which the image holds only room behind its content, as ``room``
      returns for a record and a field.
    - `blank`: (address, bytes) of scratch, since what happens to be there must not get into a page, and of what the page
      fills itself.

    `called` are the (function, record, kinds of further records) of what is called besides, `filled` the records whose
    arrays the page fills itself, and `row` is what the time loop takes.
    """

    def __init__(self, partition, row, room, called=(), filled=()):
        self.row, self.contexts, self.arrays, self.codes, self.rooms, self.blank = row, {}, {}, {}, {}, set()
        self._known = {context.address: context for context in Context.made}
        self._made = {address: (entry, kinds) for entry in ByAddress.made for kinds, address in entry.compiled_for()}
        program = partition.program
        waiting = [partition.progress, *program.contexts]
        for function, context, further in called:
            kinds = context.kind, *further
            self.codes[function.address(*kinds)] = function, kinds
            waiting.append(context)
        for array in (program.calls, program.first, row, partition.shared.state):
            waiting += self._note(array)
        while waiting:
            context = waiting.pop()
            if context.address not in self.contexts:
                waiting += self._follow(context, room)
        self.blank |= {(array.ctypes.data, array.nbytes) for context in filled for array in context.pointers.values()}

    def _follow(self, context, room):
        """Note a record; return those to which it leads."""
        self.contexts[context.address] = context
        found = self._note(context.record)
        for name, value in context.pointers.items():
            if isinstance(value, Context):
                found.append(value)
            elif (size := room(context, name)) is not None:
                self.rooms[context.address, name] = size
            else:
                found += self._note(value)
                if name in context.scratch:
                    self.blank.add((value.ctypes.data, value.nbytes))
        return found

    def _note(self, array):
        """Note an array with the functions to which it has addresses; return the records to which it has some."""
        self.arrays[array.ctypes.data, array.nbytes] = array
        if not self.has_addresses(array):
            return []
        words = np.unique(as_bytes(array)[: array.nbytes // 8 * 8].view(np.int64)).tolist()
        self.codes.update({word: self._made[word] for word in words if word in self._made})
        return [self._known[word] for word in words if word in self._known]

    def has_addresses(self, array):
        """Return whether numbers in an array may be addresses."""
        return array.dtype.names is not None or array is self.row

    def is_blank(self, context, name):
        """Return whether the content of an array of a record is not in the image."""
        value = context[name]
        return (
            (context.address, name) in self.rooms
            or (value.ctypes.data, value.nbytes) in self.blank
            or name in context.scratch
        )


class Image:
    """Memory and its addresses.

    - `content`: bytes that lie at the address `base`; behind them, up to `end`, is room.
    """

    def __init__(self, reached, base, table):
        self.base, self.reached, self._table = base, reached, table
        self._lay_out()
        self._fill()

    def _lay_out(self):
        """Give every stretch of memory a place: (start here, end here, place there), sorted."""
        ranges, at = [], self.base
        for start, size in sorted(self.reached.arrays):
            if ranges and start < ranges[-1][1]:
                ranges[-1][1] = max(ranges[-1][1], start + size)
            elif size:
                ranges.append([start, start + size, 0])
        for each in ranges:
            at += (each[0] - at) % LINE  # as aligned as here
            each[2], at = at, at + each[1] - each[0]
        self.content = np.zeros(at - self.base, np.uint8)
        self._ranges, self._starts, self._rooms = ranges, [each[0] for each in ranges], {}
        for (context, name), size in self.reached.rooms.items():
            at += -at % LINE
            self._rooms[context, name] = at
            at += size * self.reached.contexts[context][name].itemsize
        self.end = at + -at % LINE

    def there(self, address):
        """Return where an address is in the image, None if it is not part of it; an end counts as part of it."""
        k = int(np.searchsorted(self._starts, address, "right")) - 1
        if k < 0 or address > self._ranges[k][1]:
            return None
        start, _, place = self._ranges[k]
        return place + address - start

    def is_address(self, word):
        """Return whether a number is the address of something in the image, or of a function."""
        return word in self._table or self.there(word) is not None

    def field(self, context, name):
        """Return where a field of a record is in the image: a number, or address and size of an array."""
        return self.there(context.address) + context.kind.fields[name][1]

    def _fill(self):
        for (start, size), array in self.reached.arrays.items():
            if size and (start, size) not in self.reached.blank:
                self._here(start, size)[:] = self.translated(array)
        for context in self.reached.contexts.values():
            for name, value in context.pointers.items():
                if isinstance(value, Context):
                    continue
                field = self._here(context.address + context.kind.fields[name][1], 16).view(np.int64)
                if (context.address, name) in self._rooms:
                    field[:] = self._rooms[context.address, name], self.reached.rooms[context.address, name]
                else:
                    field[0] = self.there(value.ctypes.data) if value.size else self.base

    def packed(self):
        """Return the content, and where in it columns of whole numbers are stored as differences, all low bytes first.

        The targets of a cell are sorted, so gzip then makes less than half of them.
        """
        content, columns, end = self.content.copy(), [], 0
        for (start, size), array in sorted(self.reached.arrays.items(), key=lambda item: (item[0][0], -item[0][1])):
            if start < end or size < 4096 or array.dtype.kind not in "ui" or array.itemsize not in (2, 4):
                continue
            end, at = start + size, self.there(start)
            here = content[at - self.base : at - self.base + size]
            differences = np.diff(here.view(array.dtype), prepend=array.dtype.type(0)).view(np.uint8)
            here[:] = differences.reshape(-1, array.itemsize).T.reshape(-1)
            columns.append({"at": at, "size": array.size, "item": array.itemsize})
        return content.tobytes(), columns

    def translated(self, array, is_number=False):
        """Return the bytes of an array, or of a number in a record, as the image holds them: with addresses there."""
        here = as_bytes(array).copy()
        if is_number or self.reached.has_addresses(array):
            words = here[: here.size // 8 * 8].view(np.int64)
            words[:] = [self._translated(word) for word in words.tolist()]
        return here

    def _here(self, address, size):
        at = self.there(address) - self.base
        return self.content[at : at + size]

    def _translated(self, word):
        if word in self._table:
            return self._table[word]
        place = self.there(word)
        return word if place is None else place


def as_bytes(array):
    """Return the bytes of a contiguous array, without a copy."""
    return np.frombuffer(memoryview(array.reshape(-1)).cast("B") if array.dtype.names is None else array.tobytes(), np.uint8)
