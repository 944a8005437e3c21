"""
Damage to both bodies
=====================

The same cells and units silenced, messages lost and thresholds drifted: the share of digits that each body still reads.
"""

import brainsim as bs

data = bs.ann.datasets.digits()
mlp = bs.ann.MLP((64, 32), seed=1).fit(data.X_train, data.y_train)
bs.ann.bodies(
    mlp, data.X_test[:200], data.y_test[:200], calib=data.X_train, damage=["silenced", "lost", "thresholds"], repeats=3
).plot()
