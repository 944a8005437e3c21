"""
Accuracy over time
==================

The longer a converted network listens, the nearer it comes to the perceptron; the price is spikes.
"""

import brainsim as bs

data = bs.ann.datasets.digits()
mlp = bs.ann.MLP((64, 32), seed=1).fit(data.X_train, data.y_train)
bs.ann.bodies(mlp, data.X_test[:200], data.y_test[:200], calib=data.X_train).plot()
