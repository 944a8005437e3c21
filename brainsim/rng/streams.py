"""Keys of random streams: every random number in brainsim is a function of (seed, name of its object, index, step).

A key is the hash of a seed and of names, so adding or reordering objects leaves the numbers of all others unchanged.
`brainsim.rng.hashing` turns a key and a counter into numbers.
"""

import hashlib
import os

import numpy as np

from brainsim.core.checks import integer


def stream_key(seed: int, *names: str) -> np.uint64:
    """Return the key of the stream under `seed` that is called by `names`, such as ``"wiring", "exc->cells"``.

    Different names give independent streams.
    """
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def fresh_seed() -> int:
    """Return a seed from the operating system, short enough to type again."""
    return int.from_bytes(os.urandom(4), "little")


def checked_seed(seed: int | None, label: str) -> int:
    """Return `seed` as an int, or a fresh seed for None."""
    return fresh_seed() if seed is None else integer(seed, label, at_least=0)
