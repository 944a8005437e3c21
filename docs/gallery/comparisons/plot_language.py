"""
The next letter of a text
=========================

Recurrent spiking cells predict the letters of a novel, compared with n-grams and a recurrent network, which is better.
"""

import brainsim as bs
from brainsim.examples import language

net, traces = language.build()
result = bs.simulate(net, language.DURATION, dt=language.DT, seed=2, record=traces, precise=True)
language.draw(result, language.WINDOW)
