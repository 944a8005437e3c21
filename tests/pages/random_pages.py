"""Random networks on a page have the bits of Python: as they are, and while up to three controls are moved at random steps.

To compare more of them: ``python -m tests.random_networks --precision page --seed 0 --cases 300``.
"""

import tempfile
import warnings

import numpy as np

import brainsim as bs
from brainsim.pages.page import alone, bind, contents
from brainsim.testing.random_networks import networks
from brainsim.testing.random_networks.kinds import TOGETHER
from tests.pages.engine import run_there
from tests.random_networks import ways

FACTORS = (0.97, 1.0, 1.02)  # of a value, which are the positions of its control
MOST_CONTROLS = 3
PRECISIONS = ("double", "single", "double", "precise")  # neighbours have the same, as they have the same kinds of cells
NOT_TOGETHER = ("same constant", "other functions", "can pass")  # what is said of controls that a page cannot have


def differences(seed):
    """Return what differs between Python and the page, a line each; raise Refused or RanAway as `ways.differences` does."""
    precision = PRECISIONS[seed // TOGETHER % len(PRECISIONS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is drawn, too: a time constant far below the usual one
        plan, rng = networks.drawn(seed, precision == "precise"), np.random.default_rng([seed, 44])
        options = {"dt": plan.dt, "seed": seed + 2, "threads": 1, "progress": False, **ways.options_of(precision)}

        def made():
            return bs.Simulation(plan.network(), **options)

        try:
            controls = accepted(made, controls_of(rng, made()))
        except ValueError as error:
            if ": " not in str(error):  # a refusal says of what it is
                raise
            raise ways.Refused(str(error)) from error
        found = []
        for some in ([], controls) if controls else ([],):
            found += compared(made, parts_of(rng, plan.steps, len(some)), some)
        return found


def parts_of(rng, steps, n):
    """Return what happens in a run: pieces of random lengths, and between them controls that move."""
    parts, cuts = [], np.sort(rng.integers(1, steps, 3)).tolist()
    for some in np.diff([0, *cuts, steps]).tolist():
        if some:
            parts.append({"type": "advance", "steps": some})
        if n:
            parts.append({"type": "control", "control": int(rng.integers(n)), "position": int(rng.integers(len(FACTORS)))})
    return parts


def compared(made, parts, controls):
    """Return what differs between a run in Python and on the page."""
    here, there = made(), made()
    bound = bind(here, controls)
    try:
        for part in parts:
            if part["type"] == "advance":
                here.run(part["steps"] * here.dt)
            else:
                bound[part["control"]].set(here, bound[part["control"]].values[part["position"]])
    except ValueError as error:
        if ways.has_run_away(error):
            raise ways.RanAway from error
        raise
    expected = here.digest()
    with tempfile.TemporaryDirectory() as folder:
        digest, spikes = run_there(there, parts, folder, controls)
    return [] if digest == expected else [f"{spikes} spikes on the page: {parts}, {controls}"]


def controls_of(rng, sim):
    """Return some controls of numbers of a simulation, of inputs, weights and parameters."""
    layout, found = sim._layout, []
    wanted = [(stimulus.name, "rate") for stimulus in layout.inputs if hasattr(stimulus.input, "rate")]
    wanted += [(p.name, "weight") for p in layout.network.projections if p.plasticity is None]
    for name, member in layout.members.items():
        wanted += [(name, key) for key in getattr(member.population.model, "parameters", {})]
    for k in rng.permutation(len(wanted)):
        target, name = wanted[k]
        try:
            (bound,) = bind(sim, [bs.Control(target, name, -1e9, 1e9)])
            values = sorted(bound.current * factor for factor in FACTORS)
            found.append(bs.Control(target, name, values=values))
        except (TypeError, ValueError):  # it has no single number now, or 0
            continue
    return found


def accepted(made, controls):
    """Return up to three of some controls, whose positions the simulation takes and that do not change one constant."""
    taken, tried = [], made()
    for control in controls:
        if len(taken) == MOST_CONTROLS:
            break
        try:
            (bound,) = bind(tried, [control])
            for value in (*bound.values, bound.current):
                bound.set(tried, value)
        except (TypeError, ValueError):
            continue
        try:
            contents(alone(made()), [*taken, control])
        except ValueError as error:
            if not any(words in str(error) for words in NOT_TOGETHER):
                raise
            continue
        taken.append(control)
    return taken
