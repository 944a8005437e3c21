"""What happens in a step, one idea a file; `brainsim.engine.program` says in which order."""
