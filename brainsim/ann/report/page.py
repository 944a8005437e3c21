"""A network in two bodies as one page: the reader draws, both read it, and both get the same damage.

The spiking body is the converted network, run by brainsim in WebAssembly as on every page of `brainsim.page`; the artificial
one is a few lines of script over the same weights.
"""

from pathlib import Path

import numpy as np
from scipy import sparse

from brainsim.ann.conversion.spiking import WINDOW
from brainsim.ann.conversion.thresholds import DRIVE_BITS, SPIKE_BITS, step_of
from brainsim.ann.report.rows import ARTIFICIAL, SPIKING
from brainsim.core.checks import integer, plain
from brainsim.core.files import HTML, writable
from brainsim.engine.simulation.simulation import Simulation
from brainsim.pages.controls import Array
from brainsim.pages.page import alone, contents, written
from brainsim.pages.writing import page_text

VIEWER = Path(__file__).resolve().parents[1] / "viewer"
TITLE = "One network, two bodies"
TEXT = (
    "An artificial network and the same network in spikes read what you draw, while you draw it. "
    "Damage both, stop them early, and guess first which one suffers more."
)
HEARD = (
    "An artificial network and the same network in spikes hear the sound that you pick. "
    "Damage both, stop them early, and guess first which one suffers more."
)
STEPS = 64  # of a page, at most, unless the user says otherwise
EACH = 10  # test samples of a class
VISIBLE = 0.2  # of the brightest pixel


def write(pair, file, T, shape, title, text, sound):
    """Return the Page of a `Pair`: see `BodyReport.page`."""
    snn, X = pair.snn, pair.X
    path = None if file is None else writable(file, "BodyReport.page.file", HTML)
    _check(snn)
    lag = len(snn.plan.layers) - 1
    T = STEPS - lag if T is None else integer(T, "BodyReport.page.T", at_least=1)
    height, width = _shape(snn.trained, shape)
    heard = None if sound is None else _sound(sound)
    some, shown = _samples(pair)
    layers, parts = _layers(snn)
    text = (TEXT if heard is None else HEARD) if text is None else text
    sim = Simulation(snn.network_for(X[some[0]], T), dt=1.0, threads=1)
    about, blobs = contents(alone(sim), title=title or TITLE, text=text, arrays=_arrays(snn, sim))
    about["bodies"] = {
        "T": T,
        "lag": lag,
        "steps": T + lag,
        "classes": [str(label) for label in snn.classes_],
        "hidden": [f"hidden{k + 1}" for k in range(lag)],
        "layers": layers,
        "picture": _frame(X, height, width),
        "sound": heard,
        "labels": np.searchsorted(snn.classes_, pair.y[some]).tolist(),
        "shown": shown,
    }
    parts["samples"] = np.ascontiguousarray(X[some]).tobytes()
    return written(page_text(about, blobs | parts, viewer=VIEWER), path)


def _check(snn):
    """Raise ValueError if a network has what the page cannot show."""
    plan, trained = snn.plan, snn.trained
    if trained.activation != "relu":
        raise ValueError(f"BodyReport.page: the hidden units must be ReLUs (got {trained.activation!r})")
    if plan.encoder != "current" or plan.sequential or plan.bias_shift:
        raise ValueError(
            "BodyReport.page: needs encoder='current', schedule='parallel' and bias_shift=False, with which the picture is "
            f"a constant current and all layers run together (got encoder={plan.encoder!r}, "
            f"schedule={'sequential' if plan.sequential else 'parallel'!r}, bias_shift={plan.bias_shift})"
        )
    if any(not layer.weight.nnz for layer in plan.layers):
        raise ValueError("BodyReport.page: each layer must have a weight that is not 0")


def _shape(trained, shape):
    """Return height and width of a picture."""
    inputs = trained.weights[0].shape[0]
    side = round(inputs**0.5)
    if shape is None:
        shape = trained.shape[1:] if trained.shape else (side, side)
    if len(shape) != 2 or shape[0] * shape[1] != inputs:
        raise ValueError(
            f"BodyReport.page.shape: must be the height and the width of a picture with {inputs} pixels (got {tuple(shape)})"
        )
    return int(shape[0]), int(shape[1])


def _sound(sound):
    """Return what the page must know to let pictures sound."""
    values = np.asarray(plain(sound, "", "BodyReport.page.sound"))
    if values.shape != (3,) or not 0.0 < values[0] < values[1] or not values[2] > 0.0:
        raise ValueError(
            "BodyReport.page.sound: must be the lowest and the highest frequency [Hz], and the duration of a column [ms], "
            f"such as (200.0, 3600.0, 10.0) (got {sound!r})"
        )
    return dict(zip(("low", "high", "column"), values.tolist(), strict=True))


def _frame(X, height, width):
    """Return where pictures of the data have their ink, and how much: pictures that are drawn are made like this."""
    high = float(X.max())
    if X.min() < 0.0 or not high:
        raise ValueError(f"BodyReport.page: pixels must be 0 where nothing is drawn, and larger elsewhere (got {X.min():g})")
    visible = X.reshape(-1, height, width) > VISIBLE * high
    rows, columns = visible.any(axis=2), visible.any(axis=1)
    wide = columns.sum(axis=1).astype(float)
    return {
        "height": height,
        "width": width,
        "top": float(np.median(rows.argmax(axis=1))),
        "bottom": float(height - np.median(rows[:, ::-1].argmax(axis=1))),
        "widest": float(np.percentile(wide, 75)),
        "ink": float(np.median(X.sum(axis=1)) / high),
        "high": high,
    }


def _samples(pair):
    """Return the test samples of the page, some of each class, and which of them the reader can take: one of each."""
    y, right = pair.y, (pair.answers[ARTIFICIAL] == pair.y) & (pair.answers[SPIKING][-1] == pair.y)
    some = np.concatenate([np.flatnonzero(y == label)[:EACH] for label in pair.snn.classes_])
    by_class = [np.flatnonzero(y[some] == label) for label in pair.snn.classes_]
    return some, [int(of[np.argmax(right[some][of])]) for of in by_class if of.size]


def _layers(snn):
    """Return what the script has to know of each layer, and the blobs of weights: by input, in the order of synapses."""
    layers, parts = [], dict.fromkeys(("firsts", "targets", "weights", "biases"), b"")
    plan, trained, theta = snn.plan, snn.trained, 1.0
    for layer, W, b in zip(plan.layers, trained.weights, trained.biases, strict=True):
        weight = sparse.csr_array(W, dtype=np.float64)
        weight.eliminate_zeros()
        weight.sort_indices()
        parts["firsts"] += weight.indptr.astype(np.int32).tobytes()
        parts["targets"] += weight.indices.astype(np.int32).tobytes()
        parts["weights"] += weight.data.tobytes()
        parts["biases"] += np.asarray(b, np.float64).tobytes()
        layers.append(
            {
                "inputs": weight.shape[0],
                "outputs": weight.shape[1],
                "synapses": int(weight.nnz),
                "theta": layer.theta,
                "drive": step_of(layer.scale, DRIVE_BITS),
                "spike": step_of(np.abs(weight.data * theta).max(), SPIKE_BITS),
            }
        )
        theta = layer.theta
    return layers, parts


def _arrays(snn, sim):
    """Return what the script sets: the picture as currents, weights between cells, thresholds, biases of later layers."""
    layers, net = snn.plan.layers, sim.network
    given = {each.name: each.input.amplitude for each in net.inputs}
    currents = [Array(name, "amplitude", given[name]) for name in (f"hidden{k + 1}{WINDOW}" for k in range(len(layers) - 1))]
    weights = [Array(each.name, "weight", sim.synapses(each).weight) for each in net.projections]
    thresholds = [Array(f"hidden{k + 1}", "v_th", np.full(each.bias.size, each.theta)) for k, each in enumerate(layers[:-1])]
    return [currents[0], *weights, *thresholds, *currents[1:]]
