"""How far the rates of a converted network may be from the activations of the artificial one."""

import numpy as np

ROUNDED = 1e-6  # thresholds: what the rounding of weights and currents may add


def is_bounded(plan):
    """Return whether rates are bounded: inputs are currents, and a spike subtracts the threshold."""
    return plan.encoder == "current" and not plan.to_zero


def rate_bounds(plan, trained, X, steps):
    """Return for each hidden layer the largest distance of ``theta*N/T`` from the activation, arrays (samples, units).

    Let ``D`` be a bound, for all steps t, on the distance of the input that a cell has summed until t from ``t z``, for the
    input z of its unit. Since the cell keeps what its spikes do not take, and loses nothing, what it has sent until t is
    within ``theta - v0 + D`` (or ``v0 + D``) of t times the activation clipped at theta. So, with half a threshold at the
    start, ``E = theta/2 + D``, and ``D = |W| E`` of the layer before: the same for layers that run in turns.
    """
    activations, bounds, before = trained.activations(X), [], None
    for k, (W, layer) in enumerate(zip(trained.weights[:-1], plan.layers, strict=False)):
        theta, half = layer.theta, plan.starts[k] > 0.0
        bound = (0.5 if half else 1.0) * theta / steps + np.maximum(activations[k] - theta, 0.0) + ROUNDED * theta
        if trained.activation == "qcfs":  # its units are rounded as well
            bound += 0.5 * theta / trained.levels
        if before is not None:
            bound = bound + before @ abs(W)
        bounds.append(bound)
        before = bound
    return bounds
