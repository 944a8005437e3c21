"""Graded couplings: a source acts on its targets continuously, by its potential or by its rate."""

import re
from typing import ClassVar

from brainsim.core.checks import nearest
from brainsim.models.base import parameter
from brainsim.models.couplings.base import Coupling
from brainsim.models.values import Value


class GradedSynapse(Coupling):
    """A chemical synapse that releases transmitter at all times, by the potential of its source; weights are the
    conductance at full release in nS.

    A source gives ``sigmoid((v - v_half)/v_slope)``, or another function of its variables. The conductance of a target
    follows the sum, ``dg/dt = (total - g)/tau``, and the current is ``g*(e_rev - v)``.

    The defaults are those of inhibitory synapses of invertebrates and of C. elegans: release begins near rest.

    Parameters
    ----------
    source : str
        What a source gives, between 0 and 1: an expression of its variables and the parameters below, by default
        ``"sigmoid((v - v_half)/v_slope)"``.

    Examples
    --------
    >>> import brainsim as bs
    >>> receptor, cell = bs.Population(1, bs.LI(), name="receptor"), bs.Population(1, bs.LI(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> net.stimulate(receptor, bs.CurrentInput(300.0))
    >>> _ = net.connect(receptor, cell, bs.OneToOne(), weight=10.0, synapse=bs.GradedSynapse(e_rev=0.0, v_half=-40.0))
    >>> result = bs.simulate(net, 200.0, seed=1, record=bs.Trace(cell, "v"))
    >>> round(float(result.traces["cell", "v"].values[-1, 0]), 1)
    -36.6

    References
    ----------
    Wicks, Roehrig & Rankin (1996), doi:10.1523/JNEUROSCI.16-12-04017.1996;
    Destexhe, Mainen & Sejnowski (1994), doi:10.1007/BF00961734.
    """

    equations = "dg/dt = (total - g)/tau"
    current = "g*(e_rev - v)"
    weight_unit = "nS"

    tau: Value = parameter(5.0, "ms", "time constant of the conductance", above=0.0)
    e_rev: Value = parameter(-75.0, "mV", "reversal potential: below rest for inhibition")
    v_half: float = parameter(-50.0, "mV", "potential of the source at half of full release")
    v_slope: float = parameter(4.0, "mV", "further depolarization that raises release to 73 %", above=0.0)

    source: str = "sigmoid((v - v_half)/v_slope)"
    _options = ("name", "order", "source")

    def __init__(
        self, *positional: object, source: str | None = None, name: str | None = None, order: int = 2, **values: float
    ) -> None:
        object.__setattr__(self, "source", type(self).source if source is None else source)
        super().__init__(*positional, name=name, order=order, **values)


class RateConnection(Coupling):
    """A connection that transmits a rate, for `RateUnit` and rate models of one's own; weights are in pA/Hz.

    A source gives ``gain(r)``, and the current into the target is the sum of the weights times that.

    Parameters
    ----------
    gain : str
        ``"linear"``, ``"threshold-linear"``, which is ``max(r - r_min, 0)``, ``"sigmoid"``, which is
        ``r_max*sigmoid((r - r_half)/r_slope)``, or an expression of ``r``, the variables of the source and the parameters
        below: ``"r_max*tanh(r/r_max)"``. By default linear.
    variable : str
        The variable of the source that is its rate, by default ``"r"``.

    In models with plain numbers, the weights are plain numbers, too, or those of a subclass with other units::

        class Plain(bs.RateConnection):
            source_unit, weight_unit = "", "pA"

    Examples
    --------
    >>> import brainsim as bs
    >>> units = bs.Population(2, bs.RateUnit(), name="units", initial={"r": 20.0})
    >>> net = bs.Network(seed=1)
    >>> _ = net.connect(units, units, bs.FromArrays([0, 1], [1, 0]), weight=-3.0, delay=2.0, synapse=bs.RateConnection())
    >>> result = bs.simulate(net, 5.0, seed=1, record=bs.Trace(units, "rateconnection.total"))
    >>> result.traces["units", "rateconnection.total"].values[0].tolist()
    [-60.0, -60.0]

    References
    ----------
    Hahne et al. (2017), doi:10.3389/fninf.2017.00034.
    """

    source = "r"
    source_unit = "Hz"
    current = "total"
    weight_unit = "pA/Hz"

    r_min: float = parameter(0.0, "Hz", "rate up to which a threshold-linear gain is 0")
    r_max: float = parameter(100.0, "Hz", "highest value of a sigmoid gain", above=0.0)
    r_half: float = parameter(50.0, "Hz", "rate at half the highest value of a sigmoid gain")
    r_slope: float = parameter(10.0, "Hz", "further rate that raises a sigmoid gain to 73 %", above=0.0)

    gain: str = "linear"
    variable: str = "r"
    _options = ("name", "order", "gain", "variable")
    _gains: ClassVar[dict[str, str]] = {
        "linear": "r",
        "threshold-linear": "max(r - r_min, 0)",
        "sigmoid": "r_max*sigmoid((r - r_half)/r_slope)",
    }

    def __init__(
        self,
        *positional: object,
        gain: str = "linear",
        variable: str = "r",
        name: str | None = None,
        order: int = 2,
        **values: float,
    ) -> None:
        label = type(self).__name__
        if not (isinstance(gain, str) and gain.strip()):
            raise TypeError(
                f"{label}.gain: must be {', '.join(map(repr, self._gains))}, or an expression of r (got {gain!r})"
            )
        if not (isinstance(variable, str) and variable.isidentifier()):
            raise TypeError(
                f"{label}.variable: must be the name of a variable of the source, such as 'r' (got {variable!r})"
            )
        if gain not in (*self._gains, "r", variable) and re.fullmatch(r"[\w-]+", gain):
            raise ValueError(f"{label}.gain: unknown gain {gain!r}{nearest(gain, self._gains)}")
        object.__setattr__(self, "gain", gain)
        object.__setattr__(self, "variable", variable)
        super().__init__(*positional, name=name, order=order, **values)

    def texts(self) -> dict[str, str]:
        """Return the texts; what a source gives is its gain."""
        gain = self._gains.get(self.gain, self.gain)
        return super().texts() | {"source": re.sub(r"\br\b", self.variable, gain)}
