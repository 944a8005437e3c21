"""The command ``brainsim``: run an example, draw a result, show the models and the installation, compile in advance.

This module reads the command line; the other modules of `brainsim.commands` carry the commands out.
"""

import argparse
import difflib
import os
import sys
import warnings
from pathlib import Path

from brainsim.commands.catalogue import show_models
from brainsim.commands.examples import copy_example, example_names, examples_with, find_example, list_examples
from brainsim.commands.installation import show_info, version, warm_up
from brainsim.commands.paging import page_script
from brainsim.commands.ranks import AS_RANK
from brainsim.commands.running import INTERRUPTED, OVERWRITE, convert_file, plot_file, run_example, view_file
from brainsim.commands.sweeping import sweep_example
from brainsim.commands.verifying import verify_installation
from brainsim.core.docstrings import explanations_of
from brainsim.core.machine import MAX_THREADS
from brainsim.results.formats import endings

FAILED = 2  # exit code
MAX_RANKS = 100_000


def main(argv=None):
    """Run the command line `argv` (by default that of the process) and return the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)  # they are for the user, even if Python is set to raise them
        warnings.showwarning = _show_warning
        try:
            parser, commands = _parser(argv)
            if argv and not argv[0].startswith("-") and argv[0] not in commands:
                from brainsim.core.checks import nearest

                raise ValueError(f"there is no command {argv[0]!r}{nearest(argv[0], commands)}")
            arguments, unknown = parser.parse_known_args(argv)
            if unknown:
                raise ValueError(_unknown(arguments, unknown))
            code = arguments.command(arguments) or 0
            sys.stdout.flush()  # a closed pipe shows here, not when Python ends
            return code
        except BrokenPipeError:  # as in `brainsim list | head -1`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except (ValueError, MemoryError, OSError, ImportError, KeyError) as error:
            from brainsim.core.checks import MissingName  # here: the command line begins without NumPy

            if isinstance(error, KeyError) and not isinstance(error, MissingName):
                raise
            print(f"brainsim: {error}", file=sys.stderr)
            return FAILED
        except KeyboardInterrupt:
            print("brainsim: stopped", file=sys.stderr)
            return INTERRUPTED


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"brainsim: warning: {message}", file=sys.stderr)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        """Print a mistake and where to read more, and end."""
        self.exit(FAILED, f"{self.prog}: {message.removeprefix('argument ')}; see {self.prog} --help\n")

    def known(self):
        """Return the names of its options."""
        return sorted(option for option in self._option_string_actions if option.startswith("--"))


def _unknown(arguments, words):
    """Return a message about words of the command line that no option takes."""
    option, parser = words[0].partition("=")[0], arguments.parser
    message = f"unrecognized arguments: {' '.join(words)}"
    if near := difflib.get_close_matches(option, parser.known(), n=1, cutoff=0.8):
        return f"{message}; did you mean {near[0]!r}?"
    if option.startswith("-") and getattr(arguments, "options", None) is not None:  # of an example
        own = ", ".join(f"--{name.replace('_', '-')}" for name in arguments.options)
        message += f"; {arguments.name} has {f'the options {own}' if own else 'no options of its own'}"
        if others := examples_with(option):
            return f"{message}; {option} is one of {', '.join(others)}"
        return f"{message}, and those of all examples: {parser.prog} --help"
    return f"{message}; see {parser.prog} --help"


def _parser(argv):
    """Return the parser of the command line, and the names of the commands."""
    parser = Parser(prog="brainsim", description="Simulate networks of spiking neurons.")
    parser.add_argument("--version", action="version", version=f"brainsim {version('brainsim')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_run(commands, argv)
    _command(commands, "list", list_examples, "list the examples")
    copy = _command(commands, "copy", copy_example, "copy an example to a script that you can change")
    copy.add_argument("name", metavar="NAME", type=_known_example, help="the example")
    copy.add_argument("--out", metavar="FILE.py", type=Path, help="the script; by default NAME.py in the current folder")
    _add_sweep(commands)
    models = _command(commands, "models", show_models, "list neurons, synapses, inputs and rules, or describe one")
    models.add_argument("name", metavar="NAME", nargs="?", help="what to describe, such as LIF or FixedIndegree")
    models.add_argument("--out", metavar="PNG", type=Path, help="draw the response of the model to this file")
    plot = _command(commands, "plot", plot_file, "draw a saved result")
    plot.add_argument("file", metavar="FILE.npz", help="written by run --save or Result.save")
    plot.add_argument("--out", metavar="PNG", type=Path, help="the picture, or film (.gif .mp4); by default FILE.png, here")
    plot.add_argument("--window", metavar=("T0", "T1"), type=float, nargs=2, help="part of the run to draw [ms]")
    view = _command(commands, "view", view_file, "write a page in which a saved result can be looked at")
    view.add_argument("file", metavar="FILE", help="written by run --save or Result.save")
    view.add_argument("--out", metavar="HTML", type=Path, help="the page; by default FILE.html in the current folder")
    view.add_argument("--open", action="store_true", help="open the page in the browser")
    page = _command(commands, "page", page_script, "write a network as a page that runs it in a browser")
    page.add_argument("script", metavar="SCRIPT", help="a script with a Network, and if you like `controls`; or an example")
    page.add_argument("--out", metavar="HTML", type=Path, help="the page; by default SCRIPT.html in the current folder")
    page.add_argument("--title", metavar="TEXT", help="its heading")
    page.add_argument("--dt", metavar="MS", type=_above_0("ms"), help="time step [ms], by default 0.1 or the example's")
    page.add_argument("--seed", metavar="N", type=_whole(0), help="seed of initial values and inputs, by default 2")
    page.add_argument("--seconds", metavar="S", type=_number, help="simulated time after which the page stops [s]")
    convert = _command(commands, "convert", convert_file, "convert a result, also of a run that crashed")
    convert.add_argument("source", metavar="SOURCE", type=Path, help="a file of a result, or the folder FILE.part of a run")
    convert.add_argument("target", metavar="TARGET", type=Path, help=f"file to write: {endings()}")
    convert.add_argument(OVERWRITE, action="store_true", help="replace TARGET if it exists")
    _command(commands, "info", show_info, "show versions, processors, memory and the cache of kernels")
    _add_verify(commands)
    _command(commands, "warmup", warm_up, "compile the built-in kernels in advance")
    _command(commands, "version", lambda _: print(f"brainsim {version('brainsim')}"), "print the version")
    return parser, list(commands.choices)


def _command(commands, name, function, summary):
    command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    command.set_defaults(command=function, parser=command)
    return command


def _number(text):
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number (got {text})") from None


def _above_0(unit):
    """Return a function that reads a number above 0 from the command line."""

    def read(text):
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a number of {unit} (got {text})") from None
        if not 0.0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"must be > 0 {unit} (got {text})")
        return value

    return read


def _whole(minimum, maximum=None):
    """Return a function that reads a whole number from `minimum` to `maximum` from the command line."""

    def read(text):
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a whole number (got {text})") from None
        if value < minimum:
            raise argparse.ArgumentTypeError(f"must be >= {minimum} (got {text})")
        if maximum is not None and value > maximum:
            raise argparse.ArgumentTypeError(f"must be <= {maximum} (got {text})")
        return value

    return read


def _add_run(commands, argv):
    """Add the command ``run``, with the options of the example in the command line."""
    run = _command(commands, "run", run_example, "simulate an example and draw it")
    run.add_argument("name", metavar="NAME", type=_known_example, help=f"one of {', '.join(example_names())}")
    run.add_argument("--duration", metavar="MS", type=_above_0("ms"), help="how long to simulate [ms]")
    run.add_argument("--dt", metavar="MS", type=_above_0("ms"), help="time step [ms], by default 0.1 or the example's")
    run.add_argument("--seed", metavar="N", type=_whole(0), help="seed of wiring, initial values and inputs")
    run.add_argument(
        "--threads", metavar="N", type=_whole(1, MAX_THREADS), help="at most N threads; the spikes stay the same"
    )
    run.add_argument(
        "--ranks", metavar="N", type=_whole(1, MAX_RANKS), help="on N processes of MPI; the spikes stay the same"
    )
    run.add_argument(AS_RANK, action="store_true", help=argparse.SUPPRESS)
    precision = "precision of the state and of all arithmetic, by default double"
    run.add_argument("--precision", choices=("double", "single"), help=precision)
    run.add_argument("--profile", action="store_true", help="print how long each part of the simulation takes")
    picture = run.add_mutually_exclusive_group()
    picture.add_argument(
        "--out", metavar="PNG", type=Path, help="picture, film (.gif .mp4) or page; by default NAME.png or .html"
    )
    picture.add_argument("--no-plot", action="store_true", help="draw nothing")
    run.add_argument("--page", metavar="HTML", type=Path, help="also write a page that runs the network in a browser")
    run.add_argument("--save", metavar="FILE", type=Path, help=f"write the result to this file: {endings()}")
    run.add_argument(
        "--rates", metavar="FILE.csv", type=Path, help="write the rates of the cells of a mapped brain (fly, larva)"
    )
    run.add_argument(OVERWRITE, action="store_true", help="replace the files of --save and --rates if they exist")
    run.add_argument("--checkpoint", metavar="FILE", type=Path, help="save the simulation to this file at regular times")
    run.add_argument(
        "--checkpoint-every",
        metavar="TIME",
        help="real time from one checkpoint to the next, such as 30s, 10min or 1h; by default 10min",
    )
    run.add_argument("--resume", action="store_true", help="continue from the checkpoint if there is one")
    run.set_defaults(options=(), small=False, argv=argv)
    name = next((word for word in argv[1:] if word in example_names()), None) if argv[:1] == ["run"] else None
    if name:
        example = find_example(name)
        options = getattr(example, "OPTIONS", {})
        texts = explanations_of(example.build.__doc__ or "") if options else {}  # Python -OO has no docstrings
        own = run.add_argument_group(f"options of {name}")
        for option, values in options.items():
            _add_option(own, option, values, texts.get(option, ""))
        if small := getattr(example, "SMALL", {}):
            sizes = ", ".join(f"{keyword} = {value}" for keyword, value in small.items())
            own.add_argument("--small", action="store_true", help=f"a small version, which is done soon: {sizes}")
        run.set_defaults(options=tuple(options))


def _add_sweep(commands):
    sweep = _command(commands, "sweep", sweep_example, "run an example over a grid of its parameters and over seeds")
    sweep.add_argument("name", metavar="NAME", type=_known_example, help="the example")
    axis = "what changes: NAME=START:STOP:COUNT or NAME=VALUE,VALUE; may be given several times"
    sweep.add_argument("--over", metavar="AXIS", action="append", required=True, help=axis)
    sweep.add_argument("--seeds", metavar="N", type=_whole(1), default=1, help="number of seeds, by default 1")
    sweep.add_argument("--duration", metavar="MS", type=_above_0("ms"), help="how long to simulate each point [ms]")
    sweep.add_argument("--workers", metavar="N", type=_whole(1), help="number of processes, by default one per processor")
    sweep.add_argument("--to", metavar="FOLDER", type=Path, help="keep each finished point here, and continue from there")
    sweep.add_argument("--out", metavar="CSV", type=Path, help="the table, by default NAME-sweep.csv, with a picture")
    sweep.add_argument(OVERWRITE, action="store_true", help="replace the table and its picture if they exist")
    sweep.add_argument("--no-plot", action="store_true", help="draw nothing")


def _add_verify(commands):
    summary = "compare this installation with a reference, other simulators, closed forms and stored bits"
    verify = _command(commands, "verify", verify_installation, summary)
    seed = "seed of the random networks and numbers, by default 1: choose one that nobody else has"
    verify.add_argument("--seed", metavar="N", type=_whole(0), default=1, help=seed)
    minutes = "how long, by default 1; longer without compiled kernels, and longer runs compare more networks"
    verify.add_argument("--minutes", metavar="M", type=_above_0("minutes"), default=1.0, help=minutes)
    verify.add_argument("--report", metavar="FILE", type=Path, help="write the report to this file as well")
    verify.add_argument(OVERWRITE, action="store_true", help="replace the report if it exists")


def _add_option(group, option, values, text):
    """Add an option of an example: one of several choices (the first by default), a flag, a string, or a number.

    A number is whole if its default is. The first sentence of `text` explains the option.
    """
    if values is False:
        look, default = {"action": "store_const", "const": True}, ""
    elif isinstance(values, tuple):
        look, default = {"choices": values}, values[0]
    elif isinstance(values, str):
        look, default = {"metavar": "TEXT"}, values
    else:
        whole = isinstance(values, int)
        look = {"metavar": "N", "type": _whole(0)} if whole else {"metavar": "X", "type": _number}
        default = f"{values:,}" if whole else f"{values:g}"
    explained = text.partition(". ")[0].removesuffix(".").replace("`", "").replace("%", "%%")
    sentences = filter(None, (explained[:1].lower() + explained[1:], default and f"by default {default}"))
    group.add_argument(f"--{option.replace('_', '-')}", dest=option, **look, help="; ".join(sentences))


def _known_example(name):
    if name not in example_names():
        from brainsim.core.checks import nearest

        raise argparse.ArgumentTypeError(f"there is no example {name!r}{nearest(name, example_names())}")
    return name
