"""A network that is another one from some time on: values that are set, cells and synapses that are added or removed."""

import numpy as np

from brainsim.testing.reference.network import Network
from brainsim.testing.reference.wires import Wires


def run_changing(parts, dt, seed, tolerance=1e-9):
    """Run networks one after the other, each from where the one before ended, and return the `Run`.

    A part is (network, steps, what is set of synapses that learn: projection -> variable -> values).
    """
    before, now = None, 0
    with np.errstate(all="ignore"):
        for net, steps, synapses in parts:
            after = Network(net, dt, seed, tolerance)
            if before is None:
                after.begin()
            else:
                continue_from(before, after, now)
            for wires in (wires for wires in after.wires if wires.name in synapses):
                wires.set(now, synapses[wires.name])
            after.go(now, now + steps)
            before, now = after, now + steps
        return before.found(now)


def continue_from(before, after, now):
    """Let a network begin at the time `now`, in steps, with all that it has in common with the one before, by names."""
    for name, cells in after.cells.items():
        if name in before.cells:
            _take_cells(before.cells[name], cells)
    states = {source.name: vars(source).get("state") for source in before.inputs}
    for part in (*after.inputs, *after.wires):
        part.begin()
        if states.get(part.name) is not None:
            part.state = states[part.name]
    after.spikes |= {name: found for name, found in before.spikes.items() if name in after.spikes}
    after.narrow |= {name: found for name, found in before.narrow.items() if name in after.narrow}
    kept = {wires.name: wires for wires in before.wires if type(wires) is not Wires}
    for k, wires in enumerate(after.wires):
        if wires.name in kept:
            after.wires[k] = kept[wires.name]
            after.wires[k].continue_in(wires)
        else:
            _send_again(before, wires, now)
    after.due = {step: events for step, events in after.due.items() if step > now}


def _take_cells(old, new):
    values = {old.labels[name]: value for name, value in old.x.items()}
    new.x |= {name: values.get(label, new.x[name]) for name, label in new.labels.items()}
    new.wait = old.wait


def _longest_of(wires):
    """Return the longest delay of synapses in steps, and one more if their events only add to a variable of the receptor."""
    acts_by_spikes = wires.delays.size and hasattr(wires.projection.synapse, "arrival")
    return int(wires.delays.max()) + wires.adds_to_itself() if acts_by_spikes else 0


def _send_again(before, wires, now):
    """Let what is under way arrive, by the synapses as they are now, if it was sent within the longest delay so far.

    What arrives at the end of the next step has been weighed before, unless it only adds to a variable of the receptor.
    """
    longest = max(map(_longest_of, before.wires), default=0)
    former = [w for w in before.wires if w.name == wires.name and not w.adds_to_itself()]
    for name, first in before.first.items():
        for step, cell in (sent for sent in before.spikes[name] if sent[0] >= now - longest):
            for by, is_next in ((wires, False), (former[0] if former else wires, True)):
                at = by.reached(np.array([first + cell]))
                for synapse in at[(step + by.delays[at] == now + 1) == is_next]:
                    given = by.projection.synapse, by.targets[[synapse]], by.weights[[synapse]]
                    wires.network.deliver(step + int(by.delays[synapse]), *given)
