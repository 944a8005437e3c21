"""
Pick a word for both
====================

An artificial network and the same network in spikes hear words of two vowels: damage both, and hear what is left.
"""

import numpy as np

import brainsim as bs

data = bs.ann.datasets.vowel_words()  # 40 moments of 16 filters, from 200 to 3,600 Hz
words = [np.maximum(X.transpose(0, 2, 1)[:, ::-1], 0.0).reshape(len(X), -1) for X in (data.X_train, data.X_test)]
train, test = words  # a row for each filter, the highest first, and a column for each moment

mlp = bs.ann.MLP(48, epochs=30, seed=1).fit(train, data.y_train)
report = bs.ann.bodies(mlp, test, data.y_test, calib=train, T=64)
title = "One network, two bodies, six words"
report.page("words.html", shape=(16, 40), sound=(200.0, 3600.0, 12.0), title=title)
