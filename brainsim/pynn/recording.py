"""What is recorded: collected after each run, and given to PyNN, which makes Neo blocks of it."""

import numpy as np
from pyNN import recording

import brainsim as bs
from brainsim.pynn import simulator


class Recorder(recording.Recorder):
    """What is recorded of a population since the last reset, or since it was last cleared."""

    _simulator = simulator

    def __init__(self, population, file=None):
        super().__init__(population, file)
        self.begin_again()

    def begin_again(self):
        """Forget what was recorded."""
        self._spikes, self._samples = [], {}  # of pieces: (times, indices); variable -> [(steps, indices, values)]

    def indices(self, variable):
        """Return the indices of the cells of which a variable is recorded, in ascending order."""
        return np.array(sorted(int(cell) for cell in self.recorded[variable]), int) - int(self.population.first_id)

    def traces(self):
        """Return what a simulation is to sample."""
        every, native = self.sampling_interval, self.population.native
        return [
            bs.Trace(native[ids], self.population.celltype.native_name(variable.name), every=every)
            for variable, ids in self._requests()
        ]

    def spiking(self):
        """Return whose spikes a simulation is to keep: those of the whole population, if any are recorded."""
        return [self.population.native] if any(variable.name == "spikes" for variable in self.recorded) else []

    def take(self, result, before):
        """Collect what a run from the step `before` to now has recorded; it is on rank 0."""
        population = self.population
        if not result:
            return
        if self.spiking():
            spikes = result.spikes[population.name]
            listed = "spike_times" in population.parameters
            self._spikes.append(self._sent(before) if listed else (spikes.times, spikes.ids))
        for variable, _ in self._requests():
            traces = result.traces[population.name, population.celltype.native_name(variable.name)]
            steps = np.rint(traces.times / self._simulator.state.dt).astype(int)
            values = traces.values / population.celltype.factor(variable.name)
            self._samples.setdefault(variable, []).append((steps, traces.ids, values))

    def sample_now(self, simulation):
        """Take the samples of this moment, at which the recording of other cells or variables begins."""
        found = simulation.state[self.population.name]
        for variable, ids in self._requests():
            if (name := self.population.celltype.native_name(variable.name)) in found:
                values = found[name][ids] / self.population.celltype.factor(variable.name)
                self._samples.setdefault(variable, []).append((np.array([self._simulator.state.step]), ids, values[None]))

    def write(self, *args, **kwargs):
        """Write what was recorded to a file; rank 0 does."""
        if not self._simulator.state.mpi_rank:
            super().write(*args, **kwargs)

    def _requests(self):
        found = ((variable, self.indices(variable)) for variable in self.recorded if variable.name != "spikes")
        return [(variable, ids) for variable, ids in found if ids.size]

    def _sent(self, before):
        """Return the listed spikes that were sent in a run: at the times that were given, which may lie off the grid."""
        trains = [np.asarray(train.value, float) for train in self.population.parameters["spike_times"]]
        times, ids = np.concatenate(trains), np.repeat(np.arange(len(trains)), [train.size for train in trains])
        state = self._simulator.state
        first, last = before * state.dt, state.t * (1 + 1e-12)
        sent = (times <= last) & ((times > first * (1 + 1e-12)) | (before == 0))
        order = np.argsort(times[sent], kind="stable")
        return times[sent][order], ids[sent][order]

    def _record(self, variable, new_ids, sampling_interval=None):
        every = sampling_interval or self.sampling_interval
        if new_ids or every != self.sampling_interval:
            self._simulator.state.network_changed()
        self.sampling_interval = every

    def _reset(self):
        self._simulator.state.network_changed()

    def _spikes_of(self, ids):
        """Return the times [ms] and the numbers of the cells, of those among `ids`, sorted by time."""
        times = np.concatenate([np.empty(0), *(times for times, _ in self._spikes)])
        cells = np.concatenate([np.empty(0, int), *(ids for _, ids in self._spikes)]) + int(self.population.first_id)
        chosen = np.isin(cells, [int(cell) for cell in ids])
        return times[chosen], cells[chosen]

    def _get_spiketimes(self, ids, clear=False):
        times, cells = self._spikes_of(ids)
        return cells, times

    def _get_all_signals(self, variable, ids, clear=False):
        """Return the samples, a row for each time: NaN where a cell was not recorded yet; only rank 0 has any."""
        state = self._simulator.state
        if state.mpi_rank:
            return np.empty((0, 0)), None
        every = round(self.sampling_interval / state.dt)
        first = round(float(self._recording_start_time) / state.dt)
        cells = np.array([int(cell) for cell in ids]) - int(self.population.first_id)
        values = np.full(((state.step - first) // every + 1, cells.size), np.nan)
        for steps, recorded, samples in self._samples.get(variable, ()):
            rows, columns = (steps - first) // every, np.searchsorted(cells, recorded)
            known = np.isin(recorded, cells)
            inside = rows >= 0
            values[np.ix_(rows[inside], columns[known])] = samples[np.ix_(inside, known)]
        return values, None

    def _local_count(self, variable, filter_ids=None):
        ids = self.filter_recorded(variable, filter_ids)
        counts = np.bincount(self._spikes_of(ids)[1] - int(self.population.first_id), minlength=self.population.size)
        return {int(cell): int(counts[int(cell) - int(self.population.first_id)]) for cell in ids}

    def _clear_simulator(self):
        """Forget what was recorded, but for the samples of now, with which the next piece begins."""
        latest = {variable: pieces[-1] for variable, pieces in self._samples.items()}
        self._spikes, self._samples = [], {key: [(steps[-1:], ids, v[-1:])] for key, (steps, ids, v) in latest.items()}
        if (simulation := self._simulator.state.simulation) is not None:
            simulation.forget()  # what else it has recorded is with the other recorders
