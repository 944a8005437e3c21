"""The modulator of a rule in a partition: a variable that all synapses share (see `modulator_text`)."""

import numpy as np

from brainsim.engine.loop.program import MAX_SLICE
from brainsim.engine.states.given import take_array
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions.language import names_in
from brainsim.features.plasticity.rule_code import PERIOD
from brainsim.jit.records import Context, call

# by how many time constants what is driven decays in a block: what is subtracted at its end loses a digit (with 8, four)
BLOCK_DECAY = 2.0
SAVED = ("modulator", "integral", "full", "counts")


def modulator_fields(kind, partition):
    """Return the fields of a rule's record that are about its modulator."""
    equations, delay = kind.equations, kind.modulator_delay
    if not equations.modulator:
        return {}
    size = PERIOD + kind.longest_dendritic + delay + MAX_SLICE + 8
    block, parts = _block(kind, partition.layout.dt)
    exchange = partition.shared.exchange
    modulates = np.zeros(partition.layout.n_cells, np.uint8)
    if kind.projection.modulator is not None:
        modulates[partition.layout.global_indices(kind.projection.modulator)] = 1
    driven = equations.drive is not None
    return {
        **exchange.read_fields(),
        "modulates": modulates,
        "counts": np.zeros(size, np.int32),
        "modulator": np.zeros(size),
        "integral": np.zeros(size if driven else 1),
        "full": np.zeros(size // block + 3 if driven else 1),
        "followed": 0,  # the step up to which the modulator is known
        "modulator_delay": delay,
        "block": block,
        "decaying_part": parts[0],
        "constant_part": parts[1],
    }


def _block(kind, dt):
    """Return the steps of a block, and the integrals over a step of what decays with the modulator and what is constant."""
    equations = kind.equations
    if equations.drive is None:
        return 1, (0.0, 0.0)
    falling = kind.number(equations.rates[equations.drive.variable])
    own = equations.rates.get(equations.modulator)
    rates = falling + (0.0 if own is None else kind.number(own)), falling
    parts = tuple(-np.expm1(-rate * dt) / rate if rate else dt for rate in rates)
    return int(np.clip(BLOCK_DECAY / (falling * dt), 1, PERIOD)) if falling else PERIOD, parts


def clear_modulator(context, kind, step):
    """Go to a step, as if there had been nothing before it."""
    if kind.equations.modulator:
        for name in SAVED:
            context[name][:] = 0
        context["modulator"][step % context["modulator"].size] = kind.initial[kind.equations.modulator]
        context["followed"] = step


def set_modulator(part, value):
    """Set the modulator from now on."""
    c, step = part.context, part.step()
    until, c["followed"] = c["followed"], step
    c["modulator"][step % c["modulator"].size] = value
    now = Context(soma=until, arrived=until)
    call(part.kind.module.follow_again.address(c.kind, now.kind), c.address, now.address)


def modulator_now(part):
    """Return the value of the modulator."""
    return float(part.context["modulator"][part.step() % part.context["modulator"].size])


def saved_modulator(part):
    """Return what a saved state holds of the modulator."""
    c = part.context
    if not part.kind.equations.modulator:
        return {}
    return {f"modulator.{name}": c[name].copy() for name in SAVED} | {"modulator.followed": np.array([c["followed"]])}


def load_modulator(part, extra, label):
    """Take over what `saved_modulator` returned."""
    c = part.context
    if part.kind.equations.modulator:
        for name in SAVED:
            c[name][:] = take_array(extra, f"{label}modulator.{name}", c[name].dtype, c[name].size)
        followed = int(take_array(extra, f"{label}modulator.followed", np.dtype(np.int64), 1)[0])
        if not 0 <= followed - part.step() <= part.kind.modulator_delay:
            name = f"{label}modulator.followed"
            raise ValueError(f"state.extra[{name!r}]: must be near the step of the state (got {followed})")
        c["followed"] = followed


def check_shared(kind):
    """Raise ValueError if a parameter that acts on all synapses differs between them."""
    equations, rule = kind.equations, kind.projection.plasticity
    drive, name = equations.drive, equations.modulator
    trees = [tree for _, tree in equations.modulator_jumps] + [equations.rates.get(name), equations.limits.get(name)]
    trees += [] if drive is None else [drive.gain, drive.offset, equations.rates.get(drive.variable)]
    for key in sorted(rule.per_synapse):
        if any(key in names_in(tree) for tree in trees if tree is not None and not algebra.is_zero(tree)):
            owner = f"{type(rule).__name__}.{key}"
            raise ValueError(f"{owner}: must be one number, since it belongs to {name or 'dw/dt'}, which all synapses share")
