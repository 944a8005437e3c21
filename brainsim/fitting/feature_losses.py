"""How far the features of candidates are from those of a recording, by their names in eFEL."""

import numpy as np

import brainsim as bs
from brainsim.fitting.losses import SpikesLoss
from brainsim.fitting.sampled_losses import SampledLoss

MISSING = 250.0  # what counts for a feature that a candidate does not have, and at most for any, in units of its scale
RELATIVE = 0.1  # of a recorded feature is its scale, if none is given


class _Features:
    """The mean squared difference of features, each in units of its scale."""

    def result(self):
        """Return the loss of each candidate."""
        names = self.options["features"]
        found, target = self.features()
        total = np.zeros(self.n)
        for name, scale in names.items():
            wanted = np.nanmean(target[name])
            scale = scale or max(RELATIVE * abs(wanted), 1e-12)
            difference = np.abs(found[name] - wanted) / scale
            total += np.where(difference <= MISSING, difference, MISSING) ** 2  # so is one that is not there
        return total / len(names)


class FeaturesOfSpikes(_Features, SpikesLoss):
    """Features of the times of spikes."""

    def features(self):
        """Return the features of the candidates, and those of the repeats of the recording."""
        options = {"stimulus": (0.0, self.length)}
        return tuple(
            bs.analysis.voltage_features(None, [*self.options["features"]], spikes=one, **options) for one in self.both()
        )


class FeaturesOfTraces(_Features, SampledLoss):
    """Features of potentials, which are kept until the run is over."""

    def __init__(self, *given):
        super().__init__(*given)
        times = np.arange(self.recording.v.size) * self.recording.dt
        self.kept = np.flatnonzero((times >= self.start) & (times < self.stop))
        self.v = np.empty((self.kept.size, self.n))

    def inner(self, first, v, measured):
        """Return the potentials of a chunk that are in the window, as they would be recorded, and which samples they are."""
        at = np.arange(first, min(first + len(v), self.recording.v.size))
        at = at[(at >= self.kept[0]) & (at <= self.kept[-1])]
        return measured(v[at - first], self.recording.current[at]), at

    def add(self, v, at):
        """Keep the potentials."""
        self.v[at - self.kept[0]] = v

    def features(self):
        """Return the features of the candidates, and those of the recording."""
        dt, names = self.recording.dt, [*self.options["features"]]
        options = {"stimulus": (0.0, self.kept.size * dt), "dt": dt}
        target = self.recording.v[self.kept][:, None]
        return tuple(bs.analysis.voltage_features(v, names, **options) for v in (self.v, target))
