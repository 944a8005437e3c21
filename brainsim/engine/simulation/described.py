"""The network as it was described when a simulation was made, and the way back to it."""

from brainsim.engine.states.fingerprint import Prints
from brainsim.engine.synapses.store import Synapses
from brainsim.network.network import copy_network


class Described:
    """What was described, and the fingerprints of what is simulated now.

    - `given`, `network`: the network that was given, which may grow, and a copy of it as it was then.
    - `inputs`, `values`: the inputs, and the parameters of each population.
    - `views`: the parts of populations that pictures show.
    - `first_prints`, `prints`: Prints of the network as it was described, and as it is now.
    - `former`: projection -> its name, of projections that were rewired before this simulation continued from another one.
    - `thresholds`: of each population for pictures, as they are now; None unless it is one number.
    """

    def __init__(self, network, layout):
        self.given, self.network, self.inputs = network, copy_network(network, network.projections), tuple(network.inputs)
        self.values = {name: member.values for name, member in layout.members.items()}
        self.views = network.parts_for_plots()
        self.prints = self.first_prints = Prints(layout)
        self.former, self._details = {}, None

    def note(self, layout, wiring=False):
        """Note that parameters and inputs have changed, and perhaps the `wiring`."""
        self.prints = Prints(layout, None if wiring else self.prints)
        self.thresholds = {name: member.threshold for name, member in layout.members.items()}

    def projection(self, name):
        """Return a projection as it was connected."""
        return next(p for p in self.network.projections if p.name == name)._as_connected()

    def details(self):
        """Return the fingerprints of the fields of each part, as it was described."""
        if self._details is None:
            self._details = self.first_prints.details()
        return self._details

    def take_back(self, layout):
        """Give inputs, parameters and listed spikes the values that were described; return which of these had changed."""
        changed = [name for name, values in self.values.items() if layout.members[name].values is not values]
        for name in changed:
            layout.change(name, self.values[name])
        inputs = any(now is not then for now, then in zip(layout.inputs, self.inputs, strict=True))
        layout.inputs = list(self.inputs)
        trains = [member for member in layout.members.values() if member.trains not in (None, member.population.model)]
        for member in trains:
            member.trains = member.population.model
        what = {"parameters": changed, "inputs": inputs, "trains": trains}
        return [name for name, has in what.items() if has]


def take_run(sim, run):
    """Continue with a run that has other synapses."""
    sim._run = run
    sim._described.note(run.layout, wiring=True)


def take_back(sim):
    """Go back to the synapses, parameters, inputs and listed spikes with which the simulation was made."""
    if sim._run.synapses.former:
        layout = sim._layout.copy()
        layout.network = sim._described.network
        take_run(sim, sim._run.with_synapses(layout, Synapses(layout, sim.threads)))
    sim._run = sim._run.rebuild(*sim._described.take_back(sim._layout))
