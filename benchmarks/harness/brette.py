"""The wiring that COBA, CUBA and COBAHH share (Brette et al. 2007): each cell reaches 80 others on average, at random."""

from harness.workload import four_to_one

IN_DEGREE, DELAY = 80.0, 0.1  # ms


def in_brainsim(cells, seed, weights, synapses):
    """Return the network; `weights` and `synapses` are of the excitatory and of the inhibitory cells."""
    import brainsim as bs

    n_exc, net, random = four_to_one(cells.n)["E"], bs.Network(seed=seed), bs.FixedProbability(IN_DEGREE / cells.n)
    for part, weight, synapse in zip((cells[:n_exc], cells[n_exc:]), weights, synapses, strict=True):
        net.connect(part, cells, random, weight=weight, delay=DELAY, synapse=synapse)
    return net


def in_brian2(cells, parameters):
    """Return the network and its monitors; a spike adds `we` of the parameters to ge, or `wi` to gi."""
    import brian2 as b2

    n_exc, given = four_to_one(len(cells))["E"], {"delay": DELAY * b2.ms, "namespace": parameters}
    synapses = [
        b2.Synapses(cells[:n_exc], cells, on_pre="ge += we", **given),
        b2.Synapses(cells[n_exc:], cells, on_pre="gi += wi", **given),
    ]
    for projection in synapses:
        projection.connect(p=IN_DEGREE / len(cells))
    monitors = {"E": b2.SpikeMonitor(cells[:n_exc], record=False), "I": b2.SpikeMonitor(cells[n_exc:], record=False)}
    return b2.Network(cells, synapses, list(monitors.values())), monitors


def in_nest(cells, w_exc, w_inh):
    """Connect the cells and return their recorders."""
    import nest

    n_exc, recorders = four_to_one(len(cells))["E"], {}
    for name, part, weight in (("E", cells[:n_exc], w_exc), ("I", cells[n_exc:], w_inh)):
        # the same number of synapses on average; with a test of each pair NEST would take far longer to build
        rule = {"rule": "fixed_total_number", "N": int(IN_DEGREE * len(part))}
        nest.Connect(part, cells, rule, {"weight": weight, "delay": DELAY})
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(part, recorders[name])
    return recorders
