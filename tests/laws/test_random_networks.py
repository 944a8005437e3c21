"""Random networks are the same to the last bit in whichever way they are run; `random_networks` says how to repeat one."""

import json
import os
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.models.catalogue import catalogue
from brainsim.testing.random_networks import bits, couplings, kinds, networks, own_models, rules
from tests.helpers.modules import need
from tests.random_networks import command

pytestmark = pytest.mark.usefixtures("more_partitions")

SLOW = 3_000
PINNED, SEEDS = Path(__file__).parents[1] / "data" / "random_networks.json", 25
PRECISIONS = command.PRECISIONS

# (seed, precision): neighbours have the same kinds of cells, so that in one precision one compiles for the others; the last
# four have the rules that are compared with the twin, which is in double precision, in none of the others
CASES = [(seed, PRECISIONS[seed // kinds.TOGETHER % 2]) for seed in range(30)]
CASES += [(13, "double"), (33, "double"), (43, "double"), (83, "double")]
# those that run with the usual tests, and those that `.ci/run` adds; each of the others compiles for half a minute
USUAL = (3, 5, 8, 28)
THOROUGH = (6, 19, 21, 24, 26, 27, 29)


def marked(seed, precision):
    marks = () if seed in USUAL else pytest.mark.thorough if seed in THOROUGH else pytest.mark.slow
    return pytest.param(seed, precision, marks=marks)


# the same seeds with exact times are other networks: of those that can have them
PRECISE = 1, 3, 8


# those that failed once
FIXED = [(252, "double"), (389, "double"), (997, "double"), (997, "single"), (6024, "double")]


def check(seed, precision):
    outcome, lines = command.outcome_of(seed, precision)
    again = command.command_of(seed, precision)
    assert outcome in ("agrees", "ran away"), "\n".join([f"{outcome}; to repeat it: {again}", *lines])


@pytest.mark.parametrize(("seed", "precision"), [marked(*case) for case in CASES])
def test_the_same_bits_in_every_way(seed, precision):
    check(seed, precision)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", PRECISE)
def test_the_same_bits_in_every_way_at_exact_times(seed):
    check(seed, command.PRECISE)


@pytest.mark.slow_but("[389-")
@pytest.mark.thorough
@pytest.mark.parametrize(("seed", "precision"), FIXED)
def test_what_failed_once(seed, precision):
    check(seed, precision)


@pytest.mark.slow
def test_fresh_networks():
    """What is printed says the seeds; pytest shows it when this fails, or with -s."""
    seed = command.fresh_seed()
    cases = [(seed + k, precision) for k in range(SLOW // 2) for precision in PRECISIONS]
    assert command.run(cases, os.cpu_count()).failures == []


@pytest.fixture(scope="module")
def plans():
    return drawn(seed for seed, _ in CASES)


def drawn(seeds):
    """Return random networks; some of their values and connections are such as nobody would choose."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        return [networks.drawn(seed) for seed in seeds]


def rules_in(plan):
    """Return the classes of the rules of plasticity in a network, those that are combined among them."""
    plastic = (given for given in plan.connections if "plasticity" in given)
    drawn = [given["plasticity"] for given in plastic if not isinstance(given["plasticity"], bs.RatePlasticity)]
    return {type(rule) for one in drawn for rule in getattr(one, "_rules", [one])}


def test_they_hold_what_there_is(plans):
    connections = [given for plan in plans for given in plan.connections]
    inputs = [given for plan in plans for given in plan.inputs]
    assert {kind for plan in plans for kind in plan.kinds.values()} == set(kinds.EVERYDAY)
    assert {type(given["rule"]).__name__ for given in connections} == {
        "AllToAll",
        "OneToOne",
        "FixedProbability",
        "FixedIndegree",
        "FixedOutdegree",
        "FixedTotal",
        "FromArrays",
        "FromSparse",
        "DistanceRule",
        "Drawn",
    }
    for key in ("weight", "delay"):
        given = {"array" if np.ndim(value) else type(value) for value in (c[key] for c in connections)}
        assert given >= {"array", float, bs.Uniform, bs.Clipped}, key
    assert {given.get("storage") for given in connections} == {None, "procedural"}
    coupled = [given for given in connections if isinstance(given["synapse"], bs.Coupling)]
    assert {type(given["synapse"]) for given in coupled} == {*couplings.COUPLINGS, couplings.Potentials}
    assert {type(given["delay"]) for given in coupled} >= {type(None), float}
    assert {type(given.get("plasticity")) for given in coupled} == {type(None), couplings.Drifting}
    currents = {bs.CurrentInput, bs.NoiseInput, bs.ConductanceInput, bs.VoltageClamp}
    kinds_of_inputs = {bs.PoissonInput, bs.EventInput, *currents}
    assert {type(given["input"]) for given in inputs} == kinds_of_inputs
    drives = [given["input"] for given in inputs if isinstance(given["input"], bs.PoissonInput)]
    assert {np.ndim(drive.rate) for drive in drives} == {0, 1}
    assert any(plan.exact for plan in plans)
    plastic = [given for given in connections if "plasticity" in given]
    own = {rules.Bounded, rules.Inward, rules.Depressing, rules.Rewarded, rules.Noisy, rules.Watching}
    built_in = {model for model in catalogue().values() if issubclass(model, bs.Plasticity)}
    with_twin = [plan for plan, (_, precision) in zip(plans, CASES, strict=True) if precision == "double"]
    assert set().union(*map(rules_in, with_twin)) == own | built_in
    assert any(hasattr(given["plasticity"], "_rules") for given in plastic)
    repeated = [plan.populations["repeated"].model.times for plan in plans if "repeated" in plan.populations]
    assert len(repeated) > 5
    assert {type(given.get("homeostasis")) for given in plastic} == {bs.Normalisation, bs.Scaling, type(None)}
    assert any("modulator" in given for given in plastic)
    assert any("initial" in given for given in plastic)
    assert {"all", None} < {given.get("dendritic_delay") for given in plastic}
    free = [given for plan in drawn(range(5_000, 5_030)) for given in plan.connections if "plasticity" in given]
    assert any(given["plasticity"].per_synapse for given in free)


def test_couplings_have_all_their_options():
    made = [couplings.coupling(np.random.default_rng(seed)) for seed in range(300)]
    junctions = {(one.order, one.rectifying) for one in made if isinstance(one, bs.GapJunction)}
    assert junctions == {(order, rectifying) for order in (1, 2) for rectifying in (False, True)}
    assert {one.gain for one in made if isinstance(one, couplings.Potentials)} == {"linear", "top*sigmoid(r/top)"}


def test_they_have_views_of_all_shapes(plans):
    views = [given[end] for plan in plans for given in plan.connections for end in ("pre", "post")]
    views += [given["target"] for plan in plans for given in plan.inputs]
    steps = [np.diff(ids) for view in views for _, ids in view.parts if view.n > 1]
    assert any(len(view.parts) > 1 for view in views)
    assert any(view.n == 1 for view in views)
    assert any(np.all(step == 1) for step in steps)
    assert any(np.all(step == -1) for step in steps if step.size)
    assert any(np.all(step == step[0]) for step in steps if step.size and step[0] > 1)
    assert sum(np.ptp(step) > 0 for step in steps if step.size) > 50


def test_every_model_takes_part():
    models = {kind.model for kind in kinds.KINDS} | {synapse for kind in kinds.KINDS for synapse in kind.receptors}
    models |= {*couplings.COUPLINGS, bs.RateConnection}  # of which `couplings.Potentials` is one
    rules_of_all = (bs.Plasticity, bs.RatePlasticity)
    assert {model for model in catalogue().values() if not issubclass(model, rules_of_all)} <= models
    assert set(kinds.ORDER) <= models
    for kind in kinds.KINDS:
        assert list(kind.receptors) == sorted(kind.receptors, key=kinds.ORDER.index), "the order decides the kernel"


def test_a_seed_is_one_network():
    first, second = drawn((3, 5_000)), drawn((3, 5_000))
    assert [repr(plan.network()) for plan in first] == [repr(plan.network()) for plan in second]


MODES = {"all": {}, "everyday": {"everyday": True, "defined": True}, "precise": {"precise": True, "defined": True}}


def test_the_networks_of_seeds_are_those_for_which_they_were_chosen():
    """Cases have seeds that were chosen for what their networks have; `brainsim verify` prints seeds that are sent to us.

    ``python -m tests.laws.test_random_networks`` writes what seeds draw now; look at the cases that have one of them.
    """
    need("plasticity", "couplings", "precise", "clamps")
    known, found = json.loads(PINNED.read_text(encoding="utf-8")), sums()
    changed = {kind: [k for k, sum in found[kind].items() if sum != known[kind].get(k)] for kind in found}
    assert changed == dict.fromkeys(found, [])


def sums():
    """Return checksums of all that plans, couplings and the classes made for them have, by their seed or name."""
    found = {}
    with warnings.catch_warnings(action="ignore"):
        for mode, given in MODES.items():
            found[mode] = {str(seed): sum_of(networks.drawn(seed, **given)) for seed in range(SEEDS)}
    made = [couplings.coupling(np.random.default_rng(seed)) for seed in range(300)]
    found["couplings"] = {str(first): sum_of(made[first : first + 30]) for first in range(0, 300, 30)}
    classes = {thing for module in (own_models, rules, couplings) for thing in vars(module).values() if is_model(thing)}
    found["classes"] = {
        f"{one.__module__.rpartition('.')[2]}.{one.__name__}": sum_of([one.parameters, *texts_of(one)]) for one in classes
    }
    return {kind: dict(sorted(of_kind.items())) for kind, of_kind in found.items()}


def is_model(thing):
    return isinstance(thing, type) and thing.__module__.startswith("brainsim.testing") and hasattr(thing, "parameters")


def texts_of(model):
    return [
        f"{name}: {value}"
        for name, value in sorted(vars(model).items())
        if name[0] != "_" and isinstance(value, str | tuple | int)
    ]


def sum_of(thing):
    return zlib.crc32("\n".join(lines_of(thing)).encode())


def lines_of(thing, depth=0):
    """Yield what an object has, and what this has, with six digits of each number."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield str(key)
            yield from lines_of(value, depth + 1)
    elif isinstance(thing, list | tuple | set | frozenset):
        for value in sorted(thing, key=str) if isinstance(thing, set | frozenset) else thing:
            yield from lines_of(value, depth + 1)
    elif isinstance(thing, float | np.floating):
        yield f"{thing:.6g}"
    elif isinstance(thing, np.ndarray):
        yield f"{thing.shape} {zlib.crc32(' '.join(f'{x:.6g}' for x in thing.ravel().tolist()).encode())}"
    elif isinstance(thing, type) or not hasattr(thing, "__dict__"):
        yield getattr(thing, "__name__", str(thing))
    elif depth < 12:
        yield type(thing).__name__
        yield from lines_of({key: value for key, value in vars(thing).items() if not key.startswith("_")}, depth + 1)


def test_every_bit_counts():
    one = {"a": np.array([0.0, 1.0]), "b": np.array([np.nan])}
    assert bits.differences(one, {"a": np.array([0.0, 1.0]), "b": np.array([np.nan])}) == []
    assert len(bits.differences(one, {"a": np.array([-0.0, 1.0]), "b": np.array([-np.nan])})) == 2
    assert len(bits.differences(one, {"a": np.array([0.0, 1.0], np.float32), "c": np.array([np.nan])})) == 3


@pytest.mark.thorough
def test_a_difference_is_found_and_said(monkeypatch):
    """A population that draws other numbers on two partitions."""
    from tests.random_networks import ways

    run = ways.Case.run

    def wrong(case, **options):
        result = run(case, **options)
        if options.get("threads") == 3:
            next(iter(next(iter(result.state.variables.values())).values()))[:1] += 1e-9
        return result

    monkeypatch.setattr(ways.Case, "run", wrong)
    outcome, lines = command.outcome_of(2, "double")
    assert outcome == "differs"
    assert any("3 threads" in line and "1 of " in line for line in lines)


if __name__ == "__main__":
    PINNED.write_text(json.dumps(sums(), indent=0) + "\n", encoding="utf-8")
