"""Google's Memorystore for Redis."""
