"""What a run records: windows, streams to the disk, weights, inputs."""
