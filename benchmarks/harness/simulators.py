"""How each simulator is prepared and run through its public Python interface, in its own process.

There is a class for each simulator: `prepare` builds the network, compiles it and makes the untimed warm-up run; each `run`
is one timed run. Only the loop over time is timed, except for brainsim, whose whole call is timed.
"""

import os
import shutil
import tempfile
import time

import numpy as np

from .machine import largest_child, peak_memory
from .workload import DT


class Brainsim:
    """Network function: returns (Network, variable of the population ``cells`` -> initial values).

    The populations of the workload are those of the network, by name, or otherwise sections of all of its cells.
    """

    module = "brainsim"
    arguments = {}  # further arguments of bs.Simulation

    def __init__(self, workload, task):
        self.workload, self.task = workload, task

    def prepare(self):
        """Build, compile and warm up; return version and times."""
        import brainsim

        began = time.perf_counter()
        network, start = self.workload.networks[self.task.simulator](self.task)
        self.simulation = brainsim.Simulation(
            network, dt=DT, seed=self.task.seed, threads=self.task.threads, ranks=self.task.ranks > 1, **self.arguments
        )
        if self.simulation.threads != self.task.threads:
            raise ValueError(f"{self.task.threads} threads are more than the processors here: {self.simulation.threads}")
        for variable, values in start.items():
            self.simulation.state["cells"][variable][:] = values
        build = time.perf_counter() - began
        result = self.simulation.run(self.task.warm_up, progress=False)
        compiled = result.stats["compile"]
        return {"version": brainsim.__version__, "build": build - compiled, "compile": compiled}

    def run(self):
        """Continue for the duration of the task; return the seconds and the spikes of each population."""
        began = time.perf_counter()
        result = self.simulation.run(self.task.duration, progress=False)
        seconds = time.perf_counter() - began
        return seconds, self._counts(result)

    def _counts(self, result):
        if not result:
            return {}  # it is on rank 0
        sizes = self.workload.populations(self.task.n)
        if sizes.keys() <= result.populations.keys():
            return {name: len(result.spikes[name]) for name in sizes}
        each = np.concatenate([np.bincount(result.spikes[name].ids, minlength=n) for name, n in result.populations.items()])
        parts = np.split(each, np.cumsum(list(sizes.values())))
        return {name: int(part.sum()) for name, part in zip(sizes, parts, strict=False)}

    def peak(self):
        """Return the peak memory so far [MB]."""
        return peak_memory()

    def close(self):
        """Nothing to clean up."""


class BrainsimSingle(Brainsim):
    """The same with single precision."""

    arguments = {"precision": "single"}


class Nest:
    """Network function: returns population -> spike recorder."""

    module = "nest"

    def __init__(self, workload, task):
        self.workload, self.task = workload, task

    def prepare(self):
        """Build the network, let NEST create its connection tables, warm up."""
        import nest

        self.nest = nest
        nest.verbosity = nest.VerbosityLevel.ERROR
        nest.ResetKernel()
        nest.set(resolution=DT, local_num_threads=self.task.threads, rng_seed=self.task.seed)
        began = time.perf_counter()
        self.recorders = self.workload.networks[self.task.simulator](self.task)
        nest.Prepare()
        build = time.perf_counter() - began
        nest.Run(self.task.warm_up)
        return {"version": nest.__version__, "build": build, "compile": None}

    def run(self):
        """Continue for the duration of the task."""
        before = {name: recorder.n_events for name, recorder in self.recorders.items()}
        began = time.perf_counter()
        self.nest.Run(self.task.duration)
        seconds = time.perf_counter() - began
        return seconds, {name: int(r.n_events - before[name]) for name, r in self.recorders.items()}

    def peak(self):
        """Return the peak memory so far [MB]."""
        return peak_memory()

    def close(self):
        """Nothing to clean up: the process ends."""


class Brian2:
    """C++ standalone mode with its default flags. Network function: returns (Network, population -> SpikeMonitor).

    Each run starts the compiled program again, so it creates the network and repeats the warm-up; timed is the loop of the
    last `run`, as reported by Brian2 itself.
    """

    module = "brian2"
    float_name = "float64"

    def __init__(self, workload, task):
        self.workload, self.task = workload, task
        self.folder = tempfile.mkdtemp(prefix="bench-brian2-")

    def prepare(self):
        """Generate the program, compile it, and run it once."""
        import brian2 as b2

        b2.set_device("cpp_standalone", build_on_run=False)
        self.device = b2.get_device()
        b2.prefs.core.default_float_dtype = getattr(b2, self.float_name)
        b2.prefs.devices.cpp_standalone.openmp_threads = self.task.threads if self.task.threads > 1 else 0
        b2.seed(self.task.seed)
        b2.defaultclock.dt = DT * b2.ms
        began = time.perf_counter()
        self._describe(b2)
        described = time.perf_counter() - began
        began = time.perf_counter()
        self.device.build(directory=self.folder, compile=True, run=False)
        compiled = time.perf_counter() - began
        self.memory, created = largest_child(self._create)
        return {"version": b2.__version__, "build": described + created, "compile": compiled}

    def _describe(self, b2):
        network, self.monitors = self.workload.networks[self.task.simulator](self.task)
        for length, active in ((self.task.warm_up, False), (self.task.duration, True)):
            for monitor in self.monitors.values():
                monitor.active = active
            network.run(length * b2.ms)

    def _create(self):
        """Run once; return the seconds outside the loops: an estimate, since only the last loop is reported."""
        began = time.perf_counter()
        seconds, _ = self.run()
        whole = time.perf_counter() - began
        return max(0.0, whole - seconds * (1.0 + self.task.warm_up / self.task.duration))

    def run(self):
        """Run the program; return the seconds of its last loop."""
        self.device.run(self.folder, with_output=False)
        return self.device._last_run_time, {name: int(m.num_spikes) for name, m in self.monitors.items()}

    def peak(self):
        """Return the peak memory of the program in its first run [MB]."""
        return self.memory

    def close(self):
        """Remove the program."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Brian2Float32(Brian2):
    """The same with single precision."""

    float_name = "float32"


class Brian2Runtime:
    """Brian2's runtime, with Cython. Network function: that of `Brian2`.

    Timed are the steps alone; what each call of `run` prepares, such as code, counts as building.
    """

    module = "brian2"

    def __init__(self, workload, task):
        self.workload, self.task = workload, task

    def prepare(self):
        """Build the network, and run it twice: what the first run takes more is compiling."""
        if self.task.threads != 1:
            raise ValueError("it runs on one thread")
        import brian2 as b2

        self.b2 = b2
        self._choose(b2)
        b2.seed(self.task.seed)
        b2.defaultclock.dt = DT * b2.ms
        began = time.perf_counter()
        self.network, self.monitors = self.workload.networks[self.task.simulator](self.task)
        build = time.perf_counter() - began
        first, again = (sum(self._run(self.task.warm_up / 2.0)) for _ in range(2))
        steps, prepared = self._run(DT)
        return {"version": b2.__version__, "build": build + prepared, "compile": max(0.0, first - again)}

    def _choose(self, b2):
        """Choose the device, and have what it prepares timed."""
        b2.prefs.codegen.target = "cython"
        network, before = b2.Network, b2.Network.before_run

        def timed(*given, **options):
            began = time.perf_counter()
            before(*given, **options)
            self.preparing = time.perf_counter() - began

        network.before_run = timed

    def _run(self, duration):
        """Return the seconds of the steps, and of what was prepared."""
        began = time.perf_counter()
        self.network.run(duration * self.b2.ms, namespace={})
        return time.perf_counter() - began - self.preparing, self.preparing

    def run(self):
        """Continue for the duration of the task."""
        before = {name: int(m.num_spikes) for name, m in self.monitors.items()}
        seconds, _ = self._run(self.task.duration)
        return seconds, {name: int(m.num_spikes) - before[name] for name, m in self.monitors.items()}

    def peak(self):
        """Return the peak memory so far [MB]."""
        return peak_memory()

    def close(self):
        """Nothing to clean up."""


class BrainsimBrian2(Brian2Runtime):
    """The same, run by `brainsim.brian2`."""

    def _choose(self, b2):
        """Choose the device, and have its steps timed."""
        import brainsim.brian2  # noqa: F401 - registers the device
        from brainsim.brian2.running import Running

        b2.set_device("brainsim", otherwise="refuse")
        go = Running.go

        def timed(running):
            began = time.perf_counter()
            go(running)
            self.steps = time.perf_counter() - began

        Running.go = timed

    def _run(self, duration):
        began = time.perf_counter()
        self.network.run(duration * self.b2.ms, namespace={})
        return self.steps, time.perf_counter() - began - self.steps


class Genn:
    """GeNN's code for one processor core, in float32, optimised for this processor.

    Network function: fills the model ``model`` in the options of the task; returns (population -> neuron group, variable ->
    initial values). Neurons count their spikes in a variable `spikes`.
    """

    module = "pygenn"

    def __init__(self, workload, task):
        self.workload, self.task = workload, task
        self.folder = tempfile.mkdtemp(prefix="bench-genn-")

    def prepare(self):
        """Generate the code, compile it, create the synapses, warm up."""
        if self.task.threads != 1:
            raise ValueError("its code for processors runs on one thread")
        os.environ["CXX"] = "g++ -march=native"
        import pygenn

        began = time.perf_counter()
        model = pygenn.GeNNModel("float", "bench", backend="single_threaded_cpu", optimize_code=True)
        model.dt, model.seed, model.fuse_postsynaptic_models = DT, self.task.seed, True
        model.default_narrow_sparse_ind_enabled = True
        self.task.options["model"] = model
        self.groups, start = self.workload.networks[self.task.simulator](self.task)
        described = time.perf_counter() - began
        model.build(self.folder + "/")
        compiled = time.perf_counter() - began - described
        model.load()
        build = time.perf_counter() - began - compiled
        for variable, values in start.items():
            for group, part in zip(self.groups.values(), values, strict=True):
                group.vars[variable].current_view[:] = part
        self.step = model.step_time
        self._steps(self.task.warm_up)
        return {"version": pygenn.__version__, "build": build, "compile": compiled}

    def _steps(self, duration):
        for _ in range(round(duration / DT)):
            self.step()

    def _counts(self):
        return {name: int(group.vars["spikes"].current_view.sum()) for name, group in self.groups.items()}

    def run(self):
        """Continue for the duration of the task."""
        before, began = self._counts(), time.perf_counter()
        self._steps(self.task.duration)
        seconds = time.perf_counter() - began
        return seconds, {name: count - before[name] for name, count in self._counts().items()}

    def peak(self):
        """Return the peak memory so far [MB]."""
        return peak_memory()

    def close(self):
        """Remove the program."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Annarchy:
    """ANNarchy's C++ code with its default flags.

    Network function: fills the network ``network`` in the options of the task; returns population -> spike monitor.
    """

    module = "ANNarchy"

    def __init__(self, workload, task):
        self.workload, self.task = workload, task
        self.folder = tempfile.mkdtemp(prefix="bench-annarchy-")

    def prepare(self):
        """Generate the program, compile it, create the synapses, warm up."""
        import ANNarchy

        began = time.perf_counter()
        self.network = ANNarchy.Network(dt=DT, seed=self.task.seed)
        self.network.config(num_threads=self.task.threads)
        self.task.options["network"] = self.network
        self.monitors = self.workload.networks[self.task.simulator](self.task)
        described = time.perf_counter() - began
        self.network.compile(directory=self.folder, silent=True)
        compiled = time.perf_counter() - began - described
        self.network.simulate(self.task.warm_up)
        self._counts()
        return {"version": ANNarchy.__version__, "build": described, "compile": compiled}

    def _counts(self):
        """Return the number of spikes since the last call."""
        return {name: sum(map(len, monitor.get("spike").values())) for name, monitor in self.monitors.items()}

    def run(self):
        """Continue for the duration of the task."""
        began = time.perf_counter()
        self.network.simulate(self.task.duration)
        return time.perf_counter() - began, self._counts()

    def peak(self):
        """Return the peak memory so far [MB]."""
        return peak_memory()

    def close(self):
        """Remove the program."""
        shutil.rmtree(self.folder, ignore_errors=True)


OF_BRIAN2 = ("brian2", "brian2-float32", "brian2-cython", "brainsim-brian2")  # rows that run the network of Brian2

SIMULATORS = {
    "brainsim": Brainsim,
    "brainsim-single": BrainsimSingle,
    "brainsim-like-brian2": Brainsim,
    "brian2": Brian2,
    "brian2-float32": Brian2Float32,
    "brian2-cython": Brian2Runtime,
    "brainsim-brian2": BrainsimBrian2,
    "nest": Nest,
    "nest-exact": Nest,
    "genn": Genn,
    "annarchy": Annarchy,
}
