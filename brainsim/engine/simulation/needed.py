"""Which functions a network needs: found by building it without calling any of them, in a process that compiles ahead."""

import pickle
import sys
from contextlib import suppress
from dataclasses import fields, replace
from types import SimpleNamespace

from brainsim.build.constants import initial_values
from brainsim.build.layout import Layout
from brainsim.engine.simulation.recording import Recording
from brainsim.engine.simulation.run import Run
from brainsim.engine.simulation.settings import RunSettings
from brainsim.engine.synapses.store import Synapses
from brainsim.jit.ahead import compile_ahead, compile_last_first, is_readable
from brainsim.jit.decorators import note_needed
from brainsim.network.arguments import PRECISIONS


def compile_for(network, settings):
    """Let another process compile what a run in this process with these settings needs, if it is possible."""
    plain = replace(settings, to=None, overwrite=False, checkpoint=None, checkpoint_every=None, resume=False)
    options = {field.name: getattr(plain, field.name) for field in fields(plain) if field.init}
    compile_ahead(__name__, "compile_needed", network, options)


def compile_needed(stream):
    """Read a network and options from a stream, and compile what they need; say so on the standard output."""
    network, options = _Reader(stream).load()
    with note_needed() as needed, suppress(Exception):  # without numbers, something may end it early
        _build(network, RunSettings(**options))
    compile_last_first(needed, sys.stdout.buffer)


class _Reader(pickle.Unpickler):
    """Reads what consists of classes of the package and of NumPy only.

    To find another class, its module would be imported, and whatever a user's module does would be done twice.
    """

    def find_class(self, module, name):
        """Return the class or function with this name."""
        if not is_readable(module):
            raise pickle.UnpicklingError(f"{module}.{name} is not of brainsim")
        return super().find_class(module, name)


def _build(network, settings):
    """Build a network without numbers, as `Simulation` builds it."""
    kind = PRECISIONS[settings.precision]
    layout = Layout(network, settings.dt, settings.threads, kind, timing=settings.timing)
    recorders = Recording(settings).recorders(layout)
    synapses = Synapses(layout, 1)
    if any(projection.by_spikes for projection in network.projections):
        synapses.number, synapses.shortest, synapses.longest = max(synapses.number, 1), 1, 1  # nothing was counted
    log = SimpleNamespace(recorders=recorders, max_steps=lambda: 1)
    run = Run(layout, synapses, log, 0, settings.profile)
    run.compile()
    initial_values(layout, 0)
