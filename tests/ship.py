"""Fill the folder of object code that a wheel brings (`brainsim.jit.shipped`): ``python -m tests.ship``, before a release.

Each level of processors is compiled in a process of its own, by running tiny networks with all built-in models and rules,
and small networks that are trained. The processor must have the best of the levels.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np

import brainsim as bs
from brainsim.commands.examples import example_names, find_example
from brainsim.commands.installation import run_tiny
from brainsim.commands.warmup import example_of, tiny_networks
from brainsim.jit import cache, shipped
from brainsim.jit.arguments import text_of
from brainsim.jit.decorators import Entry


def main() -> None:
    """Fill the folder anew."""
    shutil.rmtree(shipped.FOLDER, ignore_errors=True)
    for level, features in shipped.LEVELS.items():
        with tempfile.TemporaryDirectory() as folder:
            numba = {"NUMBA_CPU_NAME": level, "NUMBA_CPU_FEATURES": ",".join(f"+{each}" for each in features)}
            environment = os.environ | numba | {"BRAINSIM_CACHE_DIR": folder}
            subprocess.run([sys.executable, "-m", "tests.ship", level], env=environment, check=True)


def fill(level: str) -> None:
    """Compile what is needed, and write it for a level."""
    for make in tiny_networks().values():
        run_tiny(*make())
    for name in example_names():  # with two threads, and cells at rest where they are
        if hasattr(find_example(name), "build"):
            network, options = example_of(find_example(name))
            bs.simulate(network, 5.0, seed=1, threads=2, progress=False, **options)
    train()
    count, size = 0, 0
    for entry in [each for each in gc.get_objects() if isinstance(each, Entry)]:
        for kinds in entry._codes:
            name, found = shipped.name_of(entry._function, text_of(kinds)), cache.read(entry.name(kinds))
            if name is None or found is None:
                continue
            path = shipped.FOLDER / level / f"{name}{cache.SUFFIX}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content := cache.content_of(path, *found))
            count, size = count + 1, size + len(content)
    print(f"{level}: {count} functions, {size / 1e6:.1f} MB")


def train() -> None:
    """Train small networks; one function has all ways in which spiking networks learn."""
    X, y = np.random.default_rng(1).random((8, 3)), np.arange(8) % 2
    bs.ann.MLP(4, epochs=1).fit(X, y)
    bs.ann.RNN(4, epochs=1).fit(X[:, None], y)
    bs.learn.SpikingNetwork(4, epochs=1, duration=10.0).fit(X, y)


if __name__ == "__main__":
    fill(sys.argv[1]) if len(sys.argv) > 1 else main()
