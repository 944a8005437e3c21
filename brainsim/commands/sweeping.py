"""``brainsim sweep``: an example over a grid of the arguments of its `build`, and over seeds."""

import inspect
import itertools
from pathlib import Path

import brainsim as bs
from brainsim.commands.examples import find_example, summary_of
from brainsim.commands.running import DT, OVERWRITE, check_writable, simulate_example
from brainsim.core.files import check_free

FIGURES = ("rate", "CV", "synchrony")


def sweep_example(arguments):
    """Sweep an example, write the table and draw it; return the exit code."""
    name, example = arguments.name, find_example(arguments.name)
    if not hasattr(example, "build"):
        raise ValueError(f"{name} writes a page and cannot be swept")
    over = dict(read_axis(text) for text in arguments.over)
    _check_names(name, example, over)
    table_path = arguments.out or Path(f"{name}-sweep.csv")
    picture = None if arguments.no_plot else table_path.with_suffix(".png")
    if table_path.suffix.lower() != ".csv":
        raise ValueError(f"--out: must end in .csv (got {str(table_path)!r})")
    check_writable(picture, table_path)
    check_free(table_path, "--out", arguments.overwrite, OVERWRITE)
    points = len(list(itertools.product(*over.values()))) * arguments.seeds
    print(f"{name}: {summary_of(name)}\n{points} points", flush=True)
    fixed = {"name": [name], "duration": [arguments.duration or example.DURATION]}
    table = bs.sweep(run_point, over=fixed | over, seeds=arguments.seeds, to=arguments.to, workers=arguments.workers)
    table.axes = [axis for axis in table.axes if axis.name not in fixed]
    for row in table.rows:
        for key in fixed:
            row.parameters.pop(key)
    for row in table.failed:
        print(f"{'failed':<11} {', '.join(f'{k}={v}' for k, v in row.parameters.items())}: {row.error}")
    print(f"{'table':<11} {table.to_csv(table_path)}")
    if picture and table.names:
        _draw(table, picture)
        print(f"{'picture':<11} {picture}")
    return 1 if table.failed else 0


def run_point(name, duration, seed, **options):
    """Return rate, CV and synchrony of each population of an example."""
    from brainsim.sweeps.points import figures_of

    example = find_example(name)
    network, _ = example.build(seed=seed, **options)
    settings = {"dt": getattr(example, "DT", DT), "precise": getattr(example, "PRECISE", False)}
    result = simulate_example(example, network, duration, seed=seed, progress=False, **settings)
    return figures_of(result)


def read_axis(text):
    """Return name and values of ``g=4:6:5`` (five numbers from 4 to 6) or ``state=AI,SR``.

    Examples
    --------
    >>> read_axis("g=4:6:5"), read_axis("state=AI,SR"), read_axis("n=500")
    (('g', [4.0, 4.5, 5.0, 5.5, 6.0]), ('state', ['AI', 'SR']), ('n', [500]))
    """
    name, equals, values = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not name.isidentifier() or not values.strip():
        raise ValueError(f"--over: must be NAME=START:STOP:COUNT or NAME=VALUE,VALUE (got {text!r})")
    parts = values.split(":")
    if len(parts) == 1:
        return name, [_value(part) for part in values.split(",")]
    try:
        start, stop, count = float(parts[0]), float(parts[1]), int(parts[2])
    except (ValueError, IndexError):
        raise ValueError(f"--over {name}: must be START:STOP:COUNT, such as 4:6:5 (got {values!r})") from None
    if len(parts) > 3 or count < 2:
        raise ValueError(f"--over {name}: must be START:STOP:COUNT with a count of at least 2 (got {values!r})")
    return name, [start + (stop - start) * k / (count - 1) for k in range(count)]


def _value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip()


def _check_names(name, example, over):
    """Raise ValueError for an argument that the `build` of an example does not have."""
    from brainsim.core.checks import nearest

    known = [key for key in inspect.signature(example.build).parameters if key not in ("seed", "dt")]
    for key in over:
        if key not in known:
            other = f"; brainsim copy {name} makes a script in which anything can be changed"
            raise ValueError(f"--over: {name} has no {key!r}{nearest(key, known)}{other}")


def _draw(table, path):
    """Write a picture with a panel for rate, CV and synchrony of each of the first populations."""
    import matplotlib

    matplotlib.use("Agg")  # a file needs no screen
    import matplotlib.pyplot as plt

    from brainsim.plot.elements.styles import style

    if len([axis for axis in table.axes if axis.name != "seed"]) > 2:
        print(f"{'':<11} (a picture has at most two axes besides the seeds)")
        return
    populations = list(dict.fromkeys(name.partition(" ")[2] for name in table.names))[:4]
    size = {"figsize": (4.2 * len(FIGURES), 3.2 * len(populations)), "layout": "constrained", "squeeze": False}
    with style():
        figure, axes = plt.subplots(len(populations), len(FIGURES), **size)
        for row, population in zip(axes, populations, strict=True):
            for ax, figure_name in zip(row, FIGURES, strict=True):
                table.plot(f"{figure_name} {population}", ax=ax)
        figure.savefig(path)
    plt.close(figure)
