"""What happens in a step, one idea a file; `brainsim.engine.loop.program` says in which order."""
