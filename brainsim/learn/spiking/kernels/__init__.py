"""The compiled passes over a network of spiking cells, forwards and backwards, and the arrays that they work on."""
