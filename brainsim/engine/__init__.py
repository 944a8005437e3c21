"""Floor 4: the engine. `layout` and `rows` turn a network into arrays, `driver` steps through time, `simulation` is the door."""
