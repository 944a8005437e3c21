"""
Balance makes a network of nonlinear cells linear
=================================================

If a few strong inputs reach threshold, excitation and inhibition must cancel: rates then grow in proportion to the drive.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "van Vreeswijk & Sompolinsky (1996), doi:10.1126/science.274.5293.1724; LIF cells in place of binary ones"
CLAIM = "for many inputs K, rates grow with the drive by slopes that solve the equations of balance, here both 1"
MARGIN, CONFIDENCE = 0.1, 0.95  # of each slope

N, INPUTS, MOST = 4000, (100, 400), 400  # cells of each kind; inputs K of a cell from each population and from outside
TO_E, TO_I = (1.0, -2.0, 1.0), (1.0, -1.8, 0.8)  # from E, from I and from outside, mV, at 400 inputs; as 1/sqrt(K)
DRIVES, RUNS, SETTLE, DURATION = (6.0, 12.0, 18.0, 24.0), 3, 200.0, 600.0  # Hz of each source outside; ms; ms


def rates(k, drive, seed):
    """Return the rates of excitatory and inhibitory cells [Hz]."""
    model = bs.LIF(tau_m=20.0, v_rest=0.0, v_th=15.0, v_reset=0.0, t_ref=0.0)
    cells = [bs.Population(N, model, name=name, initial={"v": bs.Uniform(0.0, 15.0)}) for name in ("E", "I")]
    net = bs.Network(seed=seed)
    for post, weights in zip(cells, np.sqrt(MOST / k) * np.array([TO_E, TO_I]), strict=True):
        for pre, weight in zip(cells, weights[:2], strict=True):
            net.connect(pre, post, bs.FixedIndegree(k), weight=weight, delay=1.0, synapse=bs.Delta())
        net.stimulate(post, bs.PoissonInput(rate=k * drive, weight=weights[2], synapse=bs.Delta()))
    spikes = bs.simulate(net, DURATION, dt=0.1, seed=seed).spikes
    return [spikes[name].between(SETTLE, DURATION).rate() for name in ("E", "I")]


found = np.array([[[rates(k, drive, seed) for drive in DRIVES] for k in INPUTS] for seed in range(1, 1 + RUNS)])
few, many = np.moveaxis([[np.polyfit(DRIVES, run, 1)[0] for run in runs] for runs in found], 1, 0)
slopes = 2.0 * many - few  # four times the inputs halve what is left of 1/sqrt(K)
tests = []
for name, values in zip(("E", "I"), slopes.T, strict=True):
    tests.append(bs.testing.compare_means(values, 1.0, margin=MARGIN, confidence=CONFIDENCE, name=name))

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    for column, (name, colour) in enumerate((("excitatory", "#1a5ca6"), ("inhibitory", "#d3594c"))):
        ax.plot(DRIVES, found[:, 1, :, column].mean(axis=0), "o-", color=colour, label=name)
    ax.plot(DRIVES, DRIVES, color="#9a9a9a", label="balance, many inputs", zorder=0)
    ax.set(xlabel="rate of each source outside [Hz]", ylabel="rate [Hz]", ylim=(0.0, None))
    ax.legend()

print(f"measured: slopes {slopes[:, 0].mean():.3f} (E) and {slopes[:, 1].mean():.3f} (I) for K to infinity", end=", ")
print(f"{many[:, 0].mean():.3f} and {many[:, 1].mean():.3f} at K = {MOST}")
print("verdict:", "reproduced" if all(test.equivalent for test in tests) else "not reproduced")
