"""
Words by the gradient of spike times
====================================

Words of three vowels, as spikes of bands of sound: spiking cells and a recurrent network with gates learn to tell them
apart, here in 20 of 80 epochs of training.
"""

import brainsim as bs
from brainsim.examples import speech

speech.EPOCHS["words"] = 20  # of 80
net, traces = speech.build()
result = bs.simulate(net, speech.DURATION, dt=speech.DT, seed=2, record=traces, precise=True)
speech.draw(result)
