"""What the ranks of an MPI run have recorded in memory: each its own cells, and rank 0 puts it together."""

from brainsim.engine.recorders.log import Memory, no_rows


class MemoryOfRanks(Memory):
    """The rows of the log of one rank."""

    def __init__(self, ranks):
        super().__init__()
        self._ranks, self.about = ranks, about(ranks)

    def parts(self, header, arrays, first):
        """Return (header, columns, numbers of the first rows) of each rank, on rank 0; else []."""
        return parts_of(self._ranks, header, arrays, first)


def about(ranks):
    """Return what the header of a log says of its rank."""
    return {"ranks": [ranks.rank, ranks.size]}


def parts_of(ranks, header, arrays, first):
    """Return (header, columns, numbers of the first rows) of each rank, on rank 0; else []. Columns may differ."""
    every = ranks.all((header, first))
    columns = {column["name"]: column for of_rank, _ in every for column in of_rank["columns"]}
    found = {name: ranks.gather(arrays.get(name, no_rows(column))) for name, column in columns.items()}
    if ranks.rank:
        return []
    names = [[column["name"] for column in of_rank["columns"]] for of_rank, _ in every]
    return [(of_rank, {name: found[name][k] for name in names[k]}, first) for k, (of_rank, first) in enumerate(every)]
