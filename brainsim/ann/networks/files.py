"""Files of networks: ``.npz`` with W0, b0, W1, b1 and so on, and what else `MLP.save` writes."""

import re

from brainsim.results.archive import read_arrays

KNOWN = r"[Wb]\d+|activation|levels|classes|thresholds"


def content_of(path, where):
    """Return name -> array of what a file holds of a network, and the names of weights and biases that it lacks.

    Parameters
    ----------
    path : str or Path
    where : str
        How messages begin.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not an archive of plain arrays, or is damaged.
    """
    content = read_arrays(
        path, where, "file of a network", lambda file: {name: file[name] for name in file.names if re.fullmatch(KNOWN, name)}
    )
    missing = [name for k in range(depth_of(content)) for name in (f"W{k}", f"b{k}") if name not in content]
    return content, missing


def depth_of(content):
    """Return the number of layers, by how many weights there are; at least one."""
    return max(1, sum(name[0] == "W" for name in content))
