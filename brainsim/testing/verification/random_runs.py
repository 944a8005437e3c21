"""Random networks, run by the engine in several ways and by the reference."""

import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import brainsim as bs
from brainsim.testing import reference
from brainsim.testing.properties import any_threads
from brainsim.testing.random_networks import bits, networks
from brainsim.testing.verification.changing import compare_changing
from brainsim.testing.verification.edges import EdgePlan
from brainsim.testing.verification.further import FurtherPlan
from brainsim.testing.verification.rare import CurvedPlan, RarePlan
from brainsim.testing.verification.report import Line

# precision -> (within what share of its sizes a comparison is narrow, largest difference of a state)
FEWEST = 7  # networks that are compared, however little time there is
EXACT, ITSELF = "exact times", "itself: threads, pieces, restored"
TOLERANCES = {"double": (1e-9, 1e-8), "single": (1e-4, 1e-3)}


@dataclass
class Comparison:
    """How a result differs from a run of the reference.

    Attributes
    ----------
    spikes : int
        How many were compared.
    largest : float
        Largest difference of a state, as a share of its size or of 1.
    failures : list of str
    narrow : tuple or None
        (step, population, cell) of the first spike that differs, if it was found by a narrow comparison: nothing after it
        is compared.
    """

    spikes: int = 0
    largest: float = 0.0
    failures: list = field(default_factory=list)
    narrow: tuple | None = None


def compare(run, result, dt, limit, tables=None):
    """Return the Comparison of a run of the reference with a Result of the engine; `tables`: synapses by projection."""
    if run.exact:
        return _compare_times(run, result, limit, tables)
    found, engine, expected = Comparison(), set(), set()
    for name, spikes in result.spikes.items():
        engine |= _counted(name, np.rint(spikes.times / dt).astype(np.int64), spikes.ids)
        expected |= _counted(name, *run.spikes[name])
    different = sorted(engine ^ expected)
    found.spikes = len(engine & expected)
    if different:
        step, name, cell, _ = different[0]
        if (step, cell) in run.narrow.get(name, ()):
            found.narrow = step, name, cell
        else:
            who = "the engine" if different[0] in engine else "the reference"
            found.failures.append(f"{len(different)} spikes, the first of {name!r}, cell {cell}, step {step}, in {who} only")
        return found
    for name, variables in run.state.items():
        _compare_states(found, name, variables, result.state, limit)
        if not np.array_equal(run.wait[name], np.asarray(result.state.refractory[name])):
            found.failures.append(f"{name}: refractory steps that are left")
    _compare_columns(found, run, tables, limit)
    return found


def _compare_columns(found, run, tables, limit):
    for name, columns in run.columns.items() if tables is not None else ():
        if not columns:
            continue
        table = {"weight": tables[name].weight} | tables[name].columns
        for variable in columns.keys() & table.keys():
            _compare_values(found, f"{name}, {variable}", columns[variable], table[variable], limit)


def _counted(name, steps, ids):
    """Return spikes as (step, population, cell, how many of this cell came before in this step)."""
    seen, found = {}, set()
    for step, cell in zip(steps.tolist(), ids.tolist(), strict=True):
        seen[step, cell] = number = seen.get((step, cell), -1) + 1
        found.add((step, name, cell, number))
    return found


def _compare_times(run, result, limit, tables):
    """Compare spikes one by one, cell by cell, by their times [ms]; then states."""
    found = Comparison()
    for name, spikes in result.spikes.items():
        pairs = [(ids[order := np.lexsort((times, ids))], times[order]) for times, ids in (run.spikes[name], _of(spikes))]
        if not np.array_equal(pairs[0][0], pairs[1][0]):
            found.failures.append(f"{name}: {pairs[1][0].size} spikes in the engine, {pairs[0][0].size} in the reference")
            return found
        found.spikes += pairs[0][0].size
        _compare_values(found, f"times of {name}", pairs[0][1], pairs[1][1], limit)
    for name, variables in run.state.items():
        _compare_states(found, name, variables, result.state, limit)
    _compare_columns(found, run, tables, limit)
    return found


def _of(spikes):
    return spikes.times, spikes.ids


def _compare_states(found, name, variables, state, limit):
    for variable, values in variables.items():
        _compare_values(found, f"{name}.{variable}", values, state.variables[name][variable], limit)


def _compare_values(found, label, values, other, limit):
    other = np.asarray(other, np.float64)
    with np.errstate(all="ignore"):
        size = np.abs(values - other) / np.maximum(1.0, np.maximum(np.abs(values), np.abs(other)))
    size = np.where((values == other) | (np.isnan(values) & np.isnan(other)), 0.0, size)
    worst = float(np.max(np.where(np.isnan(size), np.inf, size), initial=0.0))
    found.largest = max(found.largest, worst)
    if not worst <= limit:
        found.failures.append(f"{label}: differs by {worst:.2g}")


def compared_networks(seed, until, say=lambda text: None):
    """Return lines about random networks from a seed on, as many as there is time for until a time of `time.monotonic`."""
    lines, all_plans, number, counts, longest = lines_of_networks(), plans(seed), 0, Counter(), 0.0
    with any_threads():
        compare_changing(seed, lines, lines[ITSELF], compare, TOLERANCES)
        while number < FEWEST or time.monotonic() + longest < until:
            began = time.monotonic()
            counts.update(compare_network(next(all_plans), lines))
            number, longest = number + 1, max(longest, time.monotonic() - began)
            say(f"{number} networks")
    for kind in (*TOLERANCES, EXACT):
        lines[kind].notes.insert(0, f"{counts[kind]} networks were compared")
    return [*lines.values()]


def lines_of_networks():
    """Return kind of comparison -> its Line: with the reference in each precision and at exact times, and with itself."""
    return {kind: _line_of(kind) for kind in (*TOLERANCES, EXACT)} | {ITSELF: Line("random networks", ITSELF, "runs")}


def compare_network(plan, lines):
    """Run the network of a plan, compare it with the reference and with itself, and return the kinds of what was run."""
    ran = []
    with warnings.catch_warnings(action="ignore"):  # delays that are rounded, and what is unusual in random networks
        for kind in (EXACT,) if plan.precise else TOLERANCES:
            precision = "double" if plan.precise else kind
            with lines[kind].timed():
                result, tables = _run(plan, precision)
                if result is None and getattr(plan, "always_runs", False):
                    lines[kind].failures.append(f"{type(plan).__name__}: the engine refuses it")
                if result is not None:
                    ran.append(kind)
                    _against_reference(lines[kind], plan, precision, result, tables)
            with lines[ITSELF].timed():
                if result is not None:
                    _in_other_ways(lines[ITSELF], plan, precision, result)
    return ran


def _line_of(kind):
    return Line(f"random networks, {kind}", "the reference", "spikes", limit=TOLERANCES.get(kind, TOLERANCES["double"])[1])


def plans(seed):
    """Yield plans that follow from a seed: what random networks seldom meet, then without and with features, exact times."""
    rng = np.random.default_rng(seed)
    for kind in (EdgePlan, RarePlan, FurtherPlan, CurvedPlan):
        yield kind(int(rng.integers(1000, 2**31)))
    while True:
        for kind in ({"plain": True}, {}, {"precise": True}):
            with warnings.catch_warnings(action="ignore"):  # of what is unusual
                plan = networks.drawn(int(rng.integers(1000, 2**31)), everyday=True, defined=True, **kind)
            yield plan


def _run(plan, precision, **options):
    """Return the Result of a whole run and its synapses that change; None if the network is refused or has run away."""
    try:
        sim = _simulation(plan, plan.network(), precision, **options)
        result = sim.run(plan.steps * plan.dt)
    except ValueError:
        return None, None
    changing = (p for p in sim.network.projections if p.plasticity is not None)
    return result, {projection.name: sim.synapses(projection) for projection in changing}


def _simulation(plan, net, precision, threads=1, **options):
    options = options if "state" in options else options | {"seed": plan.seed + 2}
    options |= {"precise": True} if plan.precise else {}
    return bs.Simulation(net, dt=plan.dt, precision=precision, threads=threads, progress=False, **options)


def _against_reference(line, plan, precision, result, tables):
    narrow, limit = TOLERANCES[precision]
    net = plan.network()
    try:
        run = reference.run(net, plan.steps, plan.dt, plan.seed + 2, narrow, plan.precise)
    except reference.NotCovered as feature:
        line.notes.append(f"network {plan.seed} was left out: the reference does not define {feature}")
        return
    found = compare(run, result, plan.dt, limit, tables)
    line.compared += found.spikes
    line.largest = float(np.nanmax([line.largest, found.largest]))
    line.failures += [f"network {plan.seed}: {text}" for text in found.failures]
    if found.narrow:
        line.notes.append(
            f"network {plan.seed} was compared up to step {found.narrow[0]} of {plan.steps}: a narrow comparison"
        )


def _in_other_ways(line, plan, precision, whole):
    """Compare bits of the same run with two threads, in pieces, and continued from a saved state in a network made anew."""
    expected, middle = bits.of_spikes(whole) | bits.of_state(whole.state), max(1, plan.steps // 3)

    def check(what, result, expected=expected):
        line.compared += 1
        found = bits.of_spikes(result) | bits.of_state(result.state)
        line.failures += [f"network {plan.seed}, {precision}, {what}: {text}" for text in bits.differences(found, expected)]

    check("two threads", _run(plan, precision, threads=2)[0])
    sim = _simulation(plan, plan.network(), precision, threads=2)
    begun = sim.run(middle * plan.dt)
    sim.run((plan.steps - middle) * plan.dt)
    check("in pieces", sim.result())
    with tempfile.TemporaryDirectory() as folder:
        begun.save(Path(folder) / "begun.npz")
        state = bs.Result.load(Path(folder) / "begun.npz").state
    anew = _simulation(plan, plan.anew().network(), precision, state=state)
    later = {key: values for key, values in bits.after(whole, middle * plan.dt).items() if key[0] != "trace"}
    check("restored", anew.run((plan.steps - middle) * plan.dt), later)
