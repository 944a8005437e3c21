"""Finds what a rule has made that is not a finite number, and names it with the synapse."""

import numpy as np

from brainsim.engine.plasticity.read_now import trace_at
from brainsim.engine.plasticity.saved import index_in, saved_part
from brainsim.engine.synapses.readback import read_back
from brainsim.equations.expressions import language as lang
from brainsim.equations.plasticity.traces import NEW


def reject_what_is_not_finite(kind, synapses):
    """Raise ValueError: the rule of a Plastic has made a weight, or has sent an amount, that is not a finite number."""
    rule = type(kind.projection.plasticity).__name__
    what, texts = _named(kind, read_back(synapses, kind.projection, 1))
    raise ValueError(f"{kind.projection.name}: {rule} {what}; check its {texts} for a division by 0, a logarithm or a power")


def _named(kind, table):
    """Return what is not finite, and which texts of the rule may be the reason; traces first: others follow from them."""
    before, after, fired = _of_sources(kind)
    traces = [(name, values, table.pre, "source", "on_pre") for name, values in after.items()]
    traces += [(name, values, table.post, "target", "on_post") for name, values in _of_targets(kind).items()]
    for name, values, cells, end, text in traces:
        for where in _not_finite(values[cells]):
            made = f"made {name} of the {end} of the synapse {table.pre[where]} -> {table.post[where]}"
            return f"{made} {values[cells[where]]}", f"equations and {text}"
    columns = {"w": table.weight, **table.columns}
    for name, values in columns.items():
        for where in _not_finite(values):
            made = f"made {name} of the synapse {table.pre[where]} -> {table.post[where]}"
            return f"{made} {values[where]}", "equations, on_pre and on_post"
    values = columns | {name: trace[table.pre] for name, trace in before.items()}
    values |= {name + NEW: trace[table.pre] for name, trace in after.items()}
    values |= {name: trace[table.post] for name, trace in _of_targets(kind).items()}
    return _sent(kind, table, values, fired), "amplitude"


def _sent(kind, table, values, fired):
    """Return what the last spikes have sent that is not finite, as far as it follows from values of synapses."""
    rule, amplitude = kind.projection.plasticity, kind.equations.amplitude
    values |= {name: getattr(rule, name) for name in rule.parameters if name not in rule.per_synapse} | {"pi": np.pi}
    if lang.names_in(amplitude) <= values.keys() and not kind.equations.random:
        with np.errstate(all="ignore"):
            sent = np.broadcast_to(lang.compute(amplitude, values), table.pre.shape)
        for where in _not_finite(np.where(fired[table.pre], sent, 0.0)):
            return f"sent {sent[where]} along the synapse {table.pre[where]} -> {table.post[where]}"
    return "sent an amount that is not finite"


def _of_sources(kind):
    """Return the presynaptic traces before and after the last spike of each source, name -> array, and which have fired."""
    before, after = ({x: np.full(kind.sources.size, float(kind.initial[x])) for x in kind.code.pre} for _ in range(2))
    have_fired = np.zeros(kind.sources.size, bool)
    for part in kind.parts.values():
        c = part.context
        newest = c["newest"][kind.sources]
        fired = np.flatnonzero(newest >= 0)
        have_fired[fired] = True
        for x in kind.code.pre:
            before[x][fired], after[x][fired] = (part.logged(side, x)[newest[fired]] for side in ("before", "after"))
    return before, after, have_fired


def _of_targets(kind):
    """Return the postsynaptic traces of each target now: name -> array."""
    traces = {y: np.zeros(kind.targets.size) for y in kind.code.post}
    for part in kind.parts.values():
        saved = saved_part(part)
        mine = index_in(kind.targets, part.cells)
        for y, values in traces.items():
            exact, now = kind.clock.exact, part.now() + kind.clock.after
            values[mine] = trace_at(part, y, part.indices, now) if exact else saved[f"rows.{y}"][-1]
    return traces


def _not_finite(values):
    """Return the index of the first value that is not finite, in an array; an empty one if there is none."""
    return np.flatnonzero(~np.isfinite(values))[:1]
