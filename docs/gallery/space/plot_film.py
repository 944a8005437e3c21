"""
A film of a sheet
=================

Activity begins anywhere, spreads, and is stopped by the inhibition that it causes.
"""

import brainsim as bs
from brainsim.examples import sheet

net, _ = sheet.build(side=60)
result = bs.simulate(net, 300.0, seed=2)
cells = net.populations["exc"]
bs.plot.animate(result.spikes["exc"], "sheet.gif", positions=cells, window=(200.0, 300.0), step=2.0, tau=4.0)
