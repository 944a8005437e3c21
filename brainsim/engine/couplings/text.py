"""The functions of couplings that are written from their texts: what a source gives, and what a pair adds.

What is a variable of the source, and pairs that add the weight times what is given, need no such function.
"""

import functools

from brainsim.equations.couplings import GIVEN, SIDE, WEIGHT
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.lower import lower
from brainsim.equations.numba_text import fill, module
from brainsim.equations.statements import Assign, Load, Store
from brainsim.jit.decorators import load_source

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

ADD = '''\
@by_address
def add(pairs_, progress_):
    """Add what each pair gives to the sum of its target."""
    _pairs, _progress = record_at(pairs_), record_at(progress_)
    _state, _ring, _places = array_of(_pairs.state), array_of(_pairs.ring), array_of(_pairs.places)
    _first, _rows, _source = array_of(_pairs.first), array_of(_pairs.rows), array_of(_pairs.source)
    _weights, _delays, _cells = array_of(_pairs.weights), array_of(_pairs.delays), array_of(_pairs.cells)
    _now = row_of(_pairs, _progress.step, _pairs.delay)
    <loads>
    for _i in range(_rows.size):
        <target>
        _sum = 0.0
        for _k in range(_first[_rows[_i]], _first[_rows[_i] + 1]):
            _row = _now if _delays.size == 0 else row_of(_pairs, _progress.step, np.int64(_delays[_k]))
            <x> = _ring[_row + np.int64(_source[_k])]
            <w> = np.float64(_weights[_k]) if _weights.size else _pairs.weight
            <line>
        _state[_places[_i]] += _sum
    return 0
'''
ROWS = ("from brainsim.engine.couplings.sums import row_of",)


def numbers_of(names, coupling):
    """Return the fields of a record for the parameters of a coupling that some names are."""
    return {f"number{k}": float(getattr(coupling, name)) for k, name in enumerate(_parameters(names, coupling))}


def variables_in(coupling):
    """Return the variables of a source, among them those of its gate, that what it gives depends on."""
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
    target = ["v = np.float64(_state[_cells[_i]])"] if "v" in names else []
    text = fill(
        ADD, {"loads": loads, "target": target, "line": [Assign("_add", lower(tree)), "_sum += _add"]}, x=GIVEN, w=WEIGHT
    )
    return load_source(module(f"What a pair of {type(coupling).__name__} adds.", text, ROWS)).add


def _parameters(names, coupling):
    return sorted(names & coupling.parameters.keys())


def _loads(names, coupling, record):
    return [f"{name} = {record}.number{k}" for k, name in enumerate(_parameters(names, coupling))]
