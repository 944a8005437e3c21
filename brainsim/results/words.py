"""What to type instead of a name that results do not have, as in `core.hints`."""

OF_RESULT = {
    ("plot", "overview", "show", "draw"): "bs.plot.overview(result) draws it",
    ("raster",): "bs.plot.raster(result.spikes['cells']) draws it",
    (
        "t",
        "times",
        "i",
        "ids",
        "spike_trains",
        "trains",
    ): "spikes are stored by population: result.spikes['cells'].times and .ids",
    ("rate", "rates", "cv", "isi", "counts"): "spikes of a population have these methods: result.spikes['cells'].rate()",
    ("v", "trace", "voltage"): "recorded variables are in result.traces['cells', 'v']",
    ("w", "synapses"): "record=[bs.WeightTrace(projection)] records weights, in result.weights[projection]; "
    "sim.synapses(projection) returns all synapses as they are now",
    ("run", "simulate"): "bs.simulate(net, 1000.0, state=result.state) continues from here",
    (
        "to_csv",
        "to_pandas",
        "to_dataframe",
        "to_frame",
        "to_xarray",
        "to_pynapple",
    ): "spikes and traces have it: result.spikes['cells'].to_frame(), result.traces['cells', 'v'].to_frame()",
    ("write", "export", "to_hdf5"): "result.save('run.npz') writes a file; the suffix .nwb chooses another format",
}

OF_TRACES = {
    ("v", "w", "g", "i", "data", "array", "value", "samples"): "the samples are traces.values, an array of (times, cells)",
    ("t", "time"): "the times of the samples are traces.times [ms]",
    ("cells", "neurons", "senders", "indices"): "the recorded cells are traces.ids",
    ("plot", "show", "draw"): "bs.plot.trace(traces) draws them",
    ("mean", "std", "max", "min", "shape"): "the samples are an array: traces.values.mean(axis=1), traces.values.shape",
    ("to_csv", "to_pandas", "to_dataframe"): "traces.to_frame() returns a pandas DataFrame",
}

OF_SYNAPSES = {
    ("w", "weights"): "the weights are table.weight",
    ("i", "source"): "the sources are table.pre",
    ("j", "target"): "the targets are table.post",
    ("delays",): "the delays are table.delay [ms]",
    ("plot", "show", "draw"): "bs.plot.weight_matrix(table) and bs.plot.weight_histogram(table) draw them",
    ("to_csv", "to_pandas", "to_dataframe"): "table.to_frame() returns a pandas DataFrame",
    ("to_sparse", "toarray"): "table.matrix() is the matrix of the weights",
}

OF_WEIGHTS = {
    (
        "w",
        "x",
        "weight",
        "data",
        "array",
        "value",
        "samples",
    ): "the samples are weights.values, an array of (times, synapses)",
    ("t", "time"): "the times of the samples are weights.times [ms]",
    ("plot", "show", "draw"): "bs.plot.weights(weights) draws them",
    ("to_csv", "to_pandas", "to_dataframe"): "weights.to_frame() returns a pandas DataFrame",
}

OF_SPIKES = {
    ("t", "time", "spike_times"): "the times of spikes are spikes.times [ms]",
    ("i", "neurons", "senders", "indices"): "the cell of each spike is in spikes.ids",
    ("trains", "spike_trains"): "spikes.per_cell() gives an array of times for each cell",
    ("plot", "raster", "show"): "bs.plot.raster(spikes) draws them",
    ("count", "num_spikes", "size"): "len(spikes) is their number, spikes.counts() the number of each cell",
    ("to_csv", "to_pandas", "to_dataframe"): "spikes.to_frame() returns a pandas DataFrame",
    ("to_nwb",): "the whole result is written: result.save('run.nwb')",
}
