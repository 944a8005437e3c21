"""
Currents that change in time
============================

Signals of ``bs.signals`` are expressions in text, which are compiled; here they are recorded as they reach a cell.
"""

import matplotlib.pyplot as plt

import brainsim as bs

signals = {
    "sine": bs.signals.sine(100.0, 80.0, 5.0),  # pA, pA, Hz
    "ramp": bs.signals.ramp(0.0, 200.0, start=200.0, stop=800.0),
    "chirp": bs.signals.chirp(100.0, 80.0, 1.0, 20.0, stop=1000.0),
    "pulses": bs.signals.pulses(150.0, 50.0, period=200.0, start=75.0),
    "steps": bs.signals.steps([100.0, 400.0, 700.0], [50.0, 180.0, 100.0]),
}
net, traces = bs.Network(seed=1), []
for name, signal in signals.items():
    cell = bs.Population(1, bs.LIF(v_th=1000.0), name=name)
    net.stimulate(cell, bs.CurrentInput(signal), name=f"{name} current")
    traces.append(bs.Trace(cell, f"{name} current"))
result = bs.simulate(net, 1000.0, seed=2, record=traces)

with bs.plot.style():
    fig, axes = plt.subplots(len(signals), sharex=True, figsize=(7.0, 5.6), layout="constrained")
    for name, ax in zip(signals, axes, strict=True):
        trace = result.traces[name, f"{name} current"]
        ax.plot(trace.times, trace.values[:, 0])
        ax.set(title=name, ylabel="I [pA]", xlim=(0.0, 1000.0))
    axes[-1].set_xlabel("time [ms]")
