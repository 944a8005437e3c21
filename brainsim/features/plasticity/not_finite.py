"""Names the first thing of a rule in a run that is not a finite number, with the synapse and the time."""

import numpy as np

from brainsim.engine.loop.faults import Fault
from brainsim.engine.synapses.readback import ends_of
from brainsim.equations.expressions import language as lang
from brainsim.features.plasticity.equations.rule_variables import NEW

TRACES = {"after": ("source", "on_pre"), "before": ("source", "on_pre"), "target": ("target", "on_post")}


def take_fault(part):
    """Return the Fault that a PlasticPart has noted, None if it has not; and forget it."""
    c, kind = part.context, part.kind
    place, step = int(c["fault"]), int(c["fault_step"])
    if place < 0:
        return None
    c["fault"] = -1
    pre, post = ends_of(kind, place)
    values = dict(zip(kind.code.seen, c["fault_values"].tolist(), strict=True))
    what, texts = _named(kind, values, place)
    at = f"the synapse {pre} -> {post}"
    text = f"{kind.projection.name}: {type(kind.projection.plasticity).__name__} {what.format(at)} at t = "
    text += f"{c['fault_time'] * kind.clock.unit:g} ms; check its {texts} for a division by 0, a logarithm or a power"
    # rows of the store are sorted by source, delay and target; times are exact in the middle of a step
    where = int(c["fault_time"]), int(kind.sources[pre]), -int(c["fault_sent"]), int(kind.targets[post])
    return Fault(2 * step - kind.clock.exact, where, text)


def _named(kind, values, place):
    """Return what is not finite, with {} for the synapse, and which texts of the rule may be the reason.

    Traces come first: others follow from them. `values` are those that `RuleCode.seen` names.
    """
    traces = {*kind.equations.pre_traces, *kind.equations.post_traces}
    for (side, name), value in values.items():
        if name in traces and not np.isfinite(value):
            end, text = TRACES[side]
            return f"made {name} of the {end} of {{}} {value}", f"equations and {text}"
    for (side, name), value in values.items():
        if side == "synapse" and not np.isfinite(value):
            return f"made {name} of {{}} {value}", "equations, on_pre and on_post"
    return f"sent {_sent(kind, values, place)} along {{}}", "amplitude"


def _sent(kind, values, place):
    """Return what the synapse has sent, as far as it follows from what was noted."""
    known = {name + NEW * (side == "after"): value for (side, name), value in values.items()}
    known |= {name: value if np.ndim(value) == 0 else value[place] for name, value in kind.numbers.items()}
    if lang.names_in(kind.equations.amplitude) <= known.keys() and not kind.equations.random:
        with np.errstate(all="ignore"):
            sent = lang.compute(kind.equations.amplitude, {name: np.float64(value) for name, value in known.items()})
        if not np.isfinite(sent):
            return sent
    return "an amount that is not finite"
