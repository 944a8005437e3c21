"""
Portrait of a model
===================

The potential of the squid axon, and the gates of its channels below: what opens and closes during a spike.
"""

import brainsim as bs

bs.explore.portrait(bs.HodgkinHuxley())
