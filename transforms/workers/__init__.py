"""A supervised pool of processes for work that may loop, crash or grow: parsing and extraction."""
