"""A network of PyNN that learns, grows and is changed; each rank writes what it knows of it to a file in a folder."""

import json
import sys
from pathlib import Path

import brainsim.pynn as sim


def main(folder, seed):
    """Run the network; `seed` is that of the connections, "none" to leave it out."""
    rank = sim.setup(timestep=0.1)
    rng = sim.NumpyRNG(None if seed == "none" else int(seed))
    cells = sim.Population(40, sim.IF_curr_exp(i_offset=[0.7 + 0.01 * k for k in range(40)]))
    sources = sim.Population(10, sim.SpikeSourcePoisson(rate=500.0))
    some = sim.FixedProbabilityConnector(0.3, rng=rng)
    sim.Projection(sources, cells, some, sim.StaticSynapse(weight=0.5, delay=1.0))
    stdp = sim.STDPMechanism(sim.SpikePairRule(), sim.AdditiveWeightDependence(w_max=0.2), weight=0.1, delay=1.0)
    learning = sim.Projection(cells, cells, some, stdp)
    cells.record("spikes")
    cells[:3].record("v")
    sim.run(100.0)
    more = sim.Population(5, sim.IF_cond_exp(i_offset=1.0))
    more.record("spikes")
    cells.set(tau_m=[15.0 + 0.1 * k for k in range(40)])
    sim.run(100.0)
    segment = cells.get_data().segments[0]
    cells.write_data(str(Path(folder) / "cells.pkl"))
    found = {
        "ranks": sim.num_processes(),
        "spikes": [train.magnitude.tolist() for train in segment.spiketrains],
        "v": [signal.magnitude.tolist() for signal in segment.analogsignals],
        "counts": list(more.get_spike_counts().values()),
        "weights": learning.get("weight", "list", with_address=False),
        "synapses": learning.size(),
        "parameters": list(cells.get("tau_m", simplify=False)),
    }
    (Path(folder) / f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
