"""What theory, other simulators and slower programs say, and the bits of all runs."""
