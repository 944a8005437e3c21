"""Portraits of all models, drawn by two processes at a time; those of models that did not change are kept."""

import concurrent.futures
import hashlib
import inspect
import multiprocessing
from pathlib import Path

WORKERS = 2


def draw(names, folder):
    """Draw the portraits of models into a folder, unless they are there; return the names of those that are."""
    import brainsim as bs

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [name for name in names if not _is_current(folder, name, getattr(bs, name))]
    spawned = multiprocessing.get_context("spawn")  # a fork would copy the threads of this process
    with concurrent.futures.ProcessPoolExecutor(WORKERS, spawned) as pool:
        for name, error in zip(wanted, pool.map(_draw, wanted, [str(folder)] * len(wanted)), strict=True):
            if error is None:
                (folder / f"{name}.key").write_text(_key(getattr(bs, name)))
            else:
                print(f"no portrait of {name}: {error}")
    return {path.stem for path in folder.glob("*.png")} & set(names)


def _is_current(folder, name, model):
    key = folder / f"{name}.key"
    return (folder / f"{name}.png").exists() and key.exists() and key.read_text() == _key(model)


def _key(model):
    """Return what identifies the portrait of a model: its source, and that of the program that draws it."""
    from brainsim.explore import portraits

    return hashlib.sha256((inspect.getsource(model) + inspect.getsource(portraits)).encode()).hexdigest()


def line_of(name):
    """Return the Python that draws the portrait of a model."""
    import brainsim as bs

    model = getattr(bs, name)
    return f"bs.explore.portrait(bs.{name}({'rate=20.0' if 'rate' in model.parameters and not model.initials else ''}))"


def _draw(name, folder):
    """Draw one portrait; return None, or what went wrong."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    import brainsim as bs

    try:
        eval(line_of(name), {"bs": bs}).savefig(Path(folder) / f"{name}.png", dpi=130)  # what the page shows is what drew it
    except (TypeError, ValueError) as error:
        return str(error)
    finally:
        plt.close("all")
    return None
