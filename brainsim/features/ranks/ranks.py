"""The ranks of an MPI run: which process this is, and what all of them do together outside of the time loop.

Nothing here is on the path of a slice (see `mpi`), so mpi4py's own methods are fast enough.
"""

import contextlib
import functools
import os
import sys
import time
import traceback
import warnings

import numpy as np

from brainsim.build.own import ALONE
from brainsim.core.checks import option
from brainsim.core.doors import to_install
from brainsim.core.machine import processor_quota
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.states.fingerprint import fingerprint
from brainsim.features.ranks.elsewhere import Elsewhere, ElsewhereError
from brainsim.features.ranks.meeting import ApartError, Meeting, wait
from brainsim.features.ranks.planned import Planned

# how many processes the launcher has started: MPICH and Intel MPI, Open MPI, Slurm's srun
STARTED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
INTERRUPTED = 130  # exit status
PATIENCE = 1.0  # seconds for which a rank that failed waits for the others to fail as well


class Ranks(Planned):
    """The processes of a communicator; this process is one of them.

    - `comm`: a copy of it, so that no message of the user's is taken for one of these.
    - `failing`: another copy, for ranks that fail while others may be in the midst of a message.
    - `processors`: the processors of this machine, divided among its ranks.
    """

    def __init__(self, comm):
        from mpi4py import MPI

        self.comm = _copy_of(comm)
        self.rank, self.size = comm.rank, comm.size
        self.failing = _copy_of(self.comm)
        self._meeting = _meeting_of(self.failing)
        self.agree("simulate.ranks", "makes a simulation on ranks")
        machine = comm.Split_type(MPI.COMM_TYPE_SHARED)
        self.neighbours = machine.size
        self.processors = share_of(machine.allgather(_processors()), machine.allgather(processor_quota()))
        machine.Free()
        _end_all_on_error(self)

    def __deepcopy__(self, memo):
        return self

    def agree(self, call, doing=None, **values):
        """Raise an error, on all ranks, unless all make this call, with the same values; each waits for all others.

        ApartError says that another rank makes another call or has ended; ValueError names the values that differ.
        """
        with self.abort_on_error():  # a rank that does not wait any longer, after Ctrl-C, can do nothing with the others
            said = self._meeting.says(call, values, doing or f"calls {call}")
        self._meeting.compare(*said)

    def number(self):
        """Return a number for another simulation, the same on all ranks."""
        return next(self._meeting.numbers)

    def all(self, value):
        """Return a list with the value of each rank, on all ranks."""
        return self.comm.allgather(value)

    def first(self, value):
        """Return the value of rank 0, on all ranks."""
        return self.comm.bcast(value)

    def everywhere(self, array):
        """Return the arrays of all ranks, of one dimension, on all ranks."""
        array = np.ascontiguousarray(array)
        found = [np.empty(n, array.dtype) for n in self.all(array.size)]
        found[self.rank] = array
        for rank, whole in enumerate(found):
            for part in _in_parts(whole):
                self.comm.Bcast(part, rank)
        return found

    def gather(self, value):
        """Return a list with the value of each rank, on rank 0; None on the others.

        Arrays, alone or in lists, tuples and dicts of the same structure on all ranks, are sent without pickles and may be
        large.
        """
        if isinstance(value, np.ndarray):
            return self._arrays(value)
        if not isinstance(value, list | tuple | dict):
            return self.comm.gather(value)
        parts = [self.gather(part) for part in (value.values() if isinstance(value, dict) else value)]
        if self.rank:
            return None
        some = [[part[rank] for part in parts] for rank in range(self.size)]
        return [dict(zip(value, found, strict=True)) if isinstance(value, dict) else type(value)(found) for found in some]

    def _arrays(self, array):
        """Return the arrays of all ranks on rank 0; they may differ in their shapes."""
        array = np.ascontiguousarray(array)
        shapes = self.comm.gather(array.shape)
        if self.rank:
            for part in _in_parts(array):
                self.comm.Send(part, 0)
            return None
        found = [array]
        for rank, shape in enumerate(shapes[1:], 1):
            found.append(np.empty(shape, array.dtype))
            for part in _in_parts(found[-1]):
                self.comm.Recv(part, rank)
        return found

    def together(self, function):
        """Return what a function returns here; if it fails on one rank, an error is raised on all."""
        answer = error = None
        try:
            answer = function()
        except Exception as failure:  # all ranks must learn of it, or the others would wait for this one
            error = failure
        found = self.all(None if error is None else (isinstance(error, OSError), f"{type(error).__name__}: {error}"))
        if error is not None:
            raise error
        for rank, problem in enumerate(found):
            if problem is not None:
                raise (OSError if problem[0] else RuntimeError)(f"rank {rank}: {problem[1]}")
        return answer

    def answer(self, function, agree):
        """Return what a function of the user answers on rank 0, which has results; if it fails on one rank, all fail."""
        answer = error = elsewhere = None
        try:
            answer = function()
        except ElsewhereError as failure:
            error, elsewhere = (failure, None) if self.rank == 0 else (None, failure)
        except BaseException as failure:  # noqa: BLE001 - all ranks must learn of it, or the others would wait for this one
            error = failure
        ended = error or elsewhere
        how = f", by {type(ended).__name__}: {ended}" if ended else ""
        agree("run.callback", f"has come to the end of the callback{how}")
        found = self.all(error and (isinstance(error, KeyboardInterrupt), "".join(traceback.format_exception(error))))
        if error is not None:
            raise error
        for rank, (by_ctrl_c, text) in ((rank, there) for rank, there in enumerate(found) if there is not None):
            if by_ctrl_c:
                raise KeyboardInterrupt(f"on rank {rank} of {self.size}")
            raise RuntimeError(f"the function that is called during the run failed on rank {rank} of {self.size}:\n{text}")
        return self.first(answer)

    def elsewhere(self, **known):
        """Return what takes the place of the Result, of which all ranks know some fields."""
        return Elsewhere(self.rank, self.size, **known)

    @contextlib.contextmanager
    def quiet(self):
        """Return a context in which no warnings are shown, except on rank 0."""
        with warnings.catch_warnings() if self.rank else contextlib.nullcontext():
            if self.rank:
                warnings.simplefilter("ignore")
            yield

    def abort_on_error(self):
        """Return a context that ends all ranks if an error leaves it: the others wait for this one forever."""
        return _Ending(self)


class _Ending:
    def __init__(self, ranks):
        self._ranks = ranks

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and not isinstance(error, ApartError) and all_fail(self._ranks, error) is None:
            _end_all(self._ranks, error)


def ranks_in(ranks, label):
    """Return the processes of a communicator, or of the whole job if it is True."""
    if ranks is not True and not (hasattr(ranks, "Split_type") and hasattr(ranks, "Get_rank")):
        message = f"must be True or a communicator of mpi4py (got {ranks!r})"
        hint = "; how many ranks there are is said when they are started: mpiexec -n 4 python -m mpi4py script.py"
        raise TypeError(f"{label}: {message}{hint if isinstance(ranks, int) else ''}")
    mpi = _mpi(label)
    comm = mpi.COMM_WORLD if ranks is True else ranks
    if mpi.COMM_WORLD.size == 1:
        _reject_strangers(mpi, label)
    return ALONE if comm.size == 1 else Ranks(comm)


def reject_recorders(recorders):
    """Raise TypeError if what a recorder has recorded cannot be put together on rank 0, before anything is built."""
    for kind in map(type, recorders):
        if kind.result is not Recorder.result and kind.merge is Recorder.merge:
            raise TypeError(
                f"{option('record')}: {kind.__name__} cannot record on several ranks, since it has a method result without "
                "a method merge(arrays), which puts together what the ranks have recorded; leave it out, or run in one "
                "process"
            )


def _mpi(label=None):
    """Return mpi4py's module, or raise an ImportError that says what to install."""
    label = label or option("ranks")
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ImportError(f"{label}: needs mpi4py and an MPI library: {to_install('mpi4py')} ({error})") from None
    except RuntimeError as error:  # mpi4py is there, but it finds no library
        raise ImportError(
            f"{label}: mpi4py finds no MPI library: pip install mpich, or load the MPI of your cluster, or set "
            f"MPI4PY_LIBMPI to the path of libmpi.so ({str(error).splitlines()[0]})"
        ) from None
    return MPI


def _reject_strangers(mpi, label):
    """Raise RuntimeError if a launcher started several processes, but each sees only itself."""
    for name in STARTED:
        number = os.environ.get(name, "")
        if number.isdigit() and int(number) > 1:
            library = mpi.Get_library_version().split("\n")[0].split(",")[0].strip(" \0")
            raise RuntimeError(
                f"{label}: the launcher started {number} processes ({name}), but mpi4py sees only this one: its MPI "
                f"library, {library}, is not that of the launcher. Use the mpiexec of that library, or set MPI4PY_LIBMPI to "
                "the libmpi.so of the launcher's"
            )


def _copy_of(comm):
    """Return a copy of a communicator, the same for each simulation: there are only about 2,000 of them."""
    key = _key()
    copy = comm.Get_attr(key)
    if copy is None:
        copy, request = comm.Idup()
        wait(request, comm, "makes a simulation on ranks")
        copy.Set_errhandler(_mpi().ERRORS_RETURN)
        comm.Set_attr(key, copy)
    return copy


def _meeting_of(comm):
    """Return the Meeting of some ranks, the same for each simulation."""
    copy = _copy_of(comm)
    handle = _mpi()._handleof(copy)
    if handle not in _meetings:
        _meetings[handle] = Meeting(copy)
    return _meetings[handle]


_meetings: dict[int, Meeting] = {}


@functools.cache
def _key():
    return _mpi().Comm.Create_keyval()


def _processors():
    """Return the numbers of the processors that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def share_of(usable, quotas):
    """Return how many processors each rank of a machine has, at least one.

    `usable` are the processors that each rank may use, `quotas` how many the control groups of each rank may keep busy.
    Whether ranks are bound to processors of their own or not, each has an equal share of those that any of them may use, and
    of what their container or batch job may keep busy: one limit for all of them together.
    """
    return max(1, int(min(len(set().union(*usable)), *quotas) // len(usable)))


def _in_parts(array, size=1 << 28):
    """Return an array as flat parts, as bytes, of at most `size`: MPI counts in 32 bits."""
    flat = array.reshape(-1).view(np.uint8) if array.size else np.empty(0, np.uint8)
    return [flat[k : k + size] for k in range(0, flat.size, size)]


_ending_all: list = []


def _end_all_on_error(ranks):
    """Let an error that nobody catches end all ranks; the others would wait for this one forever."""
    if not _ending_all:
        _ending_all.append(sys.excepthook)
        sys.excepthook = lambda kind, error, trace: _end(ranks, error)


def _end(ranks, error):
    """Print an error, with its traceback, and end all ranks; if all of them fail, each ends on its own.

    Then rank 0 prints its error, and the others theirs if it differs.
    """
    same = all_fail(ranks, error)
    if same is None:
        _end_all(ranks, error)
    if ranks.rank == 0 or not same:
        traceback.print_exception(error)
        sys.stderr.flush()
    all_fail(ranks, error)  # a launcher may end all as soon as one has ended: not before they have printed


def _end_all(ranks, error):
    kind, text = type(error), "".join(traceback.format_exception(error))
    text += f"brainsim: rank {ranks.rank} of {ranks.size} failed ({kind.__name__}), so all ranks end\n"
    print(text, end="", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    ranks.comm.Abort(INTERRUPTED if issubclass(kind, KeyboardInterrupt) else 1)


def all_fail(ranks, error):
    """Return whether this error is that of rank 0, if all ranks have an error within a second; None otherwise.

    All ranks have the same error after, for example, the same wrong argument. Errors during which others were raised count
    as well.
    """
    mine = np.frombuffer(bytes.fromhex(fingerprint(list(_said(error)))), np.uint8)
    found = np.empty((ranks.size, mine.size), np.uint8)
    request, until = ranks.failing.Iallgather(mine, found), time.monotonic() + PATIENCE
    while not (done := request.Test()) and time.monotonic() < until:
        time.sleep(0.01)
    return bool((found[0] == mine).all()) if done else None


def _said(error):
    """Yield the text of an error, and those of the errors before it; `raise ... from` can close a chain to a ring."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield traceback.format_exception_only(error)
        error = error.__cause__ or error.__context__
