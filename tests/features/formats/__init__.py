"""Results in NWB, and spikes in HDF5."""
