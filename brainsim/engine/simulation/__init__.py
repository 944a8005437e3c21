"""`Simulation`: a network that is being simulated. Each module is one thing that it does."""
