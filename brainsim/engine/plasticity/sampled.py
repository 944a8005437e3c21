"""Parameters of a rule that were sampled for each synapse: whether they meet the conditions of the rule."""

import numpy as np

from brainsim.engine.synapses.readback import ends_of
from brainsim.equations.expressions import language as lang


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
