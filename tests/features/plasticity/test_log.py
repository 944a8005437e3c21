"""Which entries of the log of spikes are kept: those under way, and all of the step of the last one that has arrived."""

import numpy as np
import pytest

from brainsim.features.plasticity.part import entries_of, free_entries

SOURCES = np.array([1, 2, 4])


def log_of(times, room):
    """Return (newest, link) of a log in which the sources have fired at these steps, and the room that is free."""
    newest, link, number = np.full(6, -1, np.int32), np.full((room, 2), -1), 0
    for source, steps in zip(SOURCES, times, strict=True):
        for step in steps:
            link[number] = step, newest[source]
            newest[source], number = number, number + 1
    link[number:, 1] = [*range(number + 1, room), -1]
    return newest, link.ravel(), number


def chain(entry, link):
    """Return the entries from one on."""
    found = []
    while entry >= 0:
        found.append(entry)
        entry = int(link[2 * entry + 1])
    return found


@pytest.mark.parametrize("oldest", range(9))
def test_what_is_needed_is_listed_and_the_rest_is_freed(oldest):
    times = [[1, 3, 3, 5, 5, 5, 7], [4, 4], []]
    newest, link, number = log_of(times, 12)
    needed = []
    for source, steps in zip(SOURCES, times, strict=True):
        last = max((step for step in steps if step < oldest), default=0)
        needed += [(source, step) for step in steps if step >= oldest or step == last]
    entries, owners = entries_of(SOURCES, newest, link, oldest)
    assert list(zip(owners, link[2 * entries], strict=True)) == needed
    first, freed = free_entries(SOURCES, newest, link, oldest, number)
    assert freed == number - len(needed)
    kept = [entry for source in SOURCES for entry in chain(newest[source], link)[::-1]]
    assert kept == entries.tolist()
    assert sorted(kept + chain(first, link)) == list(range(12))
