"""What a model that was fitted can do, by `fit` or by `fit_gif`: answer a recording, be drawn over it, and be saved."""

from __future__ import annotations

import os
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brainsim as bs
from brainsim.core.checks import integer
from brainsim.core.hints import Answering

if typing.TYPE_CHECKING:
    from matplotlib.axes import Axes

    from brainsim.models.base import Neuron
    from brainsim.results.result import Result


@dataclass(frozen=True)
class Seen:
    """Recordings, the windows of each that were fitted and that were scored [ms], and how the model is run for them."""

    recordings: list
    windows: list
    unseen: list
    dt: float
    seed: int


class Fitted(Answering):
    """A model that was fitted to recordings, which it `_saw`.

    What is fitted has a `model` and the `_parts` of its file, and may say what it begins with (`_initial_of`), what would be
    recorded of its potential (`_recorded`), and of how many repeats spikes are drawn (`_repeats`).
    """

    _repeats = 1

    @property
    def _saw(self) -> Seen:
        raise NotImplementedError

    @property
    def model(self) -> Neuron:
        """The fitted model."""
        raise NotImplementedError

    def _initial_of(self, one: Any, repeats: int) -> dict[str, Any] | None:
        return None if one.v is None else {"v": float(one.v[0])}

    def _recorded(self, v: Any, current: Any) -> Any:
        return v

    def _parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a file says of the fit, and its arrays."""
        raise NotImplementedError

    def response(self, recording: int = 0, *, repeats: int = 1) -> Result:
        """Return what the fitted model does under the current of a recording: spikes, and the trace of v if it has one.

        Parameters
        ----------
        recording : int
            Which one, if there are several.
        repeats : int
            How many cells there are, each with its own random numbers.
        """
        kind, saw = type(self).__name__, self._saw
        if not 0 <= integer(recording, f"{kind}.response.recording") < len(saw.recordings):
            raise ValueError(f"{kind}.response.recording: there are {len(saw.recordings)} (got {recording})")
        repeats = integer(repeats, f"{kind}.response.repeats", at_least=1)
        one = saw.recordings[recording]
        cells = bs.Population(repeats, self.model, name="fitted", initial=self._initial_of(one, repeats))
        net = bs.Network(seed=saw.seed)
        net.stimulate(cells, bs.CurrentInput(bs.TimedArray(one.current, one.dt)))
        record = [bs.Trace(cells, "v")] if "v" in self.model.initials else []
        duration = saw.dt * round(one.duration / saw.dt)
        return bs.simulate(net, duration, dt=saw.dt, seed=saw.seed, record=record, progress=False)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the fit with its recordings to a file ``.npz``, also the candidates of a search; return its path.

        Parameters
        ----------
        path : str or Path
        """
        from brainsim.fitting.fit_file import write

        return write(self, path)

    def plot(self, ax: Axes | None = None, *, recording: int = 0, window: tuple[float, float] | None = None) -> Axes:
        """Draw the potential of the fitted model over the recorded one, and the spikes of both above it.

        Of a GIF, whose spikes are random, those of ten repeats are drawn, and the potential of one of them.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; the current axes by default.
        recording : int
            Which one, if there are several.
        window : tuple of float, optional
            From when to when [ms]; by default 500 ms around the end of the part that was fitted.
        """
        from brainsim.fitting.fit_pictures import draw_recording

        return draw_recording(self, ax, recording, window)
