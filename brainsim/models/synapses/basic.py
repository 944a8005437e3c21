"""The basic synapses: how an event acts on its target. Weights belong to the connection, not to the synapse."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

from brainsim.equations.model_parser import parse_receptor
from brainsim.equations.parsed import ReceptorEquations
from brainsim.models.base import Synapse, parameter
from brainsim.models.values import Value, ValueLike


class _ByArrival:
    """The checked equations of `Delta`: those of the class, or of an instance that acts on another variable."""

    def __get__(self, synapse: Delta | None, kind: Any) -> ReceptorEquations:
        said = kind if synapse is None else synapse
        return _equations(kind, said.arrival, said.weight_unit)


@functools.cache
def _equations(kind: Any, arrival: str, weight_unit: str) -> ReceptorEquations:
    texts: Any = {"equations": kind.equations, "current": kind.current, "weight_unit": weight_unit}
    return parse_receptor(kind.__name__, kind.declared(), arrival=arrival, **texts)


class Delta(Synapse):
    """An instantaneous jump of the membrane potential: ``v += w``, weights in mV; ignored while the target is refractory.

    With `variable`, events act on another variable of the target, such as the drive g of `ShiuLIF`; `weight_unit` is its
    unit, if that is not mV. While the target is refractory, they are ignored if the variable is among those that its class
    holds (``frozen``).

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Delta()
    Delta()
    >>> bs.Delta(variable="g")
    Delta(variable='g')
    >>> bs.Delta(weight_unit="")  # onto cells whose v is a plain number
    Delta(weight_unit='')

    References
    ----------
    Brunel (2000), doi:10.1023/A:1008925309027.
    """

    arrival = "v = v + w"
    weight_unit: str = "mV"
    variable: str = "v"
    _options = ("name", "variable", "weight_unit")
    _said_of_options: ClassVar[dict[str, str]] = {
        "variable": "variable : str, default 'v'\n    The variable of the target to which an event adds its weight.",
        "weight_unit": "weight_unit : str, default 'mV'\n    The unit of the weights, which is that of the variable.",
    }

    def __init__(
        self,
        *positional: object,
        variable: str | None = None,
        weight_unit: str | None = None,
        name: str | None = None,
        **values: ValueLike,
    ) -> None:
        if not (variable is None or (isinstance(variable, str) and variable.isidentifier())):
            label = f"{type(self).__name__}.variable"
            raise TypeError(f"{label}: must be the name of a variable of the target, such as 'v' (got {variable!r})")
        if variable not in (None, type(self).variable):
            object.__setattr__(self, "variable", variable)
            object.__setattr__(self, "arrival", f"{variable} = {variable} + w")
        if weight_unit not in (None, type(self).weight_unit):
            object.__setattr__(self, "weight_unit", "" if weight_unit == "1" else weight_unit)
            _ = self.receptor_equations  # raises ValueError if it is not a unit
        super().__init__(*positional, name=name, **values)

    @classmethod
    def _parse(cls):
        super()._parse()
        cls.receptor_equations = _ByArrival()


class Pulse(Synapse):
    """A current of w pA that lasts one step, the one at whose end the event arrives; weights in pA.

    This is what a spike does in networks that count in steps, such as those of snnTorch and Norse: ``I[t] = W @ spikes[t]``.
    The equations of the target must be linear with constant coefficients: then what the current has added to v, and to all
    that it moves, is a constant, which follows from the method of the target.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Pulse()
    Pulse()

    References
    ----------
    Pedersen et al. (2024), doi:10.1038/s41467-024-52259-9.
    """

    arrival = "I = I + w"
    weight_unit = "pA"


class Exponential(Synapse):
    """A current that jumps by w and decays: ``di/dt = -i/tau``; weights are its peak in pA.

    The charge of one event is ``w*tau`` [fC].

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Exponential(tau=5.0, name="ampa")
    Exponential(name='ampa')

    References
    ----------
    Rotter & Diesmann (1999), doi:10.1007/s004220050570 (exact integration).
    """

    equations = "di/dt = -i/tau"
    arrival = "i = i + w"
    current = "i"
    weight_unit = "pA"

    tau: Value = parameter(5.0, "ms", "decay time", above=0.0)


class Alpha(Synapse):
    """A current that rises and decays: ``i(t) = w (t/tau) exp(1 - t/tau)``; weights are its peak in pA, reached at tau.

    The charge of one event is ``e*w*tau`` [fC].

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Alpha(tau=2.0)
    Alpha(tau=2.0)

    References
    ----------
    Rotter & Diesmann (1999), doi:10.1007/s004220050570 (exact integration).
    """

    equations = """
        di/dt = (exp(1)*h - i)/tau
        dh/dt = -h/tau
    """
    arrival = "h = h + w"
    current = "i"
    weight_unit = "pA"

    tau: Value = parameter(5.0, "ms", "time to peak", above=0.0)


class DoubleExponential(Synapse):
    """A current with separate rise and decay times: ``i(t) = w N (exp(-t/tau_decay) - exp(-t/tau_rise))``; weights are its
    peak in pA.

    N makes the peak 1, at ``tau_rise q log(q)/(q - 1)`` with ``q = tau_decay/tau_rise``. The charge of one event is
    ``w tau_rise exp(q log(q)/(q - 1))`` [fC]. If both times are equal, it is `Alpha`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.DoubleExponential(tau_rise=0.5, tau_decay=8.0, name="gaba")
    DoubleExponential(tau_decay=8.0, name='gaba')

    References
    ----------
    Roth & van Rossum (2009), doi:10.7551/mitpress/9780262013277.003.0007.
    """

    # q log(q)/(q - 1) with log(q)/(q - 1) = 1/exprel(log(q)), which is defined at q = 1
    equations = """
        q = tau_decay/tau_rise
        scale = exp(q/exprel(log(q)))
        di/dt = (scale*h - i)/tau_decay
        dh/dt = -h/tau_rise
    """
    arrival = "h = h + w"
    current = "i"
    weight_unit = "pA"
    conditions = ("tau_rise <= tau_decay",)

    tau_rise: Value = parameter(0.5, "ms", "time constant of the rise", above=0.0)
    tau_decay: Value = parameter(5.0, "ms", "time constant of the decay", above=0.0)
