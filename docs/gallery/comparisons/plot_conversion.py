"""
A perceptron in spikes
======================

The activations of a perceptron next to the spikes of the network that was made from it: the counts say the same.
"""

import brainsim as bs

data = bs.ann.datasets.digits()
mlp = bs.ann.MLP((64, 32), seed=1).fit(data.X_train, data.y_train)
report = bs.ann.bodies(mlp, data.X_test[:200], data.y_test[:200], calib=data.X_train)
report.raster(0)
