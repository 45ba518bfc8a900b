"""AWS ElastiCache: a replication group with its network, keys, users and logs."""
