"""How room is made when something is full: fields of records that grow, and compiled functions that prepare and fill them.

Python makes room by this table, and so does a page in a browser (`brainsim.pages`), which has no other code for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.jit.records import ByAddress, Context, array_of, by_address, call, record_at


@dataclass(frozen=True)
class Room:
    """What makes room when a function returns `status`.

    `before` and `after` are called with one record. It has ``factor``, and `arguments`: numbers, and (Context, name) for a
    field of a record; numbers among these are written back. The `fields` then are ``factor`` times as long as before.

    - `fields`: (Context, name) of the arrays that grow; what is new in them is 0.
    - `before`: called first; it may set ``factor``, which is 2, to 1 if nothing has to grow.
    - `after`: called when the fields have grown.
    - `check`: a function of Python that raises an error if there is another reason than a lack of room.
    - `most`, `message`: what a field must stay below, and the error if it does not.
    """

    status: int
    fields: tuple[tuple[Context, str], ...]
    before: ByAddress | None = None
    after: ByAddress | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    check: Callable[[], object] | None = None
    most: int = 0
    message: str = ""

    def make(self, **given: int) -> None:
        """Make room; numbers that are `given` take the place of arguments."""
        if self.check is not None:
            self.check()
        factor = self._call(self.before, 2, given)
        if factor == 1:
            return
        if self.most and any(factor * context[name].size >= self.most for context, name in self.fields):
            raise MemoryError(self.message)
        for context, name in self.fields:
            content = context[name]
            longer = np.zeros(factor * content.size, content.dtype)
            longer[: content.size] = content
            context[name] = longer
        self._call(self.after, factor, given)

    def record(self, factor: int = 2, **given: int) -> Context:
        """Return the record with which the functions are called."""
        values = {name: of[0][of[1]] if isinstance(of, tuple) else of for name, of in self.arguments.items()}
        return Context(factor=factor, **values | given)

    def written_back(self) -> list[tuple[str, Context, str]]:
        """Return (name in the record, Context, field) of the numbers that the functions may change."""
        places = [(name, *of) for name, of in self.arguments.items() if isinstance(of, tuple)]
        return [place for place in places if not isinstance(place[1][place[2]], np.ndarray)]

    def _call(self, function, factor, given):
        """Call a function, if there is one; return the factor."""
        if function is None:
            return factor
        record = self.record(factor, **given)
        call(function.address(record.kind), record.address)
        for name, context, place in self.written_back():
            if name not in given:
                context[place] = record[name]
        return record["factor"]


def make_all(rooms: list[Room], status: int) -> bool:
    """Make room wherever a status asks for it; return whether there is such a place."""
    wanted = [room for room in rooms if room.status == status]
    for room in wanted:
        room.make()
    return bool(wanted)


@by_address
def as_needed(room_):
    """Let `array` grow only if it has not room for `more` entries besides `number`: then for twice as many more.

    An entry takes `each` elements.
    """
    r = record_at(room_)
    size = array_of(r.array).size // r.each
    wanted = r.number + 2 * r.more
    r.factor = 1 if size - r.number >= r.more else max(np.int64(2), (wanted + size - 1) // size)
    return 0


@by_address
def chain(room_):
    """Put the new places of a store in front of its free ones, which form a chain.

    The place behind place k in the chain is ``links[k*stride + offset]``, `free` is the first of `number` free ones.
    """
    r = record_at(room_)
    links = array_of(r.links)
    size = links.size // r.stride
    old = size // r.factor
    for k in range(old, size - 1):
        links[k * r.stride + r.offset] = k + 1
    links[(size - 1) * r.stride + r.offset] = r.free if r.number > 0 else -1
    r.free = old
    r.number += size - old
    return 0
