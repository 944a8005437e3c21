"""
Activity on a sheet
===================

Cells excite near and inhibit far ones: spots of activity arise, wander and vanish.
"""

import brainsim as bs
from brainsim.examples import sheet

net, traces = sheet.build(side=60)
result = bs.simulate(net, sheet.DURATION, seed=2, record=traces)
sheet.draw(result, sheet.WINDOW)
