"""How a `Simulation` runs: for a duration, until a condition is true, and with a callback on the way."""

from __future__ import annotations

import time
import traceback
import typing
from collections.abc import Callable
from typing import Any

from brainsim.core.checks import true_or_false, warn_user
from brainsim.core.deferred import deferred
from brainsim.engine.estimates.memory import reject_if_traces_too_large
from brainsim.engine.progress import Interrupt, Watch
from brainsim.engine.settings import checked_end, checked_steps
from brainsim.engine.states.state import what_is_not_finite
from brainsim.results.result import Result

if typing.TYPE_CHECKING:
    from brainsim.engine.simulation.simulation import Simulation

SHORT_PIECE = 0.01  # seconds of computing: the Result of a shorter piece is made when it is looked at
CHECK_EVERY = 1.0  # ms between two checks of a condition


class WithRuns:
    """The methods of a `Simulation` that run it."""

    dt: float
    _exclusive: Any
    _run: Any
    _layout: Any
    _seconds: dict[str, float]
    _traces: list
    _state_was_given_out: bool
    _origin: int
    _guard: Any
    _check_open: Callable[[], None]
    _agree: Callable[..., None]
    _at_chunk_end: list[Callable[[], None]]  # called after each chunk, about every tenth of a second, when all is consistent

    def run(
        self,
        duration: float,
        *,
        progress: bool | None = None,
        every: float | None = None,
        callback: Callable[[Simulation], object] | None = None,
        callback_at_start: bool = False,
    ) -> Result:
        """Continue for `duration` ms and return the Result of this piece; `result` returns all pieces so far.

        Parameters
        ----------
        duration : float
            How long [ms].
        progress : bool, optional
            Show a progress bar; None shows one if the run takes long, in a terminal or a notebook.
        every : float, optional
            Interval at which `callback` is called [ms], counted from the beginning of this piece: first when one interval
            has passed, and last at the end if it is a multiple of the interval.
        callback : callable, optional
            Called as ``callback(sim)``. It may look at the simulation and change it as between two runs: read
            ``sim.result()``, write to ``sim.state``, call ``sim.set``. It may not run or reset it. What it returns does not
            matter.
        callback_at_start : bool
            Whether it is also called at the beginning of this piece.

        Raises
        ------
        KeyboardInterrupt
            By Ctrl-C, within about a tenth of a second. The simulation stays valid: `result` returns what was recorded until
            then, and `run` continues. The same holds after an error of `callback`. After an error of the run itself `result`
            returns what was recorded up to a tenth of a second before, without a state.
        ValueError
            If `duration` or `every` is not a multiple of dt.
        RuntimeError
            If the last run failed.

        Warns
        -----
        UserWarning
            If a variable is not finite at the end. The run is not stopped when that happens; `run_until` can stop it.

        Notes
        -----
        The spikes are the same with and without a callback that changes nothing. A Result of synapses that learn keeps their
        weights as they were, 8 bytes a synapse, once the run goes on: of many pieces keep what you need, e.g.
        ``result.spikes``.

        Examples
        --------
        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> means = []
        >>> result = sim.run(30.0, every=10.0, callback=lambda sim: means.append(sim.state["cells"]["v"].mean()))
        >>> [f"{mean:.2f}" for mean in means]
        ['-65.00', '-51.15', '-53.19']
        """
        if true_or_false(callback_at_start, "run.callback_at_start") and callback is None:
            raise TypeError("run.callback_at_start: there is no callback; give every= and callback=")
        steps = checked_steps(duration, self.dt, "run.duration")
        interval = check_callback(every, callback, self.dt, "run")
        given = {"every": every, "callback_at_start": callback_at_start, "having a callback": callback is not None}
        self._agree("run", duration=duration, **given)
        return self._run_pieces(steps, interval or steps, callback, progress, at_start=callback_at_start)

    def run_until(
        self,
        condition: Callable[[Simulation], bool],
        *,
        at_most: float,
        every: float | None = None,
        progress: bool | None = None,
    ) -> Result:
        """Continue until a condition is true, for `at_most` ms, and return the Result of this piece.

        Parameters
        ----------
        condition : callable
            Called as ``condition(sim)``; returns True to stop. It may look at the simulation and change it, see `run`.
        at_most : float
            The longest duration [ms]. The ``duration`` of the Result says how long it took.
        every : float, optional
            Interval at which the condition is checked [ms]: by default 1 ms, or dt if that is longer. It is also checked at
            the beginning, and at the end.
        progress : bool, optional
            As for `run`.

        Raises
        ------
        TypeError
            If the condition cannot be called, or returns something else than True or False.
        ValueError
            If `at_most` or `every` is not a multiple of dt.

        Examples
        --------
        The first spike of any of the cells:

        >>> import brainsim as bs
        >>> cells = bs.Population(10, bs.LIF(), name="cells")
        >>> net = bs.Network(seed=1)
        >>> net.stimulate(cells, bs.CurrentInput(400.0))
        >>> sim = bs.Simulation(net, seed=2)
        >>> result = sim.run_until(lambda sim: len(sim.result().spikes["cells"]) > 0, at_most=1000.0)
        >>> result.duration
        10.0
        """
        steps = checked_steps(at_most, self.dt, "run_until.at_most")
        default = max(1, round(CHECK_EVERY / self.dt))
        interval = default if every is None else checked_steps(every, self.dt, "run_until.every")
        if not callable(condition):
            raise TypeError(
                f"run_until.condition: must be a function of the simulation, e.g. lambda sim: ... (got {condition!r})"
            )

        def met(sim):
            answer = condition(sim)
            try:
                return bool(answer)
            except ValueError:
                hint = "must return True or False; .any() or .all() makes one of an array"
                raise TypeError(f"run_until.condition: {hint} (got {answer!r})") from None

        self._agree("run_until", at_most=at_most, every=every)
        return self._run_pieces(steps, interval, met, progress, may_stop=True)

    def _run_pieces(self, steps, interval, between, progress, may_stop=False, at_start=False):
        """Run for so many steps; after every `interval`, and perhaps `at_start`, call `between(sim)`.

        It may stop the run by returning True if it `may_stop`.
        """
        self._exclusive.check_not_lent("run")
        ranks = self._layout.ranks
        with Interrupt(ranks) as interrupt, self._exclusive:
            start, profile, before = self._run.step, self._run.profile(), self._seconds["run"]
            self._check_can_run(steps)
            origin = start if self._guard is None else self._origin  # from which callbacks are counted
            before_it = self._run.log.mark()
            # a run that goes on from a checkpoint has been at its start before
            stopped = (may_stop or (at_start and start == origin)) and self._ask(between, interrupt, may_stop)
            with Watch(steps * self.dt, progress if ranks.rank == 0 else False, "ms") as watch:
                while not stopped and (done := self._run.step - start) < steps and not interrupt.asked:
                    length = min(interval - (self._run.step - origin) % interval, steps - done)
                    self._run_piece(length, interrupt, lambda: watch.show((self._run.step - start) * self.dt))
                    if between is not None and (self._run.step - origin) % interval == 0 and not interrupt.asked:
                        stopped = self._ask(between, interrupt, may_stop)
                    if self._save_is_due() and self._run.step - start < steps and not interrupt.asked:
                        self._guard.save()
            seconds = self._seconds["run"] - before
            if not interrupt.asked:
                if text := what_is_not_finite(self._layout, self._run.shared):
                    with ranks.quiet():
                        warn_user(text.format("a variable ran away") + "; a smaller dt or another method may help")
                make = self._outcome(self._run.log.rows(before_it), start, seconds, profile).result
        if interrupt.asked:
            raise KeyboardInterrupt(f"stopped at {self.time:g} ms")
        return deferred(Result, make) if seconds < SHORT_PIECE and ranks.rank == 0 else make()

    def _run_piece(self, steps, interrupt, show):
        """Run for `steps` steps without a break."""
        run, stop, began = self._run, self._run.step + steps, time.perf_counter()
        run.begin(stop)
        try:
            while run.step < stop and not interrupt.asked:
                run.advance(stop)
                interrupt.look()
                for look in self._at_chunk_end:
                    look()
                show()
                if self._save_is_due():
                    break
        finally:
            self._seconds["run"] += time.perf_counter() - began
        run.shared.given_out.fill_in()

    def _save_is_due(self):
        return self._guard is not None and self._guard.due()

    def _ask(self, function, interrupt, may_stop=False):
        """Call a function of the user with the simulation and return whether to stop; Ctrl-C interrupts it at once."""

        def called():
            with self._exclusive.lent(), interrupt.given_back():
                return function(self)

        ranks = self._layout.ranks
        answer = called() if ranks.size == 1 else _on_all_ranks(called, self._agree, ranks)
        stop = may_stop and answer
        if not stop:
            self._check_state()
        return stop

    def _check_can_run(self, steps):
        """Raise an error if the last run failed, or if this one would have too many steps or samples or begin with NaN."""
        self._check_open()
        if self._run.failed:
            raise RuntimeError(
                "Simulation.run: the last run failed half-way; reset() goes back to the start, and result() "
                "returns what was recorded before"
            )
        checked_end(self._run.step + steps, self.dt, "run.duration")
        reject_if_traces_too_large(self._traces, steps, self.dt)
        self._check_state()

    def _check_state(self):
        """Raise ValueError if the state has become NaN, which the user may have read or set."""
        if self._state_was_given_out and (text := what_is_not_finite(self._layout, self._run.shared)):
            raise ValueError(text.format("the state was set to a number that is not finite, or ran away"))


def _on_all_ranks(function, agree, ranks):
    """Return what a function of the user answers on rank 0, which has results; all call it, and all fail if one does."""
    from brainsim.results.elsewhere import ElsewhereError

    answer = error = elsewhere = None
    try:
        answer = function()
    except ElsewhereError as failure:
        error, elsewhere = (failure, None) if ranks.rank == 0 else (None, failure)
    except BaseException as failure:  # noqa: BLE001 - all ranks must learn of it, or the others would wait for this one
        error = failure
    ended = error or elsewhere
    how = f", by {type(ended).__name__}: {ended}" if ended else ""
    agree("run.callback", f"has come to the end of the callback{how}")
    found = ranks.all(error and (isinstance(error, KeyboardInterrupt), "".join(traceback.format_exception(error))))
    if error is not None:
        raise error
    for rank, (by_ctrl_c, text) in ((rank, there) for rank, there in enumerate(found) if there is not None):
        if by_ctrl_c:
            raise KeyboardInterrupt(f"on rank {rank} of {ranks.size}")
        raise RuntimeError(f"the function that is called during the run failed on rank {rank} of {ranks.size}:\n{text}")
    return ranks.first(answer)


def check_callback(every, callback, dt, label):
    """Return the interval of a callback in steps, None without one; raise an error if one of both is missing or wrong."""
    if (every is None) != (callback is None):
        raise TypeError(f"{label}.callback: give every= and callback= together, e.g. every=10.0, callback=f")
    if callback is None:
        return None
    if not callable(callback):
        raise TypeError(f"{label}.callback: must be a function of the simulation, e.g. lambda sim: ... (got {callback!r})")
    return checked_steps(every, dt, f"{label}.every")
