"""A liquid of spiking cells names words from its echoes, beside an echo state network (Maass 2002, Jaeger 2001).

Each word is the same three vowels in another order, so that only who remembers the order can name it. A liquid of 200 LIF
cells, randomly wired and left as it is, hears it as currents; copies of it, one for each word, lie side by side. A linear
readout of fading spike counts learns from half of the words. Five liquids with other weights show the spread. Settings were
chosen on other words. Maass, Natschlager and Markram (2002), doi:10.1162/089976602760407955. For other sequences, such as
the utterances of ``bs.ann.datasets.japanese_vowels(path)``, call
``brainsim.examples._pairs.reservoir.reservoirs(data).figure()``.
"""

import brainsim as bs
from brainsim.ann.data.sequences import WORDS
from brainsim.ann.networks.reservoirs import EchoState, Liquid
from brainsim.examples._pairs import reservoir as pair

DURATION = 400.0  # ms: the words have 40 frames
SMALL = {"words": 48, "copies": 1}

FRAME = 10.0  # ms
LIQUID = Liquid(size=200, weight=10.0, scale=200.0, tau_s=60.0, tau=300.0, frame=FRAME)  # pA, ms
ECHO = EchoState(size=200, radius=1.1, leak=0.2, scale=0.05)
SEED = 1  # of the words and of the first echo state network


def build(words=480, copies=5, seed=1):
    """Return the network, with a liquid for each word in each of `copies` populations, and what to record of it."""
    X, _ = pair.scaled(_data(words))
    net = bs.Network(seed=seed)
    for copy in range(copies):
        LIQUID.seeded(seed + copy).add_to(net, X, name=f"liquid {copy + 1}")
    return net, []


def _data(words):
    """Return so many words, of which half are to learn from and half to be tested on."""
    return bs.ann.datasets.vowel_words(train=words // 2, test=words - words // 2, seed=SEED)


def draw(result, window):
    """Return the figure of both sides, by what was heard until the end of the window."""
    liquids = [result.spikes[f"liquid {copy + 1}"] for copy in range(len(result.populations))]
    data, frames = _data(liquids[0].n // LIQUID.size), max(int(window[1] / FRAME), 1)
    ripples = (LIQUID.read(spikes, frames) for spikes in liquids)
    first = LIQUID.size * len(data.X_train)
    sample = liquids[0].of(slice(first, first + LIQUID.size))
    return pair.judged(data, ECHO, LIQUID, ripples, sample, range(SEED, SEED + len(liquids)), WORDS).figure()


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("reservoir.png")
