"""Synapses that compete, after Song, Miller and Abbott (2000), in Brian2 2.9.

It writes brainsim/testing/data/ported_stdp.npz.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from brian2 import (
    Hz,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
    prefs,
    run,
    second,
    seed,
    set_device,
)

prefs.codegen.target = "numpy"
if "--standalone" in sys.argv:
    set_device("cpp_standalone", directory=tempfile.mkdtemp())
W_MAX = 0.015  # relative to the leak
DURATION, EVERY = 100 * second, 2 * second

seed(1)
defaultclock.dt = 0.1 * ms
equations = """
dv/dt = (-70*mV - v - ge*v + gi*(-70*mV - v))/(20*ms) : volt
dge/dt = -ge/(5*ms) : 1
dgi/dt = -gi/(5*ms) : 1
"""
cell = NeuronGroup(1, equations, threshold="v > -54*mV", reset="v = -60*mV", method="exponential_euler")
cell.v = -70 * mV
inputs = PoissonGroup(1000, 20 * Hz)
inhibition = PoissonInput(cell, "gi", 200, 10 * Hz, 0.05)
rule = """
w : 1
dbefore/dt = -before/(20*ms) : 1 (event-driven)
dafter/dt = -after/(20*ms) : 1 (event-driven)
"""
on_pre = "ge += w; before += 0.005*W_MAX; w = clip(w + after, 0, W_MAX)"
on_post = "after -= 1.05*0.005*W_MAX; w = clip(w + before, 0, W_MAX)"
wires = Synapses(inputs, cell, rule, on_pre=on_pre, on_post=on_post, namespace={"W_MAX": W_MAX})
wires.connect()
wires.w = "W_MAX*rand()"
spikes, weights = SpikeMonitor(cell), StateMonitor(wires, "w", record=np.arange(1000), dt=EVERY)
run(DURATION)
np.savez_compressed(
    Path(__file__).parents[3] / "brainsim/testing/data/ported_stdp.npz",
    times=np.array(spikes.t / ms).astype(np.float32),
    sampled=np.array(weights.t / second).astype(np.float32),
    mean=(np.array(weights.w).mean(axis=0) / W_MAX).astype(np.float32),
    last=(np.array(wires.w[:]) / W_MAX).astype(np.float32),
)
