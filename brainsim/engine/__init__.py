"""Floor 4: the engine. `layout` and `rows` make arrays of a network, `driver` steps in time, `simulation` is the door."""
