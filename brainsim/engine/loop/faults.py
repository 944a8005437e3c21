"""What goes wrong in a chunk of a run. The first fault is reported, so a run says the same however it is cut and divided."""

from typing import Any, NamedTuple


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


class Watch(NamedTuple):
    """How a page in a browser notices a fault, and what it says: Python says more, see `Operator.check`.

    - `context`, `field`: a number of a record: `nothing` until something goes wrong, then `equal` unless that is None.
    - `text`: the message; ``{name}`` stands for a value.
    - `values`: name -> (field, factor, summand), of numbers of the same record.
    """

    context: Any
    field: str
    text: str
    values: dict[str, tuple[str, float, float]]
    nothing: int = -1
    equal: int | None = None
