"""Networks of spiking cells that learn by gradient: description, kernels, training, and the way into the engine."""
