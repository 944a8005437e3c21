"""The description of a network that learns: its layers of cells, and its readout."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.checks import MAX_INDEX, in_range, integer, number, one_of, plain, read_only
from brainsim.core.hints import answers_calls
from brainsim.learn.spiking.blocks import Block

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

DELAYS = ("delay", "recurrent_delay")
LEARNABLE = (*DELAYS, "tau_m", "tau_s", "tau_a", "beta")
KINDS = ("integrator", "spiking")


@answers_calls
@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of leaky integrate-and-fire cells with exponential currents, for `SpikingNetwork`.

    ``tau_m*dv/dt = -v + i``, ``tau_s*di/dt = -i``; a spike when ``v >= v_th + a``. Then v is reset to `v_reset` and, in
    adaptive cells, a rises by beta; ``tau_a*da/dt = -a``. A spike raises i of each target by the weight, after the delay.
    Potentials and weights are in units of the threshold.

    A spike comes when v reaches the threshold, at most once in a time step; a cell that reaches it again fires at the start
    of the next step. With a refractory time v stays at `v_reset`, and moves again from the moment at which that ends.

    Parameters
    ----------
    n : int
        Number of cells.
    recurrent : bool
        Whether the cells of the layer are connected to each other, all to all.
    tau_m, tau_s : float
        Time constants of membrane and synaptic current [ms], > 0.
    tau_a : float
        Time constant of the adaptation [ms], > 0.
    beta : float
        Rise of the threshold at a spike, >= 0; 0 for cells that do not adapt.
    v_th, v_reset : float
        Threshold, > 0, and reset potential, below it; rest is at 0.
    t_ref : float
        Refractory time [ms]: 0, or at least one time step. It begins at the spike, not at the end of its step.
    delay, recurrent_delay : float or array
        From the layer before to this one, and within it [ms], at least one time step: a number for all synapses, or an
        array (sources, n) with one for each.
    learns : tuple of str
        What is learned besides the weights: any of ``"delay"``, ``"recurrent_delay"``, ``"tau_m"``, ``"tau_s"``, ``"tau_a"``
        and ``"beta"``. Time constants and beta are one number for the layer.
    weight, recurrent_weight : tuple of float, or None
        Mean and standard deviation of the initial weights. None chooses them so that about 40 % of the cells fire in a
        sample, and gives recurrent weights a standard deviation of ``0.3/sqrt(n)``.

    Raises
    ------
    ValueError, TypeError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.learn.Layer(128, recurrent=True, beta=0.1, learns=("tau_m", "delay")).n
    128
    """

    n: int
    recurrent: bool = False
    tau_m: float = 20.0
    tau_s: float = 5.0
    tau_a: float = 100.0
    beta: float = 0.0
    v_th: float = 1.0
    v_reset: float = 0.0
    t_ref: float = 0.0
    delay: ArrayLike = 1.0
    recurrent_delay: ArrayLike = 1.0
    learns: tuple[str, ...] | str = ()
    weight: tuple[float, float] | None = None
    recurrent_weight: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        name, checked = type(self).__name__, dict[str, Any]()
        checked["n"] = integer(self.n, f"{name}.n", at_least=1, at_most=MAX_INDEX)
        for key in ("tau_m", "tau_s", "tau_a", "v_th"):
            checked[key] = number(getattr(self, key), f"{name}.{key}", "" if key == "v_th" else "ms", above=0.0)
        for key in ("beta", "t_ref"):
            checked[key] = number(getattr(self, key), f"{name}.{key}", "ms" if key == "t_ref" else "", at_least=0.0)
        checked["v_reset"] = number(self.v_reset, f"{name}.v_reset", "")
        if checked["v_reset"] >= checked["v_th"]:
            raise ValueError(f"{name}.v_reset: must be below v_th, {self.v_th:g} (got {self.v_reset})")
        for key in DELAYS:
            checked[key] = _delays(getattr(self, key), f"{name}.{key}")
        checked["learns"] = _learns(self.learns, name, self._learnable)
        checked["recurrent"] = bool(self.recurrent)
        for key in ("weight", "recurrent_weight"):
            checked[key] = _spread(getattr(self, key), f"{name}.{key}")
        self.__dict__.update(checked)

    model = method = None  # of a `ModelLayer`
    _learnable = LEARNABLE

    @property
    def spiking(self) -> bool:
        """Whether the cells fire."""
        return True

    def __repr__(self) -> str:
        shown = [str(self.n), *([] if self.model is None else [repr(self.model)])]
        for f in fields(self)[1:]:
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                shown.append(f"{f.name}=<{' x '.join(map(str, value.shape))}>")
            elif value != f.default:
                shown.append(f"{f.name}={value!r}")
        shown += [f"method={self.method!r}"] if self.method else []
        return f"{type(self).__name__}({', '.join(shown)})"


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Readout(Layer):
    """The last layer: one cell for each class or value, which by default only integrates.

    A constant current into each cell, the bias, is learned like the weights.

    All parameters of `Layer` can be given, except `recurrent`; n follows from the data.

    Parameters
    ----------
    kind : {"integrator", "spiking"}
        Cells that do not fire, or cells as in the layers before; the losses "first" and "count" need spikes.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.learn.Readout(tau_m=10.0)
    Readout(1, tau_m=10.0)
    """

    n: int = 1
    kind: str = "integrator"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.kind, KINDS, "Readout.kind")
        if self.recurrent:
            raise ValueError("Readout.recurrent: a readout has no synapses within it; add a recurrent Layer before it")
        if self.kind == "integrator" and (self.t_ref or self.beta):
            raise ValueError("Readout: t_ref and beta apply to spiking cells only; write kind='spiking'")

    @property
    def spiking(self) -> bool:
        """Whether the cells fire."""
        return self.kind == "spiking"


def hidden_layers(hidden: Any) -> tuple[Layer, ...]:
    """Return the hidden layers of a `SpikingNetwork`, given as numbers of cells or as layers, or raise an error."""
    layers = hidden if isinstance(hidden, tuple | list) else (hidden,)
    if not len(layers):
        raise ValueError("SpikingNetwork.hidden: must be one layer or more (got none)")
    made = []
    for layer in layers:
        if isinstance(layer, Readout):
            raise TypeError("SpikingNetwork.hidden: contains a Readout; give it as readout= instead")
        made.append(layer if isinstance(layer, Layer) else Layer(integer(layer, "SpikingNetwork.hidden", at_least=1)))
    return tuple(made)


def block_of_layer(layer: Layer, name: str = "", weights: str = "") -> Block:
    """Return the cells of a layer as the kernels take them."""
    own = {field.name: getattr(layer, field.name) for field in fields(Block) if hasattr(layer, field.name)}
    label = type(layer).__name__ + ("" if layer.model is None else f".model: {type(layer.model).__name__}")
    return Block(**own | {"name": name, "weights": weights, "label": label, "taus": (layer.tau_s,)})


def check_delays(layer: Layer, sources: int) -> None:
    """Raise ValueError if an array of delays does not fit the number of sources."""
    for key, n in (("delay", sources), ("recurrent_delay", layer.n)):
        shape = np.shape(getattr(layer, key))
        if shape not in ((), (n, layer.n)):
            text = f"must be one number, or an array ({n}, {layer.n}) with one for each synapse (got shape {shape})"
            raise ValueError(f"{type(layer).__name__}.{key}: {text}")


def _delays(value, label):
    value = read_only(plain(value, "ms", label))
    in_range(value, label, "ms", above=0.0)
    if np.ndim(value) not in (0, 2):
        raise ValueError(f"{label}: must be one number, or an array (sources, n) (got shape {np.shape(value)})")
    return value


def _learns(names, owner, learnable):
    if not isinstance(names, str | tuple | list | set | frozenset):
        raise TypeError(f"{owner}.learns: must be names, such as ('tau_m', 'delay'), or () for none (got {names!r})")
    names = (names,) if isinstance(names, str) else names
    return tuple(one_of(name, learnable, f"{owner}.learns") for name in names)


def _spread(value, label):
    if value is None:
        return None
    if np.shape(value) != (2,):
        raise ValueError(f"{label}: must be a mean and a standard deviation (got {value!r})")
    return number(value[0], label, ""), number(value[1], label, "", at_least=0.0)
