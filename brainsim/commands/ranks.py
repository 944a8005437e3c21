"""``brainsim run NAME --ranks N``: the example on the ranks of an MPI run, started by mpiexec."""

import importlib.util
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

from brainsim.core.doors import to_install
from brainsim.core.machine import processors
from brainsim.core.processes import python_command

FAILED = 2  # exit code
AS_RANK = "--as-rank"  # the option of the processes that mpiexec starts


def launch(number, argv):
    """Start the command line `argv`, which asks for ranks, on `number` of them; return the exit code."""
    if importlib.util.find_spec("mpi4py") is None:
        raise ImportError(f"--ranks: needs mpi4py and an MPI library: {to_install('mpi4py')}")
    python = python_command("from mpi4py.run import main; main()")
    command = [*_launcher(number), *python, "-m", "brainsim", *_without_ranks(argv), AS_RANK]
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)  # Ctrl-C then goes to mpiexec alone
    return subprocess.call(command)


def _launcher(number):
    """Return the beginning of a command that starts `number` processes."""
    name = "mpiexec.exe" if os.name == "nt" else "mpiexec"
    here = Path(sys.prefix) / ("Scripts" if os.name == "nt" else "bin") / name
    path = str(here) if here.exists() else shutil.which(name)
    if path is None:
        raise FileNotFoundError("--ranks: there is no mpiexec; pip install mpich, or load the MPI of your cluster")
    options = []
    version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    if "Open MPI" in version or "OpenRTE" in version or "prte" in version:
        # it would bind each rank to one processor, and refuse to start more ranks than there are processors
        options = ["--bind-to", "none", *["--oversubscribe"] * (number > processors())]
    elif "HYDRA" in version:
        options = ["-print-all-exitcodes"]  # MPICH otherwise says by which signal a process was killed, but not its rank
    return [path, *options, "-n", str(number)]


def _without_ranks(argv):
    kept, skip = [], False
    for word in argv:
        if not skip and word != "--ranks" and not word.startswith("--ranks="):
            kept.append(word)
        skip = word == "--ranks"
    return kept


def run_as_rank(run):
    """Call a function on all ranks, return what it returns; only rank 0 prints, and an error on any of them ends all."""
    from brainsim.engine.simulation.settings import ranks_of
    from brainsim.features.ranks.ranks import all_fail

    ranks = ranks_of(True, "--ranks")
    if ranks.rank:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
        warnings.simplefilter("ignore")
    try:
        return run()
    except (ValueError, MemoryError, OSError) as error:
        same = ranks.size == 1 or all_fail(ranks, error)
        if ranks.rank == 0 or not same:
            print(f"brainsim: {'' if same else f'rank {ranks.rank}: '}{error}", file=sys.stderr, flush=True)
        if same is None:
            ranks.comm.Abort(FAILED)
        return FAILED
