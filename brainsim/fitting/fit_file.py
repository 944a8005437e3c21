"""A fit as a file: its recordings, options and candidates, from which it is made again."""

import importlib
import json

import numpy as np

import brainsim as bs
from brainsim.core.files import check_path, write_aside
from brainsim.fitting.parameters import Free, Space
from brainsim.fitting.problem import Problem
from brainsim.fitting.recordings import Recording

FIELDS = ("loss", "score", "scores", "intervals", "noise", "indistinct", "runs")


def write(fit, path):
    """Write a fit, and return the path."""
    path = check_path(path, "Fit.save", "'fit.npz'")
    problem = fit._problem
    space, model = problem.space, problem.space.model
    values = {name: getattr(model, name) for name in model.parameters}
    header = {
        "version": bs.__version__,
        "model": [type(model).__module__, type(model).__qualname__],
        "values": {name: value for name, value in values.items() if isinstance(value, float)},
        "other": [name for name, value in values.items() if not isinstance(value, float)],
        "free": [[one.name, one.low, one.high, one.log, one.unit] for one in space.free],
        "tied": space.tied,
        "measured": space.measured,
        "noise of the space": space.noise,
        "windows": problem.windows,
        "unseen": problem.unseen,
        "loss function": None if callable(problem.loss) else problem.loss,
        "options": {name: value for name, value in problem.options.items() if not callable(value)},
        "settings": [problem.dt, problem.seed, problem.initial],
        "recordings": [[one.dt, one.trains and len(one.trains), one.v is not None] for one in problem.recordings],
        **{name: getattr(fit, name) for name in FIELDS},
    }
    arrays = {"place": fit._place, "sizes": [len(losses) for _, losses in fit._log]}
    arrays["places"], arrays["losses"] = (np.concatenate(some) for some in zip(*fit._log, strict=True))
    for k, one in enumerate(problem.recordings):
        arrays[f"current {k}"] = one.current
        arrays |= {} if one.v is None else {f"v {k}": one.v}
        arrays |= {f"train {k} {j}": train for j, train in enumerate(one.trains or [])}
    with write_aside(path, "Fit.save") as aside, aside.open("wb") as file:
        np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)
    return path


def read(kind, path, model):
    """Return the fit in a file; `model` is needed if its class cannot be imported."""
    path = check_path(path, "Fit.load", "'fit.npz'")
    with np.load(path, allow_pickle=False) as file:
        if "header" not in file:
            raise ValueError(f"Fit.load: {path} is not a fit that Fit.save wrote")
        header, arrays = json.loads(str(file["header"])), dict(file)
    fit = kind.__new__(kind)
    free = [Free(*one) for one in header["free"]]
    model = _model(header, path) if model is None else model
    space = Space(model, free, header["tied"], header["measured"], header["noise of the space"])
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
    dt, seed, initial = header["settings"]
    options = {**header["options"], "mask": tuple(header["options"]["mask"]), "function": None}
    fit._problem = Problem(space, recordings, windows, unseen, header["loss function"], options, dt, seed, None, initial)
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
