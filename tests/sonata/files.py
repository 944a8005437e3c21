"""A small network in files of SONATA: twelve cells of two types, with inputs, and its configuration."""

import json

import numpy as np

N, STOP = 12, 200.0
WEIGHTS = {"iaf_psc_delta": 2.0, "iaf_psc_exp": 200.0, "iaf_psc_alpha": 150.0}
WEIGHTS |= {"iaf_cond_exp": 60.0, "iaf_cond_alpha": 25.0, "aeif_cond_exp": 200.0, "aeif_cond_alpha": 90.0}


def write_nodes(path, **types):
    """Write node populations, with the type of each node."""
    import h5py

    with h5py.File(path, "w") as file:
        for name, ids in types.items():
            group, n = file.create_group(f"nodes/{name}"), len(ids)
            for key, values in {"node_type_id": ids, "node_id": range(n), "node_group_id": [0] * n}.items():
                group[key] = np.array(values)
            group["node_group_index"] = np.arange(n)
            group["0/x"], group["0/y"] = np.arange(n) * 10.0, np.zeros(n)


def write_edges(path, source, pre, post, weight):
    """Write one edge population."""
    import h5py

    with h5py.File(path, "w") as file:
        group, n = file.create_group("edges/all"), len(pre)
        for key, ids, name in (("source_node_id", pre, source), ("target_node_id", post, "cells")):
            group[key] = ids
            group[key].attrs["node_population"] = name
        for key, values in {"type_id": np.ones(n, int), "group_id": np.zeros(n, int), "group_index": np.arange(n)}.items():
            group[f"edge_{key}"] = values
        group["0/syn_weight"] = weight


def write(folder, template="iaf_psc_alpha", **changes):
    """Write a network of two types of cells that inputs excite and inhibit; return its configuration and what it has."""
    import h5py

    rng = np.random.default_rng(5)
    scale = WEIGHTS[template]
    write_nodes(folder / "nodes.h5", cells=[1, 2] * (N // 2), given=[3] * N)
    rows = [f"1 point_neuron nest:{template} a.json", f"2 point_neuron nest:{template} b.json", "3 virtual NULL NULL"]
    (folder / "types.csv").write_text("\n".join(["node_type_id model_type model_template dynamics_params", *rows]))
    for name, current in (("a", 50.0), ("b", 60.0)):
        (folder / f"{name}.json").write_text(json.dumps({"I_e": current, "C_m": 240.0, "t_ref": 1.0}))
    (folder / "edges.csv").write_text("edge_type_id delay model_template dynamics_params\n1 1.5 static_synapse none.json\n")
    (folder / "none.json").write_text("{}")
    wires = {}
    for name, size in (("given", 1.0), ("cells", 0.5)):
        pre, post = np.nonzero(rng.random((N, N)) < 0.4)
        weight = size * scale * rng.uniform(0.5, 1.5, pre.size) * np.where(rng.random(pre.size) < 0.25, -1.0, 1.0)
        weight = weight.astype(np.float32).astype(float)
        write_edges(folder / f"{name}.h5", name, pre, post, weight)
        wires[name] = pre, post, weight
    times, ids = np.sort(rng.uniform(1.0, 250.0, 2000)), rng.integers(0, N, 2000)
    with h5py.File(folder / "spikes.h5", "w") as file:
        file["spikes/given/timestamps"], file["spikes/given/node_ids"] = times, ids
    config = {
        "manifest": {"$BASE": "${configdir}", "$OUT": "$BASE/out"},
        "run": {"tstop": STOP, "dt": 0.1},
        "components": {"point_neuron_models_dir": "$BASE", "synaptic_models_dir": "$BASE"},
        "networks": {
            "nodes": [{"nodes_file": "$BASE/nodes.h5", "node_types_file": "$BASE/types.csv"}],
            "edges": [{"edges_file": f"$BASE/{name}.h5", "edge_types_file": "$BASE/edges.csv"} for name in wires],
        },
        "inputs": {"in": {"input_type": "spikes", "module": "h5", "input_file": "$BASE/spikes.h5", "node_set": "given"}},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config | changes))
    return path, wires, times, ids
