"""Mistakes in populations, views and inputs, found when the network is described."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistaken import (
    AMPA,
    CELLS,
    COND,
    CURRENT,
    DELTA,
    LIF,
    NOISE,
    PHASES,
    A,
    B,
    N,
    Phase,
    cells,
    poisson,
    stimulate,
)
from tests.helpers.mistakes import mistakes


def two_of_one_name():
    net = bs.Network(seed=1)
    net.add(cells())
    net.add(cells())


test_populations = mistakes(
    (lambda: bs.Netwrok, AttributeError, "Netwrok", "did you mean 'Network'"),
    (lambda: cells(0), ValueError, "Population.n: must be >= 1 (got 0)"),
    (lambda: cells(2.5), TypeError, "Population.n: must be a whole number", "2.5"),
    (lambda: bs.Population(LIF, 10), TypeError, "Population.n: must be a whole number"),
    (lambda: cells(10, bs.LIF), TypeError, "Population.model: LIF is a class; write bs.LIF()"),
    (lambda: cells(10, Phase), TypeError, "Phase is a class; write Phase()"),
    (lambda: cells(10, "LIF"), TypeError, "Population.model: must be a model of cells"),
    (lambda: bs.Population(bs.LIF(), 10), TypeError, "Population.n: must be a whole number (got LIF())", "(n, model)"),
    (lambda: cells(10, DELTA), TypeError, "Population.model: must be a model of cells"),
    (lambda: cells(10, bs.LIF(tau_m=[10.0, 20.0])), ValueError, "LIF.tau_m: 'lif' has 10 cells", "2 values"),
    (lambda: cells(name=""), TypeError, "Population.name: must be a name"),
    (lambda: cells(name=3), TypeError, "Population.name: must be a name"),
    (lambda: cells(initial={"V": 1.0}), ValueError, "LIF has no variable 'V'", "did you mean 'v'"),
    (lambda: cells(initial=-65.0), TypeError, "Population.initial: must be a dict"),
    (lambda: cells(initial={"v": [1.0, 2.0]}), ValueError, "array of shape (10,)"),
    (lambda: cells(initial={"v": np.nan}), ValueError, "Population.initial['v']: must be finite"),
    (lambda: cells(initial={"v": bs.Uniform}), TypeError, "Uniform is a class"),
    (lambda: setattr(CELLS, "n", 3), AttributeError, "'cells' is frozen"),
    (lambda: setattr(CELLS[:3], "name", "x"), AttributeError, "frozen"),
    (lambda: delattr(CELLS, "model"), AttributeError, "frozen"),
    (two_of_one_name, ValueError, "Network: two populations are named 'lif'; give one of them another name"),
)

test_views = mistakes(
    (lambda: CELLS[100], IndexError, "'cells': has 100 cells, 0 to 99 (got 100)"),
    (lambda: CELLS[[0, 500]], IndexError, "'cells': has 100 cells, 0 to 99 (got 500)"),
    (lambda: CELLS[:101], IndexError, "'cells': has 100 cells, 0 to 99, and the slice reaches to 101"),
    (lambda: CELLS[-101:], IndexError, "the slice reaches to -101"),
    (lambda: CELLS[:5.5], TypeError, "end of a slice: must be a whole number"),
    (lambda: CELLS[5:5], ValueError, "'cells': no cell is selected"),
    (lambda: CELLS[[]], ValueError, "'cells': no cell is selected"),
    (lambda: CELLS[np.zeros(N, bool)], ValueError, "'cells': no cell is selected"),
    (lambda: CELLS[[1, 2, 1]], ValueError, "selects cell 1 twice"),
    (lambda: CELLS[[99, -1]], ValueError, "selects cell 99 twice"),
    (lambda: CELLS[np.ones(50, bool)], IndexError, "a mask must have one entry for each of its 100 cells", "(50,)"),
    (lambda: CELLS[1.0], TypeError, "takes a whole number, a slice"),
    (lambda: CELLS[[0.5]], TypeError, "takes a whole number, a slice"),
    (lambda: CELLS["v"], TypeError, "takes a whole number, a slice"),
    (lambda: CELLS[1, 2], TypeError, "takes a whole number, a slice"),
    (lambda: CELLS[:10] + CELLS[5:], ValueError, "5 cells are in both"),
    (lambda: CELLS + 3, TypeError, "unsupported operand"),
    (lambda: 1 + CELLS, TypeError, "unsupported operand"),
    (lambda: CELLS[:5].named(None), TypeError, "View.named: must be a name"),
    (lambda: 5 in CELLS, TypeError, "'cells': `in` compares views, as in cells[5] in cells[:10] (got 5)"),
    (lambda: (CELLS + A).ids, ValueError, "joins cells of cells, a; use .parts"),
    (lambda: (CELLS + A).population, ValueError, "joins cells of cells, a"),
)


def trains(times, ids=None):
    return bs.Population(3, bs.SpikeTrains(times, ids), name="input")


test_spike_trains = mistakes(
    (lambda: trains([2.0, 1.0], [0, 0]), ValueError, "SpikeTrains.times: must be in ascending order; sort them", "argsort"),
    (lambda: trains([-1.0], [0]), ValueError, "SpikeTrains.times: must be >= 0 ms"),
    (lambda: trains([np.inf], [0]), ValueError, "SpikeTrains.times: must be finite"),
    (lambda: trains([1.0, 2.0], [0]), ValueError, "SpikeTrains.ids: must have as many elements as times, 2"),
    (lambda: trains([1.0], [-1]), ValueError, "SpikeTrains.ids: must be whole numbers >= 0"),
    (lambda: trains([1.0], [0.5]), ValueError, "SpikeTrains.ids: must be whole numbers"),
    (lambda: trains([1.0], [3]), ValueError, "SpikeTrains.ids: 3 is beyond 'input', whose 3 cells are 0 to 2"),
    (lambda: trains([[1.0]], [[0]]), ValueError, "SpikeTrains.times: must be a list of times"),
    (
        lambda: trains([1.0, 2.0]),
        TypeError,
        "SpikeTrains.ids: missing; give ",
        " a list for each cell: SpikeTrains([[1.0, 7.5]",
    ),
    (lambda: trains([[1.0], [-1.0]]), ValueError, "SpikeTrains.times: must be >= 0 ms"),
    (lambda: trains([[1.0], [[2.0]]]), ValueError, "SpikeTrains.times[1]: must be a list of times"),
    (lambda: trains([[1.0], ["a"]]), TypeError, "SpikeTrains.times[1]: must be a number"),
    (lambda: trains([[1.0]] * 4), ValueError, "SpikeTrains.ids: 3 is beyond 'input'"),
    (lambda: trains({-1: [1.0]}), ValueError, "SpikeTrains.times: a cell: must be >= 0"),
    (lambda: trains({"a": [1.0]}), TypeError, "SpikeTrains.times: a cell: must be a whole number"),
    (lambda: trains({2**31: [1.0]}), ValueError, "SpikeTrains.times: a cell: must be <= "),
    (
        lambda: bs.SpikeTrains(bs.Spikes([3.0, 1.0], [0, 2], n=3, duration=10.0), [0, 1]),
        TypeError,
        "SpikeTrains.ids: must be left out if times is a Spikes",
    ),
)


test_inputs = mistakes(
    (lambda: stimulate(bs.CurrentInput(1.0), A), TypeError, "the order is stimulate(target, input)"),
    (lambda: stimulate(A, bs.PoissonInput), TypeError, "got the class PoissonInput"),
    (lambda: stimulate(A, bs.Poisson(rate=3.0)), TypeError, "Network.stimulate.input: must be an input"),
    (lambda: stimulate(A, 300.0), TypeError, "Network.stimulate.input: must be an input"),
    (lambda: stimulate(A, CURRENT, "v"), ValueError, "Network.stimulate.name: 'a' already has 'v', which a Trace", "choose"),
    (lambda: stimulate(A[:2], CURRENT, "I_ext"), ValueError, "Network.stimulate.name: 'a' already has 'I_ext'"),
    (lambda: stimulate(A, poisson(synapse=AMPA), "ampa.i"), ValueError, "Network.stimulate.name: 'a' already has 'ampa.i'"),
    (lambda: stimulate(NOISE, bs.CurrentInput(1.0)), ValueError, "'noise' is of Poisson, whose cells only send spikes"),
    (
        lambda: stimulate(PHASES, bs.CurrentInput(1.0)),
        bs.EquationError,
        "Network.stimulate.input: a current into 'c': ",
        " have no I",
    ),
    (lambda: stimulate(PHASES, poisson()), bs.EquationError, "stimulate.input: Delta() onto 'c': a synapse adds to"),
    (
        lambda: stimulate(A, poisson(synapse=bs.Exponential(tau=[1.0] * 3))),
        ValueError,
        "Exponential.tau: 'a' has 20 cells, but the array has 3 values",
    ),
    (lambda: stimulate(A, poisson(rate=np.ones(3))), ValueError, "PoissonInput.rate: 3 values do not fit 'a'"),
    (lambda: stimulate(A[:4], poisson(weight=np.ones(3))), ValueError, "PoissonInput.weight: 3 values do not fit"),
    (lambda: stimulate(A, bs.CurrentInput([1.0, 2.0])), ValueError, "CurrentInput.amplitude: 2 values do not fit 'a'"),
    (lambda: stimulate(A, bs.CurrentInput(np.ones((2, 3)), times=[0, 1])), ValueError, "3 values do not fit 'a'"),
    (lambda: poisson(rate=-1.0), ValueError, "PoissonInput.rate: must be >= 0 Hz"),
    (lambda: poisson(rate=np.ones((2, 2))), ValueError, "PoissonInput.rate: must be one number or one per cell"),
    (lambda: poisson(rate=bs.Uniform(0, 1)), TypeError, "PoissonInput.rate: must be a number"),
    (lambda: poisson(synapse=bs.Delta), TypeError, "Delta is a class"),
    (lambda: poisson(weight=-1.0, synapse=COND), ValueError, "PoissonInput.weight: a conductance cannot be negative"),
    (lambda: poisson(weight=np.inf), ValueError, "PoissonInput.weight: must be finite"),
    (lambda: poisson().replaced(rates=3.0), TypeError, "PoissonInput: has no 'rates'; did you mean 'rate'"),
    (lambda: setattr(poisson(), "rate", 3.0), AttributeError, "cannot assign to field 'rate'"),
    (lambda: bs.CurrentInput(np.nan), ValueError, "CurrentInput.amplitude: must be finite"),
    (lambda: bs.CurrentInput(3e-10), ValueError, "CurrentInput.amplitude", "did you mean 300"),
    (lambda: bs.CurrentInput([1, 2], times=[2, 2]), ValueError, "CurrentInput.times: must increase"),
    (lambda: bs.CurrentInput([1, 2], times=[-1, 2]), ValueError, "CurrentInput.times: must be >= 0"),
    (lambda: bs.CurrentInput([1, 2, 3], times=[1, 2]), ValueError, "must have the shape (2,) or (2, cells)"),
    (lambda: bs.Network(seed=-1), ValueError, "Network.seed: must be >= 0"),
    (lambda: bs.Network(seed=1.5), TypeError, "Network.seed: must be a whole number"),
    (lambda: bs.Network(seed=1).add(LIF), TypeError, "Network.add.population: must be a population"),
)


def test_names_are_unique():
    net, given = bs.Network(seed=1), {"weight": 1.0, "delay": 1.0, "synapse": DELTA, "name": "x"}
    net.connect(A, B, bs.AllToAll(), **given)
    for again in (lambda: net.connect(A, B, bs.AllToAll(), **given), lambda: net.stimulate(A, poisson(), name="x")):
        with pytest.raises(ValueError, match="a projection or an input is already named 'x'"):
            again()
    assert (len(net.projections), len(net.inputs)) == (1, 0)
