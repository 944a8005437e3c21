"""What `bs.fit` finds, how sure it is, and what it costs.

``python benchmarks/fitting.py recovery``: 12 models of the catalogue, random parameters, data with the noise that the fit
names; the relative errors, and how often the intervals of 95 % hold the truth. ``python benchmarks/fitting.py speed``:
10,000 candidates of AdEx for 2 s.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.fitting.escape import noisy


class TraubMiles(bs.TraubMiles):
    """With shorter steps: with those of the catalogue, the potential is not finite for some of the conductances below."""

    substeps = 4


# model -> (bounds, lowest and highest current [pA], duration [ms]); potentials with Gaussian noise of 0.5 mV
BY_TRACES = {
    "LI": ({"tau_m": (5.0, 40.0), "c_m": (100.0, 400.0), "v_rest": (-75.0, -55.0)}, (0.0, 200.0), 1000.0),
    "HodgkinHuxley": (
        {"g_na": (6e3, 2e4), "g_k": (2e3, 6e3), "g_l": (15.0, 60.0), "c_m": (70.0, 150.0)},
        (-300.0, 1200.0),
        400.0,
    ),
    "TraubMiles": (
        {"g_na": (1e4, 3e4), "g_k": (3e3, 9e3), "g_l": (5.0, 20.0), "c_m": (150.0, 300.0)},
        (-100.0, 400.0),
        400.0,
    ),
    "WangBuzsaki": ({"g_na": (2e3, 6e3), "g_k": (500.0, 1500.0), "g_l": (5.0, 20.0)}, (-100.0, 200.0), 400.0),
    "ConnorStevens": ({"g_na": (8e3, 2e4), "g_k": (1e3, 4e3), "g_a": (3e3, 7e3), "g_l": (20.0, 50.0)}, (0.0, 1200.0), 400.0),
    "MorrisLecar": ({"g_ca": (3.0, 6.0), "g_k": (5.0, 12.0), "g_l": (1.5, 3.0), "phi": (0.02, 0.06)}, (0.0, 120.0), 2000.0),
    "GLIF1": ({"g_l": (5.0, 20.0), "c_m": (40.0, 100.0)}, (0.0, 800.0), 1000.0),
}
# those with escape noise, by their spikes
BY_SPIKES = {
    "LIF": ({"tau_m": (8.0, 30.0), "v_th": (-54.0, -45.0)}, (0.0, 500.0), 20_000.0),
    "SFALIF": ({"g_l": (20.0, 40.0), "v_th": (-60.0, -52.0), "q_sfa": (5.0, 30.0)}, (0.0, 1000.0), 20_000.0),
    "GLIF3": ({"g_l": (6.0, 15.0), "v_th": (-55.0, -48.0), "delta_i_1": (-20.0, 0.0)}, (0.0, 700.0), 20_000.0),
    "TwoCompartmentLIF": ({"g_c": (5.0, 20.0), "v_th": (-54.0, -46.0)}, (0.0, 500.0), 20_000.0),
    "ShiuLIF": ({"tau_m": (10.0, 30.0), "v_th": (-48.0, -43.0)}, (0.0, 2000.0), 20_000.0),
}
OWN = {"TraubMiles": TraubMiles}
NOISE, WIDTH, DT = 0.5, 1.5, 0.1  # mV, mV, ms


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("what", choices=["recovery", "speed", "hh"])
    add("--folder", help="of hh: with input_traces_hh.csv and output_traces_hh.csv of brian2modelfitting")
    add("--models", nargs="*", choices=[*BY_TRACES, *BY_SPIKES], help="of recovery; all by default")
    add("--sets", type=int, default=20, help="of parameters for each model (default 20)")
    add("--first", type=int, default=0, help="the number of the first set")
    add("--to", help="a file .jsonl to which each fit is added")
    options = parser.parse_args()
    {"recovery": recover, "speed": measure, "hh": fit_conductances}[options.what](options)


def recover(options):
    """Fit data whose parameters are known, and print errors and coverage."""
    rows = []
    for name in options.models or [*BY_TRACES, *BY_SPIKES]:
        began, found = time.process_time(), []
        for k in range(options.first, options.first + options.sets):
            row = recovered(name, k)
            found += row
            if options.to:
                with Path(options.to).open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, k, row]) + "\n")
        rows += [(f"{name}.{parameter}", *values) for parameter, *values in found]
        print(f"{name:18s} {said(found)}; {(time.process_time() - began) / options.sets:.1f} s a fit", flush=True)
    print(f"{'all':18s} {said(rows)}")


def said(rows):
    """Return errors and coverage of some parameters, as text; a row is (name, true, found, low, high)."""
    names = sorted({row[0] for row in rows})
    held = [low <= true <= high for _, true, _, low, high in rows]
    worst = min(np.mean([h for h, row in zip(held, rows, strict=True) if row[0] == name]) for name in names)
    errors = np.array([abs(found - true) / abs(true) for _, true, found, *_ in rows])
    deviations = np.array([(found - true) / ((high - low) / 3.92) for _, true, found, low, high in rows if high > low])
    bound = np.sqrt(np.mean(deviations**2))
    return (
        f"{np.mean(held):6.1%} of {len(rows)} intervals hold the truth (least {worst:.0%}), median error "
        f"{np.median(errors):.2%}, root mean square {bound:.2f} of the standard deviations of the bound"
    )


def recovered(name, k):
    """Return (name, true, found, low, high) of each parameter of the set k of a model."""
    rng = np.random.default_rng([k, *name.encode()])
    by_traces = name in BY_TRACES
    free, (low, high), duration = (BY_TRACES if by_traces else BY_SPIKES)[name]
    true = {parameter: a + (b - a) * rng.uniform(0.2, 0.8) for parameter, (a, b) in free.items()}
    model = OWN.get(name, getattr(bs, name))(**true)
    current = np.repeat(rng.uniform(low, high, round(duration / 10.0)), round(10.0 / DT))
    cell = bs.Population(1, model if by_traces else noisy(model, WIDTH), name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, DT)))
    result = bs.simulate(net, duration, dt=DT, seed=k, record=[bs.Trace(cell, "v")], progress=False)
    options = {"current": current, "free": free, "dt": DT, "hold_out": 0, "progress": False}
    if by_traces:
        v = result.traces["cell", "v"].values[:-1, 0] + rng.normal(0.0, NOISE, current.size)
        initial = {"v": float(result.traces["cell", "v"].values[0, 0])}
        if name == "GLIF1":
            options["spikes"], options["mask"] = result.spikes["cell"], (0.2, 5.0)
        fit = bs.fit(model, v=v, loss="trace", method="gradient", starts=16, initial=initial, **options)
    else:
        fit = bs.fit(model, spikes=result.spikes["cell"], loss="likelihood", method="gradient", **options)
        true["escape_width"] = WIDTH
    return [(parameter, value, fit.parameters[parameter], *fit.intervals[parameter]) for parameter, value in true.items()]


def measure(_):
    """Time 10,000 candidates of AdEx for 2 s, simulation and score."""
    rng = np.random.default_rng(1)
    current = np.repeat(rng.uniform(0.0, 1200.0, 200), 100)
    cell = bs.Population(1, bs.AdEx(), name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, DT)))
    result = bs.simulate(net, 2000.0, record=[bs.Trace(cell, "v")])
    given = {"spikes": {"spikes": result.spikes["cell"]}, "v": {"v": result.traces["cell", "v"].values[:, 0]}}
    free = {"a": (0.0, 8.0), "b": (0.0, 200.0), "tau_w": (50.0, 300.0), "g_l": (10.0, 60.0)}
    for what, recorded in given.items():
        for points in (2, 10):  # the first compiles
            began, clock = time.process_time(), time.perf_counter()
            fit = bs.fit(
                bs.AdEx(), current=current, free=free, method="grid", points=points, hold_out=0, progress=False, **recorded
            )
            took = time.process_time() - began, time.perf_counter() - clock
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        n = len(fit.candidates["loss"])
        print(f"{what:7s} {n:,} candidates: {took[0]:.1f} s of processors, {took[1]:.1f} s, {memory:.0f} MB")


class LikeTheirs(bs.TraubMiles):
    """With the scheme by which the traces were made."""

    method = "exponential_euler"
    substeps = 1


def fit_conductances(options):
    """Fit the Hodgkin-Huxley example of brian2modelfitting, whose published error is 1.81 mV^2."""
    current, v = (
        np.loadtxt(Path(options.folder, f"{name}_traces_hh.csv"), delimiter=",", skiprows=1)[:, 1:]
        for name in ("input", "output")
    )
    model = LikeTheirs(c_m=200.0, e_l=-65.0, e_k=-90.0, e_na=50.0, v_t=-63.0)
    initial = {"v": -65.0, "m": 0.0, "n": 0.0, "h": 0.0}
    free = {"g_l": (0.002, 200.0), "g_na": (200.0, 4e5), "g_k": (200.0, 2e5)}
    given = {"current": list(1e12 * current), "v": list(v), "dt": 0.01, "initial": initial, "hold_out": 0}
    for method in ("gradient", "search"):
        for _ in range(2):  # the first compiles
            began, clock = time.process_time(), time.perf_counter()
            fit = bs.fit(model, free=free, method=method, candidates=100, generations=10, progress=False, **given)
            took = time.process_time() - began, time.perf_counter() - clock
        print(f"{method}: {fit}, {fit.noise}, {took[0]:.1f} s of processors, {took[1]:.1f} s, {fit.runs} runs")
        print("   ", {name: tuple(round(edge, 2) for edge in edges) for name, edges in fit.intervals.items()})


if __name__ == "__main__":
    main()
