"""What is recorded to the disk."""
