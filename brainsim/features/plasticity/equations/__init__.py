"""Rules of plasticity: from their texts to checked equations."""
