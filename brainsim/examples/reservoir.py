"""A liquid of spiking cells recognises words, and so does an echo state network (Maass 2002, Jaeger 2001).

Each word has the same three vowels in another order, so that only a network that remembers the order can recognise it. A
liquid of 200 LIF cells with random, fixed wiring gets the word as currents; there is a copy for each word. A linear readout
of decaying spike counts is trained on half of the words. Five liquids with other weights show the variation. Parameters were
chosen on other words. Maass, Natschlager and Markram (2002), doi:10.1162/089976602760407955. For other sequences, such as
the utterances of ``bs.ann.datasets.japanese_vowels(path)``, use ``bs.ann.compare_reservoirs(data).figure()``.
"""

import brainsim as bs

DURATION = 400.0  # ms: the words have 40 frames
SMALL = {"words": 48, "copies": 1}

FRAME = 10.0  # ms
LIQUID = bs.ann.reservoirs.Liquid(size=200, weight=10.0, scale=200.0, tau_s=60.0, tau=300.0, frame=FRAME)  # pA, ms
ECHO = bs.ann.reservoirs.EchoState(size=200, radius=1.1, leak=0.2, scale=0.05)
SEED = 1  # of the words and of the first echo state network
NAMES = ("aiu", "aui", "iau", "iua", "uai", "uia")  # of the words


def build(words=480, copies=5, seed=1):
    """Return the network, with a liquid for each word in each of `copies` populations, and the traces to record."""
    X, _ = bs.ann.reservoirs.normalised(vowel_words(words))
    net = bs.Network(seed=seed)
    for copy in range(copies):
        LIQUID.seeded(seed + copy).add_to(net, X, name=f"liquid {copy + 1}")
    return net, []


def vowel_words(words):
    """Return the words, half of them training data and half test data."""
    return bs.ann.datasets.vowel_words(train=words // 2, test=words - words // 2, seed=SEED)


def draw(result, window):
    """Return the figure of both sides, from the spikes before the end of the window."""
    from brainsim.examples._reservoirs.comparison import compare_states

    liquids = [result.spikes[f"liquid {copy + 1}"] for copy in range(len(result.populations))]
    data, frames = vowel_words(liquids[0].n // LIQUID.size), max(int(window[1] / FRAME), 1)
    states = (LIQUID.read(spikes, frames) for spikes in liquids)
    first = LIQUID.size * len(data.X_train)
    sample = liquids[0].of(slice(first, first + LIQUID.size))
    return compare_states(data, ECHO, LIQUID, states, sample, range(SEED, SEED + len(liquids)), NAMES).figure()


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    draw(result, (0.0, DURATION)).savefig("reservoir.png")
