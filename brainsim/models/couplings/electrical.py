"""Electrical synapses: gap junctions between two cells."""

from brainsim.core.checks import true_or_false
from brainsim.models.couplings.base import Coupling


class GapJunction(Coupling):
    """An electrical synapse: the current ``g*(v_other - v)`` into each of its two cells; weights are g in nS.

    What a rule connects are pairs of cells without a direction, and both ends have the same conductance. Between cells of
    one population, rules that try each pair (`AllToAll`, `FixedProbability`, `DistanceRule` without k) try it once, so
    ``FixedProbability(0.1)`` gives a cell a tenth of all others as partners; with other rules each pair that they find is a
    junction. A list names each junction once, in either order, or all of them in both orders with the same conductance. A
    cell has no junction with itself. ``projection.synapses()`` has one row for each junction.

    Trace ``"gapjunction.current"`` records the current into a cell.

    Accuracy: see `Coupling`. The current of a cell's own potential is part of its equations, so with ``order=1`` a step is
    stable for any conductance. With ``order=2`` it is while the conductances of a cell satisfy ``sum(g)*dt/c_m < 1.09``; a
    model with the parameter ``c_m`` is checked. A rectifying junction is of first order.

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
        self, *positional: object, rectifying: bool = False, name: str | None = None, order: int = 2, **values: float
    ) -> None:
        object.__setattr__(self, "rectifying", true_or_false(rectifying, f"{type(self).__name__}.rectifying"))
        super().__init__(*positional, name=name, order=order, **values)

    def texts(self) -> dict[str, str]:
        """Return the texts; those of a rectifying junction look at each pair."""
        one_way = {"pair": "w*side*max(side*(x - v), 0)", "current": "total"} if self.rectifying else {}
        return super().texts() | one_way
