"""What a saved state holds of a trained network in the engine, besides the variables of its cells.

At step k the spikes of step k - 1 have not been sent yet: that is done when step k is prepared. What is kept, for each
cell, is what arrives in the coming steps, when its refractory time ends, its current at the start of step k - 1, and
its spikes in the last steps, from which the list of events follows.
"""

import numpy as np

NONE = -1.0  # no spike
CLOSE = 0.5 + 1e-6  # steps from the middle of a step to the time of a spike in it


def kept(net, work, step):
    """Return name -> a value for each cell of the network."""
    found = {"release": work.release, "current": work.i0[0]}
    for slot in range(len(work.ring_v)):
        found |= {f"v {slot}": work.ring_v[slot], f"i {slot}": work.ring_i[slot]}
    return found | {f"spike {slot}": times for slot, times in enumerate(_spikes(net, work, step))}


def take_over(net, work, step, times, units, values):
    """Fill `work` with `values`, which `kept` returned at a step, and return where the next input spikes are.

    `step`, above 0, is to be prepared next; `times` and `units` are the input spikes of the sample.
    """
    work.release[:], work.i0[0] = values["release"], values["current"]
    for slot in range(len(work.ring_v)):
        work.ring_v[slot], work.ring_i[slot] = values[f"v {slot}"], values[f"i {slot}"]
    blocks = np.repeat(np.arange(net.start.size), net.stop - net.start)
    first, x = _oldest(work, step), 0
    at = int(np.searchsorted(times, first * net.dt, side="right")) if first else 0
    work.first[:first] = 0
    for k in range(first, step - 1):
        work.first[k] = x
        end = int(np.searchsorted(times, (k + 1) * net.dt, side="right"))
        spikes = values[name := f"spike {k % len(work.ring_v)}"]
        cells = np.flatnonzero(spikes != NONE)
        if not (np.abs(spikes[cells] / net.dt - (k + 0.5)) < CLOSE).all():
            text = f"must be from {k * net.dt:g} to {(k + 1) * net.dt:g} ms, or {NONE:g} for none"
            raise ValueError(f"state.extra['learned {name}']: {text}")
        new = slice(x, x + end - at + cells.size)
        work.block[new] = np.r_[np.zeros(end - at, np.int64), blocks[cells]]
        work.cell[new] = np.r_[units[at:end], cells - net.start[blocks[cells]]]
        work.time[new] = np.r_[times[at:end], spikes[cells]]
        at, x = end, new.stop
    work.first[step - 1], work.ends[0] = x, x
    return at


def _oldest(work, step):
    """Return the first step whose spikes may still be under way when a step is prepared."""
    return max(0, step - 1 - len(work.ring_v))


def _spikes(net, work, step):
    """Return the times of the spikes of the last steps, (slots of the ring, cells)."""
    slots = len(work.ring_v)
    found = np.full((slots, net.stop[-1]), NONE)
    for k in range(max(_oldest(work, step), 0), step - 1):
        events = np.arange(work.first[k], work.first[k + 1])
        events = events[work.block[events] > 0]
        found[k % slots] = NONE
        found[k % slots, net.start[work.block[events]] + work.cell[events]] = work.time[events]
    return found
