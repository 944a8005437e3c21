"""Files of results but ``.npz``: HDF5 in the layout of SONATA, Parquet and NWB."""
