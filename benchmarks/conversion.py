"""Conversion: a trained network of ReLUs is converted to spikes and reads the test set of digits in 64 steps.

``python benchmarks/conversion.py`` compares with SpikingJelly and snnTorch on the CPU if they are installed: ``pip install
torch spikingjelly snntorch``. All get the weights of the same network, the same training samples for the thresholds (the
99.9th percentile of the activations of each layer) and all test samples in one batch. SpikingJelly runs step by step, as in
its tutorial, and in its multi-step mode; snnTorch has no converter, so its weights are divided by the same percentiles here,
and its cells have no leak and are reset by subtraction. brainsim computes in float64, the others in float32. Accuracies are
compared first. Each row has its own process, which runs once to compile and then in turn with the others, on one core per
thread.
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
from statistics import median

from harness import machine, report

TOLERANCE = 0.01  # difference of accuracies up to which two rows count as equal
PERCENTILE = 99.9


def in_brainsim(folder, T, threads):
    import brainsim as bs

    mlp, X, calib = bs.ann.MLP.load(folder / "network.npz"), *_samples(folder)
    return bs.__version__, lambda: bs.ann.convert(mlp, calib=calib), lambda snn: snn.predict(X, T)


def in_spikingjelly(folder, T, threads, many=False):
    import torch
    from spikingjelly.activation_based import ann2snn, functional

    torch.set_num_threads(threads)
    net, (X, calib) = _torch_network(folder), map(torch.from_numpy, _samples(folder, "float32"))

    def convert():
        recipe = ann2snn.RateCodingRecipe(dataloader=[(calib, None)], mode=f"{PERCENTILE}%", momentum=1.0)
        snn = ann2snn.Converter(recipe=recipe).convert(net)
        functional.set_step_mode(snn, "m" if many else "s")
        return snn

    def predict(snn):
        functional.reset_net(snn)
        with torch.no_grad():
            if many:
                return snn(X.expand(T, *X.shape)).sum(0).argmax(1).numpy()
            output = snn(X)
            for _ in range(T - 1):
                output += snn(X)
        return output.argmax(1).numpy()

    return importlib.metadata.version("spikingjelly"), convert, predict


def in_spikingjelly_multi_step(folder, T, threads):
    return in_spikingjelly(folder, T, threads, many=True)


def in_snntorch(folder, T, threads):
    import snntorch
    import torch

    torch.set_num_threads(threads)
    net, (X, calib) = _torch_network(folder), map(torch.from_numpy, _samples(folder, "float32"))
    linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]

    def convert():
        layers, h, before = [], calib, 1.0
        with torch.no_grad():
            for layer in linear[:-1]:
                h = torch.relu(layer(h))
                theta = float(torch.quantile(h.flatten()[: 1 << 24], PERCENTILE / 100.0))
                layers.append(_scaled(torch, layer, before / theta, 1.0 / theta))
                layers.append(snntorch.Leaky(beta=1.0, threshold=1.0, reset_mechanism="subtract", reset_delay=False))
                before = theta
            layers.append(_scaled(torch, linear[-1], before, 1.0))
        return layers

    def predict(layers):
        cells = [layer.init_leaky() for layer in layers[1::2]]
        with torch.no_grad():
            output = 0.0
            for _ in range(T):
                h = X
                for k, (weights, cell) in enumerate(zip(layers[:-1:2], layers[1::2], strict=True)):
                    h, cells[k] = cell(weights(h), cells[k])
                output = output + layers[-1](h)
        return output.argmax(1).numpy()

    return snntorch.__version__, convert, predict


ROWS = {
    "brainsim": in_brainsim,
    "spikingjelly": in_spikingjelly,
    "spikingjelly-multi-step": in_spikingjelly_multi_step,
    "snntorch": in_snntorch,
}
MODULES = {
    "brainsim": "brainsim",
    "spikingjelly": "spikingjelly",
    "spikingjelly-multi-step": "spikingjelly",
    "snntorch": "snntorch",
}


def _samples(folder, kind="float64"):
    """Return the test samples and the training samples."""
    import numpy as np

    with np.load(folder / "samples.npz") as file:
        return file["X_test"].astype(kind), file["X_train"].astype(kind)


def _torch_network(folder):
    """Return the trained network as a torch module."""
    import numpy as np
    import torch

    with np.load(folder / "network.npz") as file:
        weights = [(file[f"W{k}"], file[f"b{k}"]) for k in range(sum(name.startswith("W") for name in file.files))]
    layers = []
    for W, b in weights:
        layer = torch.nn.Linear(*W.shape)
        layer.weight.data = torch.from_numpy(W.T.astype("float32").copy())
        layer.bias.data = torch.from_numpy(b.astype("float32"))
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1]).eval()


def _scaled(torch, layer, weight, bias):
    scaled = torch.nn.Linear(layer.in_features, layer.out_features)
    scaled.weight.data, scaled.bias.data = layer.weight.data * weight, layer.bias.data * bias
    return scaled


def serve(name, folder, T, threads):
    """Be the process of a row: run once for each line of standard input, and answer with a line of JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    version, convert, predict = ROWS[name](Path(folder), T, threads)
    for _ in sys.stdin:
        began = time.perf_counter()
        snn = convert()
        converted = time.perf_counter()
        labels = predict(snn)
        seconds = {"convert": converted - began, "score": time.perf_counter() - converted}
        answers.write(json.dumps(seconds | {"labels": [int(label) for label in labels], "version": version}) + "\n")


class Row:
    """One library with one number of threads: its process and its answers."""

    def __init__(self, name, threads, folder, T):
        self.label, self.error, self.runs, self.process = f"{name}, {threads}", None, [], None
        if importlib.util.find_spec(MODULES[name]) is None:
            self.error = "not installed"
            return
        command = [sys.executable, __file__, "--child", name, str(folder), str(T), str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )

    def run(self, counts=True):
        """Let the process convert and score once."""
        if self.error:
            return
        try:
            self.process.stdin.write("run\n")
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            self.error = (self.process.stderr.read().strip().splitlines() or ["ended"])[-1][:100]
        elif counts:
            self.runs.append(json.loads(line))

    def stop(self):
        """End the process."""
        if self.process:
            self.process.communicate()


def main():
    """Train the network, measure all rows in turn, compare accuracies, and print the table."""
    import numpy as np

    import brainsim as bs

    options = _options()
    data = bs.ann.datasets.digits()
    mlp = bs.ann.MLP().fit(data.X_train, data.y_train)
    with tempfile.TemporaryDirectory() as folder:
        mlp.save(Path(folder, "network.npz"))
        np.savez(Path(folder, "samples.npz"), X_test=data.X_test, X_train=data.X_train)
        rows = [Row(name, threads, folder, options.T) for name in options.only for threads in options.threads]
        for count in range(options.runs + 1):
            for row in rows:
                row.run(counts=count > 0)
        for row in rows:
            row.stop()
    artificial, about = mlp.predict(data.X_test), machine.describe()
    results = [_result(row, data.y_test, artificial) for row in rows]
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}, load {machine.load()}")
    score = 100 * mlp.score(data.X_test, data.y_test)
    print(f"{mlp!r}: {score:.2f} % of {len(artificial)} test samples; in spikes, T = {options.T}\n")
    print("\n".join(_table(results)))
    if options.save:
        saved = {"machine": about, "load": machine.load(), "rows": results}
        Path(options.save).write_text(json.dumps(saved, indent=1) + "\n")


def _result(row, y, artificial):
    """Return the answers of a row as a dict; all of its runs must give the same labels."""
    if row.error or not row.runs:
        return {"label": row.label, "error": row.error or "no run"}
    labels = row.runs[-1]["labels"]
    if any(run["labels"] != labels for run in row.runs):
        return {"label": row.label, "error": "labels differ from run to run"}
    times = {key: [run[key] for run in row.runs] for key in ("convert", "score")}
    return {
        "label": row.label,
        "error": None,
        "version": row.runs[0]["version"],
        "accuracy": float((labels == y).mean()),
        "agreement": float((labels == artificial).mean()),
        **times,
        "total": [sum(pair) for pair in zip(*times.values(), strict=True)],
    }


def _table(results):
    """Return the lines of the table; a row whose accuracy differs from the first gets no ratio."""
    done = [result for result in results if not result["error"]]
    reference = done[0]["accuracy"] if done else 0.0
    equal = [result for result in done if abs(result["accuracy"] - reference) <= TOLERANCE]
    best = min((min(result["total"]) for result in equal if not result["label"].startswith("brainsim")), default=None)
    lines = [
        [
            "library, threads",
            "version",
            "accuracy %",
            "agrees %",
            "convert ms",
            "score ms",
            "both min",
            "median",
            "max",
            "of best peer",
        ]
    ]
    for result in results:
        if result["error"]:
            lines.append([result["label"], result["error"]])
            continue
        total = result["total"]
        seconds = (min(result["convert"]), min(result["score"]), min(total), median(total), max(total))
        times = [f"{1e3 * value:.2f}" for value in seconds]
        ratio = "accuracy differs" if result not in equal else f"{min(total) / best:.3f}" if best else "-"
        shares = [f"{100 * result[key]:.2f}" for key in ("accuracy", "agreement")]
        lines.append([result["label"], result["version"], *shares, *times, ratio])
    return report.columns(lines)


def _options():
    parser = argparse.ArgumentParser(description="Convert a network to spikes and classify the test set of digits.")
    add = parser.add_argument
    add("--only", type=lambda text: text.split(","), default=list(ROWS), help=f"which of {','.join(ROWS)}")
    add("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2], help="numbers (default 1,2)")
    add("--T", type=int, default=64, help="steps (default 64)")
    add("--runs", type=int, default=20, help="timed runs of each process (default 20)")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    options = parser.parse_args()
    for name in options.only:
        if name not in ROWS:
            parser.error(f"--only: must be of {', '.join(ROWS)} (got {name!r})")
    return options


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        serve(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        main()
