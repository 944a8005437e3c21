"""
Six firing patterns of one model
================================

The same two equations with different parameters: cells of the cortex and the thalamus (Izhikevich 2003).
"""

import matplotlib.pyplot as plt

import brainsim as bs

kinds = {
    "regular spiking": {},
    "intrinsically bursting": {"c": -55.0, "d": 4.0},
    "chattering": {"c": -50.0, "d": 2.0},
    "fast spiking": {"a": 0.1, "d": 2.0},
    "low-threshold spiking": {"b": 0.25, "d": 2.0},
    "thalamocortical": {"b": 0.25, "d": 0.05},
}

with bs.plot.style():
    fig, axes = plt.subplots(3, 2, sharex=True, sharey=True, figsize=(9.0, 5.4), layout="constrained")
    for (name, parameters), ax in zip(kinds.items(), axes.flat, strict=True):
        model = bs.Izhikevich(**parameters)
        response = bs.explore.step_response(model, 10.0, initial={"v": -65.0, "u": -65.0 * model.b})
        response.plot(ax)
        ax.set_title(name)
    for ax in axes[:-1].flat:
        ax.set_xlabel("")
    for ax in axes[:, 1]:
        ax.set_ylabel("")
