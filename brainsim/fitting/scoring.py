"""A generation is one run: the candidates are cells of one population, and a recorder adds up their losses meanwhile."""

import warnings

import numpy as np

import brainsim as bs
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.requests import resolve_traces
from brainsim.engine.recorders.traces import TraceRecorder
from brainsim.fitting.escape import spikes_that_force

NAME = "candidates"
STEP_BITS, CELL = 32, (1 << 32) - 1  # of a spike in a chunk
EXACT = 1e-6  # steps by which an interval may differ from a multiple of dt


class Scores:
    """A request for ``record=``: losses, one for each recording, of the candidates that belong to it.

    `measured` are functions that turn potentials into recorded ones, `every` is the interval of the samples [ms].
    """

    def __init__(self, losses, measured, every):
        self.losses, self.measured, self.every = losses, measured, every
        self.cells = None  # the population, once it is there

    def recorder(self, layout):
        """Return the recorder."""
        return ScoreRecorder(self, layout)


class ScoreRecorder(Recorder):
    """Gives the spikes and the potentials of each chunk to the losses, and keeps nothing."""

    def __init__(self, scores, layout):
        self.scores, self.dt = scores, layout.dt
        self.first = int(layout.members[NAME].first)
        self.traces = None
        if scores.losses[0].reads == "v":
            trace = bs.Trace(scores.cells, "v", every=scores.every)
            self.traces = TraceRecorder(resolve_traces([trace], layout))

    def columns(self):
        """Return no columns: nothing is recorded."""
        return {"columns": []}

    def max_steps(self):
        """Return how many steps may run before the room for samples is full."""
        return self.traces.max_steps() if self.traces else None

    def calls(self, partition):
        """Return the calls that sample v."""
        return self.traces.calls(partition) if self.traces else []

    def begin(self, completed):
        """Get ready for the next chunk."""
        if self.traces:
            self.traces.begin(completed)

    def rows(self, chunk):
        """Add the chunk to the losses."""
        if self.traces:
            ((steps, v),) = self.traces.samples(chunk)
            if steps.size:
                self._give_samples(int(steps[0]) // self.traces.traces[0].every, v)
        else:
            times = (chunk.packed >> STEP_BITS) * self.dt
            self._give_spikes(times, (chunk.packed & CELL) - self.first)
        return {}

    def _give_samples(self, first, v):
        n = self.scores.losses[0].n
        for k, loss in enumerate(self.scores.losses):
            loss.add_samples(first, v[:, k * n : (k + 1) * n], self.scores.measured[k])

    def _give_spikes(self, times, cells):
        losses = self.scores.losses
        n = losses[0].n
        for k, loss in enumerate(losses):
            mine = (times > loss.start + 1e-9) & (times <= loss.stop + 1e-9)
            if len(losses) > 1:
                mine &= (cells >= k * n) & (cells < (k + 1) * n)
            loss.add_spikes(times[mine], cells[mine] - k * n)


def run_candidates(model, n, recordings, scores, *, dt, until, seed, threads, initial=None, trains=None):
    """Run n candidates under the current of each recording as one population, until a time, and score them meanwhile.

    The model has a value for each of the ``len(recordings) * n`` cells, those of the first recording first. If there are
    `trains`, the cells are forced to fire at these times.
    """
    scores.cells = cells = bs.Population(len(recordings) * n, model, name=NAME, initial=initial)
    net = bs.Network(seed=seed)
    net.add(cells)
    for k, one in enumerate(recordings):
        mine = cells[k * n : (k + 1) * n]
        net.stimulate(mine, bs.CurrentInput(bs.TimedArray(one.current, one.dt)))
        if trains is not None:
            net.stimulate(mine, spikes_that_force(mine, trains[k]))
    duration = int(np.ceil(until / dt - EXACT)) * dt
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some candidates are beyond the range of the method
        bs.simulate(net, duration, dt=dt, seed=seed, record=[scores], spikes=False, threads=threads, progress=False)
