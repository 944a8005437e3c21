"""PyNN on brainsim: ``import brainsim.pynn as sim`` in place of ``import pyNN.nest as sim``, and the rest of a script stays.

It is written for PyNN 0.13 (``pip install 'pynn>=0.13,<0.14'``), whose classes it imports and completes; PyNN has a licence
of its own, CeCILL. Everything of the API is there but cells with several compartments, and all names have the
documentation that PyNN gives them. Scripts that ask for the simulator by its name, as ``pyNN.utility.get_simulator``
does, are run by ``python -m brainsim.pynn script.py brainsim ...``: PyNN looks for a module ``pyNN.brainsim``, which is
there as soon as this one has been imported.

>>> import brainsim.pynn as sim
>>> rank = sim.setup(timestep=0.1)
>>> cells = sim.Population(3, sim.IF_curr_exp(i_offset=[0.8, 1.0, 1.2]))
>>> cells.record("spikes")
>>> sim.run(100.0)
100.0
>>> cells.get_spike_counts()
{1: 1, 2: 3, 3: 5}
"""

import sys

from brainsim.core.doors import optional

optional("pyNN", "brainsim.pynn")

from brainsim.pynn.api import *  # noqa: E402, F403 - after the check, whose message says what to type

sys.modules["pyNN.brainsim"] = sys.modules[__name__]  # where `get_simulator` and ``import pyNN.brainsim`` look
