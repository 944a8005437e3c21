"""Features: each is a folder that can be deleted. They reach the core by registries and doors, and it names none of them."""
