"""
Draw a digit for both
=====================

An artificial network and the same network in spikes read what you draw: damage both, and see which one suffers more.
"""

import numpy as np

import brainsim as bs

data = bs.ann.datasets.digits()
images = data.X_train.reshape(-1, 8, 8)
left, right = np.pad(images, ((0, 0), (0, 0), (1, 1)))[:, :, :-2], np.pad(images, ((0, 0), (0, 0), (1, 1)))[:, :, 2:]
X = np.concatenate([images, left, right]).reshape(-1, 64)  # digits a pixel to the side, too: hands differ

mlp = bs.ann.MLP((64, 48), epochs=20, seed=1).fit(X, np.tile(data.y_train, 3))
report = bs.ann.bodies(mlp, data.X_test, data.y_test, calib=data.X_train)
report.page("digits.html")
