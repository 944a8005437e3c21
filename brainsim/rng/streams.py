"""Keys of random streams: every random number in brainsim is a function of (seed, name of its object, index, step).

A key is the hash of a seed and of names, so adding or reordering objects leaves the numbers of all others unchanged.
The functions that turn a key and a counter into numbers are in `rng`.
"""

import hashlib
import secrets

import numpy as np

from brainsim.core.checks import integer


def stream_key(seed, *names):
    """Return the uint64 key of the stream called `names` under `seed`.

    Parameters
    ----------
    seed : int
        The user's seed, any non-negative whole number.
    *names : str
        What the stream is for, e.g. ``"wiring", "exc->cells"``; different names give independent streams.
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def fresh_seed():
    """Return a seed from the operating system, short enough to be typed again."""
    return secrets.randbelow(2**32)


def checked_seed(seed, label):
    """Return `seed` as an int; None draws a fresh one."""
    return fresh_seed() if seed is None else integer(seed, label, at_least=0)
