"""Files of the SONATA format."""
