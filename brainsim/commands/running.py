"""``brainsim run`` and ``brainsim plot``: simulate an example, print a summary, write a picture or a film."""

import functools
import inspect
import os
from pathlib import Path

import brainsim as bs
from brainsim.commands.examples import find_example, summary_of
from brainsim.commands.ranks import launch, run_as_rank
from brainsim.core.doors import optional
from brainsim.core.files import HTML, check_free, writable
from brainsim.results.formats import check_suffix, endings

MAX_WINDOW, SHORT_WINDOW = 2000.0, 1000.0  # ms: of a run longer than the first only the last part is drawn
INTERRUPTED = 130  # exit code
OVERWRITE = "--overwrite"  # the option by which results of earlier runs may be replaced
DT = 0.1  # ms
PICTURES = {".png", ".pdf", ".svg", ".jpg", ".jpeg", ".gif", ".mp4", ".html", ".htm"}
RUN_SEED = 2  # of initial values and inputs, as in the scripts; the seed of the wiring is the default of build()


def run_example(arguments):
    """Simulate an example, print a summary and draw it; return the exit code."""
    name, example = arguments.name, find_example(arguments.name)
    if hasattr(example, "pictures"):
        return _write_page(name, example, arguments)
    if arguments.ranks is not None:
        if hasattr(example, "steer"):  # during the run only rank 0 has results
            reason = "runs in pieces and looks at its results in between, so it runs in one process"
            raise ValueError(f"--ranks: {name} {reason}")
        return launch(arguments.ranks, arguments.argv)
    if arguments.as_rank:
        return run_as_rank(lambda: _run(name, example, arguments))
    return _run(name, example, arguments)


def _run(name, example, arguments):
    """Simulate an example, print a summary and draw it; return the exit code."""
    picture = None if arguments.no_plot else arguments.out or Path(f"{name}.png")
    check_writable(picture, arguments.save, films=True)
    if arguments.save:
        check_suffix(arguments.save, "--save")
        check_free(arguments.save, "--save", arguments.overwrite, OVERWRITE)
    if arguments.page:
        from brainsim.commands import paging

        paging.check_page(arguments.page, "--page")
    if arguments.rates:
        if not hasattr(example, "rates"):
            raise ValueError(f"--rates: {name} has no table of rates; examples of mapped brains have one: fly and larva")
        check_free(writable(arguments.rates, "--rates", (".csv",)), "--rates", arguments.overwrite, OVERWRITE)
    print(f"{name}: {summary_of(name)}", flush=True)
    result, complete, chosen = _simulate(example, arguments)
    if not result:
        return 0  # it is on rank 0
    _report(result, arguments.threads)
    if arguments.save:
        print(f"{'saved':<11} {result.save(arguments.save)}")
    if arguments.rates and result.duration > 0.0:
        table = example.rates(result, **_taken_by(example.rates, chosen))
        table.to_csv(arguments.rates)
        print(f"{'rates':<11} {arguments.rates} ({len(table.active()):,} of {len(table):,} cells are active)")
    if picture and result.duration > 0.0:
        window = _window(result, getattr(example, "WINDOW", None), complete and arguments.duration is None)
        if is_film(picture):
            _film(result, picture, window, getattr(example, "film", None))
        else:
            _draw(result, picture, window, _draw_function(example, chosen))
    if arguments.page:
        options = {"seed": RUN_SEED if arguments.seed is None else arguments.seed, "dt": arguments.dt}
        precision = arguments.precision or "double"
        paging.write_example(name, example, chosen, arguments.page, precision=precision, **options)
    return 0 if complete else INTERRUPTED


def _write_page(name, example, arguments):
    options = (
        "duration",
        "dt",
        "ranks",
        "threads",
        "precision",
        "profile",
        "save",
        "rates",
        "overwrite",
        "no_plot",
        "page",
        "checkpoint",
        "checkpoint_every",
        "resume",
    )
    for option in options:
        if getattr(arguments, option):
            raise ValueError(f"--{option.replace('_', '-')}: {name} writes a page, with the options --seed and --out only")
    path = arguments.out or Path(f"{name}.html")
    if path.suffix.lower() not in HTML:
        raise ValueError(f"--out: must end in .html, since {name} writes a page (got {str(path)!r})")
    check_writable(None, path)
    print(f"{name}: {summary_of(name)}", flush=True)
    import matplotlib

    matplotlib.use("Agg")  # a file needs no screen
    from brainsim.plot.page import write_page

    chosen = {} if arguments.seed is None else {"seed": arguments.seed}
    with _tell_of("each picture"):
        write_page(path, example.TITLE, _announce_each(example.pictures(**chosen)), example.INTRODUCTION)
    print(f"{'page':<11} {path}")
    return 0


def _announce_each(pictures):
    for title, figure, caption in pictures:
        print(title, flush=True)
        yield title, figure, caption


def _simulate(example, arguments):
    """Return the result of an example, whether it is complete (not after Ctrl-C), and the arguments of `build`."""
    chosen = dict(example.SMALL) if arguments.small else {}
    chosen |= {name: value for name in arguments.options if (value := getattr(arguments, name)) is not None}
    if arguments.seed is not None:
        chosen["seed"] = arguments.seed
    lasts = example.lasts(**chosen) if hasattr(example, "lasts") else example.DURATION
    duration = lasts if arguments.duration is None else arguments.duration
    dt = getattr(example, "DT", DT) if arguments.dt is None else arguments.dt
    _check_grid(duration, dt)
    if arguments.dt is not None and "dt" in inspect.signature(example.build).parameters:
        chosen["dt"] = dt  # its delays depend on dt
    network, traces = example.build(**chosen)
    seed = RUN_SEED if arguments.seed is None else arguments.seed
    saving = _saving(example, arguments)
    _announce(network)
    with _tell_of(_kinds_in(network)):
        result = simulate_example(
            example,
            network,
            duration,
            dt=dt,
            seed=seed,
            record=traces,
            spikes=[network.populations[kept] for kept in example.KEPT] if hasattr(example, "KEPT") else True,
            threads=arguments.threads,
            ranks=arguments.as_rank,
            precision=arguments.precision or "double",
            precise=getattr(example, "PRECISE", False),
            profile=arguments.profile,
            **saving,
        )
    return result, result.duration > duration - 0.5 * result.dt, chosen


def _saving(example, arguments):
    """Return the arguments of `simulate` that are about checkpoints."""
    if arguments.checkpoint is None:
        for option in ("checkpoint_every", "resume"):
            if getattr(arguments, option):
                raise ValueError(f"--{option.replace('_', '-')}: needs --checkpoint FILE, to save to and to continue from")
        return {}
    if hasattr(example, "steer"):
        raise ValueError(f"--checkpoint: {arguments.name} is steered while it runs, so it cannot be continued from a file")
    if arguments.checkpoint.exists() and not arguments.resume:
        raise ValueError(f"--checkpoint: there is a file {str(arguments.checkpoint)!r}; --resume continues from it")
    every = {} if arguments.checkpoint_every is None else {"checkpoint_every": arguments.checkpoint_every}
    return {"checkpoint": arguments.checkpoint, "resume": arguments.resume, **every}


def simulate_example(example, network, duration, **settings):
    """Return the result of a run of an example; one that has `steer` runs it in pieces."""
    if not hasattr(example, "steer"):
        return bs.simulate(network, duration, **settings)
    sim = bs.Simulation(network, **settings)
    try:
        example.steer(sim, duration)
    except KeyboardInterrupt:
        print(f"stopped by Ctrl-C after {sim.time:g} of {duration:g} ms", flush=True)
    return sim.result()


def _draw_function(example, chosen):
    """Return the `draw` of an example with the options that it takes; None if it has none."""
    draw = getattr(example, "draw", None)
    if draw is None:
        return None
    return functools.partial(draw, **_taken_by(draw, chosen))


def _taken_by(function, chosen):
    """Return those of the options of an example that one of its functions takes."""
    return {name: chosen[name] for name in inspect.signature(function).parameters if name in chosen}


def _check_grid(duration, dt):
    """Raise ValueError, before anything is built, if a run would not end on the time grid."""
    if round(duration / dt) < 1 or abs(round(duration / dt) * dt - duration) > 1e-6 * duration:
        raise ValueError(f"--duration: must be a multiple of dt = {dt:g} ms (got {duration:g} ms)")


def _announce(network):
    cells = sum(population.n for population in network.populations.values())
    synapses = sum(projection.expected for projection in network.projections)
    with_synapses = f" and {synapses:,.0f} synapses" if synapses else ""
    print(f"building {cells:,} cell{'s' * (cells != 1)}{with_synapses} ...", flush=True)


def _tell_of(kinds):
    """Return a context in which a line is printed when something has to be compiled."""
    from brainsim.jit.cache import told_of_compiling

    return told_of_compiling(lambda: print(f"compiling the functions of {kinds}, once for this version ...", flush=True))


def _kinds_in(network):
    """Return how many kinds of things a network has that are compiled: the more, the longer it takes."""
    from brainsim.core.arrays import plural  # imported here: the command line begins without NumPy

    used = [*network.projections, *(stimulus.input for stimulus in network.inputs if hasattr(stimulus.input, "synapse"))]
    rules = [p.plasticity for p in network.projections if p.plasticity is not None]
    numbers = {
        "model": len({type(population.model) for population in network.populations.values()}),
        "synapse": len({type(owner.synapse) for owner in used}),
        "rule": len({(type(rule), repr(rule.texts())) for rule in rules}),
    }
    *first, last = [plural(number, kind) for kind, number in numbers.items() if number]
    last += " of plasticity" if rules else ""
    return f"{', '.join(first)} and {last}" if first else last


def _report(result, requested):
    from brainsim.features.estimates.table import in_words

    print(result)
    stats, seconds = result.stats, result.duration / 1000.0
    if stats["synapses"]:
        print(f"{'synapses':<11} {stats['synapses']:,} in {in_words(stats['synapse_bytes'])}")
    fewer = f" ({requested} requested, but there are no more processors)" if (requested or 0) > stats["threads"] else ""
    of_each = f" on each of {stats['ranks']} ranks" if stats["ranks"] > 1 else ""
    print(f"{'threads':<11} {stats['threads']}{of_each}{fewer}")
    if seconds:
        print(f"{'speed':<11} {stats['run'] / seconds:.3g} s per simulated second (real-time factor)")
    if "profile" in stats:
        print(profile_table(stats["profile"]))


def profile_table(profile):
    """Return how long each part of a run took, as text: a line for each part, the longest first."""
    total = sum(profile.values()) or 1.0
    parts = sorted(profile.items(), key=lambda part: -part[1])
    rows = [f"  {name:<9} {seconds:9.4f} s {100.0 * seconds / total:4.0f} %" for name, seconds in parts]
    return "\n".join(["profile", *rows])


def check_writable(*paths, films=False):
    """Raise, before a long run, if its output could not be written: a picture, or if allowed a film, and other files."""
    for path in filter(None, paths):
        folder = path.parent
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {str(folder)!r} for {path.name!r}")
        if path.is_dir():
            raise IsADirectoryError(f"{str(path)!r} is a folder; give a file in it")
        if path.exists() and not path.is_file():
            raise OSError(f"{str(path)!r} is a device or a pipe; give the name of a file")
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise PermissionError(f"{str(path)!r} cannot be written")
    if paths[0] and films and is_film(paths[0]):
        from brainsim.plot.animations import check_path

        check_path(paths[0], "--out")
    elif paths[0]:
        _check_format(paths[0])


def is_film(path):
    """Return whether a path names a film."""
    from brainsim.plot.animations import FORMATS

    return path.suffix.lower() in FORMATS


def _check_format(path):
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in kinds:
        raise ValueError(f"--out: must end in one of {', '.join('.' + kind for kind in kinds)} (got {str(path)!r})")


def _window(result, window, as_planned):
    """Return the window to draw: `window` if the run went as planned, otherwise as long a part at the end of the run.

    Without a `window` it is the whole run, or the last part of a long one.
    """
    if window and as_planned:
        return window
    length = window[1] - window[0] if window else SHORT_WINDOW if result.duration > MAX_WINDOW else result.duration
    return max(result.stop - length, result.start), result.stop


def _draw(result, path, window, draw=None):
    """Write the picture of a result: the overview, or that of the `draw` of an example."""
    import matplotlib

    matplotlib.use("Agg")  # a file needs no screen
    from brainsim.plot import overview

    (draw or overview)(result, window=window).savefig(path)
    print(f"{'picture':<11} {path} ({window[0]:,.6g} to {window[1]:,.6g} ms)")


def _film(result, path, window, film=None):
    """Write the film of a result: rasters and rates, or the `film` of an example."""
    from brainsim.plot import animate

    (film or animate)(result, path, window=window)
    print(f"{'film':<11} {path} ({window[0]:,.6g} to {window[1]:,.6g} ms)")


def convert_file(arguments):
    """Write a result to a file of another format, and print what it holds."""
    from brainsim.results.formats import convert

    path = convert(arguments.source, arguments.target, overwrite=arguments.overwrite, option=OVERWRITE)
    print(f"{'saved':<11} {path}")


def _check_is_result(path):
    """Raise ValueError for a picture, and FileNotFoundError if there is nothing."""
    if Path(path).suffix.lower() in PICTURES:
        raise ValueError(
            f"{path!r} is a picture, not a result; a result is written by brainsim run --save, or by Result.save "
            f"({endings()})"
        )
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path!r}")


def _load(path):
    _check_is_result(path)
    return bs.Result.load(path)


def plot_file(arguments):
    """Draw a saved result."""
    out = arguments.out or Path(Path(arguments.file).with_suffix(".png").name)
    check_writable(out, films=True)
    result = _load(arguments.file)
    print(result)
    window = tuple(arguments.window) if arguments.window else _window(result, None, True)
    (_film if is_film(out) else _draw)(result, out, window)


def view_file(arguments):
    """Write the page of a saved result."""
    out = arguments.out or Path(Path(arguments.file).with_suffix(".html").name)
    if out.suffix.lower() not in HTML:
        raise ValueError(f"--out: must end in .html (got {str(out)!r})")
    check_writable(None, out)
    _check_is_result(arguments.file)
    optional("bokeh", "brainsim view")
    result = _load(arguments.file)
    print(result)
    print(f"{'page':<11} {result.view(out, title=Path(arguments.file).name)}")
    if arguments.open:
        import webbrowser

        webbrowser.open(out.resolve().as_uri())
