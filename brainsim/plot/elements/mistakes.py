"""Messages of what a picture calls, under the name of the function that the user called."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told_by(caller: str, *callees: str) -> Iterator[None]:
    """Let messages that begin with one of `callees` begin with `caller` instead.

    Examples
    --------
    >>> with told_by("rate", "Spikes.population_rate"):
    ...     raise ValueError("Spikes.population_rate.bin: must be > 0 ms (got 0)")
    Traceback (most recent call last):
    ...
    ValueError: rate.bin: must be > 0 ms (got 0)
    """
    try:
        yield
    except (TypeError, ValueError, IndexError) as error:
        text = str(error)
        for callee in callees:
            if text.startswith(callee):
                raise type(error)(caller + text.removeprefix(callee)) from None
        raise
