"""The engine: it steps the cells of a network through time (`driver`); `simulate` and `simulation` are what users call."""
