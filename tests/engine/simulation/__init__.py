"""What `Simulation` does between runs, and what goes wrong in them."""
