"""
A synapse that counts
=====================

Ten events in a row open the slow potassium channels for half a second.
"""

import brainsim as bs

bs.explore.portrait(bs.GABAB())
