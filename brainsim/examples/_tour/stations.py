"""What the tour shows, in its order."""

from brainsim.examples._tour.cells import charging, noise, rates
from brainsim.examples._tour.machines import digit, staircase
from brainsim.examples._tour.networks import balance
from brainsim.examples._tour.pairs import deciding, recalling
from brainsim.examples._tour.synapses import synapses
from brainsim.examples._tour.zoo import zoo

STATIONS = (charging, rates, noise, synapses, zoo, balance, recalling, deciding, staircase, digit)
