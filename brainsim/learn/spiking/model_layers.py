"""Layers whose cells are a model of the language: `ModelLayer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brainsim.core.checks import one_of
from brainsim.core.hints import answers_calls
from brainsim.learn.spiking.blocks import Block
from brainsim.learn.spiking.layers import DELAYS, Layer, block_of_layer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

METHODS = ("exact", "heun", "rk4", "euler", "exponential_euler")


@answers_calls
class ModelLayer(Layer):
    r"""A layer of cells of any smooth model, for `SpikingNetwork`: the kernels come from its equations.

    The cells get exponential currents, ``tau_s*di/dt = -i``, which a spike of a source raises by the weight, as in `Layer`;
    they are part of the I of the model's equations. The time at which the threshold is crossed follows from the distance to
    it and its slope at both ends of a step, and the reset acts at that moment; where the potential rises faster and faster,
    as in AdEx, a step is divided. The gradient is the exact one of this map: the lines of the step are differentiated one by
    one.

    Parameters
    ----------
    n : int
        Number of cells.
    model : Neuron
        An instance of a class of neurons, of brainsim or of yours, whose parameters are numbers. Its equations, threshold
        and reset must be smooth: no noise, no other events, no conditions on variables, no refractory time; ``min`` and
        ``max`` may limit.
    recurrent : bool
        Whether the cells of the layer are connected to each other, all to all.
    tau_s : float
        Time constant of the synaptic current [ms], > 0.
    delay, recurrent_delay : float or array
        As in `Layer` [ms].
    learns : tuple of str
        What is learned besides the weights: any of ``"delay"``, ``"recurrent_delay"``, ``"tau_s"``, and parameters of the
        model by their names, such as ``"tau_m"``: one number for the layer, which begins at its value in `model`.
    weight, recurrent_weight : tuple of float, or None
        Mean and standard deviation of the initial weights, in the unit of I. None chooses them so that about 40 % of the
        cells fire in a sample, and gives recurrent weights a standard deviation of ``0.3/sqrt(n)`` times the root mean
        square of the weights.
    method : {"exact", "heun", "rk4", "euler", "exponential_euler"} or None
        How the equations are integrated; None is exact where that is possible, and else Heun's method.

    Raises
    ------
    EquationError, ValueError, TypeError
        If a model has no adjoint, or a parameter that is to be learned no derivative: one that is used as a flag or a whole
        number, or on which nothing depends. The message names what stands in the way.

    Notes
    -----
    A parameter acts through all numbers that follow from it: those in the lines of a step, such as ``exp(-dt/tau_m)``, the
    response to a spike that arrives within a step, threshold, reset and initial values. The derivatives of these numbers
    are symbolic, and exact to rounding.

    As in `Layer`, the steps of a parameter are in proportion to its initial value (for one that begins at 0, to its default,
    or else to 0.1), and what has left its range is put back after each batch: a time constant, a parameter in ms with
    ``above=0``, to one time step; others to their limits ``at_least``, or to a hundredth of their initial distance from
    ``above``. A step of the parameters that would break one of the ``conditions`` of the model is halved until it does not.

    The kernels of `Layer` are written by hand, for LIF cells with and without adaptation and refractory times. For the same
    cells the derived ones give the same results to rounding, but a step of a cell is longer: they keep the state of every
    step, and go through its lines twice on the way back. So use `Layer` where it suffices.

    Examples
    --------
    >>> import brainsim as bs
    >>> class Adaptive(bs.Neuron):
    ...     equations = "dv/dt = (I - v - w)/tau_m\ndw/dt = (a*v - w)/tau_w"
    ...     threshold = "v >= 1"
    ...     reset = "v = 0; w = w + b"
    ...     dimensions = False
    ...     tau_m: float = bs.parameter(20.0, "ms", "membrane time constant", above=0.0)
    ...     tau_w: float = bs.parameter(100.0, "ms", "time constant of the adaptation", above=0.0)
    ...     a: float = bs.parameter(0.2, "", "adaptation below the threshold")
    ...     b: float = bs.parameter(0.1, "", "adaptation by a spike")
    ...     v: float = bs.initial(0.0, "", "potential")
    ...     w: float = bs.initial(0.0, "", "adaptation")
    >>> bs.learn.ModelLayer(64, Adaptive(), recurrent=True, learns=("tau_m", "tau_w", "b", "tau_s", "delay"))
    ModelLayer(64, Adaptive(), recurrent=True, learns=('tau_m', 'tau_w', 'b', 'tau_s', 'delay'))
    """

    model: Any
    method: Any

    def __init__(
        self,
        n: int,
        model: Any,
        *,
        recurrent: bool = False,
        tau_s: float = 5.0,
        delay: ArrayLike = 1.0,
        recurrent_delay: ArrayLike = 1.0,
        learns: tuple[str, ...] | str = (),
        weight: tuple[float, float] | None = None,
        recurrent_weight: tuple[float, float] | None = None,
        method: str | None = None,
    ) -> None:
        if method is not None:
            one_of(method, METHODS, "ModelLayer.method")
        if isinstance(model, type):
            raise TypeError(f"ModelLayer.model: {model.__name__} is a class; write {model.__name__}()")
        kind = type(model).__name__
        Block(1, "", "", f"ModelLayer.model: {kind}", (tau_s,), model=model, method=method).smooth(False)
        self.__dict__.update(model=model, method=method)
        weights = {"weight": weight, "recurrent_weight": recurrent_weight}
        own: dict[str, Any] = {"delay": delay, "recurrent_delay": recurrent_delay, "learns": learns, **weights}
        super().__init__(n, recurrent, tau_s=tau_s, **own)
        block_of_layer(self).check_learns(f"ModelLayer.learns: {kind}")

    @property
    def _learnable(self):
        return (*DELAYS, "tau_s", *self.model.parameters)
