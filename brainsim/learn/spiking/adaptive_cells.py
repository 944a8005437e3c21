"""The cells of a `bs.learn.Layer` with an adaptive threshold, as a model of simulations."""

from collections.abc import Iterable
from typing import Any

from brainsim.models.base import initial, parameter
from brainsim.models.neurons.lif import LIF
from brainsim.models.values import Value


class AdaptingLIF(LIF):
    """`LIF` whose threshold rises by `beta` at a spike and decays: the cell of an adaptive `bs.learn.Layer`.

    ``da/dt = -a/tau_a``; a spike when ``v >= v_th + a``, then ``v = v_reset`` and ``a += beta``. `bs.learn.Trainer` moves it
    by the same kernels as `LIF`. With surrogate gradients or e-prop spikes are at the ends of steps, and `keeps` is then 1
    without a refractory time, and else 0; a `keeps` that is given must be that.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.learn.AdaptingLIF(beta=1.0)
    AdaptingLIF(beta=1.0)
    """

    equations = LIF.equations + "\nda/dt = -a/tau_a"
    threshold = "v >= v_th + a"
    reset = "v = v_reset + keeps*(v - v_th - a); a = a + beta"

    tau_a: Value = parameter(100.0, "ms", "time constant of the threshold", above=0.0)
    beta: Value = parameter(0.0, "mV", "rise of the threshold at a spike", at_least=0.0)
    keeps: Value = parameter(0.0, "", "part of what v was above the threshold that it keeps", at_least=0.0)

    a: float = initial(0.0, "mV", "rise of the threshold")


def kept_on_grid(model: Any) -> float:
    """Return what a cell keeps of v above its threshold in training with spikes at the ends of steps."""
    return float(model.t_ref == 0.0)


def check_keeps(populations: Iterable[Any], gradient: str) -> None:
    """Raise ValueError if a population has a `keeps` that training with spikes at the ends of steps would replace."""
    for population in populations if gradient != "exact" else ():
        model = population.model
        if isinstance(model, AdaptingLIF) and model.keeps not in (0.0, used := kept_on_grid(model)):
            text = f"{used:g} with gradient={gradient!r} and t_ref = {model.t_ref:g} ms (got {model.keeps:g}); leave it out"
            raise ValueError(f"Trainer.net: {population.name!r}: AdaptingLIF.keeps: must be {text}")
