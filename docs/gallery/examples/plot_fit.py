"""
What models predict of a cell
=============================

LIF, AdEx and GIF are fitted to the first half of a recording, and compared with its second half, which they have not seen.
"""

import brainsim as bs
from brainsim.examples import fit

net, traces = fit.build()
result = bs.simulate(net, fit.DURATION, seed=2, record=traces)
fit.draw(result, (9000.0, fit.DURATION))
