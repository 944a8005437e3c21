"""What a run says that goes wrong, in whatever chunks and calls it is made, and on any number of threads."""

import itertools
import warnings
from unittest.mock import patch

import brainsim as bs
from brainsim.engine.loop.progress import Pace

CHUNKS = (None, 1, 7)  # steps; None: by how long they take
CALLS = (100.0, 3.7)  # ms of each call of `run`, 100 ms of them at most


def said(net, threads=(1, 2, 4), **options):
    """Return the errors, or the last warnings, of all ways to run a network, a set: one if all say the same."""
    found, chosen = set(), Pace.steps
    for number, chunk, call in itertools.product(threads, CHUNKS, CALLS):

        def steps(self, left, chunk=chunk):
            return chosen(self, left) if chunk is None else min(left, chunk)

        with patch.object(Pace, "steps", steps):
            found.add(heard(bs.Simulation(net, seed=1, threads=number, **options), call))
    return found


def heard(sim, call):
    """Run for 100 ms, in calls of some length; return the error, or else the last warning."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            for _ in range(int(100.0 / call)):
                sim.run(call)
        except ValueError as error:
            return str(error)
    return str(warned[-1].message) if warned else None
