"""Many runs of one function: over grids and lists of parameters and over seeds, on several processes or machines."""
