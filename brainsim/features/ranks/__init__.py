"""The processes of an MPI run, which simulate one network together."""
