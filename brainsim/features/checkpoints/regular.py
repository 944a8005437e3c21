"""Checkpoints at regular times of the clock, and when the process is asked to end."""

import os
import signal
import threading
import time
from pathlib import Path

from brainsim.core.checks import option, warn_user
from brainsim.core.files import check_path, remove_leftovers, writable
from brainsim.engine.simulation.simulation import Simulation
from brainsim.features.checkpoints.file import EXAMPLE, exists
from brainsim.features.checkpoints.saving import continue_as, finished_result, read_on_ranks, time_left, write
from brainsim.results.archive import check_npz_name

TEMPORARY_FAILURE = 75  # exit status EX_TEMPFAIL of sysexits.h: it is worth running the same command again


class Ended(SystemExit):
    """The process was asked to end; Python then exits with the status 75, so that a batch system can start it again."""

    def __init__(self, text):
        super().__init__(TEMPORARY_FAILURE)
        self._text = text

    def __str__(self):
        return self._text


def refuse_to_replace(path, label):
    """Raise FileExistsError if a checkpoint exists that a new run would replace."""
    if exists(path):
        raise FileExistsError(
            f"{label}: there is a checkpoint {str(path)!r}; resume=True continues from it. To start again, delete it "
            "or give another name"
        )


def check_writable(path, label):
    """Raise an error, before anything is built, if no checkpoint can be written to `path`."""
    check_npz_name(path, label)
    folder = Path(os.path.realpath(writable(check_path(path, label, EXAMPLE), label))).parent
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{label}: the folder {str(folder)!r} cannot be written to")


class Regular:
    """Saves a simulation every `every` seconds, and when SIGTERM or SIGUSR1 arrives, after which it raises `Ended`.

    A checkpoint that cannot be written because the disk or the memory is full ends no run, nor does a variable that is not
    finite: a warning says so, and the next one is tried at its time. All other errors would come again, so they are raised.
    """

    def __init__(self, simulation, path, every):
        self._simulation, self._path, self._every, self._asked, self._old = simulation, path, every, None, {}

    def __enter__(self):
        self._simulation._guard = self
        remove_leftovers(self._path)
        self._next = time.monotonic() + self._every
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGTERM", "SIGUSR1"):
                if number_ := getattr(signal, name, None):
                    self._old[number_] = signal.signal(number_, self._take)
        return self

    def __exit__(self, *_):
        self._simulation._guard = None
        for number_, old in self._old.items():
            signal.signal(number_, signal.SIG_DFL if old is None else old)

    def _take(self, signal_number, _):
        self._asked = signal.Signals(signal_number).name

    def due(self):
        """Return whether it is time to save; with ranks all ask at the same point, and get the same answer."""
        asked = self._simulation._layout.ranks.all((self._asked, time.monotonic() >= self._next))
        self._asked = next((name for name, _ in asked if name is not None), None)
        return self._asked is not None or any(now for _, now in asked)

    def save_now(self):
        """Save after a run."""
        with self._simulation._exclusive:
            self.save()

    def save(self):
        """Save the simulation, whose lock is held; raise `Ended` if the process was asked to end."""
        saved = self._try()
        self._next = time.monotonic() + self._every
        if self._asked is not None:
            text = f"stopped by {self._asked} at {self._simulation.time:g} ms; "
            text += f"resume=True continues from {str(self._path)!r}" if saved else "this could not be saved"
            if self._simulation.rank == 0:
                warn_user(text)
            raise Ended(text)

    def _try(self):
        """Return whether a checkpoint was written; warn if not."""
        simulation = self._simulation
        problem = simulation._run.what_is_not_finite().format("it is not finite")
        if not problem:
            try:
                write(simulation, self._path)
            except (OSError, MemoryError) as error:
                problem = str(error) or type(error).__name__
        if problem and simulation.rank == 0:
            warn_user(f"no checkpoint at {simulation.time:g} ms: {problem}; the run continues")
        return not problem


def run_with_checkpoints(network, settings, state, duration, run):
    """Run a simulation that saves itself, from the beginning or from its checkpoint, and return its Result.

    ``run(simulation, duration)`` runs a simulation as `simulate` does.
    """
    to, ranks = settings.to, settings.ranks
    ranks.together(lambda: check_writable(settings.checkpoint, option("checkpoint")))
    checkpoint = Path(settings.checkpoint).absolute()  # a callback may change the folder of the process
    if isinstance(to, str | os.PathLike) and os.path.realpath(to) == os.path.realpath(checkpoint):
        raise ValueError(f"{option('checkpoint')}: must be another file than that of to= (got {str(checkpoint)!r} for both)")
    if not settings.resume:
        ranks.together(lambda: refuse_to_replace(checkpoint, option("checkpoint")))
    if settings.resume and ranks.first(exists(checkpoint)):
        if (finished := finished_result(checkpoint, to, duration, ranks)) is not None:
            return finished
        saved = read_on_ranks(checkpoint, ranks, to, "simulate")
        simulation = continue_as(Simulation, network, settings, saved, "simulate")
    else:
        simulation = Simulation._with(network, settings, state)
    left = time_left(simulation, duration, option("duration"))
    with Regular(simulation, checkpoint, settings.checkpoint_every) as guard:
        if to is not None and not ranks.first(exists(checkpoint)):
            guard.save_now()  # so that a stream without a checkpoint is never one of this run
        if left:
            run(simulation, left)
    if not time_left(simulation, duration, option("duration")):
        return simulation.close()
    result = simulation.result()  # after Ctrl-C; the folder of a stream stays, so that it can continue
    if simulation._stream is not None:
        simulation._stream.close()
    return result
