"""The command ``brainsim``: run an example, draw a result, show the installation, compile ahead.

NumPy, Numba and matplotlib are imported by the commands that need them: ``--help`` and ``list`` answer at once.
"""

import argparse
import ast
import functools
import importlib
import importlib.metadata
import os
import platform
import sys
import time
import warnings
from pathlib import Path

EXAMPLES = Path(__file__).with_name("examples")
PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "matplotlib", "tqdm")
LONGEST_PICTURE, SHORTENED = 2000.0, 1000.0  # ms: of a run longer than that only the last part is drawn
MOST_THREADS = 256  # as in brainsim.engine.arguments, which would load NumPy
FAILED, INTERRUPTED = 2, 130  # exit codes
RUN_SEED = 2  # of initial values and inputs, as in the scripts; that of the wiring is the default of build()


def main(argv=None):
    """Run the command line `argv` (by default that of the process) and return the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            arguments = _parser(argv).parse_args(argv)
            code = arguments.command(arguments) or 0
            sys.stdout.flush()  # a closed pipe shows here, not when Python ends
            return code
        except BrokenPipeError:  # as in `brainsim list | head -1`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except (ValueError, MemoryError, OSError) as error:
            print(f"brainsim: {error}", file=sys.stderr)
            return FAILED
        except KeyboardInterrupt:
            print("brainsim: stopped", file=sys.stderr)
            return INTERRUPTED


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"brainsim: warning: {message}", file=sys.stderr)


def _parser(argv):
    parser = argparse.ArgumentParser(prog="brainsim", description="Simulate networks of spiking neurons.")
    parser.add_argument("--version", action="version", version=f"brainsim {_version('brainsim')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands, argv)
    _command(commands, "list", list_examples, "list the examples")
    plot = _command(commands, "plot", plot_file, "draw a result that was saved")
    plot.add_argument("file", metavar="FILE.npz", help="written by run --save or Result.save")
    plot.add_argument("--out", metavar="PNG", type=Path, help="the picture; by default FILE.png in the current folder")
    plot.add_argument("--window", metavar=("T0", "T1"), type=float, nargs=2, help="part of the time to draw [ms]")
    _command(commands, "info", show_info, "show versions, processors, memory and the cache of kernels")
    _command(commands, "warmup", warm_up, "compile the built-in kernels ahead")
    return parser


def _command(commands, name, function, summary):
    command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    command.set_defaults(command=function)
    return command


def _number(text):
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number (got {text})") from None


def _positive(text):
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number of ms (got {text})") from None
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be > 0 ms (got {text})")
    return value


def _whole(least, most=None):
    """Return what reads a whole number of at least `least` from the command line."""

    def read(text):
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a whole number (got {text})") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"must be >= {least} (got {text})")
        if most is not None and value > most:
            raise argparse.ArgumentTypeError(f"must be <= {most} (got {text})")
        return value

    return read


def _add_run(commands, argv):
    """Add the command ``run`` with the options of the example that the command line names."""
    run = _command(commands, "run", run_example, "simulate an example and draw it")
    run.add_argument("name", metavar="NAME", type=_known_example, help=f"one of {', '.join(example_names())}")
    run.add_argument("--duration", metavar="MS", type=_positive, help="how long to simulate [ms]")
    run.add_argument("--dt", metavar="MS", type=_positive, default=0.1, help="time step [ms], by default 0.1")
    run.add_argument("--seed", metavar="N", type=_whole(0), help="seed of wiring, initial values and inputs")
    run.add_argument("--threads", metavar="N", type=_whole(1, MOST_THREADS), help="how many; the spikes are the same")
    picture = run.add_mutually_exclusive_group()
    picture.add_argument("--out", metavar="PNG", type=Path, help="the picture; by default NAME.png in the current folder")
    picture.add_argument("--no-plot", action="store_true", help="draw nothing")
    run.add_argument("--save", metavar="NPZ", type=Path, help="write the result to this file")
    run.set_defaults(options=())
    name = next((word for word in argv[1:] if word in example_names()), None) if argv[:1] == ["run"] else None
    if name:
        options = getattr(example_named(name), "OPTIONS", {})
        for option, values in options.items():
            _add_option(run, name, option, values)
        run.set_defaults(options=tuple(options))


def _add_option(run, name, option, values):
    """Add an option of an example: one of several choices, the first by default; a number; or a flag, off by default."""
    if values is False:
        look, default = {"action": "store_const", "const": True}, "off"
    elif isinstance(values, tuple):
        look, default = {"choices": values}, values[0]
    else:
        look, default = {"metavar": "X", "type": _number}, f"{values:g}"
    run.add_argument(f"--{option.replace('_', '-')}", dest=option, **look, help=f"option of {name}, by default {default}")


# ---------------------------------------------------------------------------------------------------- examples


@functools.cache
def example_names():
    """Return the names of all examples, in the order of the alphabet."""
    return sorted(path.stem for path in EXAMPLES.glob("[!_]*.py"))


def summary_of(name):
    """Return the first line of an example's docstring, without importing it."""
    tree = ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))
    return ast.get_docstring(tree).splitlines()[0]


def _known_example(name):
    if name not in example_names():
        from brainsim.numbers.checks import nearest

        raise argparse.ArgumentTypeError(f"there is no example {name!r}{nearest(name, example_names())}")
    return name


def example_named(name):
    """Return the module of an example."""
    return importlib.import_module(f"brainsim.examples.{name}")


def list_examples(arguments):
    """Print the examples, a line each."""
    width = max(map(len, example_names()))
    for name in example_names():
        print(f"{name:{width}}  {summary_of(name)}")


# --------------------------------------------------------------------------------------------------------- run


def run_example(arguments):
    """Simulate an example, say what happened, and draw it; return the exit code."""
    name, example = arguments.name, example_named(arguments.name)
    picture = None if arguments.no_plot else arguments.out or Path(f"{name}.png")
    _check_writable(picture, arguments.save)
    print(f"{name}: {summary_of(name)}", flush=True)
    result, complete = _simulated(example, arguments)
    _report(result)
    if arguments.save:
        print(f"{'saved':<11} {result.save(arguments.save)}")
    if picture and result.duration > 0.0:
        window = _window(result, getattr(example, "WINDOW", None), complete and arguments.duration is None)
        _draw(result, picture, window, getattr(example, "draw", None))
    return 0 if complete else INTERRUPTED


def _simulated(example, arguments):
    """Return the result of an example, and whether it is complete: it is not after Ctrl-C."""
    chosen = {name: value for name in arguments.options if (value := getattr(arguments, name)) is not None}
    if arguments.seed is not None:
        chosen["seed"] = arguments.seed
    duration = example.DURATION if arguments.duration is None else arguments.duration
    _check_grid(duration, arguments.dt)
    network, traces = example.build(**chosen)
    seed = RUN_SEED if arguments.seed is None else arguments.seed
    _announce(network)
    import brainsim as bs

    result = bs.simulate(network, duration, dt=arguments.dt, seed=seed, record=traces, threads=arguments.threads)
    return result, result.duration > duration - 0.5 * result.dt


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
    if not _compiled():
        print("compiling kernels, once for this version: about five seconds ...", flush=True)


def _report(result):
    from brainsim.network.memory import in_words

    print(result)
    stats, seconds = result.stats, result.duration / 1000.0
    if stats["synapses"]:
        print(f"{'synapses':<11} {stats['synapses']:,} in {in_words(stats['synapse_bytes'])}")
    print(f"{'threads':<11} {stats['threads']}")
    if seconds:
        print(f"{'speed':<11} {stats['run'] / seconds:.3g} s per second of the network (real-time factor)")


# ------------------------------------------------------------------------------------------------------- pictures


def _check_writable(*paths):
    """Raise before a long run where what it gives could not be written."""
    for path in filter(None, paths):
        folder = path.parent
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {str(folder)!r} for {path.name!r}")
        if path.is_dir():
            raise IsADirectoryError(f"{str(path)!r} is a folder; name a file in it")
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
    _check_writable(out)
    import brainsim as bs

    result = bs.Result.load(arguments.file)
    print(result)
    _draw(result, out, tuple(arguments.window) if arguments.window else _window(result, None, True))


# ----------------------------------------------------------------------------------------------------- installation


def show_info(arguments):
    """Print versions, processors, memory and the cache of kernels."""
    from brainsim.engine.simulation import processors
    from brainsim.network.memory import available, in_words
    from brainsim.numbers.jit import cache_folder, user_cache

    free, cores = available(), processors()
    print(f"{'brainsim':<11} {_version('brainsim')} in {Path(__file__).parent}")
    print(f"{'python':<11} {platform.python_version()} on {platform.platform()}")
    for package in PACKAGES:
        print(f"{package:<11} {_version(package)}")
    print(f"{'processors':<11} {cores}")
    print(f"{'threads':<11} by default {cores} where a network is large enough, else 1; --threads N takes N")
    print(f"{'':<11} own threads with a spinning-then-napping barrier (no OpenMP/TBB layer needed)")
    print(f"{'memory':<11} {'unknown' if free is None else in_words(free)} free")
    print(f"{'cache':<11} {cache_folder()}")
    print(f"{'':<11} {len(_compiled())} compiled functions, {in_words(_size(cache_folder()))}")
    print(f"{'':<11} all versions in {user_cache()}: {in_words(_size(user_cache()))}; it may be deleted at any time")


def _version(package):
    if package == "brainsim":
        import brainsim

        return brainsim.__version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _compiled():
    """Return the files of machine code that are there for this state of the sources."""
    from brainsim.numbers.jit import cache_folder

    return set(cache_folder().rglob("*.nbc"))


# ----------------------------------------------------------------------------------------------------------- warmup


def warm_up(arguments):
    """Compile the built-in kernels: tiny versions of all examples, of all models and synapses, and of all rules."""
    from brainsim.warmup import tiny_networks

    began, before = time.perf_counter(), _compiled()
    for name, network, traces in tiny_networks():
        print(f"{name:<34} ", end="", flush=True)
        start, known = time.perf_counter(), len(_compiled())
        _run_tiny(network, traces)
        new = len(_compiled()) - known
        what = f"{new} compiled" if new else "there already"
        print(f"{time.perf_counter() - start:5.1f} s  {what}", flush=True)
    new = len(_compiled() - before)
    took = f"{time.perf_counter() - began:.1f} s"
    print(f"{new} functions compiled in {took}" if new else f"all was there already, {len(before)} functions ({took})")


def _run_tiny(network, traces):
    import brainsim as bs

    bs.simulate(network, 1.0, seed=1, record=traces, threads=1, progress=False)
