"""What people read and type: commands, documentation, notebooks, benchmarks."""
