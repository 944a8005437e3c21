"""Images, sounds and series as spike trains, and back: codes by rates, times, changes and populations.

A code is an object with `encode`, which turns an array into `Spikes`, and `decode`, which turns spikes into an array. An
array for a `duration` is one stimulus, such as an image, whose values become cells in the order of ``values.ravel()``; with
an `interval` its first axis is time, as of a film, of a series or of a sound behind `filter_bank`. Spikes enter a network as
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

from brainsim.encode.delta_modulation import DeltaModulation
from brainsim.encode.integrate import IntegrateAndFire
from brainsim.encode.population_code import PopulationCode
from brainsim.encode.rate import Rate
from brainsim.encode.sound import filter_bank, mel_bank
from brainsim.encode.timing import Latency, Phase

__all__ = ["DeltaModulation", "IntegrateAndFire", "Latency", "Phase", "PopulationCode", "Rate", "filter_bank", "mel_bank"]
_WORDS = {
    ("poisson", "bernoulli", "spikegen"): "random spikes with the value as rate: bs.encode.Rate()",
    ("ttfs", "time_to_first_spike", "rank_order"): "bs.encode.Latency()",
    ("events", "dvs", "send_on_delta", "level_crossing"): "bs.encode.DeltaModulation(threshold=0.1)",
    ("delta",): "now bs.encode.DeltaModulation(threshold=0.1); bs.Delta is a synapse",
    ("gaussian", "tuning_curves", "population"): "bs.encode.PopulationCode()",
    ("cochlea", "gammatone", "sound"): "bs.encode.filter_bank(sound, sample_rate)",
    ("mel", "spectrogram", "mfcc"): "bs.encode.mel_bank(sound, sample_rate)",
    ("lif", "integrate", "regular"): "bs.encode.IntegrateAndFire(max_rate=100.0)",
}


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module 'brainsim.encode' has no attribute {name!r}")
    from brainsim.core.hints import answer

    raise AttributeError(f"bs.encode has no {name!r}{answer(name, __all__, _WORDS) or '; help(bs.encode) lists the codes'}")
