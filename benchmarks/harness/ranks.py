"""A task of brainsim on the ranks of MPI: how its processes are started, and how they all get what rank 0 is asked to do."""

import importlib.util
import sys
from pathlib import Path


def launcher():
    """Return the path of mpiexec beside this Python."""
    return Path(sys.prefix) / "bin" / "mpiexec"


def can_start_ranks():
    """Return whether there are mpi4py and an mpiexec."""
    return launcher().exists() and importlib.util.find_spec("mpi4py") is not None


def command(ranks):
    """Return the beginning of the command that starts a process, or the ranks of one task."""
    if ranks == 1:
        return [sys.executable]
    return [str(launcher()), "-n", str(ranks), sys.executable, "-m", "mpi4py"]


def on_all(ranks, lines):
    """Yield for each line that rank 0 reads, on all ranks."""
    if ranks == 1:
        yield from lines
        return
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    if comm.rank == 0:
        for line in lines:
            comm.bcast(True)
            yield line
        comm.bcast(False)
    while comm.rank and comm.bcast(None):
        yield ""


def is_first(ranks):
    """Return whether this process is rank 0, which answers."""
    if ranks == 1:
        return True
    from mpi4py import MPI

    return MPI.COMM_WORLD.rank == 0
