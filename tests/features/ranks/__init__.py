"""Ranks of MPI: what each builds, and the same bits for any number of them."""
