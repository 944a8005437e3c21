"""
A memory without spikes
=======================

A pool of cells that a cue made fire should stay silent, and fire together when a weak input reaches all cells (grey).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.examples import working_memory

SOURCE = "Mongillo, Barak & Tsodyks (2008), doi:10.1126/science.1150769; inputs of Tiddia et al. (2022)"
CLAIM = "at a mean input of 22.7 mV, facilitated synapses keep a cue in silence, until a weak input makes its pool fire"
SILENT, LOUD, MARGIN, CONFIDENCE = 20.0, 60.0, 0, None  # Hz: at most before and at least during the input; one network

MEAN, BIN, AFTER = 22.7, 10.0, 150.0  # mV; ms; ms after the cue that its own spikes last

net, _ = working_memory.build(mean=MEAN)
result = bs.simulate(net, working_memory.READOUT[1], seed=2)
pools = [result.spikes["excitatory"].of(slice(k * 800, (k + 1) * 800)) for k in range(2)]
times, cued = pools[0].population_rate(BIN)
_, other = pools[1].population_rate(BIN)
waiting = (times > working_memory.CUE[1] + AFTER) & (times < working_memory.READOUT[0])
asked = times > working_memory.READOUT[0]
loudest = cued[waiting].max(), cued[asked].max(), other[asked].max()

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    ax.plot(times, cued, label="pool of the cue")
    ax.plot(times, other, label="another pool")
    for span in (working_memory.CUE, working_memory.READOUT):
        ax.axvspan(*span, color="#9a9a9a", alpha=0.2, linewidth=0)
    ax.set(xlabel="time [ms]", ylabel="rate [Hz]")
    ax.legend(loc="upper left")

print(f"measured: the cued pool at up to {loudest[0]:.0f} Hz in silence and {loudest[1]:.0f} Hz when asked", end=", ")
print(f"another pool at {loudest[2]:.0f} Hz")
held = np.array([loudest[0] < SILENT, loudest[1] > LOUD, loudest[2] < SILENT])
print("verdict:", "reproduced" if held.all() else "not reproduced")
