"""A posterior by `sbi` of a LIF with three parameters, in the three lines of the guide, beside the intervals of the fit."""

import re
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "guide" / "fitting.md"
DURATION, HOLD, DT = 10_000.0, 10.0, 0.1  # ms
TRUE = {"tau_m": 20.0, "c_m": 200.0, "v_th": -50.0}
BOUNDS = {"tau_m": (8.0, 40.0), "c_m": (120.0, 300.0), "v_th": (-56.0, -44.0)}
LAGS, MANY = 8, 5_000  # steps of the current before a spike that a feature looks at; simulations


class RandomLIF(bs.LIF):
    """Fires at random, at a rate that grows e-fold with 1.5 mV and is 1 per ms at v_th."""

    threshold = "rand() < 1 - exp(-escape_rate*exp((v - v_th)/escape_width)*dt)"
    escape_rate: float = bs.parameter(1.0, "1/ms", "rate of firing at v_th")
    escape_width: float = bs.parameter(1.5, "mV", "by which the rate of firing grows e-fold")


@pytest.fixture(scope="module")
def levels():
    """The current: a new value every `HOLD`."""
    return np.random.default_rng(1).uniform(0.0, 380.0, round(DURATION / HOLD))


def current_of(levels):
    return np.repeat(levels, round(HOLD / DT))


def simulated(levels, n, seed, **parameters):
    """Return the spikes of n cells, all in one run."""
    cells = bs.Population(n, RandomLIF(**parameters), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(bs.TimedArray(current_of(levels), DT)))
    return bs.simulate(net, DURATION, dt=DT, seed=seed, progress=False).spikes["cells"]


def features_of(spikes, levels):
    """Return how many spikes each cell has, the mean current before them at some lags, and quantiles of the intervals."""
    counts = np.maximum(spikes.counts(), 1)
    step = np.minimum((spikes.times / HOLD).astype(int), levels.size - 1)
    before = [np.bincount(spikes.ids, levels[np.maximum(step - k, 0)], spikes.n) / counts for k in range(LAGS)]
    phase = np.bincount(spikes.ids, spikes.times / HOLD - step, spikes.n) / counts  # of the spikes within a step
    order = np.lexsort((spikes.times, spikes.ids))
    times, ids = spikes.times[order], spikes.ids[order]
    trains = np.split(times, np.cumsum(np.bincount(ids, minlength=spikes.n))[:-1])
    quantiles = np.array(
        [np.quantile(np.diff(one), [0.1, 0.3, 0.5, 0.7]) if one.size > 1 else [DURATION] * 4 for one in trains]
    )
    return np.column_stack([spikes.counts(), *before, phase, np.log(quantiles)])


def lines_of_the_page():
    """Return the three lines that the guide shows."""
    (found,) = re.findall(r"```text\n(inference = .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found.count("\n") == 3
    return found


def test_the_three_lines_find_what_the_intervals_say(levels, tmp_path, monkeypatch):
    torch, sbi = pytest.importorskip("torch"), pytest.importorskip("sbi")
    for part in ("sbi.inference", "sbi.utils"):
        pytest.importorskip(part)
    recorded = simulated(levels, 1, 7, **TRUE)
    fit = bs.fit(
        bs.LIF(),
        current=current_of(levels),
        spikes=recorded,
        free=BOUNDS,
        loss="likelihood",
        escape_width=1.5,
        method="gradient",
        hold_out=0,
        progress=False,
    )
    monkeypatch.chdir(tmp_path)  # sbi writes logs there
    torch.manual_seed(1)
    low, high = (torch.tensor(edge) for edge in zip(*BOUNDS.values(), strict=True))
    prior = sbi.utils.BoxUniform(low, high)
    parameters = prior.sample((MANY,))
    given = dict(zip(BOUNDS, parameters.double().numpy().T, strict=True))
    features = torch.tensor(features_of(simulated(levels, MANY, 8, **given), levels), dtype=torch.float32)
    names = {"sbi": sbi, "prior": prior, "parameters": parameters, "features": features}
    exec(lines_of_the_page(), names)
    target = torch.tensor(features_of(recorded, levels), dtype=torch.float32)
    samples = names["posterior"].sample((10_000,), x=target, show_progress_bars=False).numpy()
    for k, (name, true) in enumerate(TRUE.items()):
        (low, high), (own_low, own_high) = np.quantile(samples[:, k], [0.025, 0.975]), fit.intervals[name]
        print(f"{name}: {low:.4g} to {high:.4g} by sbi, {own_low:.4g} to {own_high:.4g} by the fit, {len(recorded)} spikes")
        assert low < true < high
        assert own_low < true < own_high
        # features know less than the times of all spikes do: the posterior is wider, and the interval of the fit lies in it
        assert low < own_low
        assert own_high < high
        assert high - low < 6.0 * (own_high - own_low)
