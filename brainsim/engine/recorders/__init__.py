"""What a run keeps of its spikes and of its state, and how that becomes a part of the Result. One recorder a file."""
