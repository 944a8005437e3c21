"""What `fit_gif` returns: the fitted GIF, how sure its parameters are, and how well it tells spikes it has not seen."""

from __future__ import annotations

import functools
import os
import typing
from typing import Any

import brainsim as bs
from brainsim.core.checks import computed_values
from brainsim.core.hints import answers_calls
from brainsim.fitting.fitted import Fitted, Seen

if typing.TYPE_CHECKING:
    from brainsim.models.base import Neuron


@answers_calls
class GIFFit(Fitted):
    """A GIF that was fitted to recordings by `fit_gif`.

    Attributes
    ----------
    model : Neuron
        The fitted model: a `GIF`, or one like it with more time constants.
    parameters : dict of str to float
        What was estimated.
    errors : dict of str to float
        The standard error of each: from the residuals of the regression, and from the Fisher information of the threshold
        given the potential of the model.
    explained : float
        Which part of the variance of dv/dt between spikes the model explains.
    bits : float
        The log-likelihood of the spikes that were fitted, above that of a Poisson process of their rate [bits per spike].
    score : float
        The same of the part that the fit has not seen; equal to `bits` with ``hold_out=0``, NaN without spikes there.

    Examples
    --------
    >>> import brainsim as bs
    >>> print(bs.fit_gif.__name__)
    fit_gif
    """

    parameters: dict[str, float]
    errors: dict[str, float]
    explained: float
    bits: float
    score: float
    _fixed: dict[str, Any]
    _seen: Seen
    _repeats = 10

    @classmethod
    def _of(cls, parameters: dict, errors: dict, scores: dict, fixed: dict, saw: Seen) -> GIFFit:
        new = cls.__new__(cls)
        new.parameters, new.errors, new._fixed, new._seen = parameters, errors, fixed, saw
        new.explained, new.bits, new.score = (scores[name] for name in ("explained", "bits", "score"))
        return new

    @property
    def model(self) -> Neuron:
        """The fitted model: a `GIF`, or one like it with more time constants."""
        return model_of(self.parameters, **self._fixed)

    @property
    def _saw(self) -> Seen:
        return self._seen

    @classmethod
    def load(cls, path: str | os.PathLike) -> GIFFit:
        """Return a fit that `save` wrote.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        ValueError
            If the file is no such fit.
        """
        from brainsim.fitting.fit_file import read

        header, _, saw = read(cls, path)
        parameters, errors, scores, fixed = (header[name] for name in ("parameters", "errors", "scores", "fixed"))
        return cls._of(parameters, errors, scores, fixed, saw)

    def _parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        scores = {"explained": self.explained, "bits": self.bits, "score": self.score}
        return {"parameters": self.parameters, "errors": self.errors, "scores": scores, "fixed": self._fixed}, {}

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value:.4g}" for name, value in self.parameters.items())
        return f"GIFFit: {values}; {self.bits:.3g} bits per spike, {self.score:.3g} on the part not seen"


def model_of(found, tau_eta, tau_gamma, lambda_0, t_ref):
    """Return a GIF with these parameters, of a class of its own if it has more than two time constants of a kind."""
    taus = {f"tau_eta_{k + 1}": tau for k, tau in enumerate(tau_eta)}
    taus |= {f"tau_gamma_{k + 1}": tau for k, tau in enumerate(tau_gamma)}
    kind = bs.GIF if max(len(tau_eta), len(tau_gamma)) <= 2 else _kind_of(len(tau_eta), len(tau_gamma))
    off = {name: 0.0 for name in kind().parameters if name.startswith(("q_eta", "q_gamma"))}
    with computed_values():
        return kind(**{**off, **found, **taus, "lambda_0": lambda_0, "t_ref": t_ref})


@functools.cache
def _kind_of(etas, gammas):
    """Return a class like `GIF` with so many time constants of the current and of the threshold, two of each at least."""
    etas, gammas = ([f"{name}_{k + 1}" for k in range(max(2, many))] for name, many in (("eta", etas), ("gamma", gammas)))
    lines = [
        f"dv/dt = (g_l*(v_rest - v) - {' - '.join(etas)} + I)/c_m",
        *(f"d{name}/dt = -{name}/tau_{name}" for name in (*etas, *gammas)),
        f"rate = 0.001*lambda_0*exp((v - v_th - {' - '.join(gammas)})/delta_v)",
    ]
    body = {
        "__doc__": f"A GIF whose current after a spike has {len(etas)} time constants, and its threshold {len(gammas)}.",
        "__module__": __name__,
        "equations": "\n".join(lines),
        "reset": "v = v_reset; " + "; ".join(f"{name} += q_{name}" for name in (*etas, *gammas)),
    }
    for name in (*etas[2:], *gammas[2:]):
        unit = "pA" if name in etas else "mV"
        body |= {
            f"q_{name}": bs.parameter(0.0, unit, "increment at a spike"),
            f"tau_{name}": bs.parameter(100.0, "ms", "time constant", above=0.0),
            name: bs.initial(0.0, unit, "sum over the spikes so far"),
        }
    return type(f"GIF{len(etas)}And{len(gammas)}", (bs.GIF,), body)
