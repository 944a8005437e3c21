"""A task of brainsim on the ranks of MPI: how its processes are started, and how they all get what rank 0 is asked to do."""

import importlib.util
import sys
import time
from pathlib import Path


def launcher():
    """Return the path of mpiexec next to this Python."""
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
            _tell(comm, True)
            comm.Barrier()  # all are awake when rank 0 takes the time
            yield line
        _tell(comm, False)
    while comm.rank and _told(comm):
        comm.Barrier()
        yield ""


def _tell(comm, what):
    """Tell something to all other ranks."""
    for request in [comm.isend(what, rank) for rank in range(1, comm.size)]:
        request.wait()


def _told(comm):
    """Return what rank 0 tells; until then this rank sleeps, so that it takes no time from what is measured meanwhile."""
    request = comm.irecv(source=0)
    while not (answer := request.test())[0]:
        time.sleep(0.002)
    return answer[1]


def is_first(ranks):
    """Return whether this process is rank 0, which answers."""
    if ranks == 1:
        return True
    from mpi4py import MPI

    return MPI.COMM_WORLD.rank == 0
