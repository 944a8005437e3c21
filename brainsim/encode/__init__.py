"""Images, sounds and series as spike trains, and back: codes by rates, times, changes and populations.

A code is an object with `encode`, which turns an array into `Spikes`, and `decode`, which turns spikes into an array. An
array for a `duration` is one stimulus, such as an image, whose values become cells in the order of ``values.ravel()``; with
an `interval` its first axis is time, as in a film, a series, or a sound after `filter_bank`. Spikes enter a network as
``bs.Population(spikes.n, bs.SpikeTrains(spikes))``.

>>> import numpy as np
>>> import brainsim as bs
>>> image = np.array([[0.0, 0.5], [0.8, 1.0]])
>>> code = bs.encode.Latency()
>>> spikes = code.encode(image, 100.0)
>>> spikes.times.round(6).tolist(), spikes.ids.tolist()
([0.0, 20.0, 50.0], [3, 2, 1])
>>> code.decode(spikes, shape=(2, 2)).round(6)
array([[0. , 0.5],
       [0.8, 1. ]])
>>> pixels = bs.Population(4, bs.SpikeTrains(spikes), name="pixels")
"""

from brainsim.core.hints import answer_in
from brainsim.encode.delta_modulation import DeltaModulation
from brainsim.encode.integrate import IntegrateAndFire
from brainsim.encode.population_code import PopulationCode
from brainsim.encode.rate import Rate
from brainsim.encode.sound import filter_bank, mel_bank
from brainsim.encode.spike_timing import Latency, Phase

__all__ = ["DeltaModulation", "IntegrateAndFire", "Latency", "Phase", "PopulationCode", "Rate", "filter_bank", "mel_bank"]
__getattr__ = answer_in("bs.encode", __all__)
