"""The figure of spiking cells that learned words by gradient compared with a recurrent network with gates."""

import numpy as np

from brainsim.ann.networks.recurrent import RNN
from brainsim.ann.report.pictures import MACHINE
from brainsim.examples import speech
from brainsim.examples._figures.layout import DARK, accuracy, hidden_spikes, input_spikes, potentials, side_by_side
from brainsim.plot.elements.styles import style

UNITS = {"words": 64, "vowels": 32, "digits": 64}  # about the number of weights of the spiking network
EPOCHS = {"words": 30, "vowels": 60, "digits": 12}
SAYS = {
    "words": "Three vowels in six orders, made by a formula",
    "vowels": "Two vowels by nine speakers, JapaneseVowels",
    "digits": "Digits in two languages, by a synthesiser; the test has other voices than the training",
}


def names_of(data):
    kind = speech.kind_of(data)
    if kind == "words":
        return ["aiu", "aui", "iau", "iua", "uai", "uia"]
    count = int(speech.words(data).y_train.max()) + 1
    return [str(k % 10) for k in range(count)] if kind == "digits" else [f"speaker {k + 1}" for k in range(count)]


def machine_of(data, seed, small=False):
    """Return a trained network of gated units, and its test accuracy."""
    kind, samples = speech.kind_of(data), speech.SMALL["samples"] if small else None
    units, epochs = (8, 1) if small else (UNITS[kind], EPOCHS[kind])
    (train, y, test, y_test), options = speech.words(data), {"loss": "mean", "validation": 0.0, "seed": seed}
    net = RNN(units, epochs=epochs, **options).fit(trim(train[:samples]), y[:samples])
    return net, net.score(trim(test[:samples]), y_test[:samples])


def trim(words):
    """Return words without the zeros after their ends, as a list."""
    return [word[: np.flatnonzero(word.any(axis=1))[-1] + 1] for word in words]


def speech_figure(result, window, data):
    cells, seed = result.spikes["hidden0"].n, result.stats["network_seed"]
    small = cells == speech.SMALL["cells"]
    chosen = (speech.SMALL["epochs"], cells, speech.SMALL["samples"]) if small else (None, None, None)
    net, epochs, shares = speech.train_network(seed, *chosen, data)  # the call of `build`: it is cached
    machine, share = machine_of(data, seed, small)
    found, names, frame = speech.words(data), names_of(data), speech.CODES[speech.kind_of(data)][0]
    word, right = trim(found.X_test[speech.SHOWN : speech.SHOWN + 1])[0], int(found.y_test[speech.SHOWN])
    with style():
        figure, (left, brain, both) = side_by_side(
            "recurrent network with gates",
            "spiking network",
            caption=_caption(data, machine, net, share, shares[-1], len(found.y_test)),
        )
        _bands(left[0], word, frame, window)
        _outputs(left[1], machine, word, frame, window, right, names)
        input_spikes(brain[0], result.spikes["input"], window, "one word: input spikes")
        hidden_spikes(brain[1], result, window)
        accuracy(both[0], epochs, shares, share, "gated, trained")
        potentials(both[1], result, right, names)
    return figure


def _caption(data, machine, net, share, spiking, tested):
    layer = net.hidden[0]
    cells = f"{layer.n} {'recurrent ' if layer.recurrent else ''}cells"
    right = [f"{100.0 * value:.1f}\u00a0%" for value in (share, spiking)]
    return (
        f"{SAYS[speech.kind_of(data)]}. The gated network has {machine.hidden} units, about as many weights, and reads the "
        f"bands of a filter bank; the {cells} get the spikes of an integrate-and-fire cell for each band. Of {tested:,} "
        f"test words the gated network takes {right[0]} right, the spiking network, which learned by the exact gradient of "
        f"its spike times, {right[1]}. The spikes and potentials are those of the simulator, which runs the trained network "
        "with one word."
    )


def _bands(ax, word, frame, window):
    ends = (0.0, frame * len(word), -0.5, word.shape[1] - 0.5)
    ax.imshow(word.T, origin="lower", extent=ends, cmap="Reds", aspect="auto", interpolation="nearest")
    ax.set(xlim=window, xlabel="time [ms]", ylabel="bands", yticks=[], title="one word: loudness of bands")


def _outputs(ax, machine, word, frame, window, right, names):
    """Draw the outputs of the trained network of gated units; the class is the one with the largest mean."""
    outputs, times = machine.outputs([word])[0], frame * np.arange(1, len(word) + 1)
    for k in range(outputs.shape[1]):
        look = {"color": MACHINE, "linewidth": 1.8, "label": names[k]} if k == right else {"color": DARK, "linewidth": 0.7}
        ax.plot(times, outputs[:, k], **look)
    ax.set(xlim=window, xlabel="time [ms]", ylabel="output", title="outputs")
    ax.legend(loc="best", fontsize=8.5)
