"""
Working memory in synapses
==========================

A cue leaves its trace in facilitated synapses; a weak input to all reads out which pool was cued.
"""

import brainsim as bs
from brainsim.examples import working_memory

net, traces = working_memory.build(scale=0.2)
result = bs.simulate(net, working_memory.DURATION, seed=2, record=traces)
working_memory.draw(result, working_memory.WINDOW)
