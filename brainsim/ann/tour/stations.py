"""What the tour shows, in its order."""

from brainsim.ann.tour.cells import charging, noise, rates
from brainsim.ann.tour.machines import digit, staircase
from brainsim.ann.tour.networks import balance
from brainsim.ann.tour.pairs import deciding, recalling
from brainsim.ann.tour.synapses import synapses
from brainsim.ann.tour.zoo import zoo

STATIONS = (charging, rates, noise, synapses, zoo, balance, recalling, deciding, staircase, digit)
