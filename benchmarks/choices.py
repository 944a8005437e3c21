"""Choices of the network of Wang (2002) in brainsim, Brian2 and NEST: their shares and their times against the evidence.

Each trial begins at rest; after half a second the evidence is there for two seconds, with rates that are drawn anew each
50 ms. The pool whose rate reaches 15 Hz first, in a window of 50 ms, is chosen. All simulators get the same rates. brainsim
and NEST end a trial when it is decided. Rows such as `brainsim-like-nest` are brainsim with what that simulator does
differently (`decision.classes`).
"""

import argparse
import functools
import itertools
import json
import sys
import tempfile
from pathlib import Path

import decision
import numpy as np
from harness import report, rounds
from harness.workload import DT, Task

REST, STIMULUS, PIECE, WINDOW, BIN, THRESHOLD, SD = 500.0, 2000.0, 250.0, 50.0, 5.0, 15.0, 4.0  # ms; Hz
SHARE_MARGIN, TIME_MARGIN = 0.1, 50.0  # ms; what two simulators may differ by, at 95 % confidence


def main():
    """Run the trials of each simulator, one after the other, and print a table."""
    options = _options()
    found = json.loads(Path(options.start).read_text()) if options.start else {}
    for name in options.only:
        of = found.setdefault(name, {})
        with tempfile.TemporaryDirectory() as folder:
            run = RUNNERS[name](options.n, folder)
            for trial in range(options.first, options.first + options.trials):
                for evidence in options.evidence:
                    chosen, time = run(1 + 1000 * trial + round(10 * evidence), rates(evidence, trial))
                    of.setdefault(f"{evidence:g}", []).append([trial, chosen, time])
                    rounds.say(f"{name}, evidence {evidence:g} %, trial {trial}: {'no choice' if not chosen else time}")
                if options.save:
                    Path(options.save).write_text(json.dumps(found) + "\n")
    print(table(found))
    print(comparison(found))


def rates(evidence, trial):
    """Return the rates of the stimulus of a trial [Hz], one row for each 50 ms and a column for each pool."""
    rng = np.random.default_rng([trial, round(1000 * evidence)])
    mean = decision.BASE * (1.0 + np.array([1.0, -1.0]) * evidence / 100.0)
    drawn = np.maximum(rng.normal(mean, SD, (round(STIMULUS / decision.HELD), 2)), 0.0)
    before = np.zeros((round(REST / decision.HELD), 2))
    return np.concatenate([before, drawn]).tolist()


def choice(times, size, until):
    """Return which pool is chosen, 1 for the first, -1 for the second, 0 for none yet, and when after the onset [ms].

    `times` are those of the spikes of both pools, of `size` cells each, and `until` is the end of the run [ms].
    """
    edges = np.arange(0.0, until + 0.5 * BIN, BIN)
    width = round(WINDOW / BIN)
    sums = np.array([np.convolve(np.histogram(of, edges)[0], np.ones(width))[: edges.size - 1] for of in times])
    sums[:, edges[1:] <= REST] = 0.0
    reached = sums * 1000.0 / (WINDOW * size) >= THRESHOLD
    if not reached.any():
        return 0, None
    first = int(np.argmax(reached.any(axis=0)))
    return (1 if sums[0, first] >= sums[1, first] else -1), float(edges[first + 1] - REST)


def with_brainsim(n, _, like=None):
    import brainsim as bs

    def run(seed, stimulus):
        net, _ = decision.in_brainsim(_task("brainsim", n, 1, stimulus=stimulus, like=like))
        sim = bs.Simulation(net, dt=DT, seed=seed, threads=1)
        return _until_decided(sim.run, lambda: [sim.result().spikes[pool].times for pool in "AB"], n, progress=False)

    return run


def with_nest(n, _):
    import nest

    nest.verbosity = nest.VerbosityLevel.ERROR

    def run(seed, stimulus):
        nest.ResetKernel()
        nest.set(resolution=DT, local_num_threads=1, rng_seed=seed)
        recorders = decision.in_nest(_task("nest", n, 1, stimulus=stimulus))
        return _until_decided(nest.Simulate, lambda: [recorders[pool].events["times"] for pool in "AB"], n)

    return run


def with_brian2(n, folder):
    import brian2 as b2

    b2.set_device("cpp_standalone", build_on_run=False)
    b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b2.defaultclock.dt = DT * b2.ms
    task = _task("brian2", n, 0, stimulus=rates(0.0, 0), record=True)
    network, monitors = decision.in_brian2(task)
    network.run((REST + STIMULUS) * b2.ms)
    device = b2.get_device()
    device.build(directory=folder, compile=True, run=False)

    def run(_, stimulus):  # each start of the program has another seed
        device.run(folder, with_output=False, run_args={task.options["signal"]: np.array(stimulus) * b2.Hz})
        times = [np.asarray(monitors[pool].t / b2.ms) for pool in "AB"]
        return choice(times, decision.sizes(n)["A"], REST + STIMULUS)

    return run


RUNNERS = {
    "brainsim": with_brainsim,
    "brainsim-like-brian2": functools.partial(with_brainsim, like="brian2"),
    "brainsim-like-nest": functools.partial(with_brainsim, like="nest"),
    "brian2": with_brian2,
    "nest": with_nest,
}


def table(found):
    """Return the share of the first pool with its binomial error, and the mean time with its standard error."""
    rows = [["", "evidence %", "trials", "no choice", "first pool", "+-", "time ms", "+-"]]
    for name, levels in found.items():
        for evidence, trials in levels.items():
            made = _made(trials)
            line = [name, evidence, str(len(trials)), str(len(trials) - len(made)), "-", "-", "-", "-"]
            if len(made):
                share, times = np.mean(made[:, 0] > 0), made[:, 1]
                error = np.sqrt(share * (1.0 - share) / len(made)), times.std() / np.sqrt(len(made))
                line[4:] = f"{share:.3f}", f"{error[0]:.3f}", f"{times.mean():.0f}", f"{error[1]:.0f}"
            rows.append(line)
    return "\n".join(report.columns(rows))


def comparison(found):
    """Return whether shares and times of two simulators are equivalent at each level, within the margins above."""
    from brainsim.testing import compare_means

    rows = [["", "compared with", "evidence %", f"shares, margin {SHARE_MARGIN:g}", f"times, margin {TIME_MARGIN:g} ms"]]
    for one, other in itertools.combinations(found, 2):
        for level in (level for level in found[one] if level in found[other]):
            both = [_made(found[name][level]) for name in (one, other)]
            if all(len(made) > 1 and np.ptp(made[:, 1]) for made in both):  # they have standard errors
                shares = compare_means(*(made[:, 0] > 0 for made in both), margin=SHARE_MARGIN)
                times = compare_means(*(made[:, 1] for made in both), margin=TIME_MARGIN)
                rows.append([one, other, level, _said(shares, ".2f"), _said(times, ".0f")])
    return "\n".join(report.columns(rows))


def _said(found, how):
    """Return a verdict, and the difference with the interval that is compared with the margin."""
    return f"{found.verdict}: {found.difference:{how}} ({found.low:{how}} to {found.high:{how}})"


def _made(trials):
    """Return the choices and times of the trials in which a choice was made, shape (trials, 2)."""
    return np.array([(chosen, time) for _, chosen, time in trials if chosen], dtype=float).reshape(-1, 2)


def _task(name, n, seed, **options):
    return Task(simulator=name, threads=1, n=n, duration=REST + STIMULUS, warm_up=0.0, seed=seed, options=options)


def _until_decided(run, times, n, **how):
    """Run in pieces until a pool is chosen; return what `choice` returns."""
    done, chosen, at = 0.0, 0, None
    while done < REST + STIMULUS and not chosen:
        piece = REST if not done else PIECE
        run(piece, **how)
        done += piece
        chosen, at = choice(times(), decision.sizes(n)["A"], done)
    return chosen, at


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add, names = parser.add_argument, list(RUNNERS)
    add("--only", type=lambda text: rounds.names_of(text, names), default=names, help=f"which of {','.join(names)}")
    add("--evidence", type=lambda text: [float(x) for x in text.split(",")], default=[0.0, 3.2, 6.4, 12.8, 25.6, 51.2])
    add("--trials", type=int, default=20, help="at each level of evidence (default 20)")
    add("--first", type=int, default=0, help="number of the first trial, of which its rates depend (default 0)")
    add("--n", type=int, default=2000, help="number of cells (default 2000)")
    add("--from", dest="start", metavar="FILE.json", help="trials made before, which are counted, too")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all trials, after each")
    return parser.parse_args(sys.argv[1:])


if __name__ == "__main__":
    main()
