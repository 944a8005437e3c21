"""The functions of couplings that are written from their texts: what a source gives, what a pair adds, how it learns.

What is a variable of the source, and pairs that add the weight times what is given, need no such function.
"""

import ast
import functools

import numpy as np

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, module
from brainsim.equations.statements import Assign, Load, Store, formula
from brainsim.features.couplings.equations import GIVEN, POST, PRE, SIDE, WEIGHT
from brainsim.jit.decorators import load_source
from brainsim.models.curve import Curve

GIVE = '''\
@by_address
def give(signal_, progress_):
    """Compute what the cells give now."""
    _signal = record_at(signal_)
    _fresh = array_of(_signal.fresh)
    <loads>
    for _k in range(_fresh.size):
        <lines>
    return 0
'''

# One loop for three functions. `_row` is the row of the ring from which a pair reads its source: that of the common delay,
# or of its own. `_whole` adds up the sums of all targets, so that one comparison finds any number that is not finite.
PAIRS = '''\
@by_address
def <name>(pairs_, progress_):
    """Go through the pairs of each target."""
    _pairs, _progress = record_at(pairs_), record_at(progress_)
    _state, _ring, _places = array_of(_pairs.state), array_of(_pairs.ring), array_of(_pairs.places)
    _first, _rows, _source = array_of(_pairs.first), array_of(_pairs.rows), array_of(_pairs.source)
    _weights, _delays = array_of(_pairs.weights), array_of(_pairs.delays)
    _now = row_of(_pairs, _progress.step, _pairs.delay)
    <loads>
    # target by target, so that each sum has one order: that of its pairs in the table
    for _i in range(_rows.size):
        _sum = 0.0
        <target>
        for _k in range(_first[_rows[_i]], _first[_rows[_i] + 1]):
            _row = _now if _delays.size == 0 else row_of(_pairs, _progress.step, np.int64(_delays[_k]))
            <x> = _ring[_row + np.int64(_source[_k])]
            <w> = np.float64(_weights[_k]) if _weights.size else _pairs.weight
            <lines>
        <end>
    <after>
    return 0
'''
ADD_UP = ["_state[_places[_i]] += _sum"]
CHECK = ["if _whole - _whole != 0.0:", "    note_fault(_pairs, _progress.step)"]  # outside of the loops, it takes no time
ROWS = ("from brainsim.features.couplings.sums import note_fault, row_of",)


def numbers_of(names, coupling):
    """Return the fields of a record for the parameters of a coupling that some names are; of a Curve its points."""
    values = [getattr(coupling, name) for name in _parameters(names, coupling)]
    points = [np.concatenate([v.x, v.y]) if isinstance(v, Curve) else float(v) for v in values]
    return {f"number{k}": value for k, value in enumerate(points)}


def variables_in(coupling):
    """Return the variables of a source (also those of its gate) on which its output depends."""
    return sorted(lang.names_in(coupling.given) - coupling.parameters.keys() - {"pi"})


@functools.lru_cache(512)
def give_function(coupling):
    """Return the function that computes what the cells give, from its record: ``row0``, ... and ``number0``, ..."""
    names, tree = lang.names_in(coupling.given), coupling.given
    loads = _loads(names, coupling, "_signal")
    lines = []
    for k, name in enumerate(variables_in(coupling)):
        loads.append(f"_row{k} = array_of(_signal.row{k})")
        lines.append(Load(name, f"_row{k}"))
    lines.append(Store("_fresh", lower(tree)))
    return load_source(
        module(f"What a source of {type(coupling).__name__} gives.", fill(GIVE, {"loads": loads, "lines": lines}))
    ).give


@functools.lru_cache(512)
def add_function(coupling):
    """Return the function that adds what each pair gives, from its record, with the parameters ``number0``, ..."""
    tree = coupling.of_pair
    names = lang.names_in(tree)
    loads = _loads(names, coupling, "_pairs") + ([f"{SIDE} = _pairs.side"] if SIDE in names else [])
    loads += [f"_cells{k} = array_of(_pairs.cells{k})" for k in range(len(coupling.read_of_target))]
    target = [f"{name} = np.float64(_state[_cells{k}[_i]])" for k, name in enumerate(coupling.read_of_target)]
    gaps = {
        "loads": loads,
        "target": target,
        "lines": [Assign("_add", lower(tree)), "_sum += _add"],
        "end": ADD_UP,
        "after": [],
    }
    text = fill(PAIRS, gaps, name="add", x=GIVEN, w=WEIGHT)
    return load_source(module(f"What a pair of {type(coupling).__name__} adds.", text, ROWS)).add


@functools.lru_cache(512)
def learning_functions(rule, order):
    """Return the functions that add up the pairs of a rule, and that let their weights change over the step that begins.

    Both work on one record: ``own``, the column of each target; ``pace``, an array of dt, or of 0 if the weights stay;
    ``dt``; ``trace0``, ... for all targets; and the parameters ``number0``, ... With order 2 both are midpoint rules. The
    first pair whose weight is not finite, and the step that is completed, go to ``fault``.
    """
    equations, half = rule.rate_equations, order == 2
    loads = [
        *_loads(equations.names, rule, "_pairs"),
        "_own, _dt, _pace = array_of(_pairs.own), _pairs.dt, array_of(_pairs.pace)[0]",
    ]
    loads += ["_itself = row_of(_pairs, _progress.step, 0)"]
    loads += [f"_trace{k} = array_of(_pairs.trace{k})" for k in range(len(equations.traces))]
    target = [f"{POST} = _ring[_itself + _own[_i]]"]
    target += [f"{name} = _trace{k}[_rows[_i]]" for k, name in enumerate(equations.traces)]
    middle = {name: ast.Name(f"_mid_{name}") for name in (*equations.traces, WEIGHT)} if half else {}
    # order 2: the slopes at the start of the step lead to its middle, and the slopes there over the whole step; what is
    # added up, too, is with the weight in the middle
    to_middle = _moved(f"_mid_{WEIGHT}", "0.5*_pace", equations.change, equations.bounds) if half else []
    add = {"target": target, "lines": [*to_middle, f"_sum += {f'_mid_{WEIGHT}' if half else WEIGHT}*{PRE}"]}
    add |= {"loads": [*loads, "_whole = 0.0"], "end": [*ADD_UP, "_whole += _sum"], "after": CHECK}
    lines = [*to_middle, *_moved(WEIGHT, "_pace", lang.substitute(equations.change, middle), equations.bounds)]
    traces = equations.traces.items()
    end = [_advanced(name, name, "_dt", lang.substitute(tree, middle)) for name, tree in traces]
    end += [f"_trace{k}[_rows[_i]] = {name}" for k, name in enumerate(equations.traces)]
    if half:
        target = target + [_advanced(f"_mid_{name}", name, "0.5*_dt", tree) for name, tree in traces]
    # `add` runs in the same step before the weights have moved, and computes the same middle from the same numbers
    learn = {"target": target, "lines": [*lines, f"_weights[_k] = {WEIGHT}"], "end": end}
    texts = [
        fill(PAIRS, {"loads": loads, "after": []} | gaps, name=name, x=PRE, w=WEIGHT)
        for name, gaps in (("add", add), ("learn", learn))
    ]
    found = load_source(module(f"How weights change by {type(rule).__name__}.", "\n\n".join(texts), ROWS))
    return found.add, found.learn


def _moved(name, step, change, bounds):
    """Return the statements that give a name the weight after a step, within its bounds."""
    limits = [(choice, limit) for choice, limit in zip(("max", "min"), bounds, strict=True) if limit is not None]
    within = [Assign(name, lower(formula(f"{choice}({name}, limit)", limit=limit))) for choice, limit in limits]
    return [_advanced(name, WEIGHT, step, change), *within]


def _advanced(name, before, step, slope):
    """Return the statement that gives a name the value of another one after a step."""
    return Assign(name, lower(formula(f"{before} + ({step})*slope", slope=slope)))


def _parameters(names, coupling):
    return sorted(names & coupling.parameters.keys())


def _loads(names, coupling, record):
    named = [(name, f"{record}.number{k}") for k, name in enumerate(_parameters(names, coupling))]
    called = coupling.parameters
    return [f"{name} = array_of({value})" if called[name].called else f"{name} = {value}" for name, value in named]
