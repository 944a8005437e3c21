"""What monitors of Brian2 recorded in a run, written into their arrays."""

import numpy as np

from brainsim.brian2.untranslatable import UntranslatableError


class Spikes:
    """A SpikeMonitor: times and indices of the spikes of a group, or of a part of it."""

    def __init__(self, plan, monitor):
        self.plan, self.monitor = plan, monitor
        source = monitor.source
        self.low, self.high = getattr(source, "start", 0), getattr(source, "stop", len(source))
        self.group = source

    def write(self, spikes, first, last):
        """Append the spikes, (steps, cells) of each population, of the steps from `first` until before `last`."""
        name = self.plan.sent_by(self.group)
        if name is None:
            return
        steps, cells = spikes[name]
        mine = (cells >= self.low) & (cells < self.high)
        steps, cells = steps[mine], cells[mine] - self.low
        monitor = self.monitor
        monitor.variables["count"].get_value()[:] += np.bincount(cells, minlength=self.high - self.low).astype(np.int32)
        if not len(steps):
            return
        old = int(monitor.variables["N"].get_value()[0])
        monitor.resize(old + len(steps))
        monitor.variables["N"].get_value()[0] = old + len(steps)
        for name, values in (("i", cells), ("t", steps * self.plan.dt)):
            if name in monitor.record_variables:
                monitor.variables[name].get_value()[old:] = values


class Noted:
    """A monitor of events, or of variables at each spike: what it records is noted in the step of the event."""

    def __init__(self, plan, monitor, collected):
        self.monitor, source = monitor, monitor.source
        self.low, self.high = getattr(source, "start", 0), getattr(source, "stop", len(source))
        emitter, self.names, self.fields = plan.emitter(collected), [*monitor.record_variables], {}
        emitter.write(collected.code)
        room = max(1024, 2 * (self.high - self.low))
        for name in (*self.names, None):  # the last one is the cell
            values = np.zeros(room)
            self.fields[name] = emitter.array(values)
            value = "np.float64(e)"
            if name is not None:
                value = emitter.text(emitter.number(emitter.local[f"_to_record_{name}"]))
            emitter.lines.append(f"{self.fields[name]}[used] = {value}")
        place = emitter.source(monitor.event, source)
        extra = {"low": self.low, "high": self.high, "used": 0, "room": room}
        self.code = emitter.finish(monitor.name, "noted", extra, source=place)
        self.code.population = plan.whole_name(source) if monitor.event == "spike" else None
        self.code.growing = tuple(self.fields.values())

    def write(self, spikes, first, last):
        """Append what was noted since the last time."""
        monitor, context = self.monitor, self.code.context
        used = context["used"]
        cells = context[self.fields[None]][:used].astype(np.int64) - self.low
        monitor.variables["count"].get_value()[:] += np.bincount(cells, minlength=self.high - self.low).astype(np.int32)
        if used:
            old = int(monitor.variables["N"].get_value()[0])
            monitor.resize(old + used)
            monitor.variables["N"].get_value()[0] = old + used
            for name in self.names:
                monitor.variables[name].get_value()[old:] = context[self.fields[name]][:used]
        context["used"] = 0


class Rates:
    """A PopulationRateMonitor: the rate of a group in each step."""

    def __init__(self, plan, monitor):
        self.plan, self.monitor, source = plan, monitor, monitor.source
        self.low, self.high = getattr(source, "start", 0), getattr(source, "stop", len(source))
        if plan.period(monitor) != 1:
            raise UntranslatableError("has a longer time step than the cells", monitor)

    def write(self, spikes, first, last):
        """Append the rates of the steps from `first` until before `last`."""
        counts, name = np.zeros(last - first), self.plan.sent_by(self.monitor.source)
        if name is not None:
            steps, cells = spikes[name]
            mine = (cells >= self.low) & (cells < self.high)
            counts = np.bincount(steps[mine] - first, minlength=last - first)
        monitor, dt = self.monitor, self.plan.dt
        old = int(monitor.variables["N"].get_value()[0])
        monitor.resize(old + last - first)
        monitor.variables["N"].get_value()[0] = old + last - first
        monitor.variables["t"].get_value()[old:] = np.arange(first, last) * dt
        monitor.variables["rate"].get_value()[old:] = counts / dt / (self.high - self.low)


class Samples:
    """A StateMonitor: variables of some elements, sampled where it stands in the schedule."""

    def __init__(self, plan, monitor, collected):
        self.plan, self.monitor, self.period = plan, monitor, plan.period(monitor)
        self.indices = np.asarray(monitor.variables["_indices"].get_value())
        self.names = [*monitor.recorded_variables]
        emitter = plan.emitter(collected)
        chosen = emitter.array(monitor.variables["_indices"])
        emitter.write(collected.code)
        first = self._first(plan.start)
        rows = len(range(first, plan.start + plan.steps, self.period))
        self.values = {}
        for name in self.names:
            self.values[name] = np.zeros(rows * self.indices.size)
            place = emitter.array(self.values[name])
            value = emitter.text(emitter.number(emitter.local[f"_to_record_{name}"]))
            emitter.lines.append(f"{place}[row * c.count + j] = {value}")
        self.code = emitter.finish(monitor.name, "chosen", {"count": self.indices.size, "row": 0}, chosen=chosen)
        self.done = 0

    def _first(self, step):
        return -(-step // self.period) * self.period

    def write(self, spikes, first, last):
        """Append what was sampled in the steps from `first` until before `last`."""
        monitor, begin = self.monitor, self._first(first)
        steps = np.arange(begin, last, self.period)
        old = int(monitor.variables["N"].get_value()[0])
        monitor.resize(old + len(steps))
        monitor.variables["t"].get_value()[old:] = steps / self.period * float(monitor.clock.dt_)
        rows = slice(self.done, self.done + len(steps))
        for name in self.names:
            values = self.values[name].reshape(-1, max(self.indices.size, 1))[rows] if self.indices.size else 0.0
            monitor.variables[name].get_value()[old:] = values
        self.done += len(steps)
