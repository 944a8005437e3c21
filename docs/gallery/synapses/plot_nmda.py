"""
Portrait of a synapse
=====================

Magnesium blocks NMDA receptors at low potentials: the current is largest in a cell at -40 mV, not in one at -80 mV.
"""

import brainsim as bs

bs.explore.portrait(bs.NMDA())
