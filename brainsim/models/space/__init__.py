"""Networks in space: places of cells, and connections, weights and delays that depend on the distance."""
