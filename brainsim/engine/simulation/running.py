"""How a `Simulation` runs: by one thread at a time, in pieces, with a function of the user between them."""

import threading
import time
from contextlib import contextmanager

from brainsim.core.checks import options_of, warn_user
from brainsim.core.contexts import default_arithmetic
from brainsim.core.deferred import defer
from brainsim.core.doors import all_through
from brainsim.engine.loop.progress import Interrupt, Watch
from brainsim.engine.simulation.settings import WORTH_AN_ESTIMATE, checked_steps
from brainsim.engine.states.state import check_end
from brainsim.results.result import Result

SHORT_PIECE = 0.01  # seconds of computing: the Result of a shorter piece is made when it is looked at
CHECK_EVERY = 1.0  # ms between two checks of a condition


class Exclusive:
    """A lock that rejects a second thread instead of letting it wait.

    Waiting would be safe, too, but which thread comes first, and so the spikes, would be left to chance. While the lock is
    held, NumPy treats errors of arithmetic by its defaults; during a function of the user it treats them as the user has
    set.
    """

    def __init__(self, label):
        self._label, self._lock, self._guest, self._arithmetic = label, threading.Lock(), None, []

    def __enter__(self):
        if self._guest != threading.get_ident() and not self._lock.acquire(blocking=False):
            raise RuntimeError(
                f"{self._label}: is in use by another call; run, result, reset and set may be called by one thread at "
                "a time. Give each thread its own Simulation, e.g. copy.deepcopy(sim)"
            )
        self._arithmetic.append(default_arithmetic())
        self._arithmetic[-1].__enter__()

    def __exit__(self, *_):
        self._arithmetic.pop().__exit__(None, None, None)
        if self._guest != threading.get_ident():
            self._lock.release()

    @contextmanager
    def lent(self):
        """Let a function of the user, called while the lock is held, use the object: in this thread only."""
        self._guest = threading.get_ident()
        self._arithmetic.pop().__exit__(None, None, None)
        try:
            yield
        finally:
            self._arithmetic.append(default_arithmetic())
            self._arithmetic[-1].__enter__()
            self._guest = None

    def check_not_lent(self, what):
        """Raise RuntimeError if this is called by a function of the user that was called during a run."""
        if self._guest == threading.get_ident():
            raise RuntimeError(
                f"{self._label}.{what}: cannot be called by a callback or a condition during a run; "
                f"call {what} when the run has ended"
            )


def run_pieces(sim, steps, interval, between, progress, may_stop=False, at_start=False):
    """Run for `steps` steps; after every `interval`, and if wanted `at_start`, call `between(sim)`.

    If it `may_stop`, it stops the run by returning True.
    """
    sim._exclusive.check_not_lent("run")
    ranks = sim._layout.ranks
    asked = None if ranks.size == 1 else lambda pressed: any(ranks.all(pressed))
    with Interrupt(asked) as interrupt, sim._exclusive, options_of(sim._settings.called):
        start, profile, before = sim._run.step, sim._run.profile(), sim._seconds["run"]
        _check_can_run(sim, steps)
        origin = start if sim._guard is None else sim._origin  # from which callbacks are counted
        before_it = sim._run.log.mark()
        # a run that continues from a checkpoint has been at its start before
        stopped = (may_stop or (at_start and start == origin)) and _ask(sim, between, interrupt, may_stop)
        with Watch(steps * sim.dt, progress if ranks.rank == 0 else False, "ms") as watch:
            while not stopped and (done := sim._run.step - start) < steps and not interrupt.asked:
                length = min(interval - (sim._run.step - origin) % interval, steps - done)
                _run_piece(sim, length, interrupt, lambda: watch.show((sim._run.step - start) * sim.dt))
                if between is not None and (sim._run.step - origin) % interval == 0 and not interrupt.asked:
                    stopped = _ask(sim, between, interrupt, may_stop)
                if _save_is_due(sim) and sim._run.step - start < steps and not interrupt.asked:
                    sim._guard.save()
        seconds = sim._seconds["run"] - before
        if not interrupt.asked:
            if text := sim._run.what_is_not_finite():
                with ranks.quiet():
                    warn_user(text.format("a variable ran away") + "; a smaller dt or another method may help")
            make = sim._recording.outcome(sim, sim._run.log.rows(before_it), start, seconds, profile).result
    if interrupt.asked:
        raise KeyboardInterrupt(f"stopped at {sim.time:g} ms")
    return defer(Result, make) if seconds < SHORT_PIECE and ranks.rank == 0 else make()


def _run_piece(sim, steps, interrupt, show):
    run, stop, began = sim._run, sim._run.step + steps, time.perf_counter()
    run.begin(stop)
    try:
        while run.step < stop and not interrupt.asked:
            run.advance(stop)
            interrupt.look()
            for look in sim._at_chunk_end:
                look()
            show()
            if _save_is_due(sim):
                break
    finally:
        sim._seconds["run"] += time.perf_counter() - began
    run.shared.given_out.fill_in()


def _save_is_due(sim):
    return sim._guard is not None and sim._guard.due()


def _ask(sim, function, interrupt, may_stop=False):
    """Call a function of the user with the simulation and return whether to stop; Ctrl-C interrupts it at once."""

    def called():
        with sim._exclusive.lent(), interrupt.given_back(), options_of(""):
            return function(sim)

    answer = sim._layout.ranks.answer(called, sim._agree)
    stop = may_stop and answer
    if not stop:
        _check_state(sim)
    return stop


def _check_can_run(sim, steps):
    """Raise an error if the last run failed, or if this one would have too many steps or samples or begin with NaN."""
    sim._recording.check_open()
    if sim._run.failed:
        raise RuntimeError(
            "Simulation.run: the last run failed half-way; reset() goes back to the start, and result() "
            "returns what was recorded before"
        )
    check_end(sim._run.step + steps, sim.dt, "run.duration")
    traces = sim._recording.traces
    if sum(trace.columns + 1 for trace in traces) * 8.0 * steps > WORTH_AN_ESTIMATE:
        for check in all_through("check of large traces"):
            check(traces, steps, sim.dt)
    _check_state(sim)


def _check_state(sim):
    """Raise ValueError if the state has become NaN, which the user may have read or set."""
    if sim._state_was_given_out and (text := sim._run.what_is_not_finite()):
        raise ValueError(text.format("the state was set to a number that is not finite, or ran away"))


def check_callback(every, callback, dt, label):
    """Return the interval of a callback in steps, None without one; raise an error if one of both is missing or wrong."""
    if (every is None) != (callback is None):
        raise TypeError(f"{label}.callback: give every= and callback= together, e.g. every=10.0, callback=f")
    if callback is None:
        return None
    if not callable(callback):
        raise TypeError(f"{label}.callback: must be a function of the simulation, e.g. lambda sim: ... (got {callback!r})")
    return checked_steps(every, dt, f"{label}.every")
