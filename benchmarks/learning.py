"""Learning by gradient: an epoch of the digits of the example ``image`` in brainsim, snnTorch and SpikingJelly, on the CPU.

``python benchmarks/learning.py``; ``pip install torch snntorch spikingjelly`` for the others. All train the same
network, 128 inputs, 256 leaky integrate-and-fire cells with exponential currents, and 10 leaky readouts whose mean
potential is the class, from the same initial weights on the same spikes: 5,748 samples of 50 steps in batches of 64,
with Adam at the same rate and the cross-entropy as loss. brainsim computes the exact gradient in float64, and a surrogate
gradient twice, as wide as by default and as narrow as that of snnTorch; the others compute a surrogate gradient in float32,
of the shape that their tutorials use and that learned fastest here. They have the form that was fastest: products with
weights for all steps at once, then a loop over the steps; SpikingJelly in its multi-step mode. Each row has its own process;
rows take turns, three epochs each, since brainsim reads the samples in each call; torch has read them before. The accuracy
on the test data after all epochs is compared first: a row that is more than a point worse than the first gets no ratio.

What the accuracy depends on, mean and standard deviation of five seeds (``--seeds``) after 15 epochs:

- how narrow the surrogate is. With ``steepness`` 1, 10 and 25 brainsim reads 95.0 +- 0.7, 96.9 +- 0.6 and 97.2 +- 0.5 %
  of the digits, and snnTorch, with its slope of 25, 96.5 +- 0.5 % in the same runs. The network of snnTorch, written in
  NumPy, has 94.1 +- 0.9 % with a slope of 1, 96.1 +- 0.8 with 5 and 96.6 +- 0.7 with 25.
- not the path of the gradient through the reset, which snnTorch has with ``reset_delay=False``: in NumPy 96.4 +- 0.5 with
  it, 96.6 +- 0.7 without. Nor the step of the bias, which is 5.7 times as large there: 96.9 +- 1.0 with that of brainsim.
- for the exact gradient, how many cells fire, since silent ones do not learn: 95.4 +- 0.6 %, with 58 spikes in a sample and
  31 % of the cells silent at the end, and 96.0 +- 0.6 % with ``wake=0.1``, 174 spikes and 1 % silent, but then an epoch
  takes longer. With ``wake=0.0`` it is 94.4 +- 0.9 %, with ``floor=0.05`` 94.1 +- 0.8 %; without ``clip`` nothing changes.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
from harness import machine, report

TOLERANCE = 0.01  # of the accuracy
TURN = 3  # epochs
STEPS, DT, TAU_M, TAU_S, GAIN, RATE, DECAY, BATCH, CELLS = 50, 1.0, 20.0, 5.0, 10.0, 2e-3, 0.9, 64, 256
SLOPE = 25.0  # of the surrogate of snnTorch
LEAK, FADE = np.exp(-DT / TAU_M), np.exp(-DT / TAU_S)
RISE = DT / TAU_M  # of a potential in a step, by a current of 1


def network(gradient, epochs=1, threads=1, **options):
    """Return the network in brainsim."""
    import brainsim as bs

    settings = {"duration": STEPS * DT, "dt": DT, "gain": GAIN, "learning_rate": RATE, "decay": DECAY, "batch": BATCH}
    settings |= {"validation": 0.0, "seed": 1, "threads": threads, "epochs": epochs}
    return bs.learn.SpikingNetwork(CELLS, gradient=gradient, **settings | options)


def prepare(folder, seed=1):
    """Write the spike times, the labels, and the initial weights and their seed to a file."""
    from brainsim.examples import image

    data, rng = image.images("digits"), np.random.default_rng(1)
    copies = [image.spike_times(data.X_train, image.JITTER, rng) for _ in range(image.COPIES - 1)]
    times = np.vstack([image.spike_times(data.X_train), *copies])
    y = np.tile(data.y_train, image.COPIES)
    first = network("exact", learning_rate=1e-300, wake=0.0, seed=seed).fit(times[:BATCH], y[:BATCH])
    weights = {f"W{layer}": weight for (what, layer), weight in first.parts().items() if what == "weight"}
    test = image.spike_times(data.X_test)
    np.savez(Path(folder, "data.npz"), times=times, y=y, test=test, y_test=data.y_test, seed=seed, **weights)


class InBrainsim:
    """Epochs in brainsim."""

    def __init__(self, data, threads, gradient, **options):
        import brainsim as bs

        self.version, self.data, options = bs.__version__, data, options | {"threads": threads, "seed": int(data["seed"])}
        self.net = network(gradient, **options)
        self.net.partial_fit(data["times"][:BATCH], data["y"][:BATCH], progress=False)  # compiles
        self.net = network(gradient, **options)

    def train(self, begin, end):
        """Train for the epochs from `begin` to before `end`."""
        self.net.partial_fit(self.data["times"], self.data["y"], end - begin, progress=False)

    def score(self):
        """Return the accuracy."""
        return self.net.score(self.data["test"], self.data["y_test"])


class InTorch:
    """Epochs in torch; subclasses say how potentials follow from spikes."""

    library = ""

    def __init__(self, data, threads):
        import torch

        torch.set_num_threads(threads)
        torch.manual_seed(int(data["seed"]))
        self.torch, self.version, self.y = torch, importlib.metadata.version(self.library), torch.from_numpy(data["y"])
        self.x, self.test = self.dense(data["times"]), self.dense(data["test"])
        self.y_test = torch.from_numpy(data["y_test"])
        self.hidden = torch.nn.Linear(self.x.shape[2], CELLS, bias=False)
        self.out = torch.nn.Linear(CELLS, 10)
        self.hidden.weight.data = torch.from_numpy(data["W0"].T.astype(np.float32).copy())
        self.out.weight.data = torch.from_numpy(data["W1"].T.astype(np.float32).copy())
        self.out.bias.data.zero_()
        self.parameters = [*self.hidden.parameters(), *self.out.parameters()]
        self.optimiser = torch.optim.Adam(self.parameters, RATE)
        self.make()

    def dense(self, times):
        """Return spikes as an array (samples, steps, inputs)."""
        x = np.zeros((len(times), STEPS, times.shape[1]), np.float32)
        sample, unit = np.nonzero(np.isfinite(times))
        x[sample, np.minimum(np.ceil(times[sample, unit] / DT).astype(int) - 1, STEPS - 1), unit] = 1.0
        return self.torch.from_numpy(x)

    def scores(self, x):
        """Return the mean potential of each readout, times the gain, of a batch (samples, steps, inputs)."""
        return GAIN * self.mean_potential(x.transpose(0, 1))

    def train(self, begin, end):
        """Train for the epochs from `begin` to before `end`."""
        for number in range(begin, end):
            self._epoch(number)

    def _epoch(self, number):
        torch = self.torch
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * DECAY**number
        for rows in torch.randperm(len(self.y)).split(BATCH):
            self.optimiser.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(self.scores(self.x[rows]), self.y[rows]).backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 10.0)
            self.optimiser.step()

    def score(self):
        """Return the accuracy."""
        with self.torch.no_grad():
            return float((self.scores(self.test).argmax(1) == self.y_test).float().mean())


class InSnnTorch(InTorch):
    """snnTorch: `Synaptic` cells, step by step."""

    library = "snntorch"

    def make(self):
        """Make the cells."""
        import snntorch
        from snntorch import surrogate

        shape = surrogate.fast_sigmoid()
        self.cells = snntorch.Synaptic(alpha=FADE, beta=LEAK, spike_grad=shape, reset_delay=False)
        self.readout = snntorch.Synaptic(alpha=FADE, beta=LEAK, threshold=1e9, reset_mechanism="none")

    def mean_potential(self, x):
        """Return the mean potential of the readouts, from the input spikes of all steps."""
        current, v = self.cells.init_synaptic()
        spikes = []
        for step in RISE * self.hidden(x):
            spike, current, v = self.cells(step, current, v)
            spikes.append(spike)
        outputs = RISE * self.out(self.torch.stack(spikes))
        current, v = self.readout.init_synaptic()
        total = 0.0
        for step in outputs:
            _, current, v = self.readout(step, current, v)
            total = total + v
        return total / STEPS


class InSpikingJelly(InTorch):
    """SpikingJelly: a filter of synapses and `LIFNode`, in multi-step mode."""

    library = "spikingjelly"

    def make(self):
        """Make the cells."""
        from spikingjelly.activation_based import functional, layer, neuron, surrogate

        self.reset = functional.reset_net
        self.synapses, self.filter = (layer.SynapseFilter(tau=1.0 / (1.0 - FADE), step_mode="m") for _ in range(2))
        options = {"v_reset": None, "decay_input": False, "step_mode": "m", "detach_reset": True}
        self.cells = neuron.LIFNode(tau=1.0 / (1.0 - LEAK), surrogate_function=surrogate.ATan(), **options)
        self.readout = neuron.NonSpikingLIFNode(tau=1.0 / (1.0 - LEAK), decode="mean-mem")

    def mean_potential(self, x):
        """Return the mean potential of the readouts, from the input spikes of all steps."""
        for part in (self.synapses, self.cells, self.filter, self.readout):
            self.reset(part)
        spikes = self.cells(RISE * self.hidden(self.synapses(x)))
        return self.readout(self.out(self.filter(spikes)) * (RISE / (1.0 - LEAK)))  # its inputs decay, unlike those of cells


ROWS = {
    "brainsim": lambda data, threads: InBrainsim(data, threads, "exact"),
    "brainsim-surrogate": lambda data, threads: InBrainsim(data, threads, "surrogate"),
    "brainsim-narrow": lambda data, threads: InBrainsim(data, threads, "surrogate", steepness=SLOPE),
    "snntorch": InSnnTorch,
    "spikingjelly": InSpikingJelly,
}


def serve(name, folder, threads):
    """Be the process of a row: train the epochs of each line of standard input, and answer with a line of JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with np.load(Path(folder, "data.npz")) as file:
        row = ROWS[name](dict(file), threads)
    for line in sys.stdin:
        begin, end, last = map(int, line.split())
        began, used = time.perf_counter(), time.process_time()
        row.train(begin, end)
        wall, cpu = (
            (now - then) / (end - begin) for now, then in ((time.perf_counter(), began), (time.process_time(), used))
        )
        answer = {"epochs": end - begin, "wall": wall, "cpu": cpu, "version": row.version}
        if last:
            answer["accuracy"] = row.score()
        answers.write(json.dumps(answer) + "\n")


class Row:
    """One library with one number of threads: its process and its answers."""

    def __init__(self, name, threads, folder):
        self.label, self.error, self.turns, self.process = f"{name}, {threads}", None, [], None
        if not name.startswith("brainsim") and importlib.util.find_spec(name) is None:
            self.error = "not installed"
            return
        pipe = subprocess.PIPE
        command = [sys.executable, __file__, "--child", name, str(folder), str(threads)]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, bufsize=1)

    def run(self, begin, end, last):
        """Let the process train for some epochs, and after the last ones be tested."""
        if self.error:
            return
        try:
            self.process.stdin.write(f"{begin} {end} {last:d}\n")
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        if line:
            self.turns.append(json.loads(line))
        else:
            self.error = (self.process.stderr.read().strip().splitlines() or ["ended"])[-1][:100]

    def stop(self):
        """End the process."""
        if self.process:
            self.process.communicate()


def main():
    """Train all rows in turn, seed by seed, compare accuracies, and print the table."""
    options, about = _options(), machine.describe()
    rows = {}
    for seed in options.seeds:
        for row in _trained(options, seed):
            rows.setdefault(row.label, []).append(row)
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}, load {machine.load()}")
    print("\n".join(_table(rows)))
    if options.save:
        saved = [{"label": label, "error": row.error, "turns": row.turns} for label, of in rows.items() for row in of]
        saved = {"machine": about, "load": machine.load(), "seeds": options.seeds, "rows": saved}
        Path(options.save).write_text(json.dumps(saved, indent=1) + "\n")


def _trained(options, seed):
    """Return all rows after their epochs, in which they take turns, with the initial weights of a seed."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder, seed)
        rows = [Row(name, threads, folder) for name in options.only for threads in options.threads]
        for begin in range(0, options.epochs, TURN):
            end = min(begin + TURN, options.epochs)
            for row in rows:
                row.run(begin, end, end == options.epochs)
        for row in rows:
            row.stop()
    return rows


def _table(rows):
    """Return the lines of the table: seconds of an epoch, and how many times as long as the first row it takes."""
    times = ["wall min", "median", "max", "cpu min", "median"]
    head = ["library, threads", "version", "accuracy %", *times, "of first: wall", "cpu"]
    lines, first = [head], None
    for label, of_seeds in rows.items():
        error = next((row.error or "no epoch" for row in of_seeds if row.error or not row.turns), None)
        if error:
            lines.append([label, error])
            continue
        wall, cpu = ([turn[key] for row in of_seeds for turn in row.turns] for key in ("wall", "cpu"))
        shares = [row.turns[-1]["accuracy"] for row in of_seeds]
        accuracy, spread = mean(shares), f" ± {100 * stdev(shares):.1f}" if len(shares) > 1 else ""
        first = first or (median(wall), median(cpu), accuracy)
        ratios = [f"{median(wall) / first[0]:.1f}", f"{median(cpu) / first[1]:.1f}"]
        if accuracy < first[2] - TOLERANCE:
            ratios = ["less accurate"]
        times = [f"{value:.3f}" for value in (min(wall), median(wall), max(wall), min(cpu), median(cpu))]
        lines.append([label, of_seeds[0].turns[0]["version"], f"{100 * accuracy:.1f}{spread}", *times, *ratios])
    return report.columns(lines)


def _options():
    parser = argparse.ArgumentParser(description="Train a spiking network on digits.")
    add = parser.add_argument
    add("--only", type=lambda text: text.split(","), default=list(ROWS), help=f"which of {','.join(ROWS)}")
    add("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2], help="numbers (default 1,2)")
    add("--epochs", type=int, default=15, help="epochs of each (default 15)")
    seeds = "of initial weights and the order of samples, such as 1,2,3,4,5 (default 1)"
    add("--seeds", type=lambda text: [int(part) for part in text.split(",")], default=[1], help=seeds)
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    options = parser.parse_args()
    for name in options.only:
        if name not in ROWS:
            parser.error(f"--only: must be of {', '.join(ROWS)} (got {name!r})")
    return options


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
