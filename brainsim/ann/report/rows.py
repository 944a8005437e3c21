"""The rows of a comparison: what was measured of a body, of one of its layers, or of it under a damage."""

from collections.abc import Iterable, Sequence
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

ARTIFICIAL, RATES, SPIKING, LEARNED = "artificial", "rates", "spiking", "learned in spikes"
BODIES = (ARTIFICIAL, RATES, SPIKING, LEARNED)
COVERED = 0.95  # of the intervals
NORMAL = 1.959964  # standard deviations to each side that cover so much of a normal distribution
MAC, AC = 4.6, 0.9  # pJ for a 32-bit multiply-accumulate and an addition, in 45 nm: Horowitz (2014)
SRAM, DRAM = 5.0, 640.0  # pJ for a 32-bit word from a small memory on the chip, and from one outside: Han et al. (2015)


class Row(NamedTuple):
    """What was measured of a body; what does not apply is NaN. Numbers are means over networks, costs per inference.

    Parameters
    ----------
    body : {"artificial", "rates", "spiking", "learned in spikes"}
        The artificial network; the same with activations that are rounded to the ``T + 1`` values which 0 to T spikes can
        express; the converted network; and a spiking network of the same size that learned from the start.
    answer : str
        How the answer is read: empty for the largest output at the end; "margin", as soon as the largest output leads by a
        margin; "first spike", as soon as an output reaches a threshold.
    steps : float
        Number of steps T; for an early answer the mean number until it.
    layer : float
        0 for the inputs, 1, 2, ... for hidden layers, NaN for the whole network.
    damage, level : str, float
        What is damaged, see `bodies`, and how much.
    accuracy, low, high : float
        Share of correct answers, and the ends of its 95 % interval: over networks and repetitions if there are several (t
        distribution), otherwise over samples (Wilson).
    agreement : float
        Share of samples in which the answer is that of the artificial network.
    time : float
        From the onset of the stimulus to the answer [ms].
    spikes : float
        Spikes of the inputs and hidden cells.
    macs, acs : float
        Multiplications with addition, and additions. For a layer: those that it causes at its targets.
    words : float
        32-bit numbers moved between memory and arithmetic: a weight for each operation; an input; an activation, or the
        address of a spike, written and read; and a potential, read and written in each step.
    energy, energy_moved : float
        Of the arithmetic [pJ], and with each word from a small memory on the chip, 5 pJ; from one outside it takes 640 pJ.
    footprint : float
        Bytes of all weights and biases as float32, zeros included, and of the state of the cells. Of weights given as a
        sparse matrix, such as those of convolutions, only the stored ones count.
    units, synapses : float
        Hidden units or cells, and weights into those of a layer that are not 0.
    active : float
        Share of the activations that are not 0, or of the cells that fire for some sample.
    correlation : float
        Of rates with activations, over all cells of the layer and samples.
    error, bound : float
        Largest distance of a rate from its activation, and the largest that is possible, in thresholds: see
        `SpikingClassifier.bounds`.
    clipping, quantisation, inherited, unevenness : float
        Root mean square errors of rates, in thresholds: from activations above the threshold; from rounding to whole numbers
        of spikes; from the input of the layer; from the order of the input spikes, which is 0 if layers run in turns.
    begin, end : float
        When the spikes of the layer count, ``begin < t <= end`` from the onset of the stimulus [ms].
    """

    body: str
    answer: str = ""
    steps: float = nan
    layer: float = nan
    damage: str = ""
    level: float = nan
    accuracy: float = nan
    low: float = nan
    high: float = nan
    agreement: float = nan
    time: float = nan
    spikes: float = nan
    macs: float = nan
    acs: float = nan
    words: float = nan
    energy: float = nan
    energy_moved: float = nan
    footprint: float = nan
    units: float = nan
    synapses: float = nan
    active: float = nan
    correlation: float = nan
    error: float = nan
    bound: float = nan
    clipping: float = nan
    quantisation: float = nan
    inherited: float = nan
    unevenness: float = nan
    begin: float = nan
    end: float = nan


def with_energy(row: Row) -> Row:
    """Return a row with the energy of its operations and words."""
    energy = MAC * np.nan_to_num(row.macs) + AC * np.nan_to_num(row.acs)
    return row._replace(energy=energy, energy_moved=energy + SRAM * row.words)


def combined(rows: Sequence[Row], samples: int) -> Row:
    """Return the mean of rows of several networks, or repetitions, with the interval of their accuracy."""
    text: dict[str, Any] = {name: value for name, value in zip(Row._fields, rows[0], strict=True) if isinstance(value, str)}
    numbers: dict[str, Any] = {
        name: float(np.mean([getattr(row, name) for row in rows])) for name in Row._fields if name not in text
    }
    low, high = interval([row.accuracy for row in rows], samples)
    return Row(**(text | numbers | {"low": low, "high": high}))


def interval(shares: Sequence[float], samples: int) -> tuple[float, float]:
    """Return a 95 % interval of a mean share: of several by Student's t, of one, or equal ones, by Wilson's formula.

    Examples
    --------
    >>> np.round(interval([0.9], 100), 3).tolist()
    [0.826, 0.945]
    >>> np.round(interval([0.9, 0.92, 0.94], 100), 3).tolist()
    [0.87, 0.97]
    """
    mean, n = float(np.mean(shares)), len(shares)
    if isnan(mean):
        return nan, nan
    if max(shares) > min(shares):
        half = float(stdtrit(n - 1, 0.5 + 0.5 * COVERED) * np.std(shares, ddof=1) / np.sqrt(n))
        return max(mean - half, 0.0), min(mean + half, 1.0)
    centre, factor = mean + NORMAL**2 / (2.0 * samples), 1.0 + NORMAL**2 / samples
    half = NORMAL * np.sqrt(mean * (1.0 - mean) / samples + NORMAL**2 / (4.0 * samples**2))
    return float(centre - half) / factor, float(centre + half) / factor


def chosen(rows: Iterable[Row], **wanted: object) -> list[Row]:
    """Return the rows whose columns have the wanted values; NaN is wanted by ``None``."""

    def fits(value, want):
        return value != value if want is None else value in want if isinstance(want, tuple) else value == want

    return [row for row in rows if all(fits(getattr(row, name), want) for name, want in wanted.items())]
