"""What a network is made of besides cells: projections, and the inputs that cells have."""

from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.models.inputs import Input
from brainsim.models.rules import Rule
from brainsim.network.population import View

LOOKED_BACK = 50  # a network may have thousands of projections; what is repeated by mistake was made a moment ago


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """Synapses of one kind from the cells of one view to those of another; what ``Network.connect`` returns.

    Attributes
    ----------
    pre, post : Population or View
        The sources and the targets.
    rule : Rule
        Which of them are connected.
    weight, delay : float, ndarray (read-only) or Distribution
        In the unit of the synapse, and in ms.
    synapse : Synapse
        What a spike does to its target.
    name : str
        What results call it; its random numbers are keyed by it.
    storage : str
        ``"stored"`` or ``"procedural"``.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> bs.Network(seed=1).connect(cells, cells, bs.FixedIndegree(10), weight=0.1, delay=1.5, synapse=bs.Delta())
    Projection('cells->cells', FixedIndegree(10), Delta(), weight=0.1 mV, delay=1.5 ms, 1,000 synapses)
    """

    pre: View
    post: View
    rule: Rule
    weight: object
    delay: object
    synapse: object
    name: str
    storage: str = "stored"

    def __repr__(self):
        """Return what it is, with the expected number of synapses."""
        return (
            f"Projection({self.name!r}, {self.rule}, {self.synapse}, weight={_short(self.weight)} "
            f"{self.synapse.weight_unit}, delay={_short(self.delay)} ms, {number_of_synapses(self)}"
            f"{', procedural' * (self.storage == 'procedural')})"
        )

    @property
    def expected(self) -> float:
        """The expected number of synapses."""
        shared = 0 if self.rule.autapses else self.pre.in_common(self.post)
        return self.rule.expected(self.pre.n, self.post.n, shared)


@dataclass(frozen=True, eq=False)
class Stimulus:
    """An input and the cells that it reaches, under the name that results and random numbers know it by.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    >>> net.stimulate(cells, bs.CurrentInput(400.0))
    >>> net.inputs[0].name
    'CurrentInput->cells'
    """

    target: View
    input: Input
    name: str


def _short(value):
    return f"<{value.size:,} values>" if isinstance(value, np.ndarray) else repr(value)


def number_of_synapses(projection):
    """Return the expected number of synapses as text: ``1,000 synapses``."""
    count = round(projection.expected)
    return f"{count:,} synapse{'s' * (count != 1)}"


def warn_of_repeat(new, default, earlier, where):
    """Warn if what is new says the same as something before it, and only its number tells them apart.

    That happens when a cell of a notebook is run twice. Two that are meant get names of their own.

    Parameters
    ----------
    new : Projection or Stimulus
        Its name begins with the default one, which is taken.
    default : str
    earlier : list of Projection or of Stimulus
        In the order in which they were made.
    where : str
        The method that made it.
    """
    parts = [field.name for field in fields(new) if field.name != "name"]
    for one in earlier[-LOOKED_BACK:]:
        if all(_alike(getattr(new, part), getattr(one, part)) for part in parts):
            # without the number of the new one: the same text from the same line is shown once
            warn_user(
                f"{where}: {default!r} is there already, with the same {', '.join(parts[:-1])} and {parts[-1]}; "
                f"both act. If both are meant, give this one a name: name={default + ' again'!r}; if not, make the "
                "network anew: net = bs.Network(...)"
            )
            return


def _alike(one, other):
    """Return whether two parts of a description say the same; lists of pairs and tables are compared as well."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    if type(one) is not type(other) or hasattr(one, "nnz"):
        return False
    if type(one).__eq__ is not object.__eq__:
        return bool(one == other)
    return is_dataclass(one) and all(_alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
