"""A plan is run: a network of brainsim, in one piece or from one call of a function of the script to the next."""

import warnings

import numpy as np

import brainsim as bs
from brainsim.brian2.code_operator import Planned


def built(plan, seed):
    """Return what runs a `plan.Plan`; nothing of Brian2 has changed yet."""
    net = Planned(plan, seed)
    for cells in plan.cells.values():
        net.add(cells.population())
    for obj in plan.trains:
        net.add(_train(plan, obj))
    if plan.codes and not net.populations:
        net.add(bs.Population(1, bs.SpikeTrains([[]]), name="nothing that spikes"))  # without cells there are no steps
    return Running(plan, net, seed)


def _train(plan, obj):
    """Return the population of a spike generator: its spikes in this run, each at the end of its step, as they are here."""
    steps = np.floor(np.asarray(obj.variables["spike_time"].get_value()) / plan.dt + 0.5 + 1e-3).astype(np.int64)
    ids = np.asarray(obj.variables["neuron_index"].get_value())
    period, last = float(obj.variables["period"].get_value()[0]), plan.start + plan.steps
    if period > 0:
        turn = int(np.floor(period / plan.dt + 0.5))
        turns = np.arange(plan.start // turn, last // turn + 1)
        steps, ids = (turns[:, None] * turn + steps).ravel(), np.tile(ids, len(turns))
    mine = (steps >= plan.start) & (steps < last)
    steps, ids = steps[mine] - plan.start + 1, ids[mine]
    order = np.lexsort((ids, steps))
    times = steps[order] * (1000.0 * plan.dt)
    return bs.Population(len(obj), bs.SpikeTrains(times=times, ids=ids[order]), name=obj.name)


class Running:
    """A network, `net`, and the plan of which it was made.

    Afterwards the arrays and clocks of Brian2 are as its own run would have left them.
    """

    def __init__(self, plan, net, seed):
        self.plan, self.net, self.at, self.sim = plan, net, 0, None
        if net.populations and plan.steps:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # about grids and time constants: those of the script
                self.sim = bs.Simulation(net, dt=1000.0 * plan.dt, seed=seed, threads=1, progress=False)

    def go(self):
        """Run to the end, or until the script says stop."""
        plan = self.plan
        for calendar in plan.calendars:
            calendar.take()
        while self.at < plan.steps:
            before = [op for rank, op in plan.operations if self._due(op) and rank < plan.first_move]
            self._call(before)
            if self._stopped():
                break
            self._piece(self._until())
        self._finish()

    def _due(self, obj):
        return (self.plan.start + self.at) % self.plan.period(obj) == 0

    def _until(self):
        """Return the step at which a function of the script is called next."""
        now, found = self.plan.start + self.at, self.plan.start + self.plan.steps
        for _, obj in self.plan.operations:
            period = self.plan.period(obj)
            found = min(found, (now // period + 1) * period)
        return found - self.plan.start

    def _piece(self, stop):
        first, steps = self.plan.start + self.at, stop - self.at
        result = self.sim.run(steps * 1000.0 * self.plan.dt, progress=False) if self.sim is not None else None
        self.at = stop
        for variable, values in self.net.places.items():
            variable.get_value()[:] = values != 0 if variable.dtype == np.bool_ else values
        spikes = {}
        for name in self.net.populations if result is not None else ():
            found = result.spikes[name]
            at = np.floor(found.times / (1000.0 * self.plan.dt) + 0.5).astype(np.int64) - 1 + self.plan.start
            spikes[name] = at, np.asarray(found.ids, dtype=np.int64)
        for monitor in self.plan.monitors:
            monitor.write(spikes, first, first + steps)
        self._set_clocks()

    def _set_clocks(self):
        now = self.plan.start + self.at
        for clock in {obj.clock for obj in self.plan.objects} | {self.plan.clock}:
            # the first of its steps that has not begun; one of a group without code may be a shorter one
            at = int(np.ceil(now * self.plan.dt / float(clock.dt_) - 1e-6))
            clock.variables["timestep"].get_value()[0] = at
            clock.variables["t"].get_value()[0] = at * float(clock.dt_)

    def _call(self, operations):
        if not operations:
            return
        self._set_clocks()
        self.plan.net.t_ = float(self.plan.clock.variables["t"].get_value()[0])
        for obj in operations:
            obj.run()
        for variable, values in self.net.places.items():
            values[:] = variable.get_value()

    def _stopped(self):
        net = self.plan.net
        return net._stopped or type(net)._globally_stopped

    def _finish(self):
        for calendar in self.plan.calendars:
            calendar.give_back(self.at)
        self._set_clocks()
