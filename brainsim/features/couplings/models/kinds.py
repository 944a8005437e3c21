"""The built-in couplings: gap junctions, graded synapses and connections of rates, and gates of the source."""

import re
from typing import ClassVar

from brainsim.core.checks import nearest, true_or_false
from brainsim.features.couplings.models.base import Coupling
from brainsim.models.base import parameter
from brainsim.models.values import Value


class GapJunction(Coupling):
    """An electrical synapse: the current ``g*(v_other - v)`` into each of its two cells; weights are g in nS.

    What a rule connects are pairs of cells without a direction, and both ends have the same conductance. Between cells of
    one population, rules that try each pair (`AllToAll`, `FixedProbability`, `DistanceRule` without k) try it once, so
    ``FixedProbability(0.1)`` gives a cell a tenth of all others as partners; with other rules each pair that they find is a
    junction. A list names each junction once, in either order, or all of them in both orders with the same conductance. A
    cell has no junction with itself. ``projection.synapses()`` has one row for each junction.

    Trace ``"gapjunction.current"`` records the current into a cell.

    Accuracy: see `Coupling`. The current of a cell's own potential is part of its equations, so how large a conductance may
    be depends on the method of the cell. Currents do not grow from step to step while ``sum(g)*dt/c_m``, with the
    conductances of a cell, is less than

    ================================================  ===========  ===============
    method                                            ``order=1``  ``order=2``
    ================================================  ===========  ===============
    exact, exponential_euler, exponential_strang      any          1.09 (``ln 3``)
    euler; a rectifying junction with any method      1            0.66 (``2/3``)
    heun                                              2            2
    rk4                                               2.78         1.13
    ================================================  ===========  ===============

    A model with the parameter ``c_m`` is checked when a simulation begins. A rectifying junction is of first order.

    Currents that do not grow may still be inaccurate. Along an axon of Hodgkin and Huxley, a spike is too slow by 7 % with
    ``order=2`` if ``sum(g)*dt/c_m`` is 1.08, by 2.9 % at 0.67, by 0.5 % at 0.27 and by 0.03 % at 0.07; with ``order=1`` it
    is too slow by 9 % at 0.27 and by 2.4 % at 0.07. So strong junctions need a smaller ``dt`` than stability demands.

    Parameters
    ----------
    rectifying : bool, default False
        Whether current flows in one direction only: from the cell of `pre` to that of `post`, while its potential is higher.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(2, bs.WangBuzsaki(), name="cells", initial={"v": [-64.0, -55.0]})
    >>> net = bs.Network(seed=1)
    >>> gap = net.connect(cells, cells, bs.AllToAll(), weight=5.0, synapse=bs.GapJunction())
    >>> len(gap.synapses())
    1
    >>> result = bs.simulate(net, 1.0, seed=1, record=bs.Trace(cells, "gapjunction.current"))
    >>> result.traces["cells", "gapjunction.current"].values[0].tolist()
    [45.0, -45.0]

    References
    ----------
    Bennett & Zukin (2004), doi:10.1016/S0896-6273(04)00043-1; Hahne et al. (2015), doi:10.3389/fninf.2015.00022 (accuracy);
    Marder (1998), doi:10.1016/S0960-9822(07)00502-7 (rectification).
    """

    source = "v"
    source_unit = "mV"
    current = "total - weights*v"
    weight_unit = "nS"
    symmetric = True
    delayed = False

    rectifying: bool = False
    _options = ("name", "order", "rectifying")

    def __init__(
        self,
        *positional: object,
        rectifying: bool | None = None,
        name: str | None = None,
        order: int | None = None,
        **values: float,
    ) -> None:
        rectifying = type(self).rectifying if rectifying is None else rectifying
        object.__setattr__(self, "rectifying", true_or_false(rectifying, f"{type(self).__name__}.rectifying"))
        super().__init__(*positional, name=name, order=order, **values)

    def texts(self) -> dict[str, str]:
        """Return the texts; those of a rectifying junction look at each pair."""
        one_way = {"pair": "w*side*max(side*(x - v), 0)", "current": "total"} if self.rectifying else {}
        return super().texts() | one_way


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
        self,
        *positional: object,
        source: str | None = None,
        name: str | None = None,
        order: int | None = None,
        **values: float,
    ) -> None:
        object.__setattr__(self, "source", type(self).source if source is None else source)
        super().__init__(*positional, name=name, order=order, **values)


class RateConnection(Coupling):
    """A connection that transmits a rate, for `RateUnit` and rate models of your own; weights are in pA/Hz.

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
        gain: str | None = None,
        variable: str | None = None,
        name: str | None = None,
        order: int | None = None,
        **values: float,
    ) -> None:
        label = type(self).__name__
        gain = type(self).gain if gain is None else gain
        variable = type(self).variable if variable is None else variable
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


class GatedNMDA(Coupling):
    """NMDA receptors that saturate: the gate s of each source rises at its spikes up to 1, after Wang (1999, 2002);
    weights are the conductance with the gate open, in nS.

    For a source, ``dx/dt = -x/tau_rise`` and ``ds/dt = alpha*x*(1 - s) - s/tau_decay``, and a spike adds 1 to x. The
    current into a target is ``total*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))``, where total is the sum of the weights
    times s of the sources, each as it was one delay ago. With one weight for all pairs of `AllToAll`, the sum is computed
    once for all targets.

    Use it for persistent activity and decisions, where sources fire in bursts and one source alone must not open all
    channels. `NMDA` is a synapse whose events add up without limit: for sparse firing, for any source of spikes, and with
    plasticity.

    The defaults are those of Wang (2002). The cells that send must be able to spike and have equations of their own.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.connect(cells, cells, bs.AllToAll(), weight=0.165, delay=0.5, synapse=bs.GatedNMDA(name="nmda"))
    Projection('cells->cells', AllToAll(), GatedNMDA(name='nmda'), weight=0.165 nS, delay=0.5 ms, 10,000 synapses)
    >>> bs.simulate(net, 5.0, seed=1, record=bs.Trace(cells, "nmda.s")).traces["cells", "nmda.s"].values.shape
    (51, 100)

    References
    ----------
    Wang (1999), doi:10.1523/JNEUROSCI.19-21-09587.1999; Wang (2002), doi:10.1016/S0896-6273(02)01092-9;
    Jahr & Stevens (1990), doi:10.1523/JNEUROSCI.10-09-03178.1990 (block).
    """

    gate = """
        dx/dt = -x/tau_rise
        ds/dt = alpha*x*(1 - s) - s/tau_decay
    """
    spike = "x = x + 1"
    source = "s"
    current = "total*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))"
    weight_unit = "nS"
    delayed = True

    tau_rise: float = parameter(2.0, "ms", "decay time of x, and so the time in which s rises", above=0.0)
    tau_decay: float = parameter(100.0, "ms", "decay time of s", above=0.0)
    alpha: float = parameter(0.5, "1/ms", "rate at which x opens the gate", at_least=0.0)
    e_rev: Value = parameter(0.0, "mV", "reversal potential")
    mg: Value = parameter(1.0, "mM", "extracellular magnesium", at_least=0.0)
    mg_half: Value = parameter(3.57, "mM", "magnesium that blocks half at 0 mV", above=0.0)
    v_block: Value = parameter(
        1 / 0.062, "mV", "rise of v that reduces the block by a factor e; 1/v_block is 0.062 per mV", above=0.0
    )
