"""
A synapse that counts
=====================

Ten events in a row open the slow potassium channels for half a second; one alone would open almost none.
"""

import brainsim as bs

bs.explore.portrait(bs.GABAB())
