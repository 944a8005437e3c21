"""Steps in ms."""


def times_of(steps, dt):
    """Return steps in ms: the float64 nearest to the decimal number if 1/dt is whole (0.3, not 0.30000000000000004)."""
    per_ms = round(1.0 / dt)
    return steps / per_ms if per_ms and abs(per_ms * dt - 1.0) < 1e-12 else steps * dt
