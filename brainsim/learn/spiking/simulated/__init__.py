"""A trained network in the engine: its cells, the operator that delivers within steps, changes, and states."""
