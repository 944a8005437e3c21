"""What happens to synapses at regular times, between two chunks of a run."""

from typing import Any, NamedTuple


class Regular(NamedTuple):
    """How a page does what `SynapseKind.after_chunk` does at each multiple of a number of steps.

    - `every`: this number.
    - `reading`: how the synapses are brought up to now first, in place, None if they do not lag behind.
    - `calls`: (function, Context): what is called then.
    - `counted`: (function, Context) of what is called with all spikes of a chunk, which are put into the fields ``spikes``
      and ``number``; or None.
    """

    every: int
    reading: Any
    calls: list[tuple[Any, Any]]
    counted: tuple[Any, Any] | None = None
