"""Pictures that move: films, and pictures that follow a run."""
