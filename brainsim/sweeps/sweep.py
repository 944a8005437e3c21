"""`bs.sweep`: a function at many points, on many processes, with a file for each point."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from brainsim.core.checks import integer, nearest, warn_user
from brainsim.core.hints import answers_calls
from brainsim.engine.loop.progress import Watch
from brainsim.sweeps.finished_points import Folder
from brainsim.sweeps.points import Row, axes_of, check_function, describe_point, outcome, points_of
from brainsim.sweeps.table import Sweep, SweepError
from brainsim.sweeps.workers import PoolError, forget_peak, outcomes, peak_memory

ERRORS, KEEP = ("keep", "raise"), ("figures", "result")


@answers_calls
def sweep(
    function: Callable[..., Any],
    over: Mapping[str, Iterable[Any]] | None = None,
    *,
    zip: Mapping[str, Iterable[Any]] | None = None,
    seeds: int | Iterable[int] | None = None,
    to: str | os.PathLike | None = None,
    workers: int | None = None,
    errors: Literal["keep", "raise"] = "keep",
    keep: Literal["figures", "result"] = "figures",
    progress: bool | None = None,
) -> Sweep:
    """Call a function at all points of a grid, with several seeds, on several processes; return a table.

    A point alone gives the same bits as in the sweep: nothing depends on the order or on the process. The first point is
    computed here, which compiles the kernels that the workers then load. Workers are processes of joblib (``pip install
    joblib``), each with its share of the processors; under ``joblib.parallel_config(backend="dask")`` they are those of a
    Dask cluster. Without joblib they are processes of the standard library. Ctrl-C returns what is finished.
    A worker that is killed, or a point that ends it, costs this point only.

    Parameters
    ----------
    function : callable
        Takes the names of `over` and `zip`, and `seed` if `seeds` is given. It returns a number, a dict of numbers and
        arrays, or a Result, of which rate, CV and synchrony of each population are kept (NaN if a run is too short for a
        CV, see `Spikes.cv`).
    over : dict of str to list
        Name -> values: all combinations are computed.
    zip : dict of str to list
        Name -> values, all equally long: they change together, as one more axis of the grid.
    seeds : int or list of int, optional
        How many, from 0, or which: the same ones at each point, passed as ``seed=``.
    to : str or Path, optional
        A folder with a file for each finished point: a killed sweep continues where it was. A point is computed again if the
        function, its parameters or the version of brainsim change, or if it failed. What counts as the function are its
        text, its defaults, the arguments that a `functools.partial` binds, and the variables from outside that it reads:
        those of enclosing functions, with functions among them, and global numbers, strings, arrays, objects such as models
        or networks, and texts and defaults of model classes, all as they are when the sweep starts. Global functions that
        the function calls, modules and files do not count: if those change, give another folder.
    workers : int, optional
        Number of processes; by default one per processor, as far as memory suffices, or those of joblib's active backend.
    errors : {"keep", "raise"}
        A point that fails is a row with its error; ``"raise"`` raises SweepError when all others are finished.
    keep : {"figures", "result"}
        Whether the table also keeps the Results that the function returns.
    progress : bool, optional
        Whether to show a bar with the time left; by default if the sweep takes long and is watched.

    Returns
    -------
    Sweep
        A table, with `frame` for pandas, `array` for xarray, `values` for NumPy, and `plot`.

    Raises
    ------
    TypeError, ValueError
        If the function does not take these arguments, or a value is out of its range.
    SweepError
        With ``errors="raise"``, if a point failed.

    Examples
    --------
    >>> import brainsim as bs
    >>> def fire(current, seed):
    ...     cells = bs.Population(10, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    ...     net = bs.Network(seed=seed)
    ...     net.stimulate(cells, bs.CurrentInput(current))
    ...     return bs.simulate(net, 100.0, seed=seed).spikes["cells"].rate()
    >>> table = bs.sweep(fire, over={"current": [300.0, 500.0]}, seeds=2, workers=1)
    >>> table.values("value").shape
    (2, 2)
    >>> table.values("value").mean(axis=1)
    array([ 62., 110.])
    """
    axes = axes_of(over, zip, seeds)
    points = points_of(axes)
    check_function(function, list(points[0]))
    _check_choices(errors, keep)
    workers = None if workers is None else integer(workers, "sweep.workers", at_least=1)
    folder = None if to is None else Folder(to, function, keep)
    files = [] if folder is None else [folder.file_of(point) for point in points]
    rows: list[Row | None] = [None] * len(points)
    if folder is not None:
        folder.note(function, list(points[0]), len(points))
        rows = [folder.read(file, point) for file, point in builtins.zip(files, points, strict=True)]
    todo = [(index, point) for index, point in enumerate(points) if rows[index] is None]

    def take(index, row):
        rows[index] = row
        if folder is not None:
            folder.write(files[index], row)

    stopped = _compute(function, todo, take, keep, workers, progress)
    table = Sweep(axes, [row or Row(points[k], error="not computed") for k, row in enumerate(rows)])
    _tell(table, stopped, errors)
    return table


def _compute(function, todo, take, keep, workers, progress):
    """Compute the points that are missing, and take each when it is there; return what stopped it, None if nothing did."""
    with Watch(len(todo), progress, "points") as watch:
        try:
            if todo:
                forget_peak()
                before = peak_memory()
                take(*outcome(function, *todo[0], keep))
                watch.show(1)
                needed = peak_memory() - before
                for done, (index, row) in enumerate(outcomes(function, todo[1:], keep, workers, needed), start=2):
                    take(index, row)
                    watch.show(done)
        except (KeyboardInterrupt, PoolError) as error:
            return error
    return None


def _tell(table, stopped, errors):
    """Warn of what is missing, or raise an error with the table of what there is."""
    failed = [row for row in table.rows if row.traceback is not None]
    done = sum(row.error is None for row in table.rows)
    if isinstance(stopped, PoolError):
        raise SweepError(f"{stopped}; the attribute `table` has the {done} of {len(table)} points that are there", table)
    first = failed and f"{len(failed)} of {len(table)} points failed, the first at {describe_point(failed[0].parameters)}"
    if failed and errors == "raise":
        raise SweepError(f"sweep: {first}:\n{failed[0].traceback}", table)
    if stopped:
        warn_user(f"sweep: stopped by Ctrl-C after {done} of {len(table)} points")
    elif failed:
        warn_user(f"sweep: {first} with {failed[0].error}; see table.failed")


def _check_choices(errors, keep):
    for name, value, allowed in (("errors", errors, ERRORS), ("keep", keep, KEEP)):
        if value not in allowed:
            choices = " or ".join(map(repr, allowed))
            raise ValueError(f"sweep.{name}: must be {choices} (got {value!r}){nearest(value, allowed)}")
