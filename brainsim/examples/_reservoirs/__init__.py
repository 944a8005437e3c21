"""Reservoirs, artificial and of spiking cells, and their comparison: `bs.ann.reservoirs` and `bs.ann.compare_reservoirs`."""
