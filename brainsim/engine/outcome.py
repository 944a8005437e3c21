"""The outcome of a run when a piece ends, and the Result that is made of it."""

from dataclasses import dataclass

from brainsim.core.deferred import deferred
from brainsim.engine.states.state import Snapshot, save_state
from brainsim.engine.time import times_of
from brainsim.engine.views import resets_of
from brainsim.results.result import Result, State


@dataclass
class Outcome:
    """All that a Result is made of, as it is when the piece ends: nothing in it changes when the simulation continues.

    Attributes
    ----------
    layout : Layout
    start, stop : int
        The first and the last step.
    seed : int
    rows : Rows
        What was recorded.
    snapshot : Snapshot or None
        The state at the end; None if the run failed.
    network : Prints
        Fingerprints of the network, for the state.
    stats, views, thresholds : dict
        As in Result.
    """

    layout: object
    start: int
    stop: int
    seed: int
    rows: object
    snapshot: Snapshot | None
    network: object
    stats: dict
    views: dict
    thresholds: dict

    def result(self):
        """Return the Result."""
        layout, dt = self.layout, self.layout.dt
        if layout.ranks.rank:
            return self._elsewhere()
        recorded = self.rows.results(self.start, self.stop)
        return Result(
            spikes=recorded["spikes"],
            traces=recorded["traces"],
            weights=recorded["weights"],
            duration=float(times_of(self.stop - self.start, dt)),
            start=float(times_of(self.start, dt)),
            dt=dt,
            seed=self.seed,
            stats=self._stats() | recorded["stats"],
            views=self.views,
            thresholds=self.thresholds,
            state=None if self.snapshot is None else deferred(State, self.state),
            populations=self._sizes(recorded),
            resets={name: resets_of(member) for name, member in layout.members.items()},
        )

    def _elsewhere(self):
        """Return what stands for the Result, which is on another rank."""
        from brainsim.results.elsewhere import Elsewhere

        ranks = self.layout.ranks
        return Elsewhere(
            ranks.rank,
            ranks.size,
            duration=float(times_of(self.stop - self.start, self.layout.dt)),
            start=float(times_of(self.start, self.layout.dt)),
            dt=self.layout.dt,
            seed=self.seed,
            stats=self._stats(),
        )

    def state(self):
        """Return the State."""
        return save_state(self.layout, self.snapshot, self.stop, self.seed, self.network.parts())

    def _stats(self):
        """Return the statistics with seconds rounded to microseconds."""
        return {key: round(value, 6) if isinstance(value, float) else value for key, value in self.stats.items()}

    def _sizes(self, recorded):
        """Return the number of cells of each population, or of those whose spikes are kept under a label."""
        return recorded["sizes"] or {name: m.n for name, m in self.layout.members.items()}
