"""Which entries of the log of a source's spikes are still needed (see `part`)."""

import numpy as np

from brainsim.jit.decorators import kernel


@kernel
def free_entries(sources, newest, link, oldest, first_free):
    """Free the entries that are followed by one before `oldest`; return (first free entry, how many were freed).

    A synapse needs the entries that are still under way to it, and the last one that has arrived.
    """
    free, freed = np.int64(first_free), np.int64(0)
    for s in range(sources.size):
        entry = np.int64(newest[sources[s]])
        while entry >= 0 and link[2 * entry] >= oldest:
            entry = link[2 * entry + 1]
        if entry < 0:
            continue
        rest = link[2 * entry + 1]
        link[2 * entry + 1] = -1
        while rest >= 0:
            following = link[2 * rest + 1]
            link[2 * rest + 1], free = free, rest
            freed += 1
            rest = following
    return free, freed


def entries_of(sources, newest, link, oldest):
    """Return the entries that are still needed, those of each source from the oldest to the newest, and their sources."""
    entries, owners = [], []
    for source in sources[newest[sources] >= 0].tolist():
        chain, entry = [], int(newest[source])
        while entry >= 0:
            chain.append(entry)
            entry = int(link[2 * entry + 1]) if link[2 * entry] >= oldest else -1
        entries += chain[::-1]
        owners += [source] * len(chain)
    return np.array(entries, np.int64), np.array(owners, np.int64)
