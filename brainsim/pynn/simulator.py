"""What runs: the objects of PyNN are the truth, and a `bs.Simulation` is made of them when it is needed.

The ranks of an MPI job run a script together: all know all cells and connections, and rank 0 what was recorded.

As long as nothing but values change, one simulation continues. If the network has changed between two runs (cells,
connections, electrodes, what is recorded), a new one takes over the state of the old one.
"""

import numpy as np
from pyNN import common, errors

import brainsim as bs
from brainsim.core.arrays import times_of
from brainsim.core.checks import computed_values, number

name = "brainsim"
PIECE = 10_000  # steps of a run for which spikes that are drawn are listed at once


class ID(int, common.IDMixin):
    """A cell by its number, with which its parameters can be read and set."""


class State(common.control.BaseState):
    """The network that `setup` has begun, and how far it has run.

    Attributes
    ----------
    populations, projections, electrodes : list
        In the order in which they were made.
    simulation : bs.Simulation or None
        What runs; it can be looked at between two runs: ``sim.simulator.state.simulation.network``.
    """

    def __init__(self):
        super().__init__()
        self.mpi_rank, self.ranks = 0, 1
        self.num_processes = 1  # for PyNN, which then gathers nothing: what there is is on one rank, or on all
        self.dt, self.seed, self.threads = 0.1, 0, None
        self.set_delays("auto", "auto")
        self.clear()

    def clear(self):
        """Forget the network."""
        self.recorders, self.write_on_end = set(), []
        self.populations, self.projections, self.electrodes = [], [], []
        self.id_counter, self.segment_counter = 1, -1
        self.reset()

    def reset(self):
        """Go to time 0; the next run begins a new segment, with random numbers of its own."""
        self.running, self.step, self.t_start = False, 0, 0
        self.segment_counter += 1
        self.simulation, self._stale = None, False
        for thing in (*self.projections, *self.electrodes, *self.recorders):
            thing.begin_again()

    @property
    def t(self):
        """Time reached [ms]."""
        return float(times_of(self.step, self.dt))

    def set_delays(self, shortest, longest):
        """Take what `setup` says of delays: numbers, or "auto"."""
        self._shortest, self._longest = shortest, longest

    @property
    def default_delay(self):
        """Delay of synapses that are given none [ms]."""
        return self.dt if self._shortest == "auto" else self._shortest

    def check_delays(self, delays, label):
        """Raise an error unless delays [ms] are numbers between those that `setup` allows."""
        shortest, name = self.default_delay, "timestep" if self._shortest == "auto" else "min_delay"
        longest = np.inf if self._longest == "auto" else self._longest
        low, high = np.min(delays, initial=np.inf), np.max(delays, initial=-np.inf)
        if not low >= shortest * (1.0 - 1e-9):
            raise errors.ConnectionError(f"{label}.delay: must be >= {shortest:g} ms, the {name} of setup (got {low:g})")
        if not high <= longest * (1.0 + 1e-9) or np.isinf(high) and np.size(delays):
            limit = "finite" if np.isinf(longest) else f"<= {longest:g} ms, the max_delay of setup"
            raise errors.ConnectionError(f"{label}.delay: must be {limit} (got {high:g})")

    @property
    def min_delay(self):
        """Shortest delay [ms]: given, or that of the connections that there are."""
        if self._shortest != "auto":
            return self._shortest
        return min((p.delays.min() for p in self.projections if len(p) and p.has_delays), default=self.dt)

    @property
    def max_delay(self):
        """Longest delay [ms]: given, or that of the connections that there are."""
        if self._longest != "auto":
            return self._longest
        return max((p.delays.max() for p in self.projections if len(p) and p.has_delays), default=self.dt)

    def network_changed(self):
        """Note that the next run needs a new simulation."""
        self._stale = True

    def run(self, simtime):
        """Continue for `simtime` ms."""
        self.run_until(self.t + simtime)

    def run_until(self, tstop):
        """Continue until `tstop` ms."""
        tstop = number(tstop, "run", "ms")
        end, self.running = self.step + round((tstop - self.t) / self.dt), True
        while self.step < end:
            drawn = any(population.is_drawn for population in self.populations)
            self._run(min(end, self.step + PIECE) if drawn else end)

    def _run(self, stop):
        with computed_values():  # numbers were typed in the units of PyNN
            self._get_ready(stop)
            result = self.simulation.run((stop - self.step) * self.dt, progress=False)
        before, self.step = self.step, stop
        for projection in self.projections:
            projection.fetched = not projection.synapse_type.learns
        for thing in (*self.electrodes, *self.recorders):
            thing.take(result, before)

    def _get_ready(self, stop):
        """Have a simulation that can run until the step `stop`."""
        things = (*self.populations, *self.projections, *self.electrodes)
        if self.simulation is None or self._stale or not all(thing.update(self.simulation, stop) for thing in things):
            self._build(stop)

    def _build(self, stop):
        """Make a simulation of the network as it is now, with the state of the one before."""
        for projection in self.projections:
            projection.fetch()
        network = bs.Network(seed=self.seed)
        for thing in (*self.populations, *self.projections, *self.electrodes):
            thing.build(network, stop)
        recorders = sorted(self.recorders, key=lambda recorder: recorder.population.first_id)
        options: dict = {"threads": self.threads, "progress": False}
        options["record"] = [request for recorder in recorders for request in recorder.traces()]
        options["spikes"] = [cells for recorder in recorders for cells in recorder.spiking()] or False
        continued = self.simulation is not None and self.step > 0
        if continued:
            new = self.simulation.continue_with(network, **options)
            for recorder in recorders:
                recorder.sample_now(new)
        else:
            seed = int(np.random.SeedSequence([self.seed, self.segment_counter]).generate_state(1)[0])
            new = bs.Simulation(network, dt=self.dt, seed=seed, ranks=self.ranks > 1, **options)
        for projection in self.projections:
            projection.finish(new, continued)
        self.simulation, self._stale = new, False


state = State()
