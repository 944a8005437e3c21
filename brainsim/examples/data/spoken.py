"""Spoken digits, made by a speech synthesiser that the user has installed: espeak-ng."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike, cpu_count
from pathlib import Path

import numpy as np

from brainsim.core.checks import integer, number, one_of
from brainsim.encode.sound import mel_bank
from brainsim.engine.loop.progress import Watch
from brainsim.examples.data.samples import Dataset
from brainsim.results.archive import read_arrays, write_arrays

PROGRAM = "espeak-ng"
WORDS = {
    "en-us": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
}
SPOKEN = ((150, 50), (180, 35), (130, 65))  # words in a minute and pitch, each from 0 to 99, of each voice
FADED, LEAST = 0.02, 600  # of the full amplitude: silence before and after a word; samples of a word
HEADER = 44  # bytes of a WAV file before its samples
CHANNELS, INTERVAL = 40, 10.0  # ms


def spoken_digits(
    path: str | PathLike[str] | None = None,
    *,
    languages: Sequence[str] = ("en-us", "de"),
    voices: int | None = None,
    unheard: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Return spoken digits in bands of the mel scale, in voices of which some are only in the test data; needs espeak-ng.

    The speech synthesiser espeak-ng says each digit in each of its voices, at three speeds and pitches. No recording is
    downloaded. With all 104 voices of espeak-ng 1.52 and two languages these are 6,200 words, which take a few minutes; a
    file keeps them.

    Parameters
    ----------
    path : str or Path, optional
        A file (``.npz``) that keeps the words: it is read if it is there, and written otherwise.
    languages : sequence of {"en-us", "de", "fr", "es"}
        The classes are the ten digits of the first language, then those of the second, and so on.
    voices : int, optional
        Number of voices, 2 or more; by default all that the synthesiser has.
    unheard : float
        Share of the voices whose words are the test data, above 0 and below 1.
    seed : int
        Of the choice of these voices, and of the order of samples.

    Returns
    -------
    Dataset
        X of shape (samples, frames, 40), a frame each 10 ms, as `bs.encode.mel_bank` returns them, padded with zeros at the
        end. y: the digit, plus ten times the number of the language.

    Raises
    ------
    FileNotFoundError
        If espeak-ng is not installed.
    ValueError
        If a value is out of its range, or the file holds other words.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> data = bs.ann.datasets.spoken_digits("spoken.npz")  # doctest: +SKIP
    >>> data.X_train.shape                                                  # doctest: +SKIP
    (4943, 79, 40)

    References
    ----------
    Cramer et al. (2020), doi:10.1109/TNNLS.2020.3044364 (digits in two languages, and speakers that are held out).
    """
    languages = _check_languages(languages)
    share = number(unheard, "spoken_digits.unheard", above=0.0)
    if share >= 1.0:
        raise ValueError(f"spoken_digits.unheard: must be below 1 (got {unheard})")
    rng = np.random.default_rng(integer(seed, "spoken_digits.seed", at_least=0))
    wanted = None if voices is None else integer(voices, "spoken_digits.voices", at_least=2)
    X, y, voice = _read_or_make(path, languages, wanted)
    names = np.unique(voice)
    held_out = rng.permutation(names)[: min(max(1, round(share * names.size)), names.size - 1)]
    order = rng.permutation(y.size)
    test = np.isin(voice[order], held_out)
    return Dataset(X[order[~test]], y[order[~test]], X[order[test]], y[order[test]])


def _check_languages(given):
    languages = (given,) if isinstance(given, str) else tuple(given)
    for language in languages:
        one_of(language, WORDS, "spoken_digits.languages")
    if not languages or len(set(languages)) < len(languages):
        raise ValueError(f"spoken_digits.languages: must be one or more, each once (got {given!r})")
    return languages


def _read_or_make(path, languages, voices):
    """Return samples, labels and voices from a file, or make them and write it."""
    if path is None:
        return _make(languages, voices)
    path = Path(path)
    if path.exists():
        return _read(path, languages, voices)
    if path.suffix != ".npz":
        raise ValueError(f"spoken_digits.path: must end in .npz (got {str(path)!r})")
    X, y, voice = _make(languages, voices)
    content = {"X": X.astype(np.float32), "y": y, "voice": voice, "languages": np.array(languages)}
    write_arrays(path, "spoken_digits", content, compress=True)
    return content["X"].astype(np.float64), y, voice


def _read(path, languages, voices):
    names = ("X", "y", "voice", "languages")
    content = read_arrays(
        path, "spoken_digits.path", "file of words", lambda file: {n: file[n] for n in names if n in file.names}
    )
    if len(content) < len(names):
        raise ValueError(f"spoken_digits.path: {str(path)!r} was not written by spoken_digits")
    held, number_of = tuple(content["languages"].tolist()), np.unique(content["voice"]).size
    if held != languages or voices not in (None, number_of):
        raise ValueError(
            f"spoken_digits.path: {str(path)!r} holds {number_of} voices and the languages {', '.join(held)}; ask for "
            "these, or name another file"
        )
    return content["X"].astype(np.float64), content["y"], content["voice"]


def _make(languages, voices):
    """Return samples (words, frames, channels), labels and numbers of voices, as the synthesiser says the words."""
    names = voices_of()[:voices]
    jobs = [
        (10 * k + digit, number, f"{language}+{name}", speed, pitch, word)
        for k, language in enumerate(languages)
        for digit, word in enumerate(WORDS[language].split())
        for number, name in enumerate(names)
        for speed, pitch in SPOKEN
    ]
    words, labels, numbers = [], [], []
    with Watch(len(jobs), None, "words") as watch, ThreadPoolExecutor(cpu_count()) as pool:
        for done, (job, sound) in enumerate(zip(jobs, pool.map(lambda job: speak(*job[2:]), jobs), strict=True), 1):
            heard = np.flatnonzero(np.abs(sound[0]) > FADED)  # a few voices say nothing
            if heard.size >= LEAST:
                word = sound[0][heard[0] : heard[-1]]
                words.append(mel_bank(word, sound[1], channels=CHANNELS, interval=INTERVAL)[0])
                labels.append(job[0])
                numbers.append(job[1])
            watch.show(done)
    X = np.zeros((len(words), max(map(len, words)), CHANNELS))
    for row, word in zip(X, words, strict=True):
        row[: len(word)] = word
    return X, np.array(labels, np.int64), np.array(numbers, np.int64)


def voices_of() -> list[str]:
    """Return the names of the voices of the synthesiser, or raise FileNotFoundError without it."""
    if shutil.which(PROGRAM) is None:
        raise FileNotFoundError(
            "spoken_digits: needs the speech synthesiser espeak-ng, which is not installed; on Debian and Ubuntu type "
            "apt install espeak-ng, on a Mac brew install espeak-ng; see https://github.com/espeak-ng/espeak-ng"
        )
    text = subprocess.run([PROGRAM, "--voices=variant"], capture_output=True, text=True, check=True).stdout
    files = {line.split("!v/")[1].split("  ")[0].strip() for line in text.splitlines() if "!v/" in line}
    return sorted(files)


def speak(voice: str, speed: int, pitch: int, word: str) -> tuple[np.ndarray, float]:
    """Return the sound of a word, from -1 to 1, and its sample rate [Hz]; no samples if the voice does not exist."""
    command = [PROGRAM, "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    wave = subprocess.run(command, capture_output=True, check=False).stdout
    if len(wave) <= HEADER:
        return np.zeros(0), 1.0
    samples = np.frombuffer(wave[HEADER : HEADER + (len(wave) - HEADER) // 2 * 2], dtype="<i2")
    return samples / 32768.0, float(np.frombuffer(wave[24:28], dtype="<u4")[0])
