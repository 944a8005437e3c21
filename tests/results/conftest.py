"""Spikes and a result that the tests of this folder share."""

import math

import numpy as np
import pytest

from brainsim.results.result import Result, Spikes, State, Traces, Weights


@pytest.fixture
def spikes():
    """Three cells in 100 ms: 10 20 40, 5 15 and silence."""
    return Spikes([40.0, 5.0, 10.0, 20.0, 15.0], [0, 1, 0, 0, 1], n=3, duration=100.0, name="cells")


@pytest.fixture
def result(spikes):
    """Return a result with everything in it, odd names and odd numbers included."""
    traces = Traces("cells", "v", "mV", [1.0, 2.0], [2, 0], [[0.1, np.nan], [-np.inf, 1e-310]])
    other = Spikes([], [], n=0, duration=100.0, name="L2/3 E%")
    variables = {"cells": {"v": np.array([0.1, 0.2, 0.3]), "I": np.zeros((2, 3), np.float32)}, "L2/3 E%": {}}
    state = State(
        1000,
        0.1,
        7,
        variables,
        {"cells": np.array([0, 3, -1], np.int32)},
        {"cells": (np.array([1001, 1003]), np.array([2, 0]))},
    )
    return Result(
        spikes={"cells": spikes, "L2/3 E%": other},
        duration=100.0,
        dt=0.1,
        seed=2**70,
        traces={("cells", "v"): traces},
        populations={"cells": 3, "L2/3 E%": 0},
        state=state,
        stats={"run": 0.125, "threads": 2, "nan": math.nan},
        views={"cells": [("exc", 0, 2), ("inh", 2, 3)]},
        thresholds={"cells": 20.0, "L2/3 E%": None},
    )


@pytest.fixture
def traces():
    return Traces("cells", "v", "mV", np.arange(1, 4) / 10, [4, 9], [[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]])


@pytest.fixture
def weights():
    return Weights(
        "w", "w", "mV", [0.0, 100.0], [3, 7], [0, 1], [7, 2], [[0.5, 1.0], [0.6, 2.0]], [0, 1, 2], [[1, 1], [1, 1]]
    )
