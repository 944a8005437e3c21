"""
One cell and a ReLU
===================

The rate of a leaky cell against its current; noise makes it softplus-like, and its refractory time bends it.
"""

import brainsim as bs

curve = bs.ann.compare_neuron(noise=(0.0, 5.0))
curve.figure()
