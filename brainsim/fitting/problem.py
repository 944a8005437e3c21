"""What a fit minimises: the loss of many candidates at once, each call one run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np

import brainsim as bs
from brainsim.fitting import escape
from brainsim.fitting.feature_losses import FeaturesOfSpikes, FeaturesOfTraces
from brainsim.fitting.losses import GammaLoss, MdLoss, RatesLoss, SpikesLoss, VanRossumLoss
from brainsim.fitting.sampled_losses import Curvature, EscapeLoss, TraceFunctionLoss, TraceLoss
from brainsim.fitting.scoring import Scores, run_candidates

LOSSES = {
    "gamma": GammaLoss,
    "md": MdLoss,
    "van rossum": VanRossumLoss,
    "rates": RatesLoss,
    "trace": TraceLoss,
    "likelihood": EscapeLoss,
    "features": FeaturesOfTraces,
}
CELLS, KEPT = 20_000, 25_000_000  # candidates of a grid that run at once; potentials that are kept
WORST = 1e300  # the loss of a candidate whose values are not finite
BESIDE = 1e-6  # of the bounds: how far candidates are beside the one whose slopes are taken


@dataclass
class Problem:
    """Recordings with the windows that are fitted and those that are scored afterwards, what is free, and the loss.

    `runs` counts the simulations, also those of Problems of which this is the `whole`.
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
    whole: Problem | None = None

    @property
    def kind(self):
        """The class of the loss."""
        if callable(self.loss):
            return SpikesLoss if self.recordings[0].v is None else TraceFunctionLoss
        if self.loss == "features":
            return FeaturesOfSpikes if self.recordings[0].v is None else FeaturesOfTraces
        return LOSSES[self.loss]

    @property
    def at_once(self):
        """How many candidates run at once; the traces of those with features of potentials are kept meanwhile."""
        samples = sum(one.current.size for one in self.recordings)
        return max(KEPT // samples, 1) if self.kind is FeaturesOfTraces else CELLS

    @property
    def is_smooth(self):
        """Whether the loss is a sum over samples whose slopes are known."""
        return self.kind in (TraceLoss, EscapeLoss)

    def losses(self, places, kind=None, windows=None):
        """Return the loss of each candidate, the mean over recordings by their weights; shape (candidates, free)."""
        found = self.run(places, self.kind if kind is None else kind, windows)
        return self.mean(found)

    def mean(self, losses):
        """Return the mean of the losses of some recordings."""
        weights = np.array([loss.weight for loss in losses], float)
        total = np.add.reduce([weight * loss.result() for weight, loss in zip(weights, losses, strict=True)])
        total /= weights.sum()
        return np.where(np.isfinite(total), total, WORST)

    def curvature(self, places):
        """Return gradient and curvature of the sum over samples at some places, (starts, free) and (starts, free, free).

        They are derivatives by places. Also the correlation of each residual of the first start with the one before.
        """
        starts, free = places.shape
        beside = np.repeat(places[:, None], 1 + 2 * free, axis=1)
        for k in range(free):
            beside[:, 1 + 2 * k, k] = np.minimum(places[:, k] + BESIDE, 1.0)
            beside[:, 2 + 2 * k, k] = np.maximum(places[:, k] - BESIDE, 0.0)
        spans = np.stack([beside[:, 1 + 2 * k, k] - beside[:, 2 + 2 * k, k] for k in range(free)], axis=1)
        options = {"kind": self.kind, "spans": spans}
        found = self.run(beside.reshape(-1, free), Curvature, more=options)
        gradient = np.add.reduce([one.gradient for one in found])
        lower = np.add.reduce([one.hessian for one in found])
        hessian = lower + np.swapaxes(np.tril(lower, -1), 1, 2)
        squares = sum(one.squares for one in found)
        return gradient, hessian, sum(one.products for one in found) / squares if squares else 0.0

    def run(self, places, kind, windows=None, more=None):
        """Run candidates and return the losses of a kind, one for each recording; `places` may differ between these."""
        is_forced = self.is_forced((more or {}).get("kind", kind))
        recordings, windows = self._trains_apart(windows) if is_forced else (self.recordings, windows or self.windows)
        places = np.broadcast_to(places, (len(recordings), *places.shape[-2:]))
        blocks, n, free = places.shape
        values = self.space.values(places.reshape(-1, free))
        parts = [{name: value[k * n : (k + 1) * n] for name, value in values.items()} for k in range(blocks)]
        losses = [
            kind(one, window, n, {**self.options, "dt": self.dt, **self._escape(part), **(more or {})})
            for one, window, part in zip(recordings, windows, parts, strict=True)
        ]
        scores = Scores(losses, [self.measured(part) for part in parts], recordings[0].dt)
        until = max(stop for _, stop in windows)
        (self.whole or self).runs += 1
        model = self.space.models(values)
        options = {"dt": self.dt, "seed": self.seed, "threads": self.threads, "until": until}
        trains = [one.trains[0] for one in recordings] if is_forced else None
        if is_forced:
            model = escape.forced(model)
        run_candidates(model, n, recordings, scores, initial=self.initial_of(parts, recordings), trains=trains, **options)
        return losses

    def is_forced(self, kind):
        """Return whether candidates fire when the recording did: or else one spike more would spoil the trace after it."""
        if kind in (TraceLoss, TraceFunctionLoss):
            return all(one.trains is not None for one in self.recordings) and escape.has_threshold(self.space.model)
        return kind is EscapeLoss

    def _trains_apart(self, windows):
        """Return the recordings with one train each, and their windows."""
        found = [
            (replace(one, trains=[train]), window)
            for one, window in zip(self.recordings, windows or self.windows, strict=True)
            for train in one.trains
        ]
        return tuple(zip(*found, strict=True))

    def _escape(self, values):
        """Return what the loss of escape noise reads of candidates; the refractory time in steps."""
        names = ("v_th", escape.WIDTH, "t_ref")
        found = {name: values.get(name, self.space.fixed(name)) for name in names}
        found["t_ref"] = np.rint((0.0 if found["t_ref"] is None else found["t_ref"]) / self.dt)
        return found

    def measured(self, values):
        """Return a function that turns potentials of the cells, (samples, candidates), into those of the recording."""
        resistance, junction = self._electrode(values)

        def as_recorded(v, current):
            if np.any(resistance):
                v = v + 1e-3 * resistance * current[:, None]
            return v + junction if np.any(junction) else v

        return as_recorded

    def initial_of(self, parts, recordings):
        """Return the values at t = 0: those that are given, and the v at which a recording begins."""
        if "v" in self.initial or recordings[0].v is None or "v" not in self.space.model.initials:
            return self.initial or None
        begin = []
        for one, values in zip(recordings, parts, strict=True):
            resistance, junction = self._electrode(values)
            n = len(next(iter(values.values())))
            begin.append(np.broadcast_to(one.v[0] - 1e-3 * resistance * one.current[0] - junction, n))
        return {**self.initial, "v": np.concatenate(begin).astype(float)}

    def _electrode(self, values):
        """Return the series resistance and the junction potential: numbers, or one for each candidate."""
        return tuple(self.space.of_recording(values, name) for name in ("series_resistance", "junction_potential"))

    def of_beginning(self, part):
        """Return the Problem of a part of each window, from its beginning on; its runs count as those of the whole."""
        windows = [(start, start + min(part, 1.0) * (stop - start)) for start, stop in self.windows]
        return replace(self, windows=windows, whole=self)

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
        about = f"{self.space} {self.windows} {loss} {options} {self.dt} {self.seed} {self.initial}"
        return f"{bs.__version__} {about} {digest.hexdigest()}"
