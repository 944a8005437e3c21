"""What objects show in a notebook."""
