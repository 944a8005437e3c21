"""Depression and facilitation, after Tsodyks, Pawelzik and Markram (1998), in NEST 3.10.

It writes brainsim/testing/data/ported_depression.npz.
"""

from pathlib import Path

import nest
import numpy as np

nest.verbosity = nest.VerbosityLevel.ERROR
nest.resolution = 0.1
TIMES = [50.0 + 50.0 * k for k in range(10)] + [1000.0]  # ms: ten spikes at 20 Hz, and one half a second later
CELL = {"C_m": 100.0, "tau_m": 50.0, "E_L": 0.0, "V_th": 1000.0, "V_m": 0.0, "tau_syn_ex": 3.0, "t_ref": 2.0}
SYNAPSES = {
    "depressing": {"U": 0.5, "tau_rec": 800.0, "tau_fac": 0.0, "u": 0.5, "x": 1.0, "weight": 250.0},
    "facilitating": {"U": 0.03, "tau_rec": 130.0, "tau_fac": 530.0, "u": 0.03, "x": 1.0, "weight": 1540.0},
}

source = nest.Create("spike_generator", params={"spike_times": TIMES})
relay = nest.Create("parrot_neuron")
nest.Connect(source, relay, syn_spec={"delay": 0.1})
meters = {}
for name, values in SYNAPSES.items():
    cell = nest.Create("iaf_psc_exp", params=CELL)
    meters[name] = nest.Create("voltmeter", params={"interval": 1.0})
    nest.Connect(relay, cell, syn_spec={"synapse_model": "tsodyks2_synapse", "delay": 0.9, **values})
    nest.Connect(meters[name], cell)
nest.Simulate(1200.0)
np.savez_compressed(
    Path(__file__).parents[3] / "brainsim/testing/data/ported_depression.npz",
    times=meters["depressing"].events["times"],
    **{name: meter.events["V_m"] for name, meter in meters.items()},
)
