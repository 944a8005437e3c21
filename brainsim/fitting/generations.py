"""All candidates so far: each generation is run once, kept, and written to a file from which a fit continues."""

import hashlib
import time
from pathlib import Path

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.core.files import check_path, write_aside

EVERY = 5.0  # s: between two times at which the file is written


class Generations:
    """The places and losses of all generations of a fit.

    Methods of minimising ask for the same candidates each time, so a fit that continues finds the losses of those that it
    had asked for before, and nothing else has to be kept.
    """

    def __init__(self, problem, to=None, watch=None):
        self.problem, self.watch, self.log = problem, watch, []
        self.path = None if to is None else check_path(to, "fit.to", "'fit.npz'")
        self._written, self._said = time.monotonic(), hashlib.sha256(problem.described().encode()).hexdigest()
        self._before = self._read() if self.path is not None and Path(self.path).exists() else []

    def evaluate(self, places):
        """Return the loss of each candidate; shape (candidates, free)."""
        before = self._before[len(self.log)] if len(self.log) < len(self._before) else None
        if before is not None and np.array_equal(before[0], places):
            losses = before[1]
        else:
            self._before = []  # another way from here on
            losses = self.problem.losses(places)
        self.log.append((places, losses))
        if self.watch is not None:
            self.watch.show(len(self.log))
        if self.path is not None and not self._before and time.monotonic() - self._written > EVERY:
            self.write()
        return losses

    def of_beginning(self, part):
        """Return Generations of the same fit to a part of each recording, from its beginning on; nothing of it is kept."""
        return Generations(self.problem.of_beginning(part))

    @property
    def best(self):
        """The best place so far, and its loss."""
        places, losses = self.all
        k = int(np.argmin(losses))
        return places[k], losses[k]

    @property
    def all(self):
        """The places and losses of all candidates."""
        places, losses = zip(*self.log, strict=True)
        return np.concatenate(places), np.concatenate(losses)

    def write(self):
        """Write all generations to the file."""
        if self.path is None or not self.log:
            return
        places, losses = self.all
        sizes = [len(one) for _, one in self.log]
        with write_aside(self.path, "fit.to") as path, path.open("wb") as file:
            np.savez_compressed(file, places=places, losses=losses, sizes=sizes, said=np.array(self._said))
        self._written = time.monotonic()

    def _read(self):
        """Return the generations of the file, if they are of this fit."""
        with np.load(self.path) as file:
            if "said" not in file or str(file["said"]) != self._said:
                warn_user(f"fit.to: {self.path} is of another fit (model, recordings or options differ) and is written anew")
                return []
            cuts = np.cumsum(file["sizes"])[:-1]
            return list(zip(np.split(file["places"], cuts), np.split(file["losses"], cuts), strict=True))
