"""Spiking cells that predict letters: bits a letter over seeds, compared with n-grams and a recurrent network; the text."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import language as example
from brainsim.examples._figures import learned as figures
from brainsim.examples.data.texts import ALPHABET, Letters, ngram_bits
from tests.learn.spiking_nets import assert_same_spikes

SEEDS = range(1, 6)


@pytest.mark.slow
def test_bits_per_letter_over_five_seeds():
    """Better than pairs of letters; groups of three and the recurrent network are better."""
    pieces, grams, bits = example.test_windows(), ngram_bits(example.text(), 3), {"spiking": [], "recurrent": []}
    for seed in SEEDS:
        net, *_ = example.train_network(seed)
        bits["spiking"].append(net.mean_loss(*example.spikes_of(pieces)) / np.log(2.0))
        bits["recurrent"].append(figures.train_on_letters(example, seed).mean_loss(*figures.one_hot(pieces)) / np.log(2.0))
    for name, values in bits.items():
        print(f"{name}: {np.mean(values):.3f} +- {np.std(values):.3f} bits")
    assert max(bits["spiking"]) < 3.2
    assert max(bits["spiking"]) < grams[1]
    assert max(bits["recurrent"]) < grams[2]
    assert np.std(bits["spiking"]) < 0.1


@pytest.mark.thorough
def test_the_network_that_is_simulated_gives_the_spikes_of_the_trainer():
    network, _ = example.build(**example.SMALL)
    net, *_ = example.train_network(1, *example.SMALL.values())
    spikes = bs.simulate(network, example.DURATION, dt=example.DT, precise=True).spikes["hidden0"]
    activity = net.activity(example.spikes_of(example.test_windows()[:1])[0])["hidden0"]
    assert_same_spikes(spikes, activity, 1e-9)
    assert len(spikes) > 20


def test_each_letter_predicts_the_next():
    pieces = example.windows(example.text().test, 3, np.random.default_rng(1))
    samples, labels = example.spikes_of(pieces)
    assert pieces.shape == (3, example.SPAN + 1)
    for (times, units), label, piece in zip(samples, labels, pieces, strict=True):
        assert units.tolist() == piece[:-1].tolist()
        asked = np.flatnonzero(label >= 0)  # at the end of each letter, before the next one comes
        assert label[asked].tolist() == piece[1:].tolist()
        assert np.all((asked + 1) * example.DT - times == pytest.approx(example.LETTER - example.LAG))


@pytest.mark.thorough
def test_probabilities_of_the_figure_are_those_of_the_loss():
    net, *_ = example.train_network(1, *example.SMALL.values())
    pieces = example.test_windows()[:7]
    guesses = figures.spiking_probabilities(example, net, pieces)
    assert guesses.sum(axis=2) == pytest.approx(1.0)
    bits = net.mean_loss(*example.spikes_of(pieces)) / np.log(2.0)
    assert figures.bits_of(guesses, pieces).mean() == pytest.approx(bits, rel=1e-12)


class TestText:
    def test_training_and_test_text_never_meet(self):
        text = bs.ann.datasets.letters()
        assert (len(text.train), len(text.test)) == (55, 6)
        whole = "\n".join("".join(ALPHABET[k] for k in part) for part in text.train)
        for part in text.test:
            letters = "".join(ALPHABET[k] for k in part)
            assert letters not in whole
            assert not [k for k in range(0, len(letters) - 60, 200) if letters[k : k + 60] in whole]

    def test_ngrams_give_probabilities(self):
        """The bits of all 27 letters after a context add up as probabilities do, known context or not."""
        train = bs.ann.datasets.letters().train[:3]
        for context in (" th", "zzz"):
            codes = [ALPHABET.index(letter) for letter in context]
            bits = np.array([ngram_bits(Letters(train, [np.array([*codes, k])]), 4) for k in range(27)])
            assert (2.0**-bits).sum(axis=0) == pytest.approx(1.0)

    def test_ngrams_of_a_text_by_hand(self):
        """After 'a' came 'b' twice and nothing else: (2 + 1/27-mixture)/(2 + 1)."""
        text = Letters([np.array([1, 2, 1, 2])], [np.array([1, 2])])
        single = (2 + 2 / 27) / (4 + 2)
        assert ngram_bits(text, 2)[1] == pytest.approx(-np.log2((2 + single) / (2 + 1)))

    def test_files_of_the_user(self, tmp_path):
        (tmp_path / "a.txt").write_text("The Cat's hat!\n" * 10_000, encoding="utf-8")
        text = bs.ann.datasets.letters(tmp_path)
        assert "".join(ALPHABET[k] for k in text.train[0][:14]) == "the cats hat t"
        assert len(text.test) == len(text.train) // 9
        again = bs.ann.datasets.letters(tmp_path / "a.txt")
        assert np.array_equal(np.concatenate(again.train), np.concatenate(text.train))

    def test_mistakes(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="letters.path: there is no .txt file"):
            bs.ann.datasets.letters(tmp_path)
        with pytest.raises(FileNotFoundError):
            bs.ann.datasets.letters(tmp_path / "none.txt")
        (tmp_path / "short.txt").write_text("too short", encoding="utf-8")
        with pytest.raises(ValueError, match=r"must have at least 100,000 letters \(got 9\)"):
            bs.ann.datasets.letters(tmp_path)
        with pytest.raises(ValueError, match=r"ngram_bits.n: must be <= 12"):
            ngram_bits(bs.ann.datasets.letters(), 13)
