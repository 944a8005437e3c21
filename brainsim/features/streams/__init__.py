"""What a run records goes to the disk while it runs."""
