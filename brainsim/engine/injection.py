"""Injected currents: sums them for each cell whenever one of them changes.

Called by address and imported only where a current is injected: it would add 0.2 s to the first start of every network.
"""

from numba import carray, types

from brainsim.jit.decorators import callback

NEVER = 2**62
F8, I4, I8 = (types.CPointer(kind) for kind in (types.float64, types.int32, types.int64))


@callback(types.int64(F8, I8, I4, I4, I8, I8, F8, *[types.int64] * 5))
def change_currents(
    current_, entries_, cell_, column_, piece_, starts_, amplitude_, cells, changes, amplitudes, inputs, step
):
    """Write the currents that hold from `step` on and return the next step at which one changes.

    The entries of input i are entries[i] ... entries[i + 1], each with its cell and its column of the amplitudes. Of the
    numbers in `piece` five belong to an input: its pieces, the first of their starts and of their amplitudes, its columns,
    and the piece it is in, which is kept here. `cells`, `changes` and `amplitudes` are the sizes of `current`, `starts` and
    `amplitude`.
    """
    current, starts, amplitude = carray(current_, (cells,)), carray(starts_, (changes,)), carray(amplitude_, (amplitudes,))
    entries, piece = carray(entries_, (inputs + 1,)), carray(piece_, (5 * inputs,))
    cell, column = carray(cell_, (entries[inputs],)), carray(column_, (entries[inputs],))
    for e in range(entries[inputs]):
        current[cell[e]] = 0.0
    following = NEVER
    for i in range(inputs):
        pieces, first_start, first_amplitude = piece[5 * i], piece[5 * i + 1], piece[5 * i + 2]
        columns, now = piece[5 * i + 3], piece[5 * i + 4]
        while now + 1 < pieces and starts[first_start + now + 1] <= step:
            now += 1
        piece[5 * i + 4] = now
        if now + 1 < pieces:
            following = min(following, starts[first_start + now + 1])
        if now >= 0:
            for e in range(entries[i], entries[i + 1]):
                current[cell[e]] += amplitude[first_amplitude + now * columns + column[e]]
    return following
