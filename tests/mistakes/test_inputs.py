"""Mistakes in inputs that change in time: at the line that gives the input to the cells, before anything is compiled."""

import numpy as np

import brainsim as bs
from tests.helpers.mistakes import mistakes

CELLS = bs.Population(10, bs.LIF(), name="cells")
TABLE = bs.TimedArray(np.ones((3, 4)), 1.0)


def current(amplitude=1.0, **given):
    net = bs.Network(seed=1)
    net.stimulate(CELLS, bs.CurrentInput(amplitude, **given), name="drive")
    return net


def poisson(rate=1.0, **given):
    net = bs.Network(seed=1)
    net.stimulate(CELLS, bs.PoissonInput(rate=rate, weight=0.1, synapse=bs.Delta(), **given), name="drive")
    return net


def source(rate, model=bs.Poisson, **given):
    net = bs.Network(seed=1)
    net.add(bs.Population(10, model(rate=rate, **given), name="source"))
    return net


def simulated(net):
    return bs.Simulation(net, seed=1)


test_texts = mistakes(
    (lambda: current("2*x"), ValueError, "CurrentInput.amplitude: x is the position of a cell", "'cells' has none"),
    (lambda: source("2*x*y"), ValueError, "Poisson.rate: x is the position of a cell in um", "'source' has none"),
    (lambda: poisson("-100"), ValueError, "PoissonInput.rate: must be >= 0 Hz", "-100"),
    (lambda: source("-100"), ValueError, "Poisson.rate: must be >= 0 Hz"),
    (lambda: source("2 - 5", bs.GammaRenewal), ValueError, "GammaRenewal.rate: must be >= 0 Hz"),
    (lambda: current("exp(1000)"), ValueError, "CurrentInput.amplitude: must be finite"),
    (lambda: bs.NoiseInput("-3"), ValueError, "NoiseInput.sigma: must be >= 0 pA"),
    (lambda: bs.VoltageClamp("1e300*1e300"), ValueError, "VoltageClamp.v: must be finite"),
    (lambda: simulated(poisson("-tau_m/tau_m - i")), ValueError, "drive.rate: must be >= 0 (got -1 at most"),
    (lambda: simulated(poisson(1e23)), ValueError, "drive.rate: 0.001*rate*dt <= 1e9 must hold (rate = 1e+23, dt = 0.1)"),
    (lambda: simulated(poisson(np.full(10, 1e300))), ValueError, "drive.rate: 0.001*rate*dt <= 1e9 must hold"),
    (lambda: simulated(poisson("1e23")), ValueError, "drive.rate: 0.001*rate*dt <= 1e9 must hold"),
    (
        lambda: current("v"),
        bs.EquationError,
        "CurrentInput.amplitude: unknown name 'v'",
        "a variable of the cells",
        "\n    ^",
    ),
    (lambda: current("5*tau_mm"), bs.EquationError, "did you mean 'tau_m'?", "5*tau_mm\n      ^"),
    (lambda: current("sin(t)"), bs.EquationError, "the argument of sin must be a plain number, but 't' is in ms"),
    (lambda: current("v_th"), bs.EquationError, "CurrentInput.amplitude: must be in pA, but this is in mV"),
    (lambda: poisson("tau_m"), bs.EquationError, "PoissonInput.rate: must be in Hz, but this is in ms"),
    (lambda: poisson("v_th + tau_m"), bs.EquationError, "'v_th' is in mV, but 'tau_m' is in ms"),
    (lambda: poisson("20 +"), bs.EquationError, "PoissonInput.rate: this is not an expression"),
    (
        lambda: poisson(lambda t: 20.0),
        TypeError,
        "PoissonInput.rate: functions of Python are not called",
        "an expression of the time",
    ),
    (lambda: source(np.sin), TypeError, "Poisson.rate: functions of Python are not called in a run"),
    (lambda: poisson(""), bs.EquationError, "PoissonInput.rate: must be one expression (got 0 lines)"),
    (lambda: poisson("20\n30"), bs.EquationError, "PoissonInput.rate: must be one expression (got 2 lines)"),
    (lambda: poisson("t > 3"), bs.EquationError, "a comparison is not a number; write where(comparison, 1, 0)"),
    (lambda: poisson("20*rand()"), bs.EquationError, "rand() is not allowed in an input", "bs.NoiseInput"),
    (lambda: poisson("20*__import__('os')"), bs.EquationError, "PoissonInput.rate: unknown function"),
    (lambda: poisson("sine(20)"), bs.EquationError, "unknown function 'sine'; did you mean 'sin'?"),
    (lambda: poisson("I_in(t)"), bs.EquationError, "unknown function 'I_in'"),
    (lambda: poisson("1/0"), bs.EquationError, "this divides by 0"),
    (lambda: source("rate"), bs.EquationError, "Poisson.rate: unknown name 'rate'"),
    (lambda: source("20*ordr", bs.GammaRenewal), bs.EquationError, "GammaRenewal.rate: unknown name 'ordr'", "'order'?"),
    (lambda: source("20*progress", bs.GammaRenewal), bs.EquationError, "'progress'; it is a variable of the cells"),
    (lambda: simulated(current("1/(v_th + 50)")), ValueError, "drive.amplitude: must be finite (got inf)"),
)

test_tables = mistakes(
    (lambda: current(TABLE), ValueError, "CurrentInput.amplitude: 'cells' has 10 cells, but the TimedArray has 4 columns"),
    (lambda: poisson(bs.TimedArray([1.0, -1.0], 1.0)), ValueError, "PoissonInput.rate: must be >= 0 Hz (got -1.0)"),
    (lambda: source(bs.TimedArray([-1.0], 1.0)), ValueError, "Poisson.rate: must be >= 0 Hz (got -1.0)"),
    (lambda: source(TABLE), ValueError, "Poisson.rate: 'source' has 10 cells, but the TimedArray has 4 columns"),
    (lambda: simulated(source(bs.TimedArray([5.0, 2e4], 1.0))), ValueError, "0.001*rate*dt <= 1 must hold"),
    (lambda: simulated(source(bs.TimedArray([300.0], 1.0), bs.PoissonWithDeadTime, t_dead=5.0)), ValueError, "must hold"),
    (lambda: simulated(current(bs.TimedArray([1.0, 2.0], 0.05))), ValueError, "values would be skipped"),
    (lambda: current(np.ones((3, 10))), ValueError, "CurrentInput.amplitude", "values over time are a TimedArray"),
    (lambda: current(bs.TimedArray([1.0], 1.0), times=[0.0]), TypeError, "CurrentInput.times: must be left out"),
    (lambda: current("t", times=[0.0]), TypeError, "CurrentInput.times: must be left out if the amplitude is an expression"),
    (lambda: bs.LIF(tau_m="10 + t"), TypeError, "LIF.tau_m: must be a number"),
)

test_windows = mistakes(
    (lambda: current(start=-1.0), ValueError, "CurrentInput.start: must be >= 0 ms (got -1.0)"),
    (lambda: current(start=5.0, stop=5.0), ValueError, "CurrentInput.stop: must be > 5 ms, the start (got 5)"),
    (lambda: poisson(stop=0.0), ValueError, "PoissonInput.stop: must be > 0 ms, the start (got 0)"),
    (lambda: poisson(stop=np.nan), ValueError, "PoissonInput.stop: must be finite (got nan)"),
    (
        lambda: poisson(start="1"),
        TypeError,
        "PoissonInput.start: must be a number in ms (got '1'); write the number alone, without quotes",
    ),
    (lambda: poisson(begin=1.0), TypeError, "begin"),
)


class Misplaced(bs.Neuron):
    """A cell whose parameter is declared as one that changes only in time, in a class of its own."""

    equations = "dv/dt = -v/tau"
    threshold = "rand() < p"
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    p: float = bs.parameter(0.1, "", "chance", at_least=0.0, varying=True)
    v: float = bs.initial(0.0, "mV", "potential")


def declared():
    class Wrong(Misplaced):
        tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0, varying=True)


def set_after(net, target, **values):
    sim = simulated(net)
    sim.set(target, **values)


def alone(model):
    net = bs.Network(seed=1)
    net.add(bs.Population(10, model, name="alone"))
    return net


test_of_cells = mistakes(
    (
        lambda: alone(Misplaced()).stimulate(bs.Population(2, Misplaced(), name="quiet"), bs.CurrentInput(1.0)),
        bs.EquationError,
        "Network.stimulate.input: a current into 'quiet': the neuron's equations have no I",
    ),
    (lambda: simulated(alone(bs.LIF(v_reset=bs.Uniform(-70.0, -45.0)))), ValueError, "LIF: v_reset < v_th must hold"),
    (lambda: simulated(alone(bs.Poisson(rate=bs.Uniform(1.0, 2e4)))), ValueError, "Poisson: 0.001*rate*dt <= 1 must hold"),
)

test_classes_and_changes = mistakes(
    (declared, ValueError, "Wrong.tau: only the threshold, the reset and the events may use a varying parameter"),
    (
        lambda: set_after(source(5.0), "source", rate="20*t"),
        ValueError,
        "Poisson.rate: must stay a number",
        "from the start",
    ),
    (lambda: set_after(source("5*t"), "source", rate="5*u"), bs.EquationError, "Poisson.rate: unknown name 'u'"),
    (
        lambda: set_after(source("5*t"), "source", rate=2e4),
        ValueError,
        "0.001*rate*dt <= 1 must hold",
        "one spike in a step",
    ),
    (lambda: set_after(source("5*t"), "source", rate=np.ones(3)), ValueError, "Poisson.rate: 'source' has 10 cells (got 3"),
    (lambda: set_after(current(), "drive", amplitude="u"), bs.EquationError, "CurrentInput.amplitude: unknown name 'u'"),
    (lambda: set_after(current(start=5.0), "drive", stop=3.0), ValueError, "CurrentInput.stop: must be > 5 ms"),
    before_compiling=False,
)

test_in_a_run = mistakes(
    (
        lambda: simulated(poisson("log(1 - t/5)")).run(20.0),
        ValueError,
        "drive.rate: must be finite (got nan at t = 5.05 ms from 'log(1 - t/5)')",
    ),
    (
        lambda: simulated(poisson("where(i > 4 and t > 3, 1/(t - t), 1)")).run(20.0),
        ValueError,
        "drive.rate: must be finite (got inf for cell 5 at t = 3.05 ms",
    ),
    (lambda: simulated(source("3000*t")).run(20.0), ValueError, "source.rate: 0.001*rate*dt <= 1 must hold (got", "from"),
    before_compiling=False,
)
