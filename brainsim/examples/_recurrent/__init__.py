"""Recurrent networks, artificial, trained by backpropagation through time: `bs.ann.RNN`."""
