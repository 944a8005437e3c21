"""Batches of samples: divided among threads in chunks, whose gradients are added up in a fixed order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, Self

import numpy as np

from brainsim.jit.background import Workers

CHUNKS, SMALLEST = 8, 8  # largest number of chunks, for any number of threads; smallest number of samples in each


def batches_of(order: np.ndarray, size: int) -> list[np.ndarray]:
    """Return batches of samples in the given order."""
    return [order[start : start + size] for start in range(0, len(order), size)]


def chunks_of(samples: int, most: int | None = CHUNKS) -> list[tuple[int, int]]:
    """Return where the chunks of a batch begin and end: at most `most`, or with None all of the smallest size.

    Examples
    --------
    >>> chunks_of(20), chunks_of(20, None)
    ([(0, 10), (10, 20)], [(0, 6), (6, 13), (13, 20)])
    """
    parts = max(1, -(-samples // SMALLEST)) if most is None else min(most, max(1, samples // SMALLEST))
    return list(pairwise(samples * k // parts for k in range(parts + 1)))


class Runner:
    """Threads that compute samples, or chunks of them; use it in a ``with`` block."""

    def __init__(self, threads: int) -> None:
        self._workers, self.window = Workers(threads if threads > 1 else 0), max(threads, CHUNKS)

    def __enter__(self) -> Self:
        self._workers.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._workers.__exit__(*error)

    def in_turn(self, function: Callable, *columns: Iterable) -> Iterator[Any]:
        """Yield ``function(*row)`` of each row in order; at most `window` of them are in work or wait to be taken.

        Examples
        --------
        >>> with Runner(2) as runner:
        ...     list(runner.in_turn(pow, [2, 3, 4], [3, 2, 1]))
        [8, 9, 4]
        """
        jobs: deque[Any] = deque()
        for row in zip(*columns, strict=False):
            if len(jobs) == self.window:
                yield jobs.popleft().result()
            jobs.append(self._workers.submit(function, *row))
        while jobs:
            yield jobs.popleft().result()
