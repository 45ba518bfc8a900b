"""A Redis server on this machine, as a resource: the processes and folders, and the provider over them."""
