"""Defaults that converge: by its default method at dt = 0.1 ms each model puts the last spike of a second where it belongs.

Where it belongs is what a perfect method reaches on a grid: the equations solved exactly between the instants at which a
model looks at its threshold, with spikes and resets at these instants. (A spike that falls into a step is dated by the
step's end in every simulation on a grid. If a reset follows, the next interval begins there, so that each spike comes half a
step later, on average, than without a grid. That is the grid's share; no method removes it.) The reference is that solution,
by rk4 with fifty steps in one: `test_convergence` shows rk4 at its order against scipy on every model. Models without a
reset have no such share, and are compared with the solution itself.

Left out: what draws its spikes (`GIF` and the sources, whose motion is exact), units that never fire, and currents under
which a model is chaotic, as `HindmarshRose` at 3.25: there no two methods agree for long, and none is right.
"""

import numpy as np
import pytest

import brainsim as bs
from brainsim.equations.expressions import language as lang
from tests.helpers.equations.catalogue import NEURONS
from tests.helpers.equations.single_cells import spikes_of

DT, FINER, SECOND, LIMIT = 0.1, 50, 1000.0, 1.0  # ms, steps, ms, ms
# in pA (FitzHughNagumo, HindmarshRose: plain numbers), from just above where it fires without end
CURRENTS = {
    "AdEx": (600.0, 700.0, 1000.0, 2000.0),
    "ClopathAdEx": (800.0, 1200.0),
    "ConnorStevens": (850.0, 1000.0, 1500.0, 2000.0),
    "EIF": (80.0, 150.0, 300.0, 500.0),
    "FitzHughNagumo": (0.4, 0.7, 1.2),
    "HindmarshRose": (1.5, 2.0, 4.0),
    "HodgkinHuxley": (650.0, 1000.0, 1500.0),
    "IF": (130.0, 310.0, 610.0),
    "Izhikevich": (5.0, 10.0, 20.0),
    "MAT2": (450.0, 600.0, 900.0),
    "MihalasNiebur": (250.0, 400.0),
    "MorrisLecar": (100.0, 120.0, 160.0),
    "QIF": (80.0, 150.0, 500.0),
    "ResonateAndFire": (300.0, 600.0),
    "SFALIF": (500.0, 1000.0, 2000.0),
    "ShiuLIF": (750.0, 1000.0, 2000.0),
    "Theta": (12.0, 50.0, 200.0),
    "TraubMiles": (0.0, 100.0, 500.0),
    "WangBuzsaki": (20.0, 100.0, 500.0),
}
USUAL = (350.0, 500.0, 800.0)
FAST = ("AdEx", "EIF", "Izhikevich", "LIF", "TraubMiles")  # to compile all takes minutes


def draws(kind):
    return bool(lang.calls_in(kind.cell_equations.threshold) & {"rand", "randn"})


FIRING = [name for name, kind in NEURONS.items() if kind.threshold and not kind.spiking_source and not draws(kind)]


def reference(kind):
    """Return the model by rk4 in steps of dt/50, which looks at its threshold where the model itself does."""
    texts = {"method": "rk4", "substeps": 1}
    if kind.reset:
        grid = bs.parameter(DT / kind.substeps, "ms", "instants at which the threshold is looked at")
        at_grid = "abs(t/grid - floor(t/grid + 0.5)) < 0.01"
        texts |= {"threshold": f"({kind.threshold}) and {at_grid}", "grid": grid}
    return type(f"Fine{kind.__name__}", (kind,), texts)()


def lateness(name):
    """Return for each current how late the last spike of a second is [ms], inf if it is missing, and its number."""
    kind, currents = NEURONS[name], CURRENTS.get(name, USUAL)
    found = spikes_of(kind(), currents, SECOND + 5.0, DT)
    true = spikes_of(reference(kind), currents, SECOND + 5.0, DT / FINER)
    counts = [int(np.sum(times <= SECOND)) for times in true]
    late = [
        have[n - 1] - times[n - 1] if have.size >= n else np.inf for have, times, n in zip(found, true, counts, strict=True)
    ]
    return np.array(late), counts


@pytest.mark.thorough_but("[Izhikevich]")
@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in FAST else pytest.mark.slow) for n in FIRING])
def test_last_spike_of_a_second(name):
    late, counts = lateness(name)
    assert min(counts) >= 1
    assert max(counts) >= 9
    assert np.all(np.abs(late) < LIMIT), dict(zip(CURRENTS.get(name, USUAL), late, strict=True))
