"""From a system of equations to one step in time: the integration methods."""
