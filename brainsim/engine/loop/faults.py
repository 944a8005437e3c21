"""What goes wrong in a chunk of a run. The first fault is reported, so a run says the same however it is cut and divided."""

from typing import Any, NamedTuple

import numpy as np


class Fault(NamedTuple):
    """Something that went wrong, which ends the run after the chunk.

    - `when`: the step, twice: an even number if it happened when that point of time was completed, and one more if on the
      way to the next point. All faults of a chunk come before all those of the next one.
    - `where`: numbers by which those of one moment are ordered, whatever the partitions: of a cell, or of a synapse.
    - `text`: the message of the error.
    """

    when: int
    where: tuple[int, ...]
    text: str


def first(faults):
    """Return the first of some Faults; some may be None, and so is what is returned if all are."""
    return min(filter(None, faults), default=None)


class FaultNumber(NamedTuple):
    """A number that a compiled function has left in a record, and how a message says it.

    - `field`: of the record; of an array its `element`.
    - `factor`, `summand`: by which it is multiplied, and what is added.
    - `table`: an array from which it is taken, the number being an index.
    - `parts`: (first cell, its name in quotes) of each population, if it is a cell of the network.
    """

    field: str
    factor: float = 1
    summand: float = 0
    element: int = 0
    table: Any = None
    parts: tuple[tuple[int, str], ...] = ()

    def number(self, context):
        """Return the number."""
        found = context[self.field]
        found = np.ravel(found)[self.element] * self.factor + self.summand
        return found if self.table is None else self.table[int(found)]

    def said(self, context):
        """Return it as messages say it."""
        found = self.number(context)
        if not self.parts:
            return f"{found:g}"
        start, name = max(part for part in self.parts if part[0] <= found)
        return f"{int(found) - start} of {name}"


class Watch(NamedTuple):
    """How Python, and a page in a browser, notice a fault that a compiled function has left in a record, and what they say.

    - `context`, `field`: a number of a record, or the first of an array: `nothing` until something goes wrong, then `equal`
      unless that is None.
    - `text`: the message in pieces, which are texts and FaultNumber.
    - `when`, `where`: as of a Fault.
    - `wrong`: a FaultNumber that is not finite, if the message is only for this case; of several of one field the first
      counts.
    - `first`: a compiled function that has to be called with the record before its numbers are read.
    """

    context: Any
    field: str
    text: tuple[str | FaultNumber, ...]
    when: FaultNumber
    where: tuple[FaultNumber, ...] = ()
    nothing: int = -1
    equal: int | None = None
    wrong: FaultNumber | None = None
    first: Any = None

    def fault(self):
        """Return the Fault, None if nothing went wrong."""
        noted, context = FaultNumber(self.field).number(self.context), self.context
        if noted == self.nothing or (self.equal is not None and noted != self.equal):
            return None
        if self.wrong is not None and np.isfinite(self.wrong.number(context)):
            return None
        text = "".join(piece if isinstance(piece, str) else piece.said(context) for piece in self.text)
        return Fault(int(self.when.number(context)), tuple(int(one.number(context)) for one in self.where), text)


def noted(watches):
    """Return the Fault of the first of the Watches of a record that is one, None without any."""
    return next(filter(None, (watch.fault() for watch in watches)), None)
