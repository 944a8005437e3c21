"""Checks of inputs and of rules of connection."""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

import numpy as np

from brainsim.engine.simulation.simulate import simulate
from brainsim.engine.simulation.simulation import Simulation
from brainsim.models.base import Neuron
from brainsim.models.inputs import CurrentInput, Input
from brainsim.models.neurons.lif import LIF
from brainsim.models.rules import Rule
from brainsim.models.space import positions
from brainsim.models.synapses.basic import Delta
from brainsim.models.values import Uniform
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.network.probes import Trace
from brainsim.testing.properties import SEED, check_bits, check_properties, explained, make, require, variables_of

START, STOP, DURATION = 10.0, 20.0, 30.0  # ms
SEEDS = 12  # networks whose numbers of synapses are compared with what a rule expects
ERRORS = 6.0  # standard errors by which their mean may be off: less than once in a hundred million rules


@explained
def check_input(
    given: Input | type[Input], *, target: Neuron | None = None, dt: float = 0.1, only: Collection[str] | None = None
) -> None:
    """Check an input as the built-in ones are checked.

    Parameters
    ----------
    given : Input or class
        The input; a class is made with its defaults.
    target : Neuron, optional
        The cells on which it acts; by default a `LIF`.
    only : collection of str, optional
        The properties to check, all by default:

        - "acts": the cells are not as they are without it.
        - "window": with a ``start`` and a ``stop`` it acts between them only, and a Trace of it is 0 elsewhere.
        - "shape": an array with a value too many is refused when the input is given to a network.
        - "trace": a Trace of it has the unit that `observed` says, and recording changes no bit.
        - "set": setting another input between two runs changes nothing of it (`Operator.continue_from`).
        - "estimate": the memory of a network that has it can be estimated.
        - "bits": the same seed gives the same bits on any number of threads, in any pieces, after a restore and a reset.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_input(bs.NoiseInput(100.0, tau=5.0), only=["acts", "window"])
    """
    given = make(given, Input, "check_input.given")
    check_properties(INPUT_PROPERTIES, _Driven(given, LIF() if target is None else target, dt), only)


class _Driven:
    """An input under test, and the cells on which it acts."""

    def __init__(self, given, target, dt):
        self.given, self.target, self.label, self.dt = given, target, type(given).__name__, dt
        self.has_window = {"start", "stop"} <= {field.name for field in fields(given)}

    def network(self, given=None):
        """Return seven cells with the input, or with another one; with False, without."""
        initial = {"v": Uniform(-65.0, -55.0)} if isinstance(self.target, LIF) else {}
        cells, net = Population(7, self.target, name="cells", initial=initial), Network(seed=1)
        net.add(cells)
        if given is not False:
            net.stimulate(cells, self.given if given is None else given, name="drive")
        return net

    def run(self, net, duration=DURATION, observed=False):
        """Return (the state of the cells at the end, what a Trace of the input has recorded)."""
        record = [Trace(net.populations["cells"], "drive")] if observed else []
        result = simulate(net, duration, dt=self.dt, seed=SEED, record=record, progress=False)
        return variables_of(result)["cells"], result.traces["cells", "drive"] if observed else None


def _equal(state, other):
    """Return whether two states are equal in what both have: an input may add variables of a synapse."""
    return all(np.array_equal(state[name], other[name]) for name in state.keys() & other.keys())


def _check_acts(driven: _Driven) -> None:
    (with_it, _), (without, _) = driven.run(driven.network()), driven.run(driven.network(False))
    require(not _equal(with_it, without), f"{driven.label}: must act on its cells")


def _check_window(driven: _Driven) -> None:
    if not driven.has_window:
        return
    within, without = driven.given.replaced(start=START, stop=STOP), driven.run(driven.network(False), START)[0]
    require(_equal(driven.run(driven.network(within), START)[0], without), f"{driven.label}: must not act before its start")
    never = driven.given.replaced(start=DURATION, stop=2 * DURATION)
    alone = driven.run(driven.network(False))[0]
    require(_equal(driven.run(driven.network(never))[0], alone), f"{driven.label}: must not act before its start")
    acts = not _equal(driven.run(driven.network(within), STOP)[0], driven.run(driven.network(False), STOP)[0])
    require(acts, f"{driven.label}: must act between its start and its stop")
    if within.observed is not None:
        trace = driven.run(driven.network(within), observed=True)[1]
        before, after = trace.times < START - 0.5 * driven.dt, trace.times > STOP + 0.5 * driven.dt
        require(not trace.values[before | after].any(), f"{driven.label}: a Trace must be 0 outside of start and stop")


def _check_shape(driven: _Driven) -> None:
    cells = driven.network(False).populations["cells"]
    for name in driven.given.over_time:
        try:
            driven.given.replaced(**{name: np.ones(cells.n + 1)}).check(cells)
        except (TypeError, ValueError):
            continue
        require(False, f"{driven.label}: {name} must be refused if it has {cells.n + 1} values for {cells.n} cells")


def _check_trace(driven: _Driven) -> None:
    if driven.given.observed is None:
        return
    state, trace = driven.run(driven.network(), observed=True)
    require(np.isfinite(trace.values).all(), f"{driven.label}: a Trace of it must be finite")
    _, unit = driven.given.observed
    require(trace.unit == unit, f"{driven.label}: a Trace must be in {unit!r}, as observed says (got {trace.unit!r})")
    require(_equal(state, driven.run(driven.network())[0]), f"{driven.label}: recording must not change a bit")


def _check_set(driven: _Driven) -> None:
    states = []
    for times in (0, 3):
        net, others = driven.network(), Population(3, LIF(), name="others")
        net.stimulate(others, CurrentInput(10.0), name="other drive")
        sim = Simulation(net, dt=driven.dt, seed=SEED, progress=False)
        for k in range(3):
            result = sim.run(DURATION)
            if k < times:
                sim.set("other drive", amplitude=10.0)
        states.append(variables_of(result)["cells"])
    same = _equal(*states)
    require(
        same,
        f"{driven.label}: must go on when another input is set; its operator needs continue_from(old), as for a restore",
    )


def _check_estimate(driven: _Driven) -> None:
    (with_it, without) = (driven.network(given).estimate(dt=driven.dt).kept for given in (None, False))
    require(with_it >= without, f"{driven.label}: expected_bytes of its operator must not be negative")


def _check_input_bits(driven: _Driven) -> None:
    check_bits(driven.network, duration=4 * DURATION, dt=driven.dt, label=driven.label)


INPUT_PROPERTIES = {
    "acts": _check_acts,
    "window": _check_window,
    "shape": _check_shape,
    "trace": _check_trace,
    "set": _check_set,
    "estimate": _check_estimate,
    "bits": _check_input_bits,
}


@explained
def check_rule(rule: Rule | type[Rule], *, sizes: tuple[int, int] = (64, 36), only: Collection[str] | None = None) -> None:
    """Check a rule of connection as the built-in ones are checked, between two populations and within one.

    The cells lie on square grids with a spacing of 20 um, if their number is a square.

    Parameters
    ----------
    rule : Rule or class
        The rule; a class is made with its defaults.
    sizes : (int, int)
        Numbers of sources and of targets.
    only : collection of str, optional
        The properties to check, all by default:

        - "expected": the mean number of synapses of several networks is what `expected` says.
        - "flags": no cell is connected to itself unless `autapses`, and no pair twice unless `multapses` is true.
        - "seed": the pairs follow from the seed and the name of the projection, whatever else is in the network.
        - "bits": the same seed gives the same bits on any number of threads, in any pieces, after a restore and a reset.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_rule(bs.FixedTotal(200, autapses=False))
    """
    rule = make(rule, Rule, "check_rule.rule")
    check_properties(RULE_PROPERTIES, _Wired(rule, sizes), only)


class _Wired:
    def __init__(self, rule, sizes):
        self.rule, self.label, self.sizes = rule, repr(rule), sizes

    def network(self, seed=1, within=False, first=False):
        """Return (network, projection) of two populations, or within one; `first`: another projection comes before."""
        pre = _placed(self.sizes[0], "pre")
        post = pre if within else _placed(self.sizes[1], "post")
        net = Network(seed=seed)
        options: dict[str, Any] = {"weight": Uniform(0.1, 0.5), "delay": Uniform(1.0, 3.0), "synapse": Delta()}
        if first:
            net.connect(pre, post, self.rule, name="other", **options)
        return net, net.connect(pre, post, self.rule, name="wires", **options)

    def pairs(self, **options):
        """Return (expected number, indices of sources, of targets)."""
        net, projection = self.network(**options)
        table = Simulation(net, seed=SEED, progress=False).synapses(projection)
        return projection.expected, table.pre, table.post

    def fits_within(self):
        """Return whether the rule can connect a population to itself."""
        try:
            self.network(within=True)
        except ValueError:
            return False
        return True


def _placed(n, name):
    side = round(np.sqrt(n))
    places = positions.grid((side, side), spacing=20.0) if side * side == n else None
    return Population(n, LIF(), name=name, positions=places)


def _check_expected(wired: _Wired) -> None:
    for within in (False, True) if wired.fits_within() else (False,):
        found = [wired.pairs(seed=seed, within=within) for seed in range(SEEDS)]
        expected, mean = found[0][0], np.mean([pre.size for _, pre, _ in found])
        # the number scatters at most as if all synapses were independent
        near = abs(mean - expected) <= ERRORS * np.sqrt(expected / SEEDS)
        require(near, f"{wired.label}: expected says {expected:g} synapses, but networks have {mean:g} on average")


def _check_flags(wired: _Wired) -> None:
    if not wired.fits_within():
        return
    for seed in range(3):
        _, pre, post = wired.pairs(seed=seed, within=True)
        require(wired.rule.autapses or not np.any(pre == post), f"{wired.label}: no cell may be connected to itself")
        pairs = np.unique(pre * wired.sizes[0] + post)
        require(wired.rule.multapses or pairs.size == pre.size, f"{wired.label}: no pair may be connected twice")


def _check_seed(wired: _Wired) -> None:
    _, pre, post = wired.pairs()
    for options, way in (({}, "when the network is made again"), ({"first": True}, "after another projection")):
        _, *others = wired.pairs(**options)
        same = np.array_equal(pre, others[0]) and np.array_equal(post, others[1])
        require(same, f"{wired.label}: must give the same pairs {way}")


def _check_rule_bits(wired: _Wired) -> None:
    check_bits(lambda: wired.network()[0], duration=10.0, label=wired.label)


RULE_PROPERTIES = {"expected": _check_expected, "flags": _check_flags, "seed": _check_seed, "bits": _check_rule_bits}
