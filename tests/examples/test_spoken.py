"""Spoken digits: voices of the test are in no training word, files keep them, and the synthesiser may be missing."""

import shutil

import numpy as np
import pytest

from brainsim.examples.data import spoken
from brainsim.examples.data.datasets import spoken_digits

FS = 22_050.0


@pytest.fixture
def synthesiser(monkeypatch):
    """A synthesiser that says each word as a tone of its own, a little higher or lower in each voice; "mute" is silent."""
    said = []

    def tone(voice, speed, pitch, word):
        said.append((voice, speed, pitch, word))
        if voice.endswith("mute"):
            return np.zeros(9000), FS
        language, name = voice.split("+")
        digit = spoken.WORDS[language].split().index(word)
        time = np.arange(int(FS * 15.0 / speed)) / FS
        sound = 0.5 * np.sin(2.0 * np.pi * (300.0 + 350.0 * digit + 20.0 * int(name[1:])) * time)
        return np.r_[np.zeros(500), sound, np.zeros(700)], FS

    monkeypatch.setattr(spoken, "voices_of", lambda: ["mute", "v0", "v1", "v2", "v3"])
    monkeypatch.setattr(spoken, "speak", tone)
    return said


def test_voices_of_the_test_are_in_no_training_word(synthesiser):
    data = spoken_digits(languages="en-us", unheard=0.5)
    assert len(synthesiser) == 10 * 5 * 3
    assert {said[1:3] for said in synthesiser} == {
        (150, 50),
        (180, 35),
        (130, 65),
    }  # speed and pitch of the files that exist
    assert len(data.X_train) + len(data.X_test) == 10 * 4 * 3  # one voice says nothing
    assert len(data.X_test) == 60
    assert data.X_train.shape[2] == 40
    assert data.X_train.max() <= 1.0

    def pitches(X, y):  # the loudest band of each word of one digit
        return {int(word[3].argmax()) for word in X[y == 9]}

    both = pitches(data.X_train, data.y_train) & pitches(data.X_test, data.y_test)
    assert len(both) < 2
    assert np.bincount(data.y_test).tolist() == [6] * 10
    other = spoken_digits(languages="en-us", unheard=0.5, seed=5)
    assert not np.array_equal(data.X_test, other.X_test)


def test_frames_after_the_end_of_a_word_are_zero(synthesiser):
    data = spoken_digits(languages=["de"], voices=3)
    lengths = {int(np.flatnonzero(word.any(axis=1))[-1]) for word in data.X_train}
    assert len(lengths) == 3  # of three speeds
    assert max(lengths) + 1 == data.X_train.shape[1]


def test_a_file_keeps_the_words(synthesiser, tmp_path):
    path = tmp_path / "words.npz"
    first = spoken_digits(path, voices=3)
    count = len(synthesiser)
    again = spoken_digits(path, voices=None)
    assert len(synthesiser) == count == 20 * 3 * 3
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert sorted(set(first.y_train.tolist())) == list(range(20))
    with pytest.raises(ValueError, match=r"holds 2 voices and the languages en-us, de; ask for these, or name another file"):
        spoken_digits(path, languages=["fr"])
    np.savez(tmp_path / "other.npz", X=np.zeros(3))
    with pytest.raises(ValueError, match="was not written by spoken_digits"):
        spoken_digits(tmp_path / "other.npz")


def test_mistakes(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for call, kind, said in (
        (spoken_digits, FileNotFoundError, "needs the speech synthesiser espeak-ng, which is not installed; on Debian"),
        (lambda: spoken_digits(languages=["en"]), ValueError, "languages: there is no 'en'; available: en-us, de, fr, es"),
        (lambda: spoken_digits(languages=[]), ValueError, "languages: must be one or more, each once"),
        (lambda: spoken_digits(languages=["de", "de"]), ValueError, "languages: must be one or more, each once"),
        (lambda: spoken_digits(unheard=1.0), ValueError, "unheard: must be below 1"),
        (lambda: spoken_digits(voices=1), ValueError, "voices: must be >= 2"),
        (lambda: spoken_digits(tmp_path / "words.txt"), ValueError, "path: must end in .npz"),
    ):
        with pytest.raises(kind) as error:
            call()
        assert said in str(error.value)


@pytest.mark.skipif(shutil.which(spoken.PROGRAM) is None, reason="espeak-ng is not installed")
def test_the_real_synthesiser():
    names = spoken.voices_of()
    assert len(names) > 50
    assert names == sorted(set(names))
    sounds = [spoken.speak(f"en-us+{name}", 150, 50, "seven") for name in names[:2]]
    assert all(rate == FS and 0.2 < len(sound) / rate < 2.0 for sound, rate in sounds)
    assert not np.array_equal(sounds[0][0][:5000], sounds[1][0][:5000])
