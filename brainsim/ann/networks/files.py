"""Files of networks: ``.npz`` with W0, b0, W1, b1 and so on, and further entries that `MLP.save` writes."""

import re

import numpy as np

from brainsim.core.checks import in_range
from brainsim.core.structure import check_array
from brainsim.learn.checks import check_saved_classes
from brainsim.results.archive import read_arrays, reading

WHAT = "file of a network"  # what messages call it
KNOWN = r"[Wb]\d+|activation|levels|classes|thresholds"


def content_of(path, label):
    """Return the entries of a file that belong to a network, name -> array, and the names of missing weights and biases.

    Raise FileNotFoundError if there is no file, and ValueError if it is not an archive of plain arrays, or is damaged.
    """
    content = read_arrays(
        path, label, WHAT, lambda file: {name: file[name] for name in file.names if re.fullmatch(KNOWN, name)}
    )
    missing = [name for k in range(depth_of(content)) for name in (f"W{k}", f"b{k}") if name not in content]
    return content, missing


def saved_network(path, label):
    """Return the entries of a file that `MLP.save` wrote, and its layers as a list of (W, b), or raise ValueError."""
    content, missing = content_of(path, label)
    missing += [name for name in ("activation", "levels", "classes", "thresholds") if name not in content]
    if missing:
        raise ValueError(f"{label}: {str(path)!r} was not written by MLP.save (missing: {', '.join(missing)})")
    layers = [(content[f"W{k}"], content[f"b{k}"]) for k in range(depth_of(content))]
    sizes = [W.shape[:1] for W, _ in layers[1:]] + [content["classes"].shape]
    if any(W.ndim != 2 or not W.shape[1:] == b.shape == size for (W, b), size in zip(layers, sizes, strict=True)):
        raise ValueError(
            f"{label}: the layers of {str(path)!r} do not fit each other or the labels; MLP.save did not write it"
        )
    with reading(path, label, WHAT):
        for k, (W, b) in enumerate(layers):
            check_array(W, np.float64, W.shape, f"W{k}", finite=True)
            check_array(b, np.float64, b.shape, f"b{k}", finite=True)
        check_array(content["levels"], None, (), "levels")
        check_array(content["activation"], content["activation"].dtype, (), "activation")
        if str(content["activation"]) == "qcfs":
            check_array(content["thresholds"], np.float64, (len(layers) - 1,), "thresholds", finite=True)
            in_range(content["thresholds"], "thresholds", above=0.0)
        check_saved_classes(content["classes"], "classes")
    return content, layers


def depth_of(content):
    """Return the number of layers, which is the number of weight matrices, but at least 1."""
    return max(1, sum(name[0] == "W" for name in content))
