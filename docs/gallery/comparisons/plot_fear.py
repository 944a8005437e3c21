"""
Fear, extinction and renewal
============================

Cells of the amygdala learn to fear a tone in one context; other cells hide the fear in a second one, and it is back in the
first. The rule of Rescorla and Wagner gets the same tones.
"""

import brainsim as bs
from brainsim.examples import fear

net, traces = fear.build()
result = bs.simulate(net, fear.DURATION, seed=2, record=traces)
fear.draw(result, fear.WINDOW)
