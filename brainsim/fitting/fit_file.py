"""A fit as a file: its recordings, and what it is made again from."""

import importlib
import json

import numpy as np

import brainsim as bs
from brainsim.core.files import check_path, write_aside
from brainsim.fitting.fitted import Seen
from brainsim.fitting.parameters import Free, Space
from brainsim.fitting.problem import Problem
from brainsim.fitting.recordings import Recording

FIELDS = ("loss", "score", "scores", "intervals", "noise", "indistinct", "runs")


def write(fit, path):
    """Write a fit, and return the path."""
    kind = type(fit).__name__
    path = check_path(path, f"{kind}.save", "'fit.npz'")
    header, arrays = fit._parts()
    saw = fit._saw
    header |= {
        "version": bs.__version__,
        "kind": kind,
        "windows": saw.windows,
        "unseen": saw.unseen,
        "settings": [saw.dt, saw.seed],
        "recordings": [[one.dt, one.trains and len(one.trains), one.v is not None] for one in saw.recordings],
    }
    for k, one in enumerate(saw.recordings):
        arrays[f"current {k}"] = one.current
        arrays |= {} if one.v is None else {f"v {k}": one.v}
        arrays |= {f"train {k} {j}": train for j, train in enumerate(one.trains or [])}
    with write_aside(path, f"{kind}.save") as aside, aside.open("wb") as file:
        np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)
    return path


def read(kind, path):
    """Return what a file says of a fit of some kind, its arrays, and what it saw."""
    label = f"{kind.__name__}.load"
    path = check_path(path, label, "'fit.npz'")
    with np.load(path, allow_pickle=False) as file:
        if "header" not in file:
            raise ValueError(f"{label}: {path} is not a fit that {kind.__name__}.save wrote")
        header, arrays = json.loads(str(file["header"])), dict(file)
    if header["kind"] != kind.__name__:
        raise ValueError(f"{label}: {path} is a {header['kind']}; read it with bs.{header['kind']}.load")
    recordings = [
        Recording(
            arrays[f"current {k}"],
            dt,
            None if repeats is None else [arrays[f"train {k} {j}"] for j in range(repeats)],
            arrays[f"v {k}"] if has_v else None,
        )
        for k, (dt, repeats, has_v) in enumerate(header["recordings"])
    ]
    windows, unseen = ([tuple(one) for one in header[name]] for name in ("windows", "unseen"))
    return header, arrays, Seen(recordings, windows, unseen, *header["settings"])


def parts_of_fit(fit):
    """Return what a file says of a `Fit`, and its arrays."""
    problem = fit._problem
    space, model = problem.space, problem.space.model
    values = {name: getattr(model, name) for name in model.parameters}
    header = {
        "model": [type(model).__module__, type(model).__qualname__],
        "values": {name: value for name, value in values.items() if isinstance(value, float)},
        "other": [name for name, value in values.items() if not isinstance(value, float)],
        "free": [[one.name, one.low, one.high, one.log, one.unit] for one in space.free],
        "tied": space.tied,
        "measured": space.measured,
        "noise of the space": space.noise,
        "loss function": None if callable(problem.loss) else problem.loss,
        "options": {name: value for name, value in problem.options.items() if not callable(value)},
        "initial": problem.initial,
        **{name: getattr(fit, name) for name in FIELDS},
    }
    arrays = {"place": fit._place, "sizes": [len(losses) for _, losses in fit._log]}
    arrays["places"], arrays["losses"] = (np.concatenate(some) for some in zip(*fit._log, strict=True))
    return header, arrays


def fit_of(kind, path, model):
    """Return the `Fit` in a file; `model` is needed if its class cannot be imported."""
    header, arrays, saw = read(kind, path)
    fit = kind.__new__(kind)
    free = [Free(*one) for one in header["free"]]
    model = _model(header, path) if model is None else model
    space = Space(model, free, header["tied"], header["measured"], header["noise of the space"])
    options = {**header["options"], "mask": tuple(header["options"]["mask"]), "function": None}
    given = (header["loss function"], options, saw.dt, saw.seed, None, header["initial"])
    fit._problem = Problem(space, saw.recordings, saw.windows, saw.unseen, *given)
    fit._place = arrays["place"]
    cuts = np.cumsum(arrays["sizes"])[:-1]
    fit._log = list(zip(np.split(arrays["places"], cuts), np.split(arrays["losses"], cuts), strict=True))
    for name in FIELDS:
        setattr(fit, name, header[name])
    fit.intervals = {name: tuple(edges) for name, edges in fit.intervals.items()}
    return fit


def _model(header, path):
    """Return the model of a file, if its class can be imported."""
    module, name = header["model"]
    found = importlib.import_module(module) if module != "__main__" else None
    kind = getattr(found, name, None)
    if header["other"] or not (isinstance(kind, type) and issubclass(kind, bs.Neuron)):
        why = f"its {header['other'][0]} is not a number" if header["other"] else f"there is no class {name} in {module}"
        raise ValueError(f"Fit.load: the model of {path} is not in the file, since {why}; give it by model=")
    return kind(**header["values"])
