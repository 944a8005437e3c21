"""How networks are measured: processes in turn, what the machine is, the simulators, and the tables."""
