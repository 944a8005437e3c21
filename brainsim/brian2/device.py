"""The device: what Brian2 calls in place of its own loop."""

import functools

import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.network import Network
from brian2.core.preferences import prefs
from brian2.devices.device import RuntimeDevice, all_devices
from brian2.synapses.synapses import SynapticPathway

from brainsim.brian2.plan import Collected, Plan
from brainsim.brian2.running import built
from brainsim.brian2.untranslatable import UntranslatableError

OTHERWISE = ("refuse", "brian2")


class BrainsimDevice(RuntimeDevice):
    """Brian2's device "brainsim": arrays are those of Brian2's own runtime, and a run is one of brainsim.

    `set_device("brainsim", otherwise="brian2")` lets Brian2 run what cannot be translated; with ``otherwise="refuse"`` that
    is an error. `said` is what happened in each run: "brainsim", or why Brian2 ran it.
    """

    def __init__(self):
        super().__init__()
        self.otherwise, self.here, self.said, self.network = "brian2", True, [], None
        self._collecting = self._by_brian2 = False

    def activate(self, build_on_run=True, otherwise="brian2", here=True, **options):
        """Take over; `otherwise` is what happens to a network that cannot be translated, or to any if not `here`."""
        if otherwise not in OTHERWISE:
            raise ValueError(f"set_device: otherwise must be 'brian2' or 'refuse' (got {otherwise!r})")
        super().activate()
        self.otherwise, self.here = otherwise, here

    def code_object_class(self, codeobj_class=None, fallback_pref="codegen.target"):
        """Return NumPy's, which needs no compiler of C, unless the script chose a target or Brian2 itself runs it."""
        if codeobj_class is None and not self._by_brian2 and prefs[fallback_pref] == "auto":
            return NumpyCodeObject
        return super().code_object_class(codeobj_class, fallback_pref)

    def code_object(
        self,
        owner,
        name,
        abstract_code,
        variables,
        template_name,
        variable_indices,
        codeobj_class=None,
        template_kwds=None,
        override_conditional_write=None,
        **options,
    ):
        """Note a piece of code of a run that is being prepared; Brian2 compiles any other, such as what makes synapses."""
        given = owner, name, abstract_code, variables, template_name, variable_indices
        more = {"template_kwds": template_kwds, "override_conditional_write": override_conditional_write, **options}
        compiled = functools.partial(super().code_object, *given, **more)
        if not self._collecting:
            return compiled(codeobj_class=codeobj_class)
        code = abstract_code if isinstance(abstract_code, str) else "\n".join((abstract_code or {}).values())
        special = codeobj_class.__name__ if codeobj_class is not None and "GSL" in codeobj_class.__name__ else ""
        noted = dict(variables), dict(variable_indices), template_name, dict(template_kwds or {})
        override = set(override_conditional_write or ())
        return Collected(owner, code, *noted, override, functools.partial(compiled, codeobj_class=codeobj_class), special)

    def network_before_run(self, net, namespace):
        """Prepare a run, and run it: the clocks are then at its end, where Brian2's own loop finds nothing to do."""
        prepare = Network.before_run.original_function
        self._collecting = True
        try:
            prepare(net, namespace)
        finally:
            self._collecting = False
        running = self._running(net)
        if running is not None:
            self.said.append("brainsim")
            self.network = running.net
            running.go()
            return
        self._by_brian2 = True
        for obj in net.sorted_objects:
            if isinstance(obj, SynapticPathway):
                obj._pushspikes_codeobj = None  # Brian2 would keep what was only noted
        try:
            prepare(net, namespace)
        finally:
            self._by_brian2 = False

    def _running(self, net):
        """Return what runs a network here; None, and the reason is noted, if Brian2 has to run it."""
        try:
            if not self.here:
                raise UntranslatableError("asked for")
            plan = Plan(net, lambda clock: int(clock._i_end))
            # NumPy's global generator is the one that Brian2's `seed` sets
            return built(plan, int(np.random.randint(2**31 - 1)))  # noqa: NPY002
        except (UntranslatableError, ValueError, TypeError) as error:
            reason = str(error) if isinstance(error, UntranslatableError) else f"{type(error).__name__}: {error}"
            if self.otherwise == "refuse":
                raise NotImplementedError(f"set_device('brainsim'): {reason}") from error
            self.said.append(reason)
            return None

    def build(self, *given, **options):
        """Do nothing: a script that would build a program has run already."""

    def report(self):
        """Return one line that says what ran where."""
        if not self.said:
            return "brainsim: nothing was run"
        here = self.said.count("brainsim")
        others = list(dict.fromkeys(said for said in self.said if said != "brainsim"))
        line = f"brainsim: {here} of {len(self.said)} runs here"
        return line + "".join(f"; by Brian2: {reason}" for reason in others)


all_devices["brainsim"] = BrainsimDevice()
