"""What is true of a cache: the client, the checks and the faults.

Imports nothing of the project, so that it can be shipped alone to wherever the cache can be reached, with
redis-py as its one dependency. redis-py takes a quarter of a second and more to import, so only
`verify.redis_client` and `verify.redis_cache` import it, and they are imported when a connection is made.
"""
