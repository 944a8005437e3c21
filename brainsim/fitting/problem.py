"""What a fit minimises: the loss of many candidates at once, each call one run."""

import hashlib
from dataclasses import dataclass, field

import numpy as np

from brainsim.fitting.losses import LOSSES, SpikesLoss, TraceFunctionLoss
from brainsim.fitting.scoring import Scores, run_candidates

WORST = 1e300  # the loss of a candidate whose values are not finite


@dataclass
class Problem:
    """Recordings with the windows that are fitted and those that are scored afterwards, what is free, and the loss.

    `runs` counts the simulations.
    """

    space: object
    recordings: list
    windows: list
    unseen: list
    loss: object
    options: dict
    dt: float
    seed: int = 1
    threads: int | None = None
    initial: dict = field(default_factory=dict)
    runs: int = 0

    def losses(self, places, kind=None, windows=None):
        """Return the loss of each candidate, the mean over the recordings; `places` has the shape (candidates, free)."""
        found = self.run(places, self.kind if kind is None else kind, windows)
        total = np.mean([loss.result() for loss in found], axis=0)
        return np.where(np.isfinite(total), total, WORST)

    @property
    def kind(self):
        """The class of the loss."""
        if callable(self.loss):
            return SpikesLoss if self.recordings[0].v is None else TraceFunctionLoss
        return LOSSES[self.loss]

    def run(self, places, kind, windows=None):
        """Run candidates and return the losses of a kind, one for each recording."""
        windows = self.windows if windows is None else windows
        values, n = self.space.values(places), len(places)
        options = {**self.options, "dt": self.dt}
        losses = [kind(one, window, n, options) for one, window in zip(self.recordings, windows, strict=True)]
        every = self.recordings[0].dt
        measured = [self.measured(values)] * len(losses)
        self.runs += 1
        run_candidates(
            self.model_of(values, len(losses)),
            n,
            self.recordings,
            lambda cells: [Scores(cells, losses, measured, every)],
            until=max(stop for _, stop in windows),
            initial=self.initial_of(values, n),
            **self.settings,
        )
        return losses

    @property
    def has_unseen(self):
        """Whether another part of the recordings is scored than was fitted."""
        return self.unseen != self.windows

    def described(self):
        """Return a text that is the same for the same fit."""
        digest = hashlib.sha256()
        for one in self.recordings:
            for values in (one.current, one.v, *(one.trains or [])):
                digest.update(b"" if values is None else values.tobytes())
        options = {name: value for name, value in self.options.items() if not callable(value)}
        loss = getattr(self.loss, "__qualname__", self.loss)
        return f"{self.space} {self.windows} {loss} {options} {self.dt} {self.seed} {self.initial} {digest.hexdigest()}"

    @property
    def settings(self):
        """Options of a run."""
        return {"dt": self.dt, "seed": self.seed, "threads": self.threads}

    def model_of(self, values, times):
        """Return the model whose values are repeated for each recording."""
        return self.space.models({name: np.tile(value, times) for name, value in values.items()})

    def measured(self, values):
        """Return a function that turns potentials of the cells, (samples, candidates), into those of the recording."""
        resistance, junction = (
            self.space.of_recording(values, name) for name in ("series_resistance", "junction_potential")
        )

        def as_recorded(v, current):
            if np.any(resistance):
                v = v + 1e-3 * resistance * current[:, None]
            return v + junction if np.any(junction) else v

        return as_recorded

    def initial_of(self, values, n):
        """Return the values at t = 0: those that are given, and the v at which a recording begins."""
        if "v" in self.initial or self.recordings[0].v is None or "v" not in self.space.model.initials:
            return self.initial or None
        resistance, junction = (
            self.space.of_recording(values, name) for name in ("series_resistance", "junction_potential")
        )
        begin = [one.v[0] - 1e-3 * resistance * one.current[0] - junction for one in self.recordings]
        return {**self.initial, "v": np.concatenate([np.broadcast_to(v, n) for v in begin]).astype(float)}

    def _electrode(self, values):
        """Return the series resistance and the junction potential: numbers, or one for each candidate."""
        return tuple(self.space.of_recording(values, name) for name in ("series_resistance", "junction_potential"))
