"""How the settings of examples that learn were chosen: on a fifth of the training data, which the others do not see.

``python -m tests.examples.settings vowels`` trains with a few rates of learning and their decays, over three seeds each, and
prints the accuracies on the held-out fifth. Test data are never looked at. The words are those of `speech`, ``image`` and
``mnist5k`` those of `image`.
"""

import argparse
from unittest.mock import patch

import numpy as np

from brainsim.examples import image, speech

SEEDS = (1, 2, 3)
FACTORS = (0.5, 1.0, 2.0)  # of the rate of learning that the example has
DECAYS = {"words": (0.97, 0.99), "vowels": (0.95, 0.97, 0.99), "digits": (0.9, 0.95)}


def held_out(data, seed=0, share=5):
    """Return a dataset whose test data are one of `share` parts of the training data, with as many of each class."""
    rng, held = np.random.default_rng(seed), np.zeros(len(data.y_train), bool)
    for label in np.unique(data.y_train):
        where = np.flatnonzero(data.y_train == label)
        held[rng.permutation(where)[: max(1, len(where) // share)]] = True
    X, y = data.X_train, data.y_train
    return data._replace(X_train=X[~held], y_train=y[~held], X_test=X[held], y_test=y[held])


def of_speech(kind, rate, decay, seed, data):
    """Return the accuracy on held-out words."""
    with patch.object(speech, "words", lambda *_: data), patch.dict(speech.RATES, {kind: (rate, decay)}):
        speech.spikes.cache_clear()
        speech.train_network.cache_clear()
        return speech.train_network(seed, data=kind)[2][-1]


def of_images(name, rate, decay, seed, data):
    """Return the accuracy on held-out images."""
    kind = "digits" if name == "digits" else "mnist"
    with patch.object(image, "images", lambda *_: data), patch.dict(image.RATES, {kind: (rate, decay)}):
        image.train_network.cache_clear()
        return image.train_network(seed, data=name)[2][-1]


def main():
    """Print a row for each rate and decay, the best one last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=("words", "vowels", "digits", "image", "mnist5k"))
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    arguments = parser.parse_args()
    if arguments.data in ("image", "mnist5k"):
        kind, accuracy, decays = "digits" if arguments.data == "image" else "mnist5k", of_images, (0.9, 0.95)
        now = image.RATES["digits" if kind == "digits" else "mnist"][0]
        data = held_out(image.images(kind))
    else:
        kind, accuracy, decays, now = arguments.data, of_speech, DECAYS[arguments.data], speech.RATES[arguments.data][0]
        data = held_out(speech.words(kind))
    rows = []
    for rate, decay in [(factor * now, decay) for factor in FACTORS for decay in decays]:
        shares = [accuracy(kind, rate, decay, seed, data) for seed in SEEDS[: arguments.seeds]]
        rows.append((np.mean(shares), np.std(shares), rate, decay))
        print("{:.4f} +- {:.4f}  rate {:g}, decay {:g}".format(*rows[-1]), flush=True)
    print("best: {:.4f} +- {:.4f}  rate {:g}, decay {:g}".format(*max(rows)))


if __name__ == "__main__":
    main()
