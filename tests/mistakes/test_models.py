"""Mistakes in models, distributions and rules, found when they are made."""

import math

import numpy as np
from scipy import sparse

import brainsim as bs
from brainsim.models.values import Clipped, Gamma, LogNormal, Normal, Uniform, checked_value
from tests.helpers.mistakes import mistakes

A = bs.Population(200, bs.LIF(), name="a")
B = bs.Population(50, bs.LIF(), name="b")
MATRIX = sparse.coo_array((np.array([1.0, 0.0, 2.0]), ([0, 1, 2], [3, 3, 0])), shape=(3, 4))

test_parameters = mistakes(
    (lambda: bs.LIF(tau_m=0.0), ValueError, "LIF.tau_m", "> 0 ms", "got 0.0"),
    (lambda: bs.LIF(tau_m=[20.0, -1.0]), ValueError, "LIF.tau_m", "> 0 ms", "got -1.0"),
    (lambda: bs.Exponential(tau=0), ValueError, "Exponential.tau", "> 0 ms"),
    (lambda: bs.LIF(t_ref=-1.0), ValueError, "LIF.t_ref", ">= 0 ms"),
    (lambda: bs.LIF(c_m=0.0), ValueError, "LIF.c_m", "> 0 pF"),
    (lambda: bs.Poisson(rate=-8.0), ValueError, "Poisson.rate", ">= 0 Hz"),
    (lambda: bs.Poisson(stop=3.0), TypeError, "only inputs have it", "Poisson(rate='where(t < 100, 10, 0)')"),
    (lambda: bs.GammaRenewal(start=3.0), TypeError, "GammaRenewal(rate='where(t > 100, 10, 0)')"),
    (lambda: bs.LIF(stop=3.0), TypeError, "LIF: unknown parameter 'stop'; "),
    (lambda: bs.LIF(v_reset=-40.0), ValueError, "v_reset < v_th must hold", "-40", "-50"),
    (lambda: bs.LIF(v_reset=[-70.0, -40.0]), ValueError, "v_reset < v_th", "[-70.0, -40.0]"),
    (lambda: bs.LIF(v_th=np.nan), ValueError, "LIF.v_th", "finite", "nan"),
    (lambda: bs.LIF(tau_m=[1.0, np.inf]), ValueError, "LIF.tau_m: must be finite"),
    (lambda: bs.LIF(tau_m="20 ms"), TypeError, "LIF.tau_m", "number in ms", "'20 ms'"),
    (lambda: bs.LIF(tau_m=None), TypeError, "LIF.tau_m", "number in ms"),
    (lambda: bs.LIF(tau_m=np.ones((2, 2))), ValueError, "LIF.tau_m", "shape (2, 2)"),
    (lambda: bs.LIF(tau_m=[]), ValueError, "LIF.tau_m", "one per cell", "empty"),
    (lambda: bs.LIF(tau_m=[[1.0], [2.0, 3.0]]), TypeError, "LIF.tau_m", "array of numbers"),
    (lambda: bs.LIF(c_m=2e-10), ValueError, "LIF.c_m", "SI value", "did you mean 200"),
    (lambda: bs.LIF(tau_m=Normal(10.0, 2.0)), ValueError, "LIF.tau_m", "> 0 ms", "Clipped(Normal(10.0, 2.0), low=...)"),
    (lambda: checked_value(Uniform, "ms", "LIF.tau_m"), TypeError, "LIF.tau_m: Uniform is a class"),
    (lambda: bs.LIF(tau=10.0), TypeError, "unknown parameter 'tau'", "did you mean 'tau_m'"),
    (lambda: bs.LIF(10.0), TypeError, "given by name", "LIF(tau_m=10.0)"),
    (lambda: setattr(bs.LIF(), "tau_m", 10.0), AttributeError, "frozen", "LIF(tau_m=10.0)"),
    (lambda: delattr(bs.LIF(), "tau_m"), AttributeError, "frozen", "tau_m"),
)

test_classes = mistakes(
    (
        lambda: type("Mine", (bs.LIF,), {"check_cell": lambda self, n, name: None}),
        TypeError,
        "Mine.check_cell: Neuron has no such attribute, so nothing reads it; did you mean 'check_cells'?",
    ),
    (lambda: type("Mine", (bs.LIF,), {"tau_m": 5.0}), TypeError, "Mine.tau_m: a plain value does not replace the parameter"),
    (lambda: type("Mine", (bs.LIF,), {"tau_s": 5.0}), TypeError, "Mine.tau_s: equations do not see a plain number"),
    (lambda: type("Mine", (bs.LIF,), {"conditions": "v_reset < v_th"}), TypeError, "Mine.conditions: must be a tuple"),
)

test_distributions = mistakes(
    (lambda: Uniform(1, 1), ValueError, "Uniform.high: must be above low"),
    (lambda: Uniform(0, math.inf), ValueError, "Uniform.high: must be finite"),
    (lambda: Normal(0, -1), ValueError, "Normal.sd: must be > 0 (got -1.0)"),
    (lambda: Normal(math.nan, 1), ValueError, "Normal.mean: must be finite"),
    (lambda: Normal("a", 1), TypeError, "Normal.mean: must be a number"),
    (lambda: Normal([1, 2], 1), TypeError, "Normal.mean: must be one number"),
    (lambda: LogNormal(0, 0), ValueError, "LogNormal.sigma: must be > 0"),
    (lambda: LogNormal(2000, 1), ValueError, "did you mean 7.6"),
    (lambda: bs.values.ExponentialDistribution(0), ValueError, "ExponentialDistribution.mean: must be > 0"),
    (lambda: Gamma(0, 1), ValueError, "Gamma.shape: must be > 0"),
    (lambda: Clipped(1.0, low=0), TypeError, "must be a distribution"),
    (lambda: Clipped(Normal, low=0), TypeError, "Normal is a class"),
    (lambda: Clipped(Normal(0, 1), 2, 1), ValueError, "Clipped.high: must be above low"),
    (lambda: Clipped(Normal(0, 1), low=math.nan), ValueError, "Clipped.low: must be finite"),
    (lambda: Clipped(Normal(0, 1), low=6), ValueError, "only ", " of the mass of Normal"),
    (lambda: Clipped(Uniform(0, 1), low=1), ValueError, "move the limits towards the mean, 0.5"),
)

test_rules = mistakes(
    (lambda: bs.FixedProbability(1.5), ValueError, "FixedProbability.p: must be <= 1 (got 1.5)"),
    (lambda: bs.FixedProbability(-0.1), ValueError, "FixedProbability.p: must be >= 0"),
    (lambda: bs.FixedProbability("high"), TypeError, "FixedProbability.p: must be a number"),
    (lambda: bs.FixedIndegree(2.5), TypeError, "FixedIndegree.k: must be a whole number"),
    (lambda: bs.FixedIndegree(-1), ValueError, "FixedIndegree.k: must be >= 0"),
    (lambda: bs.FixedIndegree(3, multapses="no"), TypeError, "FixedIndegree.multapses: must be True or False"),
    (lambda: bs.FixedIndegree(3, autapse=False), TypeError, "FixedIndegree: has no 'autapse'; did you mean 'autapses'"),
    (lambda: bs.AllToAll(autapses=0), TypeError, "AllToAll.autapses: must be True or False"),
    (lambda: bs.OneToOne(autapses=False), TypeError, "OneToOne.autapses: must be left out; only AllToAll, FixedProbability"),
    (
        lambda: bs.FixedProbability(0.1, multapses=False),
        TypeError,
        "FixedProbability.multapses: must be left out; only FixedIndegree, FixedOutdegree",
    ),
    (lambda: bs.FromArrays([0, 1], [0]), ValueError, "FromArrays.post: must be as long as pre, 2"),
    (lambda: bs.FromArrays([0.5], [0]), ValueError, "FromArrays.pre: must be whole numbers >= 0 (got 0.5"),
    (lambda: bs.FromArrays([0], [-1]), ValueError, "FromArrays.post: must be whole numbers >= 0 (got -1"),
    (lambda: bs.FromArrays([2**31], [0]), ValueError, "FromArrays.pre"),
    (lambda: bs.FromArrays([True, False], [0, 1]), TypeError, "np.flatnonzero"),
    (lambda: bs.FromArrays([[0]], [[1]]), ValueError, "must be a list of whole numbers"),
    (lambda: bs.FromArrays(["a"], [0]), TypeError, "FromArrays.pre: must be a number"),
    (lambda: bs.FromSparse(np.eye(3)), TypeError, "scipy.sparse.csr_array(matrix)"),
    (lambda: bs.FromSparse(sparse.csr_array([[np.nan]])), ValueError, "FromSparse.matrix: must be finite"),
)

test_rules_that_do_not_fit = mistakes(
    (
        lambda: bs.FixedIndegree(300, multapses=False).check(A, B),
        ValueError,
        "FixedIndegree.k: 300 sources are required, but 'a' has only 200 cells; allow multapses=True or take k <= 200",
    ),
    (
        lambda: bs.FixedIndegree(200, multapses=False, autapses=False).check(A, A[:3]),
        ValueError,
        "has only 199 cells besides the cell itself; ",
        " k <= 199",
    ),
    (
        lambda: bs.FixedOutdegree(51, multapses=False).check(A, B),
        ValueError,
        "FixedOutdegree.k: 51 targets are required, but 'b' has only 50 cells",
    ),
    (lambda: bs.FixedIndegree(1, autapses=False).check(A[3], A), ValueError, "'a[3]' contains only the cell itself"),
    (
        lambda: bs.FixedTotal(10_001, multapses=False).check(A, B),
        ValueError,
        "FixedTotal.n: 10001 synapses ",
        " have only 10000 pairs",
    ),
    (lambda: bs.FixedTotal(2451, multapses=False, autapses=False).check(B, B), ValueError, "have only 2450 pairs"),
    (lambda: bs.FixedTotal(1, autapses=False).check(A[3], A[3]), ValueError, "one and the same cell"),
    (
        lambda: bs.OneToOne().check(A, B),
        ValueError,
        "OneToOne: 'a' has 200 cells but 'b' has 50; take views of equal size, e.g. [:50]",
    ),
    (
        lambda: bs.FromArrays([0, 200], [0, 1]).check(A, B),
        ValueError,
        "FromArrays.pre: 200 is beyond 'a', whose 200 cells are 0 to 199",
    ),
    (lambda: bs.FromArrays([0, 1], [0, 50]).check(A, B), ValueError, "FromArrays.post: 50 is beyond 'b'"),
    (lambda: bs.FromSparse(MATRIX).check(A, B), ValueError, "FromSparse.matrix: must have the shape (200, 50)"),
    (lambda: bs.FromSparse(MATRIX).check(A[:4], B[:3]), ValueError, "pass matrix.T"),
)
