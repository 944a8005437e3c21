"""The text of the compiled functions of a plasticity rule.

A postsynaptic spike costs one entry in a list, whatever the number of synapses. A synapse catches up when its next
presynaptic spike arrives: it goes through the postsynaptic spikes since the last one, in their order, and then through
``on_pre``. So the row of a source is read and written once per presynaptic spike, in the order of memory. Changing the
synapses at once at a postsynaptic spike, through an index sorted by target, takes 1.8 times as long, and 6 bytes more for
each synapse.

The text has these functions, which work on one record (see `engine.plasticity.part`):

- ``begin``: time 0, for rules that read variables of the targets;
- ``enter``: a source has fired: note its presynaptic traces before and after the spike;
- ``remember``: cells have fired, or the condition of a rule holds for them: let the postsynaptic traces decay and jump, and
  append to the lists of these cells;
- ``deliver``: a presynaptic spike arrives at the synapses of a segment;
- ``sweep``: all synapses catch up, and the lists are emptied;
- ``modulate``: the spikes of a slice are known: follow the modulator.

An exponential of a whole number of steps is read from a table. All distances in time that go into a table are below the time
between two sweeps, and others are computed by the same expression that fills the table, so the bits are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from brainsim.equations.numba_text import module
from brainsim.features.plasticity.equations.parser import PlasticityEquations
from brainsim.features.plasticity.modulator_text import modulate
from brainsim.features.plasticity.spike_text import begin, enter, remember
from brainsim.features.plasticity.sweep_text import sweep
from brainsim.features.plasticity.synapse_text import deliver, replay
from brainsim.features.plasticity.writer import RuleCode

PERIOD = 1 << 15  # steps between two sweeps
NOT_A_SOURCE, LOG_IS_FULL = -2, -3  # what `enter` returns instead of an entry
INDEX_BITS = 28  # a postsynaptic spike is its step and, in these bits, its index in the lists
NEVER = -(1 << 62)  # what stands for the spike of a cell that has not fired
MAX_KEPT = 256  # rules whose text is remembered
TITLE = "A plasticity rule written by brainsim (features/plasticity/rule_code.py)."
IMPORTS = (
    "from brainsim.engine.synapses.kinds.kind import RANGE",
    "from brainsim.engine.synapses.segments import split_piece, tag_of",
    "from brainsim.jit.intrinsics import prefetch",
)
CONSTANTS = (
    f"NOT_A_SOURCE, LOG_IS_FULL, NEVER = np.int64({NOT_A_SOURCE}), np.int64({LOG_IS_FULL}), np.int64({NEVER})",
    f"INDEX_BITS, INDEX = np.int64({INDEX_BITS}), np.int64({(1 << INDEX_BITS) - 1})",
)
HELPERS = '''\
@helper
def decay(table, rate, steps):
    """Return how much of a trace is left after some steps; `rate` is per step."""
    return table[steps] if steps < table.size else exp(-rate * steps)


@helper
def entered(rule, entry, step):
    """Return the entry of a spike that was entered before the state was saved: the oldest one that is not claimed yet.

    There is none if the delays were shorter then: the spike had arrived everywhere, and was forgotten.
    """
    log_link, claimed = array_of(rule.log_link), array_of(rule.log_claimed)
    found = np.int64(NOT_A_SOURCE)
    while entry >= 0 and log_link[2 * entry] >= step:
        if log_link[2 * entry] == step and claimed[entry] == 0:
            found = entry
        entry = log_link[2 * entry + 1]
    if found >= 0:
        claimed[found] = 1
    return found


@helper
def comes_first(rule, step, time, synapse):
    """Return whether something that is not finite comes before what has been noted, if anything has."""
    if rule.fault < 0:
        return True
    earlier = time < rule.fault_time or (time == rule.fault_time and synapse < rule.fault)
    return step == rule.fault_step and earlier


'''


def write_rule(
    equations: PlasticityEquations,
    per_synapse: frozenset[str] = frozenset(),
    held: Mapping[str, str] = MappingProxyType({}),
    shared: bool = False,
    single: bool = False,
    exact: bool = False,
) -> RuleCode:
    """Return the `RuleCode` of a rule; `RuleCode` explains the parameters."""
    return _write(equations, frozenset(per_synapse), tuple(held.items()), shared, single, exact)


@lru_cache(MAX_KEPT)  # writing takes a few ms, and each simulation of a network asks for it
def _write(equations, per_synapse, held, shared, single, exact):
    code = RuleCode(equations, per_synapse, dict(held), shared, single, exact)
    functions = (begin, enter, remember, modulate, replay, deliver, sweep)
    body = "\n\n".join(text for function in functions if (text := function(code)))
    helpers, imports, constants = HELPERS, IMPORTS, CONSTANTS
    if exact:
        helpers += code.exact_text.HELPERS
        imports, constants = (*imports, *code.exact_text.IMPORTS), (*constants, *code.exact_text.CONSTANTS)
    code.text = module(TITLE, helpers + body, imports, constants)
    return code
