"""What a run returns on the ranks that do not have its Result."""

from typing import Any

from brainsim.results.result import Result

HERE = ("duration", "dt", "seed", "start", "stop", "stats", "state")  # what all ranks know; of the state that it is not here


class ElsewhereError(RuntimeError):
    """The result of an MPI run is on rank 0."""


class Elsewhere(Result):
    """The Result of an MPI run on a rank that does not have it. It is false, so ``if result:`` is true on rank 0 only.

    Parameters
    ----------
    rank, size : int
        Which rank this is, and how many there are.
    duration, dt, start : float
    seed : int
    stats : dict
        As in Result, of this rank.
    """

    def __init__(self, rank: int, size: int, **known: Any):
        vars(self).update(known, _rank=rank, _size=size, state=None)

    def __bool__(self) -> bool:
        """Return False: a Result is true."""
        return False

    def __getattribute__(self, name: str) -> Any:
        """Return what all ranks know; raise ElsewhereError for anything else that a Result has."""
        if name.startswith("_") or name in HERE:
            return super().__getattribute__(name)
        raise ElsewhereError(
            f"Result.{name}: is on rank 0, and this is rank {self._rank} of {self._size}; write `if result:` before what "
            "looks at a result"
        )

    def __repr__(self) -> str:
        return f"Result on rank 0 (this is rank {self._rank} of {self._size})"

    def _repr_html_(self):
        return f"<div>{self!r}</div>"
