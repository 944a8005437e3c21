"""The table of the synapses of all ranks of an MPI run, of which each has those onto its own cells."""

from dataclasses import replace

import numpy as np

MAX_KEYS = 1 << 24  # of synapses, of a rank, that are sent to the others at once


def in_table(block, keys):
    """Return where in the table of all ranks the synapses of a block are, whose `keys` are sorted; its length.

    Equal keys are on one rank.
    """
    ranks = block.layout.ranks
    return _among_all(ranks, keys), sum(ranks.all(block.stop - block.start))


def _among_all(ranks, keys):
    ids = np.arange(keys.size)
    longest = max(ranks.all(keys.size))
    # in parts, so that no rank holds the keys of all
    for start in range(0, longest, MAX_KEYS):
        for rank, others in enumerate(ranks.everywhere(keys[start : start + MAX_KEYS])):
            if rank != ranks.rank:
                ids += np.searchsorted(others, keys)
    return ids


def of_table(layout, columns, ids, n):
    """Return columns of the table of all ranks, of `n` rows, on all ranks; the synapses here are those with these `ids`."""
    found, ids = {}, layout.ranks.everywhere(ids)
    for name, values in columns.items():
        found[name] = np.empty(n, values.dtype)
        for where, some in zip(ids, layout.ranks.everywhere(values), strict=True):
            found[name][where] = some
    return found


def whole_table(layout, table):
    """Return the table of the synapses of all ranks, on all ranks, of that of the synapses here."""
    everywhere = layout.ranks.everywhere
    fields = {name: np.concatenate(everywhere(getattr(table, name))) for name in ("pre", "post", "weight", "delay")}
    order = np.argsort(fields["pre"] * table.n_post + fields["post"], kind="stable")
    columns = {name: np.concatenate(everywhere(values))[order] for name, values in table.columns.items()}
    return replace(table, **{name: values[order] for name, values in fields.items()}, columns=columns)
