"""What exists: the declaration of a cache and of all that stands around it."""
