"""``brainsim run`` and ``brainsim plot``: simulate an example, say what happened, draw it."""

import functools
import inspect
import os
from pathlib import Path

from brainsim.commands.examples import example_named, summary_of
from brainsim.commands.installation import compiled

LONGEST_PICTURE, SHORTENED = 2000.0, 1000.0  # ms: of a run longer than that only the last part is drawn
INTERRUPTED = 130  # exit code
DT = 0.1  # ms
RUN_SEED = 2  # of initial values and inputs, as in the scripts; that of the wiring is the default of build()


def run_example(arguments):
    """Simulate an example, say what happened, and draw it; return the exit code."""
    name, example = arguments.name, example_named(arguments.name)
    if hasattr(example, "pictures"):
        return _write_page(name, example, arguments)
    picture = None if arguments.no_plot else arguments.out or Path(f"{name}.png")
    check_writable(picture, arguments.save)
    print(f"{name}: {summary_of(name)}", flush=True)
    result, complete, chosen = _simulated(example, arguments)
    _report(result, arguments.threads)
    if arguments.save:
        print(f"{'saved':<11} {result.save(arguments.save)}")
    if picture and result.duration > 0.0:
        window = _window(result, getattr(example, "WINDOW", None), complete and arguments.duration is None)
        _draw(result, picture, window, _drawing(example, chosen))
    return 0 if complete else INTERRUPTED


def _write_page(name, example, arguments):
    """Write the pictures of an example to a page, and say how far it is."""
    for option in ("duration", "dt", "threads", "precision", "profile", "save", "no_plot"):
        if getattr(arguments, option):
            raise ValueError(f"--{option.replace('_', '-')}: {name} writes a page, by --seed and --out only")
    path = arguments.out or Path(f"{name}.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"--out: must end in .html, since {name} writes a page (got {str(path)!r})")
    check_writable(None, path)
    print(f"{name}: {summary_of(name)}", flush=True)
    if not compiled():
        print("compiling kernels, once for this version: about half a minute ...", flush=True)
    import matplotlib

    matplotlib.use("Agg")  # a file needs no screen
    from brainsim.plot.page import write_page

    chosen = {} if arguments.seed is None else {"seed": arguments.seed}
    write_page(path, example.TITLE, _said(example.pictures(**chosen)), example.INTRODUCTION)
    print(f"{'page':<11} {path}")
    return 0


def _said(pictures):
    """Pass on pictures, printing the title of each."""
    for title, figure, caption in pictures:
        print(title, flush=True)
        yield title, figure, caption


def _simulated(example, arguments):
    """Return the result of an example, whether it is complete (it is not after Ctrl-C), and what `build` was given."""
    chosen = {name: value for name in arguments.options if (value := getattr(arguments, name)) is not None}
    if arguments.seed is not None:
        chosen["seed"] = arguments.seed
    duration = example.DURATION if arguments.duration is None else arguments.duration
    dt = DT if arguments.dt is None else arguments.dt
    _check_grid(duration, dt)
    if arguments.dt is not None and "dt" in inspect.signature(example.build).parameters:
        chosen["dt"] = dt  # whose delays depend on it
    network, traces = example.build(**chosen)
    seed = RUN_SEED if arguments.seed is None else arguments.seed
    _announce(network)
    import brainsim as bs

    result = bs.simulate(
        network,
        duration,
        dt=dt,
        seed=seed,
        record=traces,
        threads=arguments.threads,
        precision=arguments.precision or "double",
        profile=arguments.profile,
    )
    return result, result.duration > duration - 0.5 * result.dt, chosen


def _drawing(example, chosen):
    """Return how an example draws itself, with those of the options that it takes; None where it does not."""
    draw = getattr(example, "draw", None)
    if draw is None:
        return None
    return functools.partial(draw, **{name: chosen[name] for name in inspect.signature(draw).parameters if name in chosen})


def _check_grid(duration, dt):
    """Raise ValueError where a run would not end on the grid of time, before anything is built for it."""
    if round(duration / dt) < 1 or abs(round(duration / dt) * dt - duration) > 1e-6 * duration:
        raise ValueError(f"--duration: must be a multiple of dt = {dt:g} ms (got {duration:g} ms)")


def _announce(network):
    """Say what is being built, and why it takes longer where no kernels were compiled before."""
    cells = sum(population.n for population in network.populations.values())
    synapses = sum(projection.expected for projection in network.projections)
    wired = f" and {synapses:,.0f} synapses" if synapses else ""
    print(f"building {cells:,} cell{'s' * (cells != 1)}{wired} ...", flush=True)
    if not compiled():
        print("compiling kernels, once for this version: about five seconds ...", flush=True)


def _report(result, asked):
    from brainsim.build.estimate import in_words

    print(result)
    stats, seconds = result.stats, result.duration / 1000.0
    if stats["synapses"]:
        print(f"{'synapses':<11} {stats['synapses']:,} in {in_words(stats['synapse_bytes'])}")
    few = f" ({asked} were asked for, but there are no more processors)" if asked and asked > stats["threads"] else ""
    print(f"{'threads':<11} {stats['threads']}{few}")
    if seconds:
        print(f"{'speed':<11} {stats['run'] / seconds:.3g} s per second of the network (real-time factor)")
    if "profile" in stats:
        print(profile_table(stats["profile"]))


def profile_table(profile):
    """Return where the time of a run went, as text: a line for each part, the longest first."""
    total = sum(profile.values()) or 1.0
    parts = sorted(profile.items(), key=lambda part: -part[1])
    rows = [f"  {name:<9} {seconds:9.4f} s {100.0 * seconds / total:4.0f} %" for name, seconds in parts]
    return "\n".join(["profile", *rows])


def check_writable(*paths):
    """Raise before a long run where what it gives could not be written."""
    for path in filter(None, paths):
        folder = path.parent
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {str(folder)!r} for {path.name!r}")
        if path.is_dir():
            raise IsADirectoryError(f"{str(path)!r} is a folder; name a file in it")
        if path.exists() and not path.is_file():
            raise OSError(f"{str(path)!r} is a device or a pipe; give the name of a file")
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise PermissionError(f"{str(path)!r} cannot be written")
    if paths[0]:
        _check_format(paths[0])


def _check_format(path):
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in kinds:
        raise ValueError(f"--out: must end in one of {', '.join('.' + kind for kind in kinds)} (got {str(path)!r})")


def _window(result, wanted, as_planned):
    """Return what to draw: `wanted` if the run went as planned, else as much at its end, or the end of a long one."""
    if wanted and as_planned:
        return wanted
    longest = wanted[1] - wanted[0] if wanted else SHORTENED if result.duration > LONGEST_PICTURE else result.duration
    return max(result.stop - longest, result.start), result.stop


def _draw(result, path, window, draw=None):
    """Write the picture of a result: the overview, or what the `draw` of an example makes."""
    import matplotlib

    matplotlib.use("Agg")  # a file needs no screen
    from brainsim.plot import overview

    (draw or overview)(result, window=window).savefig(path)
    print(f"{'picture':<11} {path} ({window[0]:,.6g} to {window[1]:,.6g} ms)")


def plot_file(arguments):
    """Draw a result that was saved."""
    out = arguments.out or Path(Path(arguments.file).with_suffix(".png").name)
    check_writable(out)
    import brainsim as bs

    result = bs.Result.load(arguments.file)
    print(result)
    _draw(result, out, tuple(arguments.window) if arguments.window else _window(result, None, True))
