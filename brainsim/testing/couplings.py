"""Checks of couplings."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.models.base import Neuron
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.rules import FixedIndegree
from brainsim.models.values import Uniform
from brainsim.network.network import Network
from brainsim.network.population import Population
from brainsim.testing.properties import check_bits, check_properties, explained, make, require, require_read, values_at_end

if TYPE_CHECKING:
    from brainsim.features.couplings.models.base import Coupling

WEIGHTS = {"mV": 0.3, "pA": 5.0, "nS": 0.5, "pA/Hz": 1.0, "": 1.0}  # by the unit of the weights of a coupling
LARGE = 100.0  # times the usual weight
ROUNDING = 1e-9  # of the unit of a variable
NEAR = 5e-3  # share of the change by which single precision may differ


@explained
def check_coupling(
    coupling: Coupling | type[Coupling],
    *,
    weight: float | None = None,
    source: Neuron | None = None,
    target: Neuron | None = None,
    only: Collection[str] | None = None,
) -> None:
    """Check a coupling as the built-in ones are checked: 12 driven sources act on 5 targets.

    Parameters
    ----------
    coupling : Coupling or class
        The coupling; a class is made with its defaults.
    weight : float, optional
        By default 0.3 mV, 5 pA, 0.5 nS, 1 pA/Hz or 1, by the unit of the coupling.
    source, target : Neuron, optional
        The cells; by default a `LIF`, as target one that never fires. They are driven by currents [pA] if they take them.
    only : collection of str, optional
        The properties to check, all by default:

        - "acts": the variables of the targets are finite, and not as they are without it.
        - "weight": with weight 0 it does nothing, and with twice the weight another thing than with the weight.
        - "extreme": nothing becomes NaN if the weight is a hundred times larger.
        - "bits": the same seed gives the same bits on any number of threads, in any pieces, after a restore and a reset;
          with a delay as well, if it can have one.
        - "single": in single precision the targets change by the same, to half a percent.
        - "read": one of its texts reads each parameter that the class declares.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.testing.check_coupling(bs.GapJunction, only=["acts", "weight"])
    """
    from brainsim.features.couplings.models.base import Coupling

    coupling = make(coupling, Coupling, "check_coupling.coupling")
    if weight is None and coupling.weight_unit not in WEIGHTS:
        raise ValueError(f"check_coupling.weight: give one, in {coupling.weight_unit}")
    subject = _Coupled(coupling, WEIGHTS[coupling.weight_unit] if weight is None else weight, source, target)
    check_properties(COUPLING_PROPERTIES, subject, only)


class _Coupled:
    """A coupling under test, from driven cells onto others."""

    def __init__(self, coupling, weight, source, target):
        self.coupling, self.weight, self.label = coupling, weight, type(coupling).__name__
        self.source, self.target = source or LIF(), target or LIF(v_th=1e6)
        self.delays = [delay for delay in (None, 2.0) if self.takes(delay)]
        if not self.delays:
            self.network()  # says why not

    def network(self, times=1.0, delay=None):
        """Return sources that act with some times the weight; None for cells that are not coupled."""
        sources, cells = Population(12, self.source, name="sources"), Population(5, self.target, name="cells")
        net = Network(seed=1)
        for population, current in ((sources, "200 + 30*i"), (cells, "5*i")):
            net.add(population)
            if population.model.cell_equations.uses_current:
                net.stimulate(population, CurrentInput(current))
        if times is not None:
            options: dict[str, Any] = {"synapse": self.coupling, "name": "coupled"}
            if delay is not None:
                options["delay"] = delay
            weight = times * self.weight
            spread = Uniform(*sorted((0.5 * weight, 1.5 * weight))) if weight else 0.0
            net.connect(sources, cells, FixedIndegree(3, multapses=False), weight=spread, **options)
        return net

    def values(self, times=1.0, **options):
        """Return name -> values of the variables of the targets after 50 ms, without those of the coupling."""
        found = values_at_end(self.network(times, self.delays[0]), 50.0, **options)
        names = self.target.initials
        return {name: values for (population, name), values in found.items() if population == "cells" and name in names}

    def change(self, times=1.0, **options):
        """Return by how much the targets change because they are coupled: name -> values."""
        with_it, without = self.values(times, **options), self.values(None, **options)
        return {name: with_it[name] - without[name] for name in without}

    def takes(self, delay):
        """Return whether it may have a delay, or be without one."""
        try:
            self.network(delay=delay)
        except (TypeError, ValueError):
            return False
        return True


def _moves(change):
    """Return whether values change by more than rounding does, since cells with one more current have another kernel."""
    return any(np.any(np.abs(values) > ROUNDING) for values in change.values())


def _check_acts(coupled: _Coupled) -> None:
    for name, values in coupled.values().items():
        require(np.isfinite(values).all(), f"{coupled.label}: {name} must stay finite at the weight {coupled.weight:g}")
    require(_moves(coupled.change()), f"{coupled.label}: sources must act on targets at the weight {coupled.weight:g}")


def _check_weight(coupled: _Coupled) -> None:
    require(not _moves(coupled.change(0.0)), f"{coupled.label}: with weight 0 it must do nothing")
    once, twice = coupled.change(), coupled.change(2.0)
    differs = any(not np.array_equal(once[name], twice[name]) for name in once)
    require(differs, f"{coupled.label}: twice the weight must act otherwise than the weight")


def _check_extreme(coupled: _Coupled) -> None:
    for name, values in coupled.values(LARGE).items():
        message = f"{coupled.label}: {name} must not become NaN at the weight {LARGE * coupled.weight:g}"
        require(not np.isnan(values).any(), message)


def _check_coupling_bits(coupled: _Coupled) -> None:
    for delay in coupled.delays:
        check_bits(functools.partial(coupled.network, delay=delay), duration=60.0, label=coupled.label)


def _check_single(coupled: _Coupled) -> None:
    double, single = (coupled.change(precision=precision) for precision in ("double", "single"))
    for name, values in double.items():
        apart = np.abs(single[name] - values).max(initial=0.0)
        near = apart <= NEAR * np.abs(values).max(initial=0.0) + 2e-3
        require(near, f"{coupled.label}: {name} must change by the same in single precision (differs by {apart:.2g})")


def _check_read(coupled: _Coupled) -> None:
    require_read(coupled.coupling, coupled.label)


COUPLING_PROPERTIES = {
    "acts": _check_acts,
    "weight": _check_weight,
    "extreme": _check_extreme,
    "bits": _check_coupling_bits,
    "single": _check_single,
    "read": _check_read,
}
