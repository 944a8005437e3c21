"""How networks, models and results show themselves in a notebook."""
