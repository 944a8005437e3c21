"""The weights, variables and parameters with which the synapses of a rule begin, and whether they meet its conditions."""

import ast

import numpy as np

from brainsim.engine.synapses.projections import weights_in_full
from brainsim.engine.synapses.readback import ends_of, in_table, initial_weights, order_of, order_of_pairs
from brainsim.equations.expressions import language as lang
from brainsim.features.plasticity.writer import OLD
from brainsim.models.values import Distribution, is_number
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill


def initial_columns(kind):
    """Return name -> array of the weights and variables of the synapses of a Plastic, in the order of its block."""
    block, weight = kind.block, kind.projection.weight
    n, dtype = block.stop - block.start, block.layout.dtype
    if kind.shared:
        w = np.array([float(weight)])
    elif is_number(weight):
        w = np.full(n, float(weight), dtype)
    else:
        w = _weights(kind, dtype if kind.equations.changes_weights else np.float32)
    known = kind.numbers | kind.differing()
    names = {name: name for name in kind.code.variables} | {name: name.removesuffix(OLD) for name in kind.code.old}
    columns = {"w": w}  # one number if all share it
    for name, of in names.items():
        start = kind.equations.initials[of]
        columns[name] = np.empty(n, dtype)
        columns[name][:] = lang.compute(start, known) if isinstance(start, ast.AST) else start
    return columns | belonging(kind, {"w"}, columns)


def _weights(kind, dtype):
    if kind.block.weights is not None:
        w, kind.block.weights = weights_in_full(kind.projection, kind.block.weights, dtype), None
    else:
        # they were not kept, which saves 4 bytes a synapse
        w = initial_weights(kind).astype(dtype, copy=False)
    # sampled ones were rounded to float32, which may have moved them beyond a bound
    for bound, nearer in zip(kind.bounds(), (np.maximum, np.minimum), strict=True):
        if bound is not None:
            nearer(w, bound, out=w, casting="same_kind")
    return w


def belonging(kind, given, columns):
    """Return the column that is computed from the given ones, the variable that w follows, or w: name -> array."""
    tree, followed = kind.equations.computed_weight, kind.equations.followed
    known, dtype = kind.numbers | columns, columns["w"].dtype
    if followed is not None and "w" in given:
        slope, rest = (lang.compute(part, known) for part in (followed.slope, followed.rest))
        return {followed.variable: ((columns["w"] - rest) / slope).astype(dtype)}
    if tree is not None and lang.names_in(tree) & given:
        return {"w": np.full(columns["w"].size, lang.compute(tree, known), dtype)}
    return {}


def sample_parameter(kind, name):
    """Return a parameter that differs between synapses, or such initial values, in the order of the block."""
    value, layout = getattr(kind.projection.plasticity, name), kind.block.layout
    order, (ids, n) = order_of(kind), in_table(kind)
    sampled = np.empty(n)
    if isinstance(value, Distribution):
        fill(sampled, value.code, stream_key(layout.network.seed, "plasticity", kind.projection.name, name))
    else:
        sampled[:] = value[order_of_pairs(layout, kind.projection)]
    placed = np.empty(order.size)
    placed[order] = sampled[ids]
    return placed


def check_sampled(kind):
    """Raise ValueError, which names the synapse, if the parameters of one do not meet the conditions of its rule."""
    rule, name = kind.projection.plasticity, type(kind.projection.plasticity).__name__
    if not kind.parameters:
        return
    trees = {text: lang.parse_expression(text, name) for text in rule.conditions}
    # a parameter that no equation reads is not sampled
    trees = {text: tree for text, tree in trees.items() if lang.names_in(tree) <= kind.numbers.keys()}
    tests = {text: lang.evaluate(tree, kind.numbers) for text, tree in trees.items()}
    low, high = kind.bounds()
    if low is not None and high is not None:
        tests[" < ".join(rule.bound_texts())] = np.less(low, high)
    for text, met in tests.items():
        if np.ndim(met) and not np.all(met):
            place = int(np.argmin(met))
            names = sorted(lang.names_in(lang.parse_expression(text, name)) - {"pi"})
            values = {key: np.broadcast_to(kind.numbers[key], np.shape(met))[place] for key in names}
            shown = ", ".join(f"{key} = {value:g}" for key, value in values.items())
            pre, post = ends_of(kind, place)
            message = f"{text} must hold, which its distributions do not ensure"
            raise ValueError(f"{kind.projection.name}: {name}: {message} (synapse {pre} -> {post}: {shown})")
