"""Which entries of the log of a source's spikes are still needed (see `part`)."""

import numpy as np

from brainsim.jit.decorators import helper, kernel


@helper
def entry_before(entry, link, oldest):
    """Return the entry before one of the same source, -1 if there is none that is still needed.

    A synapse needs the entries that are still under way to it, and all of the step of the last one that has arrived: at a
    tie the traces are read as they were before the first of them.
    """
    before = link[2 * entry + 1]
    if before >= 0 and link[2 * entry] < oldest and link[2 * before] < link[2 * entry]:
        return np.int64(-1)
    return before


@kernel
def free_entries(sources, newest, link, oldest, first_free):
    """Free the entries that no synapse needs any more, of spikes before `oldest`; return (first free entry, number)."""
    free, freed = np.int64(first_free), np.int64(0)
    for s in range(sources.size):
        entry = np.int64(newest[sources[s]])
        if entry < 0:
            continue
        before = entry_before(entry, link, oldest)
        while before >= 0:
            entry = before
            before = entry_before(entry, link, oldest)
        rest = link[2 * entry + 1]
        link[2 * entry + 1] = -1
        while rest >= 0:
            following = link[2 * rest + 1]
            link[2 * rest + 1], free = free, rest
            freed += 1
            rest = following
    return free, freed


@kernel
def list_entries(sources, newest, link, oldest, entries, owners):
    """Write the entries that are still needed, those of each source from the oldest to the newest; return their number."""
    number = np.int64(0)
    for s in range(sources.size):
        entry, begin = np.int64(newest[sources[s]]), number
        while entry >= 0:
            entries[number], owners[number] = entry, sources[s]
            number += 1
            entry = entry_before(entry, link, oldest)
        for k in range((number - begin) // 2):
            first, last = begin + k, number - 1 - k
            entries[first], entries[last] = entries[last], entries[first]
    return number


def entries_of(sources, newest, link, oldest):
    """Return the entries that are still needed, those of each source from the oldest to the newest, and their sources."""
    entries, owners = np.empty((2, link.size // 2), np.int64)
    number = list_entries(sources, newest, link, oldest, entries, owners)
    return entries[:number].copy(), owners[:number].copy()
