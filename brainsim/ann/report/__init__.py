"""Both sides compared: numbers, texts and pictures."""
