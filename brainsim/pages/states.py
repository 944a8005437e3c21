"""Saved states of a page: what each of them changes in its memory, found by going there in the simulation itself.

So a page that begins from a state continues with the bits of ``Simulation(network, state=state)``, and has to know nothing
of what a state holds.
"""

import struct
from collections.abc import Mapping

import numpy as np

from brainsim.core.checks import options_of
from brainsim.engine.states.given import check_fits, check_state
from brainsim.jit.records import Context
from brainsim.pages.image import LINE

GAP = 32  # bytes between two changes from which on they are written one by one


class States:
    """The states that a reader chooses from.

    - `engine`: for each of them a dict for the engine: its ``step``, and how many bytes of `changes` it has, ``size``.
    - `changes`: their changes, one after the other: each is address and size, as uint32, and the bytes.
    """

    def __init__(self, sim, image, states):
        self.engine, self.changes, end = [], bytearray(), image.end
        for state in states.values():
            sim._run.restore(state)
            before, now = image.content.tobytes(), image.content.copy()
            behind = _fill(image, now, end)
            changes = list(_stretches(np.frombuffer(before, np.uint8), now, image.base)) + behind
            size = len(self.changes)
            for at, content in changes:
                self.changes += struct.pack("<II", at, len(content)) + content
            self.engine.append({"step": state.step, "size": len(self.changes) - size})
            image.end = max([image.end, *(at + len(content) + -len(content) % LINE for at, content in behind)])


def checked_states(sim, states):
    """Return the states as a dict; raise an error, which says the name, unless they are states of this simulation."""
    if not isinstance(states, Mapping) or not all(isinstance(name, str) and name.strip() for name in states):
        raise TypeError(f"page.states: must be a dict such as {{'asleep': result.state}} (got {states!r})")
    found = {}
    for name, state in states.items():
        try:
            with options_of("page"):
                found[name] = check_state(state, sim.dt, None)
            if state.seed != sim.seed:
                raise ValueError(f"was saved with seed {state.seed} (got {sim.seed}); give seed={state.seed}")
            check_fits(found[name], sim._layout, sim._described.prints.parts())
        except (TypeError, ValueError) as error:
            raise type(error)(f"page.states[{name!r}]: {error}") from error
    return found


def _fill(image, content, end):
    """Write what records and arrays hold now into the `content` of an image.

    Return (address, bytes) of the arrays that have another size than before: they lie behind `end`.
    """
    behind, moved = [], {}
    for context in image.reached.contexts.values():
        for name in context.kind.names[1:]:
            value, place = context[name], image.field(context, name) - image.base
            is_array = isinstance(value, np.ndarray)
            if isinstance(value, Context) or (is_array and image.reached.is_blank(context, name)):
                continue
            if not is_array:
                content[place : place + 8] = image.translated(context.record[name], is_number=True)
                continue
            head = content[place : place + 16].view(np.int64)
            at, there = value.ctypes.data, image.translated(value)
            if value.size == head[1]:
                content[head[0] - image.base :][: there.size] = there
                continue
            if at not in moved:
                moved[at] = end
                behind.append((end, there.tobytes()))
                end += there.size + -there.size % LINE
            head[:] = moved[at], value.size
    return behind


def _stretches(before, now, base):
    """Return (address, bytes) of the stretches that differ."""
    changed = np.flatnonzero(before != now)
    for run in np.split(changed, np.flatnonzero(np.diff(changed) > GAP) + 1):
        if run.size:
            low, high = int(run[0]), int(run[-1]) + 1
            yield base + low, now[low:high].tobytes()
