"""
Adaptation by one law
=====================

The rate of a cell with an adaptation current after a step decays with a time constant that follows from its two f-I curves.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Benda & Herz (2003), doi:10.1162/089976603322385063"
CLAIM = "the rate after a step decays with tau_eff = tau f_inf'/f_0', the slopes of the adapted and of the first f-I curve"
MARGIN, CONFIDENCE = 0.15, None  # relative, after steps to three currents; nothing is random

TAU, JUMP, STEP = 200.0, 20.0, 20.0  # ms and pA of the adaptation; pA between currents of a slope
CURRENTS, BEFORE, DURATION, CELLS = (800.0, 1000.0, 1200.0), 1500.0, 2300.0, 200  # pA; ms; ms
RISE = 40.0  # pA: small, so that the law, which holds for small steps, is tested


class Adapting(bs.LIF):
    """A LIF with a current that each spike raises."""

    equations = """
        dv/dt = (v_rest - v)/tau_m + (I - w)/c_m
        dw/dt = -w/tau_w
    """
    reset = "v = v_reset; w += b"
    tau_w: float = bs.parameter(TAU, "ms", "time constant of adaptation", above=0.0)
    b: float = bs.parameter(JUMP, "pA", "what a spike adds")
    w: float = bs.initial(0.0, "pA", "adaptation")


found, law = [], []
with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
for current in CURRENTS:
    pair = [current - STEP, current + STEP]
    adapted = bs.explore.fi_curve(Adapting(), pair, duration=4000.0, settle=2000.0, dt=0.01).rates
    held = adapted.mean() / 1000.0 * TAU * JUMP  # pA: the mean adaptation at this current
    first = bs.explore.fi_curve(bs.LIF(), np.subtract(pair, held), duration=2000.0, dt=0.01).rates
    law.append(TAU * np.ptp(adapted) / np.ptp(first))
    cells = bs.Population(CELLS, Adapting(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput([current - RISE, current], times=[0.0, BEFORE]))
    spikes = bs.simulate(net, DURATION, dt=0.01, seed=2).spikes["cells"].between(BEFORE, DURATION)
    trains = spikes.per_cell()
    rate = 1000.0 / np.concatenate([np.diff(times) for times in trains])
    times = np.concatenate([times[1:] - 0.5 * np.diff(times) for times in trains]) - BEFORE
    ax.plot(times, rate, ".", markersize=2.0)
    excess = rate - rate[times > 4.0 * law[-1]].mean()
    part = (times < 1.5 * law[-1]) & (excess > 0.0)
    found.append(-1.0 / np.polyfit(times[part], np.log(excess[part]), 1)[0])

ax.set(xlabel="time after the step [ms]", ylabel="1000/interval [Hz]", title="after steps to three currents")

print("measured:", ", ".join(f"{f:.0f} ms (law {p:.0f})" for f, p in zip(found, law, strict=True)))
print("verdict:", "reproduced" if np.all(np.abs(np.divide(found, law) - 1.0) < MARGIN) else "not reproduced")
